//! The pace of sending. A window that opens is not poured out at once: sockets on the way hold a few hundred packets, and those of the
//! receiver often less than a hundred. A credit of bytes grows with the clock and is spent by packets. Once it is spent, nothing goes
//! out until there is enough for about a millisecond of sending: timers are not finer, and packets that leave together are cheaper.

use std::time::Duration;

/// The largest burst on slow paths, and how much larger it may be where even that is gone within a timer's grain, in packets.
const BURST: usize = 16;
const FAST_BURST: usize = 64;

/// The credit.
#[derive(Debug)]
pub struct Pacer {
    mtu: usize,
    credit: i64,
    at: Duration,
    open: bool,
    /// Bytes per second.
    rate: u64,
}

impl Pacer {
    pub fn new(mtu: usize) -> Self {
        Self {
            mtu,
            credit: (BURST * mtu) as i64,
            at: Duration::ZERO,
            open: true,
            rate: 0,
        }
    }

    /// Sets the pace: `bytes` in the time `per`; a pace without a time is as fast as bursts allow.
    pub fn set(&mut self, bytes: u64, per: Option<Duration>) {
        let micros = per.map_or(0, |per| per.as_micros() as u64);
        self.rate = bytes.saturating_mul(1_000_000) / micros.max(100);
    }

    /// Whether a packet may be sent now, when `wanting` bytes wait.
    pub fn ready(&mut self, now: Duration, wanting: usize) -> bool {
        let passed = now.saturating_sub(self.at).as_micros() as u64;
        let earned = self.rate.saturating_mul(passed) / 1_000_000;
        if earned > 0 {
            let burst = self.burst();
            let earned = earned.min(burst + self.mtu as u64);
            self.credit = (self.credit + earned as i64).min(burst as i64);
            self.at = now;
        }
        if !self.open {
            self.open = self.credit >= self.quantum(wanting);
        }
        self.open
    }

    /// A packet was sent.
    pub fn spend(&mut self, bytes: usize) {
        self.credit -= bytes as i64;
        self.open = self.credit > 0;
    }

    /// When [`ready`](Self::ready) will say yes.
    pub fn ready_at(&self, wanting: usize) -> Duration {
        if self.open || self.rate == 0 {
            return self.at;
        }
        let lacking = (self.quantum(wanting) - self.credit).max(0) as u64;
        self.at + Duration::from_micros((lacking * 1_000_000).div_ceil(self.rate))
    }

    /// How many bytes may leave in one go: two milliseconds' worth, within reason.
    fn burst(&self) -> u64 {
        (self.rate / 500).clamp((BURST * self.mtu) as u64, (FAST_BURST * self.mtu) as u64)
    }

    fn quantum(&self, wanting: usize) -> i64 {
        let worth = (self.rate / 1000) as usize;
        worth.clamp(self.mtu, BURST * self.mtu).min(wanting.max(1)) as i64
    }
}
