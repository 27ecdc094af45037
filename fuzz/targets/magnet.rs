//! Any text as a magnet link: what is accepted is, written and read anew, the same.

#![no_main]

use bittorrent::Magnet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(magnet) = text.parse::<Magnet>() {
        let written = magnet.to_string();
        // Escaping may make a link longer than is read again.
        if written.len() <= text.len() {
            assert_eq!(written.parse(), Ok(magnet));
        }
    }
});
