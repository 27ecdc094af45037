//! The player: it takes whole fragments as hls.js does, plays what is buffered, and stalls when that ends. It keeps the times that a
//! viewer would notice.

use crate::bitmap::Bitmap;
use crate::events::{SECOND, Time};
use crate::scenario::{DURATION, RATE};

/// A fragment and the pieces that it touches.
#[derive(Debug, Clone, Copy)]
pub struct Fragment {
    pub end: f64,
    pub first: u32,
    pub last: u32,
}

/// How the film is cut.
#[derive(Debug)]
pub struct Cut {
    pub piece_bytes: f64,
    pub pieces: u32,
    pub fragments: Vec<Fragment>,
}

impl Cut {
    /// Fragments of these lengths, the last one until the end, over pieces of a size.
    pub fn new(piece_bytes: f64, lengths: &[f64]) -> Self {
        let pieces = (DURATION * RATE / piece_bytes).ceil() as u32;
        let mut fragments = Vec::new();
        let (mut start, mut lengths) = (0.0, lengths.iter());
        let mut length = 4.0;
        while start < DURATION {
            length = lengths.next().copied().unwrap_or(length);
            let end = f64::min(start + length, DURATION);
            fragments.push(Fragment {
                end,
                first: (start * RATE / piece_bytes) as u32,
                last: ((end * RATE / piece_bytes).ceil() as u32).min(pieces) - 1,
            });
            start = end;
        }
        Self {
            piece_bytes,
            pieces,
            fragments,
        }
    }

    pub fn piece_at(&self, position: f64) -> u32 {
        ((position * RATE / self.piece_bytes) as u32).min(self.pieces - 1)
    }

    /// The fragment that a position lies in.
    pub fn fragment_at(&self, position: f64) -> usize {
        self.fragments
            .partition_point(|fragment| fragment.end <= position)
            .min(self.fragments.len() - 1)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Before the first frame, or the first one after a seek.
    #[default]
    Starting,
    Playing,
    Stalled,
    Ended,
}

#[derive(Debug, Default)]
pub struct Playback {
    pub state: State,
    position: f64,
    since: Time,
    /// The first fragment that is not complete.
    pub next: usize,
    pub buffered: f64,
    /// Which of the scheduled looks counts.
    pub version: u32,
    pub first_frame: Option<Time>,
    pub stalls: u32,
    pub stalled: Time,
    pub seek_times: Vec<Time>,
}

impl Playback {
    /// Begins to wait at a position.
    pub fn begin(&mut self, now: Time, position: f64, cut: &Cut) {
        self.state = State::Starting;
        self.position = position;
        self.since = now;
        self.next = cut.fragment_at(position);
        self.buffered = position;
        self.version += 1;
    }

    pub fn position(&self, now: Time) -> f64 {
        match self.state {
            State::Playing => {
                let passed = now.saturating_sub(self.since) as f64 / SECOND as f64;
                (self.position + passed).min(self.buffered)
            }
            _ => self.position,
        }
    }

    /// Seconds in the buffer.
    pub fn lead(&self, now: Time) -> f64 {
        (self.buffered - self.position(now)).max(0.0)
    }

    /// Takes what has come; true when it begins or goes on to play.
    pub fn feed(&mut self, now: Time, held: &Bitmap, cut: &Cut) -> bool {
        let before = self.buffered;
        while let Some(fragment) = cut.fragments.get(self.next) {
            if !(fragment.first..=fragment.last).all(|piece| held.has(piece)) {
                break;
            }
            self.buffered = fragment.end;
            self.next += 1;
        }
        if self.buffered <= before || matches!(self.state, State::Playing | State::Ended) {
            return false;
        }
        match self.state {
            State::Stalled => self.stalled += now - self.since,
            _ if self.first_frame.is_none() => self.first_frame = Some(now),
            _ => self.seek_times.push(now - self.since),
        }
        self.state = State::Playing;
        self.since = now;
        self.version += 1;
        true
    }

    /// When the buffer will have run out.
    pub fn runs_out(&self) -> Time {
        self.since + ((self.buffered - self.position) * SECOND as f64) as Time
    }

    /// The buffer has run out: the film is over, or it stalls.
    pub fn run_out(&mut self, now: Time, cut: &Cut) {
        self.position = self.buffered;
        self.since = now;
        if self.next >= cut.fragments.len() {
            self.state = State::Ended;
        } else {
            self.state = State::Stalled;
            self.stalls += 1;
        }
    }
}
