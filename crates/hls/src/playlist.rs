//! Writing playlists (RFC 8216). A media playlist points into one file by byte ranges; the master playlist lists the
//! renditions of a video. An audio-only rendition is a plain variant without RESOLUTION: hls.js leaves such variants
//! out by itself as soon as a video has pictures, native players use them only when nothing else fits the line, and it
//! is always written last, so that nobody starts with it. Live playlists are not written here.

use std::fmt::Write;

use crate::Index;

/// One rendition as the master playlist presents it.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Address of its media playlist, relative to the master playlist.
    pub uri: String,
    /// Highest bits per second ([`Index::peak_bandwidth`]).
    pub bandwidth: u64,
    /// Average bits per second ([`Index::average_bandwidth`]).
    pub average_bandwidth: u64,
    /// RFC 6381 codecs.
    pub codecs: String,
    /// 0 for audio only.
    pub width: u32,
    /// 0 for audio only.
    pub height: u32,
    /// 0 for audio only.
    pub fps: f64,
    /// What a menu shows, e.g. `720p`.
    pub name: String,
}

/// The playlist of one rendition whose file is at `uri` (relative to the playlist).
pub fn media_playlist(index: &Index, uri: &str) -> String {
    let uri = printable(uri);
    let mut text = String::with_capacity(256 + index.segments.len() * (64 + uri.len()));
    text.push_str("#EXTM3U\n#EXT-X-VERSION:7\n");
    put(
        &mut text,
        format_args!("#EXT-X-TARGETDURATION:{}\n", index.target_duration()),
    );
    text.push_str("#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n");
    if index.segments.iter().all(|s| s.keyframe) {
        text.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
    }
    let init = index.init;
    put(
        &mut text,
        format_args!(
            "#EXT-X-MAP:URI=\"{uri}\",BYTERANGE=\"{}@{}\"\n",
            init.length, init.offset
        ),
    );
    for segment in &index.segments {
        let range = segment.range;
        put(
            &mut text,
            format_args!(
                "#EXTINF:{:.6},\n#EXT-X-BYTERANGE:{}@{}\n{uri}\n",
                segment.duration_s, range.length, range.offset
            ),
        );
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

/// The playlist of playlists, in the given order but audio-only variants after all others.
pub fn master_playlist(variants: &[Variant]) -> String {
    let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:7\n");
    let (pictures, sound): (Vec<_>, Vec<_>) = variants.iter().partition(|v| v.height > 0);
    for variant in pictures.into_iter().chain(sound) {
        put(
            &mut text,
            format_args!(
                "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\"",
                variant.bandwidth,
                variant.average_bandwidth,
                printable(&variant.codecs)
            ),
        );
        if variant.height > 0 {
            put(
                &mut text,
                format_args!(",RESOLUTION={}x{}", variant.width, variant.height),
            );
            if variant.fps > 0.0 {
                put(&mut text, format_args!(",FRAME-RATE={:.3}", variant.fps));
            }
        }
        put(
            &mut text,
            format_args!(
                ",NAME=\"{}\"\n{}\n",
                printable(&variant.name),
                printable(&variant.uri)
            ),
        );
    }
    text
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments)
        .expect("writing to a string never fails");
}

/// Keeps a value from ending its line or its quotes.
fn printable(value: &str) -> String {
    value
        .chars()
        .flat_map(|c| match c {
            '"' => vec!['%', '2', '2'],
            c if c.is_control() => vec!['%', '2', '0'],
            c => vec![c],
        })
        .collect()
}
