//! Reading back the playlists that this crate writes: for tests, and for whoever has only the text at hand (a mirror,
//! an import). It knows exactly our own form; a playlist of another program may be refused.

use crate::{ByteRange, Segment, Variant};

/// A media playlist, read.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaPlaylist {
    /// Address of the file.
    pub uri: String,
    /// The initialisation part.
    pub init: ByteRange,
    /// What the playlist promises as the longest segment.
    pub target_duration: u64,
    /// In order; `keyframe` is what the playlist says of all of them.
    pub segments: Vec<Segment>,
}

/// One line of a master playlist, read.
pub type MasterEntry = Variant;

/// The text is not a playlist of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct PlaylistError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Reads a media playlist.
pub fn read_media_playlist(text: &str) -> Result<MediaPlaylist, PlaylistError> {
    let fail = |line, why| PlaylistError { line, why };
    let mut list = MediaPlaylist {
        uri: String::new(),
        init: ByteRange {
            offset: 0,
            length: 0,
        },
        target_duration: 0,
        segments: Vec::new(),
    };
    let independent = text
        .lines()
        .any(|line| line == "#EXT-X-INDEPENDENT-SEGMENTS");
    let (mut duration_s, mut range, mut ended) = (None, None, false);
    for (number, line) in (1..).zip(text.lines()) {
        if number == 1 && line != "#EXTM3U" {
            return Err(fail(1, "not a playlist"));
        } else if let Some(value) = line.strip_prefix("#EXT-X-TARGETDURATION:") {
            list.target_duration = value
                .parse()
                .map_err(|_| fail(number, "bad target duration"))?;
        } else if let Some(value) = line.strip_prefix("#EXT-X-MAP:") {
            let bytes = attribute(value, "BYTERANGE").ok_or(fail(number, "no byte range"))?;
            list.init = byte_range(bytes).ok_or(fail(number, "bad byte range"))?;
            list.uri = attribute(value, "URI")
                .ok_or(fail(number, "no address"))?
                .to_owned();
        } else if let Some(value) = line.strip_prefix("#EXTINF:") {
            let value = value.trim_end_matches(',');
            duration_s = Some(
                value
                    .parse::<f64>()
                    .map_err(|_| fail(number, "bad duration"))?,
            );
        } else if let Some(value) = line.strip_prefix("#EXT-X-BYTERANGE:") {
            range = Some(byte_range(value).ok_or(fail(number, "bad byte range"))?);
        } else if line == "#EXT-X-ENDLIST" {
            ended = true;
        } else if !line.starts_with('#') {
            let (Some(duration_s), Some(range)) = (duration_s.take(), range.take()) else {
                return Err(fail(number, "an address without duration or byte range"));
            };
            if line != list.uri {
                return Err(fail(number, "more than one file"));
            }
            list.segments.push(Segment {
                range,
                duration_s,
                keyframe: independent,
            });
        }
    }
    if ended {
        Ok(list)
    } else {
        Err(fail(text.lines().count(), "no end"))
    }
}

/// Reads a master playlist.
pub fn read_master_playlist(text: &str) -> Result<Vec<MasterEntry>, PlaylistError> {
    let fail = |line, why| PlaylistError { line, why };
    let mut entries = Vec::new();
    let mut open: Option<Variant> = None;
    for (number, line) in (1..).zip(text.lines()) {
        if number == 1 && line != "#EXTM3U" {
            return Err(fail(1, "not a playlist"));
        } else if let Some(value) = line.strip_prefix("#EXT-X-STREAM-INF:") {
            let number_of = |name| attribute(value, name).and_then(|v| v.parse().ok());
            let (width, height) = match attribute(value, "RESOLUTION") {
                None => (0, 0),
                Some(size) => size
                    .split_once('x')
                    .and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)))
                    .ok_or(fail(number, "bad resolution"))?,
            };
            open = Some(Variant {
                uri: String::new(),
                bandwidth: number_of("BANDWIDTH").ok_or(fail(number, "no bandwidth"))?,
                average_bandwidth: number_of("AVERAGE-BANDWIDTH")
                    .ok_or(fail(number, "no average bandwidth"))?,
                codecs: attribute(value, "CODECS")
                    .ok_or(fail(number, "no codecs"))?
                    .to_owned(),
                width,
                height,
                fps: attribute(value, "FRAME-RATE")
                    .and_then(|v| v.parse().ok())
                    .unwrap_or(0.0),
                name: attribute(value, "NAME").unwrap_or_default().to_owned(),
            });
        } else if !line.starts_with('#') {
            let entry = open
                .take()
                .ok_or(fail(number, "an address without a description"))?;
            entries.push(Variant {
                uri: line.to_owned(),
                ..entry
            });
        }
    }
    Ok(entries)
}

/// The value of an attribute, quoted or not.
fn attribute<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = list;
    while !rest.is_empty() {
        let (key, value) = rest.split_once('=')?;
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find(',').unwrap_or(value.len())),
        };
        if key == name {
            return Some(value);
        }
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    None
}

fn byte_range(text: &str) -> Option<ByteRange> {
    let (length, offset) = text.split_once('@')?;
    Some(ByteRange {
        offset: offset.parse().ok()?,
        length: length.parse().ok()?,
    })
}
