//! How much of everything a request may take. The defaults suit documents of other pods; nobody needs more to be read.

use std::time::Duration;

/// The bounds of a client.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From the start of a request to the last byte of its answer, over all redirects.
    pub total: Duration,
    /// For a connection with its TLS handshake.
    pub connect: Duration,
    /// From the request to the end of the answer's head, a new connection included.
    pub first_byte: Duration,
    /// Bytes a second that must come, measured over `pace_over`. Who sends less is given up.
    pub least_pace: u64,
    /// How long a stretch is looked at for the pace.
    pub pace_over: Duration,
    /// How many redirects are followed.
    pub redirects: usize,
    /// How many requests run at the same time.
    pub parallel: usize,
    /// How many of them to one host.
    pub parallel_per_host: usize,
    /// How long a request waits for its turn.
    pub turn: Duration,
    /// How many connections are kept for the next request.
    pub idle: usize,
    /// How many of them to one host.
    pub idle_per_host: usize,
    /// How long they are kept.
    pub idle_for: Duration,
    /// How long one may have waited to be used for a POST. Hosts close what waits, and a POST that is lost that way is not said twice.
    pub idle_for_post: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(30),
            connect: Duration::from_secs(8),
            first_byte: Duration::from_secs(15),
            least_pace: 1024,
            pace_over: Duration::from_secs(5),
            redirects: 3,
            parallel: 64,
            parallel_per_host: 6,
            turn: Duration::from_secs(30),
            idle: 128,
            idle_per_host: 2,
            idle_for: Duration::from_secs(20),
            idle_for_post: Duration::from_secs(1),
        }
    }
}

/// The head of an answer, in bytes.
pub(crate) const HEAD: usize = 64 * 1024;
/// Headers of an answer.
pub(crate) const HEADERS: usize = 100;
/// What is read of an answer that is no success: enough for the reason.
pub(crate) const REASON: u64 = 4096;
