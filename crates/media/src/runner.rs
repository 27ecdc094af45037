//! Runs one command to its end, or ends it. Progress comes from ffmpeg's own reports; a run that overstays its time, that
//! makes no more progress or that nobody wants any more is killed with everything it started, and its unfinished
//! files are removed. Trying again is the queue's business, so every failure says which kind it is.

use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::process::{Child, Sandbox};
use crate::{Command, Tools};

/// Why a run did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// No room for the result. Worth another try later.
    #[error("the disk is full")]
    DiskFull,
    /// Longer than allowed, or no progress.
    #[error("it took too long")]
    TimedOut,
    /// The caller wanted it so.
    #[error("cancelled")]
    Cancelled,
    /// The program is not installed.
    #[error("the program {tool} is not installed")]
    ToolMissing {
        /// As it was asked for.
        tool: String,
    },
    /// It failed by itself.
    #[error("{reason}")]
    Failed {
        /// The last lines that it wrote, without paths.
        reason: String,
    },
}

impl RunError {
    /// What the end of a program means, judged by what it wrote last.
    pub(crate) fn from_complaint(program: &str, status: ExitStatus, complaint: &str) -> RunError {
        if complaint.contains("No space left on device")
            || complaint.contains("Disk quota exceeded")
        {
            return RunError::DiskFull;
        }
        let lines: Vec<String> = complaint
            .lines()
            .filter(|l| !l.trim().is_empty())
            .map(without_paths)
            .collect();
        let last = lines[lines.len().saturating_sub(3)..].join("; ");
        let reason = if last.is_empty() {
            format!("{program} ended with {status}")
        } else {
            format!("{program}: {last}")
        };
        RunError::Failed { reason }
    }
}

/// The owner of a video reads this; where our files lie is none of their business.
fn without_paths(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let path = word.trim_start_matches("file:");
        match path
            .starts_with('/')
            .then(|| path.rsplit('/').next())
            .flatten()
        {
            Some(name) => name,
            None => word,
        }
    });
    words
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .filter(|c| !c.is_control())
        .take(300)
        .collect()
}

/// Runs `command`, which may write into `work_dir` only. `progress` is called with 0.0 to 1.0 as it goes on.
pub async fn run(
    tools: &Tools,
    command: &Command,
    work_dir: &Path,
    progress: impl FnMut(f32),
    cancel: CancellationToken,
) -> Result<(), RunError> {
    let time = time_limit(tools, command.duration_s);
    let sandbox = Sandbox {
        read: command.inputs.clone(),
        write: Some(work_dir.to_owned()),
        memory: tools.limits.memory,
        time,
        file_size: tools.limits.output_size,
    };
    let mut child = Child::spawn(tools, &tools.ffmpeg, &command.args, &sandbox)?;
    let ended = tokio::select! {
        () = cancel.cancelled() => Err(RunError::Cancelled),
        () = tokio::time::sleep(time) => Err(RunError::TimedOut),
        ended = follow(&mut child, command.duration_s, tools.limits.stall, progress) => ended,
    };
    drop(child);
    let ended = match ended {
        Ok(()) => are_made(command).await,
        error => error,
    };
    if ended.is_err() {
        for output in &command.outputs {
            // Most runs fail before they write; the folder goes away with the job in any case.
            let _ = tokio::fs::remove_file(output).await;
        }
    }
    ended
}

/// ffmpeg also succeeds when a file had nothing to show.
async fn are_made(command: &Command) -> Result<(), RunError> {
    for output in &command.outputs {
        if tokio::fs::metadata(output)
            .await
            .map_or(0, |found| found.len())
            == 0
        {
            return Err(RunError::Failed {
                reason: "ffmpeg found nothing to make a file of".into(),
            });
        }
    }
    Ok(())
}

/// Reads reports until the end. They come twice a second; a stall is when none of them says more than those before.
async fn follow(
    child: &mut Child,
    duration_s: f64,
    stall: Duration,
    mut progress: impl FnMut(f32),
) -> Result<(), RunError> {
    // Frames also count where time stands still, bytes where nothing is decoded.
    let mut furthest = [("out_time_us", 0i64), ("frame", 0), ("total_size", 0)];
    let mut deadline = Instant::now() + stall;
    loop {
        let line = tokio::time::timeout_at(deadline, child.next_line())
            .await
            .map_err(|_| RunError::TimedOut)??;
        let Some(line) = line else { break };
        let Some((key, value)) = line.trim().split_once('=') else {
            continue;
        };
        let Ok(value) = value.parse::<i64>() else {
            continue;
        };
        for (_, best) in furthest
            .iter_mut()
            .filter(|(name, best)| *name == key && value > *best)
        {
            *best = value;
            deadline = Instant::now() + stall;
            if key == "out_time_us" && duration_s > 0.0 {
                progress((value as f64 / 1e6 / duration_s).clamp(0.0, 1.0) as f32);
            }
        }
        if Instant::now() > deadline {
            return Err(RunError::TimedOut);
        }
    }
    tokio::time::timeout(stall, child.end())
        .await
        .map_err(|_| RunError::TimedOut)??;
    progress(1.0);
    Ok(())
}

fn time_limit(tools: &Tools, duration_s: f64) -> Duration {
    let factor = tools.limits.run_time_factor * duration_s.clamp(0.0, 1e6);
    tools.limits.run_time + Duration::from_secs_f64(factor)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::RunError;

    #[test]
    fn complaints() {
        let judge =
            |text: &str| RunError::from_complaint("ffmpeg", ExitStatus::from_raw(256), text);
        assert_eq!(
            judge("x\nav_interleaved_write_frame(): No space left on device\n"),
            RunError::DiskFull
        );
        let cases = [
            ("", "ffmpeg ended with exit status: 1"),
            ("one\n\ntwo\nthree\nfour\n", "ffmpeg: two; three; four"),
            (
                "file:/data/secret/a.mp4: Invalid data found",
                "ffmpeg: a.mp4: Invalid data found",
            ),
            (
                "[mov @ 0x1] cannot open /data/secret/b.mp4\u{7}",
                "ffmpeg: [mov @ 0x1] cannot open b.mp4",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(
                judge(text),
                RunError::Failed {
                    reason: expected.into()
                }
            );
        }
    }
}
