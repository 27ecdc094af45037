//! Connection ids without a memory of connections: an id is a keyed hash of the client's address and of the minute it was given in, so
//! it can be checked by computing it again. It is worth nothing at another address or later, and cannot be guessed without the key,
//! which the process draws at its start. SipHash, the hash of the standard library's maps, was made as such a keyed function.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::time::Duration;

/// An id is good until the end of the slot after the one it was given in. Clients use one for a minute.
const SLOT: Duration = Duration::from_secs(64);

#[derive(Debug)]
pub(super) struct Ids {
    key: RandomState,
}

impl Ids {
    pub(super) fn new() -> Self {
        Self {
            key: RandomState::new(),
        }
    }

    /// An id for a client.
    pub(super) fn give(&self, now: Duration, client: SocketAddr) -> u64 {
        self.of(slot(now), client)
    }

    /// Whether this id was given to this client in the last two minutes.
    pub(super) fn check(&self, now: Duration, client: SocketAddr, id: u64) -> bool {
        let now = slot(now);
        let before = || now.checked_sub(1).map(|slot| self.of(slot, client));
        self.of(now, client) == id || before() == Some(id)
    }

    fn of(&self, slot: u64, client: SocketAddr) -> u64 {
        self.key
            .hash_one((slot, client.ip().to_canonical(), client.port()))
    }
}

fn slot(now: Duration) -> u64 {
    now.as_secs() / SLOT.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_good_for_its_owner_and_for_a_while() {
        let ids = Ids::new();
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let seconds = Duration::from_secs;
        for given in [0, 1, 63, 64, 1000] {
            let id = ids.give(seconds(given), at("192.0.2.1:5"));
            let good = |after, client| ids.check(seconds(given + after), at(client), id);
            assert!(good(0, "192.0.2.1:5") && good(64, "192.0.2.1:5"));
            assert!(good(0, "[::ffff:192.0.2.1]:5"));
            assert!(!good(128, "192.0.2.1:5") && !good(1 << 30, "192.0.2.1:5"));
            for other in [
                "192.0.2.1:6",
                "192.0.2.2:5",
                "[::192.0.2.1]:5",
                "[2001:db8::1]:5",
            ] {
                assert!(!good(0, other), "{other}");
            }
            for forged in [0, 1, u64::MAX, id ^ 1, id + 1] {
                assert!(!ids.check(seconds(given), at("192.0.2.1:5"), forged));
            }
        }
        let (id, client) = (ids.give(seconds(0), at("192.0.2.1:5")), at("192.0.2.1:5"));
        assert!(
            !Ids::new().check(seconds(0), client, id),
            "another process has another key"
        );
    }
}
