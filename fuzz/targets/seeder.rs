//! Anything that a peer may say to the seeder, in crumbs or as whole messages, while time passes, turns come and go and the owner sends
//! little or nothing of what waits: nothing panics, what waits stays bounded, and only blocks that are in the file leave.

#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bittorrent::wire::{Block, Handshake, Reserved};
use bittorrent::{InfoHash, PeerId};
use libfuzzer_sys::fuzz_target;
use swarm::seeder::{Farewell, Torrent, UploadLimits, Uploader};

const SWARM: InfoHash = InfoHash([3; 20]);
const INFO: usize = 40_000;

static TORRENT: LazyLock<Arc<Torrent>> = LazyLock::new(|| {
    Arc::new(Torrent {
        infohash: SWARM,
        length: 1_000_000,
        piece_length: 65_536,
        info: vec![7; INFO].into(),
    })
});

/// The longest that one message or one turn may make us say.
const ANSWER: usize = 20_000;

fuzz_target!(|bytes: &[u8]| {
    let Some((known, mut steps)) = bytes.split_first() else {
        return;
    };
    let limits = UploadLimits {
        requests: 20,
        ..UploadLimits::default()
    };
    let mut now = Duration::from_secs(1);
    let mut peer = Uploader::new(now, limits);
    let reserved = match known % 4 {
        0 => None,
        1 => Some(Reserved::default()),
        2 => Some(Reserved::default().with_fast()),
        _ => Some(Reserved::default().with_fast().with_extended()),
    };
    // Few inputs begin with a handshake of their own.
    if let Some(reserved) = reserved {
        let (infohash, peer_id) = (SWARM, PeerId([8; 20]));
        let handshake = Handshake {
            reserved,
            infohash,
            peer_id,
        };
        assert_eq!(peer.hear(now, &handshake.to_bytes()), Ok(Some(SWARM)));
        greet(&mut peer, now, *known).expect("a good handshake");
    }
    // Turns and signs of life are ours to give, so they are not counted as the peer's.
    let mut ours = 0;
    let mut blocks = Vec::new();
    while let [step, length, rest @ ..] = steps {
        let (said, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        let heard = match step % 9 {
            0 => peer.hear(now, said),
            1..4 => {
                let prefix = (said.len() as u32).to_be_bytes();
                peer.hear(now, &[&prefix, said].concat())
            }
            kind => {
                // These have no bytes of their own.
                steps = &steps[2..];
                let more = usize::from(*length);
                match kind {
                    4 => now += Duration::from_secs(more as u64),
                    5 => {
                        peer.set_turn(now, more % 2 == 1);
                        ours += 5 + limits.requests * 17;
                    }
                    6 => peer.take_blocks(now, more << 10, &mut blocks),
                    7 => {
                        let first = more as u32 % 32;
                        peer.grant(now, first..first + 3);
                        ours += 3 * 9;
                    }
                    _ => {
                        let control = peer.control();
                        control.drain(..more.min(control.len()));
                    }
                }
                if now >= peer.deadline() {
                    ours += 4;
                    if peer.tick(now).is_err() {
                        break;
                    }
                }
                continue;
            }
        };
        steps = rest;
        match heard {
            Err(_) => break,
            Ok(None) => {}
            Ok(Some(infohash)) if infohash != SWARM => return,
            Ok(Some(_)) => {
                if greet(&mut peer, now, *known).is_err() {
                    break;
                }
            }
        }
        let most = limits.requests * 64 + (64 << 10) + INFO + ANSWER + ours;
        assert!(peer.control().len() <= most, "answers pile up");
    }
    let waiting = peer.waiting(usize::MAX);
    let mut rest = Vec::new();
    peer.take_blocks(now, usize::MAX, &mut rest);
    assert!(rest.len() <= limits.requests);
    let sizes = rest.iter().map(|block| block.length as usize);
    assert_eq!(sizes.sum::<usize>(), waiting);
    assert_eq!(peer.waiting(usize::MAX), 0);
    let pieces = TORRENT.pieces();
    for news in peer.take_news() {
        assert!(news.start < news.end && news.end <= pieces);
    }
    let fits = |block: &Block| TORRENT.has(block) && block.length <= limits.block;
    assert!(blocks.iter().chain(&rest).all(fits));
});

/// Answers the handshake, as to one that may have everything or as to one that is granted pieces.
fn greet(peer: &mut Uploader, now: Duration, known: u8) -> Result<(), Farewell> {
    let me = PeerId([9; 20]);
    match known & 4 {
        0 => peer.serve(now, TORRENT.clone(), me),
        _ => peer.serve_granted(now, TORRENT.clone(), me),
    }
}
