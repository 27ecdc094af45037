//! Who is connected: the peers by the port's key, and the list of whom the pod has met in which swarm, at which the tracker looks before
//! it hands over an offer.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bittorrent::{InfoHash, PeerId};
use datachannel::PeerKey;
use tokio::sync::mpsc;

use super::Peer;
use crate::Offered;
use crate::connections::lock;
use crate::seeder::Seeding;

/// Offers that wait to be looked at.
const WAITING: usize = 256;

/// A peer in a swarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::seeder) struct Met {
    pub(in crate::seeder) infohash: InfoHash,
    pub(in crate::seeder) peer_id: PeerId,
}

/// Where the tracker leaves offers.
#[derive(Default)]
pub(in crate::seeder) struct Desk(Mutex<Option<Open>>);

struct Open {
    offers: mpsc::Sender<Offered>,
    met: HashSet<Met>,
    most: usize,
}

impl Desk {
    pub(super) fn open(&self, most: usize) -> mpsc::Receiver<Offered> {
        let (offers, receiver) = mpsc::channel(WAITING);
        *lock(&self.0) = Some(Open {
            offers,
            met: HashSet::new(),
            most,
        });
        receiver
    }

    pub(super) fn close(&self) {
        *lock(&self.0) = None;
    }

    /// Whether an offer of this peer would be taken.
    pub(in crate::seeder) fn wants(&self, met: &Met) -> bool {
        let desk = lock(&self.0);
        desk.as_ref().is_some_and(|open| {
            open.met.len() < open.most && !open.met.contains(met) && open.offers.capacity() > 0
        })
    }

    /// Takes an offer; its peer counts as met from now on.
    pub(in crate::seeder) fn leave(&self, offered: Offered) {
        if let Some(open) = lock(&self.0).as_mut() {
            let met = Met {
                infohash: offered.infohash,
                peer_id: offered.peer_id,
            };
            if open.offers.try_send(offered).is_ok() {
                open.met.insert(met);
            }
        }
    }

    pub(super) fn forget(&self, met: &Met) {
        if let Some(open) = lock(&self.0).as_mut() {
            open.met.remove(met);
        }
    }
}

/// The connected peers.
pub(super) struct Table {
    seeding: Arc<Seeding>,
    peers: HashMap<PeerKey, (Met, Peer)>,
    keys: HashMap<Met, PeerKey>,
}

impl Table {
    pub(super) fn new(seeding: Arc<Seeding>) -> Self {
        Self {
            seeding,
            peers: HashMap::new(),
            keys: HashMap::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    pub(super) fn has(&self, met: &Met) -> bool {
        self.keys.contains_key(met)
    }

    pub(super) fn insert(&mut self, key: PeerKey, met: Met, peer: Peer) {
        self.keys.insert(met, key);
        self.peers.insert(key, (met, peer));
    }

    pub(super) fn get(&mut self, key: PeerKey) -> Option<&mut Peer> {
        self.peers.get_mut(&key).map(|(_, peer)| peer)
    }

    pub(super) fn remove(&mut self, key: PeerKey) {
        if let Some((met, peer)) = self.peers.remove(&key) {
            peer.leave(&self.seeding);
            self.keys.remove(&met);
            self.seeding.desk.forget(&met);
        }
    }

    pub(super) fn keys(&self) -> Vec<PeerKey> {
        self.peers.keys().copied().collect()
    }

    /// Looks at every clock: who has to be let go, and why; who has something to be told.
    pub(super) fn tick(
        &mut self,
        now: Duration,
        patience: Duration,
    ) -> Vec<(PeerKey, Option<&'static str>)> {
        let look = |(key, (_, peer)): (&PeerKey, &mut (Met, Peer))| match peer.tick(now, patience) {
            Ok(false) => None,
            Ok(true) => Some((*key, None)),
            Err(farewell) => Some((*key, Some(farewell))),
        };
        self.peers.iter_mut().filter_map(look).collect()
    }
}
