//! A client's side of the peer wire, with the habits that clients have. It asks for each block once and again only if it was refused,
//! and notices when it is given what it did not ask for, or while it is not its turn.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use bittorrent::wire::{Block, Decoder, HANDSHAKE, Handshake, Message, Reserved};
use bittorrent::{InfoHash, PeerId};
use swarm::seeder::Torrent;

/// Bytes of a block, and how many are asked for at once.
const BLOCK: u32 = 64 << 10;
const PIPELINE: usize = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// Takes the whole file and says so.
    Takes,
    /// Is interested and asks for nothing.
    Dawdles,
    /// Connects and does not say a word.
    Mute,
    /// Says after a while what makes no sense.
    Raves,
    /// Asks after a while for what is not there.
    Overreaches,
    /// Is no longer there; nobody was told.
    Vanished,
}

pub struct Client {
    pub habit: Habit,
    pub torrent: Arc<Torrent>,
    /// Whether it knows the fast extension.
    fast: bool,
    decoder: Decoder,
    greeted: bool,
    introduced: bool,
    choked: bool,
    wanted: VecDeque<Block>,
    asked: BTreeSet<(u32, u32)>,
    said_all: bool,
}

impl Client {
    pub fn new(habit: Habit, torrent: Arc<Torrent>, fast: bool) -> Self {
        let starts = (0..torrent.length).step_by(BLOCK as usize);
        let block = |start: u64| Block {
            piece: (start / u64::from(torrent.piece_length)) as u32,
            begin: (start % u64::from(torrent.piece_length)) as u32,
            length: (torrent.length - start).min(BLOCK.into()) as u32,
        };
        Self {
            wanted: starts.map(block).collect(),
            habit,
            torrent,
            fast,
            decoder: Decoder::new(1 << 20),
            greeted: false,
            introduced: false,
            choked: true,
            asked: BTreeSet::new(),
            said_all: false,
        }
    }

    pub fn infohash(&self) -> InfoHash {
        self.torrent.infohash
    }

    /// Whether it has been given everything.
    pub fn is_complete(&self) -> bool {
        self.wanted.is_empty() && self.asked.is_empty()
    }

    /// What it says now.
    pub fn says(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        if matches!(self.habit, Habit::Mute | Habit::Vanished) {
            return out;
        }
        if !self.introduced {
            self.introduced = true;
            let known = Reserved::default().with_extended();
            let reserved = if self.fast { known.with_fast() } else { known };
            let handshake = Handshake {
                reserved,
                infohash: self.torrent.infohash,
                peer_id: PeerId(*b"-XX0001-bbbbbbbbbbbb"),
            };
            out.extend(handshake.to_bytes());
            Message::Interested.write(&mut out);
        }
        if self.choked {
            return out;
        }
        match self.habit {
            Habit::Takes => self.ask(&mut out),
            Habit::Raves => out.extend([0xff; 4]),
            Habit::Overreaches => Message::Request(Block {
                piece: self.torrent.pieces(),
                begin: 0,
                length: BLOCK,
            })
            .write(&mut out),
            Habit::Dawdles | Habit::Mute | Habit::Vanished => {}
        }
        out
    }

    fn ask(&mut self, out: &mut Vec<u8>) {
        while self.asked.len() < PIPELINE
            && let Some(block) = self.wanted.pop_front()
        {
            self.asked.insert((block.piece, block.begin));
            Message::Request(block).write(out);
        }
        if self.is_complete() && !self.said_all {
            self.said_all = true;
            Message::HaveAll.write(out);
            Message::NotInterested.write(out);
        }
    }

    /// Hears what the pod says besides blocks.
    pub fn hears(&mut self, mut bytes: &[u8]) {
        if !self.greeted && !bytes.is_empty() {
            self.greeted = true;
            bytes = &bytes[HANDSHAKE..];
        }
        let mut refused = Vec::new();
        while let Some(message) = self.decoder.next(&mut bytes).unwrap() {
            match message {
                Message::Unchoke => self.choked = false,
                Message::Choke => {
                    self.choked = true;
                    if !self.fast {
                        // It is understood that nothing comes any more.
                        refused.extend(std::mem::take(&mut self.asked));
                    }
                }
                Message::Reject(block) => {
                    assert!(self.asked.remove(&(block.piece, block.begin)));
                    refused.push((block.piece, block.begin));
                }
                Message::HaveAll
                | Message::Bitfield(_)
                | Message::Extended { .. }
                | Message::KeepAlive => {}
                other => panic!("the pod has no reason to say {other:?}"),
            }
        }
        for (piece, begin) in refused {
            let start = u64::from(piece) * u64::from(self.torrent.piece_length) + u64::from(begin);
            let length = (self.torrent.length - start).min(BLOCK.into()) as u32;
            self.wanted.push_front(Block {
                piece,
                begin,
                length,
            });
        }
    }

    /// A block arrives.
    pub fn takes(&mut self, block: &Block) {
        assert!(!self.choked, "it is not its turn");
        assert!(
            self.asked.remove(&(block.piece, block.begin)),
            "not asked for"
        );
    }
}
