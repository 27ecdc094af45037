//! How much anybody may ask of us: a bucket of tokens for each address prefix, before a signature is even looked at, and one for each host
//! whose signature was checked. A bucket that is full again says nothing and is thrown away, and the number of buckets is bounded, so a
//! crowd of strangers costs no memory. What is a key is the owner's choice.

use std::collections::HashMap;
use std::hash::Hash;

use crate::MINUTE;

/// So much on average, and so much at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Tokens that come back each second.
    pub per_second: f64,
    /// Tokens there are at most.
    pub burst: f64,
}

/// Requests of an address prefix that is not known to be a pod: each may cost a fetch and the check of a signature.
pub const STRANGERS: Rate = Rate {
    per_second: 1.0,
    burst: 60.0,
};
/// Requests of a pod that signs. One group at a time, and hundreds of small things people do there.
pub const PODS: Rate = Rate {
    per_second: 5.0,
    burst: 300.0,
};
/// What we send to a pod: less than it lets through, so that even a list of a million videos is never taken for a flood.
pub const SENDING: Rate = Rate {
    per_second: 4.0,
    burst: 200.0,
};
/// Buckets that are kept at a time.
pub const MOST: usize = 20_000;

/// Too much was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests; come back in {} seconds", (.wait + 999) / 1000)]
pub struct TooFast {
    /// Milliseconds until it is worth trying again, for the header `Retry-After`.
    pub wait: i64,
    /// Whether it is to be charged to the score of the key's owner: once a minute, not for each of a million requests.
    pub charge: Charge,
}

/// Whether a refusal counts for the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// The first refusal within a minute.
    Now,
    /// It was charged already, or there is nobody to charge.
    No,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled: i64,
    charged: Option<i64>,
}

/// The buckets of all who asked lately.
#[derive(Debug)]
pub struct Flood<K> {
    rate: Rate,
    most: usize,
    buckets: HashMap<K, Bucket>,
    /// When the calm were forgotten last.
    tidied: i64,
}

/// Forgetting looks at all buckets, so it is not done more often (ms).
const TIDY: i64 = 1000;

impl<K: Hash + Eq> Flood<K> {
    /// Nobody has asked yet.
    pub fn new(rate: Rate, most: usize) -> Self {
        Self {
            rate,
            most,
            buckets: HashMap::new(),
            tidied: i64::MIN,
        }
    }

    /// Lets something through that is worth so many tokens, or not. `now` is in milliseconds.
    pub fn pass(&mut self, key: K, tokens: f64, now: i64) -> Result<(), TooFast> {
        if self.is_full() && now.saturating_sub(self.tidied) >= TIDY {
            self.tidied = now;
            self.tidy(now);
        }
        if self.is_full() && !self.buckets.contains_key(&key) {
            // Newcomers wait until somebody has calmed down.
            return Err(TooFast {
                wait: MINUTE,
                charge: Charge::No,
            });
        }
        let rate = self.rate;
        let bucket = self.buckets.entry(key).or_insert(Bucket {
            tokens: rate.burst,
            filled: now,
            charged: None,
        });
        bucket.tokens = bucket.level(now, rate);
        bucket.filled = bucket.filled.max(now);
        // Who asks for more than fits is let through by a full bucket, or it would wait for ever.
        let needed = tokens.min(rate.burst);
        if bucket.tokens >= needed {
            bucket.tokens -= needed;
            return Ok(());
        }
        let seconds = (needed - bucket.tokens) / rate.per_second;
        let due = bucket
            .charged
            .is_none_or(|last| now.saturating_sub(last) >= MINUTE);
        if due {
            bucket.charged = Some(now);
        }
        Err(TooFast {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "seconds of waiting are few"
            )]
            wait: (seconds * 1000.0).ceil() as i64,
            charge: if due { Charge::Now } else { Charge::No },
        })
    }

    fn is_full(&self) -> bool {
        self.buckets.len() >= self.most
    }

    /// Forgets the calm.
    fn tidy(&mut self, now: i64) {
        let rate = self.rate;
        self.buckets
            .retain(|_, bucket| bucket.level(now, rate) < rate.burst);
        self.buckets.shrink_to(self.buckets.len() * 2);
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether all is calm.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }
}

impl Bucket {
    #[expect(clippy::cast_precision_loss, reason = "a pause has few milliseconds")]
    fn level(&self, now: i64, rate: Rate) -> f64 {
        let passed = now.saturating_sub(self.filled).max(0) as f64 / 1000.0;
        (self.tokens + passed * rate.per_second).min(rate.burst)
    }
}

#[cfg(test)]
mod tests;
