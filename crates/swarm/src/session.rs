//! What the tracker remembers about one connection: which swarms it is in, so that it can leave them all when it closes, and how fast
//! it may still speak. It lives with its connection and not in the swarm table, so that the table can be split by swarm.

use std::collections::HashSet;
use std::time::Duration;

use bittorrent::{InfoHash, PeerId};

use crate::Refusal;

/// So many requests per second on average, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Requests per second in the long run.
    pub per_second: f64,
    /// Requests that may come at once after a pause.
    pub burst: f64,
}

/// A bucket of tokens that fills with time; each request takes one.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    tokens: f64,
    filled: Duration,
}

impl Bucket {
    /// A full one.
    pub fn new(now: Duration, rate: Rate) -> Self {
        Self {
            tokens: rate.burst,
            filled: now,
        }
    }

    /// Takes a token, if there is one.
    pub fn take(&mut self, now: Duration, rate: Rate) -> Result<(), Refusal> {
        self.tokens = self.level(now, rate);
        self.filled = self.filled.max(now);
        if self.tokens < 1.0 {
            return Err(Refusal::TooFast);
        }
        self.tokens -= 1.0;
        Ok(())
    }

    /// Whether nothing is to be remembered about its owner any more.
    pub fn is_full(&self, now: Duration, rate: Rate) -> bool {
        self.level(now, rate) >= rate.burst
    }

    fn level(&self, now: Duration, rate: Rate) -> f64 {
        let passed = now.saturating_sub(self.filled).as_secs_f64();
        (self.tokens + passed * rate.per_second).min(rate.burst)
    }
}

/// One connection's memberships and pace.
#[derive(Debug)]
pub struct Session {
    joined: HashSet<(InfoHash, PeerId)>,
    most: usize,
    rate: Rate,
    bucket: Bucket,
}

impl Session {
    /// A connection that has just opened and may join at most so many swarms.
    pub fn new(now: Duration, swarms: usize, rate: Rate) -> Self {
        Self {
            joined: HashSet::new(),
            most: swarms,
            rate,
            bucket: Bucket::new(now, rate),
        }
    }

    /// Asks whether the connection may say something now.
    pub fn speak(&mut self, now: Duration) -> Result<(), Refusal> {
        self.bucket.take(now, self.rate)
    }

    /// Notes that the connection is in a swarm under this name.
    pub fn join(&mut self, infohash: InfoHash, peer_id: PeerId) -> Result<(), Refusal> {
        if self.joined.len() >= self.most && !self.joined.contains(&(infohash, peer_id)) {
            return Err(Refusal::TooManySwarms);
        }
        self.joined.insert((infohash, peer_id));
        Ok(())
    }

    /// Notes that it is no longer.
    pub fn part(&mut self, infohash: InfoHash, peer_id: PeerId) {
        self.joined.remove(&(infohash, peer_id));
    }

    /// All that it still is in.
    pub fn joined(&self) -> impl Iterator<Item = (InfoHash, PeerId)> {
        self.joined.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_may_speak_in_bursts_but_not_for_long() {
        let rate = Rate {
            per_second: 2.0,
            burst: 3.0,
        };
        let mut session = Session::new(Duration::ZERO, 1, rate);
        let mut spoken = |millis: u64| session.speak(Duration::from_millis(millis)).is_ok();
        let said: Vec<bool> = [
            0, 0, 0, 0, 400, 500, 500, 1000, 900, 60_000, 60_000, 60_000, 60_000,
        ]
        .map(&mut spoken)
        .into();
        let expected = [
            true, true, true, false, false, true, false, true, false, true, true, true, false,
        ];
        assert_eq!(said, expected);
        assert!(!session.bucket.is_full(Duration::from_secs(61), rate));
        assert!(session.bucket.is_full(Duration::from_secs(62), rate));
    }

    #[test]
    fn a_connection_is_in_a_bounded_number_of_swarms() {
        let (a, b, me) = (InfoHash([1; 20]), InfoHash([2; 20]), PeerId([3; 20]));
        let mut session = Session::new(
            Duration::ZERO,
            1,
            Rate {
                per_second: 1.0,
                burst: 1.0,
            },
        );
        assert_eq!(session.join(a, me), Ok(()));
        assert_eq!(session.join(a, me), Ok(()));
        assert_eq!(session.join(b, me), Err(Refusal::TooManySwarms));
        session.part(a, me);
        assert_eq!(session.join(b, me), Ok(()));
        assert_eq!(session.joined().collect::<Vec<_>>(), [(b, me)]);
    }
}
