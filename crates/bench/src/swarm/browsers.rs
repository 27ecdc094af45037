//! Browsers as a tracker sees them, many in one thread: each announces itself in one torrent after the other with ten offers, answers
//! every offer that it is handed, and announces again as soon as the reply is there. Messages are made once and frames are taken apart
//! by hand, so that the load costs less than what it measures.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, Result, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::chance::Chance;

/// Offers of one announce.
const OFFERS: usize = 10;

/// Bytes of a session description, as Chromium's are long.
const SDP: usize = 1200;

/// What has happened so far.
#[derive(Default)]
pub struct Tally {
    /// Announces that were replied to.
    pub announces: AtomicU64,
    /// Messages that the tracker sent.
    pub messages: AtomicU64,
}

/// One browser, until it is dropped or the tracker ends the connection.
pub async fn browse(
    tracker: SocketAddr,
    path: &str,
    number: u64,
    torrents: u64,
    tally: Arc<Tally>,
) -> Result<()> {
    let mut chance = Chance::new(number);
    let mut stream = connect(tracker, path).await?;
    let mut announce = Announce::new(number);
    let mut arrived = Vec::with_capacity(1 << 16);
    let mut sending = Vec::with_capacity(1 << 16);
    sending.extend_from_slice(announce.frame(chance.below(torrents)));
    loop {
        stream.write_all(&sending).await?;
        sending.clear();
        if stream.read_buf(&mut arrived).await? == 0 {
            bail!("the tracker closed the connection");
        }
        let mut taken = 0;
        while let Some((opcode, text, length)) = frame(&arrived[taken..]) {
            taken += length;
            match opcode {
                1 => {}
                9 => {
                    write_frame(10, text, &mut sending);
                    continue;
                }
                _ => bail!("a frame of kind {opcode}"),
            }
            tally.messages.fetch_add(1, Ordering::Relaxed);
            if field(text, b"\"offer_id\":\"").is_none() {
                if field(text, b"\"failure reason\":\"").is_some() {
                    bail!("refused: {}", String::from_utf8_lossy(text));
                }
                tally.announces.fetch_add(1, Ordering::Relaxed);
                sending.extend_from_slice(announce.frame(chance.below(torrents)));
            } else if field(text, b"\"answer\":").is_none() {
                answer(text, number, &mut sending).context("an offer without a name")?;
            }
        }
        arrived.drain(..taken);
    }
}

/// The name of a torrent.
pub fn infohash(torrent: u64) -> String {
    format!("{torrent:020}")
}

/// The name of a browser.
fn peer_id(number: u64) -> String {
    format!("-WW0301-{number:012}")
}

async fn connect(tracker: SocketAddr, path: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(tracker).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {tracker}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    if !head.starts_with(b"HTTP/1.1 101") {
        bail!("no WebSocket: {}", String::from_utf8_lossy(&head));
    }
    Ok(stream)
}

/// An announce whose torrent can be changed.
struct Announce {
    frame: Vec<u8>,
    torrent_at: usize,
}

impl Announce {
    fn new(number: u64) -> Self {
        let offers: Vec<String> = (0..OFFERS)
            .map(|n| {
                format!(
                    r#"{{"offer":{{"type":"offer","sdp":"{}"}},"offer_id":"{:020}"}}"#,
                    sdp(),
                    number * 100 + n as u64
                )
            })
            .collect();
        let text = format!(
            r#"{{"numwant":{OFFERS},"uploaded":0,"downloaded":0,"left":1000000,"event":"started","action":"announce","info_hash":"{}","peer_id":"{}","offers":[{}]}}"#,
            infohash(0),
            peer_id(number),
            offers.join(",")
        );
        let mut frame = Vec::new();
        write_frame(1, text.as_bytes(), &mut frame);
        let key = b"\"info_hash\":\"";
        let at = frame.windows(key.len()).position(|part| part == key);
        let torrent_at = at.map_or(0, |at| at + key.len());
        Self { frame, torrent_at }
    }

    fn frame(&mut self, torrent: u64) -> &[u8] {
        self.frame[self.torrent_at..self.torrent_at + 20]
            .copy_from_slice(infohash(torrent).as_bytes());
        &self.frame
    }
}

/// Appends the answer to an offer.
fn answer(offer: &[u8], number: u64, sending: &mut Vec<u8>) -> Option<()> {
    let of = |key| std::str::from_utf8(field(offer, key)?.get(..20)?).ok();
    let text = format!(
        r#"{{"action":"announce","info_hash":"{}","peer_id":"{}","to_peer_id":"{}","answer":{{"type":"answer","sdp":"{}"}},"offer_id":"{}"}}"#,
        of(b"\"info_hash\":\"")?,
        peer_id(number),
        of(b"\"peer_id\":\"")?,
        sdp(),
        of(b"\"offer_id\":\"")?,
    );
    write_frame(1, text.as_bytes(), sending);
    Some(())
}

/// A session description in JSON, line ends escaped.
fn sdp() -> &'static str {
    static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        let line = "a=candidate:1467250027 1 udp 2122260223 192.0.2.2 46243 typ host generation 0 network-id 1\\r\\n";
        let mut text = String::from("v=0\\r\\no=- 4611731400430051336 2 IN IP4 127.0.0.1\\r\\n");
        while text.len() + line.len() < SDP {
            text.push_str(line);
        }
        text
    });
    &TEXT
}

/// What follows a key. The keys looked for stand at the ends of messages, and nothing in a description looks like one.
fn field<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    // Descriptions are long and everything else is short, so both ends are looked at and the middle is not.
    const END: usize = 260;
    let find = |part: &'a [u8]| {
        let at = part.windows(key.len()).position(|found| found == key)?;
        part.get(at + key.len()..)
    };
    if text.len() <= 2 * END {
        return find(text);
    }
    find(&text[..END]).or_else(|| find(&text[text.len() - END..]))
}

/// A frame of a server: its kind, its payload and its whole length. Messages here are never in parts.
fn frame(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let (opcode, short) = (bytes.first()? & 0x0f, usize::from(*bytes.get(1)?));
    let (length, start) = match short {
        126 => {
            let length = bytes.get(2..4)?.try_into().ok()?;
            (usize::from(u16::from_be_bytes(length)), 4)
        }
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (usize::try_from(length).ok()?, 10)
        }
        short => (short, 2),
    };
    let end = start + length;
    Some((opcode, bytes.get(start..end)?, end))
}

/// Appends a frame of a client. The mask is made of zeros, which spares us the work and the server none.
fn write_frame(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    match u16::try_from(payload.len()) {
        Ok(length @ 0..=125) => out.push(0x80 | length as u8),
        Ok(length) => {
            out.push(0x80 | 126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}
