//! The indexer on files built box by box: exact where they are honest, unharmed where they are not, and the same
//! whatever slices the bytes come in.

use hls::{ByteRange, Index, IndexError, Indexer};
use proptest::prelude::*;

fn boxed(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut bytes = u32::try_from(body.len() + 8)
        .expect("small")
        .to_be_bytes()
        .to_vec();
    bytes.extend(name);
    bytes.extend(body);
    bytes
}

fn u16s(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_be_bytes()).collect()
}

fn u32s(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_be_bytes()).collect()
}

const VIDEO: u32 = 1;
const AUDIO: u32 = 2;

fn track(id: u32, kind: &[u8; 4], timescale: u32, entry: &[u8]) -> Vec<u8> {
    let size = if kind == b"vide" {
        [640 << 16, 360 << 16]
    } else {
        [0, 0]
    };
    let header = [u32s(&[0, 0, 0, id]), vec![0; 60], u32s(&size)].concat();
    let description = boxed(b"stsd", &[&u32s(&[0, 1]), entry]);
    let media = [
        boxed(b"mdhd", &[&u32s(&[0, 0, 0, timescale, 0, 0])]),
        boxed(b"hdlr", &[&u32s(&[0, 0]), kind, &[0; 13]]),
        boxed(b"minf", &[&boxed(b"stbl", &[&description])]),
    ];
    boxed(
        b"trak",
        &[
            &boxed(b"tkhd", &[&header]),
            &boxed(b"mdia", &[&media.concat()]),
        ],
    )
}

fn video_track() -> Vec<u8> {
    let config = boxed(b"avcC", &[&[1, 0x64, 0, 0x1f, 0xff]]);
    let head = [vec![0; 24], u16s(&[640, 360]), vec![0; 50]].concat();
    track(VIDEO, b"vide", 12_800, &boxed(b"avc1", &[&head, &config]))
}

fn audio_track() -> Vec<u8> {
    let specific = [5, 2, 0x11, 0x90];
    let config = [&[4, 17, 0x40][..], &[0; 12], &specific[..2], &specific[2..]].concat();
    // Lengths may be written with more bytes than they need.
    let stream = [&[3, 0x80, 0x80, 22][..], &[0, 1, 0], &config].concat();
    let esds = boxed(b"esds", &[&[0; 4], &stream]);
    track(AUDIO, b"soun", 48_000, &boxed(b"mp4a", &[&[0; 28], &esds]))
}

fn movie(tracks: &[Vec<u8>]) -> Vec<u8> {
    let defaults = [VIDEO, AUDIO]
        .map(|id| boxed(b"trex", &[&u32s(&[0, id, 1, 0, 0, 0])]))
        .concat();
    let moov = boxed(b"moov", &[&tracks.concat(), &boxed(b"mvex", &[&defaults])]);
    [boxed(b"ftyp", &[b"iso5\0\0\0\0"]), moov].concat()
}

/// A track fragment of `samples` of equal length.
fn run(id: u32, start: u64, samples: u32, length: u32, keyframe: bool) -> Vec<u8> {
    let flags = if keyframe { 0x0200_0000 } else { 0x0101_0000 };
    boxed(
        b"traf",
        &[
            &boxed(b"tfhd", &[&u32s(&[0x02_0008, id, length])]),
            &boxed(b"tfdt", &[&u32s(&[0x0100_0000]), &start.to_be_bytes()]),
            &boxed(b"trun", &[&u32s(&[0x0000_0005, samples, 0, flags])]),
        ],
    )
}

fn fragment(runs: &[Vec<u8>], payload: usize) -> Vec<u8> {
    [
        boxed(
            b"moof",
            &[&boxed(b"mfhd", &[&u32s(&[0, 1])]), &runs.concat()],
        ),
        boxed(b"mdat", &[&vec![7; payload]]),
    ]
    .concat()
}

/// A video of `count` fragments of `seconds` each, at 25 frames per second.
fn video(count: u64, seconds: f64) -> Vec<u8> {
    let frames = (seconds * 25.0).round() as u32;
    let fragments = (0..count).map(|n| {
        fragment(
            &[run(VIDEO, n * u64::from(frames) * 512, frames, 512, true)],
            1000,
        )
    });
    [
        movie(&[video_track()]),
        fragments.flatten().collect(),
        boxed(b"mfra", &[&[0; 20]]),
    ]
    .concat()
}

fn index(bytes: &[u8]) -> Result<Index, IndexError> {
    let mut indexer = Indexer::new();
    indexer.feed(bytes)?;
    indexer.finish()
}

fn durations(bytes: &[u8]) -> Vec<f64> {
    index(bytes)
        .expect("an index")
        .segments
        .iter()
        .map(|s| s.duration_s)
        .collect()
}

#[test]
fn facts() {
    let tracks = movie(&[video_track(), audio_track()]);
    let first = fragment(
        &[
            run(VIDEO, 0, 100, 512, true),
            run(AUDIO, 0, 188, 1024, true),
        ],
        10,
    );
    let second = fragment(
        &[
            run(VIDEO, 51_200, 50, 512, true),
            run(AUDIO, 192_512, 94, 1024, true),
        ],
        20,
    );
    let bytes = [&tracks[..], &first, &second, &boxed(b"mfra", &[&[0; 8]])].concat();
    let index = index(&bytes).expect("an index");
    assert_eq!(index.codecs, "avc1.64001f,mp4a.40.2");
    assert_eq!((index.width, index.height, index.fps), (640, 360, 25.0));
    assert!(index.has_video && index.has_audio);
    assert_eq!(
        index.init,
        ByteRange {
            offset: 0,
            length: tracks.len() as u64
        }
    );
    let ranges: Vec<ByteRange> = index.segments.iter().map(|s| s.range).collect();
    let (a, b) = (tracks.len() as u64, (tracks.len() + first.len()) as u64);
    let expected = [
        ByteRange {
            offset: a,
            length: first.len() as u64,
        },
        ByteRange {
            offset: b,
            length: second.len() as u64,
        },
    ];
    assert_eq!(ranges, expected);
    assert_eq!(index.segments[0].duration_s, 4.0);
    // Sound ends 16 ms after the pictures; the last segment lasts as long.
    assert!(
        (index.segments[1].duration_s - 2.016).abs() < 1e-9,
        "{}",
        index.segments[1].duration_s
    );
    assert_eq!(index.file_size, bytes.len() as u64);
}

#[test]
fn fragments_are_joined_to_about_four_seconds_but_for_the_first() {
    let cases: [(u64, f64, &[f64]); 7] = [
        (5, 1.0, &[1.0, 1.0, 2.0, 1.0]),
        (13, 1.0, &[1.0, 1.0, 2.0, 4.0, 4.0, 1.0]),
        (4, 4.0, &[4.0, 4.0, 4.0, 4.0]),
        (3, 10.0, &[10.0, 10.0, 10.0]),
        (8, 2.0, &[2.0, 2.0, 2.0, 4.0, 4.0, 2.0]),
        (8, 3.0, &[3.0, 3.0, 3.0, 6.0, 6.0, 3.0]),
        (20, 0.48, &[0.96, 0.96, 1.92, 3.84, 1.92]),
    ];
    for (count, seconds, expected) in cases {
        let found = durations(&video(count, seconds));
        assert_eq!(
            found.len(),
            expected.len(),
            "{count} of {seconds}: {found:?}"
        );
        assert!(
            found
                .iter()
                .zip(expected)
                .all(|(a, b)| (a - b).abs() < 1e-9),
            "{count} of {seconds}: {found:?}"
        );
    }
}

#[test]
fn segments_begin_at_keyframes() {
    let plain = |n: u64| fragment(&[run(VIDEO, n * 51_200, 100, 512, n.is_multiple_of(3))], 10);
    let bytes = [movie(&[video_track()]), (0..6).flat_map(plain).collect()].concat();
    let index = index(&bytes).expect("an index");
    assert_eq!(index.segments.len(), 2);
    assert!(
        index
            .segments
            .iter()
            .all(|s| s.keyframe && (s.duration_s - 12.0).abs() < 1e-9)
    );
    let bytes = [
        movie(&[video_track()]),
        fragment(&[run(VIDEO, 0, 100, 512, false)], 10),
    ]
    .concat();
    assert!(!self::index(&bytes).expect("an index").segments[0].keyframe);
}

#[test]
fn a_gap_belongs_to_the_segment_before_it() {
    let fragments = [0u64, 60_000]
        .map(|start| fragment(&[run(VIDEO, start, 100, 512, true)], 10))
        .concat();
    assert_eq!(
        durations(&[movie(&[video_track()]), fragments].concat()),
        [60_000.0 / 12_800.0, 4.0]
    );
}

#[test]
fn sound_alone() {
    let plain = |n: u64| fragment(&[run(AUDIO, n * 192_512, 188, 1024, false)], 10);
    let bytes = [movie(&[audio_track()]), (0..3).flat_map(plain).collect()].concat();
    let index = index(&bytes).expect("an index");
    assert_eq!(
        (index.codecs.as_str(), index.has_video, index.height),
        ("mp4a.40.2", false, 0)
    );
    assert_eq!(index.segments.len(), 3);
    assert!(
        index
            .segments
            .iter()
            .all(|s| s.keyframe && (s.duration_s - 192_512.0 / 48_000.0).abs() < 1e-9)
    );
}

#[test]
fn boxes_around_fragments() {
    let styp = boxed(b"styp", &[b"msdh\0\0\0\0"]);
    let one = fragment(&[run(VIDEO, 0, 100, 512, true)], 10);
    let two = fragment(&[run(VIDEO, 51_200, 100, 512, true)], 10);
    let head = movie(&[video_track()]);
    let bytes = [&head[..], &styp, &one, &styp, &two, &boxed(b"free", &[])].concat();
    let index = index(&bytes).expect("an index");
    assert_eq!(index.init.length, head.len() as u64);
    assert_eq!(index.segments[0].range.offset, head.len() as u64);
    assert_eq!(
        index.segments[1].range.length,
        (styp.len() + two.len()) as u64
    );
}

#[test]
fn long_sizes_and_open_ends() {
    let head = [
        movie(&[video_track()]),
        boxed(b"moof", &[&run(VIDEO, 0, 100, 512, true)]),
    ]
    .concat();
    let long = [
        &head[..],
        &u32s(&[1]),
        b"mdat",
        &24u64.to_be_bytes(),
        &[0; 8],
    ]
    .concat();
    assert_eq!(
        index(&long).expect("an index").segments[0].range.length,
        (long.len() - movie(&[video_track()]).len()) as u64
    );
    let open = [&head[..], &u32s(&[0]), b"mdat", &[0; 100]].concat();
    let found = index(&open).expect("an index");
    assert_eq!(
        found.segments[0].range.offset + found.segments[0].range.length,
        open.len() as u64
    );
}

#[test]
fn refusals() {
    let good = video(2, 4.0);
    let head = movie(&[video_track()]);
    let no_track = movie(&[track(9, b"text", 1, &boxed(b"tx3g", &[]))]);
    let plain_mp4 = [
        boxed(b"ftyp", &[b"isom\0\0\0\0"]),
        boxed(b"mdat", &[&[0; 10]]),
    ]
    .concat();
    let huge = [
        &boxed(b"ftyp", &[b"isom\0\0\0\0"])[..],
        &u32s(&[u32::MAX]),
        b"moov",
    ]
    .concat();
    let wrapping = [
        &boxed(b"ftyp", &[b"isom\0\0\0\0"])[..],
        &u32s(&[1]),
        b"free",
        &u64::MAX.to_be_bytes(),
    ]
    .concat();
    let small = [&u32s(&[7])[..], b"ftyp"].concat();
    let twice = [&head[..], &head].concat();
    let no_config = movie(&[track(VIDEO, b"vide", 25, &boxed(b"avc1", &[&[0; 78]]))]);
    let no_clock = movie(&[track(VIDEO, b"vide", 0, &boxed(b"avc1", &[&[0; 78]]))]);
    let cases: [(&str, &[u8], &str); 12] = [
        ("nothing", b"", "holds no fragments"),
        ("text", b"hello world, this is no video", "cut off"),
        ("cut", &good[..good.len() - 40], "cut off"),
        ("header only", &head, "holds no fragments"),
        ("no track", &no_track, "neither video nor audio"),
        ("an ordinary mp4", &plain_mp4, "not a fragmented"),
        ("a huge header", &huge, "too large"),
        ("a size around the corner", &wrapping, "malformed"),
        ("a size below its header", &small, "malformed"),
        ("two headers", &twice, "malformed"),
        ("no configuration", &no_config, "malformed"),
        ("no clock", &no_clock, "malformed"),
    ];
    for (what, bytes, expected) in cases {
        let error = index(bytes).expect_err(what).to_string();
        assert!(error.contains(expected), "{what}: {error}");
    }
}

#[test]
fn counts_that_are_lies_cost_nothing() {
    let fragments = fragment(&[run(VIDEO, 0, u32::MAX, u32::MAX, true)], 10);
    let bytes = [movie(&[video_track()]), fragments].concat();
    index(&bytes).expect("absurd but bounded");
    let lying = boxed(b"trun", &[&u32s(&[0x0000_0f00, u32::MAX, 0, 0, 0, 0])]);
    let traf = boxed(b"traf", &[&boxed(b"tfhd", &[&u32s(&[0, VIDEO])]), &lying]);
    let bytes = [movie(&[video_track()]), fragment(&[traf], 10)].concat();
    assert!(matches!(index(&bytes), Err(IndexError::Malformed(_))));
}

proptest! {
    #[test]
    fn slices_do_not_matter(cuts in prop::collection::vec(1usize..400, 1..60), count in 1u64..6) {
        let bytes = video(count, 3.0);
        let mut indexer = Indexer::new();
        let mut rest = &bytes[..];
        for cut in cuts.iter().cycle() {
            let (slice, after) = rest.split_at((*cut).min(rest.len()));
            indexer.feed(slice).expect("good bytes");
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(indexer.finish(), index(&bytes));
    }

    #[test]
    fn damage_is_survived(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), cut in any::<prop::sample::Index>()) {
        let mut bytes = [movie(&[video_track(), audio_track()]), video(3, 4.0)[movie(&[video_track()]).len()..].to_vec()].concat();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        bytes.truncate(cut.index(bytes.len() * 2).max(1));
        if let Ok(found) = index(&bytes) {
            for segment in &found.segments {
                prop_assert!(segment.range.offset + segment.range.length <= bytes.len() as u64);
                prop_assert!(segment.duration_s >= 0.0);
            }
            hls::media_playlist(&found, "a.mp4");
            found.peak_bandwidth();
        }
    }

    #[test]
    fn noise_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        index(&bytes).ok();
    }
}
