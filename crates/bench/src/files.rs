//! What it costs to serve a file, beside nginx: one file of 1 GB in memory, read whole and in pieces as players do, in turns with the
//! same client. The number that counts is processor time of the server per GB.

use std::{fs::File, io::Write as _, net::SocketAddr, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::{
    Bench, chance::Chance, client::Client, nginx::Nginx, pod::Pod, quiet, report, rows, usage,
};

const SIZE: u64 = 1_000_000_000;
const PIECE: u64 = 1 << 20;
const CONNECTIONS: u64 = 2;
const ROUNDS: usize = 5;

/// Bytes of a round on all connections.
const ROUND: u64 = 4 * SIZE;

const NODE_SHARE: f64 = 0.32;
const AIM_SHARE: f64 = 0.9;

/// A folder in memory that goes away.
struct InMemory(PathBuf);

impl Drop for InMemory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How the file is read.
#[derive(Clone, Copy)]
enum Reading {
    Whole,
    Pieces,
}

/// Measures both servers in turns.
pub fn run(bench: &Bench) -> Result<()> {
    let folder = InMemory(format!("/dev/shm/shoal-bench-{}", std::process::id()).into());
    std::fs::create_dir_all(&folder.0)?;
    let address = format!("sqlite:{}", folder.0.join("shoal.db").display());
    let (video, file) = rows::one_video(&address)?;
    let videos = folder.0.join("files/hls");
    let place = videos.join(video.to_string());
    std::fs::create_dir_all(&place)?;
    write(place.join(&file)).context("there is no room for 1 GB in /dev/shm")?;

    let pod = Pod::start(bench, &folder.0, "")?;
    let nginx = Nginx::start(&bench.scratch, &videos)?;
    let of_pod = format!("/static/streaming-playlists/hls/{video}/{file}");
    let of_nginx = format!("/{video}/{file}");
    let mut table = Vec::new();
    for (name, reading) in [
        ("whole file", Reading::Whole),
        ("ranges of 1 MiB", Reading::Pieces),
    ] {
        quiet::wait()?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            theirs.push(round(nginx.address, nginx.process(), &of_nginx, reading)?);
            ours.push(round(pod.address, pod.process(), &of_pod, reading)?);
        }
        let median = |of: &[(f64, f64)], which: fn(&(f64, f64)) -> f64| {
            report::median(of.iter().map(which).collect())
        };
        let (own, their) = (median(&ours, |r| r.0), median(&theirs, |r| r.0));
        let share = their / own;
        table.push(vec![
            name.to_owned(),
            format!("{own:.3}"),
            format!("{their:.3}"),
            format!("{:.2}", median(&ours, |r| r.1)),
            format!("{:.2}", median(&theirs, |r| r.1)),
            format!("{share:.2}"),
            format!("{NODE_SHARE}"),
            format!("{AIM_SHARE}"),
            report::verdict(share >= AIM_SHARE),
        ]);
    }
    let columns = [
        "",
        "pod CPU s/GB",
        "nginx CPU s/GB",
        "pod GB/s",
        "nginx GB/s",
        "pod of nginx per CPU second",
        "node",
        "aim",
        "",
    ];
    let heading =
        format!("A file of 1 GB in memory, {CONNECTIONS} connections, medians of {ROUNDS} rounds");
    report::table(&heading, &columns, &table);
    Ok(())
}

fn write(path: PathBuf) -> Result<()> {
    let mut chance = Chance::new(5);
    let block: Vec<u8> = (0..125_000)
        .flat_map(|_| chance.next().to_le_bytes())
        .collect();
    let mut file = File::create(path)?;
    for _ in 0..SIZE / block.len() as u64 {
        file.write_all(&block)?;
    }
    Ok(())
}

/// Reads a round; processor seconds of the server per GB, and GB per second.
fn round(server: SocketAddr, process: u32, path: &str, reading: Reading) -> Result<(f64, f64)> {
    let before = usage::cpu_seconds(&[process]);
    let began = std::time::Instant::now();
    let read = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..CONNECTIONS)
            .map(|n| scope.spawn(move || read(server, path, reading, n)))
            .collect();
        readers
            .into_iter()
            .map(|reader| reader.join().expect("a reader does not panic"))
            .sum::<Result<u64>>()
    })?;
    let gigabytes = read as f64 / 1e9;
    let cost = usage::cpu_seconds(&[process]) - before;
    Ok((cost / gigabytes, gigabytes / began.elapsed().as_secs_f64()))
}

fn read(server: SocketAddr, path: &str, reading: Reading, seed: u64) -> Result<u64> {
    let mut client = Client::connect(server)?;
    let mut chance = Chance::new(seed);
    let mut buffer = vec![0; 256 << 10];
    let mut done = 0;
    while done < ROUND / CONNECTIONS {
        let range = match reading {
            Reading::Whole => String::new(),
            Reading::Pieces => {
                let first = chance.below(SIZE / PIECE) * PIECE;
                let last = (first + PIECE).min(SIZE) - 1;
                format!("range: bytes={first}-{last}\r\n")
            }
        };
        done += client.drain(path, &range, &mut buffer)?;
    }
    Ok(done)
}
