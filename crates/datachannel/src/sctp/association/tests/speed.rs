//! What a connection carries, on paths as viewers have them, and that it leaves in portions.

use super::net::{Line, Net, ms};
use super::*;

/// Sends for a while and returns the megabits per second that arrived after a time to get going.
fn rate(line: Line, seed: u32, start: Duration, time: Duration) -> (f64, Net) {
    let config = Config {
        receive_buffer: 4 << 20,
        send_buffer: 2 << 20,
        ..Config::default()
    };
    let mut net = Net::with(line, seed, config);
    net.connect();
    let message = Bytes::from(vec![3; 16_397]);
    let (begin, end) = (net.now + start, net.now + start + time);
    let mut bytes = 0;
    while net.now < end {
        while net.ends[0].room() >= message.len() {
            net.ends[0].write(1, 53, message.clone()).unwrap();
        }
        net.step();
        let new: usize = net.got[1].drain(..).map(|it| it.payload.len()).sum();
        if net.now >= begin {
            bytes += new;
        }
    }
    (bytes as f64 * 8.0 / 1e6 / time.as_secs_f64(), net)
}

/// A hundred megabits with the queue of an ordinary router.
fn broadband(round_trip: Duration, loss: f64) -> Line {
    Line {
        rate: Some((12_500_000, 400_000)),
        ..Line::bad(round_trip, loss)
    }
}

#[test]
fn one_per_cent_of_loss_over_fifty_milliseconds() {
    for seed in 30..33 {
        let (rate, _) = rate(broadband(ms(50), 0.01), seed, ms(1000), ms(3000));
        assert!(rate > 60.0, "{rate}");
    }
}

#[test]
fn other_paths() {
    for (line, at_least) in [
        (broadband(ms(50), 0.0), 80.0),
        (broadband(ms(20), 0.001), 80.0),
        (broadband(ms(100), 0.005), 40.0),
        (broadband(ms(200), 0.01), 20.0),
        (broadband(ms(5), 0.0001), 80.0),
        // A shallow queue: a twentieth of a second's worth.
        (
            Line {
                rate: Some((12_500_000, 60_000)),
                ..Line::good(ms(50))
            },
            50.0,
        ),
        // A mobile line with wavering delay.
        (
            Line {
                rate: Some((2_500_000, 300_000)),
                jitter: ms(8),
                ..Line::bad(ms(60), 0.005)
            },
            8.0,
        ),
    ] {
        let (rate, _) = rate(line, 36, ms(1500), ms(2000));
        assert!(rate > at_least, "{rate} over {line:?}");
    }
}

#[test]
fn bursts_are_bounded() {
    let (_, net) = rate(broadband(ms(50), 0.0), 37, ms(0), ms(1000));
    assert!(net.burst <= 40, "{}", net.burst);
    let (_, net) = rate(Line::good(ms(1)), 38, ms(0), ms(50));
    assert!(net.burst <= 68, "{}", net.burst);
}

/// A full queue is answered by sending less: of two senders neither starves, and little is sent in vain.
#[test]
fn a_full_queue_is_not_weather() {
    let line = Line {
        rate: Some((1_250_000, 60_000)),
        ..Line::good(ms(50))
    };
    let (rate, net) = rate(line, 39, ms(0), ms(15_000));
    let useful = rate * 15.0 / 8.0 * 1e6 / 1172.0;
    assert!(rate > 8.0);
    assert!((net.ends[0].transmission as f64) < useful * 1.06);
}
