//! The tracker over UDP, for desktop clients, and a STUN server for browsers that want to know how others see them (RFC 8489). One
//! task serves a socket and keeps nothing about anybody: a client first proves by its connection id that it receives what is sent to
//! its address, and until then gets hardly more bytes than it sent. What cannot be understood, or comes too fast, is met with
//! silence, since an answer would only help whoever wants to flood somebody. While the pod is asked whether it hosts an infohash the
//! others are served on.

mod ids;

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bittorrent::InfoHash;
use bittorrent::tracker::udp::{Family, MAX_REQUEST, Reply, Request};
use bittorrent::tracker::{Announce, Announced, Counts};
use datachannel::stun;
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;

use crate::Tracker;
use crate::tracker::{No, count_refusal};
use ids::Ids;

/// What all STUN messages have in their second four bytes (RFC 8489). Requests to a tracker have the half of a number there that we
/// give out; that it is this one happens to one client in four thousand million, and not twice.
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// Datagrams that are read before other tasks get a turn.
const BATCH: usize = 64;

/// Clients that wait at a time for the answer whether an infohash is hosted. Further ones are not answered and ask again.
const WAITING: usize = 256;

/// Serves the tracker on a socket until the tracker closes. A socket of IPv6 that takes IPv4 too serves both.
pub async fn serve_udp(tracker: Tracker, socket: UdpSocket) {
    let front = Front {
        waiting: Arc::new(Semaphore::new(WAITING)),
        socket: Arc::new(socket),
        ids: Ids::new(),
        tracker,
    };
    let mut closing = front.tracker.inner().closing();
    tokio::select! {
        () = front.serve() => {}
        _ = closing.wait_for(|closed| *closed) => {}
    }
}

struct Front {
    tracker: Tracker,
    socket: Arc<UdpSocket>,
    ids: Ids,
    waiting: Arc<Semaphore>,
}

/// A request that has shown a valid connection id.
struct Call {
    client: SocketAddr,
    transaction: u32,
    wish: Wish,
}

enum Wish {
    Announce(Announce),
    Scrape(Vec<InfoHash>),
}

impl Front {
    async fn serve(&self) {
        let mut packet = [0; MAX_REQUEST];
        let mut reply = Vec::with_capacity(MAX_REQUEST);
        loop {
            let readable = self.socket.readable().await;
            for _ in 0..BATCH {
                match self.socket.try_recv_from(&mut packet) {
                    Ok((length, client)) => {
                        reply.clear();
                        let packet = packet.get(..length).unwrap_or_default();
                        self.hear(client, packet, &mut reply);
                        if !reply.is_empty() {
                            send(&self.socket, &reply, client);
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // The network says that somebody could not be reached; it is not for us to do anything about it.
                    Err(_) => {}
                }
            }
            if readable.is_err() {
                tokio::task::yield_now().await;
            }
            tokio::task::consume_budget().await;
        }
    }

    /// Does what a datagram asks for; what there is to say at once is written into the reply.
    fn hear(&self, client: SocketAddr, packet: &[u8], reply: &mut Vec<u8>) {
        let inner = self.tracker.inner();
        if packet.get(4..8) == Some(&STUN_COOKIE) {
            // Not at the port where browsers meet the pod: they take whatever comes from a STUN server for its answer.
            reply.extend(stun::answer(packet, client).unwrap_or_default());
            return;
        }
        let (connection, call) = match Request::parse(packet) {
            Ok(Request::Connect { transaction }) => {
                // Not slowed down: the address may be forged, and then its owner would suffer for another's haste.
                let connection = self.ids.give(inner.now(), client);
                let connected = Reply::Connected {
                    transaction,
                    connection,
                };
                return connected.write(reply);
            }
            Ok(Request::Announce {
                connection,
                transaction,
                announce,
            }) => {
                let wish = Wish::Announce(announce);
                (
                    connection,
                    Call {
                        client,
                        transaction,
                        wish,
                    },
                )
            }
            Ok(Request::Scrape {
                connection,
                transaction,
                infohashes,
            }) => {
                let wish = Wish::Scrape(infohashes);
                (
                    connection,
                    Call {
                        client,
                        transaction,
                        wish,
                    },
                )
            }
            Err(_) => return count_refusal("malformed"),
        };
        if !self.ids.check(inner.now(), client, connection) {
            return count_refusal("connection_id");
        }
        if let Err(no) = inner.pass(client.ip()) {
            return count_refusal(no.label());
        }
        metrics::counter!("shoal_tracker_announces_total", "transport" => "udp")
            .increment(u64::from(matches!(call.wish, Wish::Announce(_))));
        match call.at_once(&self.tracker) {
            Some(done) => done.write(reply),
            None => self.ask(call),
        }
    }

    /// Answers when it is known what is hosted.
    fn ask(&self, call: Call) {
        let Ok(permit) = self.waiting.clone().try_acquire_owned() else {
            return count_refusal("too_many_questions");
        };
        let (tracker, socket) = (self.tracker.clone(), self.socket.clone());
        tokio::spawn(async move {
            let mut reply = Vec::new();
            call.answer(&tracker).await.write(&mut reply);
            send(&socket, &reply, call.client);
            drop(permit);
        });
    }
}

impl Call {
    /// The reply, if all that it takes is known.
    fn at_once(&self, tracker: &Tracker) -> Option<Reply> {
        match &self.wish {
            Wish::Announce(announce) => {
                let family = Some(self.family());
                let done = tracker
                    .inner()
                    .announce_at_once(self.ip(), announce, family)?;
                Some(self.announced(done))
            }
            Wish::Scrape(_) => None,
        }
    }

    async fn answer(&self, tracker: &Tracker) -> Reply {
        let inner = tracker.inner();
        match &self.wish {
            Wish::Announce(announce) => {
                let family = Some(self.family());
                self.announced(inner.announce_from(self.ip(), announce, family).await)
            }
            Wish::Scrape(infohashes) => {
                let known = inner.scrape(infohashes).await;
                // The reply names no swarms, so one that is not hosted must have a place in it.
                let counts = |infohash: &InfoHash| {
                    let found = known.iter().find(|(hosted, _)| hosted == infohash);
                    found.map_or_else(Counts::default, |(_, counts)| *counts)
                };
                Reply::Scraped {
                    transaction: self.transaction,
                    swarms: infohashes.iter().map(counts).collect(),
                }
            }
        }
    }

    fn announced(&self, done: Result<Announced, No>) -> Reply {
        let transaction = self.transaction;
        match done {
            Ok(announced) => Reply::Announced {
                transaction,
                announced,
                family: self.family(),
            },
            Err(no) => {
                count_refusal(no.label());
                Reply::Failure {
                    transaction,
                    reason: no.reason(),
                }
            }
        }
    }

    fn ip(&self) -> IpAddr {
        self.client.ip().to_canonical()
    }

    fn family(&self) -> Family {
        Family::of(self.client.ip())
    }
}

/// Sends a datagram, or not if the network is busy: the client asks again, and nobody else has to wait.
fn send(socket: &UdpSocket, reply: &[u8], client: SocketAddr) {
    if socket.try_send_to(reply, client).is_err() {
        metrics::counter!("shoal_tracker_udp_unsent_total").increment(1);
    }
}
