//! What a run comes to, as one line of a table.

use std::fmt;

use crate::Policy;

/// The figures of one run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Of the scenario.
    pub name: &'static str,
    /// Which engine.
    pub policy: Policy,
    /// Copies brought in on the pod's order.
    pub feed: f64,
    /// Copies taken at starts and seeks.
    pub instant: f64,
    /// Copies taken because nobody gave them in time; with p2p-media-loader everything over HTTP.
    pub rescue: f64,
    /// What the conductor believes that it all came to.
    pub believed: f64,
    /// Seconds until the first frame, sorted.
    pub starts: Vec<f64>,
    /// Seconds until the first frame after a seek, sorted.
    pub seeks: Vec<f64>,
    /// Stalls per viewer.
    pub stalls: f64,
    /// Seconds stalled per viewer.
    pub stalled: f64,
    /// Bytes of reports and orders per viewer.
    pub signalling: f64,
}

impl Outcome {
    /// Copies in all.
    pub fn copies(&self) -> f64 {
        self.feed + self.instant + self.rescue
    }

    /// The time within which so large a share of viewers saw the first frame.
    pub fn start(&self, share: f64) -> f64 {
        quantile(&self.starts, share)
    }
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = (sorted.len() as f64 * share) as usize;
    sorted
        .get(at.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0.0)
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = match self.policy {
            Policy::Conducted => "conductor",
            Policy::Loader => "p2p-media-loader",
        };
        write!(
            f,
            "{:27} {policy:16} {:8.2} copies ({:.2} / {:.2} / {:.2}), start p50 {:.2} p95 {:.2} s, stalls {:.3} ({:.2} s)",
            self.name,
            self.copies(),
            self.feed,
            self.instant,
            self.rescue,
            self.start(0.5),
            self.start(0.95),
            self.stalls,
            self.stalled,
        )?;
        if !self.seeks.is_empty() {
            let (half, most) = (quantile(&self.seeks, 0.5), quantile(&self.seeks, 0.95));
            write!(f, ", seeks p50 {half:.2} p95 {most:.2} s")?;
        }
        if self.signalling > 0.0 {
            write!(f, ", {:.1} kB of messages each", self.signalling / 1000.0)?;
        }
        Ok(())
    }
}
