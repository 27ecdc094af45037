//! Any bytes as an envelope, and an envelope with any bytes put into it: nothing panics, and what opens is what was sealed.

#![no_main]

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use libfuzzer_sys::fuzz_target;
use names::Host;
use podnet::Protocol;
use podnet::envelope::{Expected, Fresh, Header, Nonce, OpeningKey, SealingKey, open, seal};

const NOW: i64 = 1_800_000_000_000;
const MESSAGE: &[u8] = b"a message";

struct Pod {
    opening: OpeningKey,
    sender: Host,
    receiver: Host,
    envelope: Vec<u8>,
}

fn pod() -> &'static Pod {
    static POD: OnceLock<Pod> = OnceLock::new();
    POD.get_or_init(|| {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("keys can be made");
        let own: Pkcs8V1Der<'_> = key.as_der().expect("keys can be written");
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().expect("keys can be written");
        let sealing = SealingKey::from_der(public.as_ref()).expect("it is a key");
        let host = |text| Host::parse(text).expect("it is a host");
        let header = Header {
            sender: host("a.example"),
            receiver: host("b.example"),
            protocol: Protocol(1),
            nonce: Nonce::new([7; 16]),
            sent_at: NOW,
        };
        Pod {
            opening: OpeningKey::from_pkcs8(own.as_ref()).expect("it is a key"),
            envelope: seal(MESSAGE, &sealing, &header, Fresh::new([9; 44])).expect("it is sealed"),
            sender: header.sender,
            receiver: header.receiver,
        }
    })
}

fuzz_target!(|bytes: &[u8]| {
    let pod = pod();
    let expected = Expected {
        receiver: &pod.receiver,
        sender: &pod.sender,
        nonce: Nonce::new([7; 16]),
    };
    // A refusal can be told in words, and nobody can make an envelope without the key of this run.
    let why = open(bytes, &pod.opening, expected, NOW).expect_err("nobody sealed it");
    let _ = (why.to_string(), why.event());
    let Some((at, rest)) = bytes.split_first_chunk::<2>() else {
        return;
    };
    let at = usize::from(u16::from_be_bytes(*at)) % pod.envelope.len();
    let end = (at + rest.len()).min(pod.envelope.len());
    let changed = [&pod.envelope[..at], rest, &pod.envelope[end..]].concat();
    if let Ok(opened) = open(&changed, &pod.opening, expected, NOW) {
        assert_eq!(opened.message, MESSAGE);
    }
});
