//! What acknowledgements do to what is in flight, and what is made of their absence. A fragment is taken for lost when packets that left
//! after it have arrived: three of them, or one that left later by more than packets usually overtake each other. The order is that of
//! transmissions and not of numbers, so a retransmission that is lost is noticed as well.

use std::time::Duration;

use super::{Fragment, Outbox, State};
use crate::sctp::wire::{Sack, flag};

/// How many later packets must have arrived, at first (RFC 9260, section 7.2.4).
pub const TOLERANCE: u64 = 3;

/// The tolerance at most, when packets turn out to overtake each other.
const MAX_TOLERANCE: u64 = 48;

/// What an acknowledgement has brought.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Acked {
    /// Payload that had not been acknowledged before.
    pub bytes: usize,
    /// A measured round trip.
    pub rtt: Option<Duration>,
    /// The oldest fragment has arrived.
    pub advanced: bool,
}

/// What is now taken for lost.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// Payload.
    pub bytes: usize,
    /// The latest transmission that was lost.
    pub transmission: u64,
}

impl Outbox {
    /// Takes an acknowledgement. `shortest` is the shortest round trip known. `None` when it is older than others, or acknowledges what
    /// was never sent.
    pub fn acknowledge(
        &mut self,
        now: Duration,
        sack: &Sack<'_>,
        shortest: Duration,
    ) -> Option<Acked> {
        let advance = sack.cumulative.wrapping_sub(self.first).wrapping_add(1) as usize;
        if advance > self.fragments.len() {
            return None;
        }
        let now = now.as_micros() as u64;
        let mut news = News {
            now,
            shortest: shortest.as_micros() as u64,
            acked: Acked {
                advanced: advance > 0,
                ..Acked::default()
            },
            latest: 0,
        };
        for _ in 0..advance {
            let Some(fragment) = self.fragments.pop_front() else {
                break;
            };
            self.first = self.first.wrapping_add(1);
            self.settle(&fragment, &mut news);
            self.forget(&fragment);
        }
        let mut next = 0;
        for (first, last) in sack.blocks() {
            let (Some(first), last) = (usize::from(first).checked_sub(1), usize::from(last)) else {
                break;
            };
            // Those of honest peers go up; of others, each is worked through once at most.
            if first < next || last <= first || last > self.fragments.len() {
                break;
            }
            self.mark(first, last, &mut news);
            next = last + 1;
        }
        self.shrink();
        Some(news.acked)
    }

    /// The fragments from `first` to before `last` have arrived.
    fn mark(&mut self, first: usize, last: usize, news: &mut News) {
        let mut index = first;
        while index < last {
            if self.fragments[index].state == State::Arrived {
                index += usize::from(self.fragments[index].stretch).max(1);
                continue;
            }
            let fragment = self.fragments[index];
            self.settle(&fragment, news);
            self.fragments[index].state = State::Arrived;
            self.fragments[index].stretch = 1;
            index += 1;
        }
        let stretch = &mut self.fragments[first].stretch;
        *stretch = (*stretch).max((last - first) as u16);
    }

    /// Takes a fragment that has arrived off the books.
    fn settle(&mut self, fragment: &Fragment, news: &mut News) {
        let length = usize::from(fragment.length);
        let age = news.now.saturating_sub(fragment.sent);
        match fragment.state {
            State::Arrived => return,
            State::InFlight => self.in_flight -= length,
            State::Lost => self.lost_bytes -= length,
        }
        news.acked.bytes += length;
        // An answer faster than any was to the first of two transmissions.
        let early = fragment.again && age < news.shortest;
        if fragment.state == State::Lost || early {
            // It was only late, or we asked too early.
            if !fragment.probe {
                self.tolerance = (self.tolerance * 2).min(MAX_TOLERANCE);
            }
            return;
        }
        if fragment.transmission >= self.newest.0 {
            self.newest = (fragment.transmission, fragment.sent);
        }
        if !fragment.again && fragment.sent >= news.latest {
            news.latest = fragment.sent;
            news.acked.rtt = Some(Duration::from_micros(age));
        }
    }

    /// Drops the message of the oldest fragment when that was its end.
    fn forget(&mut self, fragment: &Fragment) {
        let Some(message) = self.messages.front() else {
            return;
        };
        let end = fragment.offset as usize + usize::from(fragment.length);
        if end == message.payload.len() {
            self.charged -= end + super::OVERHEAD;
            self.messages.pop_front();
            self.arrived += 1;
            self.next.0 -= 1;
        }
    }

    /// Finds what must have been lost, given that packets overtake each other by `overtaking` at most.
    pub fn detect(&mut self, overtaking: Duration) -> Lost {
        let mut lost = Lost::default();
        let overtaking = overtaking.as_micros() as u64 * (self.tolerance / TOLERANCE);
        let (newest, newest_sent) = self.newest;
        let mut index = 0;
        while let Some(fragment) = self.fragments.get(index) {
            let behind = newest.saturating_sub(fragment.transmission);
            match fragment.state {
                State::Arrived => {
                    index += usize::from(fragment.stretch).max(1);
                    continue;
                }
                State::Lost => {}
                State::InFlight
                    if behind >= self.tolerance
                        || behind > 0 && fragment.sent + overtaking < newest_sent =>
                {
                    lost.bytes += usize::from(fragment.length);
                    lost.transmission = lost.transmission.max(fragment.transmission);
                    self.give_up(index);
                }
                // Those after it left later still.
                State::InFlight if !fragment.again => break,
                State::InFlight => {}
            }
            index += 1;
        }
        lost
    }

    /// Takes one fragment for lost.
    fn give_up(&mut self, index: usize) {
        let fragment = &mut self.fragments[index];
        let length = usize::from(fragment.length);
        fragment.state = State::Lost;
        self.in_flight -= length;
        self.lost_bytes += length;
        self.lost.push_back(self.first.wrapping_add(index as u32));
    }

    /// Nothing has been heard for too long: takes everything for lost. If even the oldest fragment was said to have arrived, the peer
    /// has thrown away what it had not acknowledged for good, as it may, and no such word counts any longer.
    pub fn expire(&mut self) {
        let reneged = self.fragments.front().map(|oldest| oldest.state) == Some(State::Arrived);
        self.lost.clear();
        self.lost_bytes = 0;
        self.in_flight = 0;
        self.tolerance = TOLERANCE;
        for (index, fragment) in self.fragments.iter_mut().enumerate() {
            if fragment.state != State::Arrived || reneged {
                fragment.state = State::Lost;
                fragment.stretch = 0;
                self.lost_bytes += usize::from(fragment.length);
                self.lost.push_back(self.first.wrapping_add(index as u32));
            }
        }
    }

    /// Writes the latest fragment that is in flight once more, to provoke an acknowledgement. It stays in flight as it was.
    pub fn write_probe(
        &mut self,
        now: Duration,
        transmission: u64,
        space: usize,
        out: &mut Vec<u8>,
    ) -> Option<usize> {
        let mut fragments = self.fragments.iter();
        let index = fragments.rposition(|it| it.state == State::InFlight)?;
        let fragment = &mut self.fragments[index];
        let length = usize::from(fragment.length);
        if length > space {
            return None;
        }
        fragment.again = true;
        fragment.probe = true;
        fragment.transmission = transmission;
        fragment.sent = now.as_micros() as u64;
        self.write(index, flag::IMMEDIATE, out);
        Some(length)
    }
}

/// One acknowledgement being worked through.
struct News {
    now: u64,
    shortest: u64,
    acked: Acked,
    /// When the latest fragment was sent that gave a measurement.
    latest: u64,
}
