//! Real sockets on this machine: addresses, drain, TLS and bodies.

use std::path::PathBuf;

use axum::Extension;
use axum::routing::{get, post};
use bytes::Bytes;
use peers::ClientAddress;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};
use tokio_rustls::TlsConnector;

use super::*;
use crate::config::Config;

struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    done: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn start(router: Router, tls: Option<Tls>) -> Running {
        let shutdown = CancellationToken::new();
        let proxies = Config::default().trusted_proxies;
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let listener = Listener::new(socket, 100, proxies, tls, router, shutdown.clone());
        let done = tokio::spawn(listener.serve());
        Running {
            address,
            shutdown,
            done,
        }
    }

    /// Sends a request on a connection of its own and returns the whole answer.
    async fn ask(&self, request: &str) -> String {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

fn request(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n{headers}\r\n")
}

#[tokio::test]
async fn requests_carry_the_address_of_the_client_and_a_lane() {
    let show = |Extension(client): Extension<ClientAddress>, lane: Option<Extension<Lane>>| async move {
        format!("{} {}", client.0, lane.is_some())
    };
    let pod = Running::start(Router::new().route("/", get(show)), None).await;
    assert!(pod.ask(&request("/", "")).await.ends_with("127.0.0.1 true"));
    let forwarded = request("/", "X-Forwarded-For: 1.2.3.4\r\n");
    assert!(pod.ask(&forwarded).await.ends_with("1.2.3.4 true"));
}

#[tokio::test]
async fn running_requests_finish_and_idle_connections_end() {
    let (begun, mut has_begun) = mpsc::channel::<()>(1);
    let go_on = Arc::new(Notify::new());
    let slow = {
        let go_on = Arc::clone(&go_on);
        move || async move {
            begun.send(()).await.unwrap();
            go_on.notified().await;
            "finished"
        }
    };
    let router = Router::new()
        .route("/slow", get(slow))
        .route("/", get(|| async { "quick" }));
    let pod = Running::start(router, None).await;
    let mut idle = TcpStream::connect(pod.address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: pod\r\n\r\n")
        .await
        .unwrap();
    let mut head = [0; 10];
    idle.read_exact(&mut head).await.unwrap();

    let mut running = TcpStream::connect(pod.address).await.unwrap();
    running
        .write_all(request("/slow", "").as_bytes())
        .await
        .unwrap();
    has_begun.recv().await.unwrap();
    pod.shutdown.cancel();
    let mut rest = String::new();
    idle.read_to_string(&mut rest).await.unwrap();
    assert!(rest.ends_with("quick"));
    assert!(TcpStream::connect(pod.address).await.is_err());
    assert!(!pod.done.is_finished());
    go_on.notify_one();
    let mut answer = String::new();
    running.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("finished"));
    pod.done.await.unwrap();
}

#[tokio::test]
async fn bodies_arrive_whole() {
    let count = post(|body: Bytes| async move { body.len().to_string() });
    let pod = Running::start(Router::new().route("/", count), None).await;
    let body = "x".repeat(1_000_000);
    let head =
        "POST / HTTP/1.1\r\nHost: pod\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n";
    assert!(pod.ask(&format!("{head}{body}")).await.ends_with("1000000"));
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let pod = Running::start(Router::new(), None).await;
    let answer = pod
        .ask(&request("/", &format!("X: {}\r\n", "x".repeat(4 * BUFFER))))
        .await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

fn pem(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tls")
        .join(name)
}

/// The answer over TLS to a client that trusts only the named certificate.
async fn ask_tls(pod: &Running, trusted: &str) -> io::Result<String> {
    let mut roots = rustls::RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(pem(trusted)).unwrap();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = TcpStream::connect(pod.address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(name, socket)
        .await?;
    stream.write_all(request("/", "").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn tls_without_a_lane_and_with_renewed_files() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/tmp");
    std::fs::create_dir_all(&folder).unwrap();
    let place = |name: &str| folder.join(format!("{}-{name}", std::process::id()));
    let (certificate, key) = (place("certificate.pem"), place("key.pem"));
    let install = |which: &str| {
        std::fs::copy(pem(&format!("{which}.certificate.pem")), &certificate).unwrap();
        std::fs::copy(pem(&format!("{which}.key.pem")), &key).unwrap();
    };
    install("one");
    let tls = Tls::load(&certificate, &key).unwrap();
    let show = |lane: Option<Extension<Lane>>| async move { format!("lane: {}", lane.is_some()) };
    let pod = Running::start(Router::new().route("/", get(show)), Some(tls.clone())).await;
    let answer = ask_tls(&pod, "one.certificate.pem").await.unwrap();
    assert!(answer.ends_with("lane: false"));

    std::fs::write(&certificate, "rubbish").unwrap();
    assert!(tls.reload().is_err());
    assert!(ask_tls(&pod, "one.certificate.pem").await.is_ok());

    install("two");
    tls.reload().unwrap();
    assert!(ask_tls(&pod, "one.certificate.pem").await.is_err());
    assert!(ask_tls(&pod, "two.certificate.pem").await.is_ok());

    // A key that belongs to another certificate is noticed before anybody connects.
    assert!(Tls::load(&pem("one.certificate.pem"), &pem("two.key.pem")).is_err());
    for path in [certificate, key] {
        std::fs::remove_file(path).unwrap();
    }
}
