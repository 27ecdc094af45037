//! Bytes from nobody in particular.

use proptest::prelude::*;

use super::net::{Line, Net, ms};
use super::*;
use crate::sctp::wire::{Chunks, kind, number, write_chunk};

/// A connected pair.
fn pair() -> Net {
    let mut net = Net::new(Line::good(ms(20)), 80);
    net.connect();
    net
}

/// Gives chunks to the second end, in a packet that seems to come from the first.
fn give(net: &mut Net, chunks: &[u8]) -> Vec<Vec<u8>> {
    let packet = net.ends[0].alone(net.ends[1].us.tag, chunks);
    net.ends[1].receive(net.now, &packet);
    let mut answers = Vec::new();
    let mut answer = Vec::new();
    while net.ends[1].poll_packet(net.now, &mut answer) {
        answers.push(answer[12..].to_vec());
    }
    answers
}

#[test]
fn unknown_chunks_are_answered_as_their_type_says() {
    for (unknown, go_on, reported) in [
        (0x3f, false, false),
        (0x7f, false, true),
        (0xbf, true, false),
        (0xff, true, true),
    ] {
        let mut net = pair();
        let mut chunks = Vec::new();
        write_chunk(&mut chunks, unknown, 7, |out| out.extend([1, 2, 3, 4, 5]));
        write_chunk(&mut chunks, kind::HEARTBEAT, 0, |out| {
            out.extend([0, 1, 0, 8, 7, 7, 7, 7]);
        });
        let answers = give(&mut net, &chunks).concat();
        let kinds: Vec<u8> = Chunks(&answers).map(|chunk| chunk.kind).collect();
        let mut expected = Vec::new();
        expected.extend(reported.then_some(kind::ERROR));
        expected.extend(go_on.then_some(kind::HEARTBEAT_ACK));
        assert_eq!(kinds, expected, "{unknown:02x}");
        assert!(!go_on || answers.ends_with(&[0, 1, 0, 8, 7, 7, 7, 7]));
    }
}

#[test]
fn data_without_a_byte_ends_it() {
    let mut net = pair();
    let mut chunks = Vec::new();
    write_chunk(&mut chunks, kind::DATA, 3, |out| out.extend([0; 12]));
    let answers = give(&mut net, &chunks);
    assert_eq!(answers[0][0], kind::ABORT);
    assert_eq!(net.ends[1].state, State::Closed);
}

#[test]
fn what_the_sender_has_given_up_is_skipped() {
    let mut net = pair();
    transfer(&mut net, 0, 1, &messages(3, &[10]), ms(1000));
    let tsn = net.ends[0].outbox.next_tsn();
    let data = |tsn: u32, flags: u8, byte: u8| {
        let mut chunk = Vec::new();
        let data = crate::sctp::wire::Data {
            flags,
            tsn,
            stream: 1,
            ppid: 53,
            payload: &[byte],
        };
        data.write(0, &mut chunk);
        chunk
    };
    let forward = |tsn: u32| {
        let mut chunk = Vec::new();
        write_chunk(&mut chunk, kind::FORWARD_TSN, 0, |out| {
            out.extend(tsn.to_be_bytes());
            out.extend([0, 1, 0, 9]);
        });
        chunk
    };
    // A message whose middle never comes, a whole one held behind it, one whose end is missing, one that comes after.
    give(&mut net, &data(tsn, 2, 1));
    give(&mut net, &data(tsn + 2, 1, 1));
    give(&mut net, &data(tsn + 3, 3, 2));
    give(&mut net, &data(tsn + 4, 2, 3));
    give(&mut net, &data(tsn + 6, 3, 4));
    let answers = give(&mut net, &forward(tsn + 5));
    assert_eq!(number(&answers[0][4..]), Some(tsn + 6));
    give(&mut net, &forward(tsn));
    net.flush();
    let got: Vec<u8> = net.got[1][3..].iter().map(|it| it.payload[0]).collect();
    assert_eq!(got, [2, 4]);
}

#[test]
fn requests_about_streams_are_answered() {
    const RESET: u16 = 13;
    let mut net = pair();
    let sequence = net.ends[0].us.tsn;
    let last = net.ends[0].outbox.next_tsn().wrapping_sub(1);
    let mut ask = |kind_: u16, sequence: u32, last: u32, streams: &[u16]| {
        let mut value = Vec::new();
        for number in [sequence, 0, last] {
            value.extend(number.to_be_bytes());
        }
        for stream in streams {
            value.extend(stream.to_be_bytes());
        }
        let mut chunk = Vec::new();
        write_chunk(&mut chunk, kind::RECONFIG, 0, |out| {
            crate::sctp::wire::write_parameter(out, kind_, &value);
        });
        let answers = give(&mut net, &chunk);
        let answer = answers.concat();
        // RE-CONFIG, then the parameter "response".
        let found = Chunks(&answer).find(|it| it.kind == kind::RECONFIG && it.value[1] == 16);
        found.and_then(|it| number(&it.value[8..]))
    };
    for (name, kind_, sequence, last, streams, expected) in [
        ("no streams", RESET, sequence, last, vec![], 2),
        ("the same again", RESET, sequence, last, vec![], 2),
        (
            "from the future",
            RESET,
            sequence.wrapping_add(9),
            last,
            vec![1],
            5,
        ),
        (
            "not all is here",
            RESET,
            sequence.wrapping_add(1),
            last.wrapping_add(3),
            vec![1],
            6,
        ),
        (
            "now it is",
            RESET,
            sequence.wrapping_add(1),
            last,
            vec![1],
            1,
        ),
        (
            "told again",
            RESET,
            sequence.wrapping_add(1),
            last,
            vec![1],
            1,
        ),
        (
            "too many",
            RESET,
            sequence.wrapping_add(2),
            last,
            (0..500).collect(),
            2,
        ),
        ("ours", 14, sequence.wrapping_add(3), last, vec![1], 2),
        (
            "more streams",
            17,
            sequence.wrapping_add(4),
            last,
            vec![1],
            2,
        ),
    ] {
        assert_eq!(
            ask(kind_, sequence, last, &streams),
            Some(expected),
            "{name}"
        );
    }
    for n in 0..3000_u32 {
        let streams: Vec<u16> = (0..200)
            .map(|it| (n as u16).wrapping_mul(200).wrapping_add(it))
            .collect();
        ask(RESET, sequence.wrapping_add(5 + n), last, &streams);
    }
    assert!(net.ends[1].events.len() <= 1024 + 200);
}

proptest! {
    #[test]
    fn any_packets(packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 0..20)) {
        let mut net = pair();
        for packet in packets {
            net.inject(1, &packet);
            give(&mut net, &packet);
        }
    }

    #[test]
    fn any_chunks(chunks in proptest::collection::vec(
        (prop_oneof![0_u8..15, Just(130), Just(192)], any::<u8>(), proptest::collection::vec(any::<u8>(), 0..40)), 0..30,
    )) {
        let mut net = pair();
        for (kind, flags, value) in chunks {
            let mut chunk = Vec::new();
            write_chunk(&mut chunk, kind, flags, |out| out.extend(value));
            give(&mut net, &chunk);
            net.now += ms(300);
            let now = net.now;
            net.ends[1].tick(now);
        }
    }
}
