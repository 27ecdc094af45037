//! Plans for uploads that need not exist: probes are written down, plans are read as one line for each rendition.

use super::{AudioWork, Plan, Rendition, VideoWork, plan};
use crate::{AudioStream, Ladder, Probe, Rate, VideoStream};

/// An ordinary 1080p upload, H.264 and AAC, one minute.
fn upload() -> Probe {
    Probe {
        container: "mov,mp4,m4a,3gp,3g2,mj2".into(),
        duration_s: 60.0,
        start_s: 0.0,
        size: 30_000_000,
        video: Some(VideoStream {
            index: 0,
            codec: "h264".into(),
            profile: "High".into(),
            level: 40,
            pix_fmt: "yuv420p".into(),
            width: 1920,
            height: 1080,
            rotation: 0,
            square_pixels: true,
            interlaced: false,
            hdr: false,
            color_space: String::new(),
            fps: Rate { num: 30, den: 1 },
            bitrate: 4_000_000,
            is_picture: false,
            start_s: 0.0,
            end_s: 60.0,
            keyframe_gap_s: 2.0,
            hidden_start: false,
        }),
        audio: Some(AudioStream {
            index: 1,
            codec: "aac".into(),
            profile: "LC".into(),
            channels: 2,
            sample_rate: 48_000,
            bitrate: 128_000,
            start_s: 0.0,
            end_s: 60.0,
        }),
    }
}

fn with(change: impl FnOnce(&mut VideoStream, &mut AudioStream)) -> Probe {
    let mut probe = upload();
    if let (Some(video), Some(audio)) = (&mut probe.video, &mut probe.audio) {
        change(video, audio);
    }
    probe
}

fn line(rendition: &Rendition) -> String {
    let video = match &rendition.video {
        VideoWork::None => "-".to_owned(),
        VideoWork::Copy => "copy".to_owned(),
        VideoWork::Encode(e) => format!("encode gop {}", e.gop),
        VideoWork::Still(_) => "still".to_owned(),
    };
    let audio = match &rendition.audio {
        AudioWork::None => "silent".to_owned(),
        AudioWork::CopySource => "copied".to_owned(),
        AudioWork::CopyFile => "from file".to_owned(),
        AudioWork::Encode {
            bitrate,
            channels,
            sample_rate,
            ..
        } => format!("{bitrate} {channels}ch {sample_rate}"),
    };
    let fps = rendition
        .fps
        .map_or(String::new(), |f| format!(" {}/{}", f.num, f.den));
    format!(
        "{} {}x{}{fps} {video}, {audio}",
        rendition.resolution, rendition.width, rendition.height
    )
}

fn lines(plan: &Plan) -> Vec<String> {
    plan.steps().into_iter().map(line).collect()
}

fn check(probe: &Probe, heights: &[u32], expected: &[&str]) {
    let ladder = Ladder {
        heights: heights.to_vec(),
        ..Ladder::default()
    };
    assert_eq!(lines(&plan(probe, &ladder)), expected);
}

/// Resolutions in the order of work.
fn heights(probe: &Probe, heights: &[u32]) -> Vec<u32> {
    let ladder = Ladder {
        heights: heights.to_vec(),
        ..Ladder::default()
    };
    plan(probe, &ladder)
        .steps()
        .into_iter()
        .map(|r| r.resolution)
        .collect()
}

#[test]
fn what_fits_is_copied_first() {
    check(
        &upload(),
        &[720, 360, 1080],
        &[
            "1080 1920x1080 30/1 copy, copied",
            "0 0x0 -, copied",
            "360 640x360 30/1 encode gop 120, copied",
            "720 1280x720 30/1 encode gop 120, copied",
        ],
    );
}

#[test]
fn sound_that_does_not_fit_is_made_first_and_once() {
    check(
        &with(|_, a| (a.codec, a.channels, a.sample_rate) = ("opus".into(), 6, 96_000)),
        &[360],
        &[
            "0 0x0 -, 128000 2ch 48000",
            "1080 1920x1080 30/1 copy, from file",
            "360 640x360 30/1 encode gop 120, from file",
        ],
    );
    check(
        &with(|v, a| {
            (v.codec, a.codec, a.channels, a.sample_rate) = ("vp9".into(), "mp3".into(), 1, 44_100)
        }),
        &[720],
        &[
            "0 0x0 -, 64000 1ch 44100",
            "720 1280x720 30/1 encode gop 120, from file",
        ],
    );
    let mut silent = upload();
    silent.audio = None;
    check(&silent, &[], &["1080 1920x1080 30/1 copy, silent"]);
}

#[test]
fn what_does_not_fit_is_encoded() {
    type Change = fn(&mut VideoStream, &mut AudioStream);
    let changes: [(&str, Change); 17] = [
        ("codec", |v, _| v.codec = "hevc".into()),
        ("ten bits", |v, _| v.pix_fmt = "yuv420p10le".into()),
        ("profile", |v, _| v.profile = "High 4:4:4 Predictive".into()),
        ("level", |v, _| v.level = 62),
        ("fields", |v, _| v.interlaced = true),
        ("brightness", |v, _| v.hdr = true),
        ("turned", |v, _| v.rotation = 90),
        ("narrow pixels", |v, _| v.square_pixels = false),
        ("hidden start", |v, _| v.hidden_start = true),
        ("bit rate", |v, _| v.bitrate = 60_000_000),
        ("too fast", |v, _| v.fps = Rate { num: 120, den: 1 }),
        ("keyframes", |v, _| v.keyframe_gap_s = 60.0),
        ("late start", |v, _| v.start_s = 3.0),
        ("early end", |v, _| v.end_s = 20.0),
        ("large", |v, _| (v.width, v.height) = (7680, 4320)),
        ("tiny gap is fine", |v, _| v.start_s = 0.04),
        ("60.1 is 60", |v, _| v.fps = Rate { num: 601, den: 10 }),
    ];
    for (what, change) in changes {
        let found = plan(&with(change), &Ladder::default());
        assert_eq!(
            found.remux.is_some(),
            what.contains(' ') && what.contains("is"),
            "{what}"
        );
        assert!(!found.ladder.is_empty(), "{what}");
    }
    let mut avi = upload();
    avi.container = "avi".into();
    assert!(plan(&avi, &Ladder::default()).remux.is_none());
}

#[test]
fn sound_is_copied_only_where_it_stays_with_the_pictures() {
    type Change = fn(&mut VideoStream, &mut AudioStream);
    let changes: [(bool, Change); 8] = [
        (true, |_, a| a.end_s = 59.5),
        (false, |_, a| a.end_s = 50.0),
        (true, |_, a| a.start_s = 0.05),
        (false, |_, a| a.start_s = 0.5),
        (false, |_, a| a.profile = "HE-AAC".into()),
        (false, |_, a| a.channels = 6),
        (false, |_, a| a.sample_rate = 96_000),
        (false, |_, a| a.bitrate = 600_000),
    ];
    for (n, (copied, change)) in changes.into_iter().enumerate() {
        let found = plan(&with(change), &Ladder::default());
        let audio = found.audio.expect("sound").audio;
        assert_eq!(audio == AudioWork::CopySource, copied, "{n}");
    }
    let short = plan(&with(|_, a| a.end_s = 50.0), &Ladder::default())
        .audio
        .expect("sound")
        .audio;
    assert!(
        matches!(short, AudioWork::Encode { fill_to_s, .. } if fill_to_s == 60.0),
        "{short:?}"
    );
}

#[test]
fn nothing_is_made_larger() {
    let size = |w, h| with(move |v, _| (v.codec, v.width, v.height) = ("vp9".into(), w, h));
    let all = [144, 240, 360, 480, 720, 1080, 1440, 2160];
    assert_eq!(heights(&size(640, 360), &all), [0, 144, 240, 360]);
    assert_eq!(heights(&size(360, 640), &all), [0, 144, 240, 360]);
    assert_eq!(heights(&size(3840, 2160), &[360, 720]), [0, 360, 720]);
    // Its own size is kept when it lies between, and two that are nearly the same are one.
    assert_eq!(heights(&size(1024, 576), &[360, 720]), [0, 360, 576]);
    assert_eq!(heights(&size(1920, 1088), &[720, 1080]), [0, 720, 1080]);
    assert_eq!(heights(&size(1278, 718), &[480, 720]), [0, 480, 720]);
    assert_eq!(heights(&size(100, 60), &[480, 720]), [0, 60]);
    assert_eq!(heights(&size(1920, 1080), &[]), [0, 1080]);
}

#[test]
fn sizes_are_even_and_keep_their_shape() {
    let cases = [
        ((1920, 1080), "480 854x480"),
        ((1080, 1920), "480 480x854"),
        ((1440, 1080), "480 640x480"),
        ((1920, 800), "480 1152x480"),
        ((1999, 999), "480 960x480"),
    ];
    for ((width, height), expected) in cases {
        let found = plan(
            &with(|v, _| (v.width, v.height) = (width, height)),
            &Ladder::default(),
        );
        let line = found
            .ladder
            .iter()
            .map(line)
            .find(|l| l.starts_with("480 "));
        let line = line.unwrap_or_else(|| {
            format!(
                "{:?}",
                found.ladder.iter().map(self::line).collect::<Vec<_>>()
            )
        });
        assert!(line.starts_with(expected), "{width}x{height}: {line}");
    }
}

#[test]
fn rates_are_divided_so_that_keyframes_meet() {
    let rates = |num, den| {
        let found = plan(
            &with(|v, _| v.fps = Rate { num, den }),
            &Ladder {
                heights: vec![360, 720],
                ..Ladder::default()
            },
        );
        found
            .ladder
            .iter()
            .map(|r| match (&r.video, r.fps) {
                (VideoWork::Encode(e), Some(f)) => (f.num, f.den, e.gop),
                _ => (0, 0, 0),
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(rates(60, 1), [(60, 1, 240), (30, 1, 120)]);
    assert_eq!(
        rates(60_000, 1001),
        [(60_000, 1001, 240), (30_000, 1001, 120)]
    );
    assert_eq!(rates(50, 1), [(50, 1, 200), (25, 1, 100)]);
    assert_eq!(
        rates(24_000, 1001),
        [(24_000, 1001, 96), (24_000, 1001, 96)]
    );
    assert_eq!(rates(120, 1), [(60, 1, 240), (30, 1, 120)]);
    assert_eq!(rates(150, 1), [(50, 1, 200), (25, 1, 100)]);
    assert_eq!(rates(1, 1), [(1, 1, 4), (1, 1, 4)]);
    assert_eq!(rates(1, 10), [(1, 10, 1), (1, 10, 1)]);
}

#[test]
fn sound_alone_gets_a_still_picture() {
    let mut sound = with(|v, a| {
        (v.codec, v.is_picture, v.width, v.height) = ("mjpeg".into(), true, 500, 500);
        a.codec = "mp3".into();
    });
    let expected = [
        "0 0x0 -, 128000 2ch 48000",
        "720 1280x720 2/1 still, from file",
    ];
    check(&sound, &[360, 720, 1080], &expected);
    sound.video = None;
    check(&sound, &[360, 720, 1080], &expected);
    check(
        &sound,
        &[480],
        &[
            "0 0x0 -, 128000 2ch 48000",
            "480 854x480 2/1 still, from file",
        ],
    );
    check(
        &sound,
        &[1080],
        &[
            "0 0x0 -, 128000 2ch 48000",
            "1080 1920x1080 2/1 still, from file",
        ],
    );
}

#[test]
fn plans_survive_storage() {
    let made = plan(&upload(), &Ladder::default());
    let text = serde_json::to_string(&made).expect("plain values");
    assert_eq!(serde_json::from_str::<Plan>(&text).expect("our own"), made);
}
