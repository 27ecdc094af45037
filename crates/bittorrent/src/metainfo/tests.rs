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
        assert_eq!(read.infohash, torrent.infohash);
        assert_eq!(read.root, Some(torrent.root));
        assert_eq!(read.piece_count(), torrent.piece_count);
        let nodes = if size > piece { torrent.piece_count } else { 0 };
        assert_eq!(read.layer.len() as u64, nodes * 32);
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
        torrent.infohash.to_string(),
        "4f15140e3c2ac6520472b38bdb4cec34a5988ae3"
    );
    assert_eq!(
        torrent.root.to_string(),
        "3f6dfcf4c2b0766eaa7004bdd174c93e3c66b48dd326a9e9eab71308278068c6"
    );
}

#[test]
fn trackers_do_not_change_the_name() {
    let file = file(100_000);
    let mut hasher = Hasher::for_size(file.len() as u64);
    hasher.update(&file);
    let bare = hasher.finish("clip.mp4", &[] as &[&str]).unwrap();
    assert_eq!(bare.infohash, torrent(&file).infohash);
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
        "6:lengthi200000e",
        "6:lengthi900000e",
        BadTorrent::Contradiction("the number of pieces"),
    );
    check(
        "6:lengthi200000e",
        "6:lengthi-1e",
        BadTorrent::Key("length"),
    );
    check(
        "6:lengthi200000e",
        "6:lengthi0e",
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
    check("name8:clip.mp4", "name8:../p.mp4", BadTorrent::Name);
    check(
        "11:pieces root32:",
        "11:pieces root0:4:root32:",
        BadTorrent::Key("pieces root"),
    );
    check("4:info", "4:infu", BadTorrent::Key("info"));

    // The text ends in the nodes of the layer, before which stands the root that they are found by.
    let flip = |at: usize, expected: BadTorrent| {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_eq!(Metainfo::parse(&bad), Err(expected), "byte {at}");
    };
    let layer = Metainfo::parse(&good).unwrap().layer.len();
    flip(
        good.len() - 3,
        BadTorrent::Contradiction("the layer of piece hashes"),
    );
    flip(
        good.len() - 2 - layer - "128:".len() - 1,
        BadTorrent::Key("piece layers"),
    );
    for cut in 0..good.len() {
        assert!(Metainfo::parse(&good[..cut]).is_err());
    }
}

#[test]
fn reads_what_others_build() {
    let file = file(200_000);
    let ours = torrent(&file).bytes;
    let ours = Metainfo::parse(&ours).unwrap();
    let plain = || {
        BTreeMap::from([
            (Cow::Borrowed(&b"length"[..]), Item::Integer(200_000)),
            (Cow::Borrowed(b"name"), Item::bytes("clip.mp4")),
            (Cow::Borrowed(b"piece length"), Item::Integer(65536)),
            (Cow::Borrowed(b"pieces"), Item::bytes(ours.pieces)),
        ])
    };
    let mut hybrid = plain();
    hybrid.insert(Cow::Borrowed(b"meta version"), Item::Integer(2));
    let root = Item::dict([("pieces root", Item::bytes(&[7; 32]))]);
    let tree = Item::dict([("clip.mp4", Item::dict([("", root)]))]);
    hybrid.insert(Cow::Borrowed(b"file tree"), tree);
    let mut from_peers = plain();
    let root = ours.root.unwrap();
    from_peers.insert(Cow::Borrowed(b"pieces root"), Item::bytes(&root.0));

    for (info, root) in [(plain(), None), (hybrid, None), (from_peers, Some(root))] {
        let tracker = Item::bytes("http://t.example/announce");
        let text = Item::dict([("announce", tracker), ("info", Item::Dict(info))]).encode();
        let read = Metainfo::parse(&text).unwrap();
        assert_eq!(read.trackers, ["http://t.example/announce"]);
        assert_eq!((read.root, read.layer), (root, &[][..]));
        assert!(read.holds(3, &file[3 * 65536..]));
        assert!(!read.holds(3, &file[3 * 65536 - 1..file.len() - 1]));
    }
}

#[test]
fn a_piece_must_fit_both_kinds_of_hashes() {
    for size in [60_000, 200_000] {
        let file = file(size);
        let mut wrong = file.clone();
        wrong[50_000] ^= 1;
        let (mut bytes, other) = (torrent(&file).bytes, torrent(&wrong).bytes);
        // The SHA-1 hashes of another file, the tree of this one.
        let pieces = |bytes: &[u8]| Metainfo::parse(bytes).unwrap().pieces.to_vec();
        let (old, new) = (pieces(&bytes), pieces(&other));
        let at = bytes.windows(old.len()).position(|part| part == old);
        bytes[at.unwrap()..][..old.len()].copy_from_slice(&new);
        let read = Metainfo::parse(&bytes).unwrap();
        let piece = size.min(65536);
        assert!(!read.holds(0, &file[..piece]), "SHA-1 of {size}");
        assert!(!read.holds(0, &wrong[..piece]), "tree of {size}");
        assert!(size < 65536 || read.holds(1, &file[65536..131_072]));
    }
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
