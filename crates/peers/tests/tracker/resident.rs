//! The pod as a member of every swarm: it is counted, listed and offered connections, and it answers.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bittorrent::bencode::{self, Value};
use bittorrent::{OfferId, PeerId};
use peers::{Config, Limits, Offered, Resident};
use serde_json::json;

use crate::house::{CLIP, House, STRANGER, announce};

const POD: PeerId = PeerId(*b"-SH0001-000000000000");

/// What the pod does in these stories.
struct Pod {
    house: House,
    /// Whether it takes part.
    awake: Arc<AtomicBool>,
    /// What it was offered.
    offers: Arc<Mutex<Vec<Offered>>>,
}

impl Pod {
    fn new(config: Config) -> Self {
        let house = House::new(config);
        let awake = Arc::new(AtomicBool::new(true));
        let offers = Arc::new(Mutex::new(Vec::new()));
        let (seeds, wants, taken) = (awake.clone(), awake.clone(), offers.clone());
        house.tracker.set_resident(Resident {
            peer_id: POD,
            seeds: Box::new(move || seeds.load(Ordering::Relaxed)),
            addresses: Box::new(|client: IpAddr| {
                let v4 = if client.is_loopback() {
                    "127.0.0.1:51413"
                } else {
                    "203.0.113.5:51413"
                };
                vec![v4.parse().unwrap(), "[2001:db8::5]:51413".parse().unwrap()]
            }),
            wants: Box::new(move |_, peer| {
                wants.load(Ordering::Relaxed) && peer != PeerId([b'k'; 20])
            }),
            offer: Box::new(move |offer| taken.lock().unwrap().push(offer)),
        });
        Self {
            house,
            awake,
            offers,
        }
    }

    fn offered(&self) -> Vec<Offered> {
        std::mem::take(&mut self.offers.lock().unwrap())
    }
}

#[tokio::test]
async fn desktop_clients_always_hear_of_the_pod() {
    let pod = Pod::new(Config {
        limits: Limits {
            listed: 2,
            ..Limits::default()
        },
        ..Config::default()
    });
    let query = |port: u16, more: &str| {
        format!(
            "/tracker/announce?info_hash=cccccccccccccccccccc&peer_id=-TR3000-000000000000&left=5&port={port}{more}"
        )
    };
    let lists = |body: &[u8]| {
        let reply = bencode::decode(body).unwrap();
        let of = |key: &[u8]| reply.get(key).and_then(Value::bytes).unwrap().to_vec();
        (
            of(b"peers"),
            of(b"peers6"),
            reply.get(b"complete").and_then(Value::integer),
        )
    };
    for port in 1..=4 {
        let (v4, v6, complete) = lists(&pod.house.get("192.0.2.1", &query(port, "")).await);
        assert_eq!(
            (&v4[..6], &v6[14..], complete),
            (
                &[203, 0, 113, 5, 0xc8, 0xd5][..],
                &[0, 5, 0xc8, 0xd5][..],
                Some(1)
            )
        );
        assert_eq!(v4.len() / 6, usize::from(port).min(3));
    }
    for more in ["&event=stopped", "&numwant=0"] {
        let (v4, v6, _) = lists(&pod.house.get("192.0.2.1", &query(1, more)).await);
        assert_eq!((v4.len(), v6.len()), (0, 0), "{more}");
    }
    let scraped = pod
        .house
        .get(
            "192.0.2.1",
            "/tracker/scrape?info_hash=cccccccccccccccccccc",
        )
        .await;
    assert!(scraped.escape_ascii().to_string().contains("8:completei1e"));
    // The pod is in no table: its members are those that came.
    assert_eq!(
        (
            pod.house.tracker.totals().peers,
            pod.house.tracker.counts(CLIP).seeders
        ),
        (4, 0)
    );
    pod.awake.store(false, Ordering::Relaxed);
    assert_eq!(
        lists(&pod.house.get("192.0.2.1", &query(2, "")).await).2,
        Some(0)
    );
}

#[tokio::test]
async fn a_browser_offers_to_the_pod_and_to_others() {
    let pod = Pod::new(Config::default());
    let door = pod.house.open().await;
    let (mut alice, mut bob) = (door.browser().await, door.browser().await);
    alice.say(&announce(CLIP, 'k', 9, 3)).await;
    assert_eq!(alice.hear().await.unwrap()["complete"], 1);
    assert_eq!(pod.offered(), [], "the pod knows her already");

    let mut message = announce(CLIP, 'b', 9, 2);
    message["offers"][1]["offer"]["sdp"] = json!("v=0\r\n\"quoted\"");
    bob.say(&message).await;
    assert_eq!(bob.hear().await.unwrap()["incomplete"], 2);
    assert_eq!(
        alice.hear().await.unwrap()["offer_id"],
        format!("{:020}", 0)
    );
    let [offer] = &pod.offered()[..] else {
        panic!("one offer")
    };
    assert_eq!(
        (offer.infohash, offer.peer_id, &*offer.sdp),
        (CLIP, PeerId([b'b'; 20]), "v=0\r\n\"quoted\"")
    );
    assert_eq!(offer.offer_id, OfferId(*b"00000000000000000001"));

    pod.house
        .tracker
        .answer(offer.reply, offer.infohash, offer.offer_id, "v=0\r\nyes");
    let expected = json!({
        "action": "announce", "info_hash": CLIP, "peer_id": POD, "offer_id": offer.offer_id,
        "answer": {"type": "answer", "sdp": "v=0\r\nyes"},
    });
    assert_eq!(bob.hear().await.unwrap(), expected);
}

#[tokio::test]
async fn who_needs_no_seeder_is_told_of_none() {
    let pod = Pod::new(Config::default());
    let door = pod.house.open().await;
    let mut carol = door.browser().await;
    for (seeder, expected) in [(json!(null), 1), (json!(false), 0), (json!(true), 1)] {
        let mut message = announce(CLIP, 'c', 9, 0);
        message["seeder"] = seeder;
        carol.say(&message).await;
        assert_eq!(carol.hear().await.unwrap()["complete"], expected);
    }
}

#[tokio::test]
async fn the_pod_is_not_bothered_without_need() {
    let pod = Pod::new(Config {
        limits: Limits {
            sdp: 40,
            ..Limits::default()
        },
        ..Config::default()
    });
    let door = pod.house.open().await;
    let mut carol = door.browser().await;
    let long = json!("x".repeat(60));
    let check = [
        ("left", json!(0), false),
        ("event", json!("stopped"), false),
        ("event", json!("completed"), false),
        ("numwant", json!(0), false),
        ("info_hash", json!(STRANGER), false),
        ("seeder", json!(false), false),
        ("offers", json!([]), false),
        (
            "offers",
            json!([{"offer_id": "0".repeat(20), "offer": {"type": "offer", "sdp": long}}]),
            false,
        ),
        (
            "offers",
            json!([{"offer_id": "0".repeat(20), "offer": {"type": "offer", "sdp": "x"}}]),
            true,
        ),
        ("left", json!(null), true),
        ("left", json!(-1), true),
        ("event", json!("started"), true),
        ("seeder", json!(true), true),
    ];
    for (field, value, expected) in check {
        let mut message = announce(CLIP, 'c', 9, 2);
        message[field] = value;
        carol.say(&message).await;
        carol.hear().await.unwrap();
        assert_eq!(
            pod.offered().len(),
            usize::from(expected),
            "{field}: {}",
            message[field]
        );
    }
    let half = announce(CLIP, 'c', 9, 1)
        .to_string()
        .replace("of c", "\\ud800");
    carol.say_text(half).await;
    assert_eq!(carol.hear().await.unwrap()["interval"], 120);
    pod.awake.store(false, Ordering::Relaxed);
    carol.say(&announce(CLIP, 'c', 9, 2)).await;
    assert_eq!(carol.hear().await.unwrap()["complete"], 0);
    assert_eq!(pod.offered(), []);
}
