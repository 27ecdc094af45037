//! Messages byte by byte as the documents have them, every wrong length, and streams cut at every place.

use proptest::prelude::*;

use super::*;
use crate::{InfoHash, PeerId};

const BLOCK_1: Block = Block {
    piece: 1,
    begin: 2,
    length: 3,
};

/// Every kind of message with its bytes behind the length prefix.
fn examples() -> Vec<(Message<'static>, &'static [u8])> {
    let (piece, begin) = (1, 2);
    vec![
        (Message::KeepAlive, b""),
        (Message::Choke, b"\0"),
        (Message::Unchoke, b"\x01"),
        (Message::Interested, b"\x02"),
        (Message::NotInterested, b"\x03"),
        (Message::Have(0x0102_0304), b"\x04\x01\x02\x03\x04"),
        (Message::Bitfield(b"\xff\x80"), b"\x05\xff\x80"),
        (Message::Bitfield(b""), b"\x05"),
        (
            Message::Request(BLOCK_1),
            b"\x06\0\0\0\x01\0\0\0\x02\0\0\0\x03",
        ),
        (
            Message::Piece {
                piece,
                begin,
                data: b"abc",
            },
            b"\x07\0\0\0\x01\0\0\0\x02abc",
        ),
        (
            Message::Piece {
                piece,
                begin,
                data: b"",
            },
            b"\x07\0\0\0\x01\0\0\0\x02",
        ),
        (
            Message::Cancel(BLOCK_1),
            b"\x08\0\0\0\x01\0\0\0\x02\0\0\0\x03",
        ),
        (Message::Port(0x1ae1), b"\x09\x1a\xe1"),
        (Message::Suggest(9), b"\x0d\0\0\0\x09"),
        (Message::HaveAll, b"\x0e"),
        (Message::HaveNone, b"\x0f"),
        (
            Message::Reject(BLOCK_1),
            b"\x10\0\0\0\x01\0\0\0\x02\0\0\0\x03",
        ),
        (Message::AllowedFast(9), b"\x11\0\0\0\x09"),
        (
            Message::Extended {
                id: 3,
                payload: b"de",
            },
            b"\x14\x03de",
        ),
        (
            Message::Extended {
                id: 0,
                payload: b"",
            },
            b"\x14\0",
        ),
        (Message::Unknown(99), b"\x63"),
    ]
}

#[test]
fn messages_are_what_the_documents_say() {
    for (message, body) in examples() {
        assert_eq!(Message::parse(body), Ok(message));
        let mut written = Vec::new();
        message.write(&mut written);
        let mut expected = (body.len() as u32).to_be_bytes().to_vec();
        expected.extend_from_slice(body);
        assert_eq!(written, expected, "{message:?}");
    }
    assert_eq!(Message::parse(b"\x63anything"), Ok(Message::Unknown(0x63)));
}

#[test]
fn a_wrong_length_is_refused() {
    for (message, body) in examples().into_iter().skip(1) {
        for length in 1..body.len() + 5 {
            let mut other = body.to_vec();
            other.resize(length, 0);
            let open = match message {
                Message::Bitfield(_) | Message::Unknown(_) => true,
                Message::Piece { .. } => length >= 9,
                Message::Extended { .. } => length >= 2,
                _ => length == body.len(),
            };
            let parsed = Message::parse(&other);
            assert_eq!(parsed.is_ok(), open, "{message:?} of {length} bytes");
            assert!(open || parsed == Err(BadMessage::Length(body[0])));
        }
    }
}

#[test]
fn the_header_of_a_block_is_that_of_a_piece() {
    let (piece, begin, data) = (7, 1 << 20, [5; 100]);
    let mut written = Vec::new();
    Message::Piece {
        piece,
        begin,
        data: &data,
    }
    .write(&mut written);
    assert_eq!(written[..PIECE_HEADER], piece_header(piece, begin, 100));
    assert_eq!(written[PIECE_HEADER..], data);
    assert_eq!(piece_header(0, 0, u32::MAX)[..4], [255; 4]);
}

#[test]
fn a_length_beyond_the_bound_is_an_error_at_once() {
    for prefix in [u32::MAX, 1 << 31, 101] {
        let bytes = prefix.to_be_bytes();
        let mut whole = Decoder::new(100);
        assert_eq!(
            whole.next(&mut &bytes[..]),
            Err(BadMessage::TooLong(prefix))
        );
        let mut split = Decoder::new(100);
        assert_eq!(split.next(&mut &bytes[..3]), Ok(None));
        assert_eq!(
            split.next(&mut &bytes[3..]),
            Err(BadMessage::TooLong(prefix))
        );
        assert!(whole.held() == 0 && split.held() <= 16);
    }
    let mut decoder = Decoder::new(100);
    let longest = [&[0, 0, 0, 100, 5][..], &[0; 99]].concat();
    assert_eq!(
        decoder.next(&mut &longest[..]),
        Ok(Some(Message::Bitfield(&[0; 99])))
    );
}

#[test]
fn what_is_kept_is_what_has_arrived() {
    let mut decoder = Decoder::new(1 << 20);
    let mut input: &[u8] = &[0, 15, 0, 0, 5];
    assert_eq!(decoder.next(&mut input), Ok(None));
    assert!(input.is_empty() && decoder.held() <= 16);
    let mut rest = &vec![0; (15 << 16) - 1][..];
    let length = match decoder.next(&mut rest) {
        Ok(Some(Message::Bitfield(bits))) => bits.len(),
        other => panic!("a bitfield, not {other:?}"),
    };
    assert_eq!(length, (15 << 16) - 1);
    assert_eq!(decoder.next(&mut rest), Ok(None));
    assert_eq!(decoder.held(), 0);
}

#[test]
fn handshakes_are_what_the_documents_say() {
    let handshake = Handshake {
        reserved: Reserved::default().with_extended().with_fast(),
        infohash: InfoHash([b'i'; 20]),
        peer_id: PeerId([b'p'; 20]),
    };
    let bytes = handshake.to_bytes();
    let expected =
        b"\x13BitTorrent protocol\0\0\0\0\0\x10\0\x04iiiiiiiiiiiiiiiiiiiipppppppppppppppppppp";
    assert_eq!(bytes, *expected);
    assert_eq!(Handshake::parse(&bytes), Ok(handshake));
    for at in 0..20 {
        let mut bad = bytes;
        bad[at] ^= 1;
        assert_eq!(Handshake::parse(&bad), Err(BadHandshake));
        assert!(Handshake::may_start_with(&bad[..at]));
        assert!(!Handshake::may_start_with(&bad[..at + 1]));
    }
    assert!(Handshake::may_start_with(&bytes));
    let can = |reserved: Reserved| (reserved.fast(), reserved.extended(), reserved.dht());
    assert_eq!(can(handshake.reserved), (true, true, false));
    assert_eq!(can(Reserved::default().with_dht()), (false, false, true));
    assert_eq!(can(Reserved([0; 8])), (false, false, false));
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::sample::select(examples()).prop_map(|(_, body)| body.to_vec()),
        (0..=255_u8, prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(kind, rest)| [
            &[kind][..],
            &rest
        ]
        .concat()),
    ]
    .prop_filter("must be a message", |body| Message::parse(body).is_ok())
}

proptest! {
    #[test]
    fn a_stream_can_be_cut_anywhere(bodies in prop::collection::vec(message(), 0..20), cuts in prop::collection::vec(0..60_usize, 1..20)) {
        let mut stream = Vec::new();
        for body in &bodies {
            stream.extend_from_slice(&(body.len() as u32).to_be_bytes());
            stream.extend_from_slice(body);
        }
        let mut decoder = Decoder::new(64);
        let (mut decoded, mut rest, mut cuts) = (0, &stream[..], cuts.into_iter().cycle());
        while !rest.is_empty() {
            // A cut of nothing everywhere would never come to an end.
            let (mut part, after) = rest.split_at(cuts.next().unwrap().max(1).min(rest.len()));
            rest = after;
            while let Some(message) = decoder.next(&mut part).unwrap() {
                assert_eq!(Message::parse(&bodies[decoded]), Ok(message));
                decoded += 1;
            }
            assert!(part.is_empty());
        }
        assert_eq!((decoded, decoder.held()), (bodies.len(), 0));
    }

    #[test]
    fn any_bytes_are_refused_or_read(body in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(message) = Message::parse(&body) {
            let mut written = Vec::new();
            message.write(&mut written);
            assert!(matches!(message, Message::Unknown(_)) || written[4..] == body);
        }
    }

    #[test]
    fn every_handshake_survives(reserved: [u8; 8], infohash: [u8; 20], peer_id: [u8; 20]) {
        let handshake = Handshake { reserved: Reserved(reserved), infohash: InfoHash(infohash), peer_id: PeerId(peer_id) };
        assert_eq!(Handshake::parse(&handshake.to_bytes()), Ok(handshake));
    }
}
