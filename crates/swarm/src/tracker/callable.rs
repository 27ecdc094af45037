//! The members that are called at an address, IPv4 and IPv6 apart, because a reply over UDP holds addresses of one family only. To
//! whoever draws among both or sweeps they are one list: the positions of the IPv6 ones follow those of the others.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use bittorrent::tracker::udp::Family;

use crate::table::Table;

/// A peer that is called at its address.
#[derive(Debug)]
pub(crate) struct CalledPeer {
    pub(crate) complete: bool,
    pub(crate) seen: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Callable {
    v4: Table<SocketAddr, CalledPeer>,
    v6: Table<SocketAddr, CalledPeer>,
}

impl Callable {
    pub(crate) fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    pub(crate) fn room(&self) -> usize {
        self.v4.room() + self.v6.room()
    }

    /// The positions of one family, or of both.
    pub(crate) fn positions(&self, family: Option<Family>) -> Range<usize> {
        match family {
            None => 0..self.len(),
            Some(Family::V4) => 0..self.v4.len(),
            Some(Family::V6) => self.v4.len()..self.len(),
        }
    }

    pub(crate) fn at(&self, position: usize) -> Option<&(SocketAddr, CalledPeer)> {
        let (v4, v6) = (self.v4.entries(), self.v6.entries());
        v4.get(position)
            .or_else(|| v6.get(position.checked_sub(v4.len())?))
    }

    pub(crate) fn get(&self, address: &SocketAddr) -> Option<&CalledPeer> {
        match address {
            SocketAddr::V4(_) => self.v4.get(address),
            SocketAddr::V6(_) => self.v6.get(address),
        }
    }

    pub(crate) fn insert(&mut self, address: SocketAddr, peer: CalledPeer) {
        self.table(&address).insert(address, peer);
    }

    pub(crate) fn remove(&mut self, address: &SocketAddr) -> Option<CalledPeer> {
        self.table(address).remove(address)
    }

    fn table(&mut self, address: &SocketAddr) -> &mut Table<SocketAddr, CalledPeer> {
        match address {
            SocketAddr::V4(_) => &mut self.v4,
            SocketAddr::V6(_) => &mut self.v6,
        }
    }
}
