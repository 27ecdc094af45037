//! What SCTP alone costs: two associations in memory, one sends as fast as it can, the other takes everything. Prints the sender's and the
//! receiver's nanoseconds per packet and seconds per gigabyte, with and without checksums: the best of several runs, since other programs on
//! the machine only make it slower. `cargo run --release -p datachannel --example sctp`.

use std::time::{Duration, Instant};

use bytes::Bytes;
use datachannel::sctp::{Association, Config, Event};

/// A piece message of BitTorrent.
const MESSAGE: usize = (16 << 10) + 13;

/// How many runs the best is taken of.
const RUNS: usize = 7;

/// What one side has used.
#[derive(Default)]
struct Used {
    time: Duration,
    packets: u64,
}

fn measure<T>(used: &mut Used, work: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let result = work();
    used.time += begin.elapsed();
    result
}

fn config(trusts_dtls: bool) -> Config {
    Config {
        trusts_dtls,
        send_buffer: 512 << 10,
        receive_buffer: 1 << 20,
        ..Config::default()
    }
}

/// Sends this many bytes, or a few more. Returns what the sender and the receiver used, and how many bytes arrived.
fn run(total: usize, trusts_dtls: bool) -> ([Used; 2], usize) {
    let mut seed = 1;
    let mut chance = || {
        seed += 1;
        seed
    };
    let mut now = Duration::ZERO;
    let mut sender = Association::connect(now, config(trusts_dtls), &mut chance);
    let mut receiver = Association::new(config(trusts_dtls), &mut chance);
    let message = Bytes::from(vec![7; MESSAGE]);
    let (mut sending, mut receiving) = (Used::default(), Used::default());
    let mut pool: Vec<Vec<u8>> = Vec::new();
    let mut packets = Vec::new();
    let mut arrived = 0;
    while arrived < total {
        now += Duration::from_micros(200);
        let count = measure(&mut sending, || {
            if sender.deadline().is_some_and(|at| at <= now) {
                sender.tick(now);
            }
            while sender.poll_event().is_some() {}
            while sender.room() >= MESSAGE && sender.write(1, 53, message.clone()).is_ok() {}
            fill(&mut sender, now, &mut pool, &mut packets)
        });
        sending.packets += count;
        measure(&mut receiving, || {
            for packet in &packets {
                receiver.receive(now, packet);
            }
            while let Some(event) = receiver.poll_event() {
                if let Event::Message(message) = event {
                    arrived += message.payload.len();
                }
            }
        });
        pool.append(&mut packets);
        now += Duration::from_micros(200);
        let count = measure(&mut receiving, || {
            if receiver.deadline().is_some_and(|at| at <= now) {
                receiver.tick(now);
            }
            fill(&mut receiver, now, &mut pool, &mut packets)
        });
        receiving.packets += count;
        measure(&mut sending, || {
            for packet in &packets {
                sender.receive(now, packet);
            }
        });
        pool.append(&mut packets);
    }
    ([sending, receiving], arrived)
}

/// All packets that an association has to send now.
fn fill(
    from: &mut Association,
    now: Duration,
    pool: &mut Vec<Vec<u8>>,
    packets: &mut Vec<Vec<u8>>,
) -> u64 {
    loop {
        let mut packet = pool.pop().unwrap_or_default();
        if !from.poll_packet(now, &mut packet) {
            pool.push(packet);
            return packets.len() as u64;
        }
        packets.push(packet);
    }
}

fn main() {
    println!("an idle association: {} bytes", size_of::<Association>());
    for (title, trusts_dtls) in [("with checksums", false), ("without checksums", true)] {
        let runs: Vec<_> = (0..RUNS).map(|_| run(1 << 28, trusts_dtls)).collect();
        for (side, name) in ["sender", "receiver"].into_iter().enumerate() {
            let each = runs.iter().map(|(used, arrived)| {
                let time = used[side].time.as_secs_f64();
                (
                    time * 1e9 / used[0].packets as f64,
                    time * 1e9 / *arrived as f64,
                )
            });
            let (packet, gigabyte) = each.fold((f64::MAX, f64::MAX), |least, it| {
                (least.0.min(it.0), least.1.min(it.1))
            });
            println!("{title}, {name}: {packet:.0} ns per data packet, {gigabyte:.3} s/GB");
        }
    }
}
