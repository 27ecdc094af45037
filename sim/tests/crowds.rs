//! Small crowds from a few seeds: what they cost and how they play, well within what is promised. The large ones take the command line.

use sim::{Outcome, Policy, SCENARIOS, Scenario};
use swarm::conductor::Rules;

fn scenario(name: &str) -> Scenario {
    let found = SCENARIOS.iter().find(|scenario| scenario.name == name);
    found.expect("it is in the table").clone()
}

fn play(name: &str, seed: u64) -> Outcome {
    sim::run(&scenario(name), Policy::Conducted, seed, Rules::default())
}

#[test]
fn a_crowd_costs_little_more_than_one_viewer() {
    for (name, copies, stalls) in [
        ("alone", 1.001, 0.0),
        ("browsers-at-once", 1.2, 0.13),
        ("browsers-one-per-8s", 1.2, 0.13),
        ("10-at-once", 1.2, 0.1),
        ("10-over-10min", 1.2, 0.1),
        ("100-over-10min", 1.32, 0.05),
    ] {
        for seed in [101, 102] {
            let outcome = play(name, seed);
            assert!(outcome.copies() <= copies, "{outcome}");
            assert!(outcome.stalls <= stalls, "{outcome}");
            assert!(outcome.start(0.95) < 4.5, "{outcome}");
        }
    }
}

#[test]
fn a_lone_viewer_plays_as_by_plain_http() {
    let outcome = play("alone", 103);
    // A second of film, the answer of the tracker and a round trip.
    assert!(outcome.start(0.5) < 0.4, "{outcome}");
    assert_eq!(outcome.stalls, 0.0);
}

#[test]
fn the_yardstick_costs_more_than_the_conductor() {
    for name in ["browsers-at-once", "100-at-once"] {
        let yardstick = sim::run(&scenario(name), Policy::Loader, 104, Rules::default());
        assert!(yardstick.copies() > play(name, 104).copies(), "{yardstick}");
    }
}

#[test]
fn what_the_conductor_believes_is_what_left() {
    for name in ["10-at-once", "100-leaving", "100-seeking"] {
        let outcome = play(name, 105);
        let error = (outcome.believed / outcome.copies() - 1.0).abs();
        assert!(error < 0.1, "believed {} of {outcome}", outcome.believed);
    }
}

#[test]
fn a_seed_is_a_run() {
    let one = play("100-leaving", 106).to_string();
    assert_eq!(one, play("100-leaving", 106).to_string());
    assert_ne!(one, play("100-leaving", 107).to_string());
}
