//! What a browser costs who seeds to it: a file taken over a data channel by node-datachannel and by Chromium, from the pod's seeder and
//! from WebTorrent's in Node.js, and peers of node-datachannel that are connected to the pod and ask for nothing. The same client takes
//! from both, by the peer protocol and after finding the seeder through a tracker, so that all of the real path is in the figures.

use std::{
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::Receiver,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{
    shared::{BLOCK, PATIENCE, fill, start},
    trackers::Tracker,
};
use crate::{Bench, pod::stop, quiet, report, usage};

const SCRIPTS: [(&str, &str); 3] = [
    ("clients.mjs", include_str!("webrtc/clients.mjs")),
    ("webtorrent.mjs", include_str!("webrtc/webtorrent.mjs")),
    ("wire.mjs", include_str!("webrtc/wire.mjs")),
];

/// The file: 262 MB.
const BLOCKS: u32 = 16_000;
const GB: f64 = BLOCKS as f64 * BLOCK as f64 / 1e9;
const ROUNDS: usize = 3;

const PEERS: usize = 500;
const IDLE: Duration = Duration::from_secs(15);

const AIM_NODE: f64 = 5.0;
const AIM_CHROMIUM: f64 = 8.0;
const AIM_KIB: f64 = 75.0;

/// Measures all of it.
pub fn run(bench: &Bench) -> Result<()> {
    let installed = bench.kept.join("webtorrent");
    for (name, script) in SCRIPTS {
        std::fs::write(installed.join(name), script)?;
    }
    let file = bench.scratch.join("shared.bin");
    fill(&file, BLOCKS)?;
    let mut table = Vec::new();
    for (kind, aim) in [("node", AIM_NODE), ("chromium", AIM_CHROMIUM)] {
        quiet::wait()?;
        let own = taken(&Seeder::own(bench, &file)?, &installed, kind)?;
        quiet::wait()?;
        let their = taken(&Seeder::webtorrent(bench, &file)?, &installed, kind)?;
        table.push(vec![
            format!("to {kind}"),
            format!("{:.1}", own.cpu),
            format!("{:.1}", their.cpu),
            format!("{:.1}", their.cpu / own.cpu),
            format!("{:.0}", own.rate),
            format!("{:.0}", their.rate),
            format!("{aim}"),
            report::verdict(own.cpu <= aim),
        ]);
    }
    report::table(
        "CPU seconds of the seeder per GB over WebRTC, beside WebTorrent in Node.js",
        &[
            "",
            "pod",
            "webtorrent",
            "times",
            "pod's MB/s",
            "webtorrent's",
            "aim",
            "",
        ],
        &table,
    );
    idle(bench, &file, &installed)
}

/// What taking the file cost: CPU seconds per GB, and MB per second.
struct Taken {
    cpu: f64,
    rate: f64,
}

fn taken(seeder: &Seeder, installed: &Path, kind: &str) -> Result<Taken> {
    let mut clients = Clients::start(seeder, installed, kind)?;
    let (mut cpu, mut rate) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (before, began) = (seeder.cpu_seconds(), Instant::now());
        clients.tell("take")?;
        rate.push(GB * 1000.0 / began.elapsed().as_secs_f64());
        cpu.push((seeder.cpu_seconds() - before) / GB);
    }
    Ok(Taken {
        cpu: report::median(cpu),
        rate: report::median(rate),
    })
}

fn idle(bench: &Bench, file: &Path, installed: &Path) -> Result<()> {
    quiet::wait()?;
    let seeder = Seeder::own(bench, file)?;
    let mut clients = Clients::start(&seeder, installed, "node")?;
    let (memory, cpu) = (seeder.kib()?, seeder.cpu_seconds());
    clients.tell(&format!("idle {PEERS}"))?;
    let each = (seeder.kib()? - memory) / PEERS as f64;
    let connected = seeder.cpu_seconds();
    std::thread::sleep(IDLE);
    let idle = (seeder.cpu_seconds() - connected) / IDLE.as_secs_f64();
    clients.tell("stay")?;
    report::table(
        &format!("{PEERS} peers over WebRTC that ask for nothing"),
        &[
            "",
            "KiB each",
            "aim",
            "",
            "CPU ms to connect one",
            "CPU ms per second, all",
        ],
        &[vec![
            "pod".to_owned(),
            format!("{each:.0}"),
            format!("{AIM_KIB}"),
            report::verdict(each <= AIM_KIB),
            format!("{:.1}", (connected - cpu) / PEERS as f64 * 1000.0),
            format!("{:.1}", idle * 1000.0),
        ]],
    );
    Ok(())
}

/// A process that seeds the file; stopped when dropped.
pub struct Seeder {
    child: Child,
    /// A tracker of its own for the one that has none in it.
    _tracker: Option<Tracker>,
    /// Where clients find it, and what: tracker, infohash, length, and bytes per piece.
    torrent: [String; 4],
    /// Where it is over TCP, if it is.
    tcp: Option<SocketAddr>,
}

impl Seeder {
    /// The pod's, as the example `seed` of `peers` has it.
    pub fn own(bench: &Bench, file: &Path) -> Result<Self> {
        let program = bench.pod.with_file_name("examples").join("seed");
        let mut command = Command::new(program);
        command.arg(file).arg("0");
        Self::start(command, None, file)
    }

    /// WebTorrent's, behind the pod's tracker.
    fn webtorrent(bench: &Bench, file: &Path) -> Result<Self> {
        let program = bench.pod.with_file_name("examples").join("tracker");
        let tracker = Tracker::own(&program, &bench.scratch)?;
        let mut command = Command::new("node");
        command.arg(bench.kept.join("webtorrent/webtorrent.mjs"));
        command
            .arg(file)
            .arg(format!("ws://{}{}", tracker.socket, tracker.paths.0));
        Self::start(command, Some(tracker), file)
    }

    fn start(mut command: Command, tracker: Option<Tracker>, file: &Path) -> Result<Self> {
        let (child, lines) = start(&mut command, Stdio::null())?;
        let mut seeder = Self {
            child,
            _tracker: tracker,
            torrent: [const { String::new() }; 4],
            tcp: None,
        };
        let said: Value = serde_json::from_str(&lines.recv_timeout(PATIENCE)?)?;
        let socket = match &seeder._tracker {
            Some(tracker) => format!("ws://{}{}", tracker.socket, tracker.paths.0),
            None => text(&said["trackers"][0])?,
        };
        seeder.torrent = [
            socket,
            text(&said["infohash"])?,
            std::fs::metadata(file)?.len().to_string(),
            said["piece_length"].to_string(),
        ];
        seeder.tcp = said["tcp"].as_str().and_then(|tcp| tcp.parse().ok());
        Ok(seeder)
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Where it is over TCP.
    pub fn tcp_port(&self) -> Result<u16> {
        Ok(self.tcp.context("no seeder over TCP")?.port())
    }

    fn cpu_seconds(&self) -> f64 {
        usage::cpu_seconds(&[self.child.id()])
    }

    /// Its resident memory.
    fn kib(&self) -> Result<f64> {
        Ok(usage::memory(self.child.id())?.resident * 1024.0)
    }
}

impl Drop for Seeder {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// Those who take.
struct Clients {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Clients {
    fn start(seeder: &Seeder, installed: &Path, kind: &str) -> Result<Self> {
        let script: PathBuf = installed.join("clients.mjs");
        let mut command = Command::new("node");
        command.arg(script).arg(kind).args(&seeder.torrent);
        let (mut child, lines) = start(&mut command, Stdio::piped())?;
        let input = child.stdin.take().context("no input")?;
        let clients = Self {
            child,
            input,
            lines,
        };
        clients.hear("ready")?;
        Ok(clients)
    }

    /// Has them do something, and waits until it is done.
    fn tell(&mut self, what: &str) -> Result<()> {
        writeln!(self.input, "{what}")?;
        self.hear("done")
    }

    fn hear(&self, expected: &str) -> Result<()> {
        let said = self.lines.recv_timeout(PATIENCE);
        match said.as_deref() {
            Ok(said) if said == expected => Ok(()),
            Ok(said) => bail!("the clients said: {said}"),
            Err(_) => bail!("the clients have failed"),
        }
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().context("a text is missing")?.to_owned())
}
