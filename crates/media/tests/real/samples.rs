//! Uploads made on the spot by ffmpeg: a moving test picture and a tone, small and short.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs ffmpeg with words separated by spaces; `{}` stands for the output.
pub fn make(folder: &Path, name: &str, words: &str) -> PathBuf {
    let path = folder.join(name);
    let mut command = Command::new("ffmpeg");
    command
        .args(["-v", "error", "-y", "-nostdin"])
        .current_dir(folder)
        .args(words.split_whitespace())
        .arg(&path);
    let done = command.output().expect("ffmpeg runs");
    assert!(
        done.status.success(),
        "{words}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    path
}

/// A video of `seconds` with the given size and rate, then sound, as lavfi inputs 0 and 1.
pub fn sources(size: &str, rate: &str, seconds: f64) -> String {
    format!(
        "-f lavfi -i testsrc2=s={size}:r={rate}:d={seconds} -f lavfi -i sine=f=440:r=48000:d={seconds}"
    )
}

/// H.264 and AAC as a phone or an editor writes them.
pub const H264: &str =
    "-c:v libx264 -preset ultrafast -profile:v high -bf 2 -g 25 -pix_fmt yuv420p -threads 1";

pub fn mp4(folder: &Path, seconds: f64) -> PathBuf {
    make(
        folder,
        "upload.mp4",
        &format!("{} {H264} -c:a aac", sources("320x180", "25", seconds)),
    )
}
