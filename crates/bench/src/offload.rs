//! How much of a video leaves the pod when many watch it, in real browsers, beside the players that others use. Browsers are driven from
//! Node.js, so the measurement itself lives in `web/bench`; here it is given the pod and folders, and ended if it is not needed any more.

use std::{
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use crate::{Bench, pod::stop, quiet};

/// The program, from the top of the sources.
const SCRIPT: &str = "web/bench/offload.mjs";

/// Words for it, as `BENCH_OFFLOAD` has them: `--quick`, `--repeats 1`, and what else its first lines name.
const WORDS: &str = "BENCH_OFFLOAD";

const GLANCE: Duration = Duration::from_millis(200);

/// Measures all of it.
pub fn run(bench: &Bench) -> Result<()> {
    quiet::wait()?;
    let words = std::env::var(WORDS).unwrap_or_default();
    let mut measuring = Measuring::start(bench, Path::new(SCRIPT), &words)?;
    let ended = measuring.wait()?;
    ensure!(ended.success(), "{SCRIPT} has failed");
    Ok(())
}

/// The running measurement; stopped when dropped, and with it what it has started.
struct Measuring(Child);

impl Measuring {
    fn start(bench: &Bench, script: &Path, words: &str) -> Result<Self> {
        let child = Command::new("node")
            .arg(script)
            .arg("--pod")
            .arg(&bench.pod)
            .arg("--scratch")
            .arg(&bench.scratch)
            .arg("--kept")
            .arg(&bench.kept)
            // Its input ends with us, however we end, and then it ends what it has started.
            .arg("--tied")
            .stdin(Stdio::piped())
            .args(words.split_whitespace())
            .spawn()
            .context("node does not start")?;
        Ok(Self(child))
    }

    fn wait(&mut self) -> Result<ExitStatus> {
        // Not `wait`, which would close the input first.
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(GLANCE);
        }
    }
}

impl Drop for Measuring {
    fn drop(&mut self) {
        stop(&mut self.0);
    }
}
