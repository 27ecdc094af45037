//! Any text as the query of an announce or a scrape.

#![no_main]

use bittorrent::tracker::Announce;
use bittorrent::tracker::http::parse_scrape;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| {
    let _ = Announce::parse(query);
    if let Ok(swarms) = parse_scrape(query) {
        assert!(!swarms.is_empty() && swarms.len() <= bittorrent::tracker::MAX_SCRAPE);
    }
});
