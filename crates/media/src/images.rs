//! The still images around a video: a thumbnail for lists, a preview for the player before it starts, and a storyboard,
//! one sheet of small pictures for the seek bar. Only keyframes are decoded wherever that is enough, so an hour of
//! video costs little more than a minute. Frames are chosen by ffmpeg's own measure of what is typical; nobody
//! looks at them.

#[cfg(test)]
mod tests;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::command::{Builder, DECODER_PIXELS};
use crate::render::{CARD, fit};
use crate::{Command, Probe};

/// Size of a thumbnail: what lists show, doubled for dense screens.
pub const THUMBNAIL: (u32, u32) = (576, 324);
/// Largest preview.
pub const PREVIEW: (u32, u32) = (1280, 720);

/// A storyboard as players need to know it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Storyboard {
    /// Width of the whole sheet in pixels.
    pub total_width: u32,
    /// Height of the whole sheet in pixels.
    pub total_height: u32,
    /// Width of one picture.
    pub sprite_width: u32,
    /// Height of one picture.
    pub sprite_height: u32,
    /// Seconds for which one picture stands.
    pub sprite_duration_s: f64,
}

/// Keyframes among which the most typical is chosen.
const CANDIDATES: u32 = 8;
const SPRITE: u32 = 192;
const COLUMNS: u32 = 10;
const MAX_SPRITES: u32 = 110;
/// A video with fewer pixels in all its frames is decoded in full, which gives a picture for every second.
const CHEAP_PIXELS: f64 = 2e9;
const QUALITY: &str = "-c:v mjpeg -q:v 4 -f image2 -update 1 -frames:v 1 -map_metadata -1 -an";

/// The command that makes thumbnail and preview, both 16:9. Wide pictures fill the thumbnail; others, and the preview
/// always, are shown whole on black. An audio file gives its picture, or a plain card.
pub fn pictures(probe: &Probe, source: &Path, thumbnail: &Path, preview: &Path) -> Command {
    let mut builder = Builder::new(probe.duration_s);
    let (width, height, stream) = match &probe.video {
        Some(video) => {
            builder.arg("-max_pixels").arg(DECODER_PIXELS);
            if !video.is_picture {
                // Not the very beginning, which so often is black.
                let from = probe.start_s + (probe.duration_s * 0.15).min(120.0);
                builder
                    .args("-skip_frame nokey -noaccurate_seek")
                    .arg("-ss")
                    .arg(format!("{from:.3}"));
                builder.args("-seek_timestamp 1");
            }
            builder.input(source);
            (
                video.width,
                video.height,
                // A keyframe before the place that was sought has a negative time and would be dropped.
                format!(
                    "[0:{}]thumbnail=n={CANDIDATES},setpts=PTS-STARTPTS",
                    video.index
                ),
            )
        }
        None => (
            PREVIEW.0,
            PREVIEW.1,
            format!("color=c={CARD}:s={}x{}:r=1:d=1", PREVIEW.0, PREVIEW.1),
        ),
    };
    let shape = f64::from(width) / f64::from(height);
    let small = if (1.2..=2.4).contains(&shape) {
        cover(width, height, THUMBNAIL)
    } else {
        contain(width, height, THUMBNAIL)
    };
    let large = contain(width, height, canvas(width, height));
    builder.arg("-filter_complex").arg(format!(
        "{stream},setpts=0,split[a][b];[a]{small}[t];[b]{large}[p]"
    ));
    builder.args("-map [t]").args(QUALITY).output(thumbnail);
    builder.args("-map [p]").args(QUALITY).output(preview);
    builder.build()
}

/// The command that makes the storyboard, and what will be on it; `None` when there is nothing that moves. A small
/// rendition serves as well as the upload and gives more pictures for less work.
pub fn storyboard(probe: &Probe, source: &Path, output: &Path) -> Option<(Command, Storyboard)> {
    let video = probe.video.as_ref().filter(|v| !v.is_picture)?;
    let pixels =
        f64::from(video.width) * f64::from(video.height) * video.fps.value() * probe.duration_s;
    let every_frame = pixels <= CHEAP_PIXELS;
    let mut step = (probe.duration_s / f64::from(MAX_SPRITES)).max(1.0);
    if !every_frame {
        step = step.max(video.keyframe_gap_s);
    }
    // Milliseconds are what the fraction below and the players can carry.
    let step = (step * 1000.0).ceil() / 1000.0;
    let count = ((probe.duration_s / step).ceil() as u32).clamp(1, MAX_SPRITES);
    let (columns, rows) = (count.min(COLUMNS), count.div_ceil(COLUMNS));
    let (w, h) = upscaled_fit(video.width, video.height);

    let mut builder = Builder::new(probe.duration_s);
    builder.arg("-max_pixels").arg(DECODER_PIXELS);
    if !every_frame {
        builder.args("-skip_frame nokey");
    }
    builder
        .args("-copyts -itsoffset")
        .arg(format!("{:.6}", -probe.start_s))
        .input(source);
    // The last picture is repeated until the sheet is full: a player may point at any cell.
    builder.arg("-filter_complex").arg(format!(
        "[0:{}]fps=1000/{}:start_time=0:round=up,scale={w}:{h}:flags=bilinear,setsar=1,format=yuvj420p,\
         tpad=stop=-1:stop_mode=clone,tile={columns}x{rows}[t]",
        video.index,
        (step * 1000.0).round() as u64
    ));
    builder.args("-map [t]").args(QUALITY).output(output);
    let sheet = Storyboard {
        total_width: w * columns,
        total_height: h * rows,
        sprite_width: w,
        sprite_height: h,
        sprite_duration_s: step,
    };
    Some((builder.build(), sheet))
}

/// The largest 16:9 frame around the picture, within the limits of a preview.
fn canvas(width: u32, height: u32) -> (u32, u32) {
    let height = f64::from(height)
        .max(f64::from(width) * 9.0 / 16.0)
        .clamp(90.0, f64::from(PREVIEW.1));
    let even = |length: f64| ((length / 2.0).round() as u32) * 2;
    (even(height * 16.0 / 9.0), even(height))
}

fn contain(width: u32, height: u32, frame: (u32, u32)) -> String {
    let (w, h) = fit(width, height, frame.0, frame.1);
    format!(
        "scale={w}:{h}:flags=bicubic,pad={}:{}:(ow-iw)/2:(oh-ih)/2:black,setsar=1,format=yuvj420p",
        frame.0, frame.1
    )
}

fn cover(width: u32, height: u32, (w, h): (u32, u32)) -> String {
    let factor = (f64::from(w) / f64::from(width)).max(f64::from(h) / f64::from(height));
    let side = |length: u32, least: u32| ((f64::from(length) * factor).ceil() as u32).max(least);
    format!(
        "scale={}:{}:flags=bicubic,crop={w}:{h},setsar=1,format=yuvj420p",
        side(width, w),
        side(height, h)
    )
}

/// Sprites have one size for their longer side, whatever the video's.
fn upscaled_fit(width: u32, height: u32) -> (u32, u32) {
    let factor = f64::from(SPRITE) / f64::from(width.max(height).max(1));
    let even = |length: u32| (((f64::from(length) * factor / 2.0).round() as u32) * 2).max(2);
    (even(width), even(height))
}
