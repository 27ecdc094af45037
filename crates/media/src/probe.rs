//! The truth about an upload, or a sentence for whoever uploaded it. ffprobe reads the headers first; then packets at
//! the beginning and at the end are read, because headers can claim anything: a file that was cut off has a perfectly
//! good header. Nothing is decoded beyond what ffprobe itself needs, so hours of video are examined in well under a
//! second. Whether a file is worth watching is not judged.

mod claims;
mod headers;
mod packets;
mod rate;
#[cfg(test)]
mod tests;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::command::{FORMATS, file_url};
use crate::process::{Child, Sandbox};
use crate::{RunError, Tools};
use packets::Packets;

pub use rate::Rate;

/// What an upload is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Name of ffmpeg's demuxer, e.g. `mov,mp4,m4a,3gp,3g2,mj2`.
    pub container: String,
    /// Seconds from the first to the last moment of sound or picture.
    pub duration_s: f64,
    /// Time stamp of that first moment in the file.
    pub start_s: f64,
    /// Size in bytes.
    pub size: u64,
    /// The moving pictures, or the still one of an audio file.
    pub video: Option<VideoStream>,
    /// The sound.
    pub audio: Option<AudioStream>,
}

/// The pictures of an upload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoStream {
    /// Number of the stream in the file.
    pub index: u32,
    /// Name of the codec, e.g. `h264`.
    pub codec: String,
    /// Profile, e.g. `High`; may be empty.
    pub profile: String,
    /// Level as ffmpeg numbers it, e.g. 40 for H.264 level 4.0; negative if unknown.
    pub level: i32,
    /// Pixel format, e.g. `yuv420p`.
    pub pix_fmt: String,
    /// As displayed: pixels made square, turned upright.
    pub width: u32,
    /// As displayed.
    pub height: u32,
    /// Degrees clockwise by which the player must turn it: 0, 90, 180 or 270.
    pub rotation: u32,
    /// Pixels are as wide as high.
    pub square_pixels: bool,
    /// Lines come in two fields.
    pub interlaced: bool,
    /// Brightness beyond the ordinary (PQ or HLG).
    pub hdr: bool,
    /// Colour matrix, e.g. `bt709`; empty if the file does not say.
    pub color_space: String,
    /// Frames per second.
    pub fps: Rate,
    /// Bits per second, estimated if the file does not say.
    pub bitrate: u64,
    /// A still picture inside an audio file.
    pub is_picture: bool,
    /// Seconds after [`Probe::start_s`] of the first picture.
    pub start_s: f64,
    /// Seconds after [`Probe::start_s`] at which the last picture ends.
    pub end_s: f64,
    /// Longest distance between keyframes that was seen, in seconds.
    pub keyframe_gap_s: f64,
    /// The file hides its first frames by an edit list, so copying would show them.
    pub hidden_start: bool,
}

/// The sound of an upload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioStream {
    /// Number of the stream in the file.
    pub index: u32,
    /// Name of the codec, e.g. `aac`.
    pub codec: String,
    /// Profile, e.g. `LC`; may be empty.
    pub profile: String,
    /// Number of channels.
    pub channels: u32,
    /// Samples per second.
    pub sample_rate: u32,
    /// Bits per second, 0 if the file does not say.
    pub bitrate: u64,
    /// Seconds after [`Probe::start_s`] of the first sound.
    pub start_s: f64,
    /// Seconds after [`Probe::start_s`] at which the last sound ends.
    pub end_s: f64,
}

impl Probe {
    /// There are moving pictures.
    pub fn has_moving_pictures(&self) -> bool {
        self.video.as_ref().is_some_and(|v| !v.is_picture)
    }
}

/// Why an upload cannot be published, in a sentence for the uploader.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No bytes.
    #[error("The file is empty. Please choose the video again and upload it once more.")]
    Empty,
    /// Not a container that we read.
    #[error(
        "The file is not a video or audio file that can be read here. Check that it plays on your own device; \
         MP4, MKV, WebM, MOV, AVI, MP3, FLAC and OGG files are accepted."
    )]
    NotMedia,
    /// A container without anything to see or hear.
    #[error(
        "The file contains neither pictures nor sound. Please check that it plays on your own device."
    )]
    NoStreams,
    /// A codec that cannot be decoded.
    #[error(
        "The file uses a format that cannot be read here ({codec}). Please convert it, for example to MP4 with H.264 video."
    )]
    UnknownCodec {
        /// Its name, or what the file calls it.
        codec: String,
    },
    /// Pictures without a size.
    #[error(
        "The pictures in the file cannot be decoded: it is damaged, or they are far too large. Check that it plays \
         on your own device."
    )]
    Undecodable,
    /// Less than its header says.
    #[error(
        "The file is cut off: it ends before its own header says it should. The copy is incomplete; please upload the whole file."
    )]
    CutOff,
    /// Pictures beyond the limits.
    #[error(
        "The picture is too large: {width}x{height} pixels, at most {max_side} on a side and {max_megapixels} megapixels are possible. Please scale it down."
    )]
    TooLarge {
        /// As the file states it.
        width: u32,
        /// As the file states it.
        height: u32,
        /// The limit.
        max_side: u32,
        /// The limit.
        max_megapixels: u64,
    },
    /// Longer than the limits.
    #[error(
        "The video is too long: {hours:.1} hours, at most {max_hours:.0} are possible. Please cut it into parts."
    )]
    TooLong {
        /// What the file claims.
        hours: f64,
        /// The limit.
        max_hours: f64,
    },
    /// ffprobe did not come to an end.
    #[error(
        "The file could not be examined: it takes far longer than any ordinary video. It is probably damaged."
    )]
    TimedOut,
    /// Not the uploader's fault: the tool is missing, the file cannot be opened. Worth another try.
    #[error(
        "The file could not be examined because of a fault of this server. It will be tried again."
    )]
    Server(#[source] RunError),
}

impl ProbeError {
    /// Another try may succeed; the upload is not to blame.
    pub fn is_server_fault(&self) -> bool {
        matches!(self, ProbeError::Server(_))
    }
}

impl From<RunError> for ProbeError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::TimedOut => ProbeError::TimedOut,
            other => ProbeError::Server(other),
        }
    }
}

/// Pictures beyond this are not even begun. Above every limit of ours, because ffprobe forgets the size of a picture
/// that it refuses, and the uploader should be told it.
const PROBE_PIXELS: &str = "300000000";

/// Largest answer of ffprobe about headers.
const MAX_HEADERS: usize = 4 << 20;

/// Examines the file at `path`.
pub async fn probe(tools: &Tools, path: &Path) -> Result<Probe, ProbeError> {
    let size = match tokio::fs::metadata(path).await {
        Ok(found) if found.is_file() => found.len(),
        Ok(_) => return Err(ProbeError::NotMedia),
        Err(error) => return Err(server_fault(error)),
    };
    if size == 0 {
        return Err(ProbeError::Empty);
    }

    let head = claims::Head::read(path).await.map_err(server_fault)?;
    if head.riff_size().is_some_and(|claimed| claimed > size + 1) {
        return Err(ProbeError::CutOff);
    }

    let mut child = ffprobe(
        tools,
        path,
        &["-show_format", "-show_streams", "-of", "json"],
    )?;
    let mut answer = Vec::new();
    child
        .lines(tools.limits.probe_time, |line| {
            if answer.len() + line.len() < MAX_HEADERS {
                answer.extend_from_slice(line.as_bytes());
            }
        })
        .await
        .map_err(|error| refusal(error, &head))?;
    let mut found = headers::read(&answer, size)?;
    headers::check(&mut found, &tools.limits)?;

    let claimed_s = found
        .claimed_s
        .filter(|_| packets::can_seek(&found.probe.container));
    let interval = packets::intervals(found.first_s, claimed_s);
    let mut options = vec![
        "-show_entries",
        "packet=stream_index,pts_time,dts_time,duration_time,flags",
    ];
    options.extend(["-of", "compact=p=0"]);
    if let Some(interval) = &interval {
        options.extend(["-read_intervals", interval]);
    }
    let mut seen = Packets::new(&found.probe);
    ffprobe(tools, path, &options)?
        .lines(tools.limits.probe_time, |line| seen.line(line))
        .await
        .or_else(|error| match error {
            // A demuxer that trips over the end still told what comes before; the check below judges that.
            RunError::Failed { .. } => Ok(()),
            other => Err(other),
        })?;
    seen.settle(&mut found.probe, claimed_s, &tools.limits)?;
    Ok(found.probe)
}

fn ffprobe(tools: &Tools, path: &Path, options: &[&str]) -> Result<Child, RunError> {
    let mut args: Vec<_> = [
        "-v",
        "error",
        "-protocol_whitelist",
        "file",
        "-format_whitelist",
        FORMATS,
    ]
    .into_iter()
    .chain(["-max_pixels", PROBE_PIXELS])
    .chain(options.iter().copied())
    .map(Into::into)
    .collect();
    args.push("-i".into());
    args.push(file_url(path));
    let sandbox = Sandbox {
        read: vec![path.to_owned()],
        memory: tools.limits.probe_memory,
        time: tools.limits.probe_time,
        ..Sandbox::default()
    };
    Child::spawn(tools, &tools.ffprobe, &args, &sandbox)
}

fn server_fault(error: std::io::Error) -> ProbeError {
    ProbeError::Server(RunError::Failed {
        reason: error.kind().to_string(),
    })
}

/// What a failure of ffprobe says about the file.
fn refusal(error: RunError, head: &claims::Head) -> ProbeError {
    match error {
        RunError::Failed { reason } if reason.contains("moov atom not found") && head.is_mp4() => {
            ProbeError::CutOff
        }
        RunError::Failed { reason } if reason.contains("Permission denied") => {
            ProbeError::Server(RunError::Failed { reason })
        }
        RunError::Failed { .. } => ProbeError::NotMedia,
        other => other.into(),
    }
}
