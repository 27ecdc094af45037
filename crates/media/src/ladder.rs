//! What the administrator wants to be made of an upload: heights, frame rates, quality. Numbers only, so that a plan
//! can be computed and tested without a file. The bit rates are upper bounds for constant-quality encoding: quiet
//! pictures take far less.

use serde::{Deserialize, Serialize};

/// The renditions to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ladder {
    /// Heights to make (for portrait videos: widths); those above the upload are left out.
    pub heights: Vec<u32>,
    /// Highest frame rate; faster videos get every second, third ... frame.
    pub max_fps: u32,
    /// Highest frame rate of renditions smaller than `low_fps_below`.
    pub low_fps: u32,
    /// See `low_fps`.
    pub low_fps_below: u32,
    /// Uploads up to this height are published as they are when their codecs fit.
    pub max_remux_height: u32,
    /// An upload is published as it is up to so many times the bit rate that an encoding of its height may have.
    pub remux_bitrate_factor: f64,
    /// Quality of libx264: lower is better and larger.
    pub crf: u32,
    /// Preset of libx264: speed against size.
    pub preset: String,
    /// Threads of an encoder; 0 lets it choose.
    pub threads: u32,
    /// Bits per second of stereo sound.
    pub audio_bitrate: u32,
    /// Map HDR to ordinary brightness with a tone curve; needs filters that not every build of ffmpeg has
    /// ([`crate::Abilities::tonemap`]).
    pub tonemap: bool,
}

impl Default for Ladder {
    fn default() -> Self {
        Ladder {
            heights: vec![240, 360, 480, 720, 1080],
            max_fps: 60,
            low_fps: 30,
            low_fps_below: 720,
            max_remux_height: 2160,
            remux_bitrate_factor: 4.0,
            crf: 23,
            preset: "veryfast".into(),
            threads: 0,
            audio_bitrate: 128_000,
            tonemap: false,
        }
    }
}

/// Highest bits per second by height, for up to 30 frames per second.
const BITRATES: [(u32, f64); 8] = [
    (144, 250e3),
    (240, 500e3),
    (360, 900e3),
    (480, 1500e3),
    (720, 3200e3),
    (1080, 6000e3),
    (1440, 11_000e3),
    (2160, 22_000e3),
];

/// Upper bound of the bit rate of a picture this high: between the known heights on a straight line, and half as much
/// again above 30 frames per second.
pub(crate) fn max_bitrate(height: u32, fps: f64) -> u64 {
    let height = f64::from(height);
    let (first, last) = (BITRATES[0], BITRATES[BITRATES.len() - 1]);
    let rate = BITRATES
        .windows(2)
        .map(|pair| {
            (
                (f64::from(pair[0].0), pair[0].1),
                (f64::from(pair[1].0), pair[1].1),
            )
        })
        .find(|((low, _), (high, _))| (*low..=*high).contains(&height))
        .map(|((low, a), (high, b))| a + (b - a) * (height - low) / (high - low))
        .unwrap_or(if height < f64::from(first.0) {
            first.1
        } else {
            last.1 * height / f64::from(last.0)
        });
    (if fps > 31.0 { rate * 1.5 } else { rate }) as u64
}
