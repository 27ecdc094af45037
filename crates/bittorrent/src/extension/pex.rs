//! Addresses of other peers of the swarm, passed from peer to peer (BEP 11): those met since the last message, and those lost. The
//! document allows fifty of each in a message; who sends more is read that far.

use std::net::SocketAddr;

use super::{BadExtension, dictionary};
use crate::bencode::{Item, Value};
use crate::compact;

/// The most peers of one kind and address family that are read from, or written into, a message.
pub const MAX_PEERS: usize = 50;

/// The longest message that is read: twice what the document allows.
const MAX_SIZE: usize = 8 << 10;

/// Another peer, and what is said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// Where it can be called.
    pub address: SocketAddr,
    /// What it is: the sum of [`ENCRYPTS`], [`SEEDS`] and others that are not used here.
    pub flags: u8,
}

/// It prefers an encrypted connection.
pub const ENCRYPTS: u8 = 0x01;

/// It has everything.
pub const SEEDS: u8 = 0x02;

/// What has changed among the peers that somebody is connected with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pex {
    /// Those that came.
    pub added: Vec<Added>,
    /// Those that went.
    pub dropped: Vec<SocketAddr>,
}

impl Pex {
    /// Reads a payload.
    pub fn parse(payload: &[u8]) -> Result<Self, BadExtension> {
        let (dict, _) = dictionary(payload, MAX_SIZE)?;
        let list = |name: &[u8]| dict.get(name).and_then(Value::bytes).unwrap_or_default();
        let flagged = |addresses: &mut dyn Iterator<Item = SocketAddr>, flags: &[u8]| {
            let flags = flags.iter().copied().chain(std::iter::repeat(0));
            let added = addresses.zip(flags).take(MAX_PEERS);
            added
                .map(|(address, flags)| Added { address, flags })
                .collect::<Vec<_>>()
        };
        let mut added = flagged(&mut compact::read_v4(list(b"added")), list(b"added.f"));
        added.extend(flagged(
            &mut compact::read_v6(list(b"added6")),
            list(b"added6.f"),
        ));
        let dropped = compact::read_v4(list(b"dropped")).take(MAX_PEERS);
        let dropped6 = compact::read_v6(list(b"dropped6")).take(MAX_PEERS);
        Ok(Self {
            added,
            dropped: dropped.chain(dropped6).collect(),
        })
    }

    /// The payload to send; of each list the first [`MAX_PEERS`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        let (mut flags, mut flags6) = (Vec::new(), Vec::new());
        for peer in &self.added {
            compact::write(peer.address, &mut v4, &mut v6);
            match peer.address {
                SocketAddr::V4(_) => flags.push(peer.flags),
                SocketAddr::V6(_) => flags6.push(peer.flags),
            }
        }
        let (mut gone, mut gone6) = (Vec::new(), Vec::new());
        for address in &self.dropped {
            compact::write(*address, &mut gone, &mut gone6);
        }
        let first = |mut list: Vec<u8>, size: usize| {
            list.truncate(MAX_PEERS * size);
            Item::Bytes(list.into())
        };
        Item::dict([
            ("added", first(v4, 6)),
            ("added.f", first(flags, 1)),
            ("added6", first(v6, 18)),
            ("added6.f", first(flags6, 1)),
            ("dropped", first(gone, 6)),
            ("dropped6", first(gone6, 18)),
        ])
        .encode()
    }
}
