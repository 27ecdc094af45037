//! A peer's seat at the table: through it the peer asks for its turn and hears when it comes or ends. A seat that is dropped passes its
//! turn on, however the connection ended; the same for the peer's place in the numbers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use swarm::seeder::Slots;

use super::seed::Seed;
use super::{Seeding, Transport};
use crate::connections::lock;

/// Everybody who has a seat, and whose turn it is.
pub(crate) struct Turns {
    slots: Slots<u64>,
    seats: HashMap<u64, Arc<Turn>>,
    last: u64,
}

struct Turn {
    mine: AtomicBool,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// One peer's seat.
pub(crate) struct Seat {
    seeding: Arc<Seeding>,
    key: u64,
    turn: Arc<Turn>,
    wants: bool,
}

impl Turns {
    pub(crate) fn new(slots: Slots<u64>) -> Self {
        Self {
            slots,
            seats: HashMap::new(),
            last: 0,
        }
    }

    /// Passes turns on whose time is over.
    pub(crate) fn rotate(&mut self, now: Duration) {
        let (over, come) = self.slots.rotate(now);
        for (peers, mine) in [(over, false), (come, true)] {
            peers.into_iter().for_each(|peer| self.tell(peer, mine));
        }
        let (served, waiting) = self.slots.counts();
        metrics::gauge!("shoal_seeder_peers_served").set(served as f64);
        metrics::gauge!("shoal_seeder_peers_waiting").set(waiting as f64);
    }

    fn tell(&self, peer: u64, mine: bool) {
        if let Some(turn) = self.seats.get(&peer) {
            turn.mine.store(mine, Ordering::Release);
            (turn.wake)();
        }
    }
}

impl Seat {
    /// Takes a seat; `wake` is called whenever the turn comes or ends, and must not do more than wake somebody.
    pub(crate) fn take(seeding: Arc<Seeding>, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let turn = Arc::new(Turn {
            mine: AtomicBool::new(false),
            wake: Box::new(wake),
        });
        let mut turns = lock(&seeding.turns);
        turns.last += 1;
        let key = turns.last;
        turns.seats.insert(key, turn.clone());
        drop(turns);
        Self {
            seeding,
            key,
            turn,
            wants: false,
        }
    }

    /// Says whether the peer wants to be served; tells whether it is its turn.
    pub(crate) fn turn(&mut self, wants: bool) -> bool {
        if wants != self.wants {
            self.wants = wants;
            let now = self.seeding.now();
            let mut turns = lock(&self.seeding.turns);
            if wants {
                let mine = turns.slots.want(now, self.key);
                self.turn.mine.store(mine, Ordering::Release);
            } else {
                self.turn.mine.store(false, Ordering::Release);
                if let Some(next) = turns.slots.gone(now, self.key) {
                    turns.tell(next, true);
                }
            }
        }
        self.turn.mine.load(Ordering::Acquire)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let now = self.seeding.now();
        let mut turns = lock(&self.seeding.turns);
        turns.seats.remove(&self.key);
        if let Some(next) = turns.slots.gone(now, self.key) {
            turns.tell(next, true);
        }
    }
}

/// Counts a peer for as long as it is there.
pub(crate) struct Present {
    seeding: Arc<Seeding>,
    seed: Arc<Seed>,
    transport: Transport,
}

impl Present {
    pub(crate) fn new(seeding: Arc<Seeding>, seed: Arc<Seed>, transport: Transport) -> Self {
        seed.join(transport);
        seeding.doors.came(transport);
        Self {
            seeding,
            seed,
            transport,
        }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.seeding.doors.went(self.transport);
        self.seed.leave(self.transport);
    }
}
