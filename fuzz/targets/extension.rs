//! Any bytes as messages of the extension protocol: what is accepted is bounded and survives being written and read again.

#![no_main]

use bittorrent::extension::Handshake;
use bittorrent::extension::metadata::Metadata;
use bittorrent::extension::pex::Pex;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(handshake) = Handshake::parse(bytes) {
        // Names that are said twice are written once.
        let again = handshake.to_bytes();
        let again = Handshake::parse(&again).expect("written by us");
        assert_eq!(again.to_bytes(), handshake.to_bytes());
    }
    if let Ok(metadata) = Metadata::parse(bytes) {
        assert_eq!(Metadata::parse(&metadata.to_bytes()), Ok(metadata));
    }
    if let Ok(pex) = Pex::parse(bytes) {
        assert_eq!(Pex::parse(&pex.to_bytes()), Ok(pex));
    }
});
