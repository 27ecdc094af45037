//! Swarms as stories: who hears what, what is refused, and a day of comings and goings after which nothing may be left over.

use std::collections::{HashMap, HashSet};

use bittorrent::tracker::socket::Request;
use proptest::prelude::*;

use super::*;
use crate::at_random;

const CLIP: InfoHash = InfoHash([1; 20]);

fn id(name: u8) -> PeerId {
    PeerId([name; 20])
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An announce as a browser writes it.
fn text(peer: u8, left: u64, event: &str, offers: usize) -> String {
    let offers: Vec<String> = (0..offers)
        .map(|n| {
            format!(r#"{{"offer_id":"{n:020}","offer":{{"type":"offer","sdp":"sdp of {peer}"}}}}"#)
        })
        .collect();
    format!(
        r#"{{"action":"announce","info_hash":{},"peer_id":{},"left":{left},"event":"{event}","offers":[{}]}}"#,
        serde_json::to_string(&CLIP).unwrap(),
        serde_json::to_string(&id(peer)).unwrap(),
        offers.join(",")
    )
}

fn announce(text: &str) -> socket::Announce<'_> {
    match Request::parse(text) {
        Ok(Request::Announce(announce)) => announce,
        other => panic!("an announce, not {other:?}"),
    }
}

/// Numbers that look random and are the same in every run.
fn dice(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |n| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    }
}

/// A tracker with one person at its wheel.
struct World {
    tracker: Tracker,
    now: Duration,
}

impl World {
    fn new(limits: Limits) -> Self {
        Self {
            tracker: Tracker::new(limits),
            now: Duration::ZERO,
        }
    }

    /// Announces peer N over connection N from an address of its own; answers who hears what.
    fn says(&mut self, peer: u8, text: &str) -> Result<Vec<(u64, String)>, Refusal> {
        self.says_from(peer.into(), &format!("192.0.{peer}.1"), text)
    }

    fn says_from(
        &mut self,
        conn: u64,
        from: &str,
        text: &str,
    ) -> Result<Vec<(u64, String)>, Refusal> {
        let announce = announce(text);
        let sends = self.tracker.announce_socket(
            self.now,
            (ConnId(conn), address(from)),
            &announce,
            &mut at_random(dice(conn)),
        )?;
        Ok(sends
            .iter()
            .map(|send| (send.to.0, shown(&send.message)))
            .collect())
    }

    fn calls(&mut self, from: &str, left: u64, event: Event) -> Result<Vec<String>, Refusal> {
        let peer: SocketAddr = from.parse().unwrap();
        let (infohash, peer_id, numwant) = (CLIP, id(0), None);
        let announce = Announce {
            infohash,
            peer_id,
            port: peer.port(),
            left: Some(left),
            event,
            numwant,
        };
        let reply =
            self.tracker
                .announce_from(self.now, peer.ip(), &announce, None, &mut dice(1))?;
        let mut peers: Vec<String> = reply.peers.iter().map(SocketAddr::to_string).collect();
        peers.sort();
        Ok(peers)
    }

    fn counts(&self) -> (u32, u32, u32) {
        let SwarmCounts {
            seeders,
            leechers,
            browsers,
        } = self.tracker.counts(CLIP);
        (seeders, leechers, browsers)
    }
}

fn shown(reply: &Reply<'_>) -> String {
    match reply {
        Reply::Announced { counts, .. } => format!(
            "{} complete, {} incomplete",
            counts.complete, counts.incomplete
        ),
        Reply::Offer { peer_id, offer, .. } => {
            format!("offer of {}: {}", peer_id.0[0], offer.sdp.json())
        }
        Reply::Answer(answer) => {
            format!("answer of {}: {}", answer.peer_id.0[0], answer.sdp.json())
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn two_browsers_find_each_other() {
    let mut world = World::new(Limits::default());
    let alone = world.says(1, &text(1, 0, "started", 5)).unwrap();
    assert_eq!(alone, [(1, "1 complete, 0 incomplete".to_owned())]);
    let joined = world.says(2, &text(2, 9, "started", 5)).unwrap();
    assert_eq!(
        joined,
        [
            (2, "1 complete, 1 incomplete".into()),
            (1, "offer of 2: \"sdp of 2\"".into())
        ]
    );

    let reply = r#"{"action":"announce","info_hash":"HASH","peer_id":"ONE","to_peer_id":"TWO","offer_id":"00000000000000000000","answer":{"type":"answer","sdp":"yes"}}"#
        .replace("HASH", &"\\u0001".repeat(20))
        .replace("ONE", &"\\u0001".repeat(20))
        .replace("TWO", &"\\u0002".repeat(20));
    let Ok(Request::Answer(answer)) = Request::parse(&reply) else {
        panic!("an answer")
    };
    let sent = world.tracker.answer(ConnId(1), &answer).unwrap().unwrap();
    assert_eq!(
        (sent.to, shown(&sent.message)),
        (ConnId(2), "answer of 1: \"yes\"".into())
    );
    // Under another's name, to somebody who has left, in a swarm that is not there: nobody hears it.
    assert!(world.tracker.answer(ConnId(2), &answer).unwrap().is_none());
    world.tracker.leave(CLIP, id(2), ConnId(2));
    assert!(world.tracker.answer(ConnId(1), &answer).unwrap().is_none());
    world.tracker.drop_swarm(CLIP);
    assert!(world.tracker.answer(ConnId(1), &answer).unwrap().is_none());
}

#[test]
fn each_offer_goes_to_another_peer() {
    let mut world = World::new(Limits::default());
    for peer in 1..=30 {
        world.says(peer, &text(peer, 9, "started", 0)).unwrap();
    }
    let sends = world.says(31, &text(31, 9, "started", 10)).unwrap();
    let hearers: HashSet<u64> = sends[1..].iter().map(|(to, _)| *to).collect();
    assert_eq!(
        (sends.len(), hearers.len(), hearers.contains(&31)),
        (11, 10, false)
    );

    let mut few = World::new(Limits {
        offers: 3,
        ..Limits::default()
    });
    few.tracker = world.tracker;
    few.tracker.limits.offers = 3;
    assert_eq!(few.says(31, &text(31, 9, "", 10)).unwrap().len(), 4);
    let shy = text(31, 9, "", 10).replace("\"event\"", "\"numwant\":1,\"event\"");
    assert_eq!(few.says(31, &shy).unwrap().len(), 2);
}

#[test]
fn whoever_chooses_cannot_break_anything() {
    let mut world = World::new(Limits::default());
    for peer in 1..=3 {
        world.says(peer, &text(peer, 9, "started", 0)).unwrap();
    }
    let text = text(3, 9, "", 2);
    for chosen in [
        vec![],
        vec![2],
        vec![usize::MAX, 99],
        vec![0, 0, 0, 1, 1],
        vec![2, 1, 0],
    ] {
        let announce = announce(&text);
        let from = (ConnId(3), address("192.0.3.1"));
        let sends = world
            .tracker
            .announce_socket(Duration::ZERO, from, &announce, &mut |_, _| chosen.clone())
            .unwrap();
        assert!(
            sends.len() <= 3 && sends[1..].iter().all(|send| send.to != ConnId(3)),
            "{chosen:?}"
        );
    }
}

#[test]
fn counts_follow_the_events() {
    let mut world = World::new(Limits::default());
    world.says(1, &text(1, 9, "started", 0)).unwrap();
    assert_eq!(world.counts(), (0, 1, 1));
    world.says(1, &text(1, 0, "completed", 0)).unwrap();
    world.says(1, &text(1, 0, "completed", 0)).unwrap();
    assert_eq!(
        (world.counts(), world.tracker.scrape(CLIP).downloaded),
        ((1, 0, 1), 1)
    );
    assert_eq!(
        world.calls("198.51.100.1:6881", 5, Event::Started),
        Ok(vec![])
    );
    assert_eq!(
        world.calls("198.51.100.2:6881", 0, Event::Started),
        Ok(vec!["198.51.100.1:6881".into()])
    );
    assert_eq!(
        world
            .calls("[2001:db8::1]:6881", 5, Event::Update)
            .unwrap()
            .len(),
        2
    );
    assert_eq!((world.counts(), world.tracker.peers()), ((2, 2, 1), 4));
    assert_eq!(
        world.calls("198.51.100.1:6881", 5, Event::Stopped),
        Ok(vec![])
    );
    assert_eq!(
        world.says(1, &text(1, 0, "stopped", 0)).unwrap(),
        [(1, "1 complete, 1 incomplete".to_owned())]
    );
    assert_eq!(world.counts(), (1, 1, 0));
    // A peer that cannot be called is told of others but not listed.
    assert_eq!(
        world
            .calls("198.51.100.9:0", 5, Event::Started)
            .unwrap()
            .len(),
        2
    );
    assert_eq!(world.counts(), (1, 1, 0));
}

#[test]
fn a_list_holds_one_family_where_only_one_can_be_written() {
    let mut world = World::new(Limits::default());
    for from in [
        "192.0.2.1:1",
        "192.0.2.2:1",
        "[2001:db8::1]:1",
        "[2001:db8::2]:1",
    ] {
        world.calls(from, 9, Event::Started).unwrap();
    }
    let mut listed = |family, numwant| {
        let announce = Announce {
            infohash: CLIP,
            peer_id: id(0),
            port: 1,
            left: None,
            event: Event::Update,
            numwant,
        };
        let reply = world.tracker.announce_from(
            world.now,
            address("192.0.2.1"),
            &announce,
            family,
            &mut dice(1),
        );
        let mut peers: Vec<String> = reply
            .unwrap()
            .peers
            .iter()
            .map(|peer| peer.ip().to_string())
            .collect();
        peers.sort();
        peers
    };
    assert_eq!(listed(Some(Family::V4), None), ["192.0.2.2"]);
    assert_eq!(
        listed(Some(Family::V6), None),
        ["2001:db8::1", "2001:db8::2"]
    );
    assert_eq!(
        listed(None, None),
        ["192.0.2.2", "2001:db8::1", "2001:db8::2"]
    );
    assert_eq!(listed(Some(Family::V6), Some(1)).len(), 1);
    assert_eq!(listed(None, Some(0)).len(), 0);
}

#[test]
fn limits_hold() {
    let limits = Limits {
        swarms: 1,
        peers: 3,
        peers_per_prefix: 2,
        sdp: 20,
        ..Limits::default()
    };
    let mut world = World::new(limits);
    for (conn, from) in [(1, "192.0.2.1"), (2, "192.0.2.2")] {
        world
            .says_from(conn, from, &text(conn as u8, 9, "started", 1))
            .unwrap();
    }
    assert_eq!(
        world.says_from(3, "192.0.2.3", &text(3, 9, "started", 0)),
        Err(Refusal::PrefixFull)
    );
    assert_eq!(
        world.calls("192.0.2.4:1", 9, Event::Started),
        Err(Refusal::PrefixFull)
    );
    assert!(
        world.says_from(1, "192.0.2.1", &text(1, 9, "", 0)).is_ok(),
        "a member stays a member"
    );
    assert!(world.calls("198.51.100.1:1", 9, Event::Started).is_ok());
    assert_eq!(
        world.calls("203.0.113.1:1", 9, Event::Started),
        Err(Refusal::SwarmFull)
    );
    let other = text(4, 9, "started", 0).replace("\\u0001", "\\u0002");
    assert_eq!(world.says(4, &other), Err(Refusal::TrackerFull));
    let long = text(1, 9, "", 1).replace("sdp of 1", &"x".repeat(19));
    assert_eq!(
        world.says_from(1, "192.0.2.1", &long),
        Err(Refusal::SdpTooLong)
    );
    assert_eq!((world.tracker.peers(), world.tracker.swarms()), (3, 1));
}

#[test]
fn a_name_cannot_be_taken_from_elsewhere() {
    let mut world = World::new(Limits::default());
    world
        .says_from(1, "192.0.2.1", &text(7, 9, "started", 0))
        .unwrap();
    assert_eq!(
        world.says_from(2, "203.0.113.1", &text(7, 9, "started", 0)),
        Err(Refusal::PeerIdTaken)
    );
    // After a reconnect from home the name follows, and the old connection's end changes nothing.
    world
        .says_from(3, "192.0.2.9", &text(7, 9, "started", 0))
        .unwrap();
    world.tracker.leave(CLIP, id(7), ConnId(1));
    assert_eq!(world.counts(), (0, 1, 1));
    world.tracker.leave(CLIP, id(7), ConnId(3));
    assert_eq!((world.counts(), world.tracker.swarms()), ((0, 0, 0), 0));
}

#[test]
fn a_dropped_swarm_is_gone_at_once() {
    let mut world = World::new(Limits::default());
    for (conn, peer) in [(5, 1), (5, 2), (6, 3)] {
        world
            .says_from(conn, "192.0.2.1", &text(peer, 9, "started", 0))
            .unwrap();
    }
    world.calls("198.51.100.1:1", 9, Event::Started).unwrap();
    assert_eq!(world.tracker.drop_swarm(CLIP), [ConnId(5), ConnId(6)]);
    assert_eq!(world.tracker.drop_swarm(CLIP), []);
    assert_eq!(
        (
            world.tracker.peers(),
            world.tracker.swarms(),
            world.counts()
        ),
        (0, 0, (0, 0, 0))
    );
}

#[test]
fn the_silent_are_swept_a_few_at_a_time() {
    let mut world = World::new(Limits {
        expiry: seconds(100),
        ..Limits::default()
    });
    for peer in 1..=40 {
        world.now = seconds(u64::from(peer));
        let other =
            text(peer, 9, "started", 0).replace("\\u0001", &format!("\\u00{:02}", peer % 7 + 1));
        world.says(peer, &other).unwrap();
        world
            .calls(&format!("198.51.{peer}.1:1"), 9, Event::Started)
            .unwrap();
    }
    assert_eq!(
        (
            world.tracker.sweep(seconds(101), 1000),
            world.tracker.peers()
        ),
        (0, 80)
    );
    let swept: Vec<usize> = (0..60)
        .map(|_| world.tracker.sweep(seconds(121), 7))
        .collect();
    assert!(swept.iter().all(|count| *count <= 7));
    assert_eq!(
        (swept.iter().sum::<usize>(), world.tracker.peers()),
        (40, 40)
    );
    assert_eq!(world.tracker.sweep(seconds(1000), usize::MAX), 40);
    assert_eq!((world.tracker.peers(), world.tracker.swarms()), (0, 0));
    assert_eq!(world.tracker.sweep(seconds(1000), 10), 0);
}

#[derive(Debug, Clone)]
enum Step {
    Browser {
        peer: u8,
        conn: u8,
        swarm: u8,
        left: u64,
        event: &'static str,
        offers: usize,
    },
    Desktop {
        peer: u8,
        swarm: u8,
        left: u64,
        event: Event,
    },
    Leave {
        peer: u8,
        conn: u8,
        swarm: u8,
    },
    Drop {
        swarm: u8,
    },
    Wait {
        minutes: u64,
        budget: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let event = prop::sample::select(vec!["started", "completed", "stopped", ""]);
    let events = prop::sample::select(vec![
        Event::Started,
        Event::Completed,
        Event::Stopped,
        Event::Update,
    ]);
    prop_oneof![
        8 => (0..9_u8, 0..9_u8, 1..4_u8, 0..2_u64, event, 0..4_usize).prop_map(
            |(peer, conn, swarm, left, event, offers)| Step::Browser { peer, conn, swarm, left, event, offers }
        ),
        4 => (0..9_u8, 1..4_u8, 0..2_u64, events)
            .prop_map(|(peer, swarm, left, event)| Step::Desktop { peer, swarm, left, event }),
        4 => (0..9_u8, 0..9_u8, 1..4_u8).prop_map(|(peer, conn, swarm)| Step::Leave { peer, conn, swarm }),
        1 => (1..4_u8).prop_map(|swarm| Step::Drop { swarm }),
        2 => (0..9_u64, 0..20_usize).prop_map(|(minutes, budget)| Step::Wait { minutes, budget }),
    ]
}

/// Counts everything anew and compares it with what the tracker keeps.
fn check_books(tracker: &Tracker) {
    let mut peers = 0;
    for (infohash, swarm) in tracker.swarms.entries() {
        assert!(swarm.len() > 0, "an empty swarm is no swarm");
        peers += swarm.len();
        let complete = swarm.complete_by_counting();
        assert_eq!(tracker.counts(*infohash).seeders as usize, complete);
        let mut prefixes: HashMap<_, usize> = HashMap::new();
        swarm
            .prefixes_by_counting()
            .for_each(|prefix| *prefixes.entry(prefix).or_default() += 1);
        assert_eq!(&prefixes, swarm.prefixes());
    }
    assert_eq!(peers, tracker.peers());
}

proptest! {
    #[test]
    fn the_books_are_right_after_any_day(steps in prop::collection::vec(step(), 0..150)) {
        let limits = Limits { peers: 12, peers_per_prefix: 5, swarms: 2, ..Limits::default() };
        let mut world = World::new(limits);
        for step in steps {
            let hash = |swarm: u8| InfoHash([swarm; 20]);
            match step {
                Step::Browser { peer, conn, swarm, left, event, offers } => {
                    let text = text(peer, left, event, offers).replacen("\\u0001", &format!("\\u000{swarm}"), 20);
                    let _ = world.says_from(conn.into(), &format!("192.0.{}.1", conn % 3), &text);
                }
                Step::Desktop { peer, swarm, left, event } => {
                    let left = Some(left);
                    let announce =
                        Announce { infohash: hash(swarm), peer_id: id(peer), port: 1, left, event, numwant: Some(3) };
                    let from = address(&format!("192.0.{}.{peer}", peer % 2));
                    if let Ok(reply) = world.tracker.announce_from(world.now, from, &announce, None, &mut dice(1)) {
                        assert!(reply.peers.len() <= 3 && reply.peers.iter().all(|peer| peer.ip() != from));
                    }
                }
                Step::Leave { peer, conn, swarm } => world.tracker.leave(hash(swarm), id(peer), ConnId(conn.into())),
                Step::Drop { swarm } => drop(world.tracker.drop_swarm(hash(swarm))),
                Step::Wait { minutes, budget } => {
                    world.now += seconds(minutes * 60);
                    assert!(world.tracker.sweep(world.now, budget) <= budget);
                }
            }
            check_books(&world.tracker);
        }
        // Twice, because the first round starts where the last one stopped.
        for _ in 0..2 {
            world.tracker.sweep(world.now + seconds(86_400), usize::MAX);
        }
        assert_eq!((world.tracker.peers(), world.tracker.swarms()), (0, 0));
    }
}
