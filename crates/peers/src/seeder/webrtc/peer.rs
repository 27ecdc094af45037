//! One browser: its conversation, and the messages that wait for room in its channel. No more is read from the file than the channel
//! takes, so a browser that does not read costs no more than its channel's buffer.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bittorrent::wire::{Block, PIECE_HEADER};
use bytes::Bytes;
use datachannel::PeerKey;
use futures_util::future::BoxFuture;
use swarm::ConnId;
use swarm::seeder::{Allowance, Uploader};
use tokio::sync::mpsc;

use crate::seeder::seat::{Present, Seat};
use crate::seeder::seed::{Batch, Seed};
use crate::seeder::{Seeding, Transport};
use crate::tracker::Way;
use crate::webrtc::Port;

/// The longest message. A data channel carries a stream for us, so messages may end anywhere; a block with its header fits one.
const MESSAGE: usize = (16 << 10) + PIECE_HEADER;

/// Bytes that are read from the file at once at most.
const MOST: usize = 256 << 10;

/// How the peer ids of our pages begin.
const PAGE: &[u8] = b"-SH";

/// A read that had to wait for the disk, and whose it is.
pub(super) type ReadFuture = BoxFuture<'static, (PeerKey, io::Result<Batch>)>;

pub(super) struct Peer {
    seed: Arc<Seed>,
    /// Its connection to the tracker, by which its conductor knows it.
    conn: ConnId,
    /// Where to leave what it is granted.
    grants: mpsc::UnboundedSender<Granted>,
    /// It is a viewer whom the conductor grants what it may have.
    conducted: bool,
    /// What there is of a peer whose channel is open.
    open: Option<Open>,
    allowance: Allowance,
    messages: VecDeque<Bytes>,
    reading: bool,
    /// When its channel last took a message.
    took: Duration,
}

struct Open {
    uploader: Uploader,
    seat: Seat,
    _present: Present,
}

/// Pieces that a peer is granted.
pub(super) type Granted = (PeerKey, Vec<Range<u32>>);

/// How far a peer was served.
pub(super) enum Pumped {
    /// There is nothing more for it, or its channel takes no more.
    Done,
    /// The limits allow no more for now.
    Paused,
    /// What is to come next has to be read from the disk.
    Reading(ReadFuture),
    /// Its file cannot be read.
    Broken,
}

impl Peer {
    pub(super) fn new(
        seeding: &Seeding,
        seed: Arc<Seed>,
        conn: ConnId,
        grants: mpsc::UnboundedSender<Granted>,
    ) -> Self {
        let now = seeding.now();
        Self {
            seed,
            conn,
            grants,
            conducted: false,
            open: None,
            allowance: Allowance::new(now, seeding.config.upload_per_peer),
            messages: VecDeque::new(),
            reading: false,
            took: now,
        }
    }

    /// Its channel is open; `wake` is called when its turn comes or ends.
    pub(super) fn opened(
        &mut self,
        seeding: &Arc<Seeding>,
        wake: impl Fn() + Send + Sync + 'static,
    ) {
        self.open = Some(Open {
            uploader: Uploader::new(seeding.now(), seeding.config.limits),
            seat: Seat::take(seeding.clone(), wake),
            _present: Present::new(seeding.clone(), self.seed.clone(), Transport::WebRtc),
        });
    }

    pub(super) fn hear(
        &mut self,
        seeding: &Seeding,
        key: PeerKey,
        bytes: &[u8],
    ) -> Result<(), &'static str> {
        let Some(Open { uploader, .. }) = &mut self.open else {
            return Ok(());
        };
        let now = seeding.now();
        let asked = uploader
            .hear(now, bytes)
            .map_err(|farewell| farewell.label())?;
        let infohash = self.seed.torrent.infohash;
        match asked {
            None => {}
            // The offer named the swarm already; a connection is for that one alone.
            Some(asked) if asked != infohash => return Err("other_infohash"),
            Some(_) => self.greet(seeding, key)?,
        }
        if self.conducted
            && let Some(Open { uploader, .. }) = &mut self.open
        {
            let news = uploader.take_news();
            if !news.is_empty() {
                seeding.tracker.inner().gained(infohash, self.conn, &news);
            }
        }
        Ok(())
    }

    /// Answers the handshake. A page of ours comes here only when HTTP fails it, so it may have everything at once; a stock client is
    /// conducted.
    fn greet(&mut self, seeding: &Seeding, key: PeerKey) -> Result<(), &'static str> {
        let Some(Open { uploader, .. }) = &mut self.open else {
            return Ok(());
        };
        let (now, torrent) = (seeding.now(), self.seed.torrent.clone());
        if !uploader.greeted_by(PAGE) {
            let grants = self.grants.clone();
            let way = Way::Wire(Box::new(move |pieces| {
                let _ = grants.send((key, pieces));
            }));
            let inner = seeding.tracker.inner();
            let joined = inner.join_conducted(torrent.infohash, self.conn, way);
            self.conducted = matches!(joined, Some(Ok(Some(_))));
        }
        let served = match self.conducted {
            true => uploader.serve_granted(now, torrent, seeding.me),
            false => uploader.serve(now, torrent, seeding.me),
        };
        served.map_err(|farewell| farewell.label())
    }

    /// The conductor grants it pieces.
    pub(super) fn grant(&mut self, seeding: &Seeding, pieces: Vec<Range<u32>>) {
        if let Some(Open { uploader, .. }) = &mut self.open {
            for pieces in pieces {
                uploader.grant(seeding.now(), pieces);
            }
        }
    }

    /// It is gone.
    pub(super) fn leave(&self, seeding: &Seeding) {
        if self.conducted {
            let infohash = self.seed.torrent.infohash;
            (seeding.tracker.inner()).leave_conducted(infohash, self.conn);
        }
    }

    /// Writes what the peer may have now into its channel.
    pub(super) fn pump(&mut self, seeding: &Seeding, port: &mut Port, key: PeerKey) -> Pumped {
        let Some(Open { uploader, seat, .. }) = &mut self.open else {
            return Pumped::Done;
        };
        loop {
            let now = seeding.now();
            let turn = seat.turn(uploader.is_interested());
            uploader.set_turn(now, turn);
            // What a peer that does not read is to be told stays where it is bounded.
            if self.messages.is_empty() {
                let control = std::mem::take(uploader.control());
                cut(Bytes::from(control), &mut self.messages);
            }
            while let Some(message) = self.messages.front() {
                if !port.write(key, message.clone()) {
                    return Pumped::Done;
                }
                self.seed.count_sent(Transport::WebRtc, message.len());
                seeding.doors.sent(Transport::WebRtc, message.len());
                self.messages.pop_front();
                self.took = now;
            }
            if !uploader.control().is_empty() {
                continue;
            }
            let room = port.room(key).min(MOST);
            let waiting = uploader.waiting(room);
            if self.reading || waiting == 0 || room < MESSAGE {
                if waiting == 0 {
                    self.took = now;
                    self.messages = VecDeque::new();
                }
                return Pumped::Done;
            }
            let allowed = match seeding.allow(&mut self.allowance, waiting.min(room) as u64) {
                Ok(allowed) => allowed as usize,
                Err(_) => {
                    // It is up to us that it takes nothing.
                    self.took = now;
                    return Pumped::Paused;
                }
            };
            let mut blocks = Vec::new();
            uploader.take_blocks(now, allowed, &mut blocks);
            let mut batch = Batch::default();
            match self.seed.read_now(&blocks, &mut batch) {
                Ok(true) => cut(batch.into(), &mut self.messages),
                Ok(false) => {
                    self.reading = true;
                    return Pumped::Reading(read(self.seed.clone(), blocks, key));
                }
                Err(error) => {
                    tracing::error!(%error, infohash = %self.seed.torrent.infohash, "a file that is shared cannot be read");
                    return Pumped::Broken;
                }
            }
        }
    }

    /// What had to be read is here.
    pub(super) fn have_read(&mut self, batch: Batch) {
        self.reading = false;
        cut(batch.into(), &mut self.messages);
    }

    /// Looks at the clock: whether there is something to say, or why the peer has to be let go.
    pub(super) fn tick(&mut self, now: Duration, patience: Duration) -> Result<bool, &'static str> {
        if self.seed.over.is_cancelled() {
            return Err("not_shared_any_more");
        }
        // The port sees to those whose channel does not open.
        let Some(Open { uploader, .. }) = &mut self.open else {
            return Ok(false);
        };
        let waits = !self.messages.is_empty() || !self.reading && uploader.waiting(1) > 0;
        if waits && now >= self.took + patience {
            return Err("does_not_read");
        }
        if now >= uploader.deadline() {
            uploader.tick(now).map_err(|farewell| farewell.label())?;
        }
        Ok(!uploader.control().is_empty())
    }
}

fn read(seed: Arc<Seed>, blocks: Vec<Block>, key: PeerKey) -> ReadFuture {
    Box::pin(async move {
        let mut batch = Batch::default();
        let read = seed.read(&blocks, &mut batch).await;
        (key, read.map(|()| batch))
    })
}

/// Cuts bytes into messages: blocks of the usual length end up in one each.
fn cut(mut bytes: Bytes, messages: &mut VecDeque<Bytes>) {
    while bytes.len() > MESSAGE {
        messages.push_back(bytes.split_to(MESSAGE));
    }
    if !bytes.is_empty() {
        messages.push_back(bytes);
    }
}
