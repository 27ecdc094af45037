//! When something could not be delivered: try again, later, smaller, or give up. A host that does not answer is one pause, however much
//! waits for it; a row that a host refuses for itself must not hold back the rows behind it.

use std::time::Duration;

use crate::DAY;
use crate::score::Event;

/// The longest pause.
pub const MAX_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);
/// The first pause.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// A host that has failed for so long is dead, in milliseconds: its rows are dropped. A friend's score says so earlier.
pub const DEAD_AFTER: i64 = 7 * DAY;
/// Tries of a row that is refused for a reason that may pass.
const TRIES: u32 = 5;

/// Why a delivery failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No answer in time, or an answer that trickles.
    TimeOut,
    /// No connection: no such name, refused, TLS.
    Unreachable,
    /// An answer with a status that is no success.
    Status(u16),
    /// A success whose answer is no receipt.
    BadReceipt,
}

impl Failure {
    /// What it costs the host.
    pub fn event(self) -> Option<Event> {
        match self {
            Self::TimeOut | Self::Unreachable => Some(Event::Silence),
            Self::Status(429 | 503) => None,
            Self::Status(500..) => Some(Event::ServerError),
            Self::Status(_) => None,
            Self::BadReceipt => Some(Event::Junk),
        }
    }
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The host is left alone for a [`pause`]; all its rows stay.
    RetryHost,
    /// Send half as many rows.
    Split,
    /// Fetch the host's actor again (keys and addresses change), then retry as with [`Verdict::RetryHost`].
    RefreshAndRetry,
    /// These rows are ended, with the status as the reason. The next ones go on.
    EndRows,
}

/// Judges a failed delivery of `rows` rows that were tried `tries` times, this one included.
pub fn verdict(failure: Failure, rows: usize, tries: u32) -> Verdict {
    let patient = |verdict| {
        if tries < TRIES {
            verdict
        } else if rows > 1 {
            Verdict::Split
        } else {
            Verdict::EndRows
        }
    };
    match failure {
        // Not the row's fault, and not for ever: the host's score, or its death, ends it.
        Failure::TimeOut | Failure::Unreachable | Failure::BadReceipt => Verdict::RetryHost,
        Failure::Status(408 | 425 | 429 | 500..) => Verdict::RetryHost,
        // Who we are was not believed, or they have moved.
        Failure::Status(401 | 403 | 404 | 405) => patient(Verdict::RefreshAndRetry),
        // What we sent is refused. In a group it may be one row of many.
        Failure::Status(_) if rows > 1 => Verdict::Split,
        Failure::Status(_) => Verdict::EndRows,
    }
}

/// How long a host is left alone after so many failures in a row: ten seconds, doubled each time up to a day, and up to a quarter less
/// by `chance`, so that those who failed together do not come back together. A message from the host ends the pause at once.
pub fn pause(failures: u32, chance: u32) -> Duration {
    let doubled = 1_u32
        .checked_shl(failures.saturating_sub(1))
        .filter(|doubled| *doubled < 1 << 16);
    let whole = doubled.map_or(MAX_PAUSE, |doubled| (FIRST_PAUSE * doubled).min(MAX_PAUSE));
    let less = f64::from(chance) / f64::from(u32::MAX) / 4.0;
    whole.mul_f64(1.0 - less)
}

/// Whether a host that has failed since then (milliseconds since 1970) is given up.
pub fn is_dead(failing_since: i64, now: i64) -> bool {
    now.saturating_sub(failing_since) >= DEAD_AFTER
}
