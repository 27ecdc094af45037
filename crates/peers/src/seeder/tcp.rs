//! Desktop clients over TCP: a listener while the transport is switched on, and one task for each connection. Connections are counted
//! in all and by address prefix, so that a flood of half-open ones from one place leaves room for everybody else.

mod connection;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;

use super::transport::Keeper;
use super::{Bind, Seeding, Transport};

/// Connections that the kernel keeps for us to accept.
const BACKLOG: u32 = 1024;

/// How long to wait after nothing could be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves clients whenever the transport is switched on.
pub(super) async fn serve(seeding: &Arc<Seeding>, bind: Bind) {
    let mut keeper = Keeper::new(&seeding.doors, Transport::Tcp);
    loop {
        keeper.wanted().await;
        let opened = bind
            .open(|address| std::future::ready(listen(address)))
            .await;
        match opened.and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Ok((address, listener)) => {
                keeper.opened(address);
                let over = CancellationToken::new();
                tokio::select! {
                    () = accept(seeding, &listener, &over) => {}
                    () = keeper.unwanted() => {}
                }
                over.cancel();
                keeper.closed();
            }
            Err(error) => keeper.failed(error).await,
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
                tokio::time::sleep(PAUSE).await;
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
