//! What `./bench` measures, as a program: it fills databases, starts the released pod as anybody would, drives it from outside and
//! reads from /proc what that cost. It measures processes, not functions, because that is what an administrator pays for; nothing of
//! the pod but its tables is linked in. `./bench` gets it what it needs; what the numbers mean is in docs/benchmarks.md.

mod chance;
mod client;
mod files;
mod lists;
mod load;
mod network;
mod nginx;
mod offload;
mod place;
mod pod;
mod publish;
mod quiet;
mod report;
mod rows;
mod start;
mod swarm;
mod usage;
mod words;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use place::Place;

/// How many videos there are in the databases.
const VIDEOS: usize = 100_000;

/// What the measurements are made with.
pub struct Bench {
    /// The released pod.
    pub pod: PathBuf,
    /// A folder that is removed afterwards.
    pub scratch: PathBuf,
    /// Where a clip that took long to make may stay.
    pub kept: PathBuf,
    /// A PostgreSQL server and the number of its first process.
    pub postgres: Option<(String, u32)>,
    /// How many videos there are in the databases.
    pub videos: usize,
    /// Whether databases that took long to fill stay, for another run.
    pub keep: Keep,
    filled: Vec<rows::Filled>,
}

/// What becomes of databases that took long to fill.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    Nothing,
    Databases,
}

fn main() -> Result<()> {
    let (mut bench, names) = arguments(std::env::args().skip(1))?;
    let all = names.is_empty();
    let wanted = |name: &str| all || names.iter().any(|n| n == name);
    report::machine(&bench)?;
    if wanted("lists") {
        lists::run(&mut bench)?;
    }
    if wanted("start") {
        start::run(&mut bench)?;
    }
    if wanted("files") {
        files::run(&bench)?;
    }
    if wanted("publish") {
        publish::run(&bench)?;
    }
    if wanted("swarm") {
        swarm::run(&bench)?;
    }
    if wanted("offload") {
        offload::run(&bench)?;
    }
    if names.iter().any(|name| name == "network") {
        network::run(&bench)?;
    }
    Ok(())
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<(Bench, Vec<String>)> {
    let mut bench = Bench {
        pod: PathBuf::new(),
        scratch: PathBuf::new(),
        kept: PathBuf::new(),
        postgres: None,
        videos: VIDEOS,
        keep: Keep::Nothing,
        filled: Vec::new(),
    };
    let mut names = Vec::new();
    while let Some(word) = given.next() {
        let mut value = || given.next().with_context(|| format!("{word} has no value"));
        match word.as_str() {
            "--pod" => bench.pod = value()?.into(),
            "--scratch" => bench.scratch = value()?.into(),
            "--kept" => bench.kept = value()?.into(),
            "--videos" => bench.videos = value()?.parse()?,
            "--postgres" => bench.postgres = Some((value()?, value()?.parse()?)),
            "--keep" => bench.keep = Keep::Databases,
            "lists" | "start" | "files" | "publish" | "swarm" | "offload" | "network" => {
                names.push(word)
            }
            other => {
                bail!(
                    "there is no measurement called {other}: lists, start, files, publish, swarm, offload, network"
                )
            }
        }
    }
    Ok((bench, names))
}

impl Bench {
    /// A database on each engine, filled the first time it is asked for.
    pub fn filled(&mut self) -> Result<Vec<rows::Filled>> {
        if self.filled.is_empty() {
            let mut places = vec![Place::sqlite(&self.scratch, "lists")?];
            places.extend(Place::postgres(self, &self.scratch, "lists")?);
            let videos = self.videos;
            self.filled = std::thread::scope(|scope| {
                let fillers: Vec<_> = places
                    .into_iter()
                    .map(|place| scope.spawn(move || rows::fill(place, videos)))
                    .collect();
                fillers
                    .into_iter()
                    .map(|filler| filler.join().expect("filling does not panic"))
                    .collect::<Result<Vec<_>>>()
            })?;
        }
        Ok(self.filled.clone())
    }
}
