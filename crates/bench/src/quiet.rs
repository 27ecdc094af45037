//! Waiting for a machine that has nothing else to do. Numbers taken beside somebody else's work say little, so each measurement first
//! waits some time for a quiet moment, and says so when there was none.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::usage::machine_ticks;

/// A machine this busy is quiet enough.
const QUIET: f64 = 0.08;

const PATIENCE: Duration = Duration::from_secs(180);

/// Waits until others use little of the machine, but not for ever.
pub fn wait() -> Result<()> {
    let began = Instant::now();
    loop {
        let before = machine_ticks()?;
        std::thread::sleep(Duration::from_secs(1));
        let after = machine_ticks()?;
        let busy = (after.0 - before.0) / (after.1 - before.1).max(1.0);
        if busy < QUIET {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            println!(
                "(not quiet: others use {:.0} % of the machine)",
                busy * 100.0
            );
            return Ok(());
        }
    }
}
