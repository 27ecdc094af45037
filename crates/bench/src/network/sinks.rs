//! Pods that only listen: each has an address of this machine, takes what is posted to it, and answers as a pod does. Envelopes are opened,
//! because their receipt has to say what was in them.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, Result, bail};
use fedi::keys::PrivateKey;
use names::Host;
use podnet::{
    envelope::{self, Expected, Nonce, OpeningKey},
    group::{Group, Receipt},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// What came to all of them.
#[derive(Default)]
pub struct Tally {
    pub requests: AtomicU64,
    /// Activities, of which an envelope holds many.
    pub activities: AtomicU64,
    pub bytes: AtomicU64,
}

/// Listeners on a thread of their own; it ends with the process.
pub struct Sinks {
    pub hosts: Vec<Host>,
    pub tally: Arc<Tally>,
}

/// The address of a number: this machine has sixteen million.
pub fn address(number: usize, port: u16) -> SocketAddr {
    let number = u32::try_from(number).unwrap_or(0);
    let first = u32::from(Ipv4Addr::new(127, 1, 0, 1));
    SocketAddr::from((Ipv4Addr::from(first + number), port))
}

/// The host that is known by an address.
pub fn host(address: SocketAddr) -> Result<Host> {
    Host::parse(&address.to_string()).map_err(anyhow::Error::msg)
}

impl Sinks {
    /// Opens so many.
    pub fn open(count: usize, key: &PrivateKey) -> Result<Self> {
        let tally = Arc::new(Tally::default());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let key = Arc::new(OpeningKey::from_pkcs8(key.der())?);
        let hosts = runtime.block_on(async {
            let mut hosts = Vec::new();
            let mut port = 0;
            for number in 0..count {
                let listener = TcpListener::bind(address(number, port)).await?;
                let at = listener.local_addr()?;
                port = at.port();
                let host = host(at)?;
                hosts.push(host.clone());
                tokio::spawn(listen(listener, host, key.clone(), tally.clone()));
            }
            anyhow::Ok(hosts)
        })?;
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        Ok(Self { hosts, tally })
    }
}

async fn listen(listener: TcpListener, host: Host, key: Arc<OpeningKey>, tally: Arc<Tally>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (host, key, tally) = (host.clone(), key.clone(), tally.clone());
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            while let Ok(true) = serve(&mut stream, &host, &key, &tally).await {}
        });
    }
}

/// One request; whether there was one.
async fn serve(
    stream: &mut BufReader<TcpStream>,
    host: &Host,
    key: &OpeningKey,
    tally: &Tally,
) -> Result<bool> {
    let (mut length, mut nonce, mut sealed, mut signer) = (0, None, false, None);
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(false);
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse()?,
            "content-type" => sealed = value == envelope::MEDIA_TYPE,
            "shoal-nonce" => nonce = Nonce::parse(value),
            "signature" => signer = signer_of(value),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let (activities, answer) = if sealed {
        let expected = Expected {
            receiver: host,
            sender: &signer.context("an envelope without a signature")?,
            nonce: nonce.context("an envelope without a nonce")?,
        };
        let opened = envelope::open(&body, key, expected, super::now())?;
        let group = Group::read(&opened.message)?;
        let receipt = serde_json::to_string(&Receipt::applied(&group, Vec::new()))?;
        (group.items.len(), receipt)
    } else {
        (1, "{}".to_owned())
    };
    if length == 0 {
        bail!("a request without a body");
    }
    tally.requests.fetch_add(1, Ordering::SeqCst);
    let bytes = u64::try_from(length)?;
    tally.bytes.fetch_add(bytes, Ordering::SeqCst);
    let activities = u64::try_from(activities)?;
    tally.activities.fetch_add(activities, Ordering::SeqCst);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let answer = format!("{head}content-length: {}\r\n\r\n{answer}", answer.len());
    stream.write_all(answer.as_bytes()).await?;
    Ok(true)
}

/// The host of the key that signed.
fn signer_of(signature: &str) -> Option<Host> {
    let (_, id) = signature.split_once("keyId=\"")?;
    Host::parse(id).ok()
}
