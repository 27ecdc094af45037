//! The pod's socket: takes connections, hands their requests to the router, and lets them finish when the pod stops.
//!
//! Our own loop instead of axum's, because a connection needs things that are decided here: a lane for files, a place among the
//! bounded number of connections, limits for clients that are slow or silent, and TLS. HTTP/1.1 only; a proxy in front may speak
//! whatever it likes to the world.

mod client;
mod connection;
mod pace;
mod slots;
pub mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use site::lane::{Lane, LaneStream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use crate::config::Networks;
use client::client_address;
use connection::Guarded;
use pace::Paced;
use slots::{Crowd, Slot, Slots};
use tls::Tls;

/// A head of a request must be complete after this time, and so must a handshake; an idle connection is closed after it.
const PATIENCE: Duration = Duration::from_secs(20);

/// The largest head of a request, and how much of a body is held at once.
const BUFFER: usize = 64 << 10;

/// How long running requests may take to finish once the pod stops.
const DRAIN: Duration = Duration::from_secs(7);

/// A bound socket and the rules for those who connect.
pub struct Listener {
    socket: TcpListener,
    slots: Slots,
    shared: Arc<Shared>,
}

/// What every connection needs.
struct Shared {
    router: Router,
    proxies: Networks,
    tls: Option<Tls>,
    shutdown: CancellationToken,
    crowd: Crowd,
}

impl Listener {
    /// Rules for a bound socket; nothing is accepted yet.
    pub fn new(
        socket: TcpListener,
        connections: usize,
        proxies: Networks,
        tls: Option<Tls>,
        router: Router,
        shutdown: CancellationToken,
    ) -> Listener {
        let slots = Slots::new(connections);
        let crowd = slots.crowd();
        let shared = Shared {
            router,
            proxies,
            tls,
            shutdown,
            crowd,
        };
        Listener {
            socket,
            slots,
            shared: Arc::new(shared),
        }
    }

    /// Serves until the shutdown, then waits for running requests.
    pub async fn serve(self) {
        let tasks = TaskTracker::new();
        let shutdown = self.shared.shutdown.clone();
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.accept(&tasks) => {}
        }
        drop(self.socket);
        tasks.close();
        if tokio::time::timeout(DRAIN, tasks.wait()).await.is_err() {
            tracing::warn!(
                left = tasks.len(),
                "connections that did not finish in time are cut"
            );
        }
    }

    async fn accept(&self, tasks: &TaskTracker) {
        loop {
            let place = self.slots.place().await;
            let (socket, peer) = match self.socket.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    self.rest_after(&error).await;
                    continue;
                }
            };
            let address = peer.ip().to_canonical();
            let trusted = address.is_loopback() || self.shared.proxies.contain(address);
            let slot = if trusted {
                Some(place.slot())
            } else {
                place.slot_of(address)
            };
            if let Some(slot) = slot {
                let shared = Arc::clone(&self.shared);
                tasks.spawn(async move { shared.serve(socket, peer, slot).await });
            }
        }
    }

    /// A connection that was gone before we took it is nothing; running out of descriptors or memory passes when others leave.
    async fn rest_after(&self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
        if !matches!(
            error.kind(),
            ConnectionAborted | ConnectionReset | Interrupted
        ) {
            tracing::error!(%error, "cannot take connections");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

impl Shared {
    async fn serve(&self, socket: TcpStream, peer: SocketAddr, slot: Slot) {
        socket.set_nodelay(true).ok();
        match &self.tls {
            None => {
                let stream = LaneStream::new(socket);
                let lane = stream.lane();
                self.speak(Guarded::new(stream, slot), peer, Some(lane))
                    .await;
            }
            Some(tls) => match tokio::time::timeout(PATIENCE, tls.accept(socket)).await {
                Ok(Ok(stream)) => self.speak(Guarded::new(stream, slot), peer, None).await,
                Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS handshake"),
                Err(_) => tracing::debug!(%peer, "the TLS handshake took too long"),
            },
        }
    }

    async fn speak<S>(&self, stream: Guarded<S>, peer: SocketAddr, lane: Option<Lane>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let answer = service_fn(|request: Request<Incoming>| {
            let client = client_address(peer.ip(), request.headers(), &self.proxies);
            let mut request = request.map(|body| Body::new(Paced::new(body, self.crowd.clone())));
            request.extensions_mut().insert(client);
            if let Some(lane) = &lane {
                request.extensions_mut().insert(lane.clone());
            }
            // The clone is one pointer; a router is always ready.
            self.router.clone().call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(stream), answer)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "a connection ended early");
        }
    }
}

#[cfg(test)]
mod tests;
