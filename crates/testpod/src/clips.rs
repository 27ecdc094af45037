//! Real videos for tests, made by ffmpeg once and kept beside the test programs.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Kinds of clips. All are small and two seconds long unless they say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clip {
    /// H.264 and AAC: published as it is.
    Mp4,
    /// VP9 and Opus: everything must be encoded.
    Webm,
    /// H.264 4:3 with MP3 sound.
    Mkv,
    /// Sound alone.
    Mp3,
    /// The first half of an MP4 whose index is at its end.
    Truncated,
    /// Bytes that are nothing.
    Random,
    /// A picture of 16000 x 16000 pixels.
    Huge,
    /// A hundred bytes that claim ten hours.
    TenHours,
}

const PICTURE: &str = "testsrc2=size=320x240:rate=25:duration=2";
const SOUND: &str = "sine=frequency=440:duration=2";

impl Clip {
    fn name(self) -> &'static str {
        match self {
            Self::Mp4 => "clip.mp4",
            Self::Webm => "clip.webm",
            Self::Mkv => "clip.mkv",
            Self::Mp3 => "clip.mp3",
            Self::Truncated => "truncated.mp4",
            Self::Random => "random.mp4",
            Self::Huge => "huge.mp4",
            Self::TenHours => "tenhours.mp4",
        }
    }
}

/// The file of a clip.
pub fn clip(clip: Clip) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/test-clips");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    let path = folder.join(clip.name());
    if !path.exists() {
        // Several tests may make the same clip at once; the last rename wins, and all are whole.
        let partial = folder.join(format!("{}-{}", uuid::Uuid::new_v4(), clip.name()));
        make(clip, &partial);
        std::fs::rename(&partial, &path).expect("the clip takes its place");
    }
    path
}

fn make(kind: Clip, to: &Path) {
    let h264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25";
    match kind {
        Clip::Mp4 => ffmpeg(
            &[PICTURE, SOUND],
            &format!("{h264} -c:a aac -b:a 64k -movflags +faststart"),
            to,
        ),
        Clip::Webm => ffmpeg(
            &[PICTURE, SOUND],
            "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus",
            to,
        ),
        Clip::Mkv => ffmpeg(&[PICTURE, SOUND], &format!("{h264} -c:a libmp3lame"), to),
        Clip::Mp3 => ffmpeg(&[SOUND], "-c:a libmp3lame", to),
        Clip::Truncated => {
            ffmpeg(&[PICTURE, SOUND], &format!("{h264} -c:a aac"), to);
            let bytes = std::fs::read(to).expect("the clip was made");
            std::fs::write(to, &bytes[..bytes.len() / 2]).expect("the clip can be cut");
        }
        Clip::Random => {
            let noise: Vec<u8> = (0..200_000_u32)
                .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
                .collect();
            std::fs::write(to, noise).expect("the clip can be written");
        }
        Clip::Huge => ffmpeg(
            &["color=black:size=16000x16000:rate=1:duration=1"],
            "-c:v mjpeg -threads 1",
            to,
        ),
        Clip::TenHours => {
            let mut bytes =
                b"\0\0\0\x18ftypisom\0\0\0\0isommp42\0\0\0\x74moov\0\0\0\x6cmvhd".to_vec();
            bytes.extend_from_slice(&[0; 12]);
            bytes.extend_from_slice(&1_u32.to_be_bytes());
            bytes.extend_from_slice(&36_000_u32.to_be_bytes());
            bytes.resize(100, 0);
            std::fs::write(to, bytes).expect("the clip can be written");
        }
    }
}

fn ffmpeg(inputs: &[&str], arguments: &str, to: &Path) {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y"]);
    for input in inputs {
        command.args(["-f", "lavfi", "-i", input]);
    }
    let status = command
        .args(arguments.split_whitespace())
        .arg(to)
        .status()
        .expect("ffmpeg is installed");
    assert!(status.success(), "ffmpeg could not make {}", to.display());
}
