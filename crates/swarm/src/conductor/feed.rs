//! Which piece goes to whom: what nobody has and somebody needs soon is granted once, to the best free uplink that will need it too.
//! It is worked out viewer by viewer, for the window ahead of each, when something about that viewer has changed; so a round costs
//! what happened and not what there is.

use std::fmt::Debug;
use std::hash::Hash;
use std::ops::Range;
use std::time::Duration;

use super::replicas::Slot;
use super::viewers::{Charge, Viewer};
use super::{Conductor, Kind, Rules};

/// A viewer's own need weighs so much more than another's who would pass the piece on.
const OWN: f64 = 1.5;

/// Copies beyond the first are thought of only for pieces needed within so many seconds.
const SEEDED: usize = 6;

impl<V: Copy + Eq + Hash + Ord + Debug> Conductor<V> {
    /// A viewer's time has come: grants that it did not bring are given up.
    pub(super) fn ring(&mut self, now: Duration, slot: Slot) {
        let shunned = self.rules.shunned;
        let Some(viewer) = self.viewers.get_mut(slot) else {
            return;
        };
        viewer.alarm = None;
        let before = viewer.flights.len();
        let (replicas, trust) = (&mut self.replicas, &mut viewer.trust);
        viewer.flights.retain(|flight| {
            let in_time = now < flight.expires;
            if !in_time && flight.relied_on {
                replicas.land(flight.piece);
            }
            in_time
        });
        if viewer.flights.len() < before {
            trust.broke_off(now, shunned);
        }
        self.weigh(now, slot);
        self.look_at(now, slot);
    }

    /// Grants what this viewer needs and nobody has, and says when to look at it again.
    pub(super) fn consider(&mut self, now: Duration, slot: Slot, grants: &mut Vec<(Slot, u32)>) {
        let Some(viewer) = self.viewers.get(slot) else {
            return;
        };
        let ahead = |time: Duration| {
            let pieces = self.film.whole_pieces_in(time);
            viewer.playhead..viewer.playhead.saturating_add(pieces).min(self.film.pieces)
        };
        let whole = ahead(self.widest());
        let window = ahead(self.window_of(now, viewer));
        let settled = self.settled(now, viewer);
        if viewer.heard && settled.is_some() {
            self.feed_newcomer(now, slot, grants);
        } else if viewer.heard {
            if self.viewers.len() == 1 {
                self.feed_alone(now, slot, window.clone(), grants);
            } else if viewer.is_stranded(now, &self.rules) {
                let near = self.film.whole_pieces_in(self.rules.window_stranded);
                let near = window.start.saturating_add(near).min(window.end);
                self.feed_alone(now, slot, window.start..near, grants);
            } else {
                self.feed_seek(now, slot, &window, grants);
                self.feed_crowd(now, slot, window.clone(), grants);
                self.seed(now, slot, window.clone(), grants);
            }
            self.feed_starving(now, slot, grants);
        }
        let Some(viewer) = self.viewers.get_mut(slot) else {
            return;
        };
        let landing = viewer.flights.iter().map(|flight| flight.expires).min();
        let review = viewer
            .held
            .gaps(whole)
            .next()
            .map(|_| now + self.rules.review);
        let starving = (viewer.kind == Kind::Stock && viewer.playhead < self.film.pieces)
            .then_some(
                (viewer.moved + self.rules.stock_patience).max(now + self.rules.stock_patience / 4),
            );
        let times = [
            landing,
            review,
            starving,
            settled,
            viewer.trust.back_at(now),
        ];
        let alarm = times.into_iter().flatten().min();
        self.alarms.set(slot, viewer.alarm, alarm);
        viewer.alarm = alarm;
    }

    /// When a viewer is fed that has just come and has enough to begin with; nothing for all others.
    fn settled(&self, now: Duration, viewer: &Viewer<V>) -> Option<Duration> {
        let begins = viewer.kind == Kind::Page && viewer.told.instant > 0 && !viewer.sought;
        let settled = viewer.joined + self.rules.settling;
        (begins && now < settled).then_some(settled)
    }

    /// How far ahead of a viewer what nobody has is fed once it has been here for a while.
    fn widest(&self) -> Duration {
        if self.viewers.len() == 1 {
            self.rules.window_alone
        } else {
            self.rules.window
        }
    }

    /// How far ahead of a viewer what nobody has is fed now.
    fn window_of(&self, now: Duration, viewer: &Viewer<V>) -> Duration {
        let Rules {
            window_first,
            window_growth,
            ..
        } = self.rules;
        let here = now.saturating_sub(viewer.joined);
        self.widest()
            .min(window_first.saturating_add(here.saturating_mul(window_growth)))
    }

    /// The first piece that nobody has after a start, with the start: of a crowd that comes at once each brings in another one, and they
    /// are there when the first connections are.
    fn feed_newcomer(&mut self, now: Duration, slot: Slot, grants: &mut Vec<(Slot, u32)>) {
        let dealt = self.film.whole_pieces_in(self.rules.dealt);
        let Some(viewer) = self.viewers.get_mut(slot) else {
            return;
        };
        if std::mem::replace(&mut viewer.was_dealt, true) || !viewer.counts {
            return;
        }
        let range = |from: u32, to: u32| {
            let begin = viewer.playhead.saturating_add(from);
            self.film.clamp(begin..viewer.playhead.saturating_add(to))
        };
        // The page may take one piece more with its start.
        let ahead = range(viewer.told.instant + 1, dealt);
        let missing = self.replicas.missing();
        let mut missing = viewer.held.gaps_in(missing, ahead);
        let first = missing.find(|it| !viewer.flies(*it));
        drop(missing);
        if let Some(piece) = first {
            self.send_off(now, slot, piece, Charge::Feed);
            grants.push((slot, piece));
        }
    }

    /// Whatever is missing ahead of somebody whom nobody else can feed, in long runs.
    fn feed_alone(
        &mut self,
        now: Duration,
        slot: Slot,
        window: Range<u32>,
        grants: &mut Vec<(Slot, u32)>,
    ) {
        let room = self.room(self.rules.grants_alone);
        let allowed = self.allowed(now, slot);
        let Some(viewer) = self.viewers.get_mut(slot) else {
            return;
        };
        let room = room.saturating_sub(viewer.flights.len()).min(allowed);
        let missing = viewer.held.gaps(window.clone());
        let missing: Vec<u32> = missing.filter(|it| !viewer.flies(*it)).take(room).collect();
        let missing = self.worth_asking(missing, &window);
        for piece in missing {
            self.pay(slot);
            self.send_off(now, slot, piece, Charge::Feed);
            grants.push((slot, piece));
        }
    }

    /// What nobody has and this viewer needs, to whoever is best placed to bring it.
    fn feed_crowd(
        &mut self,
        now: Duration,
        slot: Slot,
        window: Range<u32>,
        grants: &mut Vec<(Slot, u32)>,
    ) {
        let allowed = self.allowed(now, slot);
        let Some(viewer) = self.viewers.get(slot) else {
            return;
        };
        let missing = viewer.held.gaps_in(self.replicas.missing(), window.clone());
        let missing = missing.filter(|it| !viewer.flies(*it)).take(allowed);
        let missing: Vec<u32> = missing.collect();
        let missing = self.worth_asking(missing, &window);
        let urgent = self.film.whole_pieces_in(self.rules.urgent);
        let dealt = window.start + self.film.whole_pieces_in(self.rules.dealt);
        for adjacent in missing.chunk_by(|piece, next| piece + 1 == *next) {
            let (near, far) = adjacent.split_at(adjacent.partition_point(|it| *it < dealt));
            for run in near.chunks(1).chain(far.chunks(self.run())) {
                let is_urgent = run
                    .first()
                    .is_some_and(|first| first - window.start < urgent);
                let Some(receiver) = self.receiver(now, slot, run, is_urgent) else {
                    return;
                };
                for piece in run {
                    self.pay(slot);
                    self.send_off(now, receiver, *piece, Charge::Feed);
                    grants.push((receiver, *piece));
                }
            }
        }
    }

    /// After a seek, what others hold somewhere is of no use if they are not neighbours: the seeker gets the beginning itself.
    fn feed_seek(
        &mut self,
        now: Duration,
        slot: Slot,
        window: &Range<u32>,
        grants: &mut Vec<(Slot, u32)>,
    ) {
        let viewers = self.viewers.len() as u64;
        let Some(viewer) = self.viewers.get_mut(slot) else {
            return;
        };
        if !std::mem::take(&mut viewer.sought) {
            return;
        }
        let neighbours = u64::from(viewer.neighbours);
        let soon = self.film.whole_pieces_in(self.rules.seek);
        let soon = window.start..window.start.saturating_add(soon).min(window.end);
        let missing = viewer.held.gaps(soon).filter(|it| !viewer.flies(*it));
        let out_of_reach = |piece: &u32| {
            let holders = u64::from(self.replicas.holders(*piece));
            holders * neighbours < 3 * viewers
        };
        let missing: Vec<u32> = missing.filter(out_of_reach).collect();
        for piece in missing {
            let charge = if self.replicas.missing().has(piece) {
                Charge::Feed
            } else {
                Charge::Instant
            };
            self.send_off(now, slot, piece, charge);
            grants.push((slot, piece));
        }
    }

    /// More than one copy of what a crowd needs at once, so that it spreads faster than it plays.
    fn seed(
        &mut self,
        now: Duration,
        slot: Slot,
        window: Range<u32>,
        grants: &mut Vec<(Slot, u32)>,
    ) {
        let most = f64::from(self.crowd.before(window.start, SEEDED)) / self.rules.viewers_per_seed;
        if most < 1.5 || self.seeded as f64 >= self.rules.seeds * self.film.length as f64 {
            return;
        }
        let soon = self
            .film
            .whole_pieces_in(Duration::from_secs(SEEDED as u64));
        let Some(viewer) = self.viewers.get(slot) else {
            return;
        };
        let soon = window.start..window.end.min(window.start.saturating_add(soon));
        let pieces: Vec<u32> = viewer
            .held
            .gaps(soon)
            .filter(|it| !viewer.flies(*it))
            .collect();
        let doubling = self.film.pieces_in(self.rules.doubling).max(0.01);
        for piece in pieces {
            let wait = f64::from(piece - window.start) / doubling;
            let seeds = most * (-wait).exp2();
            if f64::from(self.replicas.expected(piece)) + 0.5 > seeds {
                continue;
            }
            let Some(receiver) = self.receiver(now, slot, &[piece], false) else {
                return;
            };
            self.send_off(now, receiver, piece, Charge::Feed);
            self.seeded += self.bytes(piece);
            grants.push((receiver, piece));
        }
    }

    /// A stock viewer cannot help itself: when nothing reaches it, it is given what it waits for.
    fn feed_starving(&mut self, now: Duration, slot: Slot, grants: &mut Vec<(Slot, u32)>) {
        let Some(viewer) = self.viewers.get_mut(slot) else {
            return;
        };
        let patience = self.rules.stock_patience;
        if viewer.kind != Kind::Stock || now.saturating_sub(viewer.moved) < patience {
            return;
        }
        viewer.moved = now;
        let rest = viewer.playhead..self.film.pieces;
        let waits: Vec<u32> = viewer
            .held
            .gaps(rest)
            .take(2)
            .filter(|it| !viewer.flies(*it))
            .collect();
        for piece in waits {
            let charge = if self.replicas.missing().has(piece) {
                Charge::Feed
            } else {
                Charge::Rescue
            };
            self.send_off(now, slot, piece, charge);
            grants.push((slot, piece));
        }
    }

    /// Leaves the crumbs at the far end of a window for later, when they have become a run.
    fn worth_asking(&self, mut missing: Vec<u32>, window: &Range<u32>) -> Vec<u32> {
        let far = window.start + (window.end - window.start) / 2;
        let least = self.run().min(self.film.pieces as usize);
        let tail = missing.iter().rev().zip(1..);
        let tail = tail.take_while(|(piece, back)| **piece + back == window.end && **piece >= far);
        let tail = tail.count();
        if tail < least && window.end < self.film.pieces {
            missing.truncate(missing.len() - tail);
        }
        missing
    }

    /// Who is to bring a run in: the best free uplink that will need all of it, or the one for whom it is. Nobody while all are busy.
    fn receiver(
        &mut self,
        now: Duration,
        needs: Slot,
        run: &[u32],
        is_urgent: bool,
    ) -> Option<Slot> {
        let room = self.room(self.rules.grants_in_crowd);
        let passing = self.film.whole_pieces_in(self.rules.passing);
        let playhead = self.viewers.get(needs)?.playhead;
        let passable = run.first()?.saturating_sub(playhead) >= passing;
        let present = self.viewers.present();
        let looked_at = self.rules.sample.min(present.len());
        let others = (0..looked_at).map(|step| present[(self.cursor + step) % present.len()]);
        let mut busy = false;
        let mut best: Option<(f64, Slot)> = None;
        for slot in others.chain([needs]) {
            let Some(viewer) = self.viewers.get(slot) else {
                continue;
            };
            let lacks = |piece: &u32| {
                *piece >= viewer.playhead && !viewer.held.has(*piece) && !viewer.flies(*piece)
            };
            if !viewer.counts || !viewer.heard || !run.iter().all(lacks) {
                continue;
            }
            if viewer.flights.len() >= room {
                busy = true;
                continue;
            }
            // Of those who play the same seconds each needs it as soon.
            let beside = passable && viewer.playhead.abs_diff(playhead) < passing;
            let own = match (slot == needs || beside, is_urgent) {
                (true, true) => OWN * 10.0,
                (true, false) => OWN,
                _ => 1.0,
            };
            let load = viewer.load(now) + f64::from(self.film.piece_length);
            let score = own * viewer.uplink(&self.rules) / load;
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, slot));
            }
        }
        self.cursor = (self.cursor + looked_at) % self.viewers.len().max(1);
        if let Some((_, slot)) = best
            && !(is_urgent && self.viewers.get(needs).is_some_and(|it| !it.counts))
        {
            return Some(slot);
        }
        let own = self.viewers.get(needs)?;
        let may = own.flights.len() < room && (is_urgent || !busy);
        may.then_some(needs)
    }

    /// How many pieces may be brought in for somebody's sake now.
    fn allowed(&mut self, now: Duration, slot: Slot) -> usize {
        let most = self.film.pieces_in(self.rules.window).max(1.0);
        let per_second = self.film.pieces_in(Duration::from_secs(1)) * self.rules.stock_pace;
        let viewer = self.viewers.get_mut(slot);
        viewer.map_or(0, |viewer| viewer.allowance(now, most, per_second))
    }

    fn pay(&mut self, slot: Slot) {
        if let Some(viewer) = self.viewers.get_mut(slot) {
            viewer.use_allowance();
        }
    }

    /// How many pieces of a run one viewer gets: short runs spread faster, long ones are fewer requests.
    fn run(&self) -> usize {
        let most = self.rules.run_in_crowd.max(1) as usize;
        match self.viewers.len() {
            0..=1 => most * 2,
            2..=50 => most,
            _ => most.div_ceil(2),
        }
    }

    /// Pieces that may be on their way to one viewer; more of them when the film needs more of them.
    fn room(&self, least: usize) -> usize {
        least.max(self.film.pieces_in(Duration::from_secs(3)) as usize)
    }
}
