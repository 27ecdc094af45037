//! Sound and pictures stay together: a flash and a beep at one second must still coincide in every rendition, whatever
//! offsets the upload's streams have.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::samples::{H264, make};
use crate::studio::{ladder, publish_unchecked};

/// Black until `at`, then white.
fn flash(at: f64) -> String {
    format!("-f lavfi -i color=black:s=128x72:r=25:d=3,drawbox=t=fill:c=white:enable=gte(t\\,{at})")
}

/// Silence until `at`, then a tone.
fn beep(at: f64) -> String {
    format!("-f lavfi -i aevalsrc=if(gte(t\\,{at})\\,sin(2764*t)\\,0):s=48000:d=3")
}

/// Seconds at which the picture turns white, if there is one, and at which the tone begins.
fn flash_and_beep(file: &Path) -> (Option<f64>, f64) {
    let frames = file.with_extension("frames");
    let video = "-map 0:v? -vf scale=1:1,format=gray -fps_mode passthrough -f framecrc -y";
    let audio = "-map 0:a -ac 1 -ar 48000 -af aresample=async=1:first_pts=0 -f s16le -";
    let mut command = Command::new("ffmpeg");
    command
        .args(["-v", "error", "-nostdin", "-copyts", "-i"])
        .arg(file);
    if file.file_stem().is_some_and(|stem| stem != "0") {
        command.args(video.split_whitespace()).arg(&frames);
    }
    let done = command
        .args(audio.split_whitespace())
        .output()
        .expect("ffmpeg runs");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let loud = |pair: &[u8]| i16::from_le_bytes([pair[0], pair[1]]).unsigned_abs() > 4000;
    let beep = done.stdout.chunks_exact(2).position(loud).expect("a tone") as f64 / 48_000.0;
    (
        std::fs::read_to_string(frames)
            .ok()
            .map(|text| first_white(&text)),
        beep,
    )
}

/// From lines of stream, decoding time, showing time, duration, size and checksum of one-pixel frames, of which the
/// last byte of the checksum is the brightness.
fn first_white(text: &str) -> f64 {
    let clock = text
        .lines()
        .find_map(|line| line.strip_prefix("#tb 0: "))
        .expect("a time base");
    let (num, den) = clock.split_once('/').expect("a fraction");
    let unit = num.parse::<f64>().expect("a number") / den.parse::<f64>().expect("a number");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let checksum =
            u32::from_str_radix(fields[5].trim_start_matches("0x"), 16).expect("a checksum");
        if checksum & 0xff > 128 {
            return fields[2].parse::<f64>().expect("a time") * unit;
        }
    }
    panic!("no flash");
}

/// Makes an upload from inputs, and looks for flash and beep in all its renditions.
async fn check(name: &str, inputs: &str, codecs: &str) {
    let folder = TempDir::new().expect("a folder");
    let upload = make(folder.path(), name, &format!("{inputs} {codecs}"));
    let published = publish_unchecked(&upload, &ladder(&[48])).await;
    let remuxed = published.plan.remux.is_some();
    let mut flashes = Vec::new();
    for (resolution, made) in &published.made {
        let (flash, beep) = flash_and_beep(&made.file);
        assert!(
            (beep - 1.0).abs() < 0.03 || *resolution > 0,
            "{name}: sound at {beep}"
        );
        if let Some(flash) = flash {
            flashes.push(flash);
            assert!(
                (flash - beep).abs() < 0.03,
                "{name} ({remuxed}) {resolution}p: {flash} and {beep}"
            );
        }
    }
    assert!(
        flashes.iter().all(|f| (f - flashes[0]).abs() < 0.021),
        "{name}: renditions differ: {flashes:?}"
    );
    assert_eq!(
        flashes.len(),
        1 + usize::from(remuxed),
        "{name}: {:?}",
        published.summary()
    );
}

#[tokio::test]
async fn plain() {
    let inputs = format!("{} {}", flash(1.0), beep(1.0));
    check("a.mp4", &inputs, &format!("{H264} -c:a aac")).await;
    check("a.mkv", &inputs, &format!("{H264} -c:a aac")).await;
    check(
        "a.webm",
        &inputs,
        "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis",
    )
    .await;
    check("a.avi", &inputs, "-c:v mpeg4 -q:v 5 -c:a libmp3lame").await;
    check("a.ts", &inputs, &format!("{H264} -c:a aac")).await;
    check("a.flv", &inputs, &format!("{H264} -c:a aac")).await;
}

#[tokio::test]
async fn sound_begins_later() {
    for (name, offset) in [
        ("a.mp4", 0.05),
        ("a.mkv", 0.05),
        ("a.mp4", 0.5),
        ("a.ts", 0.5),
    ] {
        let inputs = format!("{} -itsoffset {offset} {}", flash(1.0), beep(1.0 - offset));
        check(name, &inputs, &format!("{H264} -c:a aac")).await;
    }
}

#[tokio::test]
async fn pictures_begin_later() {
    for (name, offset) in [("a.mp4", 0.2), ("a.mp4", 0.8), ("a.ts", 0.8)] {
        let inputs = format!("-itsoffset {offset} {} {}", flash(1.0 - offset), beep(1.0));
        check(name, &inputs, &format!("{H264} -c:a aac")).await;
    }
}

#[tokio::test]
async fn time_does_not_begin_at_zero() {
    let inputs = format!("{} {}", flash(1.0), beep(1.0));
    check(
        "a.mkv",
        &inputs,
        &format!("{H264} -c:a aac -output_ts_offset 5"),
    )
    .await;
    check(
        "a.ts",
        &inputs,
        &format!("{H264} -c:a aac -output_ts_offset 500"),
    )
    .await;
}
