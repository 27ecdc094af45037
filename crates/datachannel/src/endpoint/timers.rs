//! Who wants to be looked at when. Each peer has one entry at most, the earliest moment that it asked for; asking for a later one
//! changes nothing until the earlier has come, because the timers of a busy peer move with each acknowledgement and mostly back.

use std::collections::BTreeSet;
use std::time::Duration;

/// The wishes of all peers, earliest first.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeSet<(Duration, u32)>);

impl Timers {
    /// The earliest wish.
    pub(super) fn first(&self) -> Option<Duration> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Sees to it that the peer in this slot is looked at at this time or before. `entry` is what the peer remembers of its wish.
    pub(super) fn ask(&mut self, slot: u32, entry: &mut Option<Duration>, at: Duration) {
        if entry.is_none_or(|before| at < before) {
            self.forget(slot, entry);
            self.0.insert((at, slot));
            *entry = Some(at);
        }
    }

    /// The peer is gone.
    pub(super) fn forget(&mut self, slot: u32, entry: &mut Option<Duration>) {
        if let Some(before) = entry.take() {
            self.0.remove(&(before, slot));
        }
    }

    /// Takes out one whose time has come. The peer must forget its wish.
    pub(super) fn due(&mut self, now: Duration) -> Option<u32> {
        self.0
            .first()
            .is_some_and(|(at, _)| *at <= now)
            .then(|| self.0.pop_first())
            .flatten()
            .map(|(_, slot)| slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_wish_counts() {
        let second = Duration::from_secs;
        let mut timers = Timers::default();
        let (mut one, mut two) = (None, None);
        timers.ask(1, &mut one, second(5));
        timers.ask(2, &mut two, second(4));
        timers.ask(1, &mut one, second(7));
        assert_eq!(timers.first(), Some(second(4)));
        timers.ask(1, &mut one, second(3));
        assert_eq!(timers.due(second(2)), None);
        assert_eq!(timers.due(second(4)), Some(1));
        assert_eq!(timers.due(second(4)), Some(2));
        assert_eq!(timers.due(second(9)), None);
        timers.ask(3, &mut None, second(1));
        let mut three = Some(second(1));
        timers.forget(3, &mut three);
        assert_eq!((timers.first(), three), (None, None));
    }
}
