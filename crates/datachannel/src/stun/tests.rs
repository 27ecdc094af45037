//! Messages of RFC 5769 and of our own, and what is refused.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::*;

const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len() / 2)
        .map(|index| u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16).unwrap())
        .collect()
}

/// RFC 5769, section 2.1.
fn sample_request() -> Vec<u8> {
    hex("0001 0058 2112a442 b7e7a701bc34d686fa87dfae
        8022 0010 5354554e207465737420636c69656e74
        0024 0004 6e0001ff 8029 0008 932ff9b151263b36
        0006 0009 6576746a3a68367659202020
        0008 0014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
        8028 0004 e57a3bcf")
}

#[test]
fn the_standard_s_request() {
    let bytes = sample_request();
    let request = Request::parse(&bytes).unwrap();
    assert_eq!(request.username, Some("evtj:h6vY"));
    assert_eq!(request.priority, Some(0x6e00_01ff));
    assert!(request.fingerprint && request.is_signed() && !request.use_candidate);
    assert_eq!((request.controlling, request.unknown), (None, None));
    assert!(request.verify(&Key::new(PASSWORD)));
    assert!(!request.verify(&Key::new("another password")));
}

#[test]
fn the_standard_s_responses() {
    let v4 = hex("0101 003c 2112a442 b7e7a701bc34d686fa87dfae
        8022 000b 7465737420766563746f7220
        0020 0008 0001a147e112a643
        0008 0014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7
        8028 0004 c07d4c96");
    let v6 = hex("0101 0048 2112a442 b7e7a701bc34d686fa87dfae
        8022 000b 7465737420766563746f7220
        0020 0014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
        0008 0014 a382954e4be67bf11784c97c8292c275bfe3ed41
        8028 0004 c8fb0b4c");
    for (bytes, address) in [
        (v4, "192.0.2.1:32853"),
        (v6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ] {
        let response = Response::parse(&bytes, Some(&Key::new(PASSWORD))).unwrap();
        assert_eq!(response.outcome, Outcome::Address(address.parse().unwrap()));
        assert!(Response::parse(&bytes, Some(&Key::new("other"))).is_err());
    }
}

#[test]
fn every_changed_bit_is_noticed() {
    let bytes = sample_request();
    let key = Key::new(PASSWORD);
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let taken = Request::parse(&changed).is_ok_and(|request| request.verify(&key));
        // A checksum that is taken for something else is allowed to be missing.
        let kind_of_checksum = (bytes.len() - 8) * 8..(bytes.len() - 4) * 8;
        assert!(!taken || kind_of_checksum.contains(&bit), "bit {bit}");
    }
    for length in 0..bytes.len() {
        assert!(Request::parse(&bytes[..length]).is_err());
    }
}

#[test]
fn what_is_refused() {
    let plain = Request::new([7; 12], None).write(None);
    let with = |attributes: &str| {
        let mut bytes = plain[..20].to_vec();
        bytes.extend(hex(attributes));
        let length = (bytes.len() - 20) as u16;
        bytes[2..4].copy_from_slice(&length.to_be_bytes());
        bytes
    };
    for (bytes, expected) in [
        (vec![], Malformed::Length),
        (plain[..19].to_vec(), Malformed::Length),
        ([plain.as_slice(), &[0; 4]].concat(), Malformed::Length),
        (with("0006 ffff 61616161"), Malformed::Length),
        (with("0006 0005 61616161"), Malformed::Length),
        (with("0024 0003 00000000"), Malformed::Attribute),
        (with("802a 0004 00000000"), Malformed::Attribute),
        (with("0006 0002 fffe0000"), Malformed::Attribute),
        (with("0008 0004 00000000"), Malformed::Attribute),
        (with("8028 0004 00000000"), Malformed::Fingerprint),
        (with("8028 0004 00000000 0025 0000"), Malformed::Fingerprint),
        (
            [&[0, 1, 0, 0], [0; 16].as_slice()].concat(),
            Malformed::Cookie,
        ),
        (
            respond(
                &Request::new([7; 12], None),
                "192.0.2.1:9".parse().unwrap(),
                None,
            ),
            Malformed::Kind,
        ),
    ] {
        assert_eq!(Request::parse(&bytes), Err(expected), "{bytes:02x?}");
    }
    assert_eq!(
        Request::parse(&with("0006 0202 61")),
        Err(Malformed::Length)
    );
    let long = format!("0006 0204 {}", "61".repeat(516));
    assert_eq!(Request::parse(&with(&long)), Err(Malformed::Attribute));
}

#[test]
fn whoever_asks_is_answered() {
    let from = "192.0.2.1:9".parse().unwrap();
    let answered = |bytes: &[u8]| {
        let answer = answer(bytes, from)?;
        assert!(answer.len() <= bytes.len() + 12);
        Some(Response::parse(&answer, None).unwrap().outcome)
    };
    let plain = Request::new([7; 12], None).write(None);
    assert_eq!(answered(&plain), Some(Outcome::Address(from)));
    let mut odd = plain[..20].to_vec();
    odd.extend(hex("7abc 0000"));
    odd[3] = 4;
    let refused = answer(&odd, from).unwrap();
    let outcome = Response::parse(&refused, None).unwrap().outcome;
    assert_eq!(outcome, Outcome::Refused(420));
    let key = Key::new("password");
    for other in [
        Request::new([7; 12], None).write(Some(&key)),
        Request::new([7; 12], Some("us:them")).write(None),
        refused,
        sample_request(),
    ] {
        assert_eq!(answered(&other), None);
    }
}

#[test]
fn unknown_attributes_are_named() {
    let key = Key::new("password");
    let mut bytes = Request::new([7; 12], None).write(None);
    bytes.truncate(20);
    bytes.extend(hex("8fff 0000 7abc 0001 00000000 7abd 0000"));
    bytes[3] = (bytes.len() - 20) as u8;
    let request = Request::parse(&bytes).unwrap();
    assert_eq!(request.unknown, Some(0x7abc));
    let refusal = refuse(&request, 420, Some(&key));
    let outcome = Response::parse(&refusal, Some(&key)).unwrap().outcome;
    assert_eq!(outcome, Outcome::Refused(420));
    assert!(
        refusal
            .windows(6)
            .any(|window| window == hex("000a 0002 7abc"))
    );
}

#[test]
fn what_follows_the_signature_counts_for_nothing() {
    let key = Key::new("password");
    let mut request = Request::new([7; 12], Some("us:them"));
    request.fingerprint = false;
    let mut bytes = request.write(Some(&key));
    bytes.truncate(bytes.len() - 8);
    bytes.extend(hex("0025 0000"));
    let length = (bytes.len() - 20) as u16;
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    let read = Request::parse(&bytes).unwrap();
    assert!(read.verify(&key) && !read.use_candidate && !read.fingerprint);
}

proptest! {
    #[test]
    fn requests_round_trip(
        transaction: [u8; 12], username in proptest::option::of("[a-zA-Z0-9+/]{4,40}:[a-zA-Z0-9+/]{4,40}"),
        priority: Option<u32>, use_candidate: bool, controlling: Option<u64>, password in "[a-z]{22,30}", signed: bool,
    ) {
        let mut request = Request::new(transaction, username.as_deref());
        request.priority = priority;
        request.use_candidate = use_candidate;
        request.controlling = controlling;
        let key = Key::new(&password);
        let bytes = request.write(signed.then_some(&key));
        let mut read = Request::parse(&bytes).unwrap();
        prop_assert_eq!(read.verify(&key), signed);
        read.signed = None;
        prop_assert_eq!(read, request);
    }

    #[test]
    fn responses_round_trip(transaction: [u8; 12], v6: bool, ip: u128, port: u16, password in "[a-z]{22,30}") {
        let ip: std::net::IpAddr = if v6 { ip.to_be_bytes().into() } else { (ip as u32).to_be_bytes().into() };
        let address = SocketAddr::new(ip.to_canonical(), port);
        let key = Key::new(&password);
        let request = Request::new(transaction, None);
        let response = Response { transaction, outcome: Outcome::Address(address) };
        prop_assert_eq!(Response::parse(&respond(&request, address, Some(&key)), Some(&key)), Ok(response.clone()));
        prop_assert_eq!(Response::parse(&respond(&request, address, None), None), Ok(response));
    }

    #[test]
    fn any_bytes(kind in 0_u16..0x120, transaction: [u8; 12], tail in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = kind.to_be_bytes().to_vec();
        bytes.extend((tail.len() as u16).to_be_bytes());
        bytes.extend(COOKIE.to_be_bytes());
        bytes.extend(transaction);
        bytes.extend(tail);
        if let Ok(request) = Request::parse(&bytes) {
            request.verify(&Key::new("password"));
        }
        let _ = Response::parse(&bytes, Some(&Key::new("password")));
        let _ = Response::parse(&bytes, None);
    }
}
