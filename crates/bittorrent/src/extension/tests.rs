//! What clients send, byte by byte, what they might send, and the round trips.

use proptest::prelude::*;

use super::metadata::{Metadata, PIECE};
use super::pex::{Added, MAX_PEERS, Pex};
use super::*;

#[test]
fn handshakes_are_read() {
    let check = |text: &[u8], expected: Handshake<'_>| {
        assert_eq!(
            Handshake::parse(text).as_ref(),
            Ok(&expected),
            "{}",
            text.escape_ascii()
        );
    };
    check(b"de", Handshake::default());
    check(
        b"d1:ei0e1:md11:ut_metadatai3e6:ut_pexi1ee13:metadata_sizei31235e1:pi6881e4:reqqi255e11:upload_onlyi1e1:v4:Some6:yourip4\x3a\x7f\0\0\x01e",
        Handshake {
            messages: vec![(UT_METADATA, 3), (UT_PEX, 1)],
            client: Some("Some"),
            port: Some(6881),
            request_queue: Some(255),
            metadata_size: Some(31235),
            your_ip: Some(IpAddr::from([127, 0, 0, 1])),
            upload_only: true,
        },
    );
    // In any order, twice, with something behind it.
    let (client, messages) = (Some("b"), vec![("z", 1), ("a", 0)]);
    check(
        b"d1:v1:b1:md1:zi1e1:ai0ee1:v1:ce and more",
        Handshake {
            client,
            messages,
            ..Handshake::default()
        },
    );
    // Fields that cannot be what they should are not there.
    let wrong = b"d1:md1:ai256e1:bi-1e1:c1:xe13:metadata_sizei4294967296e1:pi65536e4:reqqi-1e11:upload_only1:11:v2:\xff\xff6:yourip3:abce";
    check(wrong, Handshake::default());
    check(
        b"d1:mle1:pi0e6:yourip16:0123456789abcdefe",
        Handshake {
            your_ip: Some(IpAddr::from(*b"0123456789abcdef")),
            ..Handshake::default()
        },
    );
    let zero = Handshake::parse(b"d1:md6:ut_pexi0eee").unwrap();
    assert_eq!(
        (zero.messages.len(), zero.message(UT_PEX), zero.message("x")),
        (1, None, None)
    );
}

#[test]
fn handshakes_are_bounded() {
    for bad in [
        &b""[..],
        b"le",
        b"i1e",
        b"d",
        b"4:spam",
        &[b'l'; 1000],
        &[b'd'; 20 << 10],
    ] {
        assert!(
            Handshake::parse(bad).is_err(),
            "{}",
            bad[..bad.len().min(20)].escape_ascii()
        );
    }
    let names: Vec<String> = (0..500).map(|n| format!("{n:04}")).collect();
    let messages = names.iter().map(|name| (&**name, 1)).collect();
    let long = "x".repeat(MAX_NAME + 1);
    let many = Handshake {
        messages,
        client: Some(&long),
        ..Handshake::default()
    }
    .to_bytes();
    let read = Handshake::parse(&many).unwrap();
    assert_eq!((read.messages.len(), read.client), (MAX_MESSAGES, None));
}

#[test]
fn metadata_is_what_the_document_says() {
    let check = |text: &[u8], expected: Metadata<'_>| {
        assert_eq!(Metadata::parse(text), Ok(expected));
        assert_eq!(expected.to_bytes(), text);
    };
    check(b"d8:msg_typei0e5:piecei0ee", Metadata::Request { piece: 0 });
    check(b"d8:msg_typei2e5:piecei7ee", Metadata::Reject { piece: 7 });
    let data = Metadata::Data {
        piece: 2,
        total_size: 34256,
        data: b"xxxx",
    };
    check(b"d8:msg_typei1e5:piecei2e10:total_sizei34256eexxxx", data);
    assert_eq!(
        Metadata::parse(b"d5:piecei1e8:msg_typei0ee"),
        Ok(Metadata::Request { piece: 1 })
    );
    assert_eq!(Metadata::parse(b"d8:msg_typei9ee"), Ok(Metadata::Unknown));
    for bad in [
        &b""[..],
        b"de",
        b"d8:msg_typei0ee",
        b"d8:msg_typei1e5:piecei2ee",
        b"d8:msg_typei0e5:piecei-1ee",
        b"d8:msg_typei0e5:piecei4294967296ee",
        b"d8:msg_type1:05:piecei1ee",
    ] {
        assert!(Metadata::parse(bad).is_err(), "{}", bad.escape_ascii());
    }
    let of = |length: usize| {
        Metadata::Data {
            piece: 0,
            total_size: 1,
            data: &vec![0; length],
        }
        .to_bytes()
    };
    assert!(Metadata::parse(&of(PIECE)).is_ok());
    assert_eq!(Metadata::parse(&of(PIECE + 1)), Err(BadExtension::TooLong));
    assert_eq!(Metadata::parse(&of(PIECE * 9)), Err(BadExtension::TooLong));
}

#[test]
fn pex_is_bounded_and_forgiving() {
    let at = |text: &str| text.parse::<std::net::SocketAddr>().unwrap();
    let text = b"d5:added12:\x01\x02\x03\x04\0\x05\x06\x07\x08\x09\x01\x007:added.f1:\x027:dropped7:\x01\x01\x01\x01\0\x01!e";
    let expected = Pex {
        added: vec![
            Added {
                address: at("1.2.3.4:5"),
                flags: 2,
            },
            Added {
                address: at("6.7.8.9:256"),
                flags: 0,
            },
        ],
        dropped: vec![at("1.1.1.1:1")],
    };
    assert_eq!(Pex::parse(text), Ok(expected));
    assert_eq!(Pex::parse(b"d5:addedi1e7:droppedlee"), Ok(Pex::default()));
    assert!(Pex::parse(b"le").is_err() && Pex::parse(&[b'd'; 9 << 10]).is_err());
    let address = at("[2001:db8::1]:1");
    let many = Pex {
        added: vec![Added { address, flags: 1 }; 300],
        dropped: vec![address; 300],
    };
    let many = Pex::parse(&many.to_bytes()).unwrap();
    assert_eq!(
        (many.added.len(), many.dropped.len()),
        (MAX_PEERS, MAX_PEERS)
    );
}

proptest! {
    #[test]
    fn handshakes_survive(
        ids in prop::collection::btree_map("[a-z_]{1,12}", any::<u8>(), 0..9), client in prop::option::of("\\PC{0,30}"),
        port in prop::option::of(1..u16::MAX), sizes: [Option<u32>; 2], v4: bool, ip: u128, upload_only: bool,
    ) {
        let v4 = v4.then(|| IpAddr::from(Ipv4Addr::from(ip as u32)));
        let your_ip = Some(v4.unwrap_or(Ipv6Addr::from(ip).into()));
        let handshake = Handshake {
            messages: ids.iter().map(|(name, id)| (&**name, *id)).collect(),
            client: client.as_deref(),
            port,
            request_queue: sizes[0],
            metadata_size: sizes[1],
            your_ip,
            upload_only,
        };
        assert_eq!(Handshake::parse(&handshake.to_bytes()), Ok(handshake));
    }

    #[test]
    fn pex_survives(v4 in prop::collection::vec(any::<(u32, u16, u8)>(), 0..20), v6 in prop::collection::vec(any::<(u128, u16, u8)>(), 0..20)) {
        let address = |ip: IpAddr, port| std::net::SocketAddr::new(ip, port);
        let v4 = v4.into_iter().map(|(ip, port, flags)| Added { address: address(Ipv4Addr::from(ip).into(), port), flags });
        let v6 = v6.into_iter().map(|(ip, port, flags)| Added { address: address(Ipv6Addr::from(ip).into(), port), flags });
        let added: Vec<Added> = v4.chain(v6).collect();
        let dropped = added.iter().map(|peer| peer.address).collect();
        let pex = Pex { added, dropped };
        assert_eq!(Pex::parse(&pex.to_bytes()), Ok(pex));
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in "(d|l|e|i[0-9]{1,3}e|[0-3]:|[0-9a-z:]|1:m|8:msg_type|5:piece|5:added){0,12}") {
        let _ = (Handshake::parse(bytes.as_bytes()), Metadata::parse(bytes.as_bytes()), Pex::parse(bytes.as_bytes()));
    }
}
