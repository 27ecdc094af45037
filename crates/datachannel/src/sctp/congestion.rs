//! How much may be in flight. The window grows as CUBIC's does (RFC 9438) and is cut to seven tenths when the path is full. What
//! differs is the reading of a loss: on a long path, a packet that is lost now and then while the round trip stays as short as it ever
//! was is taken for the weather of a radio link and not for a full queue; otherwise one per cent of loss at 50 ms would hold any
//! window-based sender to two megabits. More loss than that, or loss with a queue, is congestion. On a short path a cut is made good
//! within milliseconds, and loss there means an overrun socket buffer, so there every loss counts.

use std::time::Duration;

use super::rtt::Rtt;

/// How much of the window is left after a cut.
const CUT: f64 = 0.7;

/// CUBIC's constant: how fast the window grows, in packets per second cubed.
const GROWTH: f64 = 0.4;

/// How many packets are sent at first.
const INITIAL: usize = 10;

/// Which share of packets may be lost before it is congestion whatever else is seen.
const WEATHER: f64 = 0.025;

/// Over how many packets the share of losses is averaged.
const MEMORY: f64 = 1024.0;

/// A path with a shorter round trip has no weather.
const LONG_PATH: Duration = Duration::from_millis(10);

/// The window and what it is steered by. Lengths are bytes.
#[derive(Debug)]
pub struct Congestion {
    mtu: usize,
    window: f64,
    /// Up to here the window doubles with every round trip.
    threshold: f64,
    /// The window before the last cut.
    peak: f64,
    epoch: Option<Epoch>,
    /// The transmission after which a loss is a new event and not part of the last one.
    recovery: Option<u64>,
    /// The share of packets lost of late.
    lost: f64,
}

/// Growth since the last cut or rest.
#[derive(Debug)]
struct Epoch {
    began: Duration,
    /// The window in packets around which the curve is flat.
    origin: f64,
    /// After how many seconds it gets there.
    plateau: f64,
    /// The bytes that Reno's window would have by now.
    reno: f64,
}

/// Whether the path must be given relief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The window was cut.
    Cut,
    /// It was not, or already had been.
    Kept,
}

impl Congestion {
    pub fn new(mtu: usize) -> Self {
        Self {
            mtu,
            window: (INITIAL * mtu) as f64,
            threshold: f64::INFINITY,
            peak: 0.0,
            epoch: None,
            recovery: None,
            lost: 0.0,
        }
    }

    /// How many bytes may be in flight.
    pub fn window(&self) -> usize {
        self.window as usize
    }

    /// By which factor, in quarters, the pace is ahead of a window per round trip.
    pub fn pace_quarters(&self) -> u64 {
        if self.window < self.threshold { 8 } else { 5 }
    }

    /// Something has arrived that had been sent; `limited` says whether the window had kept more from being sent.
    pub fn acknowledged(&mut self, now: Duration, bytes: usize, limited: bool, rtt: &Rtt) {
        let bytes = bytes as f64;
        self.lost -= self.lost * (bytes / self.mtu as f64 / MEMORY).min(1.0);
        if !limited {
            // Time in which nobody wanted more says nothing about the path.
            self.epoch = None;
            return;
        }
        if self.window < self.threshold {
            self.window += bytes;
            if rtt.fresh_queue() > (rtt.lowest() / 8).max(Duration::from_millis(4)) {
                self.threshold = self.window;
                self.peak = self.window;
            }
            return;
        }
        self.grow(now, bytes, rtt);
    }

    fn grow(&mut self, now: Duration, bytes: f64, rtt: &Rtt) {
        let mtu = self.mtu as f64;
        let epoch = self.epoch.get_or_insert_with(|| {
            let origin = self.peak.max(self.window) / mtu;
            Epoch {
                began: now,
                origin,
                plateau: ((origin - self.window / mtu) / GROWTH).cbrt(),
                reno: self.window,
            }
        });
        epoch.reno += 3.0 * (1.0 - CUT) / (1.0 + CUT) * mtu * bytes / self.window;
        let ahead = now.saturating_sub(epoch.began) + rtt.smoothed().unwrap_or_default();
        let time = ahead.as_secs_f64() - epoch.plateau;
        let goal = (epoch.origin + GROWTH * time.powi(3)) * mtu;
        let goal = goal.max(epoch.reno);
        let goal = goal.clamp(self.window, self.window * 1.5);
        self.window += (goal - self.window) * (bytes / self.window).min(1.0);
    }

    /// Packets are taken for lost, the latest of them sent as transmission `sent`; `latest` is the latest transmission of all.
    pub fn lost(&mut self, bytes: usize, sent: u64, latest: u64, rtt: &Rtt) -> Verdict {
        if self.recovery.is_some_and(|end| sent <= end) {
            return Verdict::Kept;
        }
        let packets = bytes as f64 / self.mtu as f64;
        self.lost += (1.0 - self.lost) * (packets / MEMORY).min(1.0);
        let queued = rtt.queue() > (rtt.lowest() / 4).max(Duration::from_millis(5));
        if rtt.lowest() >= LONG_PATH && !queued && self.lost <= WEATHER {
            return Verdict::Kept;
        }
        self.peak = self.window;
        self.window = (self.window * CUT).max((2 * self.mtu) as f64);
        self.threshold = self.window;
        self.epoch = None;
        self.recovery = Some(latest);
        // The losses that led here have been answered for.
        self.lost = self.lost.min(WEATHER / 2.0);
        Verdict::Cut
    }

    /// Nothing has been heard for too long: begin again with one packet.
    pub fn timed_out(&mut self) {
        self.peak = self.window;
        self.threshold = (self.window / 2.0).max((4 * self.mtu) as f64);
        self.window = self.mtu as f64;
        self.epoch = None;
        self.recovery = None;
    }

    /// Nothing has been sent for this many time-outs: what was known of the path fades.
    pub fn rested(&mut self, timeouts: u32) {
        let initial = (INITIAL * self.mtu) as f64;
        if self.window > initial {
            self.threshold = self.threshold.max(self.window * 0.75);
            self.window = (self.window / f64::from(1 << timeouts.min(16))).max(initial);
            self.epoch = None;
        }
    }
}
