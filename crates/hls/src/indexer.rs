//! The one pass over a rendition. Bytes come in slices of any length; `moov` and `moof` are gathered (bounded, and
//! only as fast as bytes really arrive), everything else is counted and forgotten, so memory does not depend on the
//! file but for the list of segments. Fragments are joined into segments of about four seconds, shorter ones at the
//! beginning, each starting at a keyframe when the file has them. It does not check that sample data make sense.

use crate::boxes::{Name, show};
use crate::movie::{Movie, Run};
use crate::{ByteRange, Index, IndexError, Segment};

const MAX_MOOV: u64 = 8 << 20;
const MAX_MOOF: u64 = 16 << 20;
const MAX_SEGMENTS: usize = 500_000;

/// A segment that reached this length ends at the next keyframe.
const LONG_ENOUGH_S: f64 = 3.8;
/// The same for the first segments, because a player shows nothing before it has a whole one.
const FIRST_LONG_ENOUGH_S: [f64; 3] = [0.9, 0.9, 1.9];
/// One that is at least this long also ends when the next fragment would make it longer than `TOO_LONG_S`.
const SHORT_S: f64 = 2.0;
const TOO_LONG_S: f64 = 6.0;

/// Reads a fragmented MP4 in one pass.
#[derive(Debug, Default)]
pub struct Indexer {
    position: u64,
    state: State,
    movie: Option<Movie>,
    init: Option<ByteRange>,
    /// Start of the first box that belongs to the next fragment.
    next_start: Option<u64>,
    fragment: Option<Fragment>,
    segment: Option<Open>,
    segments: Vec<Segment>,
    frames: u64,
    video_ticks: u64,
    audio_end_s: f64,
}

#[derive(Debug)]
enum State {
    Header {
        bytes: [u8; 16],
        have: usize,
    },
    Gather {
        name: Name,
        body: Vec<u8>,
        left: u64,
    },
    Skip {
        name: Name,
        left: u64,
    },
    /// A last box without a size of its own.
    SkipToEnd {
        name: Name,
    },
}

impl Default for State {
    fn default() -> Self {
        State::Header {
            bytes: [0; 16],
            have: 0,
        }
    }
}

/// A fragment whose end is not known yet.
#[derive(Clone, Copy, Debug)]
struct Fragment {
    start: u64,
    end: u64,
    timing: Option<Run>,
}

/// A segment that may still grow.
#[derive(Clone, Copy, Debug)]
struct Open {
    offset: u64,
    end: u64,
    start: Option<u64>,
    ticks: u64,
    keyframe: bool,
}

impl Indexer {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the file. After an error the indexer is of no further use.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), IndexError> {
        while !bytes.is_empty() {
            let taken = self.step(bytes)?;
            self.position += taken as u64;
            bytes = &bytes[taken..];
            self.close_box()?;
        }
        Ok(())
    }

    /// The file ends here.
    pub fn finish(mut self) -> Result<Index, IndexError> {
        match std::mem::take(&mut self.state) {
            State::Header { have: 0, .. } => {}
            State::SkipToEnd { name } => self.skipped(name),
            _ => return Err(IndexError::Truncated),
        }
        self.close_fragment()?;
        let movie = self.movie.take().ok_or(IndexError::Empty)?;
        let init = self.init.ok_or(IndexError::Empty)?;
        if let Some(open) = self.segment.take() {
            // The video may end before the sound does; the last segment lasts until both are over.
            let scale = timescale(&movie);
            let sound = if movie.video.is_some() {
                self.audio_end_s - open.start.unwrap_or(0) as f64 / scale
            } else {
                0.0
            };
            let duration_s = (open.ticks as f64 / scale).max(sound);
            self.segments.push(close(open, duration_s));
        }
        if self.segments.is_empty() {
            return Err(IndexError::Empty);
        }
        let codecs: Vec<&str> = movie
            .video
            .iter()
            .chain(&movie.audio)
            .map(|track| track.codec.as_str())
            .collect();
        let video_s = self.video_ticks as f64 / timescale(&movie);
        Ok(Index {
            init,
            codecs: codecs.join(","),
            width: movie.video.as_ref().map_or(0, |v| v.width),
            height: movie.video.as_ref().map_or(0, |v| v.height),
            fps: if movie.video.is_some() && video_s > 0.0 {
                self.frames as f64 / video_s
            } else {
                0.0
            },
            has_video: movie.video.is_some(),
            has_audio: movie.audio.is_some(),
            duration_s: self.segments.iter().map(|s| s.duration_s).sum(),
            segments: self.segments,
            file_size: self.position,
        })
    }

    /// Consumes some of `bytes` (at least one) and says how many.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, IndexError> {
        match &mut self.state {
            State::Header {
                bytes: header,
                have,
            } => {
                let long = *have >= 8 && header[..4] == [0, 0, 0, 1];
                let taken = bytes.len().min(if long { 16 } else { 8 } - *have);
                header[*have..*have + taken].copy_from_slice(&bytes[..taken]);
                *have += taken;
                Ok(taken)
            }
            State::Gather { body, left, .. } => {
                let taken = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                body.extend_from_slice(&bytes[..taken]);
                *left -= taken as u64;
                Ok(taken)
            }
            State::Skip { left, .. } => {
                let taken = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                *left -= taken as u64;
                Ok(taken)
            }
            State::SkipToEnd { .. } => Ok(bytes.len()),
        }
    }

    /// Goes on when a header or a box is complete; empty boxes complete at once.
    fn close_box(&mut self) -> Result<(), IndexError> {
        match &mut self.state {
            State::Header { bytes, have } => {
                let (bytes, have) = (*bytes, *have);
                let long = have >= 8 && bytes[..4] == [0, 0, 0, 1];
                if have == 16 || (have == 8 && !long) {
                    self.open_box(bytes, have as u64)?;
                    if let State::Gather { left: 0, .. } | State::Skip { left: 0, .. } = self.state
                    {
                        return self.close_box();
                    }
                }
            }
            State::Gather {
                name,
                body,
                left: 0,
            } => {
                let (name, body) = (*name, std::mem::take(body));
                self.state = State::default();
                self.gathered(name, &body)?;
            }
            State::Skip { name, left: 0 } => {
                let name = *name;
                self.state = State::default();
                self.skipped(name);
            }
            _ => {}
        }
        Ok(())
    }

    fn open_box(&mut self, header: [u8; 16], header_size: u64) -> Result<(), IndexError> {
        let [a, b, c, d, n0, n1, n2, n3, large @ ..] = header;
        let name = [n0, n1, n2, n3];
        let size = match u32::from_be_bytes([a, b, c, d]) {
            0 => None,
            1 => Some(u64::from_be_bytes(large)),
            size => Some(size.into()),
        };
        let start = self.position - header_size;
        let malformed = || IndexError::Malformed(show(name));
        let left = match size {
            Some(size) => {
                start.checked_add(size).ok_or_else(malformed)?;
                Some(size.checked_sub(header_size).ok_or_else(malformed)?)
            }
            None => None,
        };
        let gather = |limit: u64| match left {
            None => Err(malformed()),
            Some(left) if left > limit => Err(IndexError::TooLarge(show(name))),
            Some(left) => Ok(State::Gather {
                name,
                body: Vec::new(),
                left,
            }),
        };
        self.state = match &name {
            b"moov" if self.movie.is_some() => return Err(malformed()),
            b"moov" => gather(MAX_MOOV)?,
            b"moof" => {
                if self.movie.is_none() {
                    return Err(IndexError::NotFragmented);
                }
                self.close_fragment()?;
                self.next_start.get_or_insert(start);
                gather(MAX_MOOF)?
            }
            b"mdat" if self.fragment.is_none() => return Err(IndexError::NotFragmented),
            _ => {
                if self.movie.is_some() && &name != b"mdat" {
                    self.next_start.get_or_insert(start);
                }
                left.map_or(State::SkipToEnd { name }, |left| State::Skip { name, left })
            }
        };
        Ok(())
    }

    fn gathered(&mut self, name: Name, body: &[u8]) -> Result<(), IndexError> {
        if &name == b"moov" {
            self.movie = Some(Movie::read(body)?);
            self.init = Some(ByteRange {
                offset: 0,
                length: self.position,
            });
            return Ok(());
        }
        let Some(movie) = &self.movie else {
            return Err(IndexError::NotFragmented);
        };
        let (video, audio) = movie.read_fragment(body)?;
        if let (Some(run), Some(track)) = (&audio, &movie.audio) {
            let end = run.start.unwrap_or(0).saturating_add(run.duration) as f64
                / f64::from(track.timescale);
            self.audio_end_s = self.audio_end_s.max(end);
        }
        let timing = if movie.video.is_some() {
            if let Some(run) = &video {
                self.frames = self.frames.saturating_add(run.samples);
                self.video_ticks = self.video_ticks.saturating_add(run.duration);
            }
            video
        } else {
            // Every audio frame can be decoded by itself.
            audio.map(|run| Run {
                keyframe: true,
                ..run
            })
        };
        let start = self.next_start.take().unwrap_or(self.position);
        self.fragment = Some(Fragment {
            start,
            end: self.position,
            timing,
        });
        Ok(())
    }

    fn skipped(&mut self, name: Name) {
        if let (b"mdat", Some(fragment)) = (&name, &mut self.fragment) {
            fragment.end = self.position;
            // What lies between `moof` and its `mdat` is inside the fragment, not before the next.
            self.next_start = None;
        }
    }

    /// Joins the fragment that just ended to the open segment, or begins a new one with it.
    fn close_fragment(&mut self) -> Result<(), IndexError> {
        let (Some(fragment), Some(movie)) = (self.fragment.take(), &self.movie) else {
            return Ok(());
        };
        let scale = timescale(movie);
        let timing = fragment.timing.unwrap_or_default();
        if let Some(open) = &mut self.segment {
            let (have, more) = (open.ticks as f64 / scale, timing.duration as f64 / scale);
            let first = FIRST_LONG_ENOUGH_S.get(self.segments.len());
            let full = have >= *first.unwrap_or(&LONG_ENOUGH_S)
                || (have >= SHORT_S && have + more > TOO_LONG_S);
            if !(full && timing.keyframe) {
                open.end = fragment.end;
                open.start = open.start.or(timing.start);
                open.ticks = open.ticks.saturating_add(timing.duration);
                return Ok(());
            }
            let open = *open;
            if self.segments.len() >= MAX_SEGMENTS {
                return Err(IndexError::TooManySegments);
            }
            // Start to start is exact even when frames are missing in between.
            let ticks = match (open.start, timing.start) {
                (Some(a), Some(b)) if b > a => b - a,
                _ => open.ticks,
            };
            self.segments.push(close(open, ticks as f64 / scale));
        }
        self.segment = Some(Open {
            offset: fragment.start,
            end: fragment.end,
            start: timing.start,
            ticks: timing.duration,
            keyframe: timing.keyframe,
        });
        Ok(())
    }
}

fn close(open: Open, duration_s: f64) -> Segment {
    Segment {
        range: ByteRange {
            offset: open.offset,
            length: open.end - open.offset,
        },
        duration_s,
        keyframe: open.keyframe,
    }
}

/// Units per second of the track that paces the segments.
fn timescale(movie: &Movie) -> f64 {
    movie
        .video
        .as_ref()
        .or(movie.audio.as_ref())
        .map_or(1.0, |track| f64::from(track.timescale))
}
