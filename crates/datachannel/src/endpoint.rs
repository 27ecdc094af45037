//! All WebRTC peers of one UDP port. A peer begins as an answered offer, a few hundred bytes; when a connectivity check with the
//! right password has proved its address, a session grows on it. Datagrams are told apart by their first byte (RFC 7983) and belong
//! to a peer by the address they come from, checks by the name they carry; what belongs to nobody leaves no trace and gets no
//! answer, except that the port is a STUN server for whoever asks it. A datagram costs work for its own peer only: peers with
//! something to send stand in a queue, those that wait for a moment in an order by time.

mod batch;
mod checks;
mod interface;
mod session;
mod slab;
#[cfg(test)]
mod tests;
mod timers;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;

pub use batch::{Batch, MOST_SEGMENTS, Transmit};
use interface::MAX_MESSAGE;
pub use interface::{Config, Counts, Event, Path, PeerKey, Reason};
use session::Session;
use slab::Slab;
use timers::Timers;

use crate::certificate::{Certificate, Fingerprint};
use crate::chance::Chance;
use crate::dtls::Terms;
use crate::sdp::{BadOffer, Description, Setup};

/// What the offer said about the layers above ICE.
#[derive(Debug, Clone, Copy)]
struct Promise {
    fingerprint: Fingerprint,
    sctp_port: u16,
    /// In bytes.
    max_message: usize,
}

#[derive(Debug)]
struct Peer {
    ufrag: [u8; 8],
    password: [u8; 24],
    promise: Promise,
    /// The addresses from which checks came, and the way that is used.
    addresses: Vec<SocketAddr>,
    selected: Option<Path>,
    accepted: Duration,
    heard: Duration,
    /// What the timers know.
    wish: Option<Duration>,
    queued: bool,
    session: Option<Box<Session>>,
}

/// What sessions use together.
#[derive(Debug)]
struct Shared {
    config: Config,
    chance: Chance,
    events: VecDeque<Event>,
    /// The content of one received datagram.
    plain: Vec<u8>,
    /// One packet on its way out.
    packet: Vec<u8>,
}

/// All peers of one UDP port.
///
/// After each [`receive`](Self::receive), [`tick`](Self::tick) or write, ask [`poll_event`](Self::poll_event) and
/// [`poll_transmit`](Self::poll_transmit) until they say nothing.
#[derive(Debug)]
pub struct Endpoint {
    terms: Terms,
    fingerprint: Fingerprint,
    shared: Shared,
    peers: Slab<Peer>,
    addresses: HashMap<SocketAddr, u32>,
    names: HashMap<[u8; 8], u32>,
    timers: Timers,
    ready: VecDeque<u32>,
    replies: VecDeque<(Path, Vec<u8>)>,
    open: usize,
}

impl Endpoint {
    /// An endpoint without peers. `epoch` is the moment that is zero in all times it is told; `chance` is a secret number from which
    /// passwords are made.
    pub fn new(
        config: Config,
        certificate: &Certificate,
        epoch: Instant,
        chance: [u8; 32],
    ) -> Self {
        Self {
            terms: Terms::new(certificate, epoch, config.set_up),
            fingerprint: certificate.fingerprint(),
            shared: Shared {
                config,
                chance: Chance::new(chance),
                events: VecDeque::new(),
                plain: vec![0; 1 << 16],
                packet: Vec::new(),
            },
            peers: Slab::default(),
            addresses: HashMap::new(),
            names: HashMap::new(),
            timers: Timers::default(),
            ready: VecDeque::new(),
            replies: VecDeque::new(),
            open: 0,
        }
    }

    /// Takes the offer of a peer and gives the answer, a session description that names `candidates` as the ways to the endpoint.
    pub fn accept(
        &mut self,
        now: Duration,
        offer: &str,
        candidates: &[SocketAddr],
    ) -> Result<(PeerKey, String), BadOffer> {
        if self.peers.len() >= self.shared.config.peers {
            return Err(BadOffer::Full);
        }
        let offer = Description::offer(offer)?;
        let max_message = usize::try_from(offer.max_message_size).unwrap_or(usize::MAX);
        let peer = Peer {
            ufrag: self.shared.chance.word(),
            password: self.shared.chance.word(),
            promise: Promise {
                fingerprint: offer.fingerprint,
                sctp_port: offer.sctp_port,
                max_message: if max_message == 0 {
                    usize::MAX
                } else {
                    max_message
                },
            },
            addresses: Vec::new(),
            selected: None,
            accepted: now,
            heard: now,
            wish: None,
            queued: false,
            session: None,
        };
        let answer = Description {
            ufrag: text(&peer.ufrag).to_owned(),
            password: text(&peer.password).to_owned(),
            fingerprint: self.fingerprint,
            setup: Setup::Passive,
            lite: true,
            mid: offer.mid,
            bundle: offer.bundle,
            sctp_port: self.shared.config.sctp.local_port,
            max_message_size: MAX_MESSAGE as u64,
            candidates: candidates.to_vec(),
        };
        let ufrag = peer.ufrag;
        let key = self.peers.insert(peer);
        self.names.insert(ufrag, key.slot);
        self.schedule(key.slot);
        Ok((key, answer.to_string()))
    }

    /// Takes a datagram that came this way.
    pub fn receive(&mut self, now: Duration, path: Path, datagram: &[u8]) {
        match datagram.first() {
            Some(0..=3) => self.receive_check(now, path, datagram),
            Some(20..=63) => {
                if let Some(slot) = self.addresses.get(&path.remote) {
                    self.work(now, *slot, |session, key, shared| {
                        session.receive(now, datagram, key, shared)
                    });
                }
            }
            _ => {}
        }
    }

    /// Does what is due at this time.
    pub fn tick(&mut self, now: Duration) {
        // Those that want the same moment again get their turn with the next call.
        let due: Vec<u32> = std::iter::from_fn(|| self.timers.due(now)).collect();
        for slot in due {
            let Some((_, peer)) = self.peers.at(slot) else {
                continue;
            };
            peer.wish = None;
            let (end, reason) = peer.end(&self.shared.config);
            if end <= now {
                self.end(now, slot, reason);
            } else {
                self.work(now, slot, |session, key, shared| {
                    session.tick(now, key, shared)
                });
                self.schedule(slot);
            }
        }
    }

    /// When [`tick`](Self::tick) wants to be called.
    pub fn deadline(&self) -> Option<Duration> {
        self.timers.first()
    }

    /// The next thing to tell.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.shared.events.pop_front()
    }

    /// The next datagrams to send, all to one address. Peers that have much to send take turns.
    pub fn poll_transmit<'a>(
        &mut self,
        now: Duration,
        batch: &'a mut Batch,
    ) -> Option<Transmit<'a>> {
        batch.clear();
        if let Some((path, reply)) = self.replies.pop_front() {
            batch.space()?[..reply.len()].copy_from_slice(&reply);
            batch.push(reply.len()).ok()?;
            return Some(batch.transmit(path));
        }
        while let Some(slot) = self.ready.pop_front() {
            let Some((_, peer)) = self.peers.at(slot) else {
                continue;
            };
            peer.queued = false;
            let (Some(path), Some(session)) = (peer.selected, &mut peer.session) else {
                continue;
            };
            match session.fill(now, batch, &mut self.shared) {
                Ok(more) => {
                    if more {
                        peer.queued = true;
                        self.ready.push_back(slot);
                    }
                    self.schedule(slot);
                }
                Err(reason) => self.end(now, slot, reason),
            }
            if !batch.is_empty() {
                return Some(batch.transmit(path));
            }
        }
        None
    }

    /// The longest message that [`write`](Self::write) takes now for this peer, in bytes.
    pub fn room(&self, key: PeerKey) -> usize {
        let session = self.peers.get(key).and_then(|peer| peer.session.as_ref());
        session.map_or(0, |session| session.room())
    }

    /// Queues a binary message; false when it was not taken, because it does not fit or there is no open channel. When half of the
    /// buffer is free again, [`Event::Writable`] says so.
    pub fn write(&mut self, key: PeerKey, message: Bytes) -> bool {
        let Some(peer) = self.peers.get_mut(key) else {
            return false;
        };
        let Some(session) = &mut peer.session else {
            return false;
        };
        let written = session.write(message, &self.shared);
        if !peer.queued {
            peer.queued = true;
            self.ready.push_back(key.slot);
        }
        written
    }

    /// Ends a peer at once, and tells it so.
    pub fn close(&mut self, now: Duration, key: PeerKey) {
        if self.peers.get(key).is_some() {
            self.remove(now, key.slot);
        }
    }

    /// The address that a peer is written to, once it has proved one.
    pub fn address(&self, key: PeerKey) -> Option<SocketAddr> {
        let path = self.peers.get(key).and_then(|peer| peer.selected);
        path.map(|path| path.remote)
    }

    /// How many peers there are.
    pub fn counts(&self) -> Counts {
        Counts {
            setting_up: self.peers.len() - self.open,
            open: self.open,
        }
    }

    /// Lets a session do something, and sees to what comes of it.
    fn work(
        &mut self,
        now: Duration,
        slot: u32,
        deed: impl FnOnce(&mut Session, PeerKey, &mut Shared) -> Result<(), Reason>,
    ) {
        let Some((key, peer)) = self.peers.at(slot) else {
            return;
        };
        let Some(session) = &mut peer.session else {
            return;
        };
        let was_open = session.is_open();
        let done = deed(session, key, &mut self.shared);
        if session.is_open() && !was_open {
            self.open += 1;
        }
        if !peer.queued {
            peer.queued = true;
            self.ready.push_back(slot);
        }
        match done {
            Ok(()) => self.schedule(slot),
            Err(reason) => self.end(now, slot, reason),
        }
    }

    /// Sees to it that a peer is looked at in time.
    fn schedule(&mut self, slot: u32) {
        if let Some((_, peer)) = self.peers.at(slot) {
            let (end, _) = peer.end(&self.shared.config);
            let session = peer.session.as_ref().and_then(|session| session.deadline());
            let at = session.map_or(end, |at| at.min(end));
            self.timers.ask(slot, &mut peer.wish, at);
        }
    }

    fn end(&mut self, now: Duration, slot: u32, reason: Reason) {
        if let Some((key, _)) = self.peers.at(slot) {
            self.remove(now, slot);
            self.shared.events.push_back(Event::Closed(key, reason));
        }
    }

    fn remove(&mut self, now: Duration, slot: u32) {
        let Some(mut peer) = self.peers.remove(slot) else {
            return;
        };
        self.timers.forget(slot, &mut peer.wish);
        self.names.remove(&peer.ufrag);
        for address in &peer.addresses {
            self.addresses.remove(address);
        }
        if let Some(session) = peer.session {
            self.open -= usize::from(session.is_open());
            let last = session.farewell(now, &mut self.shared);
            for datagram in last {
                if let Some(path) = peer.selected {
                    self.reply(path, datagram);
                }
            }
        }
    }
}

impl Peer {
    /// When the peer is gone if nothing happens, and why.
    fn end(&self, config: &Config) -> (Duration, Reason) {
        if self
            .session
            .as_ref()
            .is_some_and(|session| session.is_open())
        {
            (self.heard + config.consent, Reason::Silent)
        } else {
            (self.accepted + config.set_up, Reason::SetUp)
        }
    }
}

/// A name or password as text.
fn text(letters: &[u8]) -> &str {
    str::from_utf8(letters).expect("they are made of letters")
}
