//! Who is worth a connection: whoever holds what the asker needs next, has uplink to spare and few to feed so far. A part is chosen by
//! chance all the same, or a crowd would fall apart into circles of friends. It looks at a sample, whatever the size of the swarm.

use std::fmt::Debug;
use std::hash::Hash;
use std::time::Duration;

use super::Conductor;
use super::viewers::Viewer;
use crate::choose::sample;

/// Candidates looked at for each one wanted.
const LOOKED_AT: usize = 8;

/// One in so many is chosen by chance alone.
const BY_CHANCE: usize = 4;

/// What is believed of somebody of whom nothing is known.
const STRANGER: f64 = 0.5;

/// What a viewer needs next, for the purpose of choosing who may have it.
const SOON: Duration = Duration::from_secs(60);

/// Bytes per second of uplink that carry one more neighbour.
const PER_NEIGHBOUR: f64 = 100_000.0;

impl<V: Copy + Eq + Hash + Ord + Debug> Conductor<V> {
    /// Positions of those among `candidates` that the asker should be connected with, at most `wanted`, best first. `below(n)` is a
    /// number below `n`, each as likely as the other.
    pub fn neighbours(
        &self,
        asker: V,
        candidates: &[V],
        wanted: usize,
        below: &mut dyn FnMut(usize) -> usize,
    ) -> Vec<usize> {
        let looked_at = sample(candidates.len(), wanted.saturating_mul(LOOKED_AT), below);
        let asking = self
            .viewers
            .find(asker)
            .and_then(|slot| self.viewers.get(slot));
        let mut scored: Vec<(f64, usize)> = looked_at
            .into_iter()
            .filter(|position| candidates[*position] != asker)
            .map(|position| (self.worth(asking, candidates[position]), position))
            .collect();
        let by_chance = (wanted / BY_CHANCE).min(scored.len());
        let lucky = scored.split_off(scored.len() - by_chance);
        scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        scored.truncate(wanted - by_chance);
        scored
            .into_iter()
            .chain(lucky)
            .map(|(_, position)| position)
            .collect()
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
        let places = (uplink / PER_NEIGHBOUR).clamp(2.0, 12.0);
        let spare = 1.0 - f64::from(other.neighbours) / places;
        let gives = if other.counts { 1.0 } else { 0.1 };
        gives
            * (1.0 + needs)
            * (0.5 + spare.clamp(-0.4, 1.0))
            * (uplink / f64::from(self.rules.uplink_guess))
                .sqrt()
                .min(2.0)
    }
}
