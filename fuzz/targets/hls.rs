//! Any bytes as a fragmented MP4, and as playlists: the slices in which a file comes do not matter, and a playlist that was written
//! from an index is read again.

#![no_main]

use hls::{Index, IndexError, Indexer};
use libfuzzer_sys::fuzz_target;

fn index(bytes: &[u8], slice: usize) -> Result<Index, IndexError> {
    let mut indexer = Indexer::new();
    bytes
        .chunks(slice)
        .try_for_each(|slice| indexer.feed(slice))?;
    indexer.finish()
}

fuzz_target!(|bytes: &[u8]| {
    let whole = index(bytes, bytes.len().max(1));
    let sliced = index(bytes, 7);
    assert_eq!(whole.is_ok(), sliced.is_ok());
    if let Ok(index) = whole {
        let playlist = hls::media_playlist(&index, "clip.mp4");
        let read = hls::read_media_playlist(&playlist).expect("our own playlist");
        assert_eq!(read.segments.len(), index.segments.len());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = hls::read_media_playlist(text);
        let _ = hls::read_master_playlist(text);
        let _ = hls::with_query(text, "videoFileToken=x");
    }
});
