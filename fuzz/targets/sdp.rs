//! Any text as a session description: what is read is bounded and reads the same when it is written.

#![no_main]

use datachannel::sdp::Description;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(read) = Description::parse(text) {
        assert!(read.candidates.len() <= 32 && read.ufrag.len() <= 256);
        assert_eq!(Description::parse(&read.to_string()), Ok(read));
    }
});
