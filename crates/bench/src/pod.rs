//! The released pod as a process of its own, started as an administrator would start it.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use names::Host;
use rustix::process::{Pid, Signal, kill_process};

use crate::{Bench, client::Client};

/// The password of `root` on new pods.
pub const PASSWORD: &str = "a-password-for-measuring";

/// How long a pod may take to stop by itself.
const STOP: Duration = Duration::from_secs(10);

/// A running pod; stopped when dropped.
pub struct Pod {
    child: Child,
    /// When its process was started.
    pub began: Instant,
    /// Where it listens.
    pub address: SocketAddr,
    /// Under which name others know it.
    pub host: Host,
}

impl Pod {
    /// Starts a pod on a free port. `database` empty: SQLite in the folder.
    pub fn start(bench: &Bench, data: &Path, database: &str) -> Result<Self> {
        std::fs::create_dir_all(data)?;
        let log = data.join("log");
        let mut command = Command::new(&bench.pod);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("SHOAL_ADMIN_PASSWORD", PASSWORD)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?);
        if !database.is_empty() {
            command.env("SHOAL_DATABASE", database);
        }
        let began = Instant::now();
        let mut child = command
            .spawn()
            .with_context(|| format!("{} does not start", bench.pod.display()))?;
        let output = child.stdout.take().context("the pod has no output")?;
        let mut lines = BufReader::new(output).lines();
        let said = lines.find_map(|line| {
            let line = line.ok()?;
            let host = Host::parse(line.strip_prefix("Shoal is at ")?).ok()?;
            let (_, port) = host.as_str().rsplit_once(':')?;
            Some((port.parse::<u16>().ok()?, host))
        });
        let Some((port, host)) = said else {
            let _ = child.kill();
            bail!("the pod said: {}", std::fs::read_to_string(log)?);
        };
        Ok(Self {
            child,
            began,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            host,
        })
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// A connection to it.
    pub fn client(&self) -> Result<Client> {
        Client::connect(self.address)
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// Asks a process to end, and makes it end if it does not.
pub fn stop(child: &mut Child) {
    let began = Instant::now();
    let asked = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(process) = asked {
        let _ = kill_process(process, Signal::TERM);
    }
    while matches!(child.try_wait(), Ok(None)) {
        if began.elapsed() > STOP {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
