//! Browsers over WebRTC: one task for all of them, which owns the port and what is known of each peer. An offer comes from the tracker,
//! the torrent is opened, the answer goes back, and from then on a data channel carries the same bytes as a TCP connection. There is
//! no task, no buffer and no timer per idle peer; clocks are looked at once a second for everybody.

mod peer;
mod table;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use datachannel::{Event, PeerKey};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::seed::Seed;
use super::transport::{FAREWELL, Keeper};
use super::{Bind, Seeding, Transport};
use crate::Offered;
use crate::webrtc::{Config, NoPort, Port};
use peer::{Granted, Peer, ReadFuture};
use table::Table;
pub(super) use table::{Desk, Met};

/// How often the clocks of all peers are looked at.
const TICK: Duration = Duration::from_secs(1);

/// The same while the limits make somebody wait.
const SHORT_TICK: Duration = Duration::from_millis(20);

/// Torrents that are being opened for offers at a time; further offers find nobody.
const OPENING: usize = 256;

/// Serves browsers whenever the transport is switched on.
pub(super) async fn serve(seeding: &Arc<Seeding>, bind: Bind) {
    let mut keeper = Keeper::new(&seeding.doors, Transport::WebRtc);
    loop {
        keeper.wanted().await;
        let opened = bind
            .open(|address| std::future::ready(open(seeding, address)))
            .await;
        match opened.and_then(|port| Ok((port.address()?, port))) {
            Ok((address, port)) => {
                keeper.opened(address);
                let offers = seeding.desk.open(seeding.config.webrtc_peers);
                let over = CancellationToken::new();
                let (grants, granted) = mpsc::unbounded_channel();
                let room = Room::new(seeding.clone(), port, grants);
                let mut serving = Box::pin(room.run(offers, granted, &over));
                tokio::select! {
                    () = &mut serving => {}
                    () = keeper.unwanted() => {
                        over.cancel();
                        let _ = tokio::time::timeout(FAREWELL, serving).await;
                    }
                }
                seeding.desk.close();
                keeper.closed();
            }
            Err(error) => keeper.failed(error).await,
        }
    }
}

fn open(seeding: &Seeding, address: SocketAddr) -> io::Result<Box<Port>> {
    let config = Config {
        peers: seeding.config.webrtc_peers,
        set_up: seeding.config.webrtc_set_up,
        consent: seeding.config.webrtc_silence,
        ..Config::default()
    };
    match Port::open(config, address, &[], secret()?) {
        Ok(port) => Ok(Box::new(port)),
        Err(NoPort::Socket(error)) => Err(error),
        Err(NoPort::Key(error)) => Err(io::Error::other(error)),
    }
}

/// A number that nobody can guess.
fn secret() -> io::Result<[u8; 32]> {
    let mut secret = [0; 32];
    aws_lc_rs::rand::fill(&mut secret)
        .map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(secret)
}

/// Where all browsers are served.
struct Room {
    seeding: Arc<Seeding>,
    port: Box<Port>,
    peers: Table,
    opening: FuturesUnordered<BoxFuture<'static, (Offered, Option<Arc<Seed>>)>>,
    /// Reads that have to wait for the disk.
    reading: FuturesUnordered<ReadFuture>,
    /// Peers that the limits make wait.
    paused: Vec<PeerKey>,
    /// Given to peers that are conducted.
    grants: mpsc::UnboundedSender<Granted>,
}

impl Room {
    fn new(seeding: Arc<Seeding>, port: Box<Port>, grants: mpsc::UnboundedSender<Granted>) -> Self {
        Self {
            grants,
            peers: Table::new(seeding.clone()),
            seeding,
            port,
            opening: FuturesUnordered::new(),
            reading: FuturesUnordered::new(),
            paused: Vec::new(),
        }
    }

    /// Serves until the port fails or the door closes.
    async fn run(
        mut self,
        mut offers: mpsc::Receiver<Offered>,
        mut granted: mpsc::UnboundedReceiver<Granted>,
        over: &CancellationToken,
    ) {
        let (bell, mut turns) = mpsc::unbounded_channel();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = self.port.next() => match event {
                    Ok(event) => self.happened(event, &bell),
                    Err(error) => {
                        tracing::error!(%error, "the socket for WebRTC is of no more use; it is opened again");
                        return;
                    }
                },
                Some(offered) = offers.recv(), if self.opening.len() < OPENING => self.open(offered),
                Some((offered, seed)) = self.opening.next() => self.answer(&offered, seed),
                Some((key, read)) = self.reading.next() => self.read(key, read),
                Some(key) = turns.recv() => self.pump(key),
                Some((key, pieces)) = granted.recv() => {
                    if let Some(peer) = self.peers.get(key) {
                        peer.grant(&self.seeding, pieces);
                        self.pump(key);
                    }
                }
                () = tokio::time::sleep(SHORT_TICK), if !self.paused.is_empty() => {
                    for key in std::mem::take(&mut self.paused) {
                        self.pump(key);
                    }
                }
                _ = tick.tick(), if !self.peers.is_empty() => self.tick(),
                () = over.cancelled() => return self.leave().await,
            }
        }
    }

    fn open(&mut self, offered: Offered) {
        let seeding = self.seeding.clone();
        self.opening.push(Box::pin(async move {
            let seed = seeding.find(offered.infohash).await;
            (offered, seed)
        }));
    }

    fn answer(&mut self, offered: &Offered, seed: Option<Arc<Seed>>) {
        let met = Met {
            infohash: offered.infohash,
            peer_id: offered.peer_id,
        };
        if self.peers.has(&met) {
            return;
        }
        let (Some(seed), Ok(bound)) = (seed, self.port.address()) else {
            self.seeding.desk.forget(&met);
            return;
        };
        let candidates = self.seeding.addresses.for_client(offered.address, bound);
        match self.port.accept_at(&offered.sdp, &candidates) {
            Ok((key, answer)) => {
                let peer = Peer::new(&self.seeding, seed, offered.reply, self.grants.clone());
                self.peers.insert(key, met, peer);
                self.seeding.tracker.answer(
                    offered.reply,
                    offered.infohash,
                    offered.offer_id,
                    &answer,
                );
            }
            Err(bad) => {
                self.seeding.desk.forget(&met);
                metrics::counter!("shoal_seeder_refused_total", "transport" => "webrtc", "reason" => "bad_offer").increment(1);
                tracing::debug!(%bad, "an offer was not understood");
            }
        }
    }

    fn happened(&mut self, event: Event, bell: &mpsc::UnboundedSender<PeerKey>) {
        match event {
            Event::Open(key) => {
                if let Some(peer) = self.peers.get(key) {
                    let bell = bell.clone();
                    peer.opened(&self.seeding, move || {
                        let _ = bell.send(key);
                    });
                }
            }
            Event::Data(key, bytes) => {
                let Some(peer) = self.peers.get(key) else {
                    return;
                };
                match peer.hear(&self.seeding, key, &bytes) {
                    Ok(()) => self.pump(key),
                    Err(farewell) => self.part(key, farewell),
                }
            }
            Event::Writable(key) => self.pump(key),
            Event::Closed(key, _) => self.peers.remove(key),
        }
    }

    /// Sends a peer what it may have now.
    fn pump(&mut self, key: PeerKey) {
        let Some(peer) = self.peers.get(key) else {
            return;
        };
        match peer.pump(&self.seeding, &mut self.port, key) {
            peer::Pumped::Done => {}
            peer::Pumped::Paused => {
                if !self.paused.contains(&key) {
                    self.paused.push(key);
                }
            }
            peer::Pumped::Reading(read) => self.reading.push(read),
            peer::Pumped::Broken => self.part(key, "unreadable"),
        }
    }

    fn read(&mut self, key: PeerKey, read: io::Result<super::seed::Batch>) {
        let Some(peer) = self.peers.get(key) else {
            return;
        };
        match read {
            Ok(batch) => {
                peer.have_read(batch);
                self.pump(key);
            }
            Err(error) => {
                tracing::error!(%error, "a file that is shared cannot be read");
                self.part(key, "unreadable");
            }
        }
    }

    fn tick(&mut self) {
        let over = self
            .peers
            .tick(self.seeding.now(), self.seeding.config.patience);
        for (key, farewell) in over {
            match farewell {
                Some(farewell) => self.part(key, farewell),
                None => self.pump(key),
            }
        }
    }

    fn part(&mut self, key: PeerKey, reason: &'static str) {
        metrics::counter!("shoal_seeder_farewells_total", "transport" => "webrtc", "reason" => reason).increment(1);
        self.port.close(key);
        self.peers.remove(key);
    }

    /// Says good-bye to everybody.
    async fn leave(mut self) {
        for key in self.peers.keys() {
            self.part(key, "door_closed");
        }
        // Nothing else is waited for: what is queued goes out, and then there is nothing to do.
        let _ = tokio::time::timeout(Duration::from_millis(200), self.port.next()).await;
    }
}
