//! Sound and pictures stay together: a flash and a beep at one second must still coincide in every rendition, whatever
//! offsets the upload's streams have.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::samples::{H264, make};
use crate::studio::{ladder, publish_unchecked, times};

/// Black until `at`, then white.
fn flash(at: f64) -> String {
    format!("-f lavfi -i color=black:s=128x72:r=25:d=3,drawbox=t=fill:c=white:enable=gte(t\\,{at})")
}

/// Silence until `at`, then a tone.
fn beep(at: f64) -> String {
    format!("-f lavfi -i aevalsrc=if(gte(t\\,{at})\\,sin(2764*t)\\,0):s=48000:d=3")
}

fn decode(file: &Path, words: &str) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-v", "error", "-nostdin", "-copyts", "-i"])
        .arg(file)
        .args(words.split_whitespace())
        .arg("-");
    let done = command.output().expect("ffmpeg runs");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    done.stdout
}

/// Seconds at which the tone begins.
fn beep_in(file: &Path) -> f64 {
    let bytes = decode(
        file,
        "-map 0:a -ac 1 -ar 48000 -af aresample=async=1:first_pts=0 -f s16le",
    );
    let loud = |pair: &[u8]| i16::from_le_bytes([pair[0], pair[1]]).unsigned_abs() > 4000;
    bytes.chunks_exact(2).position(loud).expect("a tone") as f64 / 48_000.0
}

/// Seconds at which the picture turns white.
fn flash_in(file: &Path) -> f64 {
    let pixels = decode(
        file,
        "-map 0:v -vf scale=1:1 -fps_mode passthrough -pix_fmt gray -f rawvideo",
    );
    let frame = pixels.iter().position(|p| *p > 128).expect("a flash");
    times(file, "v:0", "")[frame].parse().expect("a time")
}

/// Makes an upload from inputs, and looks for flash and beep in all its renditions.
async fn check(name: &str, inputs: &str, codecs: &str) {
    let folder = TempDir::new().expect("a folder");
    make(
        folder.path(),
        "plain.mkv",
        &format!("{} {} {H264} -c:a aac -t 3", flash(1.0), beep(1.0)),
    );
    let upload = make(folder.path(), name, &format!("{inputs} {codecs}"));
    let published = publish_unchecked(&upload, &ladder(&[48])).await;
    let remuxed = published.plan.remux.is_some();
    let mut flashes = Vec::new();
    for (resolution, made) in &published.made {
        let sound = beep_in(&made.file);
        if *resolution > 0 {
            let picture = flash_in(&made.file);
            flashes.push(picture);
            assert!(
                (picture - sound).abs() < 0.03,
                "{name} ({remuxed}) {resolution}p: {picture} and {sound}"
            );
        } else {
            assert!((sound - 1.0).abs() < 0.03, "{name}: sound at {sound}");
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
    check("a.mkv", &inputs, &format!("{H264} -c:a libopus")).await;
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
    for offset in [0.05, 0.5] {
        let inputs = format!("{} -itsoffset {offset} {}", flash(1.0), beep(1.0 - offset));
        for name in ["a.mp4", "a.mkv", "a.ts"] {
            check(name, &inputs, &format!("{H264} -c:a aac")).await;
        }
    }
}

#[tokio::test]
async fn pictures_begin_later() {
    for offset in [0.2, 0.8] {
        let inputs = format!("-itsoffset {offset} {} {}", flash(1.0 - offset), beep(1.0));
        for name in ["a.mp4", "a.mkv", "a.ts"] {
            check(name, &inputs, &format!("{H264} -c:a aac")).await;
        }
    }
}

#[tokio::test]
async fn time_does_not_begin_at_zero() {
    check("a.mkv", "-i plain.mkv", "-c copy -output_ts_offset 5").await;
    check("a.ts", "-i plain.mkv", "-c copy -output_ts_offset 500").await;
}
