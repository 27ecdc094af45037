//! Any chunks, at any times, for an association that is connected and sends: it neither panics nor sends without end, and its packets and
//! its deadlines stay within bounds.

#![no_main]

use std::time::Duration;

use datachannel::sctp::{Association, Config};
use libfuzzer_sys::fuzz_target;

/// Lets both talk until they are silent. Returns the header of the first one's last packet.
fn connect(ends: &mut [Association; 2]) -> Vec<u8> {
    let now = Duration::ZERO;
    let mut packet = Vec::new();
    let mut header = Vec::new();
    for turn in 0..8 {
        let (from, to) = (turn % 2, 1 - turn % 2);
        while ends[from].poll_packet(now, &mut packet) {
            if from == 0 {
                header = packet[..8].to_vec();
            }
            ends[to].receive(now, &packet);
        }
    }
    header.extend([0; 4]);
    header
}

fuzz_target!(|bytes: &[u8]| {
    let mut seed = 0;
    let mut chance = || {
        seed += 1;
        seed
    };
    let mut now = Duration::ZERO;
    let mut ends = [
        Association::connect(now, Config::default(), &mut chance),
        Association::new(Config::default(), &mut chance),
    ];
    let header = connect(&mut ends);
    let victim = &mut ends[1];
    assert!(victim.is_connected());
    let mut rest = bytes;
    let mut out = Vec::new();
    while let [deed, length, tail @ ..] = rest {
        let (chunks, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = tail;
        match deed % 4 {
            0 => victim.receive(now, &[&header, chunks].concat()),
            1 => victim.receive(now, chunks),
            2 => {
                let stream = u16::from(*length % 4);
                let message = vec![1; 1 + chunks.len() * 40];
                if deed & 4 == 0 {
                    let _ = victim.write(stream, 53, message.into());
                } else {
                    victim.close_stream(stream);
                }
            }
            _ => {
                now += Duration::from_millis(u64::from(*length) * u64::from(*length));
                victim.tick(now);
            }
        }
        let mut packets = 0;
        while victim.poll_packet(now, &mut out) {
            assert!(out.len() <= 1200);
            packets += 1;
            assert!(packets < 200);
        }
        if deed & 8 == 0 {
            while victim.poll_event().is_some() {}
        }
        assert!(victim.room() <= Config::default().send_buffer);
    }
});
