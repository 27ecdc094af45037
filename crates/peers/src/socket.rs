//! The tracker over a WebSocket, for browsers. One task per connection reads, writes and watches the clock. While a client does not
//! take what is sent to it nothing is read from it either, and its patience is limited; a client that is silent, too loud, or keeps
//! sending nonsense is closed. When the connection ends, however that comes about, it leaves all its swarms.

use std::borrow::Cow;
use std::net::IpAddr;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bittorrent::InfoHash;
use bittorrent::tracker::Event;
use bittorrent::tracker::socket::{Action, Announce, BadMessage, MAX_MESSAGE, Reply, Request};
use swarm::{ConnId, Session};
use tokio::time::{Instant, timeout};

use crate::Tracker;
use crate::address::Known;
use crate::connections::{Inbox, Place};
use crate::tracker::{No, count_refusal};

/// Malformed or overhasty messages that a connection may send before it is closed.
const STRIKES: u32 = 20;

/// Buffers per connection: most messages fit, larger ones grow it for a moment.
const READ_BUFFER: usize = 4 << 10;
const WRITE_BUFFER: usize = 8 << 10;

/// `GET /tracker/socket`: opens a WebSocket.
pub(crate) async fn open(
    State(tracker): State<Tracker>,
    address: Known,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let Some(address) = address.0 else {
        count_refusal("no_address");
        return (StatusCode::BAD_REQUEST, "your address is not known").into_response();
    };
    let inner = tracker.inner();
    if *inner.closing().borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "closing").into_response();
    }
    let Some(place) = inner.connections.place(
        address,
        inner.config.sockets,
        inner.config.sockets_per_prefix,
    ) else {
        count_refusal("too_many_sockets");
        return (StatusCode::SERVICE_UNAVAILABLE, "too many connections").into_response();
    };
    upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .on_upgrade(move |socket| async move {
            let (mut connection, inbox) = Connection::new(tracker, address, place);
            connection.run(socket, inbox).await;
        })
}

/// One open WebSocket.
struct Connection {
    tracker: Tracker,
    conn: ConnId,
    address: IpAddr,
    session: Session,
    strikes: u32,
    _place: Place,
}

impl Connection {
    fn new(tracker: Tracker, address: IpAddr, place: Place) -> (Self, Inbox) {
        let (conn, inbox) = tracker.inner().connections.open();
        let config = &tracker.inner().config;
        let session = Session::new(
            tracker.inner().now(),
            config.swarms_per_socket,
            config.socket_rate,
        );
        (
            Self {
                tracker,
                conn,
                address,
                session,
                strikes: 0,
                _place: place,
            },
            inbox,
        )
    }

    /// Serves the connection until it ends.
    async fn run(&mut self, mut socket: WebSocket, mut inbox: Inbox) {
        let config = self.tracker.inner().config.clone();
        let mut closing = self.tracker.inner().closing();
        let mut heard = Instant::now();
        let mut pinged = false;
        let overflow = inbox.overflow.clone();
        let parting = loop {
            let wake = heard + if pinged { config.idle } else { config.ping };
            let outgoing = tokio::select! {
                message = inbox.next() => match message {
                    Some(text) => Message::Text(text.into()),
                    None => return,
                },
                incoming = socket.recv() => {
                    let Some(Ok(message)) = incoming else { return };
                    heard = Instant::now();
                    pinged = false;
                    match message {
                        Message::Text(text) => self.hear(&text).await,
                        Message::Binary(bytes) => match std::str::from_utf8(&bytes) {
                            Ok(text) => self.hear(text).await,
                            Err(_) => self.strikes += 1,
                        },
                        Message::Close(_) => return,
                        // Pings are answered by the library.
                        Message::Ping(_) | Message::Pong(_) => {}
                    }
                    if self.strikes > STRIKES {
                        break Some((close_code::POLICY, "too many malformed or hasty messages"));
                    }
                    continue;
                },
                () = tokio::time::sleep_until(wake) => {
                    if pinged {
                        count_refusal("idle");
                        break Some((close_code::AWAY, "no sign of life"));
                    }
                    pinged = true;
                    Message::Ping(Default::default())
                },
                () = async { drop(closing.wait_for(|closed| *closed).await) } => break Some((close_code::AWAY, "the pod is going down")),
                () = overflow.notified() => break None,
            };
            // A client that does not read fills its queue long before its patience is over when others keep talking to it.
            let sent = tokio::select! {
                sent = timeout(config.patience, socket.send(outgoing)) => sent,
                () = overflow.notified() => break None,
            };
            match sent {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                Err(_) => break None,
            }
        };
        match parting {
            Some((code, reason)) => {
                let frame = CloseFrame {
                    code,
                    reason: reason.into(),
                };
                let _ = timeout(config.patience, socket.send(Message::Close(Some(frame)))).await;
            }
            // There is no use in saying good-bye to somebody who does not read.
            None => count_refusal("does_not_read"),
        }
    }

    /// Does what a message asks for, or tells why not.
    async fn hear(&mut self, text: &str) {
        let inner = self.tracker.inner();
        if let Err(refusal) = self.session.speak(inner.now()) {
            self.strikes += 1;
            return self.refuse(Action::Announce, None, refusal.into());
        }
        match Request::parse(text) {
            Ok(Request::Announce(announce)) => {
                let (infohash, peer_id) = (announce.infohash, announce.peer_id);
                if let Err(no) = self.announce(announce).await {
                    // A member whose announce is refused is one no longer, lest it be forgotten when the connection ends.
                    self.session.part(infohash, peer_id);
                    self.tracker.inner().leave(infohash, peer_id, self.conn);
                    self.refuse(Action::Announce, Some(infohash), no);
                }
            }
            Ok(Request::Answer(answer)) => {
                if let Err(no) = inner.answer(self.conn, &answer) {
                    self.refuse(Action::Announce, Some(answer.infohash), no);
                }
            }
            Ok(Request::Scrape(infohashes)) => {
                let swarms = inner.scrape(&infohashes).await;
                self.send(&Reply::Scraped(swarms));
            }
            Err(bad) => {
                self.strikes += 1;
                count_refusal("malformed");
                self.send(&Reply::Failure {
                    action: Action::Announce,
                    infohash: None,
                    reason: explained(&bad),
                });
            }
        }
    }

    async fn announce(&mut self, announce: Announce<'_>) -> Result<(), No> {
        match announce.event {
            Event::Stopped => self.session.part(announce.infohash, announce.peer_id),
            _ => self.session.join(announce.infohash, announce.peer_id)?,
        }
        self.tracker
            .inner()
            .announce_socket(self.conn, self.address, announce)
            .await
    }

    fn refuse(&self, action: Action, infohash: Option<InfoHash>, no: No) {
        count_refusal(no.label());
        self.send(&Reply::Failure {
            action,
            infohash,
            reason: no.reason().into(),
        });
    }

    fn send(&self, reply: &Reply<'_>) {
        self.tracker
            .inner()
            .connections
            .send(self.conn, reply.to_json());
    }
}

/// What is wrong with a message, without quoting it.
fn explained(bad: &BadMessage) -> Cow<'static, str> {
    match bad {
        BadMessage::Json(error) if error.is_syntax() || error.is_eof() => "not JSON".into(),
        BadMessage::Json(_) => "a field has the wrong type or length".into(),
        other => other.to_string().into(),
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let inner = self.tracker.inner();
        inner.connections.close(self.conn);
        for (infohash, peer_id) in self.session.joined() {
            inner.leave(infohash, peer_id, self.conn);
        }
    }
}
