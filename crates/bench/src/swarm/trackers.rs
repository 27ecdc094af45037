//! The trackers that are compared, as processes of their own: the pod's, which is the example `tracker` of `peers` (the pod's own code
//! without its limits on one neighbourhood, from which all of this load comes), and the npm package `bittorrent-tracker`, which
//! WebTorrent's users run. Both tell their addresses on a line each.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::pod::stop;

/// A running tracker; stopped when dropped.
pub struct Tracker {
    pub name: &'static str,
    child: Child,
    pub socket: SocketAddr,
    pub http: SocketAddr,
    pub udp: SocketAddr,
    /// The path of its WebSocket and of its announces.
    pub paths: (&'static str, &'static str),
}

/// Serves the npm package's tracker: every torrent is let in, nothing else is changed.
const NPM: &str = "
import Server from 'bittorrent-tracker/server'
const server = new Server({ udp: true, http: true, ws: true, stats: false, trustProxy: false })
server.on('error', error => { console.error(error); process.exit(1) })
server.on('listening', () => {
    if (!server.http.address() || !server.udp4.address()) return
    const http = server.http.address().port
    console.log(`at ws 127.0.0.1:${http} http 127.0.0.1:${http} udp 127.0.0.1:${server.udp4.address().port}`)
})
server.listen(0, { http: '127.0.0.1', udp4: '127.0.0.1', udp6: '::1' })
process.on('SIGTERM', () => process.exit(0))
";

impl Tracker {
    /// The pod's tracker.
    pub fn own(program: &Path, scratch: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.arg("0");
        let paths = ("/tracker/socket", "/tracker/announce");
        Self::start("the pod's", command, scratch, paths)
    }

    /// The npm package's, from a folder in which it is installed.
    pub fn npm(installed: &Path, scratch: &Path) -> Result<Self> {
        let script = installed.join("tracker.mjs");
        std::fs::write(&script, NPM)?;
        let mut command = Command::new("node");
        command.arg(script);
        Self::start("bittorrent-tracker", command, scratch, ("/", "/announce"))
    }

    fn start(
        name: &'static str,
        mut command: Command,
        scratch: &Path,
        paths: (&'static str, &'static str),
    ) -> Result<Self> {
        let log = scratch.join("tracker.log");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("{name} does not start"))?;
        let output = child.stdout.take().context("a tracker without output")?;
        let mut lines = BufReader::new(output).lines();
        let said = lines.find_map(|line| {
            let line = line.ok()?;
            let mut words = line.strip_prefix("at ")?.split_whitespace();
            let mut address = || words.nth(1)?.parse::<SocketAddr>().ok();
            Some((address()?, address()?, address()?))
        });
        let Some((socket, http, udp)) = said else {
            let _ = child.kill();
            bail!("{name} said: {}", std::fs::read_to_string(log)?);
        };
        // What else it says is nobody's business, but it must be able to say it.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self {
            name,
            child,
            socket,
            http,
            udp,
            paths,
        })
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}
