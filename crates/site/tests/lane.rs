//! Files over real connections: every byte that arrives is compared with the file, with and without a lane.
//!
//! The client is written by hand on a socket, so that it can pipeline, stop reading and leave in the middle.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail wherever something is not as it must be"
)]

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use site::lane::LaneStream;
use site::serve_file::{Cache, Offer, serve_file};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A file of numbers nobody mistakes for zeros, and its bytes.
struct Sample {
    path: PathBuf,
    bytes: Arc<Vec<u8>>,
}

impl Sample {
    fn new(name: &str, len: usize) -> Sample {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("{name}-{}", std::process::id()));
        let mut random = Random(7);
        let bytes: Vec<u8> = (0..len).map(|_| random.below(255) as u8 + 1).collect();
        File::create(&path).unwrap().write_all(&bytes).unwrap();
        Sample {
            path,
            bytes: Arc::new(bytes),
        }
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).ok();
    }
}

/// Always the same numbers (xorshift), so that a failure comes back.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[derive(Clone, Copy)]
enum Way {
    Lane,
    Plain,
}

/// Serves the sample at `/file` and a short text anywhere else.
async fn serve(sample: &Sample, way: Way) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let path = sample.path.clone();
    let size = sample.bytes.len() as u64;
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let stream = LaneStream::new(socket);
            let lane = stream.lane();
            let path = path.clone();
            let answer = service_fn(move |mut request: Request<Incoming>| {
                if matches!(way, Way::Lane) {
                    request.extensions_mut().insert(lane.clone());
                }
                let path = path.clone();
                async move { Ok::<_, std::convert::Infallible>(respond(request, &path, size)) }
            });
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(stream), answer));
        }
    });
    address
}

fn respond(request: Request<Incoming>, path: &Path, size: u64) -> Response<Body> {
    let parts = request.into_parts().0;
    if parts.uri.path() != "/file" {
        return Response::new(Body::from(format!("this is {}", parts.uri.path())));
    }
    let offer = Offer {
        file: File::open(path).unwrap(),
        size,
        content_type: "video/mp4",
        version: "1",
        cache: Cache::Immutable,
        save_as: None,
    };
    serve_file((&parts).into(), offer)
}

struct Client(BufReader<TcpStream>);

impl Client {
    async fn new(address: SocketAddr) -> Client {
        Client(BufReader::new(TcpStream::connect(address).await.unwrap()))
    }

    async fn send(&mut self, method: &str, path: &str, range: Option<(u64, u64)>) {
        let range = range.map_or(String::new(), |(a, b)| format!("Range: bytes={a}-{b}\r\n"));
        let request = format!("{method} {path} HTTP/1.1\r\nHost: pod\r\n{range}\r\n");
        self.0.write_all(request.as_bytes()).await.unwrap();
    }

    /// The head of the next response, and its content length.
    async fn head(&mut self) -> (String, usize) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap();
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        (head, length)
    }

    async fn body(&mut self, len: usize) -> Vec<u8> {
        let mut body = vec![0; len];
        self.0.read_exact(&mut body).await.unwrap();
        body
    }

    /// Everything until the server closes the connection.
    async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).await.ok();
        rest
    }
}

async fn random_ranges(way: Way) {
    let sample = Sample::new(&format!("ranges-{}", way as u8), 20_000_000);
    let address = serve(&sample, way).await;
    let mut client = Client::new(address).await;
    let mut random = Random(11);
    let size = sample.bytes.len() as u64;
    for round in 0..100 {
        // Several requests at once on one connection, texts between files.
        let mut asked = Vec::new();
        for _ in 0..=random.below(3) {
            let first = random.below(size);
            let longest = if random.below(20) == 0 { size } else { 200_000 };
            let last = (first + random.below(longest)).min(size - 1);
            client.send("GET", "/file", Some((first, last))).await;
            client.send("GET", "/words", None).await;
            asked.push((first as usize, last as usize));
        }
        for (first, last) in asked {
            let (head, len) = client.head().await;
            assert!(head.starts_with("http/1.1 206"), "{head}");
            let exact = format!("content-range: bytes {first}-{last}/{size}\r\n");
            assert!(head.contains(&exact), "{head}");
            assert_eq!(len, last - first + 1);
            let same = client.body(len).await == sample.bytes[first..=last];
            assert!(same, "round {round}: {first}-{last}");
            let (_, len) = client.head().await;
            assert_eq!(client.body(len).await, b"this is /words");
        }
    }
    client.send("HEAD", "/file", None).await;
    let (head, len) = client.head().await;
    assert!(head.starts_with("http/1.1 200") && len == sample.bytes.len());
    client.send("GET", "/file", Some((size, size))).await;
    let (head, len) = client.head().await;
    assert!(head.starts_with("http/1.1 416") && len == 0, "{head}");
    assert!(head.contains(&format!("content-range: bytes */{size}\r\n")));
    client.send("GET", "/file", None).await;
    let (_, len) = client.head().await;
    assert!(client.body(len).await == *sample.bytes);
}

#[tokio::test]
async fn random_ranges_over_a_lane() {
    random_ranges(Way::Lane).await;
}

#[tokio::test]
async fn random_ranges_without_a_lane() {
    random_ranges(Way::Plain).await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_disturbs_nobody() {
    let sample = Sample::new("leaves", 20_000_000);
    let address = serve(&sample, Way::Lane).await;
    let mut stays = Client::new(address).await;
    stays.send("GET", "/file", None).await;
    let (_, len) = stays.head().await;
    for _ in 0..20 {
        let mut leaves = Client::new(address).await;
        leaves.send("GET", "/file", None).await;
        leaves.head().await;
        leaves.body(100_000).await;
    }
    assert!(stays.body(len).await == *sample.bytes);
}

/// The file shrinks while it is sent: a part of the true bytes arrives, then the connection ends. Never anything else.
async fn shrinking(way: Way) {
    let sample = Sample::new(&format!("shrinks-{}", way as u8), 30_000_000);
    let address = serve(&sample, way).await;
    let mut client = Client::new(address).await;
    client.send("GET", "/file", None).await;
    let (_, len) = client.head().await;
    let mut came = client.body(1000).await;
    let file = File::options().write(true).open(&sample.path).unwrap();
    file.set_len(20_000_000).unwrap();
    came.extend(client.rest().await);
    assert!(came.len() < len);
    assert!(came == sample.bytes[..came.len()]);

    let mut client = Client::new(address).await;
    client
        .send("GET", "/file", Some((25_000_000, 26_000_000)))
        .await;
    // The head may have left before the file was looked at; nothing may follow it.
    let answer = String::from_utf8(client.rest().await).unwrap();
    assert!(
        answer.is_empty() || answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_shrinking_file_over_a_lane() {
    shrinking(Way::Lane).await;
}

#[tokio::test]
async fn a_shrinking_file_without_a_lane() {
    shrinking(Way::Plain).await;
}
