//! Any bytes as a datagram of the UDP tracker: what is accepted is bounded and survives being written and read again.

#![no_main]

use bittorrent::tracker::udp::{Family, Reply, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|packet: &[u8]| {
    if let Ok(request) = Request::parse(packet) {
        let mut again = Vec::new();
        request.write(&mut again);
        assert!(again.len() <= packet.len());
        assert_eq!(Request::parse(&again), Ok(request));
    }
    for family in [Family::V4, Family::V6] {
        if let Ok(reply) = Reply::parse(packet, family) {
            let mut again = Vec::new();
            reply.write(&mut again);
            assert!(again.len() <= packet.len());
        }
    }
});
