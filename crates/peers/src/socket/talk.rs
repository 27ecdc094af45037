//! What is said on a WebSocket. Most of it can be done at once; what first needs to ask the pod waits, and everything after it, so that a
//! client's messages are answered in order.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use bittorrent::InfoHash;
use bittorrent::tracker::Event;
use bittorrent::tracker::frames::text_frame;
use bittorrent::tracker::socket::{Action, Announce, BadMessage, Reply, Request};
use swarm::{ConnId, Session};

use super::conducted::{Numbers, is_conducted};
use crate::connections::{Outbox, Place};
use crate::tracker::{No, count_refusal};
use crate::{Config, Tracker};

/// Malformed or overhasty messages that a connection may send before it is closed.
const STRIKES: u32 = 20;

/// One client's side of the tracker.
pub(super) struct Talk {
    pub(super) tracker: Tracker,
    pub(super) conn: ConnId,
    address: IpAddr,
    pub(super) outbox: Arc<Outbox>,
    pub(super) session: Session,
    strikes: u32,
    /// Messages that could not be answered at once. What was read at once is all that can be here.
    waiting: VecDeque<Vec<u8>>,
    /// What it calls the swarms in which it is conducted.
    pub(super) numbers: Numbers,
    _place: Place,
}

impl Talk {
    /// A client that has just come, and where to leave what it is to be told.
    pub(super) fn new(tracker: Tracker, address: IpAddr, place: Place) -> (Self, Arc<Outbox>) {
        let inner = tracker.inner();
        let (conn, outbox) = inner.connections.open();
        let config = &inner.config;
        let session = Session::new(inner.now(), config.swarms_per_socket, config.socket_rate);
        let talk = Self {
            conn,
            address,
            outbox: outbox.clone(),
            session,
            strikes: 0,
            waiting: VecDeque::new(),
            numbers: Numbers::default(),
            _place: place,
            tracker,
        };
        (talk, outbox)
    }

    pub(super) fn config(&self) -> &Config {
        &self.tracker.inner().config
    }

    /// Whether the client has sent too much nonsense.
    pub(super) fn is_hopeless(&self) -> bool {
        self.strikes > STRIKES
    }

    /// Whether anything waits for [`Talk::catch_up`].
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Does what a message asks for, tells why not, or lets it wait.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        if self.is_hopeless() {
            return;
        }
        if let Err(refusal) = self.session.speak(self.tracker.inner().now()) {
            self.strikes += 1;
            return self.refuse(None, refusal.into());
        }
        if self.has_waiting() {
            return self.waiting.push_back(bytes.to_vec());
        }
        if is_conducted(bytes) {
            return self.be_conducted(bytes);
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return self.nonsense();
        };
        match Request::parse(text) {
            Ok(Request::Announce(mut announce)) => {
                if self.announce(&mut announce).is_none() {
                    self.waiting.push_back(bytes.to_vec());
                }
            }
            Ok(Request::Scrape(_)) => self.waiting.push_back(bytes.to_vec()),
            Ok(Request::Answer(answer)) => {
                if let Err(no) = self.tracker.inner().answer(self.conn, &answer) {
                    self.refuse(Some(answer.infohash), no);
                }
            }
            Err(bad) => self.misunderstand(&bad),
        }
    }

    /// Does what waits.
    pub(super) async fn catch_up(&mut self) {
        while let Some(bytes) = self.waiting.pop_front() {
            if is_conducted(&bytes) {
                self.be_conducted(&bytes);
                continue;
            }
            let Ok(text) = std::str::from_utf8(&bytes) else {
                self.nonsense();
                continue;
            };
            match Request::parse(text) {
                Ok(Request::Announce(mut announce)) => {
                    while self.announce(&mut announce).is_none() {
                        if let Err(no) = self.tracker.inner().learn(announce.infohash).await {
                            self.turn_away(&announce, no);
                            break;
                        }
                    }
                }
                Ok(Request::Answer(answer)) => {
                    if let Err(no) = self.tracker.inner().answer(self.conn, &answer) {
                        self.refuse(Some(answer.infohash), no);
                    }
                }
                Ok(Request::Scrape(infohashes)) => {
                    let swarms = self.tracker.inner().scrape(&infohashes).await;
                    self.say(&Reply::Scraped(swarms));
                }
                Err(bad) => self.misunderstand(&bad),
            }
        }
    }

    /// Announces the client in a swarm, or tells why not. `None` if it is not known whether the infohash is hosted.
    fn announce(&mut self, announce: &mut Announce<'_>) -> Option<()> {
        let (infohash, peer_id) = (announce.infohash, announce.peer_id);
        let joined = match announce.event {
            Event::Stopped => {
                self.session.part(infohash, peer_id);
                self.part_conducted(infohash);
                Ok(())
            }
            _ => self.session.join(infohash, peer_id),
        };
        let done = match joined {
            Ok(()) => (self.tracker.inner()).announce_socket(self.conn, self.address, announce)?,
            Err(refusal) => Err(refusal.into()),
        };
        if let Err(no) = done {
            self.turn_away(announce, no);
        }
        Some(())
    }

    /// A member whose announce is refused is one no longer, lest it be forgotten when the connection ends.
    fn turn_away(&mut self, announce: &Announce<'_>, no: No) {
        let (infohash, peer_id) = (announce.infohash, announce.peer_id);
        self.session.part(infohash, peer_id);
        self.tracker.inner().leave(infohash, peer_id, self.conn);
        self.refuse(Some(infohash), no);
    }

    /// Something was sent that nobody understands, and that is not answered.
    pub(super) fn nonsense(&mut self) {
        self.strikes += 1;
    }

    fn misunderstand(&mut self, bad: &BadMessage) {
        self.strikes += 1;
        count_refusal("malformed");
        self.say(&Reply::Failure {
            action: Action::Announce,
            infohash: None,
            reason: explained(bad),
        });
    }

    fn refuse(&self, infohash: Option<InfoHash>, no: No) {
        count_refusal(no.label());
        self.say(&Reply::Failure {
            action: Action::Announce,
            infohash,
            reason: no.reason().into(),
        });
    }

    fn say(&self, reply: &Reply<'_>) {
        self.outbox
            .put(|out| text_frame(out, |out| reply.write_json(out)));
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

impl Drop for Talk {
    fn drop(&mut self) {
        let inner = self.tracker.inner();
        inner.connections.close(self.conn);
        for (infohash, peer_id) in self.session.joined() {
            inner.leave(infohash, peer_id, self.conn);
        }
    }
}
