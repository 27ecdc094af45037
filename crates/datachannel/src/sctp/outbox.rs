//! What waits to be sent and what is on its way. Messages are kept whole, once, until all of them has arrived; what is in flight is a
//! queue of fragments, which point into the messages and are found by their transmission number's distance from the oldest one. An
//! acknowledgement costs as much as it newly acknowledges: stretches known already are leapt over. When nothing is left, nothing is
//! kept. There is no clock here and no decision about how much may be sent.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::wire::{Data, flag};

mod acknowledge;

/// How many fragments may be in flight: distances in acknowledgements have sixteen bits.
const MAX_FRAGMENTS: usize = 1 << 15;

/// What a message is charged for beside its bytes, so that small ones cannot pile up either.
const OVERHEAD: usize = 64;

/// A queue longer than this is given back once it is empty.
const KEPT: usize = 8;

/// Messages and fragments. Numbers of transmissions count packets.
#[derive(Debug)]
pub struct Outbox {
    messages: VecDeque<Outgoing>,
    /// How many messages have arrived and are gone; the number of the first that is kept.
    arrived: u64,
    /// The next message to take fragments from, as a distance from the first that is kept, and how much of it is taken.
    next: (usize, usize),
    fragments: VecDeque<Fragment>,
    /// The transmission number (TSN) of the oldest fragment, or of the next when none is in flight.
    first: u32,
    /// The numbers of fragments to send again; some may have arrived since.
    lost: VecDeque<u32>,
    lost_bytes: usize,
    in_flight: usize,
    unsent: usize,
    charged: usize,
    /// The latest transmission of which something has arrived, and when it was sent.
    newest: (u64, u64),
    /// How many later packets must have arrived before one is taken for lost.
    tolerance: u64,
}

#[derive(Debug)]
struct Outgoing {
    payload: Bytes,
    ppid: u32,
    stream: u16,
    ssn: u16,
    unordered: bool,
}

#[derive(Debug, Clone, Copy)]
struct Fragment {
    /// When it was last sent, in microseconds.
    sent: u64,
    /// In which transmission.
    transmission: u64,
    /// The low bits of its message's number.
    message: u32,
    offset: u32,
    length: u16,
    /// In the first fragment of a stretch that has arrived: how many fragments that is.
    stretch: u16,
    state: State,
    /// It was sent more than once: after it was taken for lost, or as a probe.
    again: bool,
    probe: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    InFlight,
    Lost,
    Arrived,
}

/// A message to be queued.
#[derive(Debug)]
pub struct Letter {
    pub stream: u16,
    pub ppid: u32,
    /// The number among those of its stream; `None` for one that may overtake others.
    pub ssn: Option<u16>,
    /// At least one byte.
    pub payload: Bytes,
}

impl Outbox {
    /// An outbox whose first fragment has the number `tsn`.
    pub fn new(tsn: u32) -> Self {
        Self {
            messages: VecDeque::new(),
            arrived: 0,
            next: (0, 0),
            fragments: VecDeque::new(),
            first: tsn,
            lost: VecDeque::new(),
            lost_bytes: 0,
            in_flight: 0,
            unsent: 0,
            charged: 0,
            newest: (0, 0),
            tolerance: acknowledge::TOLERANCE,
        }
    }

    /// Queues a message.
    pub fn push(&mut self, letter: Letter) {
        self.charged += letter.payload.len() + OVERHEAD;
        self.unsent += letter.payload.len();
        self.messages.push_back(Outgoing {
            payload: letter.payload,
            ppid: letter.ppid,
            stream: letter.stream,
            ssn: letter.ssn.unwrap_or_default(),
            unordered: letter.ssn.is_none(),
        });
    }

    /// The longest message that fits beside what is kept, when `limit` bytes may be.
    pub fn room(&self, limit: usize) -> usize {
        limit.saturating_sub(self.charged + OVERHEAD)
    }

    /// Bytes that were sent, and are neither acknowledged nor taken for lost.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Bytes that wait for being sent, for the first time or again.
    pub fn wanting(&self) -> usize {
        self.unsent + self.lost_bytes
    }

    /// Whether something waits for being sent again.
    pub fn has_lost(&self) -> bool {
        self.lost_bytes > 0
    }

    /// Whether something was sent that is not acknowledged for good.
    pub fn is_waiting(&self) -> bool {
        !self.fragments.is_empty()
    }

    /// Whether there is nothing that has still to arrive.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The number that the next new fragment gets.
    pub fn next_tsn(&self) -> u32 {
        self.first.wrapping_add(self.fragments.len() as u32)
    }

    /// How many messages there have been until now, and how many of them have arrived, counted without a gap.
    pub fn written(&self) -> u64 {
        self.arrived + self.messages.len() as u64
    }

    /// See [`written`](Self::written).
    pub fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Writes the next fragment that was lost as a DATA chunk, if it fits into `space` bytes. Returns how long its payload is.
    pub fn write_lost(
        &mut self,
        now: Duration,
        transmission: u64,
        space: usize,
        out: &mut Vec<u8>,
    ) -> Option<usize> {
        let index = loop {
            let index = self.lost.front()?.wrapping_sub(self.first) as usize;
            match self.fragments.get(index) {
                Some(fragment) if fragment.state == State::Lost => break index,
                _ => self.lost.pop_front(),
            };
        };
        let fragment = &mut self.fragments[index];
        let length = usize::from(fragment.length);
        if length > space {
            return None;
        }
        fragment.state = State::InFlight;
        fragment.again = true;
        fragment.probe = false;
        fragment.transmission = transmission;
        fragment.sent = now.as_micros() as u64;
        self.lost.pop_front();
        self.lost_bytes -= length;
        self.in_flight += length;
        self.write(index, flag::IMMEDIATE, out);
        Some(length)
    }

    /// Writes the next new fragment, of at most `most` bytes, if it fits into `space` bytes. Returns how long its payload is.
    pub fn write_new(
        &mut self,
        now: Duration,
        transmission: u64,
        space: usize,
        most: usize,
        out: &mut Vec<u8>,
    ) -> Option<usize> {
        let (message, offset) = self.next;
        let payload = &self.messages.get(message)?.payload;
        let left = payload.len() - offset;
        let length = left.min(most);
        if length > space || self.fragments.len() >= MAX_FRAGMENTS {
            return None;
        }
        self.next = match length == left {
            true => (message + 1, 0),
            false => (message, offset + length),
        };
        self.fragments.push_back(Fragment {
            sent: now.as_micros() as u64,
            transmission,
            message: (self.arrived + message as u64) as u32,
            offset: offset as u32,
            length: length as u16,
            stretch: 0,
            state: State::InFlight,
            again: false,
            probe: false,
        });
        self.unsent -= length;
        self.in_flight += length;
        // Nothing follows for now: an acknowledgement held back would only delay what depends on it.
        let last = if self.unsent == 0 { flag::IMMEDIATE } else { 0 };
        self.write(self.fragments.len() - 1, last, out);
        Some(length)
    }

    fn write(&self, index: usize, flags: u8, out: &mut Vec<u8>) {
        let fragment = &self.fragments[index];
        let message = fragment.message.wrapping_sub(self.arrived as u32) as usize;
        let message = &self.messages[message];
        let begin = fragment.offset as usize;
        let end = begin + usize::from(fragment.length);
        let mut flags = flags;
        if begin == 0 {
            flags |= flag::BEGIN;
        }
        if end == message.payload.len() {
            flags |= flag::END;
        }
        if message.unordered {
            flags |= flag::UNORDERED;
        }
        let data = Data {
            flags,
            tsn: self.first.wrapping_add(index as u32),
            stream: message.stream,
            ppid: message.ppid,
            payload: &message.payload[begin..end],
        };
        data.write(message.ssn, out);
    }

    /// The bytes of its own buffers.
    #[cfg(test)]
    pub fn kept(&self) -> usize {
        self.messages.capacity() * size_of::<Outgoing>()
            + self.fragments.capacity() * size_of::<Fragment>()
            + self.lost.capacity() * 4
    }

    /// Gives back what was grown, when nothing is left.
    fn shrink(&mut self) {
        if self.lost_bytes == 0 {
            self.lost.clear();
        }
        if self.fragments.is_empty() {
            self.lost.shrink_to(0);
            if self.fragments.capacity() > KEPT {
                self.fragments.shrink_to(0);
            }
        }
        if self.messages.is_empty() && self.messages.capacity() > KEPT {
            self.messages.shrink_to(0);
        }
    }
}
