//! Queries as clients send them, queries that lie, and replies read back.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::bencode;

const HASH: &str = "%124Vx%9A%BC%DE%F1%23Eg%89%AB%CD%EF%124Vx%9A";
const PEER: &str = "-TR3000-abcdefghijkl";

#[test]
fn reads_what_clients_send() {
    let query = format!(
        "info_hash={HASH}&peer_id={PEER}&port=51413&uploaded=0&downloaded=0&left=1048576&numwant=80&key=1&compact=1\
         &supportcrypto=1&event=started&ip=10.0.0.1&ipv6=%3A%3A1"
    );
    let read = Announce::parse(&query).unwrap();
    assert_eq!(
        read.infohash.to_string(),
        "123456789abcdef123456789abcdef123456789a"
    );
    assert_eq!(read.peer_id.0, *b"-TR3000-abcdefghijkl");
    assert_eq!(
        (read.port, read.left, read.event, read.numwant),
        (51413, Some(1_048_576), Event::Started, Some(80))
    );

    let bare = Announce::parse(&format!(
        "info_hash={HASH}&peer_id={PEER}&port=1&numwant=-1&event=paused"
    ))
    .unwrap();
    assert_eq!(
        (bare.left, bare.event, bare.numwant),
        (None, Event::Update, None)
    );
}

#[test]
fn refuses_what_is_malformed() {
    let plus = |rest: &str| format!("info_hash={HASH}&peer_id={PEER}&port=1&{rest}");
    let cases: &[(String, BadQuery)] = &[
        (String::new(), BadQuery::Missing("info_hash")),
        ("info_hash".into(), BadQuery::Invalid("info_hash")),
        ("info_hash=".into(), BadQuery::Invalid("info_hash")),
        ("info_hash=short".into(), BadQuery::Invalid("info_hash")),
        (format!("info_hash={HASH}x"), BadQuery::Invalid("info_hash")),
        (
            format!("info_hash={}", "00".repeat(20)),
            BadQuery::Invalid("info_hash"),
        ),
        ("info_hash=%1".into(), BadQuery::Invalid("info_hash")),
        (
            "info_hash=ÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿ".into(),
            BadQuery::Invalid("info_hash"),
        ),
        (format!("info_hash={HASH}"), BadQuery::Missing("peer_id")),
        (
            format!("info_hash={HASH}&peer_id=x"),
            BadQuery::Invalid("peer_id"),
        ),
        (
            format!("info_hash={HASH}&peer_id={PEER}"),
            BadQuery::Missing("port"),
        ),
        (plus("port=70000"), BadQuery::Invalid("port")),
        (plus("port=-1"), BadQuery::Invalid("port")),
        (plus("left=-1"), BadQuery::Invalid("left")),
        (plus("left=x"), BadQuery::Invalid("left")),
        (plus(&"x".repeat(MAX_QUERY)), BadQuery::TooLong),
    ];
    for (query, expected) in cases {
        assert_eq!(Announce::parse(query), Err(*expected), "{query}");
    }
}

#[test]
fn scrapes_are_bounded() {
    let of = |count: usize| vec![format!("info_hash={HASH}"); count].join("&");
    assert_eq!(parse_scrape(&of(3)).unwrap().len(), 3);
    assert_eq!(parse_scrape(&of(MAX_SCRAPE)).unwrap().len(), MAX_SCRAPE);
    assert_eq!(parse_scrape(&of(MAX_SCRAPE + 1)), Err(BadQuery::TooMany));
    assert_eq!(parse_scrape(&of(1000)), Err(BadQuery::TooLong));
    assert_eq!(parse_scrape("a=b"), Err(BadQuery::Missing("info_hash")));
    assert_eq!(
        parse_scrape("info_hash=%zz"),
        Err(BadQuery::Invalid("info_hash"))
    );
}

#[test]
fn replies_are_what_the_documents_say() {
    let counts = Counts {
        complete: 1,
        incomplete: 2,
        downloaded: 3,
    };
    let peers = vec![
        "192.0.2.1:258".parse().unwrap(),
        "[2001:db8::1]:1".parse().unwrap(),
    ];
    let announced = Announced {
        interval: 120,
        min_interval: 60,
        counts,
        peers,
    }
    .encode();
    let expected = b"d8:completei1e10:downloadedi3e10:incompletei2e8:intervali120e12:min intervali60e5:peers6:\xc0\0\x02\x01\x01\x02\
        6:peers618:\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\0\x01e";
    assert_eq!(
        announced.escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
    let scraped = scraped(&[
        (InfoHash([b'b'; 20]), counts),
        (InfoHash([b'a'; 20]), Counts::default()),
    ]);
    let files = bencode::decode(&scraped).unwrap().get(b"files").unwrap();
    assert_eq!(
        files
            .get(&[b'b'; 20])
            .unwrap()
            .get(b"incomplete")
            .unwrap()
            .integer(),
        Some(2)
    );
    assert_eq!(failure("no"), b"d14:failure reason2:noe");
}

proptest! {
    #[test]
    fn what_a_client_writes_is_read(infohash: [u8; 20], peer_id: [u8; 20], port: u16, left: Option<u64>, numwant: Option<u32>) {
        let mut query = String::from("info_hash=");
        percent::encode(&infohash, &mut query).unwrap();
        query.push_str("&peer_id=");
        percent::encode(&peer_id, &mut query).unwrap();
        write!(query, "&port={port}").unwrap();
        left.iter().for_each(|left| write!(query, "&left={left}").unwrap());
        numwant.iter().for_each(|numwant| write!(query, "&numwant={numwant}").unwrap());
        let (infohash, peer_id) = (InfoHash(infohash), PeerId(peer_id));
        let expected = Announce { infohash, peer_id, port, left, event: Event::Update, numwant };
        assert_eq!(Announce::parse(&query), Ok(expected));
    }

    #[test]
    fn any_text_is_refused_or_read(query in "([a-z_]{0,9}[=&%+]?){0,20}") {
        let _ = (Announce::parse(&query), parse_scrape(&query));
    }
}
