//! `sim --seed S --scenario NAME|all [--loader] [--rule NAME=VALUE]`: plays scenarios and prints a line for each. `--loader` adds
//! p2p-media-loader's policy in the same scenario; rules are for tuning.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use sim::{Policy, SCENARIOS};
use swarm::conductor::Rules;

fn main() -> ExitCode {
    match play(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            eprintln!(
                "usage: sim [--seed N[,N...]] [--scenario NAME[,NAME...]|all] [--loader] [--rule NAME=VALUE]"
            );
            eprintln!(
                "scenarios:{}",
                SCENARIOS
                    .iter()
                    .map(|it| format!(" {}", it.name))
                    .collect::<String>()
            );
            ExitCode::FAILURE
        }
    }
}

fn play(mut arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let (mut seeds, mut names, mut loader) = (vec![1], "all".to_owned(), false);
    let mut rules = Rules::default();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--seed" => {
                let list = value()?;
                let parsed = list.split(',').map(str::parse).collect::<Result<_, _>>();
                seeds = parsed.map_err(|_| format!("{list} is no list of seeds"))?;
            }
            "--scenario" => names = value()?,
            "--loader" => loader = true,
            "--rule" => set(&mut rules, &value()?)?,
            other => return Err(format!("what is {other}?")),
        }
    }
    let chosen: Vec<_> = match names.as_str() {
        "all" => SCENARIOS.iter().collect(),
        names => names
            .split(',')
            .map(|name| {
                let found = SCENARIOS.iter().find(|scenario| scenario.name == name);
                found.ok_or(format!("there is no scenario {name}"))
            })
            .collect::<Result<_, _>>()?,
    };
    for scenario in chosen {
        for seed in &seeds {
            let policies = [Policy::Conducted, Policy::Loader];
            for policy in policies.into_iter().take(1 + usize::from(loader)) {
                let began = Instant::now();
                let outcome = sim::run(scenario, policy, *seed, rules);
                println!(
                    "{outcome}  [seed {seed}, {:.1} s]",
                    began.elapsed().as_secs_f64()
                );
            }
        }
    }
    Ok(())
}

/// Changes one rule; times are in seconds.
fn set(rules: &mut Rules, text: &str) -> Result<(), String> {
    let problem = || format!("{text} is no rule with a value");
    let (name, value) = text.split_once('=').ok_or_else(problem)?;
    let value: f64 = value.parse().map_err(|_| problem())?;
    let time = Duration::try_from_secs_f64(value).map_err(|_| problem())?;
    match name {
        "window" => rules.window = time,
        "window-alone" => rules.window_alone = time,
        "window-first" => rules.window_first = time,
        "settling" => rules.settling = time,
        "window-growth" => rules.window_growth = value as u32,
        "instant" => rules.instant = time,
        "budget" => rules.budget = value,
        "patience" => rules.patience = time,
        "patience-spent" => rules.patience_spent = time,
        "interval" => rules.interval = time,
        "grant-patience" => rules.grant_patience = time,
        "grants-in-crowd" => rules.grants_in_crowd = value as usize,
        "run-in-crowd" => rules.run_in_crowd = value as u32,
        "dealt" => rules.dealt = time,
        "urgent" => rules.urgent = time,
        "passing" => rules.passing = time,
        "viewers-per-seed" => rules.viewers_per_seed = value,
        "starts" => rules.starts = value as u32,
        "start-costs" => rules.start_costs = value as u32,
        "seeds" => rules.seeds = value,
        "stranded" => rules.stranded = time,
        "doubling" => rules.doubling = time,
        "sample" => rules.sample = value as usize,
        _ => return Err(problem()),
    }
    Ok(())
}
