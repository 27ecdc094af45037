//! Desktop clients over TCP: a listener while the transport is switched on, and one task for each connection. Connections are counted
//! in all and by address prefix, so that a flood of half-open ones from one place leaves room for everybody else.

mod connection;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{Bind, Seeding, Transport};

/// Connections that the kernel keeps for us to accept.
const BACKLOG: u32 = 1024;

/// How long to wait after a door could not be opened, or nothing could be accepted.
const PAUSE: Duration = Duration::from_secs(5);

/// Serves clients whenever the transport is switched on.
pub(super) async fn serve(seeding: Arc<Seeding>, bind: Bind) {
    let mut on = seeding.doors.watch(Transport::Tcp);
    loop {
        if on.wait_for(|on| *on).await.is_err() {
            return;
        }
        match bind.open(async |address| listen(address)).await {
            Ok(listener) => {
                let here = listener.local_addr();
                seeding
                    .doors
                    .placed(Transport::Tcp, Some(here.as_ref().copied()));
                if let Ok(here) = here {
                    tracing::info!(address = %here, "BitTorrent clients are served over TCP");
                }
                let over = CancellationToken::new();
                tokio::select! {
                    () = accept(&seeding, &listener, &over) => {}
                    _ = on.wait_for(|on| !*on) => {}
                }
                over.cancel();
                seeding.doors.placed(Transport::Tcp, None);
            }
            Err(error) => {
                tracing::warn!(%error, ?bind, "BitTorrent clients cannot be served over TCP");
                seeding.doors.placed(Transport::Tcp, Some(Err(&error)));
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept(seeding: &Arc<Seeding>, listener: &TcpListener, over: &CancellationToken) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => admit(seeding, stream, address, over),
            // Somebody who hung up before we looked is no reason to pause; no descriptors are.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "a BitTorrent client could not be let in");
                tokio::time::sleep(PAUSE / 50).await;
            }
        }
    }
}

fn admit(seeding: &Arc<Seeding>, stream: TcpStream, address: SocketAddr, over: &CancellationToken) {
    let config = &seeding.config;
    let Some(place) = seeding
        .places
        .place(address.ip(), config.tcp_peers, config.tcp_per_prefix)
    else {
        metrics::counter!("shoal_seeder_refused_total", "transport" => "tcp", "reason" => "too_many").increment(1);
        return;
    };
    let over = over.clone();
    let seeding = seeding.clone();
    tokio::spawn(async move {
        let _place = place;
        tokio::select! {
            () = connection::serve(seeding, stream) => {}
            () = over.cancelled() => {}
        }
    });
}
