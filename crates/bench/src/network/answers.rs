//! What people wait for in a large index: lists and searches of the released pod, asked from outside. Half of the cases ask for something
//! else each time, because answers that everybody asks for are kept for seconds.

use anyhow::Result;

use super::afar::{Afar, LANGUAGES};
use crate::{
    Bench, chance::Chance, load, place::Place, pod::Pod, quiet, report, usage, words::search_for,
};

const WARM_UP_S: u32 = 1;
const RUN_S: u32 = 5;
/// Ninety-nine of a hundred answers come within so many milliseconds.
const AIM_P99: f64 = 50.0;
/// Different paths of a case.
const PATHS: usize = 1000;

/// Asks each case of a pod, and prints a table.
pub fn measure(bench: &Bench, place: &Place, pod: &Pod, afar: &Afar) -> Result<()> {
    let mut rows = Vec::new();
    for (name, paths) in cases(bench, afar)? {
        quiet::wait()?;
        load::drive(&bench.scratch, pod.address, &paths, WARM_UP_S)?;
        let cost = || usage::cpu_seconds(&[pod.process()]) + usage::cpu_seconds(&place.processes);
        let before = cost();
        let load = load::drive(&bench.scratch, pod.address, &paths, RUN_S)?;
        rows.push(vec![
            name.to_owned(),
            format!("{:.0}", load.requests / load.seconds),
            format!("{:.1}", load.p50),
            format!("{:.1}", load.p99),
            format!("{:.2}", (cost() - before) * 1000.0 / load.requests),
            report::verdict(load.p99 <= AIM_P99),
        ]);
    }
    let heading = format!(
        "Answers with {} videos of {} pods on {} ({} connections)",
        bench.videos,
        afar.hosts.len(),
        place.engine,
        load::CONNECTIONS
    );
    let aim = format!("p99 <= {AIM_P99:.0}");
    let columns = ["", "requests/s", "p50 ms", "p99 ms", "CPU ms", &aim];
    report::table(&heading, &columns, &rows);
    Ok(())
}

fn cases(bench: &Bench, afar: &Afar) -> Result<Vec<(&'static str, Vec<String>)>> {
    let mut chance = Chance::new(13);
    let list = |more: String| format!("/api/v1/videos?count=15&{more}");
    let search = |words: &str| format!("/api/v1/search/videos?count=15&search={words}");
    let mut each = |mut path: Box<dyn FnMut(&mut Chance) -> String + '_>| -> Vec<String> {
        (0..PATHS).map(|_| path(&mut chance)).collect()
    };
    let titles = (0..PATHS)
        .map(|n| Ok(afar.video(n * bench.videos / PATHS)?.name))
        .collect::<Result<Vec<_>>>()?;
    let tags = (0..PATHS * 3)
        .filter_map(|n| afar.video(n).ok()?.tags.into_iter().next())
        .take(PATHS);
    let tags: Vec<String> = tags.map(|tag| list(format!("tagsOneOf={tag}"))).collect();
    let mut titles = titles.into_iter().cycle();
    Ok(vec![
        ("home list", vec![list("sort=-publishedAt".into())]),
        (
            "home list, other pages",
            each(Box::new(|chance| {
                list(format!("sort=-publishedAt&start={}", chance.below(1000)))
            })),
        ),
        (
            "of a category",
            each(Box::new(|chance| {
                let category = 1 + chance.below(15);
                list(format!(
                    "categoryOneOf={category}&start={}",
                    chance.below(100)
                ))
            })),
        ),
        (
            "in a language",
            each(Box::new(|chance| {
                let language = LANGUAGES[chance.below(LANGUAGES.len() as u64) as usize].0;
                list(format!(
                    "languageOneOf={language}&start={}",
                    chance.below(100)
                ))
            })),
        ),
        ("of a tag", tags),
        (
            "most viewed",
            each(Box::new(|chance| {
                list(format!("sort=-views&start={}", chance.below(1000)))
            })),
        ),
        (
            "search, words of a title",
            each(Box::new(|chance| {
                let title = titles.next().unwrap_or_default();
                search(&search_for(&title, chance))
            })),
        ),
        (
            "search, everyday words",
            each(Box::new(|chance| search(afar.words.common(chance)))),
        ),
        (
            "search, nothing is found",
            each(Box::new(|chance| {
                search(&format!("{}%20qqzx", afar.words.common(chance)))
            })),
        ),
        (
            "search in a language, by views",
            each(Box::new(|chance| {
                let words = search(afar.words.common(chance));
                format!("{words}&languageOneOf=fr&sort=-views")
            })),
        ),
        (
            "one video",
            each(Box::new(|chance| {
                let video = afar.video(chance.below(bench.videos as u64) as usize);
                let uuid = video.map_or_else(|_| String::new(), |video| video.uuid.to_string());
                format!("/api/v1/videos/{uuid}")
            })),
        ),
    ])
}
