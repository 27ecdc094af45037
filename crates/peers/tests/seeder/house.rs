//! A pod that hosts one video, and a client that takes it, over TCP or as a browser.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bittorrent::wire::{Block, Decoder, HANDSHAKE, Handshake, Message, Reserved};
use bittorrent::{Hasher, InfoHash, PeerId};
use peers::seeder::{Addresses, Bind, Found, Seeder, SeederConfig, Transport};
use peers::{Config, Tracker, router};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

use crate::browser::Browser;

/// Long enough for anything that happens, so that a test that waits for nothing fails.
pub const ENOUGH: Duration = Duration::from_secs(30);

const PIECE: u32 = 64 << 10;

pub struct House {
    pub seeder: Seeder,
    pub tracker: Tracker,
    pub address: SocketAddr,
    pub infohash: InfoHash,
    pub video: Vec<u8>,
    /// Whether the video is shared.
    pub shared: Arc<AtomicBool>,
    /// How often the torrent was opened.
    pub opened: Arc<AtomicUsize>,
    pub path: PathBuf,
    /// Where browsers meet the tracker.
    pub tracker_at: SocketAddr,
    doors: [JoinHandle<()>; 3],
    _folder: TempDir,
}

impl House {
    /// A pod with a video of so many bytes.
    pub async fn new(length: usize, config: SeederConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let video: Vec<u8> = (0..length).map(|i| (i * 31 + i / 253) as u8).collect();
        let path = folder.path().join("video.mp4");
        File::create(&path).unwrap().write_all(&video).unwrap();
        let mut hasher = Hasher::new(PIECE).unwrap();
        hasher.update(&video);
        let torrent = hasher
            .finish("video.mp4", &["http://pod.example/announce"])
            .unwrap();
        let infohash = torrent.infohash;
        let (shared, opened) = (
            Arc::new(AtomicBool::new(true)),
            Arc::new(AtomicUsize::new(0)),
        );
        let hosted = shared.clone();
        let tracker = Tracker::new(Config::default(), move |asked| {
            let hosts = asked == infohash && hosted.load(Ordering::SeqCst);
            async move { hosts }
        });
        let (counted, file) = (opened.clone(), path.clone());
        let seeder = Seeder::new(config, Addresses::default(), tracker.clone(), move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            let found = Found {
                torrent: torrent.bytes.clone(),
                file: File::open(&file).unwrap(),
            };
            async move { Some(found) }
        });
        let anywhere = Bind::Exactly(([127, 0, 0, 1], 0).into());
        let (tcp, webrtc) = (seeder.clone(), seeder.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tracker_at = listener.local_addr().unwrap();
        let app = router(tracker.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let doors = [
            tokio::spawn(async move { tcp.serve_tcp(anywhere).await }),
            tokio::spawn(async move { webrtc.serve_webrtc(anywhere).await }),
            tokio::spawn(async move { axum::serve(listener, app).await.unwrap() }),
        ];
        let open = |transport| seeder.transports()[transport as usize].address;
        let address = until(|| open(Transport::Tcp)).await;
        until(|| open(Transport::WebRtc)).await;
        Self {
            seeder,
            tracker,
            address,
            infohash,
            video,
            shared,
            opened,
            path,
            tracker_at,
            doors,
            _folder: folder,
        }
    }

    /// A connection from 127.0.`neighbourhood`.1.
    pub async fn call(&self, neighbourhood: u8) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, neighbourhood, 1], 0).into()).unwrap();
        tokio::time::timeout(ENOUGH, socket.connect(self.address))
            .await
            .unwrap()
            .unwrap()
    }

    /// A client that has been greeted.
    pub async fn client(&self) -> Client {
        Client::greeted(Box::new(self.call(0).await), self).await
    }

    /// A browser that has announced itself under a name of its own.
    pub async fn browser(&self, name: u32) -> Browser {
        Browser::new(self.tracker_at, self.infohash, name).await
    }

    /// A browser that has been greeted, and what carries its bytes; it is gone without a word when that is aborted.
    pub async fn browsing(&self, name: u32) -> (Client, JoinHandle<()>) {
        let browser = self.browser(name).await;
        let (near, far) = tokio::io::duplex(16 << 10);
        let carries = tokio::spawn(browser.carry(far));
        (Client::greeted(Box::new(near), self).await, carries)
    }

    pub fn handshake(&self) -> [u8; HANDSHAKE] {
        let reserved = Reserved::default().with_fast().with_extended();
        Handshake {
            reserved,
            infohash: self.infohash,
            peer_id: PeerId(*b"-XX0001-bbbbbbbbbbbb"),
        }
        .to_bytes()
    }

    /// Clients over TCP.
    pub fn peers(&self) -> usize {
        self.seeder.transports()[Transport::Tcp as usize].peers
    }

    /// Browsers with an open channel.
    pub fn browsers(&self) -> usize {
        self.seeder.transports()[Transport::WebRtc as usize].peers
    }

    pub fn sent(&self) -> u64 {
        self.seeder.transports()[Transport::Tcp as usize].sent
    }

    /// The blocks of the video, in order.
    pub fn blocks(&self) -> Vec<Block> {
        let starts = (0..self.video.len() as u32).step_by(16 << 10);
        let block = |start: u32| Block {
            piece: start / PIECE,
            begin: start % PIECE,
            length: (self.video.len() as u32 - start).min(16 << 10),
        };
        starts.map(block).collect()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.doors.iter().for_each(JoinHandle::abort);
    }
}

/// Asks until there is something.
pub async fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let asked = async {
        loop {
            if let Some(found) = ask() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(ENOUGH, asked).await.unwrap()
}

/// What carries a client's bytes.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A client that was greeted.
pub struct Client {
    stream: Box<dyn Stream>,
    decoder: Decoder,
    heard: Vec<u8>,
}

impl Client {
    async fn greeted(stream: Box<dyn Stream>, house: &House) -> Self {
        let mut client = Self {
            stream,
            decoder: Decoder::new(1 << 20),
            heard: Vec::new(),
        };
        client.stream.write_all(&house.handshake()).await.unwrap();
        let mut greeting = [0; HANDSHAKE];
        tokio::time::timeout(ENOUGH, client.stream.read_exact(&mut greeting))
            .await
            .unwrap()
            .unwrap();
        let theirs = Handshake::parse(&greeting).unwrap();
        assert_eq!(theirs.infohash, house.infohash);
        client
    }

    pub async fn say(&mut self, message: Message<'_>) {
        let mut bytes = Vec::new();
        message.write(&mut bytes);
        self.stream.write_all(&bytes).await.unwrap();
    }

    /// The next message, in `read`'s words; `None` when the pod has hung up.
    pub async fn hear<T>(&mut self, read: impl Fn(Message<'_>) -> T) -> Option<T> {
        loop {
            let mut input = &self.heard[..];
            let message = self.decoder.next(&mut input).unwrap().map(&read);
            let left = input.len();
            self.heard.drain(..self.heard.len() - left);
            if message.is_some() {
                return message;
            }
            let mut buffer = vec![0; 64 << 10];
            match tokio::time::timeout(ENOUGH, self.stream.read(&mut buffer))
                .await
                .unwrap()
            {
                Ok(0) | Err(_) => return None,
                Ok(read) => self.heard.extend_from_slice(&buffer[..read]),
            }
        }
    }

    /// Waits for a message of which `is` is true.
    pub async fn wait(&mut self, is: impl Fn(&Message<'_>) -> bool) {
        while !self.hear(|message| is(&message)).await.unwrap() {}
    }

    /// Wants something, and gets its turn.
    pub async fn begin(&mut self) {
        self.say(Message::Interested).await;
        self.wait(|message| *message == Message::Unchoke).await;
    }

    /// Takes blocks, so many at a time; what the pod sent, one after the other.
    pub async fn take(&mut self, blocks: &[Block]) -> Vec<u8> {
        let mut taken = Vec::new();
        for blocks in blocks.chunks(100) {
            for block in blocks {
                self.say(Message::Request(*block)).await;
            }
            for block in blocks {
                let piece = |message: Message<'_>| match message {
                    Message::Piece { piece, begin, data } => Some((
                        Block {
                            piece,
                            begin,
                            length: data.len() as u32,
                        },
                        data.to_vec(),
                    )),
                    _ => None,
                };
                let (came, data) = loop {
                    if let Some(came) = self.hear(piece).await.unwrap() {
                        break came;
                    }
                };
                assert_eq!(came, *block);
                taken.extend(data);
            }
        }
        taken
    }

    /// Whether the pod hangs up, whatever it says before.
    pub async fn hears_the_end(mut self) -> bool {
        while self.hear(|_| ()).await.is_some() {}
        true
    }
}
