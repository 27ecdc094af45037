//! One client over TCP. Its task reads when there is something to read, sends when the client takes something, and else sleeps until
//! its turn comes or its patience or ours is over. How much is read from the file at once follows how much the client takes at once,
//! so a slow one holds little memory and a fast one costs few calls.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bittorrent::wire::Block;
use swarm::seeder::{Allowance, Farewell, Uploader};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::seeder::seat::{Present, Seat};
use crate::seeder::seed::{Batch, Seed};
use crate::seeder::{Seeding, Transport};

/// Bytes of blocks that are read at once: at first, and at most.
const FIRST: usize = 32 << 10;
const MOST: usize = 256 << 10;

/// So long a buffer is kept for the next blocks; a client at full speed asks again at once.
const LINGER: Duration = Duration::from_secs(1);

/// A client that lets our answers wait is not listened to any further.
const ENOUGH: usize = 64 << 10;

/// Serves a client until it leaves or is let go.
pub(super) async fn serve(seeding: Arc<Seeding>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let Some((uploader, seed)) = greet(&seeding, &stream).await else {
        return;
    };
    let _present = Present::new(seeding.clone(), seed.clone(), Transport::Tcp);
    let over = seed.over.clone();
    let mut connection = Connection::new(seeding, seed, uploader);
    tokio::select! {
        ended = connection.run(&stream) => {
            if let End::Farewell(farewell) = ended {
                count(farewell);
            }
        }
        () = over.cancelled() => {}
    }
}

fn count(farewell: Farewell) {
    metrics::counter!("shoal_seeder_farewells_total", "transport" => "tcp", "reason" => farewell.label()).increment(1);
}

/// Hears what the client wants and looks it up.
async fn greet(seeding: &Arc<Seeding>, stream: &TcpStream) -> Option<(Uploader, Arc<Seed>)> {
    let mut uploader = Uploader::new(seeding.now(), seeding.config.limits);
    let asked = async {
        loop {
            stream.readable().await.ok()?;
            // No more is read than a handshake and what follows it closely.
            match read(stream, |bytes| uploader.hear(seeding.now(), bytes)).ok()? {
                Some(Ok(Some(infohash))) => return Some(infohash),
                Some(Ok(None)) | None => {}
                Some(Err(farewell)) => {
                    count(farewell);
                    return None;
                }
            }
        }
    };
    let Ok(asked) = tokio::time::timeout(seeding.config.limits.handshake, asked).await else {
        count(Farewell::Silent);
        return None;
    };
    let Some(seed) = seeding.find(asked?).await else {
        metrics::counter!("shoal_seeder_refused_total", "transport" => "tcp", "reason" => "unknown_infohash").increment(1);
        return None;
    };
    match uploader.serve(seeding.now(), seed.torrent.clone(), seeding.me) {
        Ok(()) => Some((uploader, seed)),
        Err(farewell) => {
            count(farewell);
            None
        }
    }
}

/// Reads once. `None` when there was nothing to read after all; an error when the connection has ended.
fn read<T>(stream: &TcpStream, hear: impl FnOnce(&[u8]) -> T) -> io::Result<Option<T>> {
    let mut buffer = [0; 1024];
    match stream.try_read(&mut buffer) {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(read) => Ok(Some(hear(&buffer[..read]))),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

enum End {
    /// The client hung up, or the connection broke.
    Gone,
    /// We let it go.
    Farewell(Farewell),
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl From<Farewell> for End {
    fn from(farewell: Farewell) -> Self {
        Self::Farewell(farewell)
    }
}

struct Connection {
    seeding: Arc<Seeding>,
    seed: Arc<Seed>,
    uploader: Uploader,
    seat: Seat,
    woken: Arc<Notify>,
    allowance: Allowance,
    batch: Batch,
    blocks: Vec<Block>,
    /// Bytes of blocks to read at once.
    stride: usize,
    /// When the client last took something that waited for it.
    took: Duration,
    /// Until when the limits allow nothing more.
    pause: Option<Duration>,
}

impl Connection {
    fn new(seeding: Arc<Seeding>, seed: Arc<Seed>, uploader: Uploader) -> Self {
        let woken = Arc::new(Notify::new());
        let bell = woken.clone();
        let now = seeding.now();
        Self {
            seat: Seat::take(seeding.clone(), move || bell.notify_one()),
            allowance: Allowance::new(now, seeding.config.upload_per_peer),
            seeding,
            seed,
            uploader,
            woken,
            batch: Batch::default(),
            blocks: Vec::new(),
            stride: FIRST,
            took: now,
            pause: None,
        }
    }

    async fn run(&mut self, stream: &TcpStream) -> End {
        loop {
            let stuck = match self.give(stream).await {
                Ok(stuck) => stuck,
                Err(end) => return end,
            };
            let listens = self.uploader.control().len() < ENOUGH;
            let wake = self.wake(stuck);
            let sleep = wake.saturating_sub(self.seeding.now());
            tokio::select! {
                ready = stream.readable(), if listens => {
                    if ready.is_err() {
                        return End::Gone;
                    }
                    if let Err(end) = self.listen(stream) {
                        return end;
                    }
                }
                ready = stream.writable(), if stuck => {
                    if ready.is_err() {
                        return End::Gone;
                    }
                }
                () = self.woken.notified() => {}
                () = tokio::time::sleep(sleep) => {
                    let now = self.seeding.now();
                    if stuck && now >= self.took + self.seeding.config.patience {
                        metrics::counter!("shoal_seeder_farewells_total", "transport" => "tcp", "reason" => "does_not_read").increment(1);
                        return End::Gone;
                    }
                    if now >= self.took + LINGER {
                        self.batch.shrink();
                    }
                    if let Err(farewell) = self.uploader.tick(now) {
                        return farewell.into();
                    }
                }
            }
        }
    }

    fn wake(&self, stuck: bool) -> Duration {
        let mut wake = self.uploader.deadline();
        if stuck {
            wake = wake.min(self.took + self.seeding.config.patience);
        }
        if let Some(pause) = self.pause {
            wake = wake.min(pause);
        }
        if self.batch.is_idle() {
            wake = wake.min(self.took + LINGER);
        }
        wake
    }

    /// Takes everything that has arrived.
    fn listen(&mut self, stream: &TcpStream) -> Result<(), End> {
        loop {
            let uploader = &mut self.uploader;
            let now = self.seeding.now();
            match read(stream, |bytes| uploader.hear(now, bytes))? {
                Some(heard) => drop(heard?),
                None => return Ok(()),
            }
            if self.uploader.control().len() >= ENOUGH {
                return Ok(());
            }
        }
    }

    /// Sends as much as the client takes and the limits allow. True when there is more that the client does not take now.
    async fn give(&mut self, stream: &TcpStream) -> Result<bool, End> {
        loop {
            while !self.batch.is_empty() {
                match stream.try_write(self.batch.rest()) {
                    Ok(sent) => self.sent(sent),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.stride = (self.stride / 2).max(FIRST);
                        return Ok(true);
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            if !self.prepare().await? {
                self.took = self.seeding.now();
                return Ok(false);
            }
        }
    }

    fn sent(&mut self, bytes: usize) {
        self.batch.advance(bytes);
        self.took = self.seeding.now();
        self.seed.count_sent(Transport::Tcp, bytes);
        self.seeding.doors.sent(Transport::Tcp, bytes);
    }

    /// Puts together what is to be sent next; false when that is nothing.
    async fn prepare(&mut self) -> Result<bool, End> {
        let now = self.seeding.now();
        let turn = self.seat.turn(self.uploader.is_interested());
        self.uploader.set_turn(now, turn);
        let control = self.uploader.control();
        if !control.is_empty() {
            self.batch.push(control);
            *control = Vec::new();
        }
        self.pause = None;
        let waiting = self.uploader.waiting(self.stride);
        if waiting > 0 {
            match self.seeding.allow(&mut self.allowance, waiting as u64) {
                Ok(allowed) => {
                    self.blocks.clear();
                    self.uploader
                        .take_blocks(now, allowed as usize, &mut self.blocks);
                    self.seed.read(&self.blocks, &mut self.batch).await.inspect_err(|error| {
                        tracing::error!(%error, infohash = %self.seed.torrent.infohash, "a file that is shared cannot be read");
                    })?;
                    self.stride = (self.stride * 2).min(MOST);
                }
                Err(wait) => self.pause = Some(now + wait),
            }
        }
        Ok(!self.batch.is_empty())
    }
}
