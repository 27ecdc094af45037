//! What torrents cost that nobody takes: the same pod with the same videos, of which all have renditions that it shares, or two. Ten
//! torrents and a hundred thousand should make no difference to its start, its memory, and the processor time it takes at rest.

use std::{path::PathBuf, time::Duration};

use anyhow::{Result, ensure};

use crate::{
    Bench,
    pod::Pod,
    quiet, report,
    rows::{self, RENDITIONS},
    usage,
};

const VIDEOS: usize = 16_667;
const FEW: usize = 2;
const STARTS: usize = 7;

/// How long the pod is left alone before it is looked at, and while.
const SETTLE: Duration = Duration::from_secs(5);
const REST: Duration = Duration::from_secs(20);

/// What is no difference: a tenth, and what a clock of 10 ms and an allocator's chance make.
const SECONDS: f64 = 0.02;
const MIB: f64 = 1.0;
const CPU: f64 = 1.0;

/// A pod with so many torrents, in seconds to its first page, MiB at rest, and CPU ms per second at rest.
struct Idle {
    folder: PathBuf,
    torrents: usize,
    starts: Vec<f64>,
    mib: f64,
    cpu: f64,
}

/// Measures both in turns.
pub fn run(bench: &Bench) -> Result<()> {
    let mut pods = Vec::new();
    for shared in [FEW, VIDEOS] {
        let folder = bench.scratch.join(format!("idle-{shared}"));
        std::fs::create_dir_all(&folder)?;
        let address = format!("sqlite:{}", folder.join("shoal.db").display());
        rows::torrents(&address, VIDEOS, shared)?;
        pods.push(Idle {
            folder,
            torrents: shared * RENDITIONS,
            starts: Vec::new(),
            mib: 0.0,
            cpu: 0.0,
        });
    }
    quiet::wait()?;
    for _ in 0..STARTS {
        for idle in &mut pods {
            let pod = Pod::start(bench, &idle.folder, "")?;
            let answer = pod.client()?.get("/")?;
            idle.starts.push(pod.began.elapsed().as_secs_f64());
            ensure!(answer.status == 200, "the page answered {}", answer.status);
        }
    }
    for idle in &mut pods {
        quiet::wait()?;
        let pod = Pod::start(bench, &idle.folder, "")?;
        pod.client()?.get("/")?;
        std::thread::sleep(SETTLE);
        idle.mib = usage::memory(pod.process())?.resident;
        let before = usage::cpu_seconds(&[pod.process()]);
        std::thread::sleep(REST);
        idle.cpu = (usage::cpu_seconds(&[pod.process()]) - before) * 1000.0 / REST.as_secs_f64();
    }
    let row = |idle: &Idle| {
        vec![
            idle.torrents.to_string(),
            format!("{:.3}", report::median(idle.starts.clone())),
            format!("{:.1}", idle.mib),
            format!("{:.1}", idle.cpu),
        ]
    };
    let mut table: Vec<Vec<String>> = pods.iter().map(row).collect();
    if let [few, many] = &pods[..] {
        let start = |idle: &Idle| report::median(idle.starts.clone());
        let equal = |a: f64, b: f64, slack: f64| report::verdict(b <= a * 1.1 + slack);
        table.push(vec![
            "aim: equal".to_owned(),
            equal(start(few), start(many), SECONDS),
            equal(few.mib, many.mib, MIB),
            equal(few.cpu, many.cpu, CPU),
        ]);
    }
    report::table(
        &format!("Torrents that nobody takes, in a pod of {VIDEOS} videos"),
        &["torrents", "start s", "MiB", "idle CPU ms/s"],
        &table,
    );
    Ok(())
}
