//! Many requests as fast as the server answers, with wrk: its one thread costs little, and it measures each answer.

use std::{net::SocketAddr, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

/// Connections that ask at the same time.
pub const CONNECTIONS: u32 = 8;

const SCRIPT: &str = include_str!("requests.lua");

/// What came of it.
pub struct Load {
    pub requests: f64,
    pub seconds: f64,
    /// Milliseconds within which half of the answers came, and 99 of 100.
    pub p50: f64,
    pub p99: f64,
}

/// Asks for the paths in turn for some seconds. An answer that is not good is an error.
pub fn drive(scratch: &Path, server: SocketAddr, paths: &[String], seconds: u32) -> Result<Load> {
    let (script, list) = (scratch.join("requests.lua"), scratch.join("paths"));
    std::fs::write(&script, SCRIPT)?;
    std::fs::write(&list, paths.join("\n"))?;
    let output = Command::new("wrk")
        .args([
            "-t1",
            &format!("-c{CONNECTIONS}"),
            &format!("-d{seconds}s"),
            // A late answer is late, and shows in the figures; without this it is an error after two seconds.
            "--timeout",
            "10s",
            "-s",
        ])
        .arg(&script)
        .arg(format!("http://{server}"))
        .arg("--")
        .arg(&list)
        .output()
        .context("wrk is not installed")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|l| l.strip_prefix("measured "));
    let numbers: Vec<f64> = line
        .with_context(|| {
            format!(
                "wrk said: {text}{}",
                String::from_utf8_lossy(&output.stderr)
            )
        })?
        .split(' ')
        .filter_map(|n| n.parse().ok())
        .collect();
    let [requests, microseconds, p50, p99, bad] = numbers[..] else {
        bail!("wrk said: {text}");
    };
    if bad > 0.0 {
        bail!("{bad} of {requests} answers were not good; wrk said: {text}");
    }
    Ok(Load {
        requests,
        seconds: microseconds / 1e6,
        p50: p50 / 1e3,
        p99: p99 / 1e3,
    })
}
