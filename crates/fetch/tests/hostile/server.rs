//! Servers that do exactly what a story wants, byte by byte, each on a thread of its own.

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// A request as it came in.
pub struct Seen {
    pub path: String,
}

/// A server on the loopback device; it ends when dropped.
pub struct Server {
    pub port: u16,
    log: Arc<Log>,
    _end: oneshot::Sender<()>,
}

#[derive(Default)]
struct Log {
    heard: Mutex<Vec<String>>,
    connections: AtomicUsize,
}

impl Server {
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What was asked so far.
    pub fn heard(&self) -> Vec<String> {
        self.log.heard.lock().unwrap().clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.log.connections.load(Ordering::SeqCst)
    }
}

/// Starts a server that calls `answer` for every request.
pub async fn serve<F>(answer: F) -> Server
where
    F: AsyncFn(&mut TcpStream, Seen) -> io::Result<()> + Send + 'static,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let log = Arc::<Log>::default();
    let (end, mut ended) = oneshot::channel();
    let words = log.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            let mut open = FuturesUnordered::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        words.connections.fetch_add(1, Ordering::SeqCst);
                        open.push(connection(accepted.unwrap().0, &answer, &words));
                    }
                    Some(_) = open.next() => {}
                    _ = &mut ended => return,
                }
            }
        });
    });
    Server {
        port,
        log,
        _end: end,
    }
}

/// Answers the requests of one connection until one side has enough.
async fn connection<F>(mut stream: TcpStream, answer: &F, log: &Log) -> io::Result<()>
where
    F: AsyncFn(&mut TcpStream, Seen) -> io::Result<()>,
{
    loop {
        let text = request(&mut stream).await?;
        let path = text.split(' ').nth(1).unwrap().to_owned();
        log.heard.lock().unwrap().push(text);
        answer(&mut stream, Seen { path }).await?;
    }
}

async fn request(stream: &mut TcpStream) -> io::Result<String> {
    let mut text = String::new();
    let mut byte = [0];
    while !text.ends_with("\r\n\r\n") {
        stream.read_exact(&mut byte).await?;
        text.push(char::from(byte[0]));
    }
    let head = text.to_lowercase();
    let length = head.split("content-length: ").nth(1);
    let length = length.map_or(0, |rest| rest.split('\r').next().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    text.push_str(&String::from_utf8(body).unwrap());
    Ok(text)
}

/// Sends the same again and again, until the other side has enough.
pub async fn endlessly(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    loop {
        stream.write_all(bytes).await?;
    }
}

/// Sends one byte at a time, with long pauses.
pub async fn trickle(stream: &mut TcpStream) -> io::Result<()> {
    loop {
        stream.write_all(b"H").await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A server with the certificate beside this file, for `localhost` and 127.0.0.1; its port.
pub async fn serve_tls() -> u16 {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![include_bytes!("localhost.cert.der").to_vec().into()],
            rustls::pki_types::PrivatePkcs8KeyDer::from(
                include_bytes!("localhost.key.der").to_vec(),
            )
            .into(),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nsafe";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}
