//! What the swarm costs the pod, beside the programs that others use for the same: each kind of measurement in a file of its own, with
//! the load that it needs.

mod announces;
mod browsers;
mod desktop;
mod idle;
mod shared;
mod tcp;
mod trackers;
mod webrtc;

use anyhow::Result;

use crate::Bench;

/// Measures all of it.
pub fn run(bench: &Bench) -> Result<()> {
    announces::run(bench)?;
    tcp::run(bench)?;
    webrtc::run(bench)?;
    idle::run(bench)
}
