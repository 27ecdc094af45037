//! Any messages of a few viewers, in any order and with any clock: the conductor neither panics nor grants what is not in the film.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use swarm::conductor::message::FromPage;
use swarm::conductor::{Conductor, Film, Kind, Rules, What};

fuzz_target!(|input: (u16, Vec<(u8, u32, Vec<u8>)>)| {
    let (pieces, deeds) = input;
    let film = Film {
        pieces: pieces.into(),
        piece_length: 64 << 10,
        length: u64::from(pieces) << 16,
        duration: Duration::from_secs(600),
    };
    let mut conductor = Conductor::new(film, Rules::default());
    let mut orders = Vec::new();
    for (viewer, millis, frame) in deeds {
        let now = Duration::from_millis(millis.into());
        match FromPage::read(&frame) {
            Ok(Some(FromPage::Hello { held, .. })) => {
                let kind = if viewer % 4 == 0 { Kind::Stock } else { Kind::Page };
                conductor.join(now, viewer, kind);
                held.into_iter().for_each(|range| conductor.gained(now, viewer, range));
            }
            Ok(Some(FromPage::Report {
                report,
                gained,
                lost,
                ..
            })) => {
                conductor.report(now, viewer, &report);
                gained.into_iter().for_each(|range| conductor.gained(now, viewer, range));
                lost.into_iter().for_each(|range| conductor.lost(now, viewer, range));
            }
            Ok(Some(FromPage::Bye { .. })) => conductor.leave(now, viewer),
            Ok(None) | Err(_) => conductor.conduct(now, &mut orders),
        }
        conductor.deadline();
        for order in orders.drain(..) {
            if let What::Grant(ranges) = order.what {
                assert!(ranges.iter().all(|range| range.end <= film.pieces));
            }
        }
    }
});
