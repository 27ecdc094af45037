//! The end of streams and of the whole.

use super::net::{Line, Net, ms};
use super::*;

#[test]
fn a_stream_is_closed_on_both_sides_and_opened_again() {
    for seed in 50..60 {
        let loss = if seed == 50 { 0.0 } else { 0.1 };
        let mut net = Net::new(Line::bad(ms(20), loss), seed);
        net.connect();
        for round in 0..3 {
            net.told = Default::default();
            transfer(&mut net, 0, 3, &messages(10, &[3000]), ms(60_000));
            transfer(&mut net, 1, 3, &messages(10, &[3000]), ms(60_000));
            let by = round % 2;
            net.ends[by].write(3, 53, vec![9; 20_000].into()).unwrap();
            net.ends[by].close_stream(3);
            let refused = net.ends[by].write(3, 53, vec![1].into());
            assert_eq!(refused, Err(WriteError::NoStream));
            net.ends[by].write(4, 53, vec![1].into()).unwrap();
            net.run(ms(60_000));
            for told in &net.told {
                assert_eq!(told, &[Event::StreamClosed(3)], "seed {seed}");
            }
            assert_eq!(net.got[1 - by].last().unwrap().stream, 4);
            assert_eq!(
                net.got[1 - by].iter().rev().nth(1).unwrap().payload.len(),
                20_000
            );
            assert!(net.ends.iter().all(|end| !end.resets.is_closing(3)));
            settle(&mut net);
        }
    }
}

#[test]
fn many_streams_are_closed_by_both_at_once() {
    let mut net = Net::new(Line::bad(ms(20), 0.05), 61);
    net.connect();
    for stream in 0..300 {
        for end in &mut net.ends {
            end.write(stream, 53, vec![1; 10].into()).unwrap();
            end.close_stream(stream);
        }
    }
    net.run(ms(120_000));
    for end in 0..2 {
        assert_eq!(net.got[end].len(), 300);
        let mut closed = net.told[end].clone();
        closed.retain(|event| matches!(event, Event::StreamClosed(_)));
        assert_eq!(closed.len(), 300);
    }
    transfer(&mut net, 0, 7, &messages(10, &[3000]), ms(60_000));
}

#[test]
fn it_ends_in_order_after_everything_has_arrived() {
    for seed in 62..72 {
        let mut net = Net::new(Line::bad(ms(20), 0.1), seed);
        net.connect();
        for end in &mut net.ends {
            end.write(1, 53, vec![1; 100_000].into()).unwrap();
        }
        let now = net.now;
        net.ends[0].shutdown(now);
        if seed % 2 == 0 {
            net.ends[1].shutdown(now);
        }
        net.run(ms(120_000));
        for end in 0..2 {
            assert_eq!(net.got[end].len(), 1, "seed {seed}");
            let last = net.told[end].last();
            let shutdown = last == Some(&Event::Closed(CloseReason::Shutdown));
            // Whose last word was lost may have to wait in vain for an answer.
            let waited = last == Some(&Event::Closed(CloseReason::TimedOut));
            assert!(shutdown || waited, "seed {seed}: {last:?}");
            assert_eq!(net.ends[end].deadline(), None);
        }
    }
}

#[test]
fn it_ends_at_once() {
    let mut net = Net::new(Line::good(ms(20)), 73);
    net.connect();
    net.ends[1].write(1, 53, vec![1; 100_000].into()).unwrap();
    net.ends[1].abort();
    net.run(ms(1000));
    assert_eq!(
        net.told[1].last(),
        Some(&Event::Closed(CloseReason::Aborted))
    );
    assert_eq!(
        net.told[0].last(),
        Some(&Event::Closed(CloseReason::AbortedByPeer))
    );
    for end in &mut net.ends {
        assert_eq!(end.deadline(), None);
        assert!(end.kept() < 256);
        assert!(!end.poll_packet(ms(5000), &mut Vec::new()));
    }
}
