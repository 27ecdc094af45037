//! How much of the tracker anybody may use, and the words with which more is refused. The limits bound memory: a swarm cannot hold
//! more than its share, and what one message makes the tracker send is bounded too.

use std::time::Duration;

/// The bounds of one [`Tracker`](crate::Tracker).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Swarms that are known at a time.
    pub swarms: usize,
    /// Peers of one swarm.
    pub peers: usize,
    /// Peers of one swarm from one address prefix.
    pub peers_per_prefix: usize,
    /// Offers relayed for one announce.
    pub offers: usize,
    /// Bytes of a session description.
    pub sdp: usize,
    /// Peers listed in a reply to one that can call them.
    pub listed: usize,
    /// How often peers are asked to announce themselves.
    pub interval: Duration,
    /// After how long without an announce a peer is taken for gone.
    pub expiry: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            swarms: 100_000,
            peers: 20_000,
            peers_per_prefix: 1000,
            offers: 10,
            sdp: 16 << 10,
            listed: 80,
            interval: Duration::from_secs(120),
            expiry: Duration::from_secs(300),
        }
    }
}

/// Why the tracker does not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// More swarms than the tracker keeps.
    #[error("the tracker is full")]
    TrackerFull,
    /// More peers than a swarm keeps.
    #[error("the swarm is full")]
    SwarmFull,
    /// More peers than one neighbourhood may have in a swarm.
    #[error("too many peers from your network in this swarm")]
    PrefixFull,
    /// The peer id is in use by somebody at another address.
    #[error("this peer id is taken")]
    PeerIdTaken,
    /// A session description beyond the limit.
    #[error("session description too long")]
    SdpTooLong,
    /// More swarms than one connection may join.
    #[error("too many swarms on one connection")]
    TooManySwarms,
    /// Requests faster than allowed.
    #[error("too many requests, slow down")]
    TooFast,
}

impl Refusal {
    /// A short name for counting.
    pub fn label(self) -> &'static str {
        match self {
            Self::TrackerFull => "tracker_full",
            Self::SwarmFull => "swarm_full",
            Self::PrefixFull => "prefix_full",
            Self::PeerIdTaken => "peer_id_taken",
            Self::SdpTooLong => "sdp_too_long",
            Self::TooManySwarms => "too_many_swarms",
            Self::TooFast => "too_fast",
        }
    }
}
