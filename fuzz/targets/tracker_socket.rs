//! Any text as a browser's message: what is accepted is bounded, and what is passed on is JSON again.

#![no_main]

use bittorrent::tracker::socket::{MAX_OFFERS, Reply, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Request::parse(text) {
        Ok(Request::Announce(announce)) => {
            assert!(announce.offers.len() <= MAX_OFFERS);
            for offer in announce.offers {
                let (infohash, peer_id) = (announce.infohash, announce.peer_id);
                let passed_on = Reply::Offer {
                    infohash,
                    peer_id,
                    offer,
                }
                .to_json();
                assert!(passed_on.contains(offer.sdp.json()) && Request::parse(&passed_on).is_ok());
            }
        }
        Ok(Request::Answer(answer)) => {
            let _ = Reply::Answer(answer).to_json();
        }
        Ok(Request::Scrape(swarms)) => assert!(swarms.len() <= bittorrent::tracker::MAX_SCRAPE),
        Err(_) => {}
    }
});
