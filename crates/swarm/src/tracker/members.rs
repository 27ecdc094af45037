//! The members of one swarm. Browsers are known by their peer id, because answers are addressed to it; a peer id belongs to the
//! neighbourhood that it first came from until it is given up, so that nobody can take over another's place. Desktop clients are
//! known by the address they can be called at.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bittorrent::PeerId;
use bittorrent::tracker::Event;

use super::callable::{Callable, CalledPeer};
use super::{ConnId, SwarmCounts};
use crate::table::Table;
use crate::{Limits, Prefix, Refusal};

/// A peer that is reached through its socket.
#[derive(Debug)]
pub(crate) struct SocketPeer {
    pub(crate) conn: ConnId,
    pub(crate) complete: bool,
    prefix: Prefix,
    seen: Duration,
}

impl SocketPeer {
    pub(crate) fn new(conn: ConnId, address: IpAddr, complete: bool, seen: Duration) -> Self {
        Self {
            conn,
            complete,
            prefix: address.into(),
            seen,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Swarm {
    pub(crate) sockets: Table<PeerId, SocketPeer>,
    pub(crate) callable: Callable,
    pub(crate) downloaded: u32,
    complete: u32,
    prefixes: HashMap<Prefix, usize>,
    /// Where the next sweep goes on: a position in `sockets`, and behind their end one in `callable`.
    cursor: usize,
}

impl Swarm {
    pub(crate) fn len(&self) -> usize {
        self.sockets.len() + self.callable.len()
    }

    pub(crate) fn room(&self) -> usize {
        self.sockets.room() + self.callable.room() + self.prefixes.capacity()
    }

    pub(crate) fn counts(&self) -> SwarmCounts {
        let all = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let browsers = u32::try_from(self.sockets.len()).unwrap_or(u32::MAX);
        SwarmCounts {
            seeders: self.complete,
            leechers: all.saturating_sub(self.complete),
            browsers,
        }
    }

    pub(crate) fn admit_socket(
        &mut self,
        limits: &Limits,
        peer_id: PeerId,
        peer: SocketPeer,
        event: Event,
    ) -> Result<(), Refusal> {
        let known = self.sockets.get(&peer_id);
        if known.is_some_and(|known| known.conn != peer.conn && known.prefix != peer.prefix) {
            return Err(Refusal::PeerIdTaken);
        }
        let was_complete = known.map(|known| known.complete);
        // It stays counted where it was counted first, whatever address it speaks from now.
        let prefix = known.map_or(peer.prefix, |known| known.prefix);
        if was_complete.is_none() {
            self.make_room(limits, prefix)?;
        }
        self.note(was_complete, peer.complete, event);
        self.sockets.insert(peer_id, SocketPeer { prefix, ..peer });
        Ok(())
    }

    pub(crate) fn admit_callable(
        &mut self,
        limits: &Limits,
        address: SocketAddr,
        complete: bool,
        now: Duration,
        event: Event,
    ) -> Result<(), Refusal> {
        let was_complete = self.callable.get(&address).map(|known| known.complete);
        if was_complete.is_none() {
            self.make_room(limits, address.ip().into())?;
        }
        self.note(was_complete, complete, event);
        self.callable.insert(
            address,
            CalledPeer {
                complete,
                seen: now,
            },
        );
        Ok(())
    }

    pub(crate) fn remove_socket(&mut self, peer_id: &PeerId, conn: ConnId) {
        if self
            .sockets
            .get(peer_id)
            .is_some_and(|peer| peer.conn == conn)
        {
            self.forget_socket(peer_id);
        }
    }

    pub(crate) fn remove_callable(&mut self, address: &SocketAddr) {
        if let Some(peer) = self.callable.remove(address) {
            self.complete -= u32::from(peer.complete);
            self.leave_prefix(address.ip().into());
        }
    }

    /// Removes members that were last seen before a time, looking at no more than `budget`; whether the end was reached.
    pub(crate) fn sweep(&mut self, silent_since: Duration, budget: &mut usize) -> bool {
        while *budget > 0 {
            *budget -= 1;
            let sockets = self.sockets.len();
            if let Some((peer_id, peer)) = self.sockets.entries().get(self.cursor) {
                // Whoever moves into the gap is looked at next.
                match peer.seen < silent_since {
                    true => self.forget_socket(&{ *peer_id }),
                    false => self.cursor += 1,
                }
            } else if let Some((address, peer)) = self.callable.at(self.cursor - sockets) {
                match peer.seen < silent_since {
                    true => self.remove_callable(&{ *address }),
                    false => self.cursor += 1,
                }
            } else {
                self.cursor = 0;
                return true;
            }
        }
        false
    }

    fn forget_socket(&mut self, peer_id: &PeerId) {
        if let Some(peer) = self.sockets.remove(peer_id) {
            self.complete -= u32::from(peer.complete);
            self.leave_prefix(peer.prefix);
        }
    }

    /// Counts one more of a neighbourhood, if it fits.
    fn make_room(&mut self, limits: &Limits, prefix: Prefix) -> Result<(), Refusal> {
        if self.len() >= limits.peers {
            return Err(Refusal::SwarmFull);
        }
        let members = self.prefixes.get(&prefix).copied().unwrap_or(0);
        if members >= limits.peers_per_prefix {
            return Err(Refusal::PrefixFull);
        }
        self.prefixes.insert(prefix, members + 1);
        Ok(())
    }

    fn leave_prefix(&mut self, prefix: Prefix) {
        if let Some(members) = self.prefixes.get_mut(&prefix) {
            *members -= 1;
            if *members == 0 {
                self.prefixes.remove(&prefix);
                if self.prefixes.len() * 4 < self.prefixes.capacity() {
                    self.prefixes.shrink_to(self.prefixes.len() * 2);
                }
            }
        }
    }

    /// Keeps the counts right for a member that was in the given state, or was none.
    fn note(&mut self, was_complete: Option<bool>, complete: bool, event: Event) {
        self.complete -= u32::from(was_complete == Some(true));
        self.complete += u32::from(complete);
        // Saying "completed" again and again counts once.
        if event == Event::Completed && was_complete != Some(true) {
            self.downloaded = self.downloaded.saturating_add(1);
        }
    }
}

/// The slow way to know, for tests to compare with.
#[cfg(test)]
impl Swarm {
    pub(super) fn complete_by_counting(&self) -> usize {
        let sockets = self.sockets.entries().iter();
        let sockets = sockets.filter(|(_, peer)| peer.complete).count();
        sockets + self.called().filter(|(_, peer)| peer.complete).count()
    }

    pub(super) fn prefixes_by_counting(&self) -> impl Iterator<Item = Prefix> {
        let sockets = self.sockets.entries().iter().map(|(_, peer)| peer.prefix);
        sockets.chain(self.called().map(|(address, _)| address.ip().into()))
    }

    pub(super) fn prefixes(&self) -> &HashMap<Prefix, usize> {
        &self.prefixes
    }

    fn called(&self) -> impl Iterator<Item = &(SocketAddr, CalledPeer)> {
        (0..self.callable.len()).filter_map(|position| self.callable.at(position))
    }
}
