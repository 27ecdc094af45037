//! What an announce costs a tracker: over a WebSocket with ten offers, each of which is handed to somebody who answers it, over HTTP
//! and over UDP. A hundred clients announce themselves in a thousand torrents, each as fast as it is replied to; what counts is how
//! many announces there are for a second of the tracker's processor time.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result};
use tokio::{runtime, task::JoinSet, time::sleep};

use super::{
    browsers::{self, Tally},
    desktop,
    trackers::Tracker,
};
use crate::{Bench, quiet, report, usage};

const CLIENTS: u64 = 100;
const TORRENTS: u64 = 1000;
const ROUNDS: usize = 3;

/// How long a round lasts; the swarms fill before it.
const WARM_UP: Duration = Duration::from_secs(6);
const ROUND: Duration = Duration::from_secs(8);

const AIM: f64 = 35_000.0;

/// How clients announce themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Socket,
    Http,
    Udp,
}

/// What a round showed.
struct Round {
    announces_per_cpu_second: f64,
    messages_per_announce: f64,
    announces_per_second: f64,
    mib: f64,
}

/// Measures both trackers in turns.
pub fn run(bench: &Bench) -> Result<()> {
    let mut table = Vec::new();
    for (name, way) in [
        ("WebSocket, 10 offers", Way::Socket),
        ("HTTP", Way::Http),
        ("UDP", Way::Udp),
    ] {
        quiet::wait()?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let program = bench.pod.with_file_name("examples").join("tracker");
            ours.push(round(&Tracker::own(&program, &bench.scratch)?, way)?);
            let npm = bench.kept.join("bittorrent-tracker");
            theirs.push(round(&Tracker::npm(&npm, &bench.scratch)?, way)?);
        }
        let median =
            |of: &[Round], which: fn(&Round) -> f64| report::median(of.iter().map(which).collect());
        let rate = |of: &[Round]| median(of, |round| round.announces_per_cpu_second);
        let (own, their) = (rate(&ours), rate(&theirs));
        let aimed = way == Way::Socket;
        table.push(vec![
            name.to_owned(),
            format!("{own:.0}"),
            format!("{their:.0}"),
            format!("{:.1}", own / their),
            format!("{:.1}", median(&ours, |round| round.messages_per_announce)),
            format!(
                "{:.1}",
                median(&theirs, |round| round.messages_per_announce)
            ),
            format!("{:.0}", median(&ours, |round| round.announces_per_second)),
            format!("{:.0}", median(&ours, |round| round.mib)),
            format!("{:.0}", median(&theirs, |round| round.mib)),
            if aimed {
                format!("{AIM}")
            } else {
                String::new()
            },
            if aimed {
                report::verdict(own >= AIM)
            } else {
                String::new()
            },
        ]);
    }
    report::table(
        "announces per second of the tracker's processor time, 100 clients in 1000 torrents, beside npm bittorrent-tracker",
        &[
            "",
            "pod",
            "npm",
            "times",
            "messages out",
            "npm's",
            "per second",
            "MiB",
            "npm's",
            "aim",
            "",
        ],
        &table,
    );
    Ok(())
}

fn round(tracker: &Tracker, way: Way) -> Result<Round> {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        let tally = Arc::new(Tally::default());
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let tally = tally.clone();
            let (socket, announces) = tracker.paths;
            match way {
                Way::Socket => clients.spawn(browsers::browse(
                    tracker.socket,
                    socket,
                    number,
                    TORRENTS,
                    tally,
                )),
                Way::Http => clients.spawn(desktop::over_http(
                    tracker.http,
                    announces,
                    number,
                    TORRENTS,
                    tally,
                )),
                Way::Udp => clients.spawn(desktop::over_udp(tracker.udp, number, TORRENTS, tally)),
            };
        }
        let failure = async {
            let ended = clients.join_next().await;
            let ended = ended.context("there is no client")?;
            Err(match ended? {
                Err(error) => error,
                Ok(()) => anyhow::anyhow!("a client ended"),
            })
        };
        tokio::select! {
            measured = measure(tracker, &tally) => measured,
            failed = failure => failed,
        }
    });
    runtime.shutdown_background();
    done.with_context(|| format!("{} failed", tracker.name))
}

async fn measure(tracker: &Tracker, tally: &Tally) -> Result<Round> {
    sleep(WARM_UP).await;
    let now = || {
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed) as f64;
        let cpu = usage::cpu_seconds(&[tracker.process()]);
        (count(&tally.announces), count(&tally.messages), cpu)
    };
    let before = now();
    sleep(ROUND).await;
    let after = now();
    let announces = (after.0 - before.0).max(1.0);
    Ok(Round {
        announces_per_cpu_second: announces / (after.2 - before.2).max(0.01),
        messages_per_announce: (after.1 - before.1) / announces,
        announces_per_second: announces / ROUND.as_secs_f64(),
        mib: usage::memory(tracker.process())?.resident,
    })
}
