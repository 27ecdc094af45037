//! Datagrams byte by byte as the document has them, cut at every place, and the round trips.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

const ANNOUNCED: &[u8] = b"\0\0\0\0\0\0\0\x07\0\0\0\x01\0\0\0\x09aaaaaaaaaaaaaaaaaaaa-XX0001-bbbbbbbbbbbb\
    \0\0\0\0\0\0\0\x01\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\x02\0\0\0\x02\x7f\0\0\x01\0\0\0\x04\xff\xff\xff\xff\x1a\xe1";

fn announce() -> Announce {
    Announce {
        infohash: InfoHash([b'a'; 20]),
        peer_id: PeerId(*b"-XX0001-bbbbbbbbbbbb"),
        port: 6881,
        left: Some(256),
        event: Event::Started,
        numwant: None,
    }
}

#[test]
fn requests_are_what_the_document_says() {
    let check = |packet: &[u8], expected: Request| {
        assert_eq!(
            Request::parse(packet),
            Ok(expected),
            "{}",
            packet.escape_ascii()
        );
    };
    let (connection, transaction) = (7, 9);
    let connect = b"\0\0\x04\x17\x27\x10\x19\x80\0\0\0\0\0\0\0\x09";
    check(connect, Request::Connect { transaction });
    let whole = Request::Announce {
        connection,
        transaction,
        announce: announce(),
    };
    check(ANNOUNCED, whole.clone());
    // With options behind it, as BEP 41 has them, and with nonsense.
    check(&[ANNOUNCED, b"\x02\x09/announce"].concat(), whole.clone());
    check(&[ANNOUNCED, &[0xff; 1000]].concat(), whole);
    let scrape = b"\0\0\0\0\0\0\0\x07\0\0\0\x02\0\0\0\x09aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb";
    let infohashes = vec![InfoHash([b'a'; 20]), InfoHash([b'b'; 20])];
    check(
        scrape,
        Request::Scrape {
            connection,
            transaction,
            infohashes,
        },
    );
}

#[test]
fn odd_numbers_are_what_clients_mean_by_them() {
    let with = |at: usize, bytes: &[u8]| {
        let mut packet = ANNOUNCED.to_vec();
        packet[at..at + bytes.len()].copy_from_slice(bytes);
        match Request::parse(&packet) {
            Ok(Request::Announce { announce, .. }) => announce,
            other => panic!("an announce, not {other:?}"),
        }
    };
    assert_eq!(with(64, &[0xff; 8]).left, None);
    assert_eq!(with(64, &i64::MAX.to_be_bytes()).left, None);
    assert_eq!(with(64, &[0; 8]).left, Some(0));
    assert_eq!(with(80, &[0, 0, 0, 1]).event, Event::Completed);
    assert_eq!(with(80, &[0, 0, 0, 3]).event, Event::Stopped);
    assert_eq!(with(80, &[9, 9, 9, 9]).event, Event::Update);
    assert_eq!(with(92, &[0, 0, 0, 50]).numwant, Some(50));
    assert_eq!(with(92, &[0x80, 0, 0, 0]).numwant, None);
}

#[test]
fn what_is_cut_off_is_refused() {
    for length in 0..ANNOUNCED.len() {
        assert_eq!(Request::parse(&ANNOUNCED[..length]), Err(BadPacket::Short));
    }
    let scrape = |count: usize| {
        let head = &b"\0\0\0\0\0\0\0\x07\0\0\0\x02\0\0\0\x09"[..];
        Request::parse(&[head, &vec![b'a'; count]].concat())
    };
    assert_eq!(scrape(0), Err(BadPacket::Short));
    assert_eq!(scrape(19), Err(BadPacket::Short));
    assert!(scrape(39).is_ok() && scrape(MAX_SCRAPE * 20 + 19).is_ok());
    assert_eq!(scrape(MAX_SCRAPE * 20 + 20), Err(BadPacket::TooMany));
    for (connection, action) in [(7, 0), (PROTOCOL, 3), (PROTOCOL, u32::MAX), (0, 4)] {
        let packet = [
            &connection.to_be_bytes()[..],
            &action.to_be_bytes(),
            &[0; 100],
        ]
        .concat();
        assert_eq!(Request::parse(&packet), Err(BadPacket::Action));
    }
}

#[test]
fn replies_are_what_the_document_says() {
    let check = |reply: Reply, expected: &[u8]| {
        let mut packet = Vec::new();
        reply.write(&mut packet);
        assert_eq!(
            packet.escape_ascii().to_string(),
            expected.escape_ascii().to_string()
        );
    };
    let transaction = 9;
    check(
        Reply::Connected {
            transaction,
            connection: 7,
        },
        b"\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\x07",
    );
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
    };
    let of = |family| Reply::Announced {
        transaction,
        announced: announced.clone(),
        family,
    };
    check(
        of(Family::V4),
        b"\0\0\0\x01\0\0\0\x09\0\0\0\x78\0\0\0\x02\0\0\0\x01\xc0\0\x02\x01\x01\x02",
    );
    check(
        of(Family::V6),
        b"\0\0\0\x01\0\0\0\x09\0\0\0\x78\0\0\0\x02\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\0\x01",
    );
    check(
        Reply::Scraped {
            transaction,
            swarms: vec![counts],
        },
        b"\0\0\0\x02\0\0\0\x09\0\0\0\x01\0\0\0\x03\0\0\0\x02",
    );
    check(
        Reply::Failure {
            transaction,
            reason: "no".to_owned(),
        },
        b"\0\0\0\x03\0\0\0\x09no",
    );
}

#[test]
fn a_reply_fits_a_packet() {
    for (peer, family) in [("192.0.2.1:1", Family::V4), ("[2001:db8::1]:1", Family::V6)] {
        let peers = vec![peer.parse().unwrap(); 1000];
        let announced = Announced {
            interval: 1,
            min_interval: 1,
            counts: Counts::default(),
            peers,
        };
        let mut packet = Vec::new();
        Reply::Announced {
            transaction: 1,
            announced,
            family,
        }
        .write(&mut packet);
        assert!((1000..1232).contains(&packet.len()), "{}", packet.len());
    }
}

fn event() -> impl Strategy<Value = Event> {
    prop::sample::select(vec![
        Event::Update,
        Event::Started,
        Event::Completed,
        Event::Stopped,
    ])
}

proptest! {
    #[test]
    fn requests_survive(
        connection: u64, transaction: u32, ids: [[u8; 20]; 2], port: u16, left in prop::option::of(0..1_u64 << 62), event in event(),
        numwant in prop::option::of(0..1_u32 << 31), swarms in prop::collection::vec(any::<[u8; 20]>(), 1..=MAX_SCRAPE),
    ) {
        let announce = Announce { infohash: InfoHash(ids[0]), peer_id: PeerId(ids[1]), port, left, event, numwant };
        for request in [
            Request::Connect { transaction },
            Request::Announce { connection, transaction, announce },
            Request::Scrape { connection, transaction, infohashes: swarms.into_iter().map(InfoHash).collect() },
        ] {
            let mut packet = Vec::new();
            request.write(&mut packet);
            assert_eq!(Request::parse(&packet), Ok(request));
        }
    }

    #[test]
    fn replies_survive(
        transaction: u32, connection: u64, counts in prop::collection::vec(any::<[u32; 3]>(), 1..20), reason in "\\PC{0,40}",
        peers in prop::collection::vec(any::<(u128, u16)>(), 0..60), v6: bool,
    ) {
        let address = |ip: u128| if v6 { IpAddr::from(Ipv6Addr::from(ip | 1 << 127)) } else { Ipv4Addr::from(ip as u32).into() };
        let swarms: Vec<Counts> = counts.iter().map(|&[complete, incomplete, downloaded]| Counts { complete, incomplete, downloaded }).collect();
        let announced = Announced {
            interval: transaction,
            min_interval: transaction,
            counts: Counts { downloaded: 0, ..swarms[0] },
            peers: peers.into_iter().map(|(ip, port)| SocketAddr::new(address(ip), port)).collect(),
        };
        let family = if v6 { Family::V6 } else { Family::V4 };
        for reply in [
            Reply::Connected { transaction, connection },
            Reply::Announced { transaction, announced, family },
            Reply::Scraped { transaction, swarms },
            Reply::Failure { transaction, reason },
        ] {
            let mut packet = Vec::new();
            reply.write(&mut packet);
            assert_eq!(Reply::parse(&packet, family), Ok(reply));
        }
    }

    #[test]
    fn any_bytes_are_refused_or_read(packet in prop::collection::vec(any::<u8>(), 0..120), action in 0..5_u8) {
        let mut packet = packet;
        if packet.len() > 11 {
            packet[8..12].copy_from_slice(&[0, 0, 0, action]);
        }
        let _ = (Request::parse(&packet), Reply::parse(&packet, Family::V4), Reply::parse(&packet, Family::V6));
    }
}
