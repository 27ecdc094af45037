//! Desktop clients as a tracker sees them, over HTTP on connections that are kept and over UDP: each announces itself in one torrent
//! after the other and waits for the reply each time.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
};

use super::browsers::{Tally, infohash};
use crate::chance::Chance;

/// How long a reply over UDP is waited for before the request is sent again.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a connection id is used.
const CONNECTION: Duration = Duration::from_secs(50);

/// One client over HTTP.
pub async fn over_http(
    tracker: SocketAddr,
    path: &str,
    number: u64,
    torrents: u64,
    tally: Arc<Tally>,
) -> Result<()> {
    let mut chance = Chance::new(number);
    let mut stream = TcpStream::connect(tracker).await?;
    stream.set_nodelay(true)?;
    let mut arrived = Vec::with_capacity(1 << 14);
    loop {
        let request = format!(
            "GET {path}?info_hash={}&peer_id=-TR3000-{number:012}&port={}&uploaded=0&downloaded=0&left=1000000&numwant=50&compact=1 \
             HTTP/1.1\r\nHost: {tracker}\r\n\r\n",
            infohash(chance.below(torrents)),
            1000 + number
        );
        stream.write_all(request.as_bytes()).await?;
        arrived.clear();
        while !is_whole(&arrived)? {
            if stream.read_buf(&mut arrived).await? == 0 {
                // A server may tire of a connection after so many requests.
                stream = TcpStream::connect(tracker).await?;
                stream.set_nodelay(true)?;
                stream.write_all(request.as_bytes()).await?;
                arrived.clear();
            }
        }
        count(&tally, arrived.windows(8).any(|part| part == b"interval"))?;
    }
}

/// Whether an answer is there from its head to its end.
fn is_whole(answer: &[u8]) -> Result<bool> {
    let Some(end) = answer.windows(4).position(|part| part == b"\r\n\r\n") else {
        return Ok(false);
    };
    let head = std::str::from_utf8(&answer[..end])?.to_ascii_lowercase();
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    match value("content-length:") {
        Some(length) => Ok(answer.len() >= end + 4 + length.trim().parse::<usize>()?),
        None if value("transfer-encoding:").is_some() => Ok(answer.ends_with(b"0\r\n\r\n")),
        None => bail!("an answer without an end: {head}"),
    }
}

/// One client over UDP.
pub async fn over_udp(
    tracker: SocketAddr,
    number: u64,
    torrents: u64,
    tally: Arc<Tally>,
) -> Result<()> {
    let mut chance = Chance::new(number);
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(tracker).await?;
    let mut reply = [0; 2048];
    loop {
        let connect = [&0x0417_2710_1980_u64.to_be_bytes()[..], &[0; 8]].concat();
        let length = ask(&socket, &connect, &mut reply).await?;
        let id: [u8; 8] = reply[..length]
            .get(8..16)
            .and_then(|id| id.try_into().ok())
            .context("no connection id")?;
        let began = tokio::time::Instant::now();
        while began.elapsed() < CONNECTION {
            let mut packet = id.to_vec();
            packet.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 9]);
            packet.extend_from_slice(infohash(chance.below(torrents)).as_bytes());
            packet.extend_from_slice(format!("-TR3000-{number:012}").as_bytes());
            packet.extend_from_slice(&0_u64.to_be_bytes());
            packet.extend_from_slice(&1_000_000_u64.to_be_bytes());
            packet.extend_from_slice(&0_u64.to_be_bytes());
            // An update from where it comes, fifty peers, and the port.
            packet.extend_from_slice(&[0; 12]);
            packet.extend_from_slice(&50_u32.to_be_bytes());
            packet.extend_from_slice(&(1000 + number as u16).to_be_bytes());
            let length = ask(&socket, &packet, &mut reply).await?;
            count(&tally, reply[..length].get(..4) == Some(&[0, 0, 0, 1]))?;
        }
    }
}

async fn ask(socket: &UdpSocket, packet: &[u8], reply: &mut [u8]) -> Result<usize> {
    loop {
        socket.send(packet).await?;
        if let Ok(length) = tokio::time::timeout(PATIENCE, socket.recv(reply)).await {
            return Ok(length?);
        }
    }
}

fn count(tally: &Tally, good: bool) -> Result<()> {
    if !good {
        bail!("an announce was refused");
    }
    tally.announces.fetch_add(1, Ordering::Relaxed);
    tally.messages.fetch_add(1, Ordering::Relaxed);
    Ok(())
}
