//! How long a pod takes from the start of its process to the first answer, and how much memory it then holds. The first answer is the
//! home page with its list, so it includes opening the database and counting what is in it.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::{Bench, pod::Pod, quiet, report, usage};

const STARTS: usize = 7;
const PEERTUBE_START_S: f64 = 2.06;
const AIM_START_S: f64 = 0.2;
const PEERTUBE_MEMORY: f64 = 450.0;
const AIM_MEMORY: f64 = 40.0;

/// Times of everybody's first visits, before memory is read.
const VISITS: usize = 200;

/// Measures starts and memory on each engine.
pub fn run(bench: &mut Bench) -> Result<()> {
    let (mut starts, mut memories) = (Vec::new(), Vec::new());
    for filled in bench.filled()? {
        quiet::wait()?;
        let mut times = Vec::new();
        for _ in 0..STARTS {
            let pod = Pod::start(bench, &filled.place.data, &filled.place.address)?;
            let answer = pod.client()?.get("/")?;
            times.push(pod.began.elapsed().as_secs_f64());
            ensure!(
                answer.status == 200,
                "the home page answered {}",
                answer.status
            );
        }
        let slowest = times.iter().copied().fold(0.0, f64::max);
        let median = report::median(times);
        starts.push(vec![
            filled.place.engine.to_owned(),
            format!("{median:.3}"),
            format!("{slowest:.3}"),
            format!("{PEERTUBE_START_S:.2}"),
            format!("{AIM_START_S:.1}"),
            report::verdict(median <= AIM_START_S),
        ]);

        let pod = Pod::start(bench, &filled.place.data, &filled.place.address)?;
        let mut client = pod.client()?;
        for (uuid, _) in filled.asked.iter().take(VISITS) {
            for path in [
                "/".into(),
                format!("/w/{}", uuid.short()),
                format!("/api/v1/videos/{uuid}"),
            ] {
                client.get(&path)?;
            }
        }
        std::thread::sleep(Duration::from_secs(3));
        let own = usage::memory(pod.process())?;
        let mut row = |name: String, memory: usage::Memory, of_pod: bool| {
            let (peertube, aim, verdict) = if of_pod {
                let reached = report::verdict(memory.resident <= AIM_MEMORY);
                (
                    format!("{PEERTUBE_MEMORY:.0}"),
                    format!("{AIM_MEMORY:.0}"),
                    reached,
                )
            } else {
                Default::default()
            };
            memories.push(vec![
                name,
                format!("{:.1}", memory.resident),
                format!("{:.1}", memory.proportional),
                peertube,
                aim,
                verdict,
            ]);
        };
        row(format!("pod on {}", filled.place.engine), own, true);
        for process in &filled.place.processes {
            row(
                format!("{}'s own processes", filled.place.engine),
                usage::memory(*process)?,
                false,
            );
        }
    }
    let columns = ["", "median s", "slowest s", "PeerTube 6.3", "aim", ""];
    let heading = format!(
        "Start to the first home page, {} videos, of {STARTS}",
        bench.videos
    );
    report::table(&heading, &columns, &starts);
    let columns = [
        "",
        "resident MiB",
        "proportional MiB",
        "PeerTube 6.3, all",
        "aim",
        "",
    ];
    report::table("Idle memory after some visits", &columns, &memories);
    Ok(())
}
