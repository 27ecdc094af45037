//! Who is worth a connection: whoever holds what the asker needs next, has uplink to spare and few to feed so far. A part is chosen by
//! chance all the same, or a crowd would fall apart into circles of friends. It looks at a sample, whatever the size of the swarm.

use std::collections::{HashSet, VecDeque};
use std::fmt::Debug;
use std::hash::Hash;
use std::time::Duration;

use super::Conductor;
use super::viewers::Viewer;
use crate::choose::sample;

/// Candidates looked at for each one wanted. With more of them everybody would be sent to the same few best ones, who cannot take
/// them all.
const LOOKED_AT: usize = 4;

/// One in so many is chosen by chance alone.
const BY_CHANCE: usize = 4;

/// With so many neighbours a viewer takes hardly any more.
const FULL: u16 = 16;

/// Whoever is worth no more gives nothing, or has no room.
const USELESS: f64 = 0.3;

/// What is believed of somebody of whom nothing is known.
const STRANGER: f64 = 0.5;

/// What a viewer needs next, for the purpose of choosing who may have it.
const SOON: Duration = Duration::from_secs(60);

/// Bytes per second of uplink that carry one more neighbour.
const PER_NEIGHBOUR: f64 = 100_000.0;

/// Two who were introduced to each other are busy connecting, or connected, for so long; after that they may try again. A crowd that comes at once would otherwise
/// make every connection twice, because each of two asks for the other before it has heard of him.
const INTRODUCED: Duration = Duration::from_secs(20);

/// Who was introduced to whom lately.
#[derive(Debug)]
pub(super) struct Introductions<V> {
    pairs: HashSet<(V, V)>,
    since: VecDeque<(Duration, (V, V))>,
}

impl<V> Default for Introductions<V> {
    fn default() -> Self {
        Self {
            pairs: HashSet::new(),
            since: VecDeque::new(),
        }
    }
}

impl<V: Copy + Eq + Hash + Ord> Introductions<V> {
    fn forget_old(&mut self, now: Duration) {
        while let Some((at, pair)) = self.since.front().copied() {
            if now.saturating_sub(at) < INTRODUCED {
                break;
            }
            self.since.pop_front();
            self.pairs.remove(&pair);
        }
    }

    fn note(&mut self, now: Duration, one: V, other: V) {
        let pair = (one.min(other), one.max(other));
        if self.pairs.insert(pair) {
            self.since.push_back((now, pair));
        }
    }

    fn know(&self, one: V, other: V) -> bool {
        self.pairs.contains(&(one.min(other), one.max(other)))
    }
}

impl<V: Copy + Eq + Hash + Ord + Debug> Conductor<V> {
    /// Positions of those among `candidates` that the asker should be connected with, at most `wanted`, best first. They are taken to
    /// be introduced to each other then. `below(n)` is a number below `n`, each as likely as the other.
    pub fn neighbours(
        &mut self,
        now: Duration,
        asker: V,
        candidates: &[V],
        wanted: usize,
        below: &mut dyn FnMut(usize) -> usize,
    ) -> Vec<usize> {
        self.introductions.forget_old(now);
        let looked_at = sample(candidates.len(), wanted.saturating_mul(LOOKED_AT), below);
        let asking = self
            .viewers
            .find(asker)
            .and_then(|slot| self.viewers.get(slot));
        let mut scored: Vec<(f64, usize)> = looked_at
            .into_iter()
            .filter(|position| {
                let candidate = candidates[*position];
                candidate != asker && !self.introductions.know(asker, candidate)
            })
            .map(|position| (self.worth(asking, candidates[position]), position))
            .collect();
        let by_chance = (wanted / BY_CHANCE).min(scored.len());
        scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        let rest = scored.split_off((wanted - by_chance).min(scored.len()));
        // Chance chooses among those who give; where they are drawn from was chance already.
        let useful = rest.iter().filter(|(worth, _)| *worth > USELESS);
        let useless = rest.iter().filter(|(worth, _)| *worth <= USELESS);
        let lucky = useful.rev().chain(useless).take(by_chance);
        let chosen: Vec<usize> = scored
            .iter()
            .chain(lucky)
            .map(|(_, position)| *position)
            .collect();
        for position in &chosen {
            self.introductions.note(now, asker, candidates[*position]);
        }
        chosen
    }

    /// How good a neighbour somebody would be.
    fn worth(&self, asker: Option<&Viewer<V>>, candidate: V) -> f64 {
        let other = self
            .viewers
            .find(candidate)
            .and_then(|slot| self.viewers.get(slot));
        let Some(other) = other else {
            return STRANGER;
        };
        let needs = asker.map_or(0.0, |asker| {
            let soon = self.film.whole_pieces_in(SOON);
            let soon = asker.playhead..asker.playhead.saturating_add(soon);
            let has = asker.held.count_gaps_in(&other.held, soon.clone());
            f64::from(has) / f64::from(soon.end - soon.start).max(1.0)
        });
        let uplink = other.uplink(&self.rules);
        let places = (uplink / PER_NEIGHBOUR).clamp(4.0, 12.0);
        let spare = (1.0 - f64::from(other.neighbours) / places).clamp(-0.4, 1.0);
        let gives = match (other.counts, other.neighbours >= FULL) {
            (true, false) => 1.0,
            (true, true) => 0.05,
            (false, _) => 0.1,
        };
        let speed = (uplink / f64::from(self.rules.uplink_guess)).sqrt();
        gives * (1.0 + needs) * (0.5 + spare) * speed.min(2.0)
    }
}
