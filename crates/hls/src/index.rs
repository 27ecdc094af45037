//! What is known about a rendition after its bytes went by: where the initialisation part and the segments are, how
//! long they last, and what a player must know to choose it. Only facts that the boxes state; the names of files and
//! their addresses are the caller's.

/// A run of bytes of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// Offset of the first byte.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

/// One segment: whole fragments, one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// The bytes of its fragments (`moof` and `mdat`).
    pub range: ByteRange,
    /// How long it lasts on the screen, in seconds.
    pub duration_s: f64,
    /// Decoding can start here without anything before.
    pub keyframe: bool,
}

/// A rendition, indexed.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// `ftyp` up to and with `moov`.
    pub init: ByteRange,
    /// In the order of the file; never empty.
    pub segments: Vec<Segment>,
    /// RFC 6381, e.g. `avc1.64001f,mp4a.40.2`.
    pub codecs: String,
    /// As displayed; 0 without video.
    pub width: u32,
    /// As displayed; 0 without video.
    pub height: u32,
    /// Video frames per second on average; 0 without video.
    pub fps: f64,
    /// There is a video track.
    pub has_video: bool,
    /// There is an audio track.
    pub has_audio: bool,
    /// Sum of the segments, in seconds.
    pub duration_s: f64,
    /// Size of the whole file.
    pub file_size: u64,
}

/// More neighbours than an honest stretch has; keeps the search linear on files made to be slow.
const MAX_STRETCH: usize = 64;

impl Index {
    /// Bits per second over the whole rendition.
    pub fn average_bandwidth(&self) -> u64 {
        let bytes: u64 = self.segments.iter().map(|s| s.range.length).sum();
        bits_per_second(bytes, self.duration_s)
    }

    /// The highest rate a player meets: the worst run of neighbouring segments that lasts between half and one and a
    /// half of the target duration (RFC 8216, 4.3.4.2).
    pub fn peak_bandwidth(&self) -> u64 {
        let target = self.target_duration() as f64;
        let mut peak = 0;
        for first in 0..self.segments.len() {
            let (mut bytes, mut seconds) = (0u64, 0f64);
            for segment in self.segments[first..].iter().take(MAX_STRETCH) {
                bytes += segment.range.length;
                seconds += segment.duration_s;
                if seconds > target * 1.5 {
                    break;
                }
                if seconds >= target * 0.5 {
                    peak = peak.max(bits_per_second(bytes, seconds));
                }
            }
        }
        peak.max(self.average_bandwidth())
    }

    /// The longest segment in whole seconds, rounded as the playlist format wants it; at least 1.
    pub fn target_duration(&self) -> u64 {
        let longest = self
            .segments
            .iter()
            .map(|s| s.duration_s)
            .fold(1.0, f64::max);
        longest.round() as u64
    }
}

fn bits_per_second(bytes: u64, seconds: f64) -> u64 {
    if seconds > 0.0 {
        (bytes as f64 * 8.0 / seconds).ceil() as u64
    } else {
        0
    }
}

/// Why bytes are not a fragmented MP4 that can be indexed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// A box says something impossible about its size or content.
    #[error("malformed box '{0}'")]
    Malformed(String),
    /// A box is larger than any honest file needs.
    #[error("box '{0}' is too large")]
    TooLarge(String),
    /// Media data come before a fragment header, as in an ordinary MP4.
    #[error("the file is not a fragmented MP4")]
    NotFragmented,
    /// Bytes end in the middle of a box.
    #[error("the file is cut off")]
    Truncated,
    /// There is no `moov`, or no fragment follows it.
    #[error("the file holds no fragments")]
    Empty,
    /// Neither a video nor an audio track.
    #[error("the file holds neither video nor audio")]
    NoTrack,
    /// More segments than a video of any sane length has.
    #[error("the file has too many segments")]
    TooManySegments,
}
