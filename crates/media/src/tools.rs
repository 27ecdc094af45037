//! Where ffmpeg and ffprobe are and how far they may go. One value of [`Tools`] is made at start and shared; nothing is
//! looked up again while jobs run. Which codecs a build of ffmpeg has is asked once, because a missing encoder is the
//! administrator's problem and must be told at start, not by a failed upload.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::RunError;
use crate::process::{Child, Sandbox};

/// The programs, their limits and their jailer.
#[derive(Clone, Debug)]
pub struct Tools {
    /// The ffmpeg program: a path, or a name to be found in `PATH`.
    pub ffmpeg: PathBuf,
    /// The ffprobe program.
    pub ffprobe: PathBuf,
    /// How much a child process may use.
    pub limits: Limits,
    /// A program that understands `confine ...` as [`crate::confine::enter`] does, normally our own binary. Without it
    /// child processes run unconfined: fit for tests only.
    pub confine: Option<PathBuf>,
}

/// What a child process may use, and what an upload may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Longest examination of an upload.
    pub probe_time: Duration,
    /// Address space of ffprobe in bytes.
    pub probe_memory: u64,
    /// Address space of ffmpeg in bytes.
    pub memory: u64,
    /// Time that every ffmpeg run may take, however short the video.
    pub run_time: Duration,
    /// Further seconds for each second of the video.
    pub run_time_factor: f64,
    /// A run that makes no progress for so long is given up.
    pub stall: Duration,
    /// Largest file that ffmpeg may write, in bytes.
    pub output_size: u64,
    /// Longest side of a picture, in pixels.
    pub max_side: u32,
    /// Largest picture, in pixels.
    pub max_pixels: u64,
    /// Longest upload in seconds.
    pub max_duration_s: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            probe_time: Duration::from_secs(60),
            probe_memory: 2 << 30,
            memory: 8 << 30,
            run_time: Duration::from_secs(300),
            run_time_factor: 60.0,
            stall: Duration::from_secs(300),
            output_size: 256 << 30,
            max_side: 8192,
            max_pixels: 36_000_000,
            max_duration_s: 24.0 * 3600.0,
        }
    }
}

impl Tools {
    /// Tools at the given paths, with the usual limits and unconfined.
    pub fn new(ffmpeg: impl Into<PathBuf>, ffprobe: impl Into<PathBuf>) -> Self {
        Tools {
            ffmpeg: ffmpeg.into(),
            ffprobe: ffprobe.into(),
            limits: Limits::default(),
            confine: None,
        }
    }

    /// Asks both programs for their version and ffmpeg for what we cannot do without. Returns the version to be logged.
    pub async fn check(&self) -> Result<Abilities, RunError> {
        let version = self.ask(&self.ffmpeg, &["-version"]).await?;
        let version = version
            .split_whitespace()
            .nth(2)
            .unwrap_or("unknown")
            .to_owned();
        self.ask(&self.ffprobe, &["-version"]).await?;
        let encoders = self
            .ask(&self.ffmpeg, &["-hide_banner", "-encoders"])
            .await?;
        for encoder in ["libx264", "aac"] {
            if !lists(&encoders, encoder) {
                let reason =
                    format!("this build of ffmpeg ({version}) lacks the encoder {encoder}");
                return Err(RunError::Failed { reason });
            }
        }
        let filters = self
            .ask(&self.ffmpeg, &["-hide_banner", "-filters"])
            .await?;
        let tonemap = lists(&filters, "zscale") && lists(&filters, "tonemap");
        Ok(Abilities { version, tonemap })
    }

    async fn ask(&self, program: &Path, args: &[&str]) -> Result<String, RunError> {
        let sandbox = Sandbox {
            memory: self.limits.memory,
            time: self.limits.probe_time,
            ..Sandbox::default()
        };
        let args = args.iter().map(Into::into).collect::<Vec<_>>();
        Child::spawn(self, program, &args, &sandbox)?
            .text(self.limits.probe_time)
            .await
    }
}

/// What [`Tools::check`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Version of ffmpeg.
    pub version: String,
    /// HDR can be mapped to ordinary brightness (the filters `zscale` and `tonemap` are there).
    pub tonemap: bool,
}

/// Whether a table of `-encoders` or `-filters` has this name in its second column.
fn lists(table: &str, name: &str) -> bool {
    table
        .lines()
        .any(|line| line.split_whitespace().nth(1) == Some(name))
}
