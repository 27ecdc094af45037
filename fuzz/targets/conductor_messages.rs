//! Any bytes as what a page and the conductor say to each other: whatever can be read can be written and read again, and ranges come
//! in order and in bounded number.

#![no_main]

use std::ops::Range;

use libfuzzer_sys::fuzz_target;
use swarm::conductor::message::{FromPage, RANGES, ToPage};

fn check(ranges: &[Range<u32>]) {
    assert!(ranges.len() <= RANGES);
    assert!(ranges.iter().all(|range| range.start < range.end));
    assert!(ranges.is_sorted_by(|one, next| one.end <= next.start));
}

fuzz_target!(|frame: &[u8]| {
    if let Ok(Some(message)) = FromPage::read(frame) {
        match &message {
            FromPage::Hello { held, .. } => check(held),
            FromPage::Report { gained, lost, .. } => {
                check(gained);
                check(lost);
            }
            FromPage::Bye { .. } => {}
        }
        assert_eq!(FromPage::read(&message.write()), Ok(Some(message)));
    }
    if let Ok(Some(message)) = ToPage::read(frame) {
        if let ToPage::Grant { pieces, .. } = &message {
            check(pieces);
        }
        assert_eq!(ToPage::read(&message.write()), Ok(Some(message)));
    }
});
