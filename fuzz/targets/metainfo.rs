//! Any bytes as a torrent: what is accepted has as many hashes of either kind as pieces, or no layer of the tree.

#![no_main]

use bittorrent::Metainfo;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(metainfo) = Metainfo::parse(bytes) {
        assert_eq!(metainfo.pieces.len() as u64, metainfo.piece_count() * 20);
        let layer = metainfo.layer.len() as u64;
        assert!(layer == 0 || layer == metainfo.piece_count() * 32);
        assert!(!metainfo.holds(metainfo.piece_count(), &[]));
        let _ = metainfo.holds(0, bytes);
    }
});
