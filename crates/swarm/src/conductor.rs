//! The conductor of one swarm: the pod is tracker, seeder and origin at once, so it can see who plays what where, bring each piece into
//! the swarm once and shortly before it is needed, and leave the rest to the viewers. What viewers report goes in; what to tell them
//! comes out of [`Conductor::conduct`]. How it decides is told in docs/conductor.md. It opens no socket, reads no clock, and neither
//! verifies nor sends a piece; everything it is told may be a lie and is bounded or found out.

mod alarms;
mod bits;
mod budget;
mod crowd;
mod feed;
pub mod message;
mod neighbours;
mod replicas;
mod reports;
mod rules;
mod trust;
mod viewers;

use std::fmt::Debug;
use std::hash::Hash;
use std::ops::Range;
use std::time::Duration;

use alarms::Alarms;
pub use budget::Account;
use budget::Budget;
use crowd::Crowd;
use neighbours::Introductions;
use replicas::{Replicas, Slot};
pub use rules::{Rules, Settings};
use viewers::{Charge, Viewer, Viewers};

/// One rendition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Film {
    /// How many pieces there are.
    pub pieces: u32,
    /// Bytes of each piece but the last.
    pub piece_length: u32,
    /// Bytes of the whole.
    pub length: u64,
    /// How long it plays.
    pub duration: Duration,
}

impl Film {
    /// Pieces that play in so much time.
    fn pieces_in(&self, time: Duration) -> f64 {
        f64::from(self.pieces) * time.as_secs_f64() / self.duration.as_secs_f64().max(0.001)
    }

    /// The same in whole pieces, at least one.
    fn whole_pieces_in(&self, time: Duration) -> u32 {
        self.pieces_in(time)
            .ceil()
            .clamp(1.0, f64::from(self.pieces.max(1))) as u32
    }

    /// Bytes that a start may take at once: fragments do not begin where pieces do, so the page fetches one piece more when its first
    /// fragment ends there.
    fn start(&self, instant: u32) -> u64 {
        let pieces = if instant > 0 { instant + 1 } else { 0 };
        u64::from(pieces.min(self.pieces)) * u64::from(self.piece_length)
    }

    /// Bytes that starts and rescues may cost together.
    fn budget(&self, rules: &Rules) -> f64 {
        let start = self.start(self.whole_pieces_in(rules.instant));
        let starts = start * u64::from(rules.starts) * u64::from(rules.start_costs);
        let length = self.length as f64;
        (length * rules.budget).max(starts as f64).min(length)
    }

    /// What lies within the film.
    fn clamp(&self, pieces: Range<u32>) -> Range<u32> {
        let end = pieces.end.min(self.pieces);
        pieces.start.min(end)..end
    }
}

/// How somebody takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Our page, which reports.
    Page,
    /// A client that speaks the plain protocol and reports nothing but what it has.
    Stock,
}

/// What a page says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// The piece that plays.
    pub playhead: u32,
    /// Media buffered from the playhead.
    pub lead: Duration,
    /// Bytes per second that it was measured to send; 0 is not yet.
    pub uplink: u32,
    /// Open connections to other viewers.
    pub neighbours: u16,
    /// It gives to others at all.
    pub uploads: bool,
    /// It does not play at the moment.
    pub paused: bool,
    /// It is in the foreground and on a link that costs nothing extra.
    pub dependable: bool,
    /// Bytes taken over HTTP since the last report that were neither instant nor granted.
    pub rescued: u64,
}

/// What to tell a viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order<V> {
    /// Whom.
    pub viewer: V,
    /// What.
    pub what: What,
}

/// The two things that viewers are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Bring these pieces into the swarm. Ranges ascend and do not touch.
    Grant(Vec<Range<u32>>),
    /// From now on these settings.
    Settings(Settings),
}

/// The shortest time between two rounds, so that a crowd's reports are answered together.
const ROUND: Duration = Duration::from_millis(20);

/// One swarm. `V` names a viewer.
#[derive(Debug)]
pub struct Conductor<V> {
    film: Film,
    rules: Rules,
    viewers: Viewers<V>,
    replicas: Replicas,
    crowd: Crowd,
    budget: Budget,
    account: Account,
    alarms: Alarms,
    /// Bytes of seeds beyond the first.
    seeded: u64,
    /// Viewers to look at in the next round.
    dirty: Vec<Slot>,
    /// When the next round is due for their sake.
    due: Option<Duration>,
    /// The last round.
    last: Option<Duration>,
    /// Whether the settings were generous in the last round.
    generous: bool,
    /// Where the search for receivers goes on.
    cursor: usize,
    introductions: Introductions<V>,
}

impl<V: Copy + Eq + Hash + Ord + Debug> Conductor<V> {
    /// A swarm that nobody is in yet.
    pub fn new(film: Film, rules: Rules) -> Self {
        Self {
            film,
            rules,
            viewers: Viewers::new(),
            replicas: Replicas::new(film.pieces),
            crowd: Crowd::new(&film),
            budget: Budget::new(film.budget(&rules), rules.refill),
            account: Account {
                length: film.length,
                ..Account::default()
            },
            alarms: Alarms::default(),
            seeded: 0,
            dirty: Vec::new(),
            due: None,
            last: None,
            generous: true,
            cursor: 0,
            introductions: Introductions::default(),
        }
    }

    /// Somebody comes; what it is told about using HTTP. Whoever is there already stays as it is.
    pub fn join(&mut self, now: Duration, viewer: V, kind: Kind) -> Settings {
        if let Some(known) = self
            .viewers
            .find(viewer)
            .and_then(|slot| self.viewers.get(slot))
        {
            return known.told;
        }
        self.generous = !self.budget.is_exhausted(now);
        let settings = self.settings();
        // The first one brings in what it starts with.
        let costs = kind == Kind::Page && self.viewers.len() > 0;
        let reserved = if costs {
            // Whoever starts before it has neighbours will hardly do without rescues.
            self.film.start(settings.instant) * u64::from(self.rules.start_costs)
        } else {
            0
        };
        self.budget.spend(now, reserved);
        let viewer = Viewer::new(now, viewer, kind, self.film.pieces, reserved, settings);
        let slot = self.viewers.insert(viewer);
        self.crowd.enter(0);
        if kind == Kind::Stock {
            self.look_at(now, slot);
        }
        settings
    }

    /// Somebody goes, and what it held goes with it.
    pub fn leave(&mut self, now: Duration, viewer: V) {
        let Some(slot) = self.viewers.find(viewer) else {
            return;
        };
        self.discount(slot);
        let Some(viewer) = self.viewers.remove(slot) else {
            return;
        };
        self.crowd.leave(viewer.playhead);
        self.alarms.forget(slot, viewer.alarm);
        self.budget.give_back(viewer.reserved);
        for flight in &viewer.flights {
            self.refund(flight.charge, flight.piece);
        }
        // Somebody else may now need what it was about to bring.
        if let Some(other) = self
            .viewers
            .present()
            .get(self.cursor % self.viewers.len().max(1))
        {
            self.look_at(now, *other);
        }
    }

    /// Decides what is to be done now. Costs as much as has happened since the last time.
    pub fn conduct(&mut self, now: Duration, orders: &mut Vec<Order<V>>) {
        self.last = Some(now);
        self.due = None;
        while let Some(slot) = self.alarms.pop(now) {
            self.ring(now, slot);
        }
        let mut grants = Vec::new();
        let dirty = std::mem::take(&mut self.dirty);
        for slot in dirty {
            if let Some(viewer) = self.viewers.get_mut(slot) {
                viewer.dirty = false;
                self.consider(now, slot, &mut grants);
            }
        }
        self.due = None;
        self.write(grants, orders);
        self.tell_settings(now, orders);
    }

    /// When [`conduct`](Self::conduct) has to be called at the latest; ask again after everything that went in.
    pub fn deadline(&self) -> Option<Duration> {
        let times = [self.due, self.alarms.first()];
        times.into_iter().flatten().min()
    }

    /// What the swarm has cost so far.
    pub fn account(&self) -> Account {
        Account {
            viewers: self.viewers.len(),
            ..self.account
        }
    }

    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        self.viewers.len() == 0
    }

    /// What whoever comes now is told.
    fn settings(&self) -> Settings {
        let crowd = self.viewers.len() as f64 / self.rules.reports_per_second.max(1.0);
        let interval = self.rules.interval.max(Duration::from_secs_f64(crowd));
        if self.generous {
            Settings {
                instant: self.film.whole_pieces_in(self.rules.instant),
                patience: self.rules.patience,
                interval,
            }
        } else {
            Settings {
                instant: 0,
                patience: self.rules.patience_spent,
                interval,
            }
        }
    }

    /// Puts a viewer on the list of the next round.
    fn look_at(&mut self, now: Duration, slot: Slot) {
        let Some(viewer) = self.viewers.get_mut(slot) else {
            return;
        };
        if !viewer.dirty {
            viewer.dirty = true;
            self.dirty.push(slot);
        }
        let next = self.last.map_or(now, |last| (last + ROUND).max(now));
        self.due = Some(self.due.map_or(next, |due| due.min(next)));
    }

    /// Makes orders of grants: one for each viewer, with pieces in runs.
    fn write(&self, mut grants: Vec<(Slot, u32)>, orders: &mut Vec<Order<V>>) {
        grants.sort_unstable();
        for of_one in grants.chunk_by(|(one, _), (other, _)| one == other) {
            let Some(viewer) = of_one.first().and_then(|(slot, _)| self.viewers.get(*slot)) else {
                continue;
            };
            let runs = of_one.chunk_by(|(_, piece), (_, next)| piece + 1 == *next);
            let ranges = runs.filter_map(|run| Some(run.first()?.1..run.last()?.1 + 1));
            orders.push(Order {
                viewer: viewer.name,
                what: What::Grant(ranges.collect()),
            });
        }
    }

    /// Tells everybody when the swarm becomes generous or stingy.
    fn tell_settings(&mut self, now: Duration, orders: &mut Vec<Order<V>>) {
        let generous = !self.budget.is_exhausted(now);
        if generous == self.generous {
            return;
        }
        self.generous = generous;
        let settings = self.settings();
        for slot in self.viewers.present().to_vec() {
            let Some(viewer) = self.viewers.get_mut(slot) else {
                continue;
            };
            if viewer.kind == Kind::Page && viewer.told != settings {
                viewer.told = settings;
                orders.push(Order {
                    viewer: viewer.name,
                    what: What::Settings(settings),
                });
            }
        }
    }

    /// Bytes of a piece.
    fn bytes(&self, piece: u32) -> u64 {
        let begin = u64::from(piece) * u64::from(self.film.piece_length);
        u64::from(self.film.piece_length).min(self.film.length.saturating_sub(begin))
    }

    fn charge(&mut self, now: Duration, charge: Charge, piece: u32, slot: Slot) {
        let bytes = self.bytes(piece);
        match charge {
            Charge::Feed => self.account.feed += bytes,
            Charge::Instant => self.account.instant += bytes,
            Charge::Rescue => self.account.rescue += bytes,
        }
        if charge != Charge::Feed {
            self.spend(now, bytes, slot);
        }
    }

    /// Takes from the budget in a viewer's name, as long as its word is good for it.
    fn spend(&mut self, now: Duration, bytes: u64, slot: Slot) {
        let share = self.budget.share();
        if let Some(viewer) = self.viewers.get_mut(slot) {
            let reserved = bytes.min(viewer.reserved);
            viewer.reserved -= reserved;
            let bytes = bytes - reserved;
            let believed = bytes.min(share.saturating_sub(viewer.spent));
            viewer.spent += believed;
            self.budget.spend(now, believed);
        }
    }

    fn refund(&mut self, charge: Charge, piece: u32) {
        let bytes = self.bytes(piece);
        let account = match charge {
            Charge::Feed => &mut self.account.feed,
            Charge::Instant => &mut self.account.instant,
            Charge::Rescue => &mut self.account.rescue,
        };
        *account = account.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests;
