//! What ffprobe says about the headers of a file, turned from its JSON into our own words, and the refusals that
//! headers alone justify. Every number in it was written by a stranger, so each is optional and bounded here.

use serde::Deserialize;

use super::rate::{self, Rate};
use super::{AudioStream, Probe, ProbeError, VideoStream};
use crate::Limits;

/// A probe whose times are still the header's.
pub struct Headers {
    pub probe: Probe,
    /// Duration as claimed, if anything is.
    pub claimed_s: Option<f64>,
    /// Time stamp at which reading begins.
    pub first_s: f64,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    streams: Vec<Stream>,
    format: Option<Format>,
}

#[derive(Deserialize)]
struct Format {
    #[serde(default)]
    format_name: String,
    start_time: Option<String>,
    duration: Option<String>,
    bit_rate: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    index: u32,
    #[serde(default)]
    codec_name: String,
    #[serde(default)]
    codec_tag_string: String,
    #[serde(default)]
    codec_type: String,
    #[serde(default)]
    profile: String,
    #[serde(default)]
    level: i32,
    #[serde(default)]
    pix_fmt: String,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
    #[serde(default)]
    sample_aspect_ratio: String,
    #[serde(default)]
    field_order: String,
    #[serde(default)]
    color_space: String,
    #[serde(default)]
    color_transfer: String,
    #[serde(default)]
    avg_frame_rate: String,
    #[serde(default)]
    r_frame_rate: String,
    bit_rate: Option<String>,
    duration: Option<String>,
    #[serde(default)]
    channels: u32,
    sample_rate: Option<String>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Deserialize, Default)]
struct Disposition {
    #[serde(default)]
    default: u8,
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

/// Longest text that is taken over from a file.
const MAX_NAME: usize = 40;

/// Reads ffprobe's answer.
pub fn read(json: &[u8], size: u64) -> Result<Headers, ProbeError> {
    let answer: Answer = serde_json::from_slice(json).map_err(|_| ProbeError::NotMedia)?;
    let format = answer.format.ok_or(ProbeError::NotMedia)?;
    let video = best(&answer.streams, |s| {
        s.codec_type == "video" && s.disposition.attached_pic == 0
    })
    .or_else(|| best(&answer.streams, |s| s.codec_type == "video"));
    let audio = best(&answer.streams, |s| s.codec_type == "audio");
    let moving = video.filter(|v| v.disposition.attached_pic == 0);
    if moving.is_none() && audio.is_none() {
        return Err(ProbeError::NoStreams);
    }
    for stream in moving.into_iter().chain(audio) {
        if stream.codec_name.is_empty() || stream.codec_name == "unknown" {
            return Err(ProbeError::UnknownCodec {
                codec: short(&stream.codec_tag_string),
            });
        }
    }

    // The streams we take count; a subtitle or a timecode track may well last longer.
    let own: Vec<f64> = moving
        .into_iter()
        .chain(audio)
        .filter_map(|s| number(&s.duration))
        .collect();
    let all = usize::from(moving.is_some()) + usize::from(audio.is_some());
    let claimed_s = if own.len() == all {
        own.into_iter().reduce(f64::max)
    } else {
        number(&format.duration)
    };
    let first_s = number(&format.start_time).unwrap_or(0.0);
    // Matroska states when it ends, the others how long they last.
    let before_s = if format.format_name.starts_with("matroska") {
        first_s
    } else {
        0.0
    };
    let claimed_s = claimed_s.map(|s| s - before_s).filter(|s| *s > 0.0);
    let rate_of_file = number(&format.bit_rate)
        .or_else(|| claimed_s.map(|s| size as f64 * 8.0 / s))
        .unwrap_or(0.0) as u64;
    let audio = audio.map(audio_stream);
    let sound = audio.as_ref().map_or(0, |a| a.bitrate);
    let video = video.map(|v| video_stream(v, rate_of_file.saturating_sub(sound)));
    let probe = Probe {
        container: short(&format.format_name),
        duration_s: claimed_s.unwrap_or(0.0),
        start_s: first_s,
        size,
        video,
        audio,
    };
    Ok(Headers {
        probe,
        claimed_s,
        first_s,
    })
}

/// Refuses what is beyond the limits. A picture inside an audio file that is too large is just not looked at: the
/// sound is what was uploaded.
pub fn check(found: &mut Headers, limits: &Limits) -> Result<(), ProbeError> {
    found.probe.video.take_if(|v| {
        v.is_picture && (too_large(v.width, v.height, limits) || v.width < 2 || v.height < 2)
    });
    if let Some(video) = found.probe.video.as_ref().filter(|v| !v.is_picture) {
        if too_large(video.width, video.height, limits) {
            return Err(ProbeError::TooLarge {
                width: video.width,
                height: video.height,
                max_side: limits.max_side,
                max_megapixels: limits.max_pixels / 1_000_000,
            });
        }
        if video.width < 2 || video.height < 2 {
            return Err(ProbeError::Undecodable);
        }
    }
    Ok(())
}

fn too_large(width: u32, height: u32, limits: &Limits) -> bool {
    width > limits.max_side
        || height > limits.max_side
        || u64::from(width) * u64::from(height) > limits.max_pixels
}

fn best(streams: &[Stream], wanted: impl Fn(&Stream) -> bool) -> Option<&Stream> {
    let mut found = streams.iter().filter(|s| wanted(s));
    let first = found.clone().next();
    found.find(|s| s.disposition.default == 1).or(first)
}

fn video_stream(stream: &Stream, bitrate: u64) -> VideoStream {
    let (mut width, mut height) = (stream.width, stream.height);
    let aspect = stream
        .sample_aspect_ratio
        .split_once(':')
        .and_then(|(w, h)| {
            let (w, h): (f64, f64) = (w.parse().ok()?, h.parse().ok()?);
            Some(w / h).filter(|ratio| (0.1..=10.0).contains(ratio))
        });
    let aspect = aspect.unwrap_or(1.0);
    let square_pixels = (aspect - 1.0).abs() < 0.005;
    if !square_pixels {
        width = (f64::from(width) * aspect).round() as u32;
    }
    let turned = stream
        .side_data_list
        .iter()
        .find_map(|d| d.rotation)
        .unwrap_or(0.0);
    // ffmpeg counts counter-clockwise.
    let rotation = (((-turned / 90.0).round() as i64).rem_euclid(4) * 90) as u32;
    if rotation % 180 == 90 {
        std::mem::swap(&mut width, &mut height);
    }
    VideoStream {
        index: stream.index,
        codec: short(&stream.codec_name),
        profile: short(&stream.profile),
        level: stream.level,
        pix_fmt: short(&stream.pix_fmt),
        width,
        height,
        rotation,
        square_pixels,
        interlaced: matches!(stream.field_order.as_str(), "tt" | "bb" | "tb" | "bt"),
        hdr: matches!(stream.color_transfer.as_str(), "smpte2084" | "arib-std-b67"),
        color_space: match stream.color_space.as_str() {
            "unknown" | "reserved" | "gbr" => String::new(),
            known => short(known),
        },
        fps: rate::parse(&stream.avg_frame_rate)
            .or_else(|| rate::parse(&stream.r_frame_rate))
            .unwrap_or(Rate { num: 25, den: 1 }),
        bitrate: number(&stream.bit_rate).map_or(bitrate, |rate| rate as u64),
        is_picture: stream.disposition.attached_pic == 1,
        start_s: 0.0,
        end_s: 0.0,
        keyframe_gap_s: 0.0,
        hidden_start: false,
    }
}

fn audio_stream(stream: &Stream) -> AudioStream {
    AudioStream {
        index: stream.index,
        codec: short(&stream.codec_name),
        profile: short(&stream.profile),
        channels: stream.channels,
        sample_rate: number(&stream.sample_rate).unwrap_or(0.0) as u32,
        bitrate: number(&stream.bit_rate).unwrap_or(0.0) as u64,
        start_s: 0.0,
        end_s: 0.0,
    }
}

fn number(text: &Option<String>) -> Option<f64> {
    text.as_ref()?.parse().ok().filter(|n: &f64| n.is_finite())
}

fn short(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(MAX_NAME)
        .collect()
}
