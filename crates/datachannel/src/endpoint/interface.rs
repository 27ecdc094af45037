//! What an endpoint is told at its start, and what it tells.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;

use crate::sctp;

/// The longest message that is received, as the answer says.
pub(super) const MAX_MESSAGE: usize = 256 * 1024;

/// Bounds of an endpoint.
#[derive(Debug, Clone)]
pub struct Config {
    /// Peers at a time, in whatever state.
    pub peers: usize,
    /// How long a peer may take from the offer to the open channel.
    pub set_up: Duration,
    /// After how long without a connectivity check a peer is gone (RFC 7675).
    pub consent: Duration,
    /// How associations behave; the ports and the longest message are the endpoint's.
    pub sctp: sctp::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            peers: 10_000,
            set_up: Duration::from_secs(15),
            consent: Duration::from_secs(30),
            sctp: sctp::Config {
                // With the heads of DTLS, UDP and IPv6 it is 1280 bytes at most, which every network carries.
                mtu: 1192,
                send_buffer: 512 * 1024,
                max_message: MAX_MESSAGE,
                // Connectivity checks already tell whether a peer is alive.
                heartbeat: Duration::from_secs(300),
                ..sctp::Config::default()
            },
        }
    }
}

/// A peer of an endpoint. It stays unique after the peer has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerKey {
    pub(super) slot: u32,
    pub(super) generation: u32,
}

/// What an endpoint has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The peer has opened its channel; it can be written to.
    Open(PeerKey),
    /// A message on that channel.
    Data(PeerKey, Bytes),
    /// Half of the send buffer is free, after less of it was.
    Writable(PeerKey),
    /// The peer is gone; its key means nothing any more. Comes once for each accepted peer that was not closed from this side.
    Closed(PeerKey, Reason),
}

/// Why a peer is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Its channel was not open in time.
    SetUp,
    /// It has not been heard for too long.
    Silent,
    /// It has closed channel, association or connection.
    Left,
    /// It showed another certificate than its offer promised.
    Certificate,
    /// It broke a protocol's rules.
    Protocol,
}

/// How many peers there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accepted, with no open channel yet.
    pub setting_up: usize,
    /// With an open channel.
    pub open: usize,
}

/// A way between a peer and the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// The peer's end.
    pub remote: SocketAddr,
    /// Ours, when the port is open on several addresses: browsers take answers only from the address that they wrote to.
    pub local: Option<IpAddr>,
}
