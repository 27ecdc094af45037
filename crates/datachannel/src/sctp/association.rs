//! One association: its state, and the calls from outside. What the calls do is told by subject in the modules below: the handshake,
//! what is received, what is sent, the clock, the streams' ends and the association's end.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::congestion::Congestion;
use super::inbox::Inbox;
use super::outbox::{Letter, Outbox};
use super::pacer::Pacer;
use super::random::Random;
use super::rtt::Rtt;
use super::streams::{Counters, Resets};
use super::wire::{Header, Peer, seal};
use super::{CloseReason, Config, Event, WriteError};

mod clock;
mod ending;
mod handshake;
mod receive;
mod reset;
mod transmit;

use clock::Timers;
use handshake::Offer;

/// The smallest packet size that everything fits into.
const MIN_MTU: usize = 256;

/// How many replies may wait for being sent.
const MAX_REPLIES: usize = 16;

/// A queue longer than this is given back once it is empty.
const KEPT: usize = 4;

/// One end of an SCTP association.
///
/// After each call of anything else, ask [`poll_packet`](Self::poll_packet) until it says no, and [`poll_event`](Self::poll_event)
/// until it is empty; call [`tick`](Self::tick) when [`deadline`](Self::deadline) has come. Times are those of any clock that
/// never goes back. Who does not take the events is not sent more than fits into the receive buffer.
#[derive(Debug)]
pub struct Association {
    config: Config,
    state: State,
    random: Random,
    /// What we say of ourselves.
    us: Peer,
    peer: Option<Peer>,
    /// What we have offered to a peer that began, until it takes it up and in case it asks again.
    offer: Option<Offer>,
    /// What we repeat until the peer has answered: an INIT or a COOKIE ECHO.
    greeting: Vec<u8>,
    outbox: Outbox,
    inbox: Inbox,
    counters: Counters,
    resets: Resets,
    rtt: Rtt,
    congestion: Congestion,
    pacer: Pacer,
    timers: Timers,
    /// Whole packets that go before everything else.
    urgent: VecDeque<Vec<u8>>,
    /// Chunks that go into the next packet.
    replies: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
    owed: Owed,
    /// What the peer has room for, counting what is in flight.
    peer_window: usize,
    /// What we last told of our room.
    told_window: u32,
    /// How many packets with data have been sent.
    transmission: u64,
    /// When the last of them was.
    last_sent: Duration,
    window_open: bool,
    /// The window keeps something from being sent.
    limited: bool,
    /// After a cut one packet may go beyond the window, so that what was lost is not late as well.
    rescue: bool,
    /// The last fragment should be sent once more, to provoke an acknowledgement.
    probing: bool,
    /// Time-outs in a row.
    errors: u32,
    /// What the peer must return to show that it is there, and when it was asked.
    heartbeat: Option<(u64, Duration)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// For the peer's INIT.
    Waiting,
    /// We have sent an INIT.
    Greeted,
    /// We have returned the peer's cookie.
    CookieReturned,
    Established,
    /// We want to end, and something has still to arrive.
    Ending,
    /// We have sent SHUTDOWN.
    EndSent,
    /// The peer has sent SHUTDOWN, and something has still to arrive.
    EndReceived,
    /// We have sent SHUTDOWN ACK.
    EndAckSent,
    Closed,
}

/// The acknowledgement that we owe.
#[derive(Debug, Default)]
struct Owed {
    /// For how many packets.
    packets: u32,
    /// It should not be held back.
    now: bool,
}

impl Association {
    /// An association that waits for the peer to begin. `chance` gives what must not be guessed.
    pub fn new(config: Config, chance: &mut dyn FnMut() -> u32) -> Self {
        let mut config = config;
        config.mtu = (config.mtu & !3).max(MIN_MTU);
        let mut random = Random::new(chance);
        let us = Self::introduce(&config, &mut random);
        Self {
            state: State::Waiting,
            us,
            peer: None,
            offer: None,
            greeting: Vec::new(),
            outbox: Outbox::new(us.tsn),
            inbox: Inbox::new(0, &config),
            counters: Counters::default(),
            resets: Resets::new(us.tsn, 0),
            rtt: Rtt::new(),
            congestion: Congestion::new(config.mtu),
            pacer: Pacer::new(config.mtu),
            timers: Timers::default(),
            urgent: VecDeque::new(),
            replies: VecDeque::new(),
            events: VecDeque::new(),
            owed: Owed::default(),
            peer_window: 0,
            told_window: 0,
            transmission: 0,
            last_sent: Duration::ZERO,
            window_open: true,
            limited: false,
            rescue: false,
            probing: false,
            errors: 0,
            heartbeat: None,
            random,
            config,
        }
    }

    /// An association that begins by itself. Both sides may: the peer's beginning is understood as well.
    pub fn connect(now: Duration, config: Config, chance: &mut dyn FnMut() -> u32) -> Self {
        let mut association = Self::new(config, chance);
        association.greet(now);
        association
    }

    /// What we say of ourselves, with a fresh tag and first number.
    fn introduce(config: &Config, random: &mut Random) -> Peer {
        Peer {
            tag: random.number().max(1),
            window: u32::try_from(config.receive_buffer).unwrap_or(u32::MAX),
            outbound: u16::MAX,
            inbound: u16::MAX,
            tsn: random.number(),
            zero_checksum: config.trusts_dtls,
            reconfig: true,
        }
    }

    /// The next thing to tell.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front();
        if let Some(Event::Message(message)) = &event {
            self.inbox.taken(message.payload.len());
            // A peer that was stopped does not ask often: tell it that there is room again.
            let half = self.config.receive_buffer / 2;
            let stopped = (self.told_window as usize) < half.min(2 * self.config.mtu);
            if stopped && self.inbox.window() as usize >= half && self.is_open() {
                self.owed.now = true;
            }
        }
        if self.events.is_empty() && self.events.capacity() > KEPT {
            self.events.shrink_to(0);
        }
        event
    }

    /// Whether messages can be written: the peer is there and nobody has begun to end.
    pub fn is_connected(&self) -> bool {
        self.state == State::Established
    }

    /// The longest message that [`write`](Self::write) takes now, in bytes.
    pub fn room(&self) -> usize {
        match self.state {
            State::Established => self.outbox.room(self.config.send_buffer),
            _ => 0,
        }
    }

    /// Queues a message, which arrives after those written on the same stream before.
    pub fn write(&mut self, stream: u16, ppid: u32, payload: Bytes) -> Result<(), WriteError> {
        self.check(stream, &payload)?;
        let ssn = Some(self.counters.next(stream));
        self.outbox.push(Letter {
            stream,
            ppid,
            ssn,
            payload,
        });
        Ok(())
    }

    /// Queues a message which may arrive before or after any other.
    pub fn write_unordered(
        &mut self,
        stream: u16,
        ppid: u32,
        payload: Bytes,
    ) -> Result<(), WriteError> {
        self.check(stream, &payload)?;
        self.outbox.push(Letter {
            stream,
            ppid,
            ssn: None,
            payload,
        });
        Ok(())
    }

    fn check(&self, stream: u16, payload: &[u8]) -> Result<(), WriteError> {
        let Some(peer) = self.peer.filter(|_| self.state == State::Established) else {
            return Err(WriteError::NotConnected);
        };
        if payload.is_empty() {
            return Err(WriteError::Empty);
        }
        if stream >= peer.inbound || self.resets.is_closing(stream) {
            return Err(WriteError::NoStream);
        }
        if payload.len() > self.room() {
            return Err(WriteError::Full);
        }
        Ok(())
    }

    /// Closes our direction of a stream once everything written on it has arrived. When the peer closes its own,
    /// [`Event::StreamClosed`] says so.
    pub fn close_stream(&mut self, stream: u16) {
        if self.is_open() {
            self.resets.close(stream, self.outbox.written());
        }
    }

    /// The peer is there and has not been left.
    fn is_open(&self) -> bool {
        !matches!(
            self.state,
            State::Waiting | State::Greeted | State::CookieReturned | State::Closed
        )
    }

    /// Queues a chunk for the next packet. What does not fit into bounds is dropped: replies to one who asks too often.
    fn reply(&mut self, chunk: Vec<u8>) {
        if self.replies.len() < MAX_REPLIES && Self::fits(&self.config, &chunk) {
            self.replies.push_back(chunk);
        }
    }

    fn fits(config: &Config, chunk: &[u8]) -> bool {
        super::wire::HEADER + chunk.len() <= config.mtu
    }

    /// A packet of one chunk with a checksum, which goes before everything else.
    fn alone(&self, tag: u32, chunk: &[u8]) -> Vec<u8> {
        let mut packet = Vec::with_capacity(super::wire::HEADER + chunk.len());
        Header::write(
            self.config.local_port,
            self.config.remote_port,
            tag,
            &mut packet,
        );
        packet.extend_from_slice(chunk);
        seal(&mut packet);
        packet
    }

    fn send_alone(&mut self, tag: u32, chunk: &[u8]) {
        if self.urgent.len() < MAX_REPLIES {
            let packet = self.alone(tag, chunk);
            self.urgent.push_back(packet);
        }
    }

    /// Ends here. What waits goes nowhere any more; what was received can still be taken.
    fn close(&mut self, reason: CloseReason) {
        if self.state == State::Closed {
            return;
        }
        self.state = State::Closed;
        self.outbox = Outbox::new(0);
        self.timers = Timers::default();
        self.replies = VecDeque::new();
        self.greeting = Vec::new();
        self.resets = Resets::new(0, 0);
        self.owed = Owed::default();
        self.probing = false;
        self.events.push_back(Event::Closed(reason));
    }
}

#[cfg(test)]
mod tests;
