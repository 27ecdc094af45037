//! What a page tells its conductor on the tracker's socket, in binary messages between the text ones. The page numbers the swarms that it
//! is in, so that an infohash is named once per connection. A page may be conducted in swarms that it has announced itself in, and in
//! no others.

use std::ops::Range;

use bittorrent::InfoHash;
use bittorrent::tracker::frames::binary_frame;
use swarm::conductor::message::{FromPage, ToPage, VERSION};

use super::talk::Talk;
use crate::tracker::Way;

/// The swarms of a connection by their numbers. There are few, so they are looked for one after the other.
#[derive(Default)]
pub(super) struct Numbers(Vec<(u8, InfoHash)>);

impl Numbers {
    fn find(&self, number: u8) -> Option<InfoHash> {
        self.0
            .iter()
            .find(|(other, _)| *other == number)
            .map(|(_, infohash)| *infohash)
    }

    /// A number stands for one swarm, and a swarm has one number.
    fn set(&mut self, number: u8, infohash: InfoHash) {
        self.0
            .retain(|(other, swarm)| *other != number && *swarm != infohash);
        self.0.push((number, infohash));
    }

    fn remove(&mut self, number: u8) -> Option<InfoHash> {
        let at = self.0.iter().position(|(other, _)| *other == number)?;
        Some(self.0.swap_remove(at).1)
    }

    /// The swarm is left.
    fn forget(&mut self, infohash: InfoHash) {
        self.0.retain(|(_, other)| *other != infohash);
    }
}

/// Whether a message is one of these: they begin with a small number, and no text does.
pub(super) fn is_conducted(message: &[u8]) -> bool {
    matches!(message.first(), Some(0..=8))
}

impl Talk {
    /// Takes a message of a page to its conductor. What is malformed counts as nonsense, what has come too late is passed over.
    pub(super) fn be_conducted(&mut self, message: &[u8]) {
        match FromPage::read(message) {
            Ok(Some(FromPage::Hello {
                version,
                swarm,
                infohash,
                held,
                ..
            })) if version >= VERSION => self.hello(swarm, infohash, &held),
            Ok(Some(FromPage::Report {
                swarm,
                report,
                gained,
                lost,
            })) => {
                if let Some(infohash) = self.numbers.find(swarm) {
                    (self.tracker.inner()).report(infohash, self.conn, &report, &gained, &lost);
                }
            }
            Ok(Some(FromPage::Bye { swarm })) => {
                if let Some(infohash) = self.numbers.remove(swarm) {
                    (self.tracker.inner()).leave_conducted(infohash, self.conn);
                }
            }
            Ok(_) => {}
            Err(_) => self.nonsense(),
        }
    }

    fn hello(&mut self, swarm: u8, infohash: InfoHash, held: &[Range<u32>]) {
        if !self.session.joined().any(|(joined, _)| joined == infohash) {
            return;
        }
        // The announce that made it a member is just over, so it is known whether the infohash is hosted.
        let inner = self.tracker.inner();
        let joined = inner.join_conducted(infohash, self.conn, Way::Page(swarm));
        let Some(Ok(Some(settings))) = joined else {
            return;
        };
        self.numbers.set(swarm, infohash);
        let welcome = ToPage::Welcome {
            version: VERSION,
            swarm,
            settings,
        };
        self.outbox.put(|out| binary_frame(out, &welcome.write()));
        inner.gained(infohash, self.conn, held);
    }

    /// A swarm is left.
    pub(super) fn part_conducted(&mut self, infohash: InfoHash) {
        self.numbers.forget(infohash);
        (self.tracker.inner()).leave_conducted(infohash, self.conn);
    }
}
