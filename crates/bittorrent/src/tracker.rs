//! What peers and tracker say to each other: over HTTP in bencode ([`http`]) and over a WebSocket in JSON ([`socket`], WebTorrent's
//! dialect). The two dialects differ in spelling only, so what they have in common is here. Messages are read into types that hold
//! no more than they need; who may be told what is decided in `swarm`.

pub mod http;
pub mod socket;

/// How many swarms one scrape may ask about.
pub const MAX_SCRAPE: usize = 64;

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
