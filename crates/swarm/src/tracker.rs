//! The tracker: a table of swarms and what happens to it when somebody announces, answers, leaves or falls silent. Peers with a
//! socket (browsers) are handed each other's offers; peers that can be called (desktop clients) get each other's addresses. Both
//! count as members of one swarm. A whole table can be split by infohash into several trackers, because nothing here looks beyond
//! one swarm.

mod callable;
mod members;

use std::cmp::Reverse;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bittorrent::tracker::socket::{self, Answer, Reply};
use bittorrent::tracker::udp::Family;
use bittorrent::tracker::{Announce, Announced, Counts, Event};
use bittorrent::{InfoHash, PeerId};

use crate::choose::{Crowd, sample};
use crate::table::Table;
use crate::{Limits, Refusal};
pub(crate) use members::SocketPeer;
use members::Swarm;

/// Names a connection; the owner of the sockets gives the numbers out, each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId(pub u64);

/// A message and the connection that it is for.
#[derive(Debug, Clone)]
pub struct Send<'a> {
    /// The connection.
    pub to: ConnId,
    /// The message.
    pub message: Reply<'a>,
}

/// How many are in a swarm, by what they have and by how they came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SwarmCounts {
    /// Peers that have everything.
    pub seeders: u32,
    /// Peers that still lack something.
    pub leechers: u32,
    /// Those of either kind that came over a WebSocket.
    pub browsers: u32,
}

/// The swarms and their members.
#[derive(Debug)]
pub struct Tracker {
    limits: Limits,
    swarms: Table<InfoHash, Swarm>,
    peers: usize,
    /// Where the next sweep goes on.
    cursor: usize,
}

impl Tracker {
    /// A tracker that knows no swarm yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            swarms: Table::default(),
            peers: 0,
            cursor: 0,
        }
    }

    /// A peer with a socket announces itself. The result is what to send, to itself and to those that `choose` picked for its offers:
    /// positions in the crowd, at most as many as it is asked for.
    pub fn announce_socket<'a>(
        &mut self,
        now: Duration,
        (conn, address): (ConnId, IpAddr),
        announce: &socket::Announce<'a>,
        choose: &mut dyn FnMut(&Crowd<'_>, usize) -> Vec<usize>,
    ) -> Result<Vec<Send<'a>>, Refusal> {
        let (infohash, peer_id) = (announce.infohash, announce.peer_id);
        if announce
            .offers
            .iter()
            .any(|offer| offer.sdp.size() > self.limits.sdp)
        {
            return Err(Refusal::SdpTooLong);
        }
        let mut sends = Vec::with_capacity(1 + announce.offers.len());
        if announce.event == Event::Stopped {
            self.leave(infohash, peer_id, conn);
            sends.push(Send {
                to: conn,
                message: self.announced(infohash),
            });
            return Ok(sends);
        }
        let complete = announce.left == Some(0) || announce.event == Event::Completed;
        let limits = self.limits;
        let event = announce.event;
        self.enter(infohash, |swarm| {
            swarm.admit_socket(
                &limits,
                peer_id,
                SocketPeer::new(conn, address, complete, now),
                event,
            )
        })?;
        sends.push(Send {
            to: conn,
            message: self.announced(infohash),
        });

        let swarm = self.swarms.get(&infohash).expect("just entered");
        let asker = swarm.sockets.position(&peer_id).expect("just admitted");
        let crowd = Crowd {
            infohash,
            asker,
            peers: swarm.sockets.entries(),
        };
        let numwant = announce
            .numwant
            .map_or(usize::MAX, |numwant| numwant as usize);
        let wanted = announce.offers.len().min(numwant).min(self.limits.offers);
        if wanted > 0 && crowd.len() > 1 {
            let chosen = choose(&crowd, wanted);
            let others = chosen.into_iter().filter(|position| *position != asker);
            let others = others.filter_map(|position| crowd.peers.get(position));
            sends.extend(others.zip(announce.offers.iter().take(wanted)).map(
                |((_, peer), offer)| Send {
                    to: peer.conn,
                    message: Reply::Offer {
                        infohash,
                        peer_id,
                        offer: *offer,
                    },
                },
            ));
        }
        Ok(sends)
    }

    /// A peer answers another's offer. `None` when either is not in the swarm, which happens whenever somebody leaves meanwhile.
    pub fn answer<'a>(
        &self,
        conn: ConnId,
        answer: &Answer<'a>,
    ) -> Result<Option<Send<'a>>, Refusal> {
        if answer.sdp.size() > self.limits.sdp {
            return Err(Refusal::SdpTooLong);
        }
        let offerer = self.swarms.get(&answer.infohash).and_then(|swarm| {
            // Only members may speak to members, and only under their own name.
            swarm
                .sockets
                .get(&answer.peer_id)
                .filter(|peer| peer.conn == conn)?;
            swarm.sockets.get(&answer.to_peer_id)
        });
        Ok(offerer.map(|peer| Send {
            to: peer.conn,
            message: Reply::Answer(*answer),
        }))
    }

    /// A peer without a socket announces itself from an address; the reply lists others of one family or of both, drawn with `below`.
    pub fn announce_from(
        &mut self,
        now: Duration,
        address: IpAddr,
        announce: &Announce,
        family: Option<Family>,
        below: &mut dyn FnMut(usize) -> usize,
    ) -> Result<Announced, Refusal> {
        let infohash = announce.infohash;
        let own = SocketAddr::new(address.to_canonical(), announce.port);
        if announce.event == Event::Stopped {
            self.retract(infohash, |swarm| swarm.remove_callable(&own));
        } else if announce.port != 0 {
            // Nobody can call a peer without a port, so listing it would help nobody.
            let complete = announce.left == Some(0) || announce.event == Event::Completed;
            let limits = self.limits;
            self.enter(infohash, |swarm| {
                swarm.admit_callable(&limits, own, complete, now, announce.event)
            })?;
        }
        let mut peers = Vec::new();
        if let Some(swarm) = self
            .swarms
            .get(&infohash)
            .filter(|_| announce.event != Event::Stopped)
        {
            let wanted = announce
                .numwant
                .map_or(usize::MAX, |numwant| numwant as usize)
                .min(self.limits.listed);
            let positions = swarm.callable.positions(family);
            // One more than wanted, in case that the asker is drawn.
            let drawn = sample(positions.len(), wanted.saturating_add(1), below);
            let drawn = drawn
                .into_iter()
                .filter_map(|draw| swarm.callable.at(positions.start + draw));
            peers = drawn
                .map(|(peer, _)| *peer)
                .filter(|peer| *peer != own)
                .take(wanted)
                .collect();
        }
        let interval = u32::try_from(self.limits.interval.as_secs()).unwrap_or(u32::MAX);
        Ok(Announced {
            interval,
            min_interval: interval / 2,
            counts: self.scrape(infohash),
            peers,
        })
    }

    /// A peer with a socket is gone. It matters only if it is still this connection that holds its place.
    pub fn leave(&mut self, infohash: InfoHash, peer_id: PeerId, conn: ConnId) {
        self.retract(infohash, |swarm| swarm.remove_socket(&peer_id, conn));
    }

    /// Forgets a swarm at once. The result is the connections that were in it, each once, so that they can be told.
    pub fn drop_swarm(&mut self, infohash: InfoHash) -> Vec<ConnId> {
        let Some(swarm) = self.swarms.remove(&infohash) else {
            return Vec::new();
        };
        self.peers -= swarm.len();
        let mut conns: Vec<ConnId> = swarm
            .sockets
            .entries()
            .iter()
            .map(|(_, peer)| peer.conn)
            .collect();
        conns.sort_unstable();
        conns.dedup();
        conns
    }

    /// Removes peers that have not announced themselves for too long. Looks at no more than about `budget` peers and goes on there
    /// the next time, so that a large table never holds anybody up; returns how many were removed.
    pub fn sweep(&mut self, now: Duration, budget: usize) -> usize {
        let before = self.peers;
        let silent_since = now.saturating_sub(self.limits.expiry);
        let mut budget = budget;
        let mut swarms = self.swarms.len();
        while budget > 0 && swarms > 0 {
            swarms -= 1;
            let Some((infohash, swarm)) = self.swarms.at_mut(self.cursor) else {
                self.cursor = 0;
                // Starting over looks at no swarm, so it does not count as one.
                swarms = (swarms + 1).min(self.swarms.len());
                continue;
            };
            let members = swarm.len();
            let done = swarm.sweep(silent_since, &mut budget);
            self.peers -= members - swarm.len();
            if swarm.len() == 0 {
                // Another swarm takes its position and is looked at next.
                self.swarms.remove(&infohash);
            } else if done {
                self.cursor += 1;
            }
        }
        before - self.peers
    }

    /// How many are in a swarm.
    pub fn counts(&self, infohash: InfoHash) -> SwarmCounts {
        self.swarms
            .get(&infohash)
            .map_or_else(SwarmCounts::default, Swarm::counts)
    }

    /// The same in the words of a scrape.
    pub fn scrape(&self, infohash: InfoHash) -> Counts {
        let SwarmCounts {
            seeders, leechers, ..
        } = self.counts(infohash);
        let downloaded = self
            .swarms
            .get(&infohash)
            .map_or(0, |swarm| swarm.downloaded);
        Counts {
            complete: seeders,
            incomplete: leechers,
            downloaded,
        }
    }

    /// Swarms that have members.
    pub fn swarms(&self) -> usize {
        self.swarms.len()
    }

    /// Members of all swarms together.
    pub fn peers(&self) -> usize {
        self.peers
    }

    /// The swarms with the most members, largest first; at most so many. Looks at every swarm once.
    pub fn busiest(&self, most: usize) -> Vec<(InfoHash, SwarmCounts)> {
        let swarms = self.swarms.entries().iter();
        let mut sizes: Vec<(Reverse<usize>, InfoHash)> = swarms
            .map(|(infohash, swarm)| (Reverse(swarm.len()), *infohash))
            .collect();
        if most < sizes.len() {
            sizes.select_nth_unstable(most);
            sizes.truncate(most);
        }
        sizes.sort_unstable();
        let counted = |(_, infohash)| (infohash, self.counts(infohash));
        sizes.into_iter().map(counted).collect()
    }

    /// Entries of all tables for which memory is set aside, whether they are taken or not: what to look at when memory is missing.
    pub fn room(&self) -> usize {
        let swarms = self.swarms.entries().iter();
        self.swarms.room() + swarms.map(|(_, swarm)| swarm.room()).sum::<usize>()
    }

    fn announced(&self, infohash: InfoHash) -> Reply<'static> {
        let interval = u32::try_from(self.limits.interval.as_secs()).unwrap_or(u32::MAX);
        Reply::Announced {
            infohash,
            interval,
            counts: self.scrape(infohash),
        }
    }

    /// Lets somebody into a swarm, which begins with its first member.
    fn enter(
        &mut self,
        infohash: InfoHash,
        admit: impl FnOnce(&mut Swarm) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        if let Some(swarm) = self.swarms.get_mut(&infohash) {
            let before = swarm.len();
            admit(swarm)?;
            self.peers += swarm.len() - before;
            return Ok(());
        }
        if self.swarms.len() >= self.limits.swarms {
            return Err(Refusal::TrackerFull);
        }
        let mut swarm = Swarm::default();
        admit(&mut swarm)?;
        self.peers += swarm.len();
        self.swarms.insert(infohash, swarm);
        Ok(())
    }

    /// Takes somebody out of a swarm, which ends with its last member.
    fn retract(&mut self, infohash: InfoHash, remove: impl FnOnce(&mut Swarm)) {
        if let Some(swarm) = self.swarms.get_mut(&infohash) {
            let before = swarm.len();
            remove(swarm);
            self.peers -= before - swarm.len();
            if swarm.len() == 0 {
                self.swarms.remove(&infohash);
            }
        }
    }
}

#[cfg(test)]
mod tests;
