//! Desktop clients: announces and scrapes as query strings, replies in bencode.

use bittorrent::bencode::{self, Value};
use peers::{Config, Rate, SwarmCounts};

use crate::house::{CLIP, House, announce};

const CLIP_QUERY: &str = "info_hash=cccccccccccccccccccc";

fn query(port: u16, left: u64) -> String {
    format!(
        "/tracker/announce?{CLIP_QUERY}&peer_id=-TR3000-{port:012}&port={port}&left={left}&compact=1"
    )
}

fn refusal(body: &[u8]) -> String {
    let reason = bencode::decode(body)
        .unwrap()
        .get(b"failure reason")
        .and_then(Value::text);
    reason
        .unwrap_or_else(|| panic!("not a refusal: {}", body.escape_ascii()))
        .to_owned()
}

#[tokio::test]
async fn desktop_clients_are_told_of_each_other() {
    let house = House::new(Config::default());
    house.get("192.0.2.1", &query(6881, 0)).await;
    house.get("2001:db8::1", &query(6882, 5)).await;
    let body = house.get("::ffff:192.0.2.3", &query(6883, 5)).await;
    let reply = bencode::decode(&body).unwrap();
    let number = |key: &str| reply.get(key.as_bytes()).unwrap().integer().unwrap();
    assert_eq!(
        (number("complete"), number("incomplete"), number("interval")),
        (1, 2, 120)
    );
    assert_eq!(
        reply.get(b"peers").unwrap().bytes(),
        Some(&[192, 0, 2, 1, 0x1a, 0xe1][..])
    );
    let peers6 = reply.get(b"peers6").unwrap().bytes().unwrap();
    assert_eq!(
        (peers6.len(), &peers6[..4], &peers6[16..]),
        (18, &[0x20, 1, 0xd, 0xb8][..], &[0x1a, 0xe2][..])
    );

    let body = house
        .get(
            "192.0.2.9",
            &format!("/tracker/scrape?{CLIP_QUERY}&info_hash=ssssssssssssssssssss"),
        )
        .await;
    let files = bencode::decode(&body).unwrap().get(b"files").unwrap();
    assert_eq!(
        files.dict().unwrap().count(),
        1,
        "a stranger is not in the list"
    );
    assert_eq!(
        files
            .get(&CLIP.0)
            .unwrap()
            .get(b"incomplete")
            .unwrap()
            .integer(),
        Some(2)
    );

    house
        .get("192.0.2.1", &(query(6881, 0) + "&event=stopped"))
        .await;
    assert_eq!(
        house.tracker.counts(CLIP),
        SwarmCounts {
            seeders: 0,
            leechers: 2,
            browsers: 0
        }
    );
}

#[tokio::test]
async fn both_kinds_count_in_one_swarm() {
    let house = House::new(Config::default());
    let mut alice = house.open().await.browser().await;
    alice.say(&announce(CLIP, 'a', 0, 0)).await;
    alice.hear().await.unwrap();
    let body = house.get("192.0.2.1", &query(6881, 5)).await;
    let reply = bencode::decode(&body).unwrap();
    assert_eq!(reply.get(b"complete").unwrap().integer(), Some(1));
    assert_eq!(
        reply.get(b"peers").unwrap().bytes(),
        Some(&[][..]),
        "a browser has no address to call"
    );
}

#[tokio::test]
async fn refusals_say_why() {
    let house = House::new(Config::default());
    let long = format!("/tracker/announce?{}", "x".repeat(9000));
    let cases: &[(&str, &str, &str)] = &[
        ("nowhere", &query(1, 1), "your address is not known"),
        ("192.0.2.1", "/tracker/announce", "missing info_hash"),
        (
            "192.0.2.1",
            "/tracker/announce?info_hash=short",
            "invalid info_hash",
        ),
        (
            "192.0.2.1",
            &query(1, 1).replace("=c", "=cc"),
            "invalid info_hash",
        ),
        (
            "192.0.2.1",
            &query(1, 1).replace("info_hash=c", "info_hash=%c"),
            "invalid info_hash",
        ),
        (
            "192.0.2.1",
            &query(1, 1).replace("port=1", "port=99999"),
            "invalid port",
        ),
        (
            "192.0.2.1",
            &query(1, 1).replace("info_hash=c", "info_hash=d"),
            "this pod does not host this torrent",
        ),
        ("192.0.2.1", &long, "query too long"),
        ("192.0.2.1", "/tracker/scrape", "missing info_hash"),
        (
            "nowhere",
            "/tracker/scrape?info_hash=cccccccccccccccccccc",
            "your address is not known",
        ),
    ];
    for (from, query, expected) in cases {
        assert_eq!(refusal(&house.get(from, query).await), *expected, "{query}");
    }
    house.delete(CLIP);
    assert_eq!(
        refusal(&house.get("192.0.2.1", &query(1, 1)).await),
        "this pod does not host this torrent"
    );
}

#[tokio::test]
async fn one_neighbourhood_cannot_take_all_the_time() {
    let house = House::new(Config {
        http_rate: Rate {
            per_second: 0.001,
            burst: 2.0,
        },
        ..Config::default()
    });
    for port in [1, 2] {
        house.get(&format!("192.0.2.{port}"), &query(port, 1)).await;
    }
    assert_eq!(
        refusal(&house.get("192.0.2.3", &query(3, 1)).await),
        "too many requests, slow down"
    );
    let body = house.get("198.51.100.1", &query(4, 1)).await;
    assert_eq!(
        bencode::decode(&body)
            .unwrap()
            .get(b"incomplete")
            .unwrap()
            .integer(),
        Some(3)
    );
}
