//! The words of commands, where they are a promise: what is read, how it is confined, what is never in them.

use std::path::Path;

use super::{Target, fit, render};
use crate::{Ladder, Probe, plan};

fn probe(container: &str) -> Probe {
    let text = format!(
        r#"{{"container":"{container}","duration_s":10.0,"start_s":1.5,"size":1000,
        "video":{{"index":2,"codec":"vp9","profile":"","level":0,"pix_fmt":"yuv420p","width":1280,"height":720,
        "rotation":0,"square_pixels":true,"interlaced":false,"hdr":false,"color_space":"","fps":{{"num":25,"den":1}},
        "bitrate":1000000,"is_picture":false,"start_s":0.0,"end_s":10.0,"keyframe_gap_s":2.0,"hidden_start":false}},
        "audio":{{"index":1,"codec":"opus","profile":"","channels":2,"sample_rate":48000,"bitrate":0,"start_s":0.0,
        "end_s":10.0}}}}"#
    );
    serde_json::from_str(&text).expect("a probe")
}

/// The command for the largest rendition, in words.
fn words(container: &str) -> String {
    let probe = probe(container);
    let plan = plan(&probe, &Ladder::default());
    let target = Target {
        rendition: &plan.ladder[0],
        output: Path::new("/out/a.mp4"),
    };
    let command = render(
        &probe,
        Path::new("/in/-i http:x.webm"),
        Some(Path::new("/in/audio.mp4")),
        &[target],
    );
    assert_eq!(
        command.inputs,
        [Path::new("/in/-i http:x.webm"), Path::new("/in/audio.mp4")]
    );
    assert_eq!(command.outputs, [Path::new("/out/a.mp4")]);
    let args: Vec<_> = command.args.iter().map(|a| a.to_string_lossy()).collect();
    assert!(
        args.contains(&"file:/in/-i http:x.webm".into()),
        "a name is one argument and a file: {args:?}"
    );
    args.join(" ")
}

#[test]
fn an_encoding() {
    let words = words("matroska,webm");
    for part in [
        "-nostdin",
        "-progress pipe:1",
        "-copyts -max_pixels 67108864 -itsoffset -1.500000 -protocol_whitelist file -format_whitelist mov,",
        "-itsoffset 0 -protocol_whitelist file",
        "[0:2]split=1[s0];[s0]fps=25/1:start_time=0,scale=1280:720:flags=bicubic:out_range=tv,setsar=1,format=yuv420p[v0]",
        "-map [v0] -c:v libx264 -preset veryfast -crf 23 -maxrate 3200000 -bufsize 6400000 -profile:v high",
        "-g 100 -keyint_min 100 -sc_threshold 0 -force_key_frames 1,2,4",
        "-min_frag_duration 900000",
        "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv",
        "-map 1:a:0 -c:a copy",
        "-map_metadata -1 -map_chapters -1 -sn -dn",
        "+empty_moov+delay_moov+default_base_moof+frag_discont+frag_keyframe",
    ] {
        assert!(words.contains(part), "{part}\n{words}");
    }
    assert!(!words.contains("-f null"));
    assert!(self::words("mpegts").ends_with("file:/out/a.mp4 -map 0:1 -c copy -f null -"));
}

#[test]
fn fitting() {
    assert_eq!(fit(1920, 1080, 1280, 720), (1280, 720));
    assert_eq!(fit(100, 100, 1280, 720), (100, 100));
    assert_eq!(fit(1080, 1920, 1280, 720), (406, 720));
    assert_eq!(fit(1, 1000, 100, 100), (2, 100));
}
