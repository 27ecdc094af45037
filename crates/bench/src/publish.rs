//! How long an upload takes until it can be watched and until all its renditions are there, and what that costs beside ffmpeg alone:
//! the same encodings with the same settings, typed as one would type them, one command for each file and one command for all.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{
    Bench,
    client::Client,
    pod::{PASSWORD, Pod},
    quiet, report, usage,
};

const PEERTUBE_WATCHABLE_S: f64 = 36.0;
const AIM_WATCHABLE_S: f64 = 5.0;
const PEERTUBE_RATIO: f64 = 1.38;
const AIM_RATIO: f64 = 1.05;

const PATIENCE: Duration = Duration::from_secs(900);
const GLANCE: Duration = Duration::from_millis(10);

/// Small heights with their highest bits per second; 1080p is the upload itself.
const LADDER: [(u32, u32); 4] = [
    (720, 3_200_000),
    (480, 1_500_000),
    (360, 900_000),
    (240, 500_000),
];

/// What a run took: seconds on the clock and of processor time.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
}

/// A pod's way with an upload, from its last byte.
struct Published {
    watchable_s: f64,
    everything: Cost,
}

/// Measures the pod, then ffmpeg alone.
pub fn run(bench: &Bench) -> Result<()> {
    let clip = clip(&bench.kept)?;
    quiet::wait()?;
    let pod = publish(bench, &clip)?;
    quiet::wait()?;
    let apart = bare(bench, &clip, &one_by_one())?;
    quiet::wait()?;
    let together = bare(bench, &clip, &[all_at_once()])?;

    let columns = ["", "s", "PeerTube 6.3", "aim", ""];
    let row = vec![
        "last byte to published".to_owned(),
        format!("{:.2}", pod.watchable_s),
        format!("{PEERTUBE_WATCHABLE_S:.0}"),
        format!("{AIM_WATCHABLE_S:.0}"),
        report::verdict(pod.watchable_s <= AIM_WATCHABLE_S),
    ];
    report::table("60 s of 1080p H.264 and AAC, uploaded", &columns, &[row]);

    let row = |name: &str, cost: Cost| {
        vec![
            name.to_owned(),
            format!("{:.1}", cost.wall),
            format!("{:.1}", cost.cpu),
            format!("{:.2}", cost.cpu / apart.cpu),
            format!("{:.2}", cost.cpu / together.cpu),
        ]
    };
    let columns = [
        "",
        "wall s",
        "CPU s",
        "CPU of one by one",
        "CPU of all at once",
    ];
    let rows = [
        row("pod, all renditions and pictures", pod.everything),
        row("ffmpeg, one command for each", apart),
        row("ffmpeg, one command for all", together),
    ];
    report::table(
        "All renditions of it (1080 copied; 720, 480, 360, 240 encoded; sound)",
        &columns,
        &rows,
    );
    let ratio = pod.everything.cpu / apart.cpu;
    println!(
        "  pod / ffmpeg one by one: {ratio:.2} (PeerTube {PEERTUBE_RATIO}, aim {AIM_RATIO}): {}",
        report::verdict(ratio <= AIM_RATIO)
    );
    Ok(())
}

/// A minute of moving pictures with some noise in them, so that they are about as hard to encode as what cameras see.
fn clip(kept: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(kept)?;
    let path = kept.join("minute.mp4");
    if !path.exists() {
        let partial = kept.join("minute.partial.mp4");
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-y"]);
        command.args([
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=1920x1080:rate=30:duration=60,noise=alls=8:allf=t",
        ]);
        command.args([
            "-f",
            "lavfi",
            "-i",
            "sine=frequency=330:sample_rate=48000:duration=60",
        ]);
        command.args(
            "-c:v libx264 -preset veryfast -b:v 6M -maxrate 8M -bufsize 12M -pix_fmt yuv420p -g 60"
                .split(' '),
        );
        command.args("-c:a aac -b:a 128k -ac 2 -movflags +faststart".split(' '));
        ensure!(
            command.arg(&partial).status()?.success(),
            "ffmpeg could not make the clip"
        );
        std::fs::rename(&partial, &path)?;
    }
    Ok(path)
}

fn publish(bench: &Bench, clip: &Path) -> Result<Published> {
    let pod = Pod::start(bench, &bench.scratch.join("publish"), "")?;
    let mut client = pod.client()?;
    client.sign_in("root", PASSWORD)?;
    // Tools are asked at the start what they can do; that is not part of an upload.
    std::thread::sleep(Duration::from_secs(3));
    let before = usage::cpu_seconds(&[pod.process()]);
    let (id, last_byte) = upload(&mut client, clip)?;
    let cost = || Cost {
        wall: last_byte.elapsed().as_secs_f64(),
        cpu: usage::cpu_seconds(&[pod.process()]) - before,
    };
    let path = format!("/api/v1/videos/{id}");
    wait(&mut client, &path, |video| video["state"]["id"] == 1)?;
    let watchable_s = cost().wall;
    wait(&mut client, &path, |video| {
        let files = video["streamingPlaylists"][0]["files"].as_array();
        files.is_some_and(|files| files.len() == LADDER.len() + 2) && video["progress"].is_null()
    })?;
    Ok(Published {
        watchable_s,
        everything: cost(),
    })
}

/// Uploads the file in one part; the video's id and when the last byte was sent.
fn upload(client: &mut Client, clip: &Path) -> Result<(i64, Instant)> {
    let me = client.get("/api/v1/users/me")?.json()?;
    let bytes = std::fs::read(clip)?;
    let draft = json!({
        "channelId": me["videoChannels"][0]["id"], "name": "A minute", "privacy": 1, "filename": "minute.mp4",
    });
    let headers = format!(
        "content-type: application/json\r\nx-upload-content-length: {}\r\nx-upload-content-type: video/mp4\r\n",
        bytes.len()
    );
    let begun = client.send(
        "POST",
        "/api/v1/videos/upload-resumable",
        &headers,
        draft.to_string().as_bytes(),
    )?;
    let (_, path) = begun
        .location
        .split_once("/api/")
        .context("the upload has no address")?;
    let range = format!(
        "content-range: bytes 0-{}/{}\r\n",
        bytes.len() - 1,
        bytes.len()
    );
    client.begin("PUT", &format!("/api/{path}"), &range, bytes.len())?;
    client.write(&bytes)?;
    let last_byte = Instant::now();
    let made = client.answer()?.json()?;
    let id = made["video"]["id"]
        .as_i64()
        .context("the video has no id")?;
    Ok((id, last_byte))
}

fn wait(client: &mut Client, path: &str, good: impl Fn(&Value) -> bool) -> Result<()> {
    let began = Instant::now();
    loop {
        let video = client.get(path)?.json()?;
        if good(&video) {
            return Ok(());
        }
        ensure!(
            video["failure"].is_null(),
            "publishing failed: {}",
            video["failure"]
        );
        ensure!(
            began.elapsed() < PATIENCE,
            "publishing takes too long: {}",
            video["progress"]
        );
        std::thread::sleep(GLANCE);
    }
}

/// How pictures of a height are encoded.
fn encoding(height: u32, maxrate: u32) -> String {
    format!(
        "-c:v libx264 -preset veryfast -crf 23 -maxrate {maxrate} -bufsize {} -profile:v high -g 120 -keyint_min 120 \
         -sc_threshold 0 -c:a copy -f mp4 -movflags +empty_moov+default_base_moof+frag_keyframe OUT/{height}.mp4",
        maxrate * 2
    )
}

/// The files that are copied from the upload.
const COPIES: [&str; 2] = [
    "-map 0:v -map 0:a -c copy -f mp4 -movflags +empty_moov+default_base_moof+frag_keyframe OUT/1080.mp4",
    "-map 0:a -c copy -f mp4 -movflags +empty_moov+default_base_moof -frag_duration 4000000 OUT/audio.mp4",
];

fn one_by_one() -> Vec<String> {
    let encoded = LADDER.iter().map(|(height, maxrate)| {
        format!(
            "-map 0:v -map 0:a -vf scale=-2:{height} {}",
            encoding(*height, *maxrate)
        )
    });
    COPIES
        .iter()
        .map(|copy| (*copy).to_owned())
        .chain(encoded)
        .collect()
}

fn all_at_once() -> String {
    let labels: String = LADDER
        .iter()
        .map(|(height, _)| format!("[s{height}]"))
        .collect();
    let scaled: String = LADDER
        .iter()
        .map(|(height, _)| format!(";[s{height}]scale=-2:{height}[v{height}]"))
        .collect();
    let encoded: String = LADDER
        .iter()
        .map(|(height, maxrate)| {
            format!("-map [v{height}] -map 0:a {} ", encoding(*height, *maxrate))
        })
        .collect();
    format!(
        "-filter_complex [0:v]split={}{labels}{scaled} {} {encoded}",
        LADDER.len(),
        COPIES.join(" ")
    )
}

/// Runs ffmpeg with these arguments, one after the other.
fn bare(bench: &Bench, clip: &Path, commands: &[String]) -> Result<Cost> {
    let out = bench.scratch.join("bare");
    std::fs::create_dir_all(&out)?;
    let before = usage::cpu_seconds(&[std::process::id()]);
    let began = Instant::now();
    for arguments in commands {
        let mut command = Command::new("ffmpeg");
        command
            .args(["-nostdin", "-v", "error", "-y", "-i"])
            .arg(clip);
        for word in arguments.split_whitespace() {
            match word.strip_prefix("OUT/") {
                Some(name) => command.arg(out.join(name)),
                None => command.arg(word),
            };
        }
        ensure!(command.status()?.success(), "ffmpeg failed: {arguments}");
    }
    let cost = Cost {
        wall: began.elapsed().as_secs_f64(),
        cpu: usage::cpu_seconds(&[std::process::id()]) - before,
    };
    std::fs::remove_dir_all(&out)?;
    Ok(cost)
}
