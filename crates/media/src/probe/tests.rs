//! Headers and packets as ffprobe writes them, and what becomes of them.

use super::rate::choose;
use super::{Probe, ProbeError, Rate, headers, packets};
use crate::Limits;

fn rate(num: u32, den: u32) -> Rate {
    Rate { num, den }
}

#[test]
fn rates() {
    let even = |step: f64, count: usize| (0..count).map(|n| n as f64 * step).collect::<Vec<_>>();
    let cases = [
        (Some(rate(25, 1)), even(0.04, 100), rate(25, 1)),
        (
            Some(rate(30_000, 1001)),
            even(0.033_366, 100),
            rate(30_000, 1001),
        ),
        // A phone: the average is a little off.
        (Rate::new(2978, 100), even(0.0333, 100), rate(30_000, 1001)),
        // A recorder that claims a thousand, or nothing.
        (Some(rate(1000, 1)), even(0.0333, 100), rate(30, 1)),
        (None, even(0.0167, 100), rate(60_000, 1001)),
        (None, Vec::new(), rate(25, 1)),
        (Some(rate(15, 2)), even(0.1333, 100), rate(7500, 1000)),
        (Some(rate(1, 10)), even(10.0, 3), rate(1, 10)),
        (Some(rate(45, 1)), even(1.0 / 45.0, 100), rate(45, 1)),
    ];
    for (average, times, expected) in cases {
        let found = choose(average, times);
        assert!(
            (found.value() - expected.value()).abs() < 1e-9,
            "{average:?}: {found:?}"
        );
    }
    assert_eq!(Rate::new(0, 1), None);
    assert_eq!(Rate::new(1, 0), None);
    assert_eq!(Rate::new(90_000, 1), None);
    assert_eq!(rate(60_000, 1001).divided(2), rate(30_000, 1001));
    assert_eq!(rate(25, 1).divided(2), rate(25, 2));
}

fn read(streams: &str, format: &str) -> Result<headers::Headers, ProbeError> {
    headers::read(
        format!("{{\"streams\":[{streams}],\"format\":{{{format}}}}}").as_bytes(),
        1_000_000,
    )
}

const VIDEO: &str =
    r#""index":0,"codec_type":"video","codec_name":"h264","width":1440,"height":1080"#;
const MP4: &str = r#""format_name":"mov,mp4,m4a,3gp,3g2,mj2","duration":"10.0","start_time":"0.0""#;

/// Size as displayed and the turn.
fn shape(more: &str) -> (u32, u32, u32) {
    let video = read(&format!("{{{VIDEO}{more}}}"), MP4)
        .expect("a video")
        .probe
        .video
        .expect("a video");
    (video.width, video.height, video.rotation)
}

#[test]
fn shapes() {
    assert_eq!(shape(""), (1440, 1080, 0));
    assert_eq!(shape(r#","sample_aspect_ratio":"4:3""#), (1920, 1080, 0));
    assert_eq!(shape(r#","sample_aspect_ratio":"0:1""#), (1440, 1080, 0));
    assert_eq!(
        shape(r#","sample_aspect_ratio":"1:999999""#),
        (1440, 1080, 0)
    );
    assert_eq!(
        shape(r#","side_data_list":[{"rotation":-90}]"#),
        (1080, 1440, 90)
    );
    assert_eq!(
        shape(r#","side_data_list":[{},{"rotation":90}]"#),
        (1080, 1440, 270)
    );
    assert_eq!(
        shape(r#","side_data_list":[{"rotation":180}]"#),
        (1440, 1080, 180)
    );
    assert_eq!(
        shape(r#","sample_aspect_ratio":"4:3","side_data_list":[{"rotation":-90}]"#),
        (1080, 1920, 90)
    );
}

#[test]
fn the_right_streams() {
    let picture = r#"{"index":0,"codec_type":"video","codec_name":"mjpeg","width":9,"height":9,"disposition":{"attached_pic":1}}"#;
    let video = |n: u32, default: u8| {
        format!(
            r#"{{"index":{n},"codec_type":"video","codec_name":"vp9","width":64,"height":36,"disposition":{{"default":{default}}}}}"#
        )
    };
    let audio = |n: u32| {
        format!(
            r#"{{"index":{n},"codec_type":"audio","codec_name":"opus","channels":2,"sample_rate":"48000"}}"#
        )
    };
    let index = |streams: &str| {
        let probe = read(streams, MP4).expect("streams").probe;
        (probe.video.map(|v| v.index), probe.audio.map(|a| a.index))
    };
    assert_eq!(
        index(&format!("{picture},{},{}", video(1, 0), audio(2))),
        (Some(1), Some(2))
    );
    assert_eq!(
        index(&format!("{},{},{}", video(0, 0), video(1, 1), audio(2))),
        (Some(1), Some(2))
    );
    assert_eq!(
        index(&format!("{picture},{},{}", audio(1), audio(2))),
        (Some(0), Some(1))
    );
    assert!(matches!(read(picture, MP4), Err(ProbeError::NoStreams)));
    assert!(matches!(read("", MP4), Err(ProbeError::NoStreams)));
    let unknown =
        r#"{"index":0,"codec_type":"video","codec_tag_string":"XYZ1","width":64,"height":36}"#;
    assert!(
        matches!(read(unknown, MP4), Err(ProbeError::UnknownCodec { codec }) if codec == "XYZ1")
    );
    assert!(matches!(headers::read(b"{}", 1), Err(ProbeError::NotMedia)));
    assert!(matches!(headers::read(b"", 1), Err(ProbeError::NotMedia)));
}

/// Feeds packets of stream 0 every 40 ms from `start` to `end`, keyframes every second.
fn settle(claimed_s: Option<f64>, start: f64, end: f64) -> Result<Probe, ProbeError> {
    let mut probe = read(&format!("{{{VIDEO}}}"), MP4).expect("a video").probe;
    let mut seen = packets::Packets::new(&probe);
    let count = ((end - start) / 0.04).round() as u32;
    for n in 0..count {
        let time = start + f64::from(n) * 0.04;
        let flags = if n % 25 == 0 { "K_" } else { "__" };
        seen.line(&format!(
            "stream_index=0|pts_time={time:.6}|dts_time=N/A|duration_time=0.040000|flags={flags}|\n"
        ));
    }
    seen.line("garbage");
    seen.line("stream_index=7|pts_time=1e300|flags=K_");
    seen.line("stream_index=0|pts_time=NaN|dts_time=N/A|flags=K_");
    seen.settle(&mut probe, claimed_s, &Limits::default())?;
    Ok(probe)
}

#[test]
fn packets_tell_the_truth() {
    let found = settle(Some(10.0), 5.0, 15.0).expect("whole");
    assert!(
        (found.start_s - 5.0).abs() < 1e-6 && (found.duration_s - 10.0).abs() < 1e-6,
        "{found:?}"
    );
    let video = found.video.expect("a video");
    assert!(
        (video.keyframe_gap_s - 0.96).abs() < 1e-6 && video.start_s == 0.0 && !video.hidden_start
    );
    assert_eq!(video.fps, rate(25, 1));
    assert!(
        settle(Some(11.5), 0.0, 10.0).is_ok(),
        "a little less is no reason"
    );
    assert!(matches!(
        settle(Some(13.0), 0.0, 10.0),
        Err(ProbeError::CutOff)
    ));
    assert!(matches!(
        settle(Some(36_000.0), 0.0, 0.04),
        Err(ProbeError::CutOff)
    ));
    assert!(matches!(
        settle(Some(10.0), 0.0, 0.0),
        Err(ProbeError::CutOff)
    ));
    assert!(settle(None, 0.0, 10.0).is_ok());
}

#[test]
fn which_parts_are_read() {
    assert_eq!(packets::intervals(0.0, Some(30.0)), None);
    assert_eq!(packets::intervals(0.0, None), None);
    assert_eq!(
        packets::intervals(1.5, Some(100.0)).as_deref(),
        Some("%+60,99.500%")
    );
}
