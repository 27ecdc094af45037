//! The 68 bytes with which a connection begins: the name of the protocol, what the sender is capable of, the swarm and the sender.

use std::fmt;

use crate::{InfoHash, PeerId};

/// How many bytes the handshake has.
pub const HANDSHAKE: usize = 68;

/// The length of the name and the name.
const PROTOCOL: &[u8; 20] = b"\x13BitTorrent protocol";

/// How a peer introduces itself (BEP 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handshake {
    /// What it is capable of.
    pub reserved: Reserved,
    /// Which swarm it is in.
    pub infohash: InfoHash,
    /// Who it is.
    pub peer_id: PeerId,
}

/// The eight bytes in which a peer says what it is capable of, one bit for each thing. Bits that are not known here are kept.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Reserved(pub [u8; 8]);

/// The bytes are not the beginning of a BitTorrent connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a BitTorrent handshake")]
pub struct BadHandshake;

impl Handshake {
    /// Reads a handshake.
    pub fn parse(bytes: &[u8; HANDSHAKE]) -> Result<Self, BadHandshake> {
        let rest = bytes.strip_prefix(PROTOCOL).ok_or(BadHandshake)?;
        let (reserved, rest) = rest.split_at_checked(8).ok_or(BadHandshake)?;
        let (infohash, peer_id) = rest.split_at_checked(20).ok_or(BadHandshake)?;
        Ok(Self {
            reserved: Reserved(reserved.try_into().map_err(|_| BadHandshake)?),
            infohash: infohash.try_into().map_err(|_| BadHandshake)?,
            peer_id: peer_id.try_into().map_err(|_| BadHandshake)?,
        })
    }

    /// Whether the first bytes of a connection can become a handshake; what cannot need not be waited for.
    pub fn may_start_with(bytes: &[u8]) -> bool {
        let length = bytes.len().min(PROTOCOL.len());
        bytes[..length] == PROTOCOL[..length]
    }

    /// The bytes to send.
    pub fn to_bytes(&self) -> [u8; HANDSHAKE] {
        let mut bytes = [0; HANDSHAKE];
        bytes[..20].copy_from_slice(PROTOCOL);
        bytes[20..28].copy_from_slice(&self.reserved.0);
        bytes[28..48].copy_from_slice(&self.infohash.0);
        bytes[48..].copy_from_slice(&self.peer_id.0);
        bytes
    }
}

impl Reserved {
    /// Whether the peer knows the fast extension (BEP 6).
    pub fn fast(self) -> bool {
        self.0[7] & 0x04 != 0
    }

    /// Whether the peer knows the extension protocol (BEP 10).
    pub fn extended(self) -> bool {
        self.0[5] & 0x10 != 0
    }

    /// Whether the peer takes part in the distributed hash table (BEP 5).
    pub fn dht(self) -> bool {
        self.0[7] & 0x01 != 0
    }

    /// The same with the fast extension.
    pub fn with_fast(mut self) -> Self {
        self.0[7] |= 0x04;
        self
    }

    /// The same with the extension protocol.
    pub fn with_extended(mut self) -> Self {
        self.0[5] |= 0x10;
        self
    }

    /// The same with the distributed hash table.
    pub fn with_dht(mut self) -> Self {
        self.0[7] |= 0x01;
        self
    }
}

impl fmt::Debug for Reserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reserved({:016x})", u64::from_be_bytes(self.0))
    }
}
