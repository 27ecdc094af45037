//! How far a viewer's word is good: it takes grants and brings them, and what it says it holds reaches others. Who fails does not
//! count for a while, so others are fed as if it were not there; it may take part again later, because a crowded uplink looks the
//! same as a lie. Nobody is accused for good, and nobody needs to prove anything before being relied on.

use std::time::Duration;

/// Below this a viewer does not count.
const ENOUGH: f32 = 0.5;

/// The trust in one viewer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trust {
    /// From 0 to 1.
    level: f32,
    /// Something that it brought in has reached somebody.
    proven: bool,
    /// How often it fell out of favour.
    strikes: u8,
    shunned_until: Duration,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            level: 1.0,
            proven: false,
            strikes: 0,
            shunned_until: Duration::ZERO,
        }
    }
}

impl Trust {
    /// Whether it counts now.
    pub(super) fn is_enough(&self, now: Duration) -> bool {
        now >= self.shunned_until
    }

    /// When it counts again, if it does not.
    pub(super) fn back_at(&self, now: Duration) -> Option<Duration> {
        (!self.is_enough(now)).then_some(self.shunned_until)
    }

    /// A granted piece has arrived.
    pub(super) fn brought(&mut self) {
        self.level = (self.level + 0.05).min(1.0);
    }

    /// A piece that it brought in was had by somebody else from other viewers.
    pub(super) fn passed_on(&mut self) {
        self.proven = true;
        self.level = (self.level + 0.02).min(1.0);
    }

    /// Grants were not brought in time.
    pub(super) fn broke_off(&mut self, now: Duration, shunned: Duration) {
        self.lose(0.2, now, shunned);
    }

    /// Somebody had to rescue a piece that it is said to hold.
    pub(super) fn failed(&mut self, now: Duration, shunned: Duration) {
        // One who never gave anything is more likely to lie than to be busy.
        let loss = if self.proven { 0.02 } else { 0.15 };
        self.lose(loss, now, shunned);
    }

    fn lose(&mut self, loss: f32, now: Duration, shunned: Duration) {
        self.level -= loss;
        if self.level >= ENOUGH || !self.is_enough(now) {
            return;
        }
        self.shunned_until = now + shunned * (1 << self.strikes.min(10));
        self.strikes = self.strikes.saturating_add(1);
        self.proven = false;
        // The next time it takes less to fall.
        self.level = ENOUGH + 0.2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lets_others_down_is_left_alone_for_longer_each_time() {
        let shunned = Duration::from_secs(30);
        let mut now = Duration::ZERO;
        let mut trust = Trust::default();
        let fall = |trust: &mut Trust, now: Duration| {
            let mut failures = 0;
            while trust.is_enough(now) {
                trust.failed(now, shunned);
                failures += 1;
            }
            (failures, trust.back_at(now).map(|at| at - now))
        };
        assert_eq!(fall(&mut trust, now), (4, Some(shunned)));
        now += shunned;
        assert_eq!(fall(&mut trust, now), (2, Some(shunned * 2)));
        now += shunned * 2;
        trust.passed_on();
        let (failures, _) = fall(&mut trust, now);
        assert!(failures > 5, "a proven one may fail more often: {failures}");
    }
}
