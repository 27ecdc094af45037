//! A seeder on its own, to try real clients against and to measure: `seed FILE PORT` shares one file from the loopback interface, over
//! TCP and WebRTC, with a tracker of its own at that port, or at a free one if it is 0. It writes `FILE.torrent` and says on a line of
//! JSON where everything is. The pod mounts the same parts beside its other ones; limits on neighbourhoods are far higher here,
//! because all clients of a measurement are one neighbourhood.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bittorrent::{Hasher, Torrent};
use peers::seeder::{Addresses, Bind, Found, Seeder, SeederConfig, Transport};
use peers::{Config, Limits, Rate, Tracker, router};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: seed FILE PORT";
    let path = PathBuf::from(arguments.next().ok_or(usage)?);
    let port: u16 = arguments.next().ok_or(usage)?.parse()?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let at = listener.local_addr()?;
    let trackers = [
        format!("ws://{at}/tracker/socket"),
        format!("http://{at}/tracker/announce"),
    ];
    let torrent = hash(&path, &trackers)?;
    let mut beside = path.clone().into_os_string();
    beside.push(".torrent");
    std::fs::write(&beside, &torrent.bytes)?;

    let (tracker, seeder) = seeder(path, &torrent);
    let anywhere = Bind::Exactly(([127, 0, 0, 1], 0).into());
    let (tcp, webrtc) = (seeder.clone(), seeder.clone());
    tokio::spawn(async move { tcp.serve_tcp(anywhere).await });
    tokio::spawn(async move { webrtc.serve_webrtc(anywhere).await });
    let address = async |transport| loop {
        if let Some(address) = seeder.transports()[transport as usize].address {
            return address.to_string();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let said = json!({
        "infohash": torrent.infohash.to_string(),
        "piece_length": torrent.piece_length,
        "torrent": beside.to_string_lossy(),
        "trackers": trackers,
        "tcp": address(Transport::Tcp).await,
        "webrtc": address(Transport::WebRtc).await,
    });
    println!("{said}");
    let app = router(tracker.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let stop = async move {
        let _ = tokio::signal::ctrl_c().await;
        tracker.close().await;
    };
    axum::serve(listener, app)
        .with_graceful_shutdown(stop)
        .await?;
    Ok(())
}

/// Makes the torrent of a file.
fn hash(path: &PathBuf, trackers: &[String]) -> Result<Torrent, Box<dyn Error>> {
    let file = File::open(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut hasher = Hasher::for_size(file.metadata()?.len());
    let mut reader = BufReader::with_capacity(4 << 20, file);
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(hasher.finish(&name, trackers)?);
        }
        hasher.update(bytes);
        let length = bytes.len();
        reader.consume(length);
    }
}

/// A tracker and a seeder that know one torrent.
fn seeder(path: PathBuf, torrent: &Torrent) -> (Tracker, Seeder) {
    let limits = Limits {
        peers_per_prefix: 100_000,
        peers: 100_000,
        ..Limits::default()
    };
    let rate = Rate {
        per_second: 1e9,
        burst: 1e9,
    };
    let config = Config {
        limits,
        sockets_per_prefix: 100_000,
        socket_rate: rate,
        http_rate: rate,
        ..Config::default()
    };
    let infohash = torrent.infohash;
    let tracker = Tracker::new(config, move |asked| std::future::ready(asked == infohash));
    let config = SeederConfig {
        tcp_per_prefix: 100_000,
        ..SeederConfig::default()
    };
    let bytes: Arc<[u8]> = torrent.bytes.as_slice().into();
    let seeder = Seeder::new(config, Addresses::default(), tracker.clone(), move |_| {
        let file = File::open(&path).ok();
        let torrent = bytes.to_vec();
        std::future::ready(file.map(|file| Found { torrent, file }))
    });
    (tracker, seeder)
}
