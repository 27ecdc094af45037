//! A pod among many: an index of a million videos of other pods on each engine (its size, what lists and searches cost, what hearing of more
//! costs, and a pod that leaves), and telling a thousand hosts. It runs only when it is asked for, and goes on where a run with `--keep` was
//! broken off.

mod afar;
mod answers;
mod deliveries;
mod index;
mod ingest;
mod post;
mod sinks;
mod stored;
mod told;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use db::{Db, Executor as _, Sql};
use tokio::runtime::Runtime;

use crate::{Bench, Keep, place::Place, pod, pod::Pod, report, usage};
use afar::Afar;
use ingest::{Heard, TOLD, Way};

/// Pods of which there are videos, unless there are few videos.
const PODS: usize = 500;

/// Videos that are looked at whether they are stored alike.
const COMPARED: usize = 40;

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

/// Measures an index on each engine, and then deliveries.
pub fn run(bench: &Bench) -> Result<()> {
    let folder = bench.kept.join("network");
    let afar = Afar::new(PODS.min(bench.videos / 40 + 2))?;
    let mut places = vec![Place::sqlite(&folder, "network")?];
    places.extend(Place::postgres(bench, &folder, "network")?);
    for place in &places {
        measure(bench, place, &afar)?;
    }
    deliveries::run(bench)
}

fn measure(bench: &Bench, place: &Place, afar: &Afar) -> Result<()> {
    let runtime = runtime()?;
    let db = runtime.block_on(place.open())?;
    runtime.block_on(index::fill(place, &db, afar, bench.videos))?;
    let pod = Pod::start(bench, &place.data, &place.address)?;
    answers::measure(bench, place, &pod, afar)?;
    let mut rows = Vec::new();
    let ways = [
        ("plain activities", Way::Plain),
        ("sealed groups", Way::Sealed),
    ];
    // Numbers that no run before has told of: by the clock, each second has some thousands.
    let unheard = usize::try_from(now() / 1000)? * ways.len() * TOLD;
    for (turn, (name, way)) in ways.into_iter().enumerate() {
        let first = unheard + turn * TOLD;
        let heard = ingest::tell(place, &pod, afar, first, way)?;
        let sample: Vec<usize> = (first..first + TOLD).step_by(TOLD / COMPARED).collect();
        runtime.block_on(ingest::compare(&db, afar, &sample))?;
        rows.push(row(name, &heard));
    }
    let columns = [
        "",
        "requests",
        "kB/request",
        "seconds",
        "videos/s",
        "CPU ms/video",
        "of it database",
    ];
    let heading = format!("Hearing of {TOLD} more videos on {}", place.engine);
    report::table(&heading, &columns, &rows);
    leave(place, &pod, &db, afar, &runtime)?;
    drop(pod);
    runtime.block_on(async {
        db.close().await;
        match bench.keep {
            Keep::Nothing => place.remove().await,
            Keep::Databases => Ok(()),
        }
    })
}

fn row(name: &str, heard: &Heard) -> Vec<String> {
    let videos = heard.videos as f64;
    vec![
        name.to_owned(),
        heard.requests.to_string(),
        format!("{:.1}", heard.bytes as f64 / heard.requests as f64 / 1e3),
        format!("{:.1}", heard.seconds),
        format!("{:.0}", videos / heard.seconds),
        format!("{:.2}", heard.cpu * 1e3 / videos),
        format!("{:.2}", heard.database * 1e3 / videos),
    ]
}

/// The largest pod is no friend any more, and its videos go.
fn leave(place: &Place, pod: &Pod, db: &Db, afar: &Afar, runtime: &Runtime) -> Result<()> {
    let host = &afar.hosts[0];
    let left = || -> Result<i64> {
        let mut sql = Sql::new(
            "SELECT count(*) FROM remote_videos r JOIN hosts h ON h.id = r.host_id WHERE h.host = ",
        );
        sql.push_value(host);
        let (left,): (i64,) = runtime.block_on({ db }.one(sql))?;
        Ok(left)
    };
    let all = left()?;
    let mut client = pod.client()?;
    client.sign_in("root", pod::PASSWORD)?;
    let cost = || usage::cpu_seconds(&[pod.process()]) + usage::cpu_seconds(&place.processes);
    let (before, began) = (cost(), Instant::now());
    let body = format!("{{\"hosts\": [\"{host}\"]}}");
    let json = "content-type: application/json\r\n";
    client
        .send("POST", "/api/v1/pods/quitfriends", json, body.as_bytes())?
        .json()
        .context("a friend could not be left")?;
    let answered = began.elapsed();
    while left()? > 0 {
        if began.elapsed() > Duration::from_secs(300) {
            bail!("the videos of {host} are still there");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    println!(
        "\nA friend with {all} videos was left on {}: answered after {:.1} s, all videos gone after {:.1} s, {:.1} CPU s",
        place.engine,
        answered.as_secs_f64(),
        began.elapsed().as_secs_f64(),
        cost() - before
    );
    Ok(())
}
