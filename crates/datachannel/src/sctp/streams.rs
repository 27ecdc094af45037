//! What is kept per stream, and only for streams that we have written on or that are being closed: the next message's number, and how far
//! the closing of either direction is (RFC 6525, as RFC 8831 uses it). Incoming streams cost nothing.

/// The next message's number of each stream that has one, sorted.
#[derive(Debug, Default)]
pub struct Counters(Vec<(u16, u16)>);

impl Counters {
    /// Counts a message.
    pub fn next(&mut self, stream: u16) -> u16 {
        match self.0.binary_search_by_key(&stream, |counter| counter.0) {
            Ok(place) => {
                let ssn = self.0[place].1;
                self.0[place].1 = ssn.wrapping_add(1);
                ssn
            }
            Err(place) => {
                self.0.reserve_exact(1);
                self.0.insert(place, (stream, 1));
                0
            }
        }
    }

    /// Begins again at zero.
    pub fn reset(&mut self, streams: &[u16]) {
        self.0.retain(|counter| !streams.contains(&counter.0));
    }
}

/// How many streams a request may name, and about how many may be on their way to being closed by the peer's wish.
pub const MAX_CLOSING: usize = 256;

/// Answers to a request (RFC 6525, section 4.4).
pub mod answer {
    pub const PERFORMED: u32 = 1;
    pub const DENIED: u32 = 2;
    pub const BAD_SEQUENCE: u32 = 5;
    pub const IN_PROGRESS: u32 = 6;
}

/// The closing of streams.
#[derive(Debug)]
pub struct Resets {
    /// The number of our next request.
    next: u32,
    /// The number of the peer's next request.
    pub expected: u32,
    /// What we have answered to the one before.
    pub answered: Option<u32>,
    /// Our directions that end once this many messages have arrived.
    closing: Vec<(u16, u64)>,
    /// The request that the peer has not answered yet.
    asked: Option<Asked>,
    /// Streams that we closed first and the peer has not yet.
    half_closed: Vec<u16>,
}

/// A request of ours.
#[derive(Debug)]
pub struct Asked {
    pub sequence: u32,
    pub streams: Vec<u16>,
}

impl Resets {
    /// Requests are numbered from the first transmission numbers of either side.
    pub fn new(ours: u32, theirs: u32) -> Self {
        Self {
            next: ours,
            expected: theirs,
            answered: None,
            closing: Vec::new(),
            asked: None,
            half_closed: Vec::new(),
        }
    }

    /// Whether nothing may be written on the stream any more.
    pub fn is_closing(&self, stream: u16) -> bool {
        let asked = self.asked.iter().flat_map(|asked| &asked.streams);
        let mut closing = self.closing.iter().map(|closing| &closing.0).chain(asked);
        closing.any(|closing| *closing == stream)
    }

    /// We close our direction, once `after` messages have arrived.
    pub fn close(&mut self, stream: u16, after: u64) {
        if !self.is_closing(stream) {
            self.closing.push((stream, after));
            if !self.half_closed.contains(&stream) {
                self.half_closed.push(stream);
            }
        }
    }

    /// Whether the peer may close so many more streams: those that it alone has closed are bounded.
    pub fn has_room(&self, streams: usize) -> bool {
        let own = self.half_closed.len();
        self.closing.len().saturating_sub(own) + streams <= MAX_CLOSING
    }

    /// The peer has closed its direction; if we have not closed ours, we do.
    pub fn closed_by_peer(&mut self, stream: u16, after: u64) {
        if let Some(place) = self.half_closed.iter().position(|half| *half == stream) {
            self.half_closed.swap_remove(place);
        } else if !self.is_closing(stream) {
            self.closing.push((stream, after));
        }
    }

    /// The request to send, if there is a new one, now that so many messages have arrived.
    pub fn ask(&mut self, arrived: u64) -> Option<&Asked> {
        if self.asked.is_some() || self.closing.is_empty() {
            return None;
        }
        let mut streams = Vec::new();
        self.closing.retain(|(stream, after)| {
            let ripe = *after <= arrived && streams.len() < MAX_CLOSING / 2;
            if ripe {
                streams.push(*stream);
            }
            !ripe
        });
        if streams.is_empty() {
            return None;
        }
        if self.closing.is_empty() {
            self.closing = Vec::new();
        }
        let sequence = self.next;
        self.next = sequence.wrapping_add(1);
        Some(self.asked.insert(Asked { sequence, streams }))
    }

    /// The request that has no answer yet.
    pub fn asked(&self) -> Option<&Asked> {
        self.asked.as_ref()
    }

    /// The peer has answered a request. True when it was our last and is settled, whether performed or not.
    pub fn answered(&mut self, sequence: u32, result: u32) -> bool {
        let Some(asked) = self.asked.as_mut().filter(|it| it.sequence == sequence) else {
            return false;
        };
        if result == answer::IN_PROGRESS {
            // Asked again later, under a new number: an answer to the old one would repeat this one.
            asked.sequence = self.next;
            self.next = self.next.wrapping_add(1);
            return false;
        }
        self.asked = None;
        true
    }

    /// The peer cannot do this: nothing is asked.
    pub fn give_up(&mut self) {
        self.closing = Vec::new();
        self.half_closed = Vec::new();
    }
}
