//! What viewers say goes in here: where they play, what they have got or lost, and what they had to rescue. Everything is clamped to
//! what the film allows; what it means for others (a replica more, a holder who failed) is worked out at once, and what to do about
//! it is left to the next round.

use std::fmt::Debug;
use std::hash::Hash;
use std::ops::Range;
use std::time::Duration;

use super::replicas::{NOBODY, Slot};
use super::viewers::{Charge, Flight};
use super::{Conductor, Kind, Report};

/// Below this an uplink gives nobody anything in time (bytes per second).
const NO_UPLINK: u32 = 16 << 10;

/// A source is blamed for a rescue only while hardly anybody else holds the piece.
const FEW: u32 = 3;

impl<V: Copy + Eq + Hash + Ord + Debug> Conductor<V> {
    /// A page says where it is and how it does. What it gained and lost by the same message comes after this.
    pub fn report(&mut self, now: Duration, viewer: V, report: &Report) {
        let Some(slot) = self.viewers.find(viewer) else {
            return;
        };
        let jump = self.film.whole_pieces_in(Duration::from_secs(5));
        let Some(viewer) = self.viewers.get_mut(slot) else {
            return;
        };
        let playhead = report.playhead.min(self.film.pieces);
        let starts = !viewer.heard || playhead.abs_diff(viewer.playhead) > jump;
        self.crowd.leave(viewer.playhead);
        self.crowd.enter(playhead);
        viewer.sought |= starts && viewer.heard;
        viewer.heard = true;
        viewer.playhead = playhead;
        viewer.lead = report.lead;
        viewer.uplink = report.uplink;
        viewer.neighbours = report.neighbours;
        viewer.uploads = report.uploads;
        viewer.dependable = report.dependable;
        viewer.paused = report.paused;
        viewer.rescued = viewer
            .rescued
            .saturating_add(report.rescued)
            .min(self.film.length);
        if report.neighbours > 0 {
            viewer.connected = now;
        }
        if now.saturating_sub(viewer.joined) >= self.rules.start {
            self.budget.give_back(std::mem::take(&mut viewer.reserved));
        }
        self.weigh(now, slot);
        if starts {
            self.start(now, slot);
        }
        self.look_at(now, slot);
    }

    /// A viewer has these pieces.
    pub fn gained(&mut self, now: Duration, viewer: V, pieces: Range<u32>) {
        let Some(slot) = self.viewers.find(viewer) else {
            return;
        };
        let near = self.film.whole_pieces_in(self.rules.window_alone);
        let Some(viewer) = self.viewers.get(slot) else {
            return;
        };
        let counts = viewer.counts;
        let rescues = viewer.playhead..viewer.playhead.saturating_add(near);
        let new: Vec<u32> = viewer.held.gaps(self.film.clamp(pieces)).collect();
        for piece in &new {
            let bytes = self.bytes(*piece);
            let Some(viewer) = self.viewers.get_mut(slot) else {
                return;
            };
            viewer.held.insert(*piece);
            let flight = viewer.flights.iter().position(|it| it.piece == *piece);
            if let Some(flight) = flight.map(|at| viewer.flights.swap_remove(at)) {
                viewer.trust.brought();
                if flight.relied_on {
                    self.replicas.land(*piece);
                }
            } else if viewer.rescued > 0 && rescues.contains(piece) {
                let rescued = viewer.rescued.min(bytes);
                viewer.rescued -= rescued;
                self.account.rescue += rescued;
                self.spend(now, rescued, slot);
                self.blame(now, slot, *piece);
            } else if viewer.heard {
                self.praise(slot, *piece);
            }
            if counts {
                self.replicas.add_holder(*piece, slot);
            }
        }
        if new.is_empty() {
            return;
        }
        let Some(viewer) = self.viewers.get_mut(slot) else {
            return;
        };
        if viewer.kind == Kind::Stock {
            let before = viewer.playhead;
            let lowest = viewer.held.gaps(before..self.film.pieces).next();
            viewer.playhead = lowest.unwrap_or(self.film.pieces);
            if viewer.playhead != before {
                viewer.moved = now;
                self.crowd.leave(before);
                self.crowd.enter(viewer.playhead);
            }
        }
        self.look_at(now, slot);
    }

    /// A viewer has these pieces no more.
    pub fn lost(&mut self, now: Duration, viewer: V, pieces: Range<u32>) {
        let Some(slot) = self.viewers.find(viewer) else {
            return;
        };
        let pieces = self.film.clamp(pieces);
        let Some(viewer) = self.viewers.get_mut(slot) else {
            return;
        };
        for piece in pieces {
            if viewer.held.remove(piece) && viewer.counts {
                self.replicas.remove_holder(piece, slot);
            }
        }
        self.look_at(now, slot);
    }

    /// Decides anew whether what a viewer holds are replicas.
    pub(super) fn weigh(&mut self, now: Duration, slot: Slot) {
        let Some(viewer) = self.viewers.get_mut(slot) else {
            return;
        };
        let counts = viewer.uploads
            && viewer.dependable
            && (viewer.uplink == 0 || viewer.uplink >= NO_UPLINK)
            && viewer.trust.is_enough(now)
            && !viewer.is_stranded(now, &self.rules);
        if counts == viewer.counts {
            return;
        }
        if !counts {
            self.discount(slot);
            return;
        }
        viewer.counts = true;
        for piece in viewer.held.iter() {
            self.replicas.add_holder(piece, slot);
        }
    }

    /// What a viewer holds or fetches is of no use to others any more.
    pub(super) fn discount(&mut self, slot: Slot) {
        let Some(viewer) = self.viewers.get_mut(slot) else {
            return;
        };
        for flight in viewer.flights.iter_mut().filter(|flight| flight.relied_on) {
            flight.relied_on = false;
            self.replicas.land(flight.piece);
        }
        if std::mem::take(&mut viewer.counts) {
            for piece in viewer.held.iter() {
                self.replicas.remove_holder(piece, slot);
            }
        }
    }

    /// A viewer begins to play somewhere: what it takes over HTTP at once is on its way.
    fn start(&mut self, now: Duration, slot: Slot) {
        let Some(viewer) = self.viewers.get(slot) else {
            return;
        };
        let end = viewer.playhead.saturating_add(viewer.told.instant);
        let range = self.film.clamp(viewer.playhead..end);
        let pieces: Vec<u32> = viewer
            .held
            .gaps(range)
            .filter(|it| !viewer.flies(*it))
            .collect();
        for piece in pieces {
            let charge = if self.replicas.missing().has(piece) {
                Charge::Feed
            } else {
                Charge::Instant
            };
            self.send_off(now, slot, piece, charge);
        }
    }

    /// A viewer fetches a piece from the pod from now on.
    pub(super) fn send_off(&mut self, now: Duration, slot: Slot, piece: u32, charge: Charge) {
        let bytes = self.bytes(piece);
        let slowest = self.rules.slowest.max(1);
        let Some(viewer) = self.viewers.get_mut(slot) else {
            return;
        };
        let waiting = (viewer.flights.len() as u64 + 1) * u64::from(self.film.piece_length);
        let time = Duration::from_millis(waiting.saturating_mul(1000) / slowest);
        viewer.add_load(now, bytes);
        viewer.flights.push(Flight {
            piece,
            expires: now + self.rules.grant_patience + time,
            relied_on: viewer.counts,
            charge,
        });
        if viewer.counts {
            self.replicas.take_off(piece);
        }
        self.charge(now, charge, piece, slot);
    }

    /// Somebody got a piece from others, so whoever brought it in passes things on.
    fn praise(&mut self, slot: Slot, piece: u32) {
        let (source, _) = self.replicas.source(piece);
        if source == NOBODY || source == slot {
            return;
        }
        if let Some(source) = self.viewers.get_mut(source) {
            source.trust.passed_on();
        }
    }

    /// Somebody did not get a piece from others, though it is said to be there.
    fn blame(&mut self, now: Duration, slot: Slot, piece: u32) {
        let (source, holders) = self.replicas.source(piece);
        if source == NOBODY || source == slot || holders == 0 || holders > FEW {
            return;
        }
        let shunned = self.rules.shunned;
        if let Some(failed) = self.viewers.get_mut(source) {
            failed.trust.failed(now, shunned);
            self.weigh(now, source);
        }
    }
}
