//! Who has to be looked at when, though it says nothing: one time for each viewer, in order.

use std::collections::BTreeSet;
use std::time::Duration;

use super::replicas::Slot;

#[derive(Debug, Default)]
pub(super) struct Alarms {
    times: BTreeSet<(Duration, Slot)>,
}

impl Alarms {
    pub(super) fn first(&self) -> Option<Duration> {
        self.times.first().map(|(at, _)| *at)
    }

    /// Somebody whose time has come.
    pub(super) fn pop(&mut self, now: Duration) -> Option<Slot> {
        let (_, slot) = *self.times.first().filter(|(at, _)| *at <= now)?;
        self.times.pop_first();
        Some(slot)
    }

    /// Replaces a viewer's time.
    pub(super) fn set(&mut self, slot: Slot, old: Option<Duration>, new: Option<Duration>) {
        if old != new {
            self.forget(slot, old);
            self.times.extend(new.map(|at| (at, slot)));
        }
    }

    pub(super) fn forget(&mut self, slot: Slot, old: Option<Duration>) {
        if let Some(at) = old {
            self.times.remove(&(at, slot));
        }
    }
}
