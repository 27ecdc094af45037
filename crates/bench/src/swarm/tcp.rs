//! What a desktop client costs who seeds to it over TCP: a file of 1 GB taken by libtorrent, in turns from the pod's seeder and from
//! libtorrent itself. The same client takes from both, called by address, so that only the seeders differ.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::Receiver,
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};

use super::{
    shared::{self, BLOCK},
    webrtc::Seeder,
};
use crate::{Bench, pod::stop, quiet, report, usage};

const SCRIPT: &str = include_str!("tcp/client.py");

/// Debian's own: the package of libtorrent is for no other.
const PYTHON: &str = "/usr/bin/python3";

/// The file: 1.0 GB.
const BLOCKS: u32 = 61_036;
const GB: f64 = BLOCKS as f64 * BLOCK as f64 / 1e9;
const ROUNDS: usize = 3;

/// CPU seconds per GB; libtorrent took 1.1 where this was set.
const AIM: f64 = 0.6;

/// What taking the file cost who gave it: CPU seconds per GB, and MB per second.
struct Taken {
    cpu: f64,
    rate: f64,
}

/// Measures both seeders in turns.
pub fn run(bench: &Bench) -> Result<()> {
    let (script, file) = (
        bench.scratch.join("client.py"),
        bench.scratch.join("gigabyte.bin"),
    );
    std::fs::write(&script, SCRIPT)?;
    shared::fill(&file, BLOCKS)?;
    let pod = Seeder::own(bench, &file)?;
    let torrent = file.with_added_extension("torrent");
    let libtorrent = Libtorrent::seeding(&script, &torrent, &bench.scratch)?;
    let (mut own, mut their) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (process, port, taken) in [
            (pod.process(), pod.tcp_port()?, &mut own),
            (libtorrent.child.id(), libtorrent.port, &mut their),
        ] {
            quiet::wait()?;
            taken.push(take(bench, &script, &torrent, process, port)?);
        }
    }
    std::fs::remove_file(&file)?;
    let median =
        |of: &[Taken], which: fn(&Taken) -> f64| report::median(of.iter().map(which).collect());
    let (cpu, theirs) = (
        median(&own, |taken| taken.cpu),
        median(&their, |taken| taken.cpu),
    );
    report::table(
        "CPU seconds of the seeder per GB over TCP to libtorrent, beside libtorrent",
        &[
            "",
            "pod",
            "libtorrent",
            "pod / libtorrent",
            "pod's MB/s",
            "libtorrent's",
            "aim",
            "",
        ],
        &[vec![
            "to libtorrent".to_owned(),
            format!("{cpu:.2}"),
            format!("{theirs:.2}"),
            format!("{:.2}", cpu / theirs),
            format!("{:.0}", median(&own, |taken| taken.rate)),
            format!("{:.0}", median(&their, |taken| taken.rate)),
            format!("{AIM}"),
            report::verdict(cpu <= AIM),
        ]],
    );
    Ok(())
}

fn take(bench: &Bench, script: &Path, torrent: &Path, process: u32, port: u16) -> Result<Taken> {
    let into: PathBuf = bench.scratch.join("taken");
    std::fs::create_dir_all(&into)?;
    let (before, began) = (usage::cpu_seconds(&[process]), Instant::now());
    let mut command = Command::new(PYTHON);
    command.arg(script).arg("take").arg(torrent).arg(&into);
    let mut client = Libtorrent::start(command.arg(port.to_string()))?;
    let said = client.hear()?;
    let (cpu, seconds) = (
        usage::cpu_seconds(&[process]) - before,
        began.elapsed().as_secs_f64(),
    );
    stop(&mut client.child);
    ensure!(said == "done", "libtorrent said: {said}");
    std::fs::remove_dir_all(&into)?;
    Ok(Taken {
        cpu: cpu / GB,
        rate: GB * 1000.0 / seconds,
    })
}

/// A process of libtorrent; stopped when dropped.
struct Libtorrent {
    child: Child,
    lines: Receiver<String>,
    port: u16,
}

impl Libtorrent {
    fn seeding(script: &Path, torrent: &Path, folder: &Path) -> Result<Self> {
        let mut command = Command::new(PYTHON);
        command.arg(script).arg("seed").arg(torrent).arg(folder);
        let mut seeder = Self::start(&mut command)?;
        seeder.port = seeder.hear()?.parse().context("libtorrent says no port")?;
        Ok(seeder)
    }

    fn start(command: &mut Command) -> Result<Self> {
        let (child, lines) = shared::start(command, Stdio::null())?;
        Ok(Self {
            child,
            lines,
            port: 0,
        })
    }

    fn hear(&mut self) -> Result<String> {
        let said = self.lines.recv_timeout(shared::PATIENCE);
        said.context("libtorrent has failed")
    }
}

impl Drop for Libtorrent {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}
