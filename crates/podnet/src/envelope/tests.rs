//! Envelopes that open and envelopes that do not, and what is remembered of them. tests/envelope_oracle.rs has another program open and
//! seal them.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use proptest::prelude::*;
use std::sync::OnceLock;

use super::*;

const NOW: i64 = 1_800_000_000_000;

/// The keys of `b.example`, made once because that is slow.
fn keys() -> &'static (Vec<u8>, Vec<u8>) {
    static KEYS: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    KEYS.get_or_init(|| {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let own: Pkcs8V1Der<'_> = key.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        (own.as_ref().to_vec(), public.as_ref().to_vec())
    })
}

fn host(text: &str) -> Host {
    Host::parse(text).unwrap()
}

fn header() -> Header {
    Header {
        sender: host("a.example"),
        receiver: host("b.example"),
        protocol: Protocol(1),
        nonce: Nonce::new([7; 16]),
        sent_at: NOW,
    }
}

fn sealed_with(message: &[u8], header: &Header) -> Vec<u8> {
    let key = SealingKey::from_der(&keys().1).unwrap();
    seal(message, &key, header, Fresh::new([9; 44])).unwrap()
}

fn opened_at(bytes: &[u8], now: i64) -> Result<Opened, Refusal> {
    let key = OpeningKey::from_pkcs8(&keys().0).unwrap();
    let expected = Expected {
        receiver: &host("b.example"),
        sender: &host("a.example"),
        nonce: Nonce::new([7; 16]),
    };
    open(bytes, &key, expected, now)
}

#[test]
fn an_envelope_is_small_and_opens_once() {
    let envelope = sealed_with(b"an unlisted video", &header());
    assert!(envelope.len() < 800, "{} bytes around 17", envelope.len());
    let text = String::from_utf8(envelope.clone()).unwrap();
    assert!(!text.contains("unlisted"));
    let opened = opened_at(&envelope, NOW + 1000).unwrap();
    assert_eq!(opened.message, b"an unlisted video");
    assert_eq!(opened.header, header());
    let mut replays = Replays::default();
    assert_eq!(replays.admit(&opened, NOW), Ok(()));
    assert_eq!(replays.admit(&opened, NOW), Err(Refusal::Replayed));
    // Remembered for as long as it would open.
    replays.tidy(NOW + WINDOW);
    assert!(opened_at(&envelope, NOW + WINDOW).is_ok());
    assert_eq!(replays.admit(&opened, NOW), Err(Refusal::Replayed));
    replays.tidy(NOW + WINDOW + 1);
    assert!(opened_at(&envelope, NOW + WINDOW + 1).is_err());
    assert_eq!(replays.admit(&opened, NOW), Ok(()));
}

#[test]
fn nonces_of_one_host_are_bounded_and_never_forgotten_early() {
    let mut replays = Replays::default();
    let mut opened = opened_at(&sealed_with(b"", &header()), NOW).unwrap();
    for n in 0..MAX_NONCES {
        opened.header.nonce = Nonce::new((n as u128).to_be_bytes());
        assert_eq!(replays.admit(&opened, NOW), Ok(()));
    }
    assert_eq!(replays.admit(&opened, NOW), Err(Refusal::Replayed));
    opened.header.nonce = Nonce::new([0xff; 16]);
    assert_eq!(replays.admit(&opened, NOW), Err(Refusal::TooMany));
    opened.header.sender = host("c.example");
    assert_eq!(replays.admit(&opened, NOW), Ok(()));
    opened.header.sender = host("a.example");
    opened.forget_at += WINDOW;
    assert_eq!(replays.admit(&opened, NOW + WINDOW + 1), Ok(()));
}

#[test]
fn envelopes_for_others_of_others_and_of_other_times() {
    for (change, expected) in [
        (
            (|h| h.receiver = host("c.example")) as fn(&mut Header),
            "the envelope is for c.example, not for this pod",
        ),
        (
            |h| h.sender = host("c.example"),
            "the envelope names c.example as its sender, who did not sign it",
        ),
        (
            |h| h.nonce = Nonce::new([8; 16]),
            "the envelope was not made for this request: its nonce is another",
        ),
        (
            |h| h.sent_at -= WINDOW + 1,
            "the envelope is 300 seconds old; check the clocks of both pods",
        ),
        (
            |h| h.sent_at += 3_600_000,
            "the envelope is from 3600 seconds in the future; check the clocks of both pods",
        ),
        (
            |h| h.sent_at = i64::MIN,
            "the envelope is 9223372036854775 seconds old; check the clocks of both pods",
        ),
    ] {
        let mut header = header();
        change(&mut header);
        let why = opened_at(&sealed_with(b"x", &header), NOW).unwrap_err();
        assert_eq!(why.to_string(), expected);
    }
    let mut edge = header();
    edge.sent_at += WINDOW;
    assert!(opened_at(&sealed_with(b"x", &edge), NOW).is_ok());
}

/// The envelope with one member of its outside replaced, as JSON.
fn with(member: &str, value: &str) -> Vec<u8> {
    let envelope = sealed_with(b"x", &header());
    let mut json: serde_json::Value = serde_json::from_slice(&envelope).unwrap();
    json[member] = value.into();
    serde_json::to_vec(&json).unwrap()
}

/// The envelope with its protected header changed, as whoever does not know the content key can.
fn with_header(from: &str, to: &str) -> Vec<u8> {
    let envelope = sealed_with(b"x", &header());
    let json: serde_json::Value = serde_json::from_slice(&envelope).unwrap();
    let protected = URL_SAFE_NO_PAD
        .decode(json["protected"].as_str().unwrap())
        .unwrap();
    let text = String::from_utf8(protected).unwrap();
    assert!(text.contains(from), "{text}");
    with("protected", &URL_SAFE_NO_PAD.encode(text.replace(from, to)))
}

#[test]
fn damaged_and_unknown_envelopes() {
    let damaged = |bytes: Vec<u8>| match opened_at(&bytes, NOW) {
        Err(Refusal::Damaged(_)) => "damaged",
        Err(Refusal::UnknownAlgorithm(_)) => "unknown",
        Err(Refusal::CannotOpen) => "closed",
        Err(Refusal::TooLarge(_)) => "large",
        other => panic!("{other:?}"),
    };
    for (name, bytes, expected) in [
        ("nothing", vec![], "damaged"),
        ("another shape", b"[1]".to_vec(), "damaged"),
        ("deep", b"[".repeat(100_000), "damaged"),
        ("large", vec![b' '; MAX_ENVELOPE + 1], "large"),
        ("a second header", with("header", "{}"), "damaged"),
        ("more to authenticate", with("aad", "eA"), "damaged"),
        ("more receivers", with("recipients", "x"), "damaged"),
        ("short iv", with("iv", "AAAA"), "damaged"),
        ("short tag", with("tag", "AAAAAAAAAAAAAAAAAAAA"), "damaged"),
        (
            "padding",
            with("tag", "AAAAAAAAAAAAAAAAAAAAAA=="),
            "damaged",
        ),
        (
            "another tag",
            with("tag", "AAAAAAAAAAAAAAAAAAAAAA"),
            "closed",
        ),
        ("another text", with("ciphertext", "AAAA"), "closed"),
        ("no key", with("encrypted_key", ""), "closed"),
        (
            "another key",
            with("encrypted_key", &"A".repeat(342)),
            "closed",
        ),
        (
            "much inside",
            with("ciphertext", &"A".repeat(1_398_104)),
            "large",
        ),
        (
            "long header",
            with("protected", &"A".repeat(5000)),
            "damaged",
        ),
        ("odd header", with("protected", "A"), "damaged"),
        (
            "old key wrap",
            with_header("RSA-OAEP-256", "RSA1_5"),
            "unknown",
        ),
        (
            "small cipher",
            with_header("A256GCM", "A128CBC-HS256"),
            "unknown",
        ),
        (
            "compressed",
            with_header("\"from\"", "\"zip\":\"DEF\",\"from\""),
            "unknown",
        ),
        (
            "critical",
            with_header("\"from\"", "\"crit\":[\"x\"],\"from\""),
            "unknown",
        ),
        (
            "another kind",
            with_header("shoal-envelope", "JWT"),
            "damaged",
        ),
        ("no host", with_header("a.example", "a example"), "damaged"),
        ("no nonce", with_header("BwcH", "Bw="), "damaged"),
        (
            "moved header",
            with_header("\"protocol\":1", "\"protocol\":2"),
            "closed",
        ),
        (
            "fresh time",
            with_header("1800000000000", "1800000000001"),
            "closed",
        ),
    ] {
        assert_eq!(damaged(bytes), expected, "{name}");
    }
}

#[test]
fn what_costs_score_is_what_the_signer_alone_can_do() {
    let event = |refusal: Refusal| refusal.event();
    assert_eq!(event(Refusal::OtherSender(host("c"))), Some(Event::Lie));
    assert_eq!(event(Refusal::OtherNonce), Some(Event::Replay));
    for free in [
        Refusal::Replayed,
        Refusal::TooOld(1),
        Refusal::TooNew(1),
        Refusal::CannotOpen,
        Refusal::UnknownAlgorithm("x".to_owned()),
    ] {
        assert_eq!(event(free), None);
    }
}

#[test]
fn too_much_is_not_sealed_and_bad_keys_are_none() {
    let key = SealingKey::from_der(&keys().1).unwrap();
    let message = vec![b'a'; MAX_MESSAGE];
    let envelope = seal(&message, &key, &header(), Fresh::new([9; 44])).unwrap();
    assert!(envelope.len() < MAX_ENVELOPE);
    assert_eq!(
        opened_at(&envelope, NOW).unwrap().message.len(),
        MAX_MESSAGE
    );
    let more = vec![b'a'; MAX_MESSAGE + 1];
    let why = seal(&more, &key, &header(), Fresh::new([9; 44]));
    assert_eq!(why, Err(NotSealed::TooLarge(MAX_MESSAGE + 1)));
    assert!(SealingKey::from_der(b"x").is_err());
    assert!(SealingKey::from_der(&keys().0).is_err());
    assert!(OpeningKey::from_pkcs8(&keys().1).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_sealed_opens(message: Vec<u8>, random: [u8; 32]) {
        let key = SealingKey::from_der(&keys().1).unwrap();
        let mut fresh = [0; 44];
        fresh[..32].copy_from_slice(&random);
        let envelope = seal(&message, &key, &header(), Fresh::new(fresh)).unwrap();
        prop_assert_eq!(opened_at(&envelope, NOW).unwrap().message, message);
    }

    #[test]
    fn a_changed_byte_is_noticed(at: prop::sample::Index, byte: u8) {
        let mut envelope = sealed_with(b"some message", &header());
        let at = at.index(envelope.len());
        prop_assume!(envelope[at] != byte);
        envelope[at] = byte;
        // A byte that is changed may make an unused member of a used one, but never another message.
        prop_assert!(opened_at(&envelope, NOW).is_err());
    }

    #[test]
    fn nonces_are_read_as_they_are_written(bytes: [u8; 16]) {
        let nonce = Nonce::new(bytes);
        prop_assert_eq!(Nonce::parse(&nonce.to_string()), Some(nonce));
    }
}
