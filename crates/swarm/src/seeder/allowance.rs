//! How fast bytes may leave: a bucket that fills at a steady rate. Whoever asks for more than there is gets what there is, or is told
//! how long to wait. One is for the pod, one for each peer.

use std::time::Duration;

/// A budget of bytes per second.
#[derive(Debug, Clone)]
pub struct Allowance {
    /// Bytes per second; 0 is without a limit.
    rate: u64,
    tokens: u64,
    filled: Duration,
}

impl Allowance {
    /// So many bytes per second; 0 is without a limit.
    pub fn new(now: Duration, rate: u64) -> Self {
        Self {
            rate,
            tokens: burst(rate),
            filled: now,
        }
    }

    /// Takes up to `want` bytes. When there are none to speak of, how long it takes until there are.
    pub fn take(&mut self, now: Duration, want: u64) -> Result<u64, Duration> {
        if self.rate == 0 {
            return Ok(want);
        }
        let passed = now.saturating_sub(self.filled);
        let gained = u128::from(self.rate) * passed.as_micros() / 1_000_000;
        if gained > 0 {
            self.tokens = self
                .tokens
                .saturating_add(u64::try_from(gained).unwrap_or(u64::MAX))
                .min(burst(self.rate));
            self.filled = now;
        }
        // Crumbs would make many small writes of one large one.
        let least = want.min(BLOCK).min(burst(self.rate));
        if self.tokens < least {
            return Err(
                Duration::from_secs_f64((least - self.tokens) as f64 / self.rate as f64)
                    .max(Duration::from_millis(1)),
            );
        }
        let granted = want.min(self.tokens);
        self.tokens -= granted;
        Ok(granted)
    }

    /// Gives back what was taken and not sent.
    pub fn give_back(&mut self, bytes: u64) {
        self.tokens = self.tokens.saturating_add(bytes).min(burst(self.rate));
    }
}

/// What clients ask for at once.
const BLOCK: u64 = 16 << 10;

/// A fifth of a second, and at least a block.
fn burst(rate: u64) -> u64 {
    (rate / 5).max(BLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_in_a_minute_is_the_rate() {
        for rate in [20_000, 1_000_000, 125_000_000] {
            let (mut now, mut sent) = (Duration::ZERO, 0);
            let mut allowance = Allowance::new(now, rate);
            while now < Duration::from_secs(60) {
                match allowance.take(now, 256 << 10) {
                    Ok(bytes) => sent += bytes,
                    Err(wait) => now += wait,
                }
            }
            let share = sent as f64 / (60 * rate) as f64;
            assert!((0.95..1.05).contains(&share), "{rate}: {share}");
        }
        let mut free = Allowance::new(Duration::ZERO, 0);
        assert_eq!(free.take(Duration::ZERO, 1 << 40), Ok(1 << 40));
    }
}
