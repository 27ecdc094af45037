//! Which torrents are open, and what was sent of each since the pod started. A torrent is looked up when its first peer comes and
//! forgotten with its last; what remains is one number per torrent that was ever taken, for the admin's list, and of those only so
//! many.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, Weak};

use bittorrent::InfoHash;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use swarm::seeder::Torrent;

use super::Transport;
use super::seed::{Numbers, Seed};
use crate::connections::lock;

/// Torrents whose numbers are kept.
const KEPT: usize = 10_000;

/// What is needed to serve a torrent.
pub struct Found {
    /// The content of the `.torrent` file.
    pub torrent: Vec<u8>,
    /// The file that it describes, which never changes.
    pub file: File,
}

type Lookup = Box<dyn Fn(InfoHash) -> BoxFuture<'static, Option<Found>> + Send + Sync>;

/// A torrent in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Peers that are connected to the pod now, by transport.
    pub peers: [usize; Transport::ALL.len()],
    /// Bytes that the pod has sent since it started, by transport.
    pub sent: [u64; Transport::ALL.len()],
}

impl Taken {
    /// Bytes over all transports.
    pub fn total(&self) -> u64 {
        self.sent.iter().sum()
    }
}

pub(crate) struct Seeds {
    lookup: Lookup,
    entries: Mutex<HashMap<InfoHash, Entry>>,
}

struct Entry {
    seed: Weak<Seed>,
    numbers: Arc<Numbers>,
}

impl Seeds {
    pub(crate) fn new<F, Fut>(lookup: F) -> Self
    where
        F: Fn(InfoHash) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Option<Found>> + Send + 'static,
    {
        Self {
            lookup: Box::new(move |infohash| lookup(infohash).boxed()),
            entries: Mutex::default(),
        }
    }

    /// The torrent of this name, if the pod has it; opened if it was not.
    pub(crate) async fn open(&self, infohash: InfoHash) -> Option<Arc<Seed>> {
        if let Some(seed) = self.opened(infohash) {
            return Some(seed);
        }
        let found = (self.lookup)(infohash).await?;
        let torrent = match Torrent::parse(&found.torrent) {
            Ok(torrent) if torrent.infohash == infohash => torrent,
            // It cannot happen to files that the pod wrote; a damaged one is no seed.
            Ok(_) | Err(_) => return None,
        };
        // Somebody else may have been faster.
        if let Some(seed) = self.opened(infohash) {
            return Some(seed);
        }
        let mut entries = lock(&self.entries);
        make_room(&mut entries, infohash);
        let entry = entries.entry(infohash).or_insert_with(|| Entry {
            seed: Weak::new(),
            numbers: Arc::default(),
        });
        let seed = Arc::new(Seed::new(torrent, found.file, entry.numbers.clone()));
        entry.seed = Arc::downgrade(&seed);
        Some(seed)
    }

    fn opened(&self, infohash: InfoHash) -> Option<Arc<Seed>> {
        let seed = lock(&self.entries).get(&infohash)?.seed.upgrade()?;
        (!seed.over.is_cancelled()).then_some(seed)
    }

    /// The pod shares this torrent no more: its peers are let go, and its numbers forgotten.
    pub(crate) fn forget(&self, infohash: InfoHash) {
        let entry = lock(&self.entries).remove(&infohash);
        if let Some(seed) = entry.and_then(|entry| entry.seed.upgrade()) {
            seed.over.cancel();
        }
    }

    /// The numbers of every torrent that was taken.
    pub(crate) fn taken(&self) -> Vec<(InfoHash, Taken)> {
        let entries = lock(&self.entries);
        entries
            .iter()
            .map(|(infohash, entry)| (*infohash, entry.numbers.taken()))
            .collect()
    }
}

/// Of the torrents that nobody takes any more the one that was taken least gives way.
fn make_room(entries: &mut HashMap<InfoHash, Entry>, infohash: InfoHash) {
    if entries.len() < KEPT || entries.contains_key(&infohash) {
        return;
    }
    let closed = entries
        .iter()
        .filter(|(_, entry)| entry.seed.strong_count() == 0);
    let least = closed.min_by_key(|(_, entry)| entry.numbers.taken().total());
    if let Some(least) = least.map(|(infohash, _)| *infohash) {
        entries.remove(&least);
    }
}
