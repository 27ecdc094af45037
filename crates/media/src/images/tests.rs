//! Shapes and counts of images, without making any.

use std::path::Path;

use super::{MAX_SPRITES, canvas, contain, cover, storyboard, upscaled_fit};
use crate::Probe;

fn probe(width: u32, height: u32, duration_s: f64, keyframe_gap_s: f64) -> Probe {
    let text = format!(
        r#"{{"container":"mov,mp4","duration_s":{duration_s},"start_s":0.0,"size":1000,"audio":null,
        "video":{{"index":0,"codec":"h264","profile":"","level":0,"pix_fmt":"yuv420p","width":{width},"height":{height},
        "rotation":0,"square_pixels":true,"interlaced":false,"hdr":false,"color_space":"","fps":{{"num":30,"den":1}},
        "bitrate":1000000,"is_picture":false,"start_s":0.0,"end_s":{duration_s},"keyframe_gap_s":{keyframe_gap_s},
        "hidden_start":false}}}}"#
    );
    serde_json::from_str(&text).expect("a probe")
}

/// Number of cells, seconds for each, and whether only keyframes are decoded.
fn sheet(width: u32, height: u32, duration_s: f64, gap: f64) -> (u32, f64, bool) {
    let probe = probe(width, height, duration_s, gap);
    let (command, board) =
        storyboard(&probe, Path::new("/in"), Path::new("/out")).expect("it moves");
    let cells =
        (board.total_width / board.sprite_width) * (board.total_height / board.sprite_height);
    assert!(f64::from(cells) * board.sprite_duration_s >= duration_s - 0.001);
    (
        cells,
        board.sprite_duration_s,
        command.args.iter().any(|a| a == "nokey"),
    )
}

#[test]
fn storyboards() {
    assert_eq!(sheet(640, 360, 10.0, 4.0), (10, 1.0, false));
    assert_eq!(sheet(640, 360, 0.2, 0.0), (1, 1.0, false));
    assert_eq!(sheet(640, 360, 12.5, 4.0), (20, 1.0, false));
    assert_eq!(sheet(1920, 1080, 60.0, 2.0), (30, 2.0, true));
    assert_eq!(sheet(1920, 1080, 3600.0, 2.0), (MAX_SPRITES, 32.728, true));
    assert_eq!(sheet(1920, 1080, 36_000.0, 10.0).0, MAX_SPRITES);
    let picture = Probe {
        video: None,
        ..probe(1, 1, 1.0, 0.0)
    };
    assert!(storyboard(&picture, Path::new("/in"), Path::new("/out")).is_none());
}

#[test]
fn frames() {
    assert_eq!(canvas(1920, 1080), (1280, 720));
    assert_eq!(canvas(320, 240), (426, 240));
    assert_eq!(canvas(1080, 1920), (1280, 720));
    assert_eq!(canvas(8, 8), (160, 90));
    assert!(cover(1920, 1080, (576, 324)).starts_with("scale=576:324:flags=bicubic,crop=576:324"));
    assert!(cover(640, 480, (576, 324)).starts_with("scale=576:432:"));
    assert!(contain(1080, 1920, (576, 324)).starts_with("scale=182:324:flags=bicubic,pad=576:324"));
    assert_eq!(
        (upscaled_fit(1920, 1080), upscaled_fit(64, 128)),
        ((192, 108), (96, 192))
    );
}
