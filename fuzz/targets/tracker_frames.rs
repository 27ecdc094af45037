//! Any bytes as what a browser sends after its handshake, in two parts: they mean the same however they arrive, and what is held stays
//! bounded.

#![no_main]

use bittorrent::tracker::frames::{Frames, Heard};
use libfuzzer_sys::fuzz_target;

const MOST: usize = 1 << 10;

fn heard(parts: [&[u8]; 2]) -> (Vec<String>, bool) {
    let (mut frames, mut all) = (Frames::new(MOST), Vec::new());
    for part in parts {
        let taken = frames.take(&mut part.to_vec(), |heard| {
            if let Heard::Message(bytes) = heard {
                assert!(bytes.len() <= MOST);
            }
            all.push(format!("{heard:?}"));
        });
        if taken.is_err() {
            return (all, false);
        }
        assert!(frames.held() <= 2 * MOST + 14);
    }
    (all, true)
}

fuzz_target!(|input: (usize, &[u8])| {
    let (at, bytes) = input;
    let (front, back) = bytes.split_at(at.min(bytes.len()));
    assert_eq!(heard([front, back]), heard([bytes, &[]]));
});
