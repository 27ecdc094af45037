//! Why nothing was fetched, in a sentence for the admin, and of which kind that is, for those who keep score.

use std::net::IpAddr;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What shall be fetched is no address that a pod fetches from.
    #[error("“{url}” is not fetched: {reason}")]
    Address { url: String, reason: String },
    /// The host is on this machine or in a private network, where nobody from outside may lead the pod.
    #[error("{host} leads to {address}, which is {reason}: nothing there is asked")]
    Refused {
        host: String,
        address: IpAddr,
        reason: &'static str,
    },
    /// The name service knows no address.
    #[error("the name {host} was not found: {reason}")]
    NameNotFound { host: String, reason: String },
    /// Nobody took the call.
    #[error("{host} was not reached: {reason}")]
    Connect { host: String, reason: String },
    /// The host could not prove who it is.
    #[error("{host} was reached, but not safely: {reason}")]
    Tls { host: String, reason: String },
    /// It took too long.
    #[error("{host} did not {what} in time")]
    TimedOut { host: String, what: &'static str },
    /// The answer trickled in.
    #[error("{host} sends less than {least} bytes per second")]
    TooSlow { host: String, least: u64 },
    /// The answer is larger than the caller wants it, possibly only when it is unpacked.
    #[error("the answer of {host} is larger than {limit} bytes")]
    TooLarge { host: String, limit: u64 },
    /// One redirect led to the next.
    #[error("{host} redirects more than {limit} times")]
    TooManyRedirects { host: String, limit: usize },
    /// It led elsewhere, and that failed.
    #[error("{from} redirects: {error}")]
    Redirected { from: String, error: Box<Error> },
    /// The connection broke off, or what came was not HTTP.
    #[error("{host} answered unintelligibly: {reason}")]
    Broken { host: String, reason: String },
    /// The host answered with another status than success.
    #[error("{host} answered with status {status}{}", with_colon(.text))]
    Status {
        host: String,
        status: u16,
        /// The beginning of what it said.
        text: String,
    },
    /// So much is being fetched at the moment that this had no turn.
    #[error("{host} was not asked, because too many other requests are under way")]
    Busy { host: String },
    /// The caller's request cannot be sent.
    #[error("a request that cannot be sent: {0}")]
    Unsendable(String),
}

/// What a failure says about the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing: it is our own doing.
    Ours,
    /// It named, or led to, an address that no honest pod names.
    BadAddress,
    /// It is not there (its name, its port).
    Unreachable,
    /// Its certificate or its TLS is not in order.
    Unsafe,
    /// It is too slow.
    Slow,
    /// It sends too much: bytes, headers or redirects.
    Excessive,
    /// It speaks no proper HTTP, or broke off.
    Broken,
    /// It answers, but not with success.
    Status(u16),
}

impl Error {
    /// What it says about the other side.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Address { .. } | Self::Refused { .. } => Kind::BadAddress,
            Self::NameNotFound { .. } | Self::Connect { .. } => Kind::Unreachable,
            Self::Tls { .. } => Kind::Unsafe,
            Self::TimedOut { .. } | Self::TooSlow { .. } => Kind::Slow,
            Self::TooLarge { .. } | Self::TooManyRedirects { .. } => Kind::Excessive,
            Self::Redirected { error, .. } => error.kind(),
            Self::Broken { .. } => Kind::Broken,
            Self::Status { status, .. } => Kind::Status(*status),
            Self::Busy { .. } | Self::Unsendable(_) => Kind::Ours,
        }
    }
}

fn with_colon(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!(": {text}")
}
