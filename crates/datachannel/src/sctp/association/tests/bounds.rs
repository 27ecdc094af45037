//! Peers that take slowly or never, answer nothing, or promise what they do not keep: memory stays bounded and the end is told.

use super::net::{Line, Net, ms};
use super::*;
use crate::sctp::wire::{Data, flag, kind, write_chunk};

#[test]
fn who_does_not_take_is_not_sent_more_than_fits() {
    let mut net = Net::new(Line::good(ms(20)), 40);
    net.connect();
    net.taking[1] = false;
    let message = Bytes::from(vec![1; 10_000]);
    let mut written = 0;
    for _ in 0..400 {
        while net.ends[0].write(1, 53, message.clone()).is_ok() {
            written += 1;
        }
        net.run(ms(50));
    }
    let limit = net.ends[1].config.receive_buffer;
    let waiting = net.ends[1].events.len() * message.len();
    assert!(
        (limit - 30_000..limit + 30_000).contains(&waiting),
        "{waiting}"
    );
    assert_eq!(net.ends[1].inbox.window(), 0);
    // It stays alive on probes, and goes on at once when there is room.
    net.run(Duration::from_secs(300));
    assert!(net.ends[0].is_connected());
    net.taking[1] = true;
    let begin = net.now;
    while net.got[1].len() < written {
        net.step();
        assert!(net.now - begin < ms(12_000), "{net:?}");
    }
    assert!(net.got[1].iter().all(|it| it.payload == message));
    settle(&mut net);
}

#[test]
fn a_peer_that_never_acknowledges_is_given_up() {
    let mut net = Net::new(Line::good(ms(20)), 41);
    net.connect();
    net.line.loss = 1.0;
    let before = net.sent;
    while net.ends[0].write(1, 53, vec![1; 1000].into()).is_ok() {}
    assert!(net.ends[0].room() < 1000);
    net.run(Duration::from_secs(600));
    assert_eq!(
        net.told[0].last(),
        Some(&Event::Closed(CloseReason::TimedOut))
    );
    // The other end had nothing to send, and notices all the same.
    assert_eq!(
        net.told[1].last(),
        Some(&Event::Closed(CloseReason::TimedOut))
    );
    assert!(net.sent - before < 80, "{}", net.sent - before);
    assert!(net.ends[0].kept() < 256);
    assert_eq!(net.ends[0].room(), 0);
}

#[test]
fn what_cannot_be_written_is_refused() {
    let mut net = Net::new(Line::good(ms(20)), 42);
    let [first, second] = &mut net.ends;
    assert_eq!(
        first.write(1, 53, vec![1].into()),
        Err(WriteError::NotConnected)
    );
    assert_eq!(second.room(), 0);
    net.connect();
    let first = &mut net.ends[0];
    assert_eq!(first.write(1, 53, Bytes::new()), Err(WriteError::Empty));
    assert_eq!(
        first.write(u16::MAX, 53, vec![1].into()),
        Err(WriteError::NoStream)
    );
    let room = first.room();
    assert_eq!(
        first.write(1, 53, vec![1; room + 1].into()),
        Err(WriteError::Full)
    );
    assert_eq!(first.write(1, 53, vec![1; room].into()), Ok(()));
    assert_eq!(first.room(), 0);
}

#[test]
fn a_message_that_is_too_long_ends_it() {
    let mut net = Net::new(Line::good(ms(20)), 43);
    net.connect();
    net.ends[0]
        .write(1, 53, vec![1; (256 << 10) + 1].into())
        .unwrap();
    net.run(ms(5000));
    let last = |side: usize, net: &Net| net.told[side].last().cloned();
    assert_eq!(last(1, &net), Some(Event::Closed(CloseReason::Violation)));
    assert_eq!(
        last(0, &net),
        Some(Event::Closed(CloseReason::AbortedByPeer))
    );
    assert!(net.got[1].is_empty());
}

#[test]
fn the_longest_message_arrives_through_a_receive_buffer_of_its_size() {
    let mut net = Net::new(Line::bad(ms(20), 0.03), 44);
    net.connect();
    transfer(&mut net, 0, 1, &messages(6, &[256 << 10]), ms(60_000));
    settle(&mut net);
}

/// Fragments before their time, from a peer that never sends the one that is missing.
#[test]
fn what_is_held_before_its_time_is_bounded() {
    for (length, step) in [(1, 1), (1100, 1), (1, 2), (1100, 31)] {
        let mut net = Net::new(Line::good(ms(20)), 45);
        net.connect();
        let first = net.ends[0].outbox.next_tsn();
        let payload = vec![5; length];
        for n in 1..5000 {
            let data = Data {
                flags: flag::BEGIN,
                tsn: first.wrapping_add(n * step),
                stream: 1,
                ppid: 53,
                payload: &payload,
            };
            let mut chunk = Vec::new();
            data.write(0, &mut chunk);
            let packet = net.ends[0].alone(net.ends[1].us.tag, &chunk);
            net.ends[1].receive(net.now, &packet);
            let mut answer = Vec::new();
            while net.ends[1].poll_packet(net.now, &mut answer) {
                assert!(answer.len() <= 1200);
            }
        }
        let kept = net.ends[1].kept();
        assert!(kept < net.ends[1].config.receive_buffer, "{kept}");
        assert!(net.ends[1].is_connected());
    }
}

#[test]
fn an_acknowledgement_of_what_was_never_sent_is_ignored() {
    let mut net = Net::new(Line::good(ms(20)), 46);
    net.connect();
    net.ends[0].write(1, 53, vec![1; 5000].into()).unwrap();
    let tag = net.ends[0].us.tag;
    let first = net.ends[0].us.tsn;
    for (cumulative, blocks) in [
        (first.wrapping_add(100), vec![]),
        (first.wrapping_sub(50), vec![]),
        (first.wrapping_sub(1), vec![(0, 1)]),
        (first.wrapping_sub(1), vec![(5, 2)]),
        (first.wrapping_sub(1), vec![(2, 60_000)]),
        (first.wrapping_sub(1), vec![(30, 40)]),
    ] {
        let mut chunk = Vec::new();
        write_chunk(&mut chunk, kind::SACK, 0, |out| {
            out.extend(cumulative.to_be_bytes());
            out.extend(100_000_u32.to_be_bytes());
            out.extend([0, blocks.len() as u8, 0, 0]);
            for (a, b) in blocks {
                out.extend(u16::to_be_bytes(a));
                out.extend(u16::to_be_bytes(b));
            }
        });
        let packet = net.ends[1].alone(tag, &chunk);
        net.inject(0, &packet);
    }
    assert_eq!(net.ends[0].outbox.arrived(), 0);
    net.run(ms(1000));
    assert_eq!(net.got[1].len(), 1);
    settle(&mut net);
}
