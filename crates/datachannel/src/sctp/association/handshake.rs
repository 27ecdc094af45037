//! How an association begins (RFC 9260, section 5): INIT, INIT ACK with a cookie, the cookie returned, and its acknowledgement. DTLS has
//! shown already who the peer is and holds state for it, so the cookie needs to hide nothing and carry nothing: what was offered is kept,
//! once, and the cookie is a random name for it. Both ends may begin at the same time, and a peer that lost its state may begin again.

use std::time::Duration;

use super::{Association, Inbox, Outbox, Owed, State};
use crate::sctp::congestion::Congestion;
use crate::sctp::pacer::Pacer;
use crate::sctp::rtt::Rtt;
use crate::sctp::streams::{Counters, Resets};
use crate::sctp::wire::{Init, Peer, cause, kind, write_chunk, write_init, write_parameter};
use crate::sctp::{Event, wire};

/// What was offered to a peer that began.
#[derive(Debug)]
pub struct Offer {
    us: Peer,
    peer: Peer,
    cookie: [u8; 16],
    /// When, if only once.
    at: Option<Duration>,
}

impl Offer {
    /// The tag that packets carry which take it up.
    pub fn tag(&self) -> u32 {
        self.us.tag
    }
}

impl Association {
    /// Begins.
    pub(super) fn greet(&mut self, now: Duration) {
        let mut chunk = Vec::new();
        write_init(&mut chunk, kind::INIT, &self.us, None, &[]);
        self.greeting = self.alone(0, &chunk);
        self.urgent.push_back(self.greeting.clone());
        self.state = State::Greeted;
        self.last_sent = now;
        self.timers.retransmit = Some(now + self.timeout());
    }

    /// The peer begins, maybe not for the first time.
    pub(super) fn on_init(&mut self, now: Duration, value: &[u8]) {
        let Some(init) = Init::parse(value) else {
            return;
        };
        let us = match self.state {
            State::Closed => return,
            State::EndAckSent => return self.send_shutdown_ack(),
            State::Waiting | State::Greeted | State::CookieReturned => self.us,
            _ => Self::introduce(&self.config, &mut self.random),
        };
        let repeated = self
            .offer
            .as_mut()
            .filter(|offer| (offer.peer.tag, offer.peer.tsn) == (init.peer.tag, init.peer.tsn));
        match repeated {
            Some(offer) => offer.at = None,
            None => {
                let cookie = [self.random.long(), self.random.long()];
                let mut bytes = [0; 16];
                bytes[..8].copy_from_slice(&cookie[0].to_be_bytes());
                bytes[8..].copy_from_slice(&cookie[1].to_be_bytes());
                self.offer = Some(Offer {
                    us,
                    peer: init.peer,
                    cookie: bytes,
                    at: Some(now),
                });
            }
        }
        let Some(offer) = &self.offer else {
            return;
        };
        let mut chunk = Vec::new();
        let cookie = Some(offer.cookie.as_slice());
        write_init(
            &mut chunk,
            kind::INIT_ACK,
            &offer.us,
            cookie,
            &init.unrecognized,
        );
        let tag = offer.peer.tag;
        self.send_alone(tag, &chunk);
    }

    /// The peer has answered our beginning: return its cookie.
    pub(super) fn on_init_ack(&mut self, now: Duration, value: &[u8]) {
        let Some(init) = Init::parse(value).filter(|_| self.state == State::Greeted) else {
            return;
        };
        let Some(cookie) = init.cookie else {
            return;
        };
        let mut chunks = Vec::new();
        write_chunk(&mut chunks, kind::COOKIE_ECHO, 0, |out| {
            out.extend_from_slice(cookie);
        });
        if !Self::fits(&self.config, &chunks) {
            return;
        }
        if !init.unrecognized.is_empty() {
            let mut report = Vec::new();
            write_chunk(&mut report, kind::ERROR, 0, |out| {
                write_parameter(out, cause::UNRECOGNIZED_PARAMETERS, &init.unrecognized);
            });
            if wire::HEADER + chunks.len() + report.len() <= self.config.mtu {
                chunks.extend(report);
            }
        }
        if self.errors == 0 {
            self.rtt.sample(now, now.saturating_sub(self.last_sent));
        }
        self.peer = Some(init.peer);
        self.state = State::CookieReturned;
        self.errors = 0;
        self.greeting = self.alone(init.peer.tag, &chunks);
        self.urgent.push_back(self.greeting.clone());
        self.timers.retransmit = Some(now + self.timeout());
    }

    /// The peer returns a cookie.
    pub(super) fn on_cookie_echo(&mut self, now: Duration, value: &[u8]) {
        let Some(offer) = self.offer.as_mut().filter(|offer| offer.cookie == value) else {
            return;
        };
        let (us, peer, at) = (offer.us, offer.peer, offer.at.take());
        match self.state {
            State::Closed => return,
            State::EndAckSent => return self.send_shutdown_ack(),
            State::Waiting | State::Greeted | State::CookieReturned => {
                self.us = us;
                if let Some(at) = at {
                    self.rtt.sample(now, now.saturating_sub(at));
                }
                self.establish(now, peer);
            }
            _ if us.tag == self.us.tag && self.peer.is_some_and(|it| it.tag == peer.tag) => {}
            _ => {
                self.us = us;
                self.forget();
                self.events.push_back(Event::Restarted);
                self.begin(now, peer);
            }
        }
        let mut chunk = Vec::new();
        write_chunk(&mut chunk, kind::COOKIE_ACK, 0, |_| {});
        self.reply(chunk);
    }

    /// The peer has got its cookie back.
    pub(super) fn on_cookie_ack(&mut self, now: Duration) {
        if let Some(peer) = self.peer.filter(|_| self.state == State::CookieReturned) {
            self.establish(now, peer);
        }
    }

    fn establish(&mut self, now: Duration, peer: Peer) {
        self.begin(now, peer);
        self.events.push_back(Event::Connected);
    }

    fn begin(&mut self, now: Duration, peer: Peer) {
        self.peer = Some(peer);
        self.state = State::Established;
        self.greeting = Vec::new();
        self.inbox = Inbox::new(peer.tsn, &self.config);
        self.told_window = self.us.window;
        self.peer_window = peer.window as usize;
        self.resets = Resets::new(self.us.tsn, peer.tsn);
        self.errors = 0;
        self.last_sent = now;
        self.timers.retransmit = None;
        self.timers.heartbeat = Some(now + self.config.heartbeat);
    }

    /// Everything that belonged to a peer that has begun anew.
    fn forget(&mut self) {
        self.outbox = Outbox::new(self.us.tsn);
        self.counters = Counters::default();
        self.rtt = Rtt::new();
        self.congestion = Congestion::new(self.config.mtu);
        self.pacer = Pacer::new(self.config.mtu);
        self.timers = super::Timers::default();
        self.owed = Owed::default();
        self.replies.clear();
        self.probing = false;
        self.rescue = false;
        self.heartbeat = None;
    }
}
