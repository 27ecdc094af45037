//! What peers and tracker say to each other: over HTTP in bencode ([`http`]), over UDP in fixed fields ([`udp`]) and over a WebSocket in
//! JSON ([`socket`], WebTorrent's dialect, in [`frames`]). The dialects differ in spelling only, so what they have in common is here. Messages are read into types that hold
//! no more than they need; who may be told what is decided in `swarm`.

use std::net::SocketAddr;

use crate::{InfoHash, PeerId};

pub mod frames;
pub mod http;
pub mod socket;
pub mod udp;

/// How many swarms one scrape may ask about.
pub const MAX_SCRAPE: usize = 64;

/// A peer that can be called at an address says that it is in a swarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announce {
    /// Which swarm.
    pub infohash: InfoHash,
    /// Who.
    pub peer_id: PeerId,
    /// Where it listens, at the address that it speaks from.
    pub port: u16,
    /// How many bytes it lacks, if it says so.
    pub left: Option<u64>,
    /// Why it speaks.
    pub event: Event,
    /// How many peers it would like.
    pub numwant: Option<u32>,
}

/// Why a peer announces itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Event {
    /// The regular sign of life.
    #[default]
    Update,
    /// It joins.
    Started,
    /// It has just become complete.
    Completed,
    /// It leaves.
    Stopped,
}

impl Event {
    /// Clients have made up further events over the years ("paused", "empty"); all of them mean that the peer is still there.
    fn parse(text: &str) -> Self {
        match text {
            "started" => Self::Started,
            "completed" => Self::Completed,
            "stopped" => Self::Stopped,
            _ => Self::Update,
        }
    }
}

/// How many peers a swarm has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Peers that have everything.
    pub complete: u32,
    /// Peers that still lack something.
    pub incomplete: u32,
    /// How often a peer has become complete.
    pub downloaded: u32,
}

/// The reply to an announce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// Seconds until the peer should announce again.
    pub interval: u32,
    /// Seconds before which it should not.
    pub min_interval: u32,
    /// How many are in the swarm.
    pub counts: Counts,
    /// Some of them.
    pub peers: Vec<SocketAddr>,
}
