//! A tracker on its own, to try real clients against and to measure: `tracker PORT [INFOHASH...]` listens on the loopback interface,
//! over TCP and UDP at that port or at free ones if it is 0, and hosts the given infohashes, or any when none is given. The pod itself
//! mounts the same routes beside its other ones.

use std::collections::HashSet;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use peers::{Config, InfoHash, Limits, Rate, Tracker, router, serve_udp};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments
        .next()
        .ok_or("usage: tracker PORT [INFOHASH...]")?
        .parse()?;
    let hosted: HashSet<InfoHash> = arguments.map(|hex| hex.parse()).collect::<Result<_, _>>()?;
    // All clients of a measurement are one neighbourhood.
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
        swarms_per_socket: 100_000,
        socket_rate: rate,
        http_rate: rate,
        ..Config::default()
    };
    let tracker = Tracker::new(config, move |infohash| {
        let known = hosted.is_empty() || hosted.contains(&infohash);
        async move { known }
    });
    let shown = tracker.clone();
    tokio::spawn(async move {
        let mut last = shown.totals();
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = shown.totals();
            if now != last {
                println!("{now:?}");
                last = now;
            }
        }
    });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    let socket = tokio::net::UdpSocket::bind(("127.0.0.1", port)).await?;
    println!(
        "at ws {address} http {address} udp {}",
        socket.local_addr()?
    );
    tokio::spawn(serve_udp(tracker.clone(), socket));
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
