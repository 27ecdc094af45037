//! What is made of an upload, decided from its probe and the administrator's ladder alone. The rules: nothing is
//! encoded that already fits, nothing twice, nothing larger than it was; sound is made once and copied into every
//! rendition; all encoded renditions have their keyframes at the same instants, so that a player can switch. Heights
//! are short sides, so a portrait video counts by its width. How it is made is in [`crate::render`].

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::ladder::max_bitrate;
use crate::{AudioStream, Ladder, Probe, Rate, VideoStream};

/// The renditions to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The upload's own streams in our container, if they fit.
    pub remux: Option<Rendition>,
    /// Sound only; `None` for silent videos.
    pub audio: Option<Rendition>,
    /// Encoded renditions, largest first.
    pub ladder: Vec<Rendition>,
}

/// One file to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rendition {
    /// Height by which people call it (720 is "720p"); 0 is sound only.
    pub resolution: u32,
    /// In pixels; 0 for sound only.
    pub width: u32,
    /// In pixels; 0 for sound only.
    pub height: u32,
    /// Frames per second; `None` for sound only.
    pub fps: Option<Rate>,
    /// Where the pictures come from.
    pub video: VideoWork,
    /// Where the sound comes from.
    pub audio: AudioWork,
}

/// Where pictures come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum VideoWork {
    /// No pictures.
    None,
    /// As they are in the upload.
    Copy,
    /// Encoded from the upload.
    Encode(Encode),
    /// A still picture for sound: the one in the upload, or a plain dark card.
    Still(Encode),
}

/// Where sound comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AudioWork {
    /// No sound.
    None,
    /// As it is in the upload.
    CopySource,
    /// As it is in the audio rendition, which must be there already.
    CopyFile,
    /// Encoded from the upload.
    Encode {
        /// Bits per second.
        bitrate: u32,
        /// 1 or 2.
        channels: u32,
        /// Samples per second.
        sample_rate: u32,
        /// Seconds that it must last: silence is added when it is shorter. 0 to leave it.
        fill_to_s: f64,
    },
}

/// How pictures are encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encode {
    /// Frames from keyframe to keyframe.
    pub gop: u32,
    /// Quality of libx264.
    pub crf: u32,
    /// Bits per second that are never exceeded for long.
    pub maxrate: u64,
    /// Preset of libx264.
    pub preset: String,
    /// Threads; 0 lets the encoder choose.
    pub threads: u32,
    /// Join the two fields of interlaced video.
    pub deinterlace: bool,
    /// Map HDR to ordinary brightness.
    pub tonemap: bool,
    /// Seconds that the pictures must last: the last one stays when the sound is longer. 0 to leave it.
    pub fill_to_s: f64,
}

/// Kinds of steps, as progress is told to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is encoded.
    Remux,
    /// Sound only.
    Audio,
    /// Pictures are encoded.
    Transcode,
}

impl Rendition {
    /// What kind of work it is.
    pub fn step(&self) -> Step {
        match self.video {
            VideoWork::None => Step::Audio,
            VideoWork::Copy => Step::Remux,
            VideoWork::Encode(_) | VideoWork::Still(_) => Step::Transcode,
        }
    }

    /// The audio rendition must exist before.
    pub fn needs_audio_file(&self) -> bool {
        self.audio == AudioWork::CopyFile
    }
}

impl Plan {
    /// All renditions in the order in which to make them: first what makes the video watchable soonest, and the audio
    /// rendition before those that copy from it.
    pub fn steps(&self) -> Vec<&Rendition> {
        let (remux, audio) = (self.remux.iter(), self.audio.iter());
        let ladder = self.ladder.iter().rev();
        if self.remux.as_ref().is_some_and(|r| !r.needs_audio_file()) {
            remux.chain(audio).chain(ladder).collect()
        } else {
            audio.chain(remux).chain(ladder).collect()
        }
    }
}

/// Two heights closer than this are one.
const SAME_HEIGHT: f64 = 0.06;
/// Heights that people know by name.
const NAMED: [u32; 8] = [144, 240, 360, 480, 720, 1080, 1440, 2160];
/// Seconds from keyframe to keyframe.
const KEYFRAME_S: f64 = 4.0;
/// A player waits for a whole segment, so a copy may not have longer ones.
const MAX_KEYFRAME_GAP_S: f64 = 20.0;
/// A copy may begin with so many seconds of missing pictures.
const MAX_START_GAP_S: f64 = 0.5;
/// A copy of sound may begin or end so much beside the pictures.
const MAX_AUDIO_START_GAP_S: f64 = 0.1;
const MAX_AUDIO_END_GAP_S: f64 = 1.0;
/// Sound that outlasts the pictures by more gets the last picture to go with it.
const MAX_VIDEO_END_GAP_S: f64 = 10.0;
const MAX_COPIED_AUDIO_BITRATE: u64 = 320_000;
/// Slack for frame rates, so that 60.1 passes for 60.
const FPS_SLACK: f64 = 1.02;
/// Frames per second of a still picture.
const STILL_FPS: Rate = Rate { num: 2, den: 1 };
const STILL_HEIGHT: u32 = 720;

/// Decides what is made of an upload.
pub fn plan(probe: &Probe, ladder: &Ladder) -> Plan {
    let audio = probe
        .audio
        .as_ref()
        .map(|audio| audio_rendition(probe, audio, ladder));
    let sound = match audio.as_ref().map(|a| &a.audio) {
        None => AudioWork::None,
        Some(AudioWork::CopySource) => AudioWork::CopySource,
        Some(_) => AudioWork::CopyFile,
    };
    match probe.video.as_ref().filter(|v| !v.is_picture) {
        None => Plan {
            remux: None,
            ladder: vec![still(probe, ladder, AudioWork::CopyFile)],
            audio,
        },
        Some(video) => {
            let remux = video_fits(probe, video, ladder).then(|| Rendition {
                resolution: label(short_side(video)),
                width: video.width,
                height: video.height,
                fps: Some(video.fps),
                video: VideoWork::Copy,
                audio: sound.clone(),
            });
            let encoded = encoded(probe, video, ladder, &sound, remux.is_some());
            Plan {
                remux,
                audio,
                ladder: encoded,
            }
        }
    }
}

fn video_fits(probe: &Probe, video: &VideoStream, ladder: &Ladder) -> bool {
    let height = short_side(video);
    let fps = video.fps.value();
    let allowed = max_bitrate(height, fps) as f64 * ladder.remux_bitrate_factor;
    video.codec == "h264"
        && matches!(
            video.profile.as_str(),
            "Baseline" | "Constrained Baseline" | "Main" | "High"
        )
        && (1..=52).contains(&video.level)
        && matches!(video.pix_fmt.as_str(), "yuv420p" | "yuvj420p")
        && copies_well(&probe.container)
        && !video.interlaced
        && !video.hdr
        && !video.hidden_start
        && video.rotation == 0
        && video.square_pixels
        && height <= ladder.max_remux_height
        && fps <= f64::from(ladder.max_fps) * FPS_SLACK
        && video.bitrate as f64 <= allowed
        && video.keyframe_gap_s <= MAX_KEYFRAME_GAP_S
        && video.start_s <= MAX_START_GAP_S
        && probe.duration_s - video.end_s <= MAX_VIDEO_END_GAP_S
}

fn audio_fits(probe: &Probe, audio: &AudioStream) -> bool {
    let pictures_end = probe
        .video
        .as_ref()
        .filter(|v| !v.is_picture)
        .map_or(0.0, |v| v.end_s);
    audio.codec == "aac"
        && audio.profile == "LC"
        && (1..=2).contains(&audio.channels)
        && (16_000..=48_000).contains(&audio.sample_rate)
        && audio.bitrate <= MAX_COPIED_AUDIO_BITRATE
        && copies_well(&probe.container)
        && audio.start_s <= MAX_AUDIO_START_GAP_S
        && pictures_end - audio.end_s <= MAX_AUDIO_END_GAP_S
}

/// Containers whose time stamps are good enough to be taken over.
fn copies_well(container: &str) -> bool {
    ["mov", "matroska", "flv"]
        .iter()
        .any(|name| container.split(',').any(|part| part == *name))
}

fn audio_rendition(probe: &Probe, audio: &AudioStream, ladder: &Ladder) -> Rendition {
    let work = if audio_fits(probe, audio) {
        AudioWork::CopySource
    } else {
        let channels = audio.channels.clamp(1, 2);
        let pictures_end = probe
            .video
            .as_ref()
            .filter(|v| !v.is_picture)
            .map_or(0.0, |v| v.end_s);
        AudioWork::Encode {
            bitrate: if channels == 1 {
                ladder.audio_bitrate / 2
            } else {
                ladder.audio_bitrate
            },
            channels,
            sample_rate: if audio.sample_rate == 44_100 {
                44_100
            } else {
                48_000
            },
            fill_to_s: if pictures_end > audio.end_s + 0.1 {
                pictures_end
            } else {
                0.0
            },
        }
    };
    Rendition {
        resolution: 0,
        width: 0,
        height: 0,
        fps: None,
        video: VideoWork::None,
        audio: work,
    }
}

fn encoded(
    probe: &Probe,
    video: &VideoStream,
    ladder: &Ladder,
    sound: &AudioWork,
    has_remux: bool,
) -> Vec<Rendition> {
    let own = short_side(video);
    let mut heights: Vec<u32> = ladder
        .heights
        .iter()
        .copied()
        .filter(|h| *h >= 16 && below(*h, own))
        .collect();
    if !has_remux {
        // Something must show the video at its best: its own size, or the largest that is wanted.
        let largest = ladder
            .heights
            .iter()
            .copied()
            .max()
            .unwrap_or(ladder.max_remux_height);
        if own <= largest || !below(largest, own) {
            heights.push(own);
        }
    }
    heights.sort_unstable_by(|a, b| b.cmp(a));
    heights.dedup();

    let full = divisor(video.fps, ladder.max_fps, 1);
    let low = divisor(video.fps, ladder.low_fps.min(ladder.max_fps), full);
    // Whole frames at the lowest rate are whole frames at the others, so keyframes never drift apart.
    let gop_at_low = (KEYFRAME_S * video.fps.divided(low).value())
        .round()
        .max(1.0) as u32;
    let sound_outlasts = probe.duration_s - video.end_s > MAX_VIDEO_END_GAP_S;
    heights
        .into_iter()
        .map(|height| {
            let divisor = if height < ladder.low_fps_below {
                low
            } else {
                full
            };
            let fps = video.fps.divided(divisor);
            let (w, h) = scaled(video.width, video.height, height);
            let encode = Encode {
                gop: gop_at_low * (low / divisor),
                crf: ladder.crf,
                maxrate: max_bitrate(height, fps.value()),
                preset: ladder.preset.clone(),
                threads: ladder.threads,
                deinterlace: video.interlaced,
                tonemap: video.hdr && ladder.tonemap,
                fill_to_s: if sound_outlasts {
                    probe.duration_s
                } else {
                    0.0
                },
            };
            Rendition {
                resolution: label(height),
                width: w,
                height: h,
                fps: Some(fps),
                video: VideoWork::Encode(encode),
                audio: sound.clone(),
            }
        })
        .collect()
}

fn still(probe: &Probe, ladder: &Ladder, audio: AudioWork) -> Rendition {
    let wanted = ladder
        .heights
        .iter()
        .copied()
        .filter(|h| *h <= STILL_HEIGHT)
        .max();
    let height = wanted
        .or(ladder.heights.iter().copied().min())
        .unwrap_or(STILL_HEIGHT);
    let (width, height) = (
        even(f64::from(height) * 16.0 / 9.0),
        even(f64::from(height)),
    );
    let encode = Encode {
        gop: (KEYFRAME_S * STILL_FPS.value()) as u32,
        crf: ladder.crf,
        maxrate: max_bitrate(height, STILL_FPS.value()),
        preset: ladder.preset.clone(),
        threads: ladder.threads,
        deinterlace: false,
        tonemap: false,
        fill_to_s: probe.duration_s,
    };
    Rendition {
        resolution: label(height),
        width,
        height,
        fps: Some(STILL_FPS),
        video: VideoWork::Still(encode),
        audio,
    }
}

fn short_side(video: &VideoStream) -> u32 {
    video.width.min(video.height)
}

/// `height` is clearly smaller than `other`.
fn below(height: u32, other: u32) -> bool {
    f64::from(height) < f64::from(other) * (1.0 - SAME_HEIGHT)
}

/// The name of a height: that of a well-known one nearby, or its own.
fn label(height: u32) -> u32 {
    let near = |named: &u32| (f64::from(*named) / f64::from(height) - 1.0).abs() < SAME_HEIGHT;
    NAMED.into_iter().find(near).unwrap_or(height)
}

/// The smallest number of frames to take one of, a multiple of `unit`, that keeps the rate within `cap`.
fn divisor(fps: Rate, cap: u32, unit: u32) -> u32 {
    let cap = f64::from(cap.max(1)) * FPS_SLACK;
    let steps = (fps.value() / f64::from(unit) / cap).ceil().max(1.0) as u32;
    steps * unit
}

/// The size with this short side; both sides even, as 4:2:0 wants them, and not above what there is.
fn scaled(width: u32, height: u32, short: u32) -> (u32, u32) {
    let factor = f64::from(short) / f64::from(width.min(height).max(1));
    let side = |length: u32| even(f64::from(length) * factor).min((length & !1).max(2));
    (side(width), side(height))
}

fn even(length: f64) -> u32 {
    // The small sum keeps 853.33 at 854 and an exact 720 at 720.
    (((length / 2.0 + 0.01).round() as u32) * 2).max(2)
}
