//! The pod as a seeder, without sockets: one [`Uploader`] for each connected peer, whatever carries its bytes. What arrives goes in as
//! it comes; what to say and which blocks to send comes out. State exists for peers that are connected and for nothing else, so a
//! torrent that nobody asks for costs nothing. Who may be served at a time is decided by [`Slots`], how fast by [`Allowance`]. It
//! does not download, reads no file, and does not know which torrents there are: its owner is asked once per peer.

mod allowance;
mod granted;
mod serving;
mod slots;
mod torrent;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bittorrent::wire::{BadMessage, Block, Decoder, HANDSHAKE, Handshake, Reserved};
use bittorrent::{InfoHash, PeerId};

pub use allowance::Allowance;
use serving::Serving;
pub use slots::Slots;
pub use torrent::Torrent;

/// How much of the pod one peer may use, and how long it is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// Requests that may wait for an answer. It is what we tell clients; most keep to it, some hold 250 whatever they are told.
    pub requests: usize,
    /// Bytes of the longest block that may be asked for at once. Clients ask for 16 KiB.
    pub block: u32,
    /// How long a connection may take to say what it wants.
    pub handshake: Duration,
    /// After so long without a request a peer that we would serve is let go.
    pub idle: Duration,
    /// After so much silence of ours a peer is told that we are still there.
    pub keep_alive: Duration,
}

impl Default for UploadLimits {
    fn default() -> Self {
        Self {
            requests: 500,
            block: 128 << 10,
            handshake: Duration::from_secs(10),
            idle: Duration::from_secs(240),
            keep_alive: Duration::from_secs(100),
        }
    }
}

/// Why a peer is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Farewell {
    /// It speaks another protocol; maybe an encrypted handshake, after which clients try again in the open.
    #[error("not a BitTorrent handshake")]
    NotBitTorrent,
    /// It did not say what it wants in time.
    #[error("no handshake in time")]
    Silent,
    /// It spoke on before its handshake was answered, more than anybody needs to.
    #[error("too much before the handshake was answered")]
    Hasty,
    /// The pod talks to itself.
    #[error("a connection to ourselves")]
    Ourselves,
    /// A message that does not exist, or a length beyond all reason.
    #[error("malformed message: {0}")]
    Malformed(#[from] BadMessage),
    /// A block that is not in the file.
    #[error("a request beyond the file")]
    Beyond,
    /// More requests at once than are kept.
    #[error("too many requests at once")]
    TooManyRequests,
    /// It has everything, or has asked for nothing for a long time.
    #[error("nothing to do for this peer")]
    Idle,
}

impl Farewell {
    /// A short name for counting.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotBitTorrent => "not_bittorrent",
            Self::Silent => "silent",
            Self::Hasty => "hasty",
            Self::Ourselves => "ourselves",
            Self::Malformed(_) => "malformed",
            Self::Beyond => "beyond",
            Self::TooManyRequests => "too_many_requests",
            Self::Idle => "idle",
        }
    }
}

/// One connected peer that takes from us.
///
/// Its owner feeds what arrives to [`hear`](Self::hear), looks the torrent up when it is told to, and while the connection takes more
/// sends first everything in [`control`](Self::control) and then blocks from [`take_blocks`](Self::take_blocks).
#[derive(Debug)]
pub struct Uploader {
    limits: UploadLimits,
    stage: Stage,
    control: Vec<u8>,
    since: Duration,
}

#[derive(Debug)]
enum Stage {
    /// The handshake is arriving, or has arrived and is being looked up.
    Greeting(Vec<u8>),
    Serving(Box<Serving>),
}

impl Uploader {
    /// A peer that has just connected.
    pub fn new(now: Duration, limits: UploadLimits) -> Self {
        Self {
            limits,
            stage: Stage::Greeting(Vec::new()),
            control: Vec::new(),
            since: now,
        }
    }

    /// Takes bytes from the peer. An infohash comes back once, when the peer has said what it wants: look it up and
    /// [`serve`](Self::serve), or close. No more needs to be read before that.
    pub fn hear(&mut self, now: Duration, bytes: &[u8]) -> Result<Option<InfoHash>, Farewell> {
        match &mut self.stage {
            Stage::Greeting(heard) => {
                let before = heard.len();
                if before + bytes.len() > HANDSHAKE + 1024 {
                    return Err(Farewell::Hasty);
                }
                heard.extend_from_slice(bytes);
                if !Handshake::may_start_with(heard) {
                    return Err(Farewell::NotBitTorrent);
                }
                let complete = heard.len() >= HANDSHAKE && before < HANDSHAKE;
                Ok(complete
                    .then(|| handshake(heard))
                    .flatten()
                    .map(|it| it.infohash))
            }
            Stage::Serving(serving) => {
                serving.hear(now, bytes, &self.limits, &mut self.control)?;
                Ok(None)
            }
        }
    }

    /// Whether the peer id in the handshake that was heard begins so.
    pub fn greeted_by(&self, prefix: &[u8]) -> bool {
        let greeting = match &self.stage {
            Stage::Greeting(heard) => handshake(heard).map(|theirs| theirs.peer_id),
            Stage::Serving(serving) => Some(serving.peer_id()),
        };
        greeting.is_some_and(|peer_id| peer_id.0.starts_with(prefix))
    }

    /// Answers the handshake: this is the torrent the peer has asked for, and we are `me`.
    pub fn serve(
        &mut self,
        now: Duration,
        torrent: Arc<Torrent>,
        me: PeerId,
    ) -> Result<(), Farewell> {
        self.answer(now, torrent, me, false)
    }

    /// The same for a peer that is to have what it is granted and nothing else (super-seeding, BEP 16).
    pub fn serve_granted(
        &mut self,
        now: Duration,
        torrent: Arc<Torrent>,
        me: PeerId,
    ) -> Result<(), Farewell> {
        self.answer(now, torrent, me, true)
    }

    /// Grants pieces to such a peer, and tells it so.
    pub fn grant(&mut self, now: Duration, pieces: Range<u32>) {
        if let Stage::Serving(serving) = &mut self.stage {
            serving.grant(now, pieces, &mut self.control);
        }
    }

    /// Pieces that such a peer has said that it holds, since this was last asked.
    pub fn take_news(&mut self) -> Vec<Range<u32>> {
        match &mut self.stage {
            Stage::Serving(serving) => serving.take_news(),
            Stage::Greeting(_) => Vec::new(),
        }
    }

    fn answer(
        &mut self,
        now: Duration,
        torrent: Arc<Torrent>,
        me: PeerId,
        only_granted: bool,
    ) -> Result<(), Farewell> {
        let Stage::Greeting(heard) = &mut self.stage else {
            return Ok(());
        };
        let heard = std::mem::take(heard);
        let theirs = handshake(&heard).ok_or(Farewell::Silent)?;
        if theirs.peer_id == me {
            return Err(Farewell::Ourselves);
        }
        let ours = Handshake {
            reserved: Reserved::default().with_fast().with_extended(),
            infohash: theirs.infohash,
            peer_id: me,
        };
        self.control.extend_from_slice(&ours.to_bytes());
        let decoder = Decoder::new(torrent.longest_message());
        let mut serving = Serving::new(now, torrent, theirs, decoder);
        if only_granted {
            serving.only_granted();
        }
        serving.introduce(&self.limits, &mut self.control);
        serving.hear(now, &heard[HANDSHAKE..], &self.limits, &mut self.control)?;
        self.stage = Stage::Serving(Box::new(serving));
        Ok(())
    }

    /// Messages that go out before any block; the owner takes from the front what it has sent.
    pub fn control(&mut self) -> &mut Vec<u8> {
        &mut self.control
    }

    /// Whether the peer would like to be served, and so needs a slot.
    pub fn is_interested(&self) -> bool {
        self.serving().is_some_and(Serving::is_interested)
    }

    /// Gives the peer its turn, or takes it away. What it asked for and did not get is refused then, as BEP 6 wants it.
    pub fn set_turn(&mut self, now: Duration, turn: bool) {
        if let Stage::Serving(serving) = &mut self.stage {
            serving.set_turn(now, turn, &mut self.control);
        }
    }

    /// Bytes of blocks that wait to be sent; counted up to about `most`.
    pub fn waiting(&self, most: usize) -> usize {
        self.serving().map_or(0, |serving| serving.waiting(most))
    }

    /// Moves the next blocks to `out`, in the order in which they were asked for, as long as they are at most `most` bytes together;
    /// at least one if there is any. Each lies within the file.
    pub fn take_blocks(&mut self, now: Duration, most: usize, out: &mut Vec<Block>) {
        if let Stage::Serving(serving) = &mut self.stage {
            serving.take_blocks(now, most, out);
        }
    }

    /// Where a block begins in the file.
    pub fn offset(&self, block: &Block) -> u64 {
        self.serving()
            .map_or(0, |serving| serving.torrent().offset(block))
    }

    /// Who the peer says that it is.
    pub fn peer_id(&self) -> Option<PeerId> {
        self.serving().map(Serving::peer_id)
    }

    /// When [`tick`](Self::tick) has to be called at the latest.
    pub fn deadline(&self) -> Duration {
        match &self.stage {
            Stage::Greeting(_) => self.since + self.limits.handshake,
            Stage::Serving(serving) => serving.deadline(&self.limits),
        }
    }

    /// Looks at the clock: keeps the connection alive while the peer waits for its turn, and lets it go when it wants nothing.
    pub fn tick(&mut self, now: Duration) -> Result<(), Farewell> {
        match &mut self.stage {
            Stage::Greeting(_) if now >= self.since + self.limits.handshake => {
                Err(Farewell::Silent)
            }
            Stage::Greeting(_) => Ok(()),
            Stage::Serving(serving) => serving.tick(now, &self.limits, &mut self.control),
        }
    }

    fn serving(&self) -> Option<&Serving> {
        match &self.stage {
            Stage::Serving(serving) => Some(serving),
            Stage::Greeting(_) => None,
        }
    }
}

fn handshake(heard: &[u8]) -> Option<Handshake> {
    let bytes = heard.first_chunk::<HANDSHAKE>()?;
    Handshake::parse(bytes).ok()
}

#[cfg(test)]
mod tests;
