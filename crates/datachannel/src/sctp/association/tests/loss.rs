//! Loss, reordering, duplicates, long paths and short ones.

use super::net::{Line, Net, ms};
use super::*;

fn check(line: Line, limit: Duration) {
    for seed in 20..24 {
        let mut net = Net::new(line, seed);
        net.connect();
        let messages = messages(120, &[16_397, 17, 1, 1172, 1173, 50_000]);
        transfer(&mut net, 0, 1, &messages, limit);
        transfer(&mut net, 1, 1, &messages[..30], limit);
        settle(&mut net);
    }
}

#[test]
fn a_good_line() {
    check(Line::good(ms(50)), ms(5000));
}

#[test]
fn no_delay_at_all() {
    check(Line::good(ms(0)), ms(5000));
}

#[test]
fn one_per_cent_is_lost() {
    check(Line::bad(ms(50), 0.01), ms(20_000));
}

#[test]
fn ten_per_cent_are_lost() {
    check(Line::bad(ms(50), 0.1), ms(120_000));
}

#[test]
fn a_third_is_lost() {
    let config = Config {
        max_retransmits: 50,
        ..Config::default()
    };
    let mut net = Net::with(Line::bad(ms(50), 0.33), 25, config);
    net.connect();
    transfer(&mut net, 0, 1, &messages(20, &[16_397]), ms(600_000));
    settle(&mut net);
}

#[test]
fn packets_overtake_each_other() {
    let line = Line {
        jitter: ms(30),
        ..Line::bad(ms(50), 0.01)
    };
    check(line, ms(60_000));
}

#[test]
fn packets_come_twice() {
    let line = Line {
        twice: 0.3,
        jitter: ms(5),
        ..Line::bad(ms(50), 0.01)
    };
    check(line, ms(60_000));
}

#[test]
fn a_long_way() {
    check(Line::bad(ms(200), 0.01), ms(60_000));
    check(Line::bad(ms(800), 0.01), ms(200_000));
}

#[test]
fn a_narrow_way() {
    let line = Line {
        rate: Some((125_000, 30_000)),
        ..Line::good(ms(50))
    };
    check(line, ms(60_000));
}

/// Each of the last packets of a transfer may be lost without a long wait: a probe finds out.
#[test]
fn the_last_packet_is_lost() {
    for lost in 0..16 {
        let mut net = Net::new(Line::good(ms(50)), 26);
        net.connect();
        transfer(&mut net, 0, 1, &messages(20, &[5000]), ms(10_000));
        settle(&mut net);
        let begin = net.now;
        net.drop = vec![net.sent + lost];
        transfer(&mut net, 0, 1, &messages(1, &[8000]), ms(10_000));
        assert!(net.now - begin < ms(280), "{lost}: {:?}", net.now - begin);
    }
}

/// Acknowledgements that come only after a probe are no reason to believe that packets overtake each other.
#[test]
fn late_acknowledgements_do_not_dull_the_detection_of_losses() {
    let mut net = Net::new(Line::good(ms(50)), 27);
    net.connect();
    transfer(&mut net, 0, 1, &messages(20, &[5000]), ms(10_000));
    settle(&mut net);
    for _ in 0..10 {
        // The acknowledgement of this one is lost, the probe's comes at the shortest round trip.
        net.drop = vec![net.sent + 1];
        transfer(&mut net, 0, 1, &messages(1, &[500]), ms(10_000));
        settle(&mut net);
    }
    net.drop = vec![net.sent];
    let begin = net.now;
    transfer(&mut net, 0, 1, &messages(1, &[8000]), ms(10_000));
    assert!(net.now - begin < ms(160), "{:?}", net.now - begin);
}
