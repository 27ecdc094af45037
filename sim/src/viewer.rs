//! A modelled viewer: its links, what it has, what it waits for, and where it plays.

use std::collections::VecDeque;

use swarm::conductor::Settings;

use crate::bitmap::Bitmap;
use crate::events::{Time, Who};
use crate::playback::Playback;

/// A piece asked of another viewer.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    pub piece: u32,
    pub from: Who,
    pub asked: Time,
}

/// On what grounds a piece is fetched over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    Instant,
    Granted,
    Rescue,
}

/// A piece asked of the pod.
#[derive(Debug, Clone, Copy)]
pub struct Fetch {
    pub piece: u32,
    pub right: Right,
    /// Bytes that are to come.
    pub bytes: f64,
}

/// What waits at a sender.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    pub to: Who,
    pub piece: u32,
}

#[derive(Debug)]
pub struct Viewer {
    /// Bytes per second; 0 gives nothing.
    pub uplink: f64,
    pub downlink: f64,
    pub round_trip: Time,
    pub blocked: bool,
    pub leaves: Option<Time>,
    pub seeks: Option<Time>,
    pub here: bool,
    pub came: Time,
    pub held: Bitmap,
    /// Asked of anybody.
    pub pending: Bitmap,
    pub neighbours: Vec<Who>,
    pub requests: Vec<Request>,
    pub queue: VecDeque<Waiting>,
    pub sending: Option<(Waiting, Time)>,
    pub sent: u32,
    /// When its downlink has taken what is under way.
    pub down_free: Time,
    pub http: VecDeque<Fetch>,
    pub fetching: Option<Time>,
    pub playback: Playback,
    /// The piece that plays, as last worked out.
    pub playhead: u32,
    pub settings: Option<Settings>,
    pub think_at: Time,
    pub report_at: Time,
    pub reported: Time,
    pub gained: Vec<u32>,
    pub rescued: f64,
    /// When it began to wait for the first frame, here or after a seek.
    pub waits_since: Time,
}

impl Viewer {
    pub fn new(pieces: u32) -> Self {
        Self {
            uplink: 0.0,
            downlink: 0.0,
            round_trip: 0,
            blocked: false,
            leaves: None,
            seeks: None,
            here: false,
            came: 0,
            held: Bitmap::new(pieces),
            pending: Bitmap::new(pieces),
            neighbours: Vec::new(),
            requests: Vec::new(),
            queue: VecDeque::new(),
            sending: None,
            sent: 0,
            down_free: 0,
            http: VecDeque::new(),
            fetching: None,
            playback: Playback::default(),
            playhead: 0,
            settings: None,
            think_at: Time::MAX,
            report_at: Time::MAX,
            reported: 0,
            gained: Vec::new(),
            rescued: 0.0,
            waits_since: 0,
        }
    }

    /// Pieces that wait at it to be sent.
    pub fn backlog(&self) -> usize {
        self.queue.len() + usize::from(self.sending.is_some())
    }
}
