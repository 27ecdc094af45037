//! The seeder with its peers, as the owner of the sockets runs it: bytes go in as they come, turns are passed on, and what leaves is
//! limited. The books beside it say who is connected, who waits, and whose turn it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bittorrent::{InfoHash, PeerId};
use swarm::seeder::{Allowance, Farewell, Slots, Torrent, UploadLimits, Uploader};

use crate::chance::Chance;
use crate::client::{Client, Habit};

const ME: PeerId = PeerId(*b"-SH0001-aaaaaaaaaaaa");

/// Peers that are served at a time, and for how long at least.
pub const SERVED: usize = 24;
const TURN: Duration = Duration::from_secs(30);

/// Bytes per second, in all and for one peer.
const UPLOAD: u64 = 3_000_000;
const UPLOAD_PER_PEER: u64 = 400_000;

struct Peer {
    uploader: Uploader,
    allowance: Allowance,
    client: Client,
    wants: bool,
    turn: bool,
}

pub struct Seeding {
    slots: Slots<u64>,
    allowance: Allowance,
    peers: BTreeMap<u64, Peer>,
    /// Torrents that the pod shares.
    shared: BTreeMap<InfoHash, Arc<Torrent>>,
    last: u64,
    sent: u64,
    pub farewells: BTreeMap<&'static str, usize>,
    pub completed: usize,
    pub rotated: usize,
    pub most_waiting: usize,
}

impl Seeding {
    pub fn new(shared: impl IntoIterator<Item = Torrent>) -> Self {
        let named = |torrent: Torrent| (torrent.infohash, Arc::new(torrent));
        Self {
            slots: Slots::new(SERVED, TURN),
            allowance: Allowance::new(Duration::ZERO, UPLOAD),
            peers: BTreeMap::new(),
            shared: shared.into_iter().map(named).collect(),
            last: 0,
            sent: 0,
            farewells: BTreeMap::new(),
            completed: 0,
            rotated: 0,
            most_waiting: 0,
        }
    }

    /// A torrent that is shared.
    pub fn torrent(&self, infohash: InfoHash) -> Option<Arc<Torrent>> {
        self.shared.get(&infohash).cloned()
    }

    /// Connections since the start.
    pub fn connections(&self) -> u64 {
        self.last
    }

    pub fn connect(&mut self, now: Duration, client: Client) -> u64 {
        self.last += 1;
        let peer = Peer {
            uploader: Uploader::new(now, UploadLimits::default()),
            allowance: Allowance::new(now, UPLOAD_PER_PEER),
            client,
            wants: false,
            turn: false,
        };
        self.peers.insert(self.last, peer);
        self.last
    }

    /// The client goes without telling anybody.
    pub fn vanish(&mut self, key: u64) {
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.client.habit = Habit::Vanished;
        }
    }

    /// A connection ends, from whichever side.
    pub fn hang_up(&mut self, now: Duration, key: u64) {
        if self.peers.remove(&key).is_some() {
            let next = self.slots.gone(now, key);
            self.pass(next);
        }
    }

    /// The pod no longer shares a torrent.
    pub fn forget(&mut self, now: Duration, infohash: InfoHash) {
        self.shared.remove(&infohash);
        let of = |(key, peer): (&u64, &Peer)| (peer.client.infohash() == infohash).then_some(*key);
        let keys: Vec<u64> = self.peers.iter().filter_map(of).collect();
        keys.into_iter().for_each(|key| self.hang_up(now, key));
    }

    pub fn rotate(&mut self, now: Duration) {
        let (over, come) = self.slots.rotate(now);
        for key in over {
            self.rotated += 1;
            let peer = self
                .peers
                .get_mut(&key)
                .expect("nobody is served who is gone");
            peer.turn = false;
        }
        come.into_iter().for_each(|key| self.pass(Some(key)));
        self.most_waiting = self.most_waiting.max(self.slots.counts().1);
    }

    fn pass(&mut self, next: Option<u64>) {
        if let Some(key) = next {
            let peer = self
                .peers
                .get_mut(&key)
                .expect("nobody is served who is gone");
            assert!(peer.wants && !peer.turn);
            peer.turn = true;
        }
    }

    /// The client says something, or time has passed. When to look again; `None` when the connection is over.
    pub fn step(&mut self, now: Duration, key: u64, chance: &mut Chance) -> Option<Duration> {
        let said = self.peers.get_mut(&key)?.client.says();
        let done = self
            .hear(now, key, &said, chance)
            .and_then(|()| self.pump(now, key));
        match done {
            Ok(wake) => {
                let busy = self.peers.get(&key).is_some_and(|peer| peer.turn);
                let (from, to) = if busy { (1, 8) } else { (10, 40) };
                Some(wake.min(now + chance.seconds(from, to)).max(now + TICK))
            }
            Err(farewell) => {
                *self.farewells.entry(farewell.label()).or_default() += 1;
                self.hang_up(now, key);
                None
            }
        }
    }

    fn hear(
        &mut self,
        now: Duration,
        key: u64,
        mut said: &[u8],
        chance: &mut Chance,
    ) -> Result<(), Farewell> {
        let uploader = &mut self.peers.get_mut(&key).unwrap().uploader;
        while !said.is_empty() {
            let crumb = said.split_off(..1 + chance.below(said.len())).unwrap();
            if let Some(asked) = uploader.hear(now, crumb)? {
                match self.shared.get(&asked) {
                    Some(torrent) => uploader.serve(now, torrent.clone(), ME)?,
                    None => return Err(Farewell::Silent),
                }
            }
        }
        Ok(())
    }

    fn pump(&mut self, now: Duration, key: u64) -> Result<Duration, Farewell> {
        let peer = self.peers.get_mut(&key).unwrap();
        if now >= peer.uploader.deadline() {
            peer.uploader.tick(now)?;
        }
        let wants = peer.uploader.is_interested();
        if wants != peer.wants {
            peer.wants = wants;
            if wants {
                peer.turn = self.slots.want(now, key);
            } else {
                peer.turn = false;
                let next = self.slots.gone(now, key);
                self.pass(next);
            }
        }
        let peer = self.peers.get_mut(&key).unwrap();
        peer.uploader.set_turn(now, peer.turn);
        let control = std::mem::take(peer.uploader.control());
        peer.client.hears(&control);
        let mut wake = peer.uploader.deadline();
        let waiting = peer.uploader.waiting(1 << 20) as u64;
        if waiting > 0 {
            match peer.allowance.take(now, waiting) {
                Ok(granted) => match self.allowance.take(now, granted) {
                    Ok(allowed) => {
                        peer.allowance.give_back(granted - allowed);
                        let mut blocks = Vec::new();
                        peer.uploader
                            .take_blocks(now, allowed as usize, &mut blocks);
                        for block in blocks {
                            assert!(peer.client.torrent.has(&block));
                            self.sent += u64::from(block.length);
                            // A block is sent whole, even if only a part of it was allowed.
                            peer.client.takes(&block);
                        }
                        self.completed += usize::from(peer.client.is_complete());
                    }
                    Err(wait) => {
                        peer.allowance.give_back(granted);
                        wake = wake.min(now + wait);
                    }
                },
                Err(wait) => wake = wake.min(now + wait),
            }
        }
        Ok(wake)
    }

    /// Compares everything with the books.
    pub fn check(&self, now: Duration) {
        let served = self.peers.values().filter(|peer| peer.turn).count();
        let waiting = self.peers.values();
        let waiting = waiting.filter(|peer| peer.wants && !peer.turn).count();
        assert_eq!(self.slots.counts(), (served, waiting), "{now:?}");
        assert!(served <= SERVED);
        assert!(self.slots.room() <= 16 + 8 * (SERVED + self.peers.len()));
        // At most 64 KiB too much each time that a part of a block was allowed.
        let most = 5 * UPLOAD * (now.as_secs() + 1);
        assert!(self.sent <= most, "{} of {most}", self.sent);
        let infohashes = self.peers.values().map(|peer| peer.client.infohash());
        let unshared: BTreeSet<InfoHash> = infohashes
            .filter(|infohash| !self.shared.contains_key(infohash))
            .collect();
        assert_eq!(unshared.len(), 0, "what is not shared has no peers");
    }

    pub fn assert_empty(&self) {
        assert_eq!((self.peers.len(), self.slots.counts()), (0, (0, 0)));
        assert_eq!(self.slots.room(), 0);
    }
}

/// A peer is looked at no more often than this.
const TICK: Duration = Duration::from_millis(20);
