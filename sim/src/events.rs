//! What happens when: a queue by time, in microseconds, in which things of the same moment keep their order.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Microseconds since the beginning.
pub type Time = u64;

pub const SECOND: Time = 1_000_000;
pub const MILLI: Time = 1000;

/// Who, as a number.
pub type Who = u32;

#[derive(Debug, Clone, Copy)]
pub enum Event {
    Arrive(Who),
    /// The pod's answer to the first announce is here.
    Welcome(Who),
    Leave(Who),
    Seek(Who),
    Connected(Who, Who),
    /// It looks whether it has enough neighbours.
    Mingle(Who),
    /// A sender has sent the piece at the head of its queue.
    Sent(Who),
    /// A piece from a viewer is here.
    Received {
        to: Who,
        from: Who,
        piece: u32,
    },
    /// The head of the HTTP queue is here.
    Fetched(Who),
    Think(Who),
    /// The buffer may have run out.
    Play(Who, u32),
    Report(Who),
    Granted {
        to: Who,
        first: u32,
        end: u32,
    },
    Conduct,
    /// The random HTTP fetch of p2p-media-loader.
    Dice(Who),
}

#[derive(Debug)]
struct Entry {
    at: Time,
    order: u64,
    event: Event,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

#[derive(Debug, Default)]
pub struct Events {
    queue: BinaryHeap<Entry>,
    order: u64,
}

impl Events {
    pub fn add(&mut self, at: Time, event: Event) {
        self.order += 1;
        let order = self.order;
        self.queue.push(Entry { at, order, event });
    }

    pub fn next(&mut self) -> Option<(Time, Event)> {
        self.queue.pop().map(|entry| (entry.at, entry.event))
    }
}
