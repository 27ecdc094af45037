//! What a swarm has cost its pod, and what it may still cost beyond one copy. Bytes that somebody merely claims to have taken are
//! believed only up to a share, so that one liar cannot make the pod stingy to everybody.

use std::time::Duration;

/// Bytes that left the pod for one swarm, as far as the conductor knows of them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Account {
    /// First copies, and copies for viewers whom nobody else can feed.
    pub feed: u64,
    /// Starts over HTTP of pieces that somebody had.
    pub instant: u64,
    /// What viewers took over HTTP because nobody gave it in time.
    pub rescue: u64,
    /// Bytes of the film.
    pub length: u64,
    /// Viewers at the moment.
    pub viewers: usize,
}

impl Account {
    /// Copies of the film in all.
    pub fn copies(&self) -> f64 {
        (self.feed + self.instant + self.rescue) as f64 / self.length.max(1) as f64
    }
}

#[derive(Debug)]
pub(super) struct Budget {
    /// Bytes of the whole budget.
    whole: f64,
    refill: Duration,
    /// Bytes spent and not come back yet.
    spent: f64,
    since: Duration,
    exhausted: bool,
}

impl Budget {
    pub(super) fn new(bytes: f64, refill: Duration) -> Self {
        Self {
            whole: bytes.max(1.0),
            refill,
            spent: 0.0,
            since: Duration::ZERO,
            exhausted: false,
        }
    }

    pub(super) fn spend(&mut self, now: Duration, bytes: u64) {
        self.come_back(now);
        self.spent += bytes as f64;
    }

    pub(super) fn give_back(&mut self, bytes: u64) {
        self.spent = (self.spent - bytes as f64).max(0.0);
    }

    /// What one viewer's word is worth at most (bytes).
    pub(super) fn share(&self) -> u64 {
        (self.whole / 4.0) as u64
    }

    /// Whether nothing is left; once that is so, a tenth has to come back before it is not.
    pub(super) fn is_exhausted(&mut self, now: Duration) -> bool {
        self.come_back(now);
        self.exhausted = self.spent >= self.whole * if self.exhausted { 0.9 } else { 1.0 };
        self.exhausted
    }

    fn come_back(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.since).as_secs_f64();
        self.since = self.since.max(now);
        let share = passed / self.refill.as_secs_f64().max(1.0);
        self.spent = (self.spent - self.whole * share).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_budget_comes_back_with_time() {
        let at = Duration::from_secs;
        let mut budget = Budget::new(200.0, at(100));
        budget.spend(at(0), 199);
        assert!(!budget.is_exhausted(at(0)));
        budget.spend(at(0), 1);
        assert!(budget.is_exhausted(at(0)));
        assert!(budget.is_exhausted(at(9)), "a tenth has to come back");
        assert!(!budget.is_exhausted(at(11)));
        // A clock that goes backwards brings nothing back twice.
        budget.spend(at(5), 200);
        assert!(budget.is_exhausted(at(11)));
        budget.give_back(200);
        assert!(!budget.is_exhausted(at(11)));
    }

    #[test]
    fn copies_of_nothing() {
        assert_eq!(Account::default().copies(), 0.0);
    }
}
