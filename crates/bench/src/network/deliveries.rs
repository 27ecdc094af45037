//! Telling others: what it costs a pod to sign and send to a thousand hosts, how many requests a hundred videos are for fifty friends, and what
//! ten thousand hosts that do not answer cost in memory.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use db::{Db, Executor as _, Sql, Tx};
use names::{FollowState, Friendship};

use super::{afar::Afar, index, sinks, sinks::Sinks};
use crate::{
    Bench, chance::Chance, client::Client, place::Place, pod, pod::Pod, quiet, report, rows, usage,
    words::Words,
};

/// Hosts that refuse connections.
const DEAD: usize = 10_000;
/// So long anything may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Who is told of how many videos.
struct Case {
    name: &'static str,
    hosts: usize,
    videos: usize,
    tie: Friendship,
    /// Between one video and the next.
    pause: Duration,
}

/// Measures all cases with SQLite.
pub fn run(bench: &Bench) -> Result<()> {
    let case = |name, hosts, videos, tie| Case {
        name,
        hosts,
        videos,
        tie,
        pause: Duration::ZERO,
    };
    let cases = [
        case("followers, plain", 1000, 10, Friendship::None),
        case("friends, sealed", 1000, 10, Friendship::Friend),
        case("friends, sealed", 50, 100, Friendship::Friend),
        Case {
            pause: Duration::from_millis(250),
            ..case("friends, sealed, 4 a second", 50, 100, Friendship::Friend)
        },
    ];
    let rows = cases
        .iter()
        .map(|case| deliver(bench, case))
        .collect::<Result<Vec<_>>>()?;
    let columns = [
        "",
        "hosts",
        "videos",
        "told",
        "requests",
        "told/request",
        "kB/request",
        "seconds",
        "CPU s",
        "requests/CPU s",
        "told/CPU s",
    ];
    report::table("Videos told to other hosts (SQLite)", &columns, &rows);
    dead(bench)
}

/// A pod with videos that nobody may see yet, and those who are to hear of them.
struct Scene {
    place: Place,
    pod: Pod,
    client: Client,
    db: Db,
    videos: Vec<names::VideoUuid>,
}

impl Scene {
    async fn set(bench: &Bench, afar: &Afar, videos: usize, tie: Friendship) -> Result<Self> {
        let folder = bench.scratch.join("network");
        let place = Place::sqlite(&folder, "deliveries")?;
        let pod = Pod::start(bench, &place.data, &place.address)?;
        let mut client = pod.client()?;
        client.sign_in("root", pod::PASSWORD)?;
        let db = Db::open(&place.address).await?;
        let account = db::accounts::by_name(&db, "root").await?;
        let channel = db::channels::by_name(&db, "root_channel").await?;
        let owner = (
            account.context("root has no account")?.id,
            channel.context("root has no channel")?.id,
        );
        let (words, mut chance) = (Words::new(), Chance::new(17));
        let mut tx = db.begin().await?;
        let mut made = Vec::new();
        for _ in 0..videos {
            let (id, uuid, _) = rows::video(&mut tx, owner, &words, &mut chance, rows::NOW).await?;
            rows::renditions(&mut tx, id, &mut chance, rows::NOW).await?;
            made.push(uuid);
        }
        { &mut tx }
            .run(Sql::new("UPDATE videos SET privacy = 3"))
            .await?;
        tie_all(&mut tx, afar, tie).await?;
        tx.commit().await?;
        Ok(Self {
            place,
            pod,
            client,
            db,
            videos: made,
        })
    }

    /// Publishes the next video.
    fn publish(&mut self) -> Result<()> {
        let uuid = self.videos.pop().context("there is none left")?;
        let json = "content-type: application/json\r\n";
        let path = format!("/api/v1/videos/{uuid}");
        let answer = self.client.send("PUT", &path, json, br#"{"privacy": 1}"#)?;
        if answer.status != 204 {
            bail!("{path}: {}", String::from_utf8_lossy(&answer.body));
        }
        Ok(())
    }

    async fn end(self) -> Result<()> {
        drop(self.pod);
        self.db.close().await;
        self.place.remove().await
    }
}

/// Makes everybody a friend, or a follower of the pod.
async fn tie_all(tx: &mut Tx, afar: &Afar, tie: Friendship) -> Result<()> {
    let now = super::now();
    let key = afar.key.public().to_pem();
    let ours = db::remote_actors::of_this_pod(&mut *tx, "peertube", "", now).await?;
    for (number, host) in afar.hosts.iter().enumerate() {
        let row = db::hosts::get_or_insert(&mut *tx, host, now).await?;
        let actor = index::meet(&mut *tx, afar, (number, row.id), &key, tie).await?;
        if tie == Friendship::None {
            let state = FollowState::Accepted;
            db::follows::put(&mut *tx, actor, ours.id, state, None, now).await?;
        }
    }
    index::settle(tx, now).await
}

fn deliver(bench: &Bench, case: &Case) -> Result<Vec<String>> {
    let mut afar = Afar::new(1)?;
    let sinks = Sinks::open(case.hosts, &afar.key)?;
    afar.hosts.clone_from(&sinks.hosts);
    let runtime = super::runtime()?;
    let mut scene = runtime.block_on(Scene::set(bench, &afar, case.videos, case.tie))?;
    quiet::wait()?;
    let (before, began) = (usage::cpu_seconds(&[scene.pod.process()]), Instant::now());
    for _ in 0..case.videos {
        scene.publish()?;
        std::thread::sleep(case.pause);
    }
    runtime.block_on(everything_told(&scene, began))?;
    // A second in which nobody has anything to say is told as it is.
    let seconds = began.elapsed().as_secs_f64();
    let cpu = usage::cpu_seconds(&[scene.pod.process()]) - before;
    runtime.block_on(scene.end())?;
    let count = |what: &std::sync::atomic::AtomicU64| what.load(Ordering::SeqCst) as f64;
    let told = (case.hosts * case.videos) as f64;
    let requests = count(&sinks.tally.requests);
    if count(&sinks.tally.activities) < told {
        bail!("{}: something did not arrive", case.name);
    }
    Ok(vec![
        case.name.to_owned(),
        case.hosts.to_string(),
        case.videos.to_string(),
        format!("{told:.0}"),
        format!("{requests:.0}"),
        format!("{:.1}", told / requests),
        format!("{:.1}", count(&sinks.tally.bytes) / requests / 1e3),
        format!("{seconds:.1}"),
        format!("{cpu:.2}"),
        format!("{:.0}", requests / cpu),
        format!("{:.0}", told / cpu),
    ])
}

/// Waits until nothing is left in the outbox.
async fn everything_told(scene: &Scene, began: Instant) -> Result<()> {
    loop {
        let (left,): (i64,) = { &scene.db }
            .one(Sql::new("SELECT count(*) FROM outbox"))
            .await?;
        if left == 0 {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            bail!("{left} rows are still in the outbox");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What followers cost who do not answer.
fn dead(bench: &Bench) -> Result<()> {
    let mut afar = Afar::new(1)?;
    // Nobody listens at the port of the discard service.
    let hosts = (0..DEAD).map(|number| sinks::host(sinks::address(number, 9)));
    afar.hosts = hosts.collect::<Result<_>>()?;
    let runtime = super::runtime()?;
    let mut scene = runtime.block_on(Scene::set(bench, &afar, 2, Friendship::None))?;
    quiet::wait()?;
    let process = scene.pod.process();
    let before = (
        usage::memory(process)?.resident,
        usage::cpu_seconds(&[process]),
    );
    let began = Instant::now();
    scene.publish()?;
    let mut most: f64 = 0.0;
    let tried = loop {
        std::thread::sleep(Duration::from_millis(250));
        most = most.max(usage::memory(process)?.resident);
        let sql = Sql::new("SELECT count(*) FROM hosts WHERE failures > 0");
        let (tried,): (i64,) = runtime.block_on({ &scene.db }.one(sql))?;
        if tried as usize >= DEAD || began.elapsed() > PATIENCE {
            break tried;
        }
    };
    println!(
        "\n{tried} of {DEAD} hosts that refuse connections were tried once in {:.0} s with {:.1} CPU s; the pod's memory was {:.0} MiB before and at most {:.0} MiB",
        began.elapsed().as_secs_f64(),
        usage::cpu_seconds(&[process]) - before.1,
        before.0,
        most
    );
    runtime.block_on(scene.end())
}
