//! Who is in the swarm: the table of viewers and what is known of each. A viewer is a bitmap and a few numbers. Its place in the table
//! stays the same while it is there, and those present are listed without holes, so that some of them can be looked at in turn.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use super::bits::Bits;
use super::replicas::Slot;
use super::rules::Rules;
use super::trust::Trust;
use super::{Kind, Settings};

/// A piece that a viewer fetches from the pod and has not reported yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flight {
    pub(super) piece: u32,
    pub(super) expires: Duration,
    /// It will be a replica, and others rely on it.
    pub(super) relied_on: bool,
    /// What was charged for it when it was granted.
    pub(super) charge: Charge,
}

/// On which account a piece went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charge {
    Feed,
    Instant,
    /// Of a stock viewer.
    Rescue,
}

#[derive(Debug)]
pub(super) struct Viewer<V> {
    pub(super) name: V,
    pub(super) kind: Kind,
    pub(super) joined: Duration,
    pub(super) held: Bits,
    pub(super) playhead: u32,
    pub(super) lead: Duration,
    pub(super) uplink: u32,
    pub(super) neighbours: u16,
    pub(super) uploads: bool,
    pub(super) dependable: bool,
    pub(super) paused: bool,
    /// Somebody has heard where it plays.
    pub(super) heard: bool,
    /// It was granted the piece that it gets with its start.
    pub(super) was_dealt: bool,
    /// It has sought and nothing was done about it yet.
    pub(super) sought: bool,
    /// When it last had neighbours, or came.
    pub(super) connected: Duration,
    /// What it holds are replicas.
    pub(super) counts: bool,
    pub(super) trust: Trust,
    /// Bytes granted lately, and since when they fade.
    load: (f64, Duration),
    pub(super) flights: Vec<Flight>,
    /// Pieces that may be brought in for its sake, if it is a stock viewer, and since when more have been coming.
    allowance: (f64, Duration),
    /// Bytes it says that it rescued and that are not matched with pieces yet.
    pub(super) rescued: u64,
    /// What it has taken of the budget.
    pub(super) spent: u64,
    /// Bytes of the budget set aside for its start.
    pub(super) reserved: u64,
    /// When its playhead last moved.
    pub(super) moved: Duration,
    /// It waits to be looked at.
    pub(super) dirty: bool,
    pub(super) alarm: Option<Duration>,
    pub(super) told: Settings,
    place: usize,
}

impl<V> Viewer<V> {
    pub(super) fn new(
        now: Duration,
        name: V,
        kind: Kind,
        pieces: u32,
        reserved: u64,
        told: Settings,
    ) -> Self {
        Self {
            name,
            kind,
            joined: now,
            held: Bits::new(pieces),
            playhead: 0,
            lead: Duration::ZERO,
            uplink: 0,
            neighbours: 0,
            uploads: true,
            dependable: true,
            paused: false,
            heard: kind == Kind::Stock,
            was_dealt: false,
            sought: false,
            connected: now,
            counts: true,
            trust: Trust::default(),
            load: (0.0, now),
            flights: Vec::new(),
            allowance: (f64::INFINITY, now),
            rescued: 0,
            spent: 0,
            reserved,
            moved: now,
            dirty: false,
            alarm: None,
            told,
            place: 0,
        }
    }

    /// Bytes per second that it is believed to send; nobody's word counts without bound.
    pub(super) fn uplink(&self, rules: &Rules) -> f64 {
        let uplink = match self.uplink {
            0 => rules.uplink_guess,
            known => known.min(rules.uplink_most),
        };
        f64::from(uplink)
    }

    /// Bytes granted lately; half of them are forgotten in five seconds, in which they were passed on.
    pub(super) fn load(&self, now: Duration) -> f64 {
        let passed = now.saturating_sub(self.load.1).as_secs_f64();
        self.load.0 * (-passed / 5.0).exp2()
    }

    pub(super) fn add_load(&mut self, now: Duration, bytes: u64) {
        self.load = (self.load(now) + bytes as f64, now);
    }

    /// How many pieces may be brought in for its sake now. A stock viewer's playhead moves as fast as it is fed, so it is fed by time:
    /// `most` pieces at once and `per_second` in the long run.
    pub(super) fn allowance(&mut self, now: Duration, most: f64, per_second: f64) -> usize {
        if self.kind == Kind::Stock {
            let passed = now.saturating_sub(self.allowance.1).as_secs_f64();
            self.allowance = ((self.allowance.0 + passed * per_second).min(most), now);
        }
        self.allowance.0 as usize
    }

    pub(super) fn use_allowance(&mut self) {
        self.allowance.0 -= 1.0;
    }

    /// Whether it is on its way with a piece.
    pub(super) fn flies(&self, piece: u32) -> bool {
        self.flights.iter().any(|flight| flight.piece == piece)
    }

    /// Nobody reaches it, as far as one can tell.
    pub(super) fn is_stranded(&self, now: Duration, rules: &Rules) -> bool {
        self.kind == Kind::Page
            && self.neighbours == 0
            && now.saturating_sub(self.connected) >= rules.stranded
    }
}

/// The table of viewers.
#[derive(Debug)]
pub(super) struct Viewers<V> {
    slots: Vec<Option<Viewer<V>>>,
    free: Vec<Slot>,
    places: HashMap<V, Slot>,
    present: Vec<Slot>,
}

impl<V: Copy + Eq + Hash> Viewers<V> {
    pub(super) fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            places: HashMap::new(),
            present: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.present.len()
    }

    /// Everybody's place, without holes and in no order.
    pub(super) fn present(&self) -> &[Slot] {
        &self.present
    }

    pub(super) fn find(&self, name: V) -> Option<Slot> {
        self.places.get(&name).copied()
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&Viewer<V>> {
        self.slots.get(slot as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Viewer<V>> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    pub(super) fn insert(&mut self, mut viewer: Viewer<V>) -> Slot {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as Slot - 1
        });
        viewer.place = self.present.len();
        self.present.push(slot);
        self.places.insert(viewer.name, slot);
        self.slots[slot as usize] = Some(viewer);
        slot
    }

    pub(super) fn remove(&mut self, slot: Slot) -> Option<Viewer<V>> {
        let viewer = self.slots.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        self.places.remove(&viewer.name);
        self.present.swap_remove(viewer.place);
        if let Some(moved) = self.present.get(viewer.place)
            && let Some(Some(other)) = self.slots.get_mut(*moved as usize)
        {
            other.place = viewer.place;
        }
        Some(viewer)
    }
}
