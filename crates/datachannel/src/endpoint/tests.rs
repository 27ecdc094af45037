//! Peers' lives from offer to end over a network in memory, and what strangers try.

mod client;
mod world;

use proptest::prelude::*;

use super::checks::MOST_ADDRESSES;
use super::*;
use crate::dcep;
use crate::dtls::Secure;
use crate::{sctp, stun};
use client::{Client, STREAM};
use world::World;

const SECOND: Duration = Duration::from_secs(1);
/// Courses of events of one kind.
const SEEDS: u64 = 40;

fn path(remote: &str) -> Path {
    Path {
        remote: remote.parse().unwrap(),
        local: None,
    }
}

fn world() -> World {
    World::new(Config::default())
}

fn counts(setting_up: usize, open: usize) -> Counts {
    Counts { setting_up, open }
}

#[test]
fn a_channel_opens_and_carries_messages() {
    let mut world = world();
    let (client, key) = world.open("198.51.100.1:5000");
    assert_eq!(world.endpoint.counts(), counts(0, 1));
    assert_eq!(
        world.endpoint.address(key),
        Some("198.51.100.1:5000".parse().unwrap())
    );
    for (ppid, message) in [
        (dcep::PPID_BINARY, b"bytes".as_slice()),
        (dcep::PPID_TEXT, b"text"),
        (dcep::PPID_BINARY_EMPTY, b"\0"),
        (dcep::PPID_TEXT_EMPTY, b"\0"),
        (dcep::PPID_BINARY, &[7; 100_000]),
    ] {
        world.clients[client].write(ppid, message);
    }
    assert!(world.endpoint.write(key, Bytes::from_static(b"hello")));
    assert!(world.endpoint.write(key, Bytes::from(vec![9; 16397])));
    world.wait(SECOND);
    let data: Vec<&[u8]> = world
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Data(from, bytes) if *from == key => Some(&bytes[..]),
            _ => None,
        })
        .collect();
    assert_eq!(data, [b"bytes".as_slice(), b"text", &[7; 100_000]]);
    assert_eq!(world.clients[client].received, [&b"hello"[..], &[9; 16397]]);
}

/// Writes so many messages of a block's size and sees them arrive.
fn flood(world: &mut World, client: usize, key: PeerKey, count: usize, most: Duration) {
    let mut written = 0;
    let end = world.now + most;
    while world.clients[client].received.len() < count {
        while written < count
            && world
                .endpoint
                .write(key, Bytes::from(vec![written as u8; 16397]))
        {
            written += 1;
        }
        assert!(
            world.now < end,
            "{} of {count} arrived",
            world.clients[client].received.len()
        );
        world.wait(Duration::from_millis(5));
    }
    let received = std::mem::take(&mut world.clients[client].received);
    for (index, message) in received.iter().enumerate() {
        assert!(message.len() == 16397 && message.iter().all(|byte| *byte == index as u8));
    }
}

#[test]
fn much_leaves_in_batches() {
    let mut world = world();
    let (client, key) = world.open("198.51.100.1:5000");
    let before = world.sent;
    flood(&mut world, client, key, 300, 10 * SECOND);
    let (datagrams, batches) = (world.sent.0 - before.0, world.sent.1 - before.1);
    assert!(
        datagrams > 4000 && datagrams > batches * 5,
        "{datagrams} in {batches}"
    );
    assert!(world.events.contains(&Event::Writable(key)));
}

#[test]
fn everything_arrives_through_loss() {
    for loss in [50, 10] {
        let mut world = world();
        world.loss = loss;
        world.delay = Duration::from_millis(25);
        let (client, key) = world.open("198.51.100.1:5000");
        flood(&mut world, client, key, 60, 120 * SECOND);
    }
}

#[test]
fn who_does_not_come_is_forgotten() {
    let mut world = world();
    let (client, key) = world.call("198.51.100.1:5000");
    world.clients[client].checks = false;
    assert_eq!(world.endpoint.counts(), counts(1, 0));
    world.wait(14 * SECOND);
    assert_eq!(world.events, []);
    world.wait(SECOND);
    assert_eq!(world.events, [Event::Closed(key, Reason::SetUp)]);
    assert_eq!(world.endpoint.counts(), counts(0, 0));
    assert_eq!((world.endpoint.deadline(), world.sent), (None, (0, 0)));
    assert!(!world.endpoint.write(key, Bytes::from_static(b"late")));
}

#[test]
fn who_is_not_heard_is_gone() {
    let mut world = world();
    let (client, key) = world.open("198.51.100.1:5000");
    world.wait(60 * SECOND);
    assert_eq!(world.endpoint.counts(), counts(0, 1));
    world.clients[client].checks = false;
    world.wait(27 * SECOND);
    assert_eq!(world.endpoint.counts(), counts(0, 1));
    world.wait(4 * SECOND);
    assert_eq!(
        world.events.last(),
        Some(&Event::Closed(key, Reason::Silent))
    );
    assert!(world.endpoint.addresses.is_empty() && world.endpoint.names.is_empty());
}

#[test]
fn who_says_good_bye_is_gone_at_once() {
    let mut world = world();
    let (client, key) = world.open("198.51.100.1:5000");
    world.clients[client].say_good_bye();
    world.wait(SECOND / 10);
    assert_eq!(world.events.last(), Some(&Event::Closed(key, Reason::Left)));
    let (client, key) = world.open("198.51.100.2:5000");
    let association = world.clients[client].association.as_mut().unwrap();
    association.close_stream(STREAM);
    world.wait(SECOND);
    assert_eq!(world.events.last(), Some(&Event::Closed(key, Reason::Left)));
    assert_eq!(world.endpoint.counts(), counts(0, 0));
}

#[test]
fn whom_we_let_go_is_told() {
    let mut world = world();
    let (client, key) = world.open("198.51.100.1:5000");
    let told = world.events.len();
    world.endpoint.close(world.now, key);
    world.endpoint.close(world.now, key);
    assert_eq!(
        (world.endpoint.counts(), world.endpoint.room(key)),
        (counts(0, 0), 0)
    );
    world.clients[client].checks = false;
    world.wait(SECOND / 10);
    assert!(world.clients[client].closed);
    assert_eq!(world.events.len(), told);
}

#[test]
fn a_peer_moves() {
    let mut world = world();
    let (client, key) = world.open("198.51.100.1:5000");
    world.clients[client].address = "203.0.113.9:5000".parse().unwrap();
    world.clients[client].nominate = false;
    world.wait(3 * SECOND);
    assert_eq!(
        world.endpoint.address(key),
        Some("198.51.100.1:5000".parse().unwrap())
    );
    world.clients[client].nominate = true;
    world.wait(3 * SECOND);
    assert_eq!(
        world.endpoint.address(key),
        Some("203.0.113.9:5000".parse().unwrap())
    );
    flood(&mut world, client, key, 10, 10 * SECOND);
    for host in 10..30 {
        world.clients[client].address = format!("203.0.113.{host}:5000").parse().unwrap();
        world.wait(3 * SECOND);
    }
    assert_eq!(world.endpoint.addresses.len(), MOST_ADDRESSES);
    assert_eq!(world.endpoint.counts(), counts(0, 1));
}

#[test]
fn nobody_takes_another_s_place() {
    let mut world = world();
    let (_, key) = world.open("198.51.100.1:5000");
    let (thief, _) = world.call("203.0.113.9:5000");
    world.clients[thief].address = "198.51.100.66:5000".parse().unwrap();
    let password = world.clients[thief]
        .answer
        .as_ref()
        .unwrap()
        .password
        .clone();
    let check = world.clients[thief].check(&password);
    world
        .endpoint
        .receive(world.now, path("198.51.100.1:5000"), &check);
    let slot = world.endpoint.addresses[&"198.51.100.1:5000".parse().unwrap()];
    assert_eq!(slot, key.slot);
    // But an address that has fallen silent may be somebody else's by now.
    world.clients.remove(0);
    world.wait(9 * SECOND);
    world
        .endpoint
        .receive(world.now, path("198.51.100.1:5000"), &check);
    let slot = world.endpoint.addresses[&"198.51.100.1:5000".parse().unwrap()];
    assert_ne!(slot, key.slot);
    assert_eq!(world.endpoint.address(key), None);
}

#[test]
fn another_certificate_is_noticed() {
    let mut world = world();
    let (client, key) = world.call("198.51.100.1:5000");
    world.clients[client].certificate = Certificate::generate().unwrap();
    world.until(5 * SECOND, |world| !world.events.is_empty());
    assert_eq!(world.events, [Event::Closed(key, Reason::Certificate)]);
}

/// What the endpoint sends back at once.
fn replies(world: &mut World, from: &str, datagram: &[u8]) -> Vec<Vec<u8>> {
    world.endpoint.receive(world.now, path(from), datagram);
    let mut batch = Batch::default();
    let mut replies = Vec::new();
    while let Some(transmit) = world.endpoint.poll_transmit(world.now, &mut batch) {
        assert_eq!(transmit.path, path(from));
        replies.push(transmit.bytes.to_vec());
    }
    replies
}

#[test]
fn who_asks_for_an_address_is_told_it() {
    let mut world = world();
    let mut request = stun::Request::new([7; 12], None);
    for from in ["198.51.100.1:77", "[2001:db8::1]:77"] {
        let replies = replies(&mut world, from, &request.write(None));
        let response = stun::Response::parse(&replies[0], None).unwrap();
        assert_eq!(
            response.outcome,
            stun::Outcome::Address(from.parse().unwrap())
        );
        assert_eq!(replies.len(), 1);
    }
    // Whoever signs without a name is nobody.
    request.username = None;
    let signed = request.write(Some(&stun::Key::new("password")));
    assert_eq!(
        replies(&mut world, "198.51.100.1:77", &signed),
        Vec::<Vec<u8>>::new()
    );
}

#[test]
fn strangers_get_nothing() {
    let mut world = world();
    let (client, key) = world.call("198.51.100.1:5000");
    let nothing = Vec::<Vec<u8>>::new();
    // A wrong password is refused, and grows no session.
    let check = world.clients[client].check("another password");
    let refusals = replies(&mut world, "203.0.113.9:1", &check);
    let outcome = stun::Response::parse(&refusals[0], None).unwrap().outcome;
    assert_eq!((refusals.len(), outcome), (1, stun::Outcome::Refused(401)));
    assert!(refusals[0].len() < check.len());
    assert!(world.endpoint.peers.get(key).unwrap().session.is_none());
    for datagram in [
        stun::Request::new([7; 12], Some("somebody:else")).write(Some(&stun::Key::new("password"))),
        stun::Request::new([7; 12], Some("theirs")).write(None),
        vec![],
        vec![22; 100],
        vec![128; 100],
        vec![0; 20],
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ] {
        assert_eq!(replies(&mut world, "203.0.113.9:1", &datagram), nothing);
    }
    assert!(world.endpoint.addresses.is_empty());
}

#[test]
fn there_are_so_many_peers_and_no_more() {
    let mut world = World::new(Config {
        peers: 3,
        ..Config::default()
    });
    for host in 1..=3 {
        world.call(&format!("198.51.100.{host}:5000"));
    }
    let offer = Client::new("198.51.100.4:5000").offer();
    let refused = world.endpoint.accept(world.now, &offer, &[]);
    assert_eq!(refused.err(), Some(BadOffer::Full));
    world.wait(SECOND);
    assert_eq!(world.endpoint.counts(), counts(0, 3));
}

#[test]
fn peers_that_rest_cost_nothing() {
    let mut world = world();
    let first = world.open("198.51.100.250:5000");
    for host in 1..=40 {
        world.open(&format!("198.51.100.{host}:5000"));
    }
    world.wait(SECOND);
    assert!(world.endpoint.ready.is_empty());
    flood(&mut world, first.0, first.1, 100, 10 * SECOND);
    assert!(world.endpoint.ready.len() <= 1);
    assert_eq!(world.endpoint.counts(), counts(0, 41));
}

#[test]
fn damaged_datagrams_break_at_most_their_own_peer() {
    let mut opened = 0;
    for seed in 0..SEEDS {
        let mut world = world();
        world.shuffle(seed);
        world.damage = 2;
        let (_, key) = world.call("198.51.100.1:5000");
        world.until(20 * SECOND, |world| !world.events.is_empty());
        opened += usize::from(world.events[0] == Event::Open(key));
        let (client, key) = world.open_undamaged("198.51.100.2:5000");
        flood(&mut world, client, key, 3, 10 * SECOND);
    }
    // A handshake can be spoilt by who stands in the way, but mostly is not.
    assert!(opened > SEEDS as usize / 4, "{opened}");
}

/// Somebody who is let in and then sends nonsense under the encryption's heading.
fn noise(datagrams: &[Vec<u8>]) {
    let mut world = world();
    let (client, _) = world.call("198.51.100.1:5000");
    let password = world.clients[client]
        .answer
        .as_ref()
        .unwrap()
        .password
        .clone();
    let check = world.clients[client].check(&password);
    world
        .endpoint
        .receive(world.now, path("198.51.100.1:5000"), &check);
    for datagram in datagrams {
        world
            .endpoint
            .receive(world.now, path("198.51.100.1:5000"), datagram);
        world
            .endpoint
            .receive(world.now, path("198.51.100.2:5000"), datagram);
        world.clients[client].answer = None;
        world.carry();
        world.now += SECOND / 50;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_datagrams(
        datagrams in proptest::collection::vec(
            (prop_oneof![0_u8..4, 20_u8..64, any::<u8>()], proptest::collection::vec(any::<u8>(), 0..120)), 0..20,
        ),
    ) {
        let datagrams: Vec<Vec<u8>> = datagrams
            .into_iter()
            .map(|(first, mut rest)| {
                // So that some of it is read as a record of a handshake.
                if let [a, b, c, d, ..] = &mut rest[..] {
                    (*a, *b, *c, *d) = (0xfe, 0xfd, 0, 0);
                }
                rest.insert(0, first);
                rest
            })
            .collect();
        noise(&datagrams);
    }
}
