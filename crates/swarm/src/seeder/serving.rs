//! A peer whose handshake was answered: what it has asked for, whether it is its turn, and what we say to it. A client that knows the
//! fast extension (BEP 6) hears that we have everything in one message and is told of each request that is refused; an older one
//! gets a bitfield. The info dictionary is handed out in parts (BEP 9), so that a magnet link is enough, but not without end.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bittorrent::PeerId;
use bittorrent::extension;
use bittorrent::extension::metadata::{Metadata, PIECE};
use bittorrent::wire::{Block, Decoder, Handshake, Message};

use super::granted::Granted;
use super::{Farewell, Torrent, UploadLimits};

/// The number under which peers send us messages about the info dictionary.
const UT_METADATA: u8 = 1;

/// So many turns in a row may pass without a request: a client that wants nothing of us right now is no reason for others to wait, one
/// that is dead even less.
const UNUSED_TURNS: u8 = 2;

/// How often one peer may fetch the whole info dictionary.
const METADATA_TIMES: usize = 3;

#[derive(Debug)]
pub(super) struct Serving {
    torrent: Arc<Torrent>,
    decoder: Decoder,
    peer_id: PeerId,
    fast: bool,
    extended: bool,
    /// The number under which the peer wants messages about the info dictionary; 0 is none.
    ut_metadata: u8,
    /// Parts of the info dictionary that may still be fetched.
    metadata_left: usize,
    interested: bool,
    turn: bool,
    /// Whether it has asked for something in its turn, and how many turns have passed in which it has not.
    used: bool,
    unused_turns: u8,
    /// Pieces that the peer says it has.
    has: u32,
    requests: VecDeque<Block>,
    /// What it may have, if that is not everything.
    granted: Option<Box<Granted>>,
    /// When it last wanted something of us.
    wanted: Duration,
    /// When we last said something.
    spoke: Duration,
}

impl Serving {
    pub(super) fn new(
        now: Duration,
        torrent: Arc<Torrent>,
        theirs: Handshake,
        decoder: Decoder,
    ) -> Self {
        let parts = torrent.info.len().div_ceil(PIECE);
        Self {
            torrent,
            decoder,
            peer_id: theirs.peer_id,
            fast: theirs.reserved.fast(),
            extended: theirs.reserved.extended(),
            ut_metadata: 0,
            metadata_left: parts * METADATA_TIMES,
            interested: false,
            turn: false,
            used: false,
            unused_turns: 0,
            has: 0,
            requests: VecDeque::new(),
            granted: None,
            wanted: now,
            spoke: now,
        }
    }

    /// The peer may have what it is granted and nothing else; to be said before [`introduce`](Self::introduce).
    pub(super) fn only_granted(&mut self) {
        self.granted = Some(Box::new(Granted::new(self.torrent.pieces())));
    }

    /// Grants pieces to a peer that needs that.
    pub(super) fn grant(&mut self, now: Duration, pieces: Range<u32>, control: &mut Vec<u8>) {
        if let Some(granted) = &mut self.granted {
            self.spoke = now;
            granted.grant(pieces, control);
        }
    }

    /// What such a peer has said that it holds, since it was last asked for.
    pub(super) fn take_news(&mut self) -> Vec<Range<u32>> {
        self.granted
            .as_mut()
            .map_or_else(Vec::new, |granted| granted.take_news())
    }

    /// What we say first: what we can do, and that we have everything, or nothing yet.
    pub(super) fn introduce(&mut self, limits: &UploadLimits, control: &mut Vec<u8>) {
        if self.extended {
            let hello = extension::Handshake {
                messages: vec![(extension::UT_METADATA, UT_METADATA)],
                client: Some("Shoal"),
                request_queue: u32::try_from(limits.requests / 2).ok(),
                metadata_size: u32::try_from(self.torrent.info.len()).ok(),
                upload_only: true,
                ..extension::Handshake::default()
            };
            Message::Extended {
                id: extension::HANDSHAKE,
                payload: &hello.to_bytes(),
            }
            .write(control);
        }
        if self.granted.is_some() {
            if self.fast {
                Message::HaveNone.write(control);
            }
        } else if self.fast {
            Message::HaveAll.write(control);
        } else {
            let pieces = self.torrent.pieces() as usize;
            let mut bits = vec![0xff; pieces.div_ceil(8)];
            if let Some(last) = bits.last_mut() {
                *last <<= bits_to_spare(pieces);
            }
            Message::Bitfield(&bits).write(control);
        }
    }

    pub(super) fn hear(
        &mut self,
        now: Duration,
        bytes: &[u8],
        limits: &UploadLimits,
        control: &mut Vec<u8>,
    ) -> Result<(), Farewell> {
        // The decoder lends out messages, so it cannot stay where the rest of us is.
        let mut decoder = std::mem::replace(&mut self.decoder, Decoder::new(0));
        let mut input = bytes;
        let heard = loop {
            match decoder.next(&mut input) {
                Ok(Some(message)) => {
                    if let Err(farewell) = self.understand(now, message, limits, control) {
                        break Err(farewell);
                    }
                }
                Ok(None) => break Ok(()),
                Err(bad) => break Err(bad.into()),
            }
        };
        self.decoder = decoder;
        heard
    }

    fn understand(
        &mut self,
        now: Duration,
        message: Message<'_>,
        limits: &UploadLimits,
        control: &mut Vec<u8>,
    ) -> Result<(), Farewell> {
        match message {
            Message::Interested => {
                self.interested = true;
                self.wanted = now;
            }
            Message::NotInterested => {
                self.interested = false;
                self.refuse_all(control);
            }
            Message::Request(block) => {
                if block.length > limits.block || !self.torrent.has(&block) {
                    return Err(Farewell::Beyond);
                }
                let allowed = |granted: &Granted| granted.allows(block.piece);
                if !self.turn || !self.granted.as_deref().is_none_or(allowed) {
                    // It was under way when its turn ended, or the peer does not care.
                    self.refuse(block, control);
                } else if self.requests.len() >= limits.requests {
                    if !self.fast {
                        return Err(Farewell::TooManyRequests);
                    }
                    self.refuse(block, control);
                } else {
                    self.wanted = now;
                    self.used = true;
                    self.unused_turns = 0;
                    self.requests.push_back(block);
                }
            }
            Message::Cancel(block) => {
                if let Some(position) = self.requests.iter().position(|other| *other == block) {
                    self.requests.remove(position);
                    self.refuse(block, control);
                }
            }
            Message::Have(piece) => {
                self.has = self.has.saturating_add(1);
                if let Some(granted) = &mut self.granted {
                    granted.has(piece);
                }
            }
            Message::Bitfield(bits) => {
                self.has = bits.iter().map(|byte| byte.count_ones()).sum();
                if let Some(granted) = &mut self.granted {
                    granted.has_bits(bits);
                }
            }
            Message::HaveAll => {
                self.has = self.torrent.pieces();
                if let Some(granted) = &mut self.granted {
                    granted.has_all();
                }
            }
            Message::Extended { id, payload } => self.extended(now, id, payload, limits, control),
            Message::KeepAlive
            | Message::Choke
            | Message::Unchoke
            | Message::HaveNone
            | Message::Piece { .. }
            | Message::Port(_)
            | Message::Suggest(_)
            | Message::Reject(_)
            | Message::AllowedFast(_)
            | Message::Unknown(_) => {}
        }
        // Answers that nobody reads are no way to make us collect bytes.
        match control.len() > self.most_control(limits) {
            true => Err(Farewell::TooManyRequests),
            false => Ok(()),
        }
    }

    /// Bytes of answers that may wait to be read: refusals of all that is kept, and the info dictionary once.
    fn most_control(&self, limits: &UploadLimits) -> usize {
        limits.requests * 64 + (64 << 10) + self.torrent.info.len()
    }

    fn extended(
        &mut self,
        now: Duration,
        id: u8,
        payload: &[u8],
        limits: &UploadLimits,
        control: &mut Vec<u8>,
    ) {
        match id {
            extension::HANDSHAKE => {
                // What does not make sense to us may be somebody's extension of the extension.
                if let Ok(theirs) = extension::Handshake::parse(payload) {
                    self.ut_metadata = theirs.message(extension::UT_METADATA).unwrap_or(0);
                }
            }
            UT_METADATA if self.ut_metadata != 0 => {
                let Ok(Metadata::Request { piece }) = Metadata::parse(payload) else {
                    return;
                };
                self.wanted = now;
                let start = piece as usize * PIECE;
                let info = &self.torrent.info;
                let fits = control.len() + PIECE <= self.most_control(limits);
                let reply = match info.get(start..) {
                    Some(rest) if !rest.is_empty() && fits && self.metadata_left > 0 => {
                        self.metadata_left -= 1;
                        let total_size = u32::try_from(info.len()).unwrap_or(u32::MAX);
                        Metadata::Data {
                            piece,
                            total_size,
                            data: &rest[..rest.len().min(PIECE)],
                        }
                    }
                    _ => Metadata::Reject { piece },
                };
                Message::Extended {
                    id: self.ut_metadata,
                    payload: &reply.to_bytes(),
                }
                .write(control);
            }
            _ => {}
        }
    }

    pub(super) fn set_turn(&mut self, now: Duration, turn: bool, control: &mut Vec<u8>) {
        if turn == self.turn {
            return;
        }
        self.turn = turn;
        self.spoke = now;
        if turn {
            self.wanted = now;
            self.used = false;
            Message::Unchoke.write(control);
        } else {
            // Who has been granted nothing cannot ask for anything.
            let unused = self.interested && !self.used && self.granted.is_none();
            self.unused_turns = self.unused_turns.saturating_add(u8::from(unused));
            Message::Choke.write(control);
            self.refuse_all(control);
        }
    }

    pub(super) fn take_blocks(&mut self, now: Duration, most: usize, out: &mut Vec<Block>) {
        let mut bytes = 0;
        while let Some(block) = self.requests.front() {
            bytes += block.length as usize;
            if bytes > most && !out.is_empty() {
                break;
            }
            out.extend(self.requests.pop_front());
            self.spoke = now;
            self.wanted = now;
        }
        if self.requests.is_empty() && self.requests.capacity() > 64 {
            // An idle peer keeps no buffers.
            self.requests = VecDeque::new();
        }
    }

    pub(super) fn deadline(&self, limits: &UploadLimits) -> Duration {
        if self.unused_turns >= UNUSED_TURNS {
            return self.spoke;
        }
        if self.waits() {
            return self.spoke + limits.keep_alive;
        }
        self.wanted + limits.idle
    }

    pub(super) fn tick(
        &mut self,
        now: Duration,
        limits: &UploadLimits,
        control: &mut Vec<u8>,
    ) -> Result<(), Farewell> {
        if self.unused_turns >= UNUSED_TURNS {
            return Err(Farewell::Idle);
        }
        if self.waits() {
            if now >= self.spoke + limits.keep_alive {
                self.spoke = now;
                Message::KeepAlive.write(control);
            }
            return Ok(());
        }
        match now >= self.wanted + limits.idle && self.requests.is_empty() {
            true => Err(Farewell::Idle),
            false => Ok(()),
        }
    }

    /// Whether it is up to us that the peer gets nothing. One that gets what it is granted is kept for what it tells of its pieces.
    fn waits(&self) -> bool {
        self.granted.is_some() || self.interested && !self.turn || !self.requests.is_empty()
    }

    fn refuse_all(&mut self, control: &mut Vec<u8>) {
        for block in std::mem::take(&mut self.requests) {
            self.refuse(block, control);
        }
    }

    fn refuse(&self, block: Block, control: &mut Vec<u8>) {
        if self.fast {
            Message::Reject(block).write(control);
        }
    }

    pub(super) fn is_interested(&self) -> bool {
        self.interested && self.has < self.torrent.pieces()
    }

    pub(super) fn waiting(&self, most: usize) -> usize {
        let mut bytes = 0;
        for block in &self.requests {
            bytes += block.length as usize;
            if bytes >= most {
                break;
            }
        }
        bytes
    }

    pub(super) fn torrent(&self) -> &Torrent {
        &self.torrent
    }

    pub(super) fn peer_id(&self) -> PeerId {
        self.peer_id
    }
}

/// Bits of a bitfield's last byte that stand for no piece.
fn bits_to_spare(pieces: usize) -> u32 {
    match pieces % 8 {
        0 => 0,
        used => 8 - used as u32,
    }
}
