//! The handshake, also when its packets are lost, come twice, cross each other or come late.

use super::net::{Line, Net, ms};
use super::*;
use crate::sctp::wire::{Chunks, kind};

#[test]
fn each_packet_of_the_handshake_may_be_lost() {
    for lost in 0..6 {
        let mut net = Net::new(Line::good(ms(40)), 7);
        net.drop = vec![lost];
        net.connect();
        transfer(&mut net, 0, 1, &messages(3, &[100]), ms(10_000));
        transfer(&mut net, 1, 1, &messages(3, &[100]), ms(10_000));
        for told in &net.told {
            assert_eq!(told, &[Event::Connected], "packet {lost}");
        }
    }
}

#[test]
fn both_may_begin() {
    for lost in 0..10 {
        let mut net = Net::new(Line::good(ms(40)), 8);
        net.drop = vec![lost];
        net.ends[1].greet(Duration::ZERO);
        net.connect();
        transfer(&mut net, 0, 1, &messages(3, &[100]), ms(10_000));
        transfer(&mut net, 1, 1, &messages(3, &[100]), ms(10_000));
        net.run(ms(100_000));
        for told in &net.told {
            assert_eq!(told, &[Event::Connected], "packet {lost}");
        }
    }
}

#[test]
fn packets_of_the_handshake_may_come_twice() {
    let mut net = Net::new(Line::good(ms(40)), 9);
    net.line.twice = 1.0;
    net.connect();
    transfer(&mut net, 0, 1, &messages(50, &[1000, 5000]), ms(10_000));
    for told in &net.told {
        assert_eq!(told, &[Event::Connected]);
    }
}

#[test]
fn nobody_answers() {
    let mut net = Net::new(Line::bad(ms(40), 1.0), 10);
    net.run(Duration::from_secs(300));
    assert_eq!(net.told[0], [Event::Closed(CloseReason::TimedOut)]);
    assert_eq!(net.ends[0].deadline(), None);
    assert_eq!(net.told[1], []);
    assert_eq!(net.ends[1].deadline(), None);
    assert!(net.sent < 15);
}

#[test]
fn a_peer_that_lost_its_state_begins_again() {
    let mut net = Net::new(Line::good(ms(40)), 11);
    net.connect();
    transfer(&mut net, 0, 1, &messages(30, &[1000]), ms(10_000));
    transfer(&mut net, 1, 1, &messages(30, &[1000]), ms(10_000));
    net.ends[1].write(1, 53, vec![1; 100_000].into()).unwrap();
    let mut seed = 99;
    let mut chance = || {
        seed += 1;
        seed
    };
    net.ends[0] = Association::connect(net.now, Config::default(), &mut chance);
    net.connect();
    net.run(ms(1000));
    assert_eq!(net.told[1], [Event::Connected, Event::Restarted]);
    transfer(&mut net, 0, 1, &messages(30, &[1000]), ms(10_000));
    transfer(&mut net, 1, 1, &messages(30, &[1000]), ms(10_000));
    settle(&mut net);
}

#[test]
fn an_old_beginning_changes_nothing() {
    let mut net = Net::new(Line::good(ms(40)), 12);
    let mut first = Vec::new();
    assert!(net.ends[0].poll_packet(net.now, &mut first));
    net.inject(1, &first);
    net.connect();
    transfer(&mut net, 0, 1, &messages(3, &[100]), ms(10_000));
    for _ in 0..50 {
        net.inject(1, &first);
    }
    transfer(&mut net, 0, 1, &messages(3, &[100]), ms(10_000));
    transfer(&mut net, 1, 1, &messages(3, &[100]), ms(10_000));
    assert_eq!(net.told[1], [Event::Connected]);
}

#[test]
fn checksums_are_left_out_only_when_both_trust_dtls() {
    for (first, second, expected) in [
        (true, true, [true, true]),
        (true, false, [false, false]),
        (false, true, [false, false]),
        (false, false, [false, false]),
    ] {
        let mut net = Net::new(Line::good(ms(40)), 13);
        let mut random = Random::new(&mut || 5);
        let mut chance = || random.number();
        let config = |trusts_dtls| Config {
            trusts_dtls,
            ..Config::default()
        };
        net.ends = [
            Association::connect(net.now, config(first), &mut chance),
            Association::new(config(second), &mut chance),
        ];
        net.connect();
        transfer(&mut net, 0, 1, &messages(3, &[100]), ms(10_000));
        settle(&mut net);
        for (end, expected) in expected.into_iter().enumerate() {
            let mut packet = Vec::new();
            net.ends[end].write(1, 53, vec![1].into()).unwrap();
            assert!(net.ends[end].poll_packet(net.now, &mut packet));
            assert_eq!(packet[8..12] == [0; 4], expected);
            let flipped = [&packet[..20], &[packet[20] ^ 1], &packet[21..]].concat();
            if !expected {
                let before = format!("{:?}", net.ends[1 - end].inbox);
                net.inject(1 - end, &flipped);
                assert_eq!(format!("{:?}", net.ends[1 - end].inbox), before);
            }
        }
    }
}

#[test]
fn unknown_parameters_are_answered_as_their_type_says() {
    for (parameter, reported) in [
        (0x0fff_u16, false),
        (0x4fff, true),
        (0x8fff, false),
        (0xcfff, true),
    ] {
        let mut net = Net::new(Line::good(ms(40)), 14);
        let mut init = Vec::new();
        assert!(net.ends[0].poll_packet(net.now, &mut init));
        // Before the others, so that "stop" leaves them unread.
        let unknown = [parameter.to_be_bytes(), [0, 5]].concat();
        let mut chunk = init[12..32].to_vec();
        chunk.extend([unknown.as_slice(), &[9, 0, 0, 0]].concat());
        chunk.extend(&init[32..]);
        let length = chunk.len() as u16;
        chunk[2..4].copy_from_slice(&length.to_be_bytes());
        let init = net.ends[0].alone(0, &chunk);
        net.ends[1].receive(net.now, &init);
        let mut answer = Vec::new();
        assert!(net.ends[1].poll_packet(net.now, &mut answer));
        let report = [&[0, 8, 0, 9], unknown.as_slice(), &[9, 0, 0, 0]].concat();
        let found = answer.windows(report.len()).any(|it| it == report);
        assert_eq!(found, reported, "{parameter:04x}");
        let chunk = Chunks(&answer[12..]).next().unwrap();
        assert_eq!(chunk.kind, kind::INIT_ACK);
    }
}
