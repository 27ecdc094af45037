//! Two associations on a line whose accidents are drawn from the bytes: packets are lost, come twice or late, time passes, messages are
//! written in between. Once the line is good again, everything that was written arrives, whole and in order.

#![no_main]

use std::collections::VecDeque;
use std::time::Duration;

use datachannel::sctp::{Association, Config, Event};
use libfuzzer_sys::fuzz_target;

struct Pair {
    now: Duration,
    ends: [Association; 2],
    /// What is on its way to each end.
    way: [VecDeque<Vec<u8>>; 2],
    written: [Vec<Vec<u8>>; 2],
    got: [Vec<Vec<u8>>; 2],
}

impl Pair {
    fn flush(&mut self) {
        for end in 0..2 {
            let mut packet = Vec::new();
            let mut packets = 0;
            while self.ends[end].poll_packet(self.now, &mut packet) {
                self.way[1 - end].push_back(packet.clone());
                packets += 1;
                assert!(packets < 1000);
            }
            while let Some(event) = self.ends[end].poll_event() {
                match event {
                    Event::Message(message) => self.got[end].push(message.payload.to_vec()),
                    Event::Connected => {}
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    fn deliver(&mut self, to: usize) {
        if let Some(packet) = self.way[to].pop_front() {
            self.ends[to].receive(self.now, &packet);
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        for end in &mut self.ends {
            if end.deadline().is_some_and(|at| at <= self.now) {
                end.tick(self.now);
            }
        }
    }

    fn write(&mut self, end: usize, length: usize) {
        let message = vec![self.written[end].len() as u8; length];
        if self.ends[end].write(1, 53, message.clone().into()).is_ok() {
            self.written[end].push(message);
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut seed = bytes.first().map_or(0, |first| u32::from(*first));
    let mut chance = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed
    };
    // Bad luck shall not end it.
    let config = || Config {
        max_retransmits: 100_000,
        receive_buffer: 20_000,
        max_message: 30_000,
        ..Config::default()
    };
    let mut pair = Pair {
        now: Duration::ZERO,
        ends: [
            Association::connect(Duration::ZERO, config(), &mut chance),
            Association::new(config(), &mut chance),
        ],
        way: Default::default(),
        written: Default::default(),
        got: Default::default(),
    };
    for byte in bytes {
        let (deed, to, amount) = (byte % 8, usize::from(byte >> 3 & 1), usize::from(byte >> 4));
        match deed {
            0 => (0..=amount).for_each(|_| pair.deliver(to)),
            1 => drop(pair.way[to].pop_front()),
            2 => {
                if let Some(packet) = pair.way[to].front().cloned() {
                    pair.way[to].insert(amount.min(pair.way[to].len()), packet);
                }
            }
            3 => {
                if let Some(packet) = pair.way[to].pop_front() {
                    pair.way[to].insert(amount.min(pair.way[to].len()), packet);
                }
            }
            4 => pair.pass(Duration::from_millis(1 << amount)),
            5 => pair.write(to, 1 + amount),
            6 => pair.write(to, 1 + amount * 1700),
            _ => pair.way[to].truncate(amount),
        }
        pair.flush();
    }
    for _ in 0..100_000 {
        let missing = (0..2).any(|end| pair.got[1 - end].len() < pair.written[end].len());
        if !missing {
            break;
        }
        if pair.way.iter().all(VecDeque::is_empty) {
            let next = pair.ends.iter().filter_map(Association::deadline).min();
            let next = next.expect("something is missing, so somebody waits");
            pair.pass(next.saturating_sub(pair.now));
        }
        for end in 0..2 {
            for _ in 0..pair.way[end].len() {
                pair.deliver(end);
            }
        }
        pair.flush();
    }
    for end in 0..2 {
        assert!(pair.got[1 - end] == pair.written[end]);
    }
});
