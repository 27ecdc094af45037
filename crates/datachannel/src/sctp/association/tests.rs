//! Two associations on a bad line, with an invented clock and seeded chance: whatever happens on the way, what is written arrives whole,
//! once and in order, or the end is told.

use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::sctp::Message;
use net::{Line, Net, ms};

mod bounds;
mod closing;
mod hostile;
mod loss;
mod net;
mod opening;
mod speed;

/// Messages that tell where they belong, of the given lengths in turn.
fn messages(count: usize, lengths: &[usize]) -> Vec<Bytes> {
    let message = |n: usize| {
        let length = lengths[n % lengths.len()];
        let bytes = (0..length).map(|place| (n * 31 + place * 7 + place / 251) as u8);
        bytes.collect::<Vec<u8>>().into()
    };
    (0..count).map(message).collect()
}

/// Writes all messages on a stream as room allows and runs until the other side has them, which must be so within `limit`.
fn transfer(net: &mut Net, from: usize, stream: u16, messages: &[Bytes], limit: Duration) {
    let end = net.now + limit;
    let begin = net.got[1 - from].len();
    let mut next = messages.iter().peekable();
    while net.got[1 - from].len() < begin + messages.len() {
        while let Some(message) = next.next_if(|it| it.len() <= net.ends[from].room()) {
            net.ends[from]
                .write(stream, 53, message.clone())
                .expect("there is room");
        }
        assert!(net.now < end, "it takes too long: {net:?}");
        net.step();
    }
    let got: Vec<&Message> = net.got[1 - from][begin..].iter().collect();
    for (got, message) in got.iter().zip(messages) {
        assert_eq!((got.stream, got.ppid), (stream, 53));
        assert!(got.payload == message, "a message came out other than in");
    }
}

/// Runs until everything is acknowledged and checks that nobody keeps anything.
fn settle(net: &mut Net) {
    let end = net.now + Duration::from_secs(120);
    while net.ends.iter().any(|end| !end.outbox.is_empty()) {
        assert!(net.now < end, "acknowledgements are missing: {net:?}");
        net.step();
    }
    for end in &net.ends {
        assert_eq!(end.room(), end.config.send_buffer - 64);
        assert!(!end.outbox.is_waiting());
    }
}

#[test]
fn both_sides_talk_on_many_streams() {
    let mut net = Net::new(Line::good(ms(20)), 1);
    net.connect();
    for n in 0..300 {
        let (from, stream) = (n % 2, (n / 2 % 7) as u16);
        let message = Bytes::from(vec![n as u8; 1 + n * 13]);
        net.ends[from].write(stream, 51, message).unwrap();
    }
    net.run(ms(2000));
    for (side, got) in net.got.iter().enumerate() {
        assert_eq!(got.len(), 150);
        for (k, message) in got.iter().enumerate() {
            let n = 2 * k + 1 - side;
            assert_eq!(message.stream, (n / 2 % 7) as u16);
            assert_eq!(message.payload, vec![n as u8; 1 + n * 13]);
        }
    }
    settle(&mut net);
}

#[test]
fn unordered_messages_arrive_whole() {
    let mut net = Net::new(Line::bad(ms(20), 0.05), 2);
    net.connect();
    let messages = messages(200, &[3, 5000, 1173]);
    for message in &messages {
        net.ends[0].write_unordered(9, 53, message.clone()).unwrap();
    }
    net.run(ms(20_000));
    assert!(net.got[1].iter().map(|it| &it.payload).eq(&messages));
    settle(&mut net);
}

#[test]
fn numbers_wrap_around() {
    for tsn in [
        0,
        u32::MAX,
        u32::MAX - 20,
        u32::MAX - 5000,
        0x7fff_ffff - 20,
    ] {
        let mut net = Net::new(Line::bad(ms(10), 0.02), 3);
        net.set_first_tsn(0, tsn);
        net.set_first_tsn(1, tsn.wrapping_add(7));
        net.connect();
        transfer(&mut net, 0, 1, &messages(300, &[16_397, 1]), ms(60_000));
        transfer(&mut net, 1, 1, &messages(40, &[16_397, 1]), ms(60_000));
        settle(&mut net);
    }
}

#[test]
fn numbers_of_a_stream_wrap_around() {
    let mut net = Net::new(Line::good(ms(1)), 4);
    net.connect();
    transfer(&mut net, 0, 5, &messages(70_000, &[5, 9]), ms(600_000));
    settle(&mut net);
}

#[test]
fn an_idle_association_keeps_nothing() {
    let mut net = Net::new(Line::good(ms(5)), 5);
    net.connect();
    transfer(&mut net, 0, 1, &messages(200, &[16_397]), ms(10_000));
    transfer(&mut net, 1, 1, &messages(200, &[16_397]), ms(10_000));
    settle(&mut net);
    net.run(ms(1000));
    for end in &net.ends {
        assert!(size_of_val(end) < 1536, "{}", size_of_val(end));
        assert!(end.kept() < 2048, "{}", end.kept());
    }
}

#[test]
fn silence_is_cheap_and_broken_by_heartbeats() {
    let mut net = Net::new(Line::good(ms(30)), 6);
    net.connect();
    net.run(ms(1000));
    let before = net.sent;
    net.run(Duration::from_secs(600));
    let packets = net.sent - before;
    assert!((20..=80).contains(&packets), "{packets}");
    assert!(net.ends.iter().all(Association::is_connected));
}
