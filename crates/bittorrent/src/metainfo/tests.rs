//! Torrents against the definition, against themselves, and against torrents that lie.

use proptest::prelude::*;

use super::*;
use crate::{Hasher, MIN_PIECE_LENGTH};

const TRACKERS: [&str; 2] = [
    "wss://pod.example/tracker/socket",
    "https://pod.example/tracker/announce",
];

/// Bytes that repeat nowhere soon.
fn file(size: usize) -> Vec<u8> {
    let mut state = 1_u64;
    std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(size)
    .collect()
}

fn torrent(file: &[u8]) -> Torrent {
    let mut hasher = Hasher::for_size(file.len() as u64);
    hasher.update(file);
    hasher.finish("clip.mp4", &TRACKERS).unwrap()
}

#[test]
fn reads_what_it_builds_and_every_piece_fits() {
    let piece = MIN_PIECE_LENGTH as usize;
    for size in [
        1,
        BLOCK - 1,
        BLOCK,
        BLOCK + 1,
        3 * BLOCK,
        piece - 1,
        piece,
        piece + 1,
        2 * piece,
        5 * piece + 7,
    ] {
        let file = file(size);
        let torrent = torrent(&file);
        let read = Metainfo::parse(&torrent.bytes).unwrap();
        assert_eq!(
            (read.name, read.length, read.piece_length),
            ("clip.mp4", size as u64, MIN_PIECE_LENGTH)
        );
        assert_eq!(read.trackers, TRACKERS);
        assert_eq!(read.infohash, torrent.infohash_v1);
        assert_eq!(read.v2.unwrap().infohash, torrent.infohash_v2);
        assert_eq!(read.piece_count(), torrent.piece_count);
        for (index, bytes) in file.chunks(piece).enumerate() {
            assert!(read.holds(index as u64, bytes), "piece {index} of {size}");
            let mut wrong = bytes.to_vec();
            wrong[bytes.len() / 2] ^= 1;
            assert!(!read.holds(index as u64, &wrong));
            assert!(!read.holds(index as u64, &bytes[1..]));
        }
        assert!(!read.holds(torrent.piece_count, &file[..size.min(piece)]));
        assert!(!read.holds(u64::MAX, &[]));
    }
}

#[test]
fn is_the_same_for_ever() {
    // Made by this program and confirmed by libtorrent 2.0.8; a change here would rename every swarm that exists.
    let torrent = torrent(&file(200_000));
    assert_eq!(
        torrent.infohash_v1.to_string(),
        "a5b427031f22f0a6062b2c135652dc9452d0e663"
    );
    assert_eq!(
        torrent.infohash_v2.to_string(),
        "2adadc2e80b992a8213041fc00c32fae7a3f22f2bc74b608c46ad472a819b6d4"
    );
}

#[test]
fn trackers_do_not_change_the_name() {
    let file = file(100_000);
    let mut hasher = Hasher::for_size(file.len() as u64);
    hasher.update(&file);
    let bare = hasher.finish("clip.mp4", &[] as &[&str]).unwrap();
    assert_eq!(bare.infohash_v1, torrent(&file).infohash_v1);
    assert_eq!(
        Metainfo::parse(&bare.bytes).unwrap().trackers,
        [] as [&str; 0]
    );
}

#[test]
fn refuses_empty_files_and_names_that_are_paths() {
    assert_eq!(
        Hasher::for_size(0).finish("a", &TRACKERS),
        Err(BuildError::Empty)
    );
    let long = "n".repeat(256);
    for name in ["", ".", "..", "a/b", "a\\b", "a\nb", "a\0b", &long] {
        let mut hasher = Hasher::for_size(1);
        hasher.update(b"x");
        assert_eq!(
            hasher.finish(name, &TRACKERS),
            Err(BuildError::Name),
            "{name:?}"
        );
    }
}

#[test]
fn refuses_torrents_that_contradict_themselves() {
    let good = torrent(&file(200_000)).bytes;
    let check = |from: &str, to: &str, expected: BadTorrent| {
        let at = good
            .windows(from.len())
            .position(|window| window == from.as_bytes())
            .expect(from);
        let bad = [&good[..at], to.as_bytes(), &good[at + from.len()..]].concat();
        assert_eq!(Metainfo::parse(&bad), Err(expected), "{from} -> {to}");
    };
    check(
        "d8:clip.mp4d",
        "d8:clap.mp4d",
        BadTorrent::Contradiction("the name in the file tree"),
    );
    check(
        "6:lengthi200000e",
        "6:lengthi200001e",
        BadTorrent::Contradiction("the length in the file tree"),
    );
    check(
        "e6:lengthi200000e12:meta",
        "e6:lengthi900000e12:meta",
        BadTorrent::Contradiction("the number of pieces"),
    );
    check(
        "e6:lengthi200000e12:meta",
        "e6:lengthi-1e12:meta",
        BadTorrent::Key("length"),
    );
    check(
        "e6:lengthi200000e12:meta",
        "e6:lengthi0e12:meta",
        BadTorrent::Contradiction("the number of pieces"),
    );
    check(
        "piece lengthi65536e",
        "piece lengthi65537e",
        BadTorrent::PieceLength(BadPieceLength(65537)),
    );
    check(
        "piece lengthi65536e",
        "piece lengthi0e",
        BadTorrent::PieceLength(BadPieceLength(0)),
    );
    check(
        "meta versioni2e",
        "meta versioni3e",
        BadTorrent::Key("meta version"),
    );
    check("name8:clip.mp4", "name8:../p.mp4", BadTorrent::Name);
    check(
        "12:piece layers",
        "12:piece lawers",
        BadTorrent::Key("piece layers"),
    );
    check("4:info", "4:infu", BadTorrent::Key("info"));

    let mut bad = good.clone();
    let last = good.len() - 3;
    bad[last] ^= 1;
    assert_eq!(
        Metainfo::parse(&bad),
        Err(BadTorrent::Contradiction("the layer of piece hashes"))
    );
    for cut in 0..good.len() {
        assert!(Metainfo::parse(&good[..cut]).is_err());
    }
}

#[test]
fn reads_a_version_1_torrent() {
    let info = Item::dict([
        ("length", Item::Integer(3)),
        ("name", Item::bytes("a.txt")),
        ("piece length", Item::Integer(65536)),
        ("pieces", Item::bytes(&[7; 20])),
    ]);
    let text = Item::dict([
        ("announce", Item::bytes("http://t.example/announce")),
        ("info", info),
    ])
    .encode();
    let read = Metainfo::parse(&text).unwrap();
    assert_eq!(
        (read.trackers.as_slice(), read.v2),
        (&["http://t.example/announce"][..], None)
    );
    assert!(!read.holds(0, b"abc"));
}

proptest! {
    #[test]
    fn slices_of_any_size_give_the_same_torrent(size in 1..400_000_usize, steps in prop::collection::vec(1..90_000_usize, 1..20)) {
        let file = file(size);
        let mut hasher = Hasher::for_size(size as u64);
        let mut rest = &file[..];
        for step in steps.iter().cycle() {
            let (now, later) = rest.split_at(rest.len().min(*step));
            hasher.update(now);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        assert_eq!(hasher.finish("clip.mp4", &TRACKERS).unwrap(), torrent(&file));
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Metainfo::parse(&bytes);
    }
}
