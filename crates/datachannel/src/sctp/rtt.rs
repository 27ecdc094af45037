//! How long an answer takes: the smoothed round trip with the time-out that follows from it (RFC 6298), and beside it the shortest
//! round trips of late and of long, whose difference is the queue on the way.

use std::time::Duration;

/// For how long a shortest round trip is believed before the path may have become another.
const MEMORY: Duration = Duration::from_secs(30);

/// How many measurements are few.
const FEW: u32 = 8;

/// What is known of the round trip.
#[derive(Debug)]
pub struct Rtt {
    smoothed: Option<Duration>,
    variation: Duration,
    lowest: Lowest,
    recent: Lowest,
    fresh: Lowest,
    /// How many measurements there were since the last few.
    count: u32,
}

impl Rtt {
    pub fn new() -> Self {
        Self {
            smoothed: None,
            variation: Duration::ZERO,
            lowest: Lowest::new(),
            recent: Lowest::new(),
            fresh: Lowest::new(),
            count: 0,
        }
    }

    /// Takes a measurement.
    pub fn sample(&mut self, now: Duration, rtt: Duration) {
        let smoothed = match self.smoothed {
            None => {
                self.variation = rtt / 2;
                rtt
            }
            Some(smoothed) => {
                self.variation = (self.variation * 3 + smoothed.abs_diff(rtt)) / 4;
                (smoothed * 7 + rtt) / 8
            }
        };
        self.smoothed = Some(smoothed);
        self.lowest.sample(now, rtt, MEMORY);
        self.recent.sample(now, rtt, smoothed);
        self.count += 1;
        if self.count == FEW {
            self.count = 0;
            self.fresh.begin(now);
        }
        self.fresh.sample(now, rtt, Duration::MAX);
    }

    /// The smoothed round trip, once there is one.
    pub fn smoothed(&self) -> Option<Duration> {
        self.smoothed
    }

    /// The shortest round trip of the last half minute or more; zero when there is none yet.
    pub fn lowest(&self) -> Duration {
        self.lowest.get().unwrap_or_default()
    }

    /// By how much even the shortest of the last one or two round trips were longer than the shortest of all: what waits on the way.
    pub fn queue(&self) -> Duration {
        let recent = self.recent.get().unwrap_or_default();
        recent.saturating_sub(self.lowest())
    }

    /// The same of the last few measurements: quick to see a queue that grows, quick to be mistaken.
    pub fn fresh_queue(&self) -> Duration {
        let (Some(present), Some(last)) = (self.fresh.present, self.fresh.last) else {
            return Duration::ZERO;
        };
        present.min(last).saturating_sub(self.lowest())
    }

    /// After how long something unanswered is overdue, within the given bounds.
    pub fn timeout(&self, min: Duration, max: Duration) -> Duration {
        let timeout = match self.smoothed {
            Some(smoothed) => smoothed + self.variation * 4,
            None => Duration::from_secs(1),
        };
        timeout.clamp(min, max.max(min))
    }

    /// After how long without an answer it is worth asking with a probe: later than nearly every answer.
    pub fn patience(&self) -> Duration {
        let smoothed = self.smoothed.unwrap_or(Duration::from_millis(500));
        let patience = (smoothed * 2).max(smoothed + self.variation * 4);
        patience.max(Duration::from_millis(10))
    }
}

/// The least of the samples of the present and the last span of time.
#[derive(Debug)]
struct Lowest {
    began: Duration,
    present: Option<Duration>,
    last: Option<Duration>,
}

impl Lowest {
    fn new() -> Self {
        Self {
            began: Duration::ZERO,
            present: None,
            last: None,
        }
    }

    fn sample(&mut self, now: Duration, value: Duration, span: Duration) {
        if now.saturating_sub(self.began) > span {
            self.begin(now);
        }
        self.present = Some(self.present.map_or(value, |least| least.min(value)));
    }

    /// The present span is the last one now.
    fn begin(&mut self, now: Duration) {
        self.began = now;
        self.last = self.present.take();
    }

    fn get(&self) -> Option<Duration> {
        let least = self.present.into_iter().chain(self.last);
        least.min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn timeouts() {
        let mut rtt = Rtt::new();
        assert_eq!(rtt.timeout(ms(200), ms(10_000)), ms(1000));
        rtt.sample(ms(0), ms(100));
        assert_eq!(rtt.timeout(ms(200), ms(10_000)), ms(300));
        for n in 1..100 {
            rtt.sample(ms(n * 100), ms(100));
        }
        assert_eq!(rtt.smoothed(), Some(ms(100)));
        assert_eq!(rtt.timeout(ms(200), ms(10_000)), ms(200));
        rtt.sample(ms(10_000), ms(60_000));
        assert_eq!(rtt.timeout(ms(200), ms(10_000)), ms(10_000));
    }

    #[test]
    fn a_queue_builds_up_and_a_longer_path_is_accepted_in_the_end() {
        let mut rtt = Rtt::new();
        for n in 0..100 {
            rtt.sample(ms(n * 10), ms(50));
        }
        assert_eq!(rtt.queue(), ms(0));
        for n in 100..200 {
            rtt.sample(ms(n * 10), ms(80));
        }
        assert_eq!((rtt.lowest(), rtt.queue()), (ms(50), ms(30)));
        for n in 200..7000 {
            rtt.sample(ms(n * 10), ms(80));
        }
        assert_eq!((rtt.lowest(), rtt.queue()), (ms(80), ms(0)));
    }
}
