//! To whom an offer goes. The tracker asks a function for it and hands it the swarm to look at, so that later something cleverer than
//! chance can decide by what it knows about the viewers; until then it is chance, which is what every other tracker does.

use bittorrent::{InfoHash, PeerId};

use crate::tracker::{ConnId, SocketPeer};

/// The members of a swarm that have a socket, as seen by whoever chooses among them.
pub struct Crowd<'a> {
    /// Which swarm.
    pub infohash: InfoHash,
    /// The position of the one who offers, who must not be chosen.
    pub asker: usize,
    pub(crate) peers: &'a [(PeerId, SocketPeer)],
}

impl Crowd<'_> {
    /// How many there are, the asker included.
    pub fn len(&self) -> usize {
        self.peers.len()
    }

    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// Who stands at a position.
    pub fn peer_id(&self, position: usize) -> Option<PeerId> {
        self.peers.get(position).map(|(peer_id, _)| *peer_id)
    }

    /// Over which connection that peer came.
    pub fn conn(&self, position: usize) -> Option<ConnId> {
        self.peers.get(position).map(|(_, peer)| peer.conn)
    }

    /// Whether that peer has everything.
    pub fn is_complete(&self, position: usize) -> bool {
        self.peers
            .get(position)
            .is_some_and(|(_, peer)| peer.complete)
    }
}

/// Chooses by chance: `below(n)` is a number below `n`, each as likely as the other.
pub fn at_random(
    mut below: impl FnMut(usize) -> usize,
) -> impl FnMut(&Crowd<'_>, usize) -> Vec<usize> {
    move |crowd, wanted| {
        let others = sample(crowd.len().saturating_sub(1), wanted, &mut below);
        others
            .into_iter()
            .map(|other| {
                if other < crowd.asker {
                    other
                } else {
                    other + 1
                }
            })
            .collect()
    }
}

/// Draws `wanted` different numbers below `count`, or all of them if there are no more, in any order (Floyd's method).
pub(crate) fn sample(
    count: usize,
    wanted: usize,
    below: &mut dyn FnMut(usize) -> usize,
) -> Vec<usize> {
    if wanted >= count {
        return (0..count).collect();
    }
    let mut drawn = Vec::with_capacity(wanted);
    for top in count - wanted..count {
        let number = below(top + 1).min(top);
        drawn.push(if drawn.contains(&number) { top } else { number });
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn draws_are_different_and_in_range(count in 0..50_usize, wanted in 0..60_usize, seed: u64) {
            let mut state = seed;
            let mut below = |n: usize| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 33) as usize % n
            };
            let mut drawn = sample(count, wanted, &mut below);
            drawn.sort_unstable();
            drawn.dedup();
            assert_eq!(drawn.len(), wanted.min(count));
            assert!(drawn.iter().all(|number| *number < count));
        }
    }
}
