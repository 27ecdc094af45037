//! The pace of those who come over HTTP and UDP, where no connection remembers them: a bucket of tokens per address prefix. A bucket that is
//! full again says nothing and is thrown away, and the number of buckets is bounded, so a crowd of strangers costs no memory.

use std::collections::HashMap;
use std::time::Duration;

use swarm::{Bucket, Prefix, Rate, Refusal};

/// Neighbourhoods that are remembered at a time.
const MOST: usize = 20_000;

#[derive(Debug)]
pub(crate) struct Throttle {
    rate: Rate,
    buckets: HashMap<Prefix, Bucket>,
}

impl Throttle {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            buckets: HashMap::new(),
        }
    }

    /// Lets one request of a neighbourhood through, or not.
    pub(crate) fn pass(&mut self, now: Duration, prefix: Prefix) -> Result<(), Refusal> {
        if self.buckets.len() >= MOST && !self.buckets.contains_key(&prefix) {
            // There is no room for strangers until somebody has calmed down; see `tidy`.
            return Err(Refusal::TooFast);
        }
        self.buckets
            .entry(prefix)
            .or_insert_with(|| Bucket::new(now, self.rate))
            .take(now, self.rate)
    }

    /// Forgets the calm. Called every few seconds.
    pub(crate) fn tidy(&mut self, now: Duration) {
        self.buckets
            .retain(|_, bucket| !bucket.is_full(now, self.rate));
        self.buckets.shrink_to(self.buckets.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbourhoods_do_not_slow_each_other_and_memory_is_bounded() {
        let mut throttle = Throttle::new(Rate {
            per_second: 1.0,
            burst: 2.0,
        });
        let (a, b) = (Prefix::V4([1, 1, 1]), Prefix::V4([2, 2, 2]));
        let passed = [a, a, a, b].map(|prefix| throttle.pass(Duration::ZERO, prefix).is_ok());
        assert_eq!(passed, [true, true, false, true]);
        for n in 0..100_000_u32 {
            let [_, x, y, z] = n.to_be_bytes();
            let _ = throttle.pass(Duration::ZERO, Prefix::V6([9, 9, 9, x, y, z]));
        }
        assert_eq!(throttle.buckets.len(), MOST);
        throttle.tidy(Duration::from_secs(60));
        assert_eq!(throttle.buckets.len(), 0);
    }
}
