//! Browsers: how two find each other, and what they hear when something is not as it should be.

use peers::{Config, Limits, SwarmCounts, Totals};
use serde_json::json;

use crate::house::{CLIP, House, STRANGER, announce, answer};

#[tokio::test]
async fn two_browsers_find_each_other() {
    let house = House::new(Config::default());
    let door = house.open().await;
    let (mut alice, mut bob) = (door.browser().await, door.browser().await);

    alice.say(&announce(CLIP, 'a', 0, 5)).await;
    let heard = alice.hear().await.unwrap();
    assert_eq!(
        (&heard["complete"], &heard["incomplete"], &heard["interval"]),
        (&json!(1), &json!(0), &json!(120))
    );
    bob.say(&announce(CLIP, 'b', 9, 5)).await;
    assert_eq!(bob.hear().await.unwrap()["incomplete"], 1);

    let offer = alice.hear().await.unwrap();
    assert_eq!(
        (&offer["peer_id"], &offer["offer"]["sdp"]),
        (&json!("b".repeat(20)), &json!("of b"))
    );
    alice.say(&answer(CLIP, 'a', 'b')).await;
    let heard = bob.hear().await.unwrap();
    assert_eq!(
        (&heard["answer"]["sdp"], &heard["offer_id"]),
        (&json!("yes from a"), &offer["offer_id"])
    );

    alice
        .say(&json!({"action": "scrape", "info_hash": [CLIP, STRANGER]}))
        .await;
    let scraped = alice.hear().await.unwrap();
    let clip = json!({"complete": 1, "incomplete": 1, "downloaded": 0});
    assert_eq!(
        scraped,
        json!({"action": "scrape", "files": {"c".repeat(20): clip}})
    );
    assert_eq!(
        house.tracker.counts(CLIP),
        SwarmCounts {
            seeders: 1,
            leechers: 1,
            browsers: 2
        }
    );
    assert_eq!(
        house.tracker.totals(),
        Totals {
            sockets: 2,
            swarms: 1,
            peers: 2
        }
    );

    drop(alice);
    house
        .until(|tracker| {
            tracker.totals()
                == Totals {
                    sockets: 1,
                    swarms: 1,
                    peers: 1,
                }
        })
        .await;
    let mut gone = announce(CLIP, 'b', 9, 0);
    gone["event"] = json!("stopped");
    bob.say(&gone).await;
    assert_eq!(bob.hear().await.unwrap()["incomplete"], 0);
    assert_eq!(
        house.tracker.totals(),
        Totals {
            sockets: 1,
            swarms: 0,
            peers: 0
        }
    );
}

#[tokio::test]
async fn only_what_the_pod_hosts_is_served() {
    let house = House::new(Config::default());
    let mut alice = house.open().await.browser().await;
    for _ in 0..3 {
        alice.say(&announce(STRANGER, 'a', 0, 5)).await;
        let heard = alice.hear().await.unwrap();
        assert_eq!(heard["info_hash"], "s".repeat(20));
        assert_eq!(
            heard["failure reason"],
            "this pod does not host this torrent"
        );
    }
    assert_eq!(
        *house.questions.lock().unwrap(),
        1,
        "the answer is remembered"
    );
    assert_eq!(
        house.tracker.totals(),
        Totals {
            sockets: 1,
            swarms: 0,
            peers: 0
        }
    );
}

#[tokio::test]
async fn a_video_that_is_deleted_leaves_its_swarm_at_once() {
    let house = House::new(Config::default());
    let door = house.open().await;
    let (mut alice, mut bob) = (door.browser().await, door.browser().await);
    alice.say(&announce(CLIP, 'a', 0, 0)).await;
    alice.hear().await.unwrap();
    bob.say(&announce(CLIP, 'b', 0, 0)).await;
    bob.hear().await.unwrap();

    house.delete(CLIP);
    assert_eq!(house.tracker.totals().peers, 0);
    for browser in [&mut alice, &mut bob] {
        assert_eq!(
            browser.refusal().await,
            "this pod does not host this torrent"
        );
    }
    alice.say(&announce(CLIP, 'a', 0, 5)).await;
    assert_eq!(alice.refusal().await, "this pod does not host this torrent");
    assert_eq!(*house.questions.lock().unwrap(), 1);
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let limits = Limits {
        peers_per_prefix: 2,
        ..Limits::default()
    };
    let house = House::new(Config {
        limits,
        swarms_per_socket: 2,
        ..Config::default()
    });
    let mut alice = house.open().await.browser().await;
    for peer in ['a', 'b'] {
        alice.say(&announce(CLIP, peer, 0, 0)).await;
        alice.hear().await.unwrap();
    }
    alice.say(&announce(CLIP, 'd', 0, 0)).await;
    assert_eq!(alice.refusal().await, "too many swarms on one connection");
    let mut long = announce(CLIP, 'a', 0, 1);
    long["offers"][0]["offer"]["sdp"] = json!("x".repeat(17_000));
    alice.say(&long).await;
    assert_eq!(alice.refusal().await, "session description too long");
    alice.say(&announce(CLIP, 'd', 0, 0)).await;
    assert!(alice.hear().await.is_ok(), "the refused one made room");
}

#[tokio::test]
async fn sockets_are_limited_in_all_and_by_neighbourhood() {
    let house = House::new(Config {
        sockets: 3,
        sockets_per_prefix: 2,
        ..Config::default()
    });
    let door = house.open().await;
    let _alice = door.browser_from("192.0.2.1").await.ok();
    let bob = door.browser_from("192.0.2.2").await.ok();
    assert_eq!(door.browser_from("192.0.2.3").await.err(), Some(503));
    let _carol = door.browser_from("2001:db8::1").await.ok();
    assert_eq!(door.browser_from("198.51.100.1").await.err(), Some(503));
    drop(bob);
    house.until(|tracker| tracker.totals().sockets == 2).await;
    assert!(door.browser_from("192.0.2.3").await.is_ok());
}
