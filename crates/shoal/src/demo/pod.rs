//! One pod of a demonstration: the program itself, started again as a child that serves.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Settings of the surroundings that are for all pods alike; others would give them one port, folder or database.
const FOR_ALL: [&str; 3] = ["SHOAL_LOG_", "SHOAL_TRANSCODING_", "SHOAL_LIMITS_"];

/// What they are told unless the surroundings say otherwise: only what matters, and not to expect a crowd.
const USUALLY: [(&str, &str); 2] = [
    ("SHOAL_LOG_LEVEL", "warn"),
    ("SHOAL_LIMITS_CONNECTIONS", "1000"),
];

/// A pod ends within ten seconds by itself.
const LEAVE: Duration = Duration::from_secs(15);

/// Where a pod is, and whom it knows.
pub struct Place {
    /// Its number, from 1.
    pub number: u16,
    /// Its port on this machine.
    pub port: u16,
    /// Its folder.
    pub data: PathBuf,
    /// The host through which it enters the network.
    pub entry: Option<String>,
}

/// A running pod.
pub struct DemoPod {
    number: u16,
    port: u16,
    child: Child,
}

impl DemoPod {
    /// Starts it. What it says goes to standard error, with its name before each line.
    pub fn start(place: Place, password: &str) -> Result<DemoPod> {
        let Place { number, port, .. } = place;
        let program = std::env::current_exe().context("the program cannot find itself")?;
        let mut command = Command::new(program);
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
            .args(["--public-url", &format!("http://localhost:{port}")])
            .arg("--data")
            .arg(&place.data)
            // Ctrl-C in a terminal is for us alone: whoever ends first should not look like a failure.
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            if not_for_pods(&name.to_string_lossy()) {
                command.env_remove(name);
            }
        }
        command
            .env("SHOAL_ADMIN_PASSWORD", password)
            .env("SHOAL_POD_NAME", format!("Pod {number}"));
        for (name, value) in USUALLY {
            if std::env::var_os(name).is_none() {
                command.env(name, value);
            }
        }
        if let Some(entry) = place.entry {
            command.env("SHOAL_NETWORK_ENTRY_PODS", entry);
        }
        let mut child = command
            .spawn()
            .with_context(|| format!("pod {number} cannot be started"))?;
        if let Some(lines) = child.stderr.take() {
            tokio::spawn(pass_on(number, lines));
        }
        // It says there where it is, which we know; nobody may be left without a reader.
        if let Some(lines) = child.stdout.take() {
            tokio::spawn(async move {
                let mut lines = BufReader::new(lines);
                tokio::io::copy(&mut lines, &mut tokio::io::sink()).await
            });
        }
        Ok(DemoPod {
            number,
            port,
            child,
        })
    }

    /// Waits until it answers; an error when it ends before.
    pub async fn answers(&mut self) -> Result<()> {
        let port = self.port;
        let asking = async {
            while !healthy(port).await.unwrap_or_default() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::select! {
            biased;
            ended = self.ended() => Err(ended),
            () = asking => Ok(()),
        }
    }

    /// Waits until it ends by itself, and says so.
    pub async fn ended(&mut self) -> Error {
        let number = self.number;
        match self.child.wait().await {
            Ok(status) => {
                // What it said last is still being passed on.
                tokio::time::sleep(Duration::from_millis(100)).await;
                anyhow!(
                    "pod {number} has ended ({status}); the others are ended, too. What it said is above"
                )
            }
            Err(error) => Error::from(error).context(format!("pod {number} is lost")),
        }
    }

    /// Ends it in order, and by force when that takes too long.
    pub async fn end(&mut self) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        // Without an id it has ended already.
        let Some(id) = id.and_then(Pid::from_raw) else {
            return;
        };
        kill_process(id, Signal::TERM).ok();
        if tokio::time::timeout(LEAVE, self.child.wait())
            .await
            .is_err()
        {
            eprintln!("pod {} does not end; it is killed", self.number);
            self.child.kill().await.ok();
        }
    }
}

fn not_for_pods(name: &str) -> bool {
    name.starts_with("SHOAL_") && !FOR_ALL.iter().any(|prefix| name.starts_with(prefix))
}

async fn healthy(port: u16) -> std::io::Result<bool> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await?;
    let request =
        format!("GET /health HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await?;
    let mut status = [0; 12];
    socket.read_exact(&mut status).await?;
    Ok(&status == b"HTTP/1.1 200")
}

async fn pass_on(number: u16, lines: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(lines).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        eprintln!("pod {number} | {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_reach_the_pods() {
        for (name, reaches) in [
            ("PATH", true),
            ("SHOAL_LOG_FORMAT", true),
            ("SHOAL_TRANSCODING_FFMPEG", true),
            ("SHOAL_DATABASE", false),
            ("SHOAL_P2P_TCP", false),
            ("SHOAL_TLS_KEY", false),
        ] {
            assert_eq!(!not_for_pods(name), reaches, "{name}");
        }
    }
}
