//! What an answer costs when there are many videos: lists, search, one video, its page. Each case is driven from outside for some
//! seconds, several times, and the processor time of the pod (and of its database's server) is divided by the answers. All cases but
//! the first ask for something else each time, because answers that everybody asks for are kept for seconds.

use anyhow::Result;
use names::VideoUuid;

use crate::{
    Bench, chance::Chance, load, pod::Pod, quiet, report, rows::Filled, usage, words::search_for,
};

const WARM_UP_S: u32 = 1;
const RUN_S: u32 = 4;
const RUNS: usize = 3;

/// How far people page.
const LAST_START: u64 = 1000;

/// Something that is asked for: its name, the paths, PeerTube 6.3's processor time per answer and our aim, in milliseconds.
struct Case {
    name: &'static str,
    paths: Vec<String>,
    peertube: f64,
    aim: f64,
}

/// Measures all cases on each engine.
pub fn run(bench: &mut Bench) -> Result<()> {
    for filled in bench.filled()? {
        let pod = Pod::start(bench, &filled.place.data, &filled.place.address)?;
        let mut rows = Vec::new();
        for case in cases(&filled) {
            rows.push(measure(bench, &pod, &filled, case)?);
        }
        let heading = format!(
            "Answers with {} videos on {} ({} connections)",
            bench.videos,
            filled.place.engine,
            load::CONNECTIONS
        );
        let columns = [
            "",
            "requests/s",
            "p50 ms",
            "p99 ms",
            "CPU ms",
            "of it database",
            "PeerTube 6.3",
            "aim",
            "",
        ];
        report::table(&heading, &columns, &rows);
        let memory = usage::memory(pod.process())?;
        println!(
            "  memory of the pod after this: {:.0} MiB resident",
            memory.resident
        );
    }
    Ok(())
}

fn cases(filled: &Filled) -> Vec<Case> {
    let mut chance = Chance::new(11);
    let list =
        |start, count| format!("/api/v1/videos?start={start}&count={count}&sort=-publishedAt");
    let lists = (0..4000)
        .map(|_| list(chance.below(LAST_START), 14 + chance.below(3)))
        .collect();
    let searches = (0..4)
        .flat_map(|_| &filled.asked)
        .map(|(_, name)| {
            format!(
                "/api/v1/search/videos?search={}",
                search_for(name, &mut chance)
            )
        })
        .collect();
    let each =
        |path: fn(VideoUuid) -> String| filled.asked.iter().map(|(uuid, _)| path(*uuid)).collect();
    let case = |name, paths, peertube, aim| Case {
        name,
        paths,
        peertube,
        aim,
    };
    vec![
        case("home list, always the same", vec![list(0, 15)], 8.0, 0.2),
        case("home list, other pages", lists, 8.0, 0.2),
        case("search, other words", searches, 11.4, 0.3),
        case(
            "one video, another each time",
            each(|v| format!("/api/v1/videos/{v}")),
            5.6,
            0.1,
        ),
        case(
            "watch page, another each time",
            each(|v| format!("/w/{}", v.short())),
            1.0,
            0.1,
        ),
    ]
}

fn measure(bench: &Bench, pod: &Pod, filled: &Filled, mut case: Case) -> Result<Vec<String>> {
    quiet::wait()?;
    load::drive(&bench.scratch, pod.address, &case.paths, WARM_UP_S)?;
    let (mut rates, mut p50, mut p99) = (Vec::new(), Vec::new(), Vec::new());
    let (mut costs, mut database_costs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        // Every run begins elsewhere, so that nothing is left from the one before.
        let elsewhere = case.paths.len() / (RUNS + 1);
        case.paths.rotate_left(elsewhere);
        let before = (
            usage::cpu_seconds(&[pod.process()]),
            usage::cpu_seconds(&filled.place.processes),
        );
        let load = load::drive(&bench.scratch, pod.address, &case.paths, RUN_S)?;
        let own = usage::cpu_seconds(&[pod.process()]) - before.0;
        let database = usage::cpu_seconds(&filled.place.processes) - before.1;
        rates.push(load.requests / load.seconds);
        p50.push(load.p50);
        p99.push(load.p99);
        costs.push((own + database) * 1000.0 / load.requests);
        database_costs.push(database * 1000.0 / load.requests);
    }
    let cost = report::median(costs);
    Ok(vec![
        case.name.to_owned(),
        format!("{:.0}", report::median(rates)),
        format!("{:.2}", report::median(p50)),
        format!("{:.2}", report::median(p99)),
        format!("{cost:.3}"),
        format!("{:.3}", report::median(database_costs)),
        format!("{:.1}", case.peertube),
        format!("{:.1}", case.aim),
        report::verdict(cost <= case.aim),
    ])
}
