//! A simulator of swarms: the real conductor conducts modelled viewers, and beside it the same viewers follow the policy of
//! p2p-media-loader as the yardstick. Uplinks, downlinks, distances, losses, connections that fail, comings, goings and seeks are drawn
//! from a seed, so every run can be had again. Bandwidth goes piece by piece through one queue at each sender, each receiver and each
//! HTTP connection; congestion in between, the page's own processor time and several renditions are not modelled.

pub mod bitmap;
pub mod chance;
mod events;
mod links;
mod loader;
mod outcome;
mod page;
mod playback;
mod scenario;
mod viewer;
mod world;

pub use outcome::Outcome;
pub use scenario::{SCENARIOS, Scenario};

/// Which engine the viewers have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Our page and the conductor.
    Conducted,
    /// p2p-media-loader 2.3 with PeerTube's settings.
    Loader,
}

/// Plays a scenario to its end.
pub fn run(
    scenario: &Scenario,
    policy: Policy,
    seed: u64,
    rules: swarm::conductor::Rules,
) -> Outcome {
    let mut world = world::World::new(scenario, policy, seed, rules);
    world.run();
    world.outcome()
}
