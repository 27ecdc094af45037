//! Any bytes as webfinger and NodeInfo documents, and any text as a handle: what is read, written and read anew is the same.

#![no_main]

use fedi::nodeinfo::{NodeInfo, Version, WellKnown};
use fedi::webfinger::{Handle, Jrd, Query};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(jrd) = Jrd::parse(bytes) {
        let _ = (jrd.actor(), jrd.handle(), jrd.follow_page("https://pod.example/"));
        let written = jrd.to_json().to_string();
        // Escaping may make a document longer than is read again.
        if written.len() <= bytes.len() {
            assert_eq!(Jrd::parse(written.as_bytes()), Ok(jrd));
        }
    }
    if let Ok(node) = NodeInfo::parse(bytes) {
        let written = node.to_json(Version::V2_1).to_string();
        if written.len() <= bytes.len() {
            assert_eq!(NodeInfo::parse(written.as_bytes()), Ok(node));
        }
    }
    if let Ok(known) = WellKnown::parse(bytes) {
        let written = known.to_json().to_string();
        if written.len() <= bytes.len() {
            assert_eq!(WellKnown::parse(written.as_bytes()), Ok(known));
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Query::parse_resource(text);
        if let Some(handle) = Handle::parse(text) {
            assert_eq!(Handle::parse(&handle.to_string()), Some(handle));
        }
    }
});
