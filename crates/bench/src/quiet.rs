//! Waiting for a machine that has nothing else to do. Numbers taken beside somebody else's work say little, so each measurement first
//! waits some time for a quiet moment, and says so when there was none.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use anyhow::Result;

use crate::usage::machine_ticks;

/// A machine this busy is quiet enough.
const QUIET: f64 = 0.08;

/// Seconds that are waited in all, before every measurement together.
const PATIENCE_S: u64 = 180;

/// Seconds that were waited already.
static WAITED_S: AtomicU64 = AtomicU64::new(0);

/// Waits until others use little of the machine, but not for ever.
pub fn wait() -> Result<()> {
    loop {
        let before = machine_ticks()?;
        std::thread::sleep(Duration::from_secs(1));
        let after = machine_ticks()?;
        let busy = (after.0 - before.0) / (after.1 - before.1).max(1.0);
        if busy < QUIET {
            return Ok(());
        }
        if WAITED_S.fetch_add(1, Ordering::Relaxed) > PATIENCE_S {
            println!(
                "(not quiet: others use {:.0} % of the machine)",
                busy * 100.0
            );
            return Ok(());
        }
    }
}
