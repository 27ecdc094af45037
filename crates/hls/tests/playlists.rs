//! Playlists: what is written can be read again, and says what the RFC wants.

use hls::{
    ByteRange, Index, Segment, Variant, master_playlist, media_playlist, read_master_playlist,
    read_media_playlist, with_query,
};
use proptest::prelude::*;

fn index(durations: &[f64]) -> Index {
    let mut offset = 1000;
    let segments: Vec<Segment> = durations
        .iter()
        .map(|&duration_s| {
            let range = ByteRange {
                offset,
                length: 5000,
            };
            offset += 5000;
            Segment {
                range,
                duration_s,
                keyframe: true,
            }
        })
        .collect();
    Index {
        init: ByteRange {
            offset: 0,
            length: 1000,
        },
        duration_s: durations.iter().sum(),
        segments,
        codecs: "avc1.64001f,mp4a.40.2".into(),
        width: 1280,
        height: 720,
        fps: 25.0,
        has_video: true,
        has_audio: true,
        file_size: offset,
    }
}

fn variant(name: &str, height: u32) -> Variant {
    Variant {
        uri: format!("{name}.m3u8"),
        bandwidth: 3_000_000,
        average_bandwidth: 2_000_000,
        codecs: "avc1.64001f,mp4a.40.2".into(),
        width: height * 16 / 9,
        height,
        fps: if height > 0 { 29.97 } else { 0.0 },
        name: name.into(),
    }
}

#[test]
fn a_media_playlist() {
    let expected = "#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI=\"v.mp4\",BYTERANGE=\"1000@0\"
#EXTINF:4.004000,
#EXT-X-BYTERANGE:5000@1000
v.mp4
#EXTINF:1.500000,
#EXT-X-BYTERANGE:5000@6000
v.mp4
#EXT-X-ENDLIST
";
    assert_eq!(media_playlist(&index(&[4.004, 1.5]), "v.mp4"), expected);
}

#[test]
fn dependent_segments_are_not_called_independent() {
    let mut index = index(&[4.0, 4.0]);
    index.segments[1].keyframe = false;
    assert!(!media_playlist(&index, "v.mp4").contains("INDEPENDENT"));
}

#[test]
fn a_master_playlist() {
    let expected = "#EXTM3U
#EXT-X-VERSION:7
#EXT-X-STREAM-INF:BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2000000,CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=29.970,NAME=\"720p\"
720p.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2000000,CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=640x360,FRAME-RATE=29.970,NAME=\"360p\"
360p.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2000000,CODECS=\"avc1.64001f,mp4a.40.2\",NAME=\"sound\"
sound.m3u8
";
    let variants = [
        variant("sound", 0),
        variant("720p", 720),
        variant("360p", 360),
    ];
    assert_eq!(
        master_playlist(&variants),
        expected,
        "sound comes last, wherever it was"
    );
}

#[test]
fn bandwidth_is_that_of_the_worst_stretch() {
    let mut quiet = index(&[4.0, 4.0, 4.0]);
    assert_eq!(
        (quiet.average_bandwidth(), quiet.peak_bandwidth()),
        (10_000, 10_000)
    );
    quiet.segments[1].range.length = 50_000;
    assert_eq!(quiet.average_bandwidth(), 40_000);
    assert_eq!(quiet.peak_bandwidth(), 100_000);
    // A very short segment is not a stretch by itself.
    let mut short = index(&[4.0, 0.1]);
    short.segments[1].range.length = 50_000;
    assert_eq!(short.peak_bandwidth(), 107_318);
}

#[test]
fn a_query_goes_behind_every_address() {
    let media = with_query(&media_playlist(&index(&[4.0]), "v.mp4"), "videoFileToken=a");
    assert!(
        media.contains("URI=\"v.mp4?videoFileToken=a\",BYTERANGE"),
        "{media}"
    );
    assert!(media.contains("\nv.mp4?videoFileToken=a\n"), "{media}");
    assert_eq!(media.matches("videoFileToken").count(), 2);
    let master = with_query(&master_playlist(&[variant("a", 720)]), "x=1&y=2");
    assert!(master.contains("\na.m3u8?x=1&y=2\n"), "{master}");
    assert_eq!(with_query("a.m3u8?b=1\n", "c=2"), "a.m3u8?b=1&c=2\n");
    assert_eq!(with_query("#EXTM3U\n", ""), "#EXTM3U\n");
}

#[test]
fn what_is_not_ours_is_refused() {
    for text in [
        "",
        "hello",
        "#EXTM3U\n",
        "#EXTM3U\nv.mp4\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXTINF:x,\n",
    ] {
        assert!(read_media_playlist(text).is_err(), "{text}");
    }
    for text in [
        "hello",
        "#EXTM3U\na.m3u8\n",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=x\na.m3u8\n",
    ] {
        assert!(read_master_playlist(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn media_playlists_survive(durations in prop::collection::vec(0.001f64..60.0, 1..50), name in "[a-z0-9-]{1,20}") {
        let durations: Vec<f64> = durations.iter().map(|d| (d * 1e6).round() / 1e6).collect();
        let index = index(&durations);
        let read = read_media_playlist(&media_playlist(&index, &name)).expect("our own");
        prop_assert_eq!(&read.uri, &name);
        prop_assert_eq!(read.init, index.init);
        prop_assert_eq!(&read.segments, &index.segments);
        prop_assert!(durations.iter().all(|d| d.round() <= read.target_duration as f64));
    }

    #[test]
    fn master_playlists_survive(heights in prop::collection::vec(1u32..3000, 0..8), fps in 1u32..60_000) {
        let mut variants: Vec<Variant> = heights.iter().map(|h| variant(&h.to_string(), *h)).collect();
        for variant in &mut variants {
            variant.fps = f64::from(fps) / 1000.0;
        }
        prop_assert_eq!(read_master_playlist(&master_playlist(&variants)).expect("our own"), variants);
    }

    #[test]
    fn names_cannot_add_lines(name in "\\PC*|.*") {
        let text = media_playlist(&index(&[4.0]), &name);
        prop_assert_eq!(text.lines().count(), 11);
        read_media_playlist(&text).ok();
        read_master_playlist(&name).ok();
        with_query(&name, &name);
    }
}
