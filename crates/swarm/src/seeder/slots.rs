//! Whose turn it is. So many peers are served at a time; while others wait, those that were served longest make room, so that everybody
//! gets a turn and the pod's upload is not cut into slices too thin for anybody. A seeder owes nobody anything, so turns go round
//! by time and not by what a peer gives.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

/// Turns of peers; `K` names one.
#[derive(Debug)]
pub struct Slots<K> {
    most: usize,
    /// How long nobody has to make room.
    turn: Duration,
    served: HashMap<K, Duration>,
    waiting: VecDeque<K>,
}

impl<K: Copy + Eq + Hash + Ord> Slots<K> {
    /// So many peers at a time, each for at least `turn`.
    pub fn new(most: usize, turn: Duration) -> Self {
        Self {
            most: most.max(1),
            turn,
            served: HashMap::new(),
            waiting: VecDeque::new(),
        }
    }

    /// A peer would like to be served; whether it is its turn at once.
    pub fn want(&mut self, now: Duration, peer: K) -> bool {
        if self.served.contains_key(&peer) {
            return true;
        }
        if self.served.len() < self.most && self.waiting.is_empty() {
            self.served.insert(peer, now);
            return true;
        }
        if !self.waiting.contains(&peer) {
            self.waiting.push_back(peer);
        }
        false
    }

    /// A peer is gone or wants nothing any more; whose turn it is instead.
    pub fn gone(&mut self, now: Duration, peer: K) -> Option<K> {
        self.waiting.retain(|other| *other != peer);
        let next = self.served.remove(&peer).and_then(|_| self.next(now));
        // A crowd that has gone home should not keep its memory.
        if (self.served.len() + self.waiting.len()) * 4 < self.room() {
            self.served.shrink_to(self.served.len() * 2);
            self.waiting.shrink_to(self.waiting.len() * 2);
        }
        next
    }

    /// Looks at the clock every few seconds: whose turn is over, and whose has come.
    pub fn rotate(&mut self, now: Duration) -> (Vec<K>, Vec<K>) {
        let (mut over, mut come) = (Vec::new(), Vec::new());
        while self.served.len() < self.most
            && let Some(peer) = self.next(now)
        {
            come.push(peer);
        }
        let mut longest: Vec<(Duration, K)> = self
            .served
            .iter()
            .filter(|(_, since)| now.saturating_sub(**since) >= self.turn)
            .map(|(peer, since)| (*since, *peer))
            .collect();
        longest.sort_unstable();
        // At most a quarter at a time: a client needs some seconds to get up to speed.
        let most = (self.most / 4).max(1);
        for (_, peer) in longest.into_iter().take(most.min(self.waiting.len())) {
            self.served.remove(&peer);
            over.push(peer);
            come.extend(self.next(now));
            self.waiting.push_back(peer);
        }
        (over, come)
    }

    /// How many are served and how many wait.
    pub fn counts(&self) -> (usize, usize) {
        (self.served.len(), self.waiting.len())
    }

    /// Peers for which memory is set aside, whether they are there or not.
    pub fn room(&self) -> usize {
        self.served.capacity() + self.waiting.capacity()
    }

    fn next(&mut self, now: Duration) -> Option<K> {
        let peer = self.waiting.pop_front()?;
        self.served.insert(peer, now);
        Some(peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_gets_the_same_time() {
        let second = Duration::from_secs(1);
        let mut slots = Slots::new(4, 30 * second);
        let mut served = [0; 10];
        let mut turn = [false; 10];
        for (peer, turn) in turn.iter_mut().enumerate() {
            *turn = slots.want(Duration::ZERO, peer);
        }
        assert_eq!(turn.iter().filter(|turn| **turn).count(), 4);
        for tenth in 0..2000 {
            let (over, come) = slots.rotate(10 * second * tenth);
            over.iter().for_each(|peer| turn[*peer] = false);
            come.iter().for_each(|peer| turn[*peer] = true);
            assert_eq!(turn.iter().filter(|turn| **turn).count(), 4);
            (0..10).for_each(|peer| served[peer] += usize::from(turn[peer]));
        }
        assert!(
            served.iter().all(|served| (750..=850).contains(served)),
            "{served:?}"
        );
    }

    #[test]
    fn a_turn_passes_on_when_somebody_leaves() {
        let now = Duration::ZERO;
        let mut slots = Slots::new(1, Duration::from_secs(30));
        assert!(slots.want(now, 'a'));
        assert!(!slots.want(now, 'b') && !slots.want(now, 'c') && !slots.want(now, 'b'));
        assert_eq!(slots.gone(now, 'b'), None);
        assert_eq!(slots.gone(now, 'a'), Some('c'));
        assert_eq!(slots.gone(now, 'c'), None);
        assert_eq!(slots.counts(), (0, 0));
        assert_eq!(slots.gone(now, 'c'), None);
        assert_eq!(slots.rotate(now), (vec![], vec![]));
    }
}
