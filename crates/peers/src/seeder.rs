//! The pod as a seeder, with its sockets. Desktop clients come over TCP, browsers over WebRTC; what a peer may have, and when, is
//! decided in `swarm::seeder`, the same for both. Here are the torrents that are open, whose turn it is, how fast bytes may leave, and
//! the switches of the transports. A torrent that nobody takes is not known here at all.

mod addresses;
mod seat;
mod seed;
mod seeds;
mod tcp;
mod transport;
mod udp;
mod webrtc;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use bittorrent::{InfoHash, PeerId};
use swarm::seeder::{Allowance, Slots, UploadLimits};

use crate::chance::Dice;
use crate::connections::{Connections, lock};
use crate::{Resident, Tracker};
pub use addresses::Addresses;
use seat::Turns;
use seeds::Seeds;
pub use seeds::{Found, Taken};
use transport::Doors;
pub use transport::{Bind, Transport, TransportState};
use webrtc::{Desk, Met};

/// How often turns go round.
const ROTATE: Duration = Duration::from_secs(10);

/// How long a turn lasts at least while others wait.
const TURN: Duration = Duration::from_secs(30);

/// How much the seeder gives.
#[derive(Debug, Clone, PartialEq)]
pub struct SeederConfig {
    /// What one peer may ask.
    pub limits: UploadLimits,
    /// Bytes per second that leave in all; 0 is without a limit.
    pub upload: u64,
    /// Bytes per second for one peer; 0 is without a limit.
    pub upload_per_peer: u64,
    /// Peers that are served at a time.
    pub slots: usize,
    /// Connections over TCP at a time.
    pub tcp_peers: usize,
    /// Connections over TCP at a time from one address prefix (a /24 or a /48).
    pub tcp_per_prefix: usize,
    /// Connections over WebRTC at a time.
    pub webrtc_peers: usize,
    /// How long a browser may take from its offer to its open channel.
    pub webrtc_set_up: Duration,
    /// After how long without a sign of life a browser is gone.
    pub webrtc_silence: Duration,
    /// How long a peer may take nothing of what is sent to it.
    pub patience: Duration,
}

impl Default for SeederConfig {
    fn default() -> Self {
        Self {
            limits: UploadLimits::default(),
            upload: 0,
            upload_per_peer: 0,
            slots: 200,
            tcp_peers: 2000,
            tcp_per_prefix: 200,
            webrtc_peers: 5000,
            webrtc_set_up: Duration::from_secs(15),
            webrtc_silence: Duration::from_secs(30),
            patience: Duration::from_secs(60),
        }
    }
}

/// The pod's seeder. Clones are handles to the same one.
#[derive(Clone)]
pub struct Seeder {
    inner: Arc<Seeding>,
}

pub(crate) struct Seeding {
    pub(crate) config: SeederConfig,
    pub(crate) me: PeerId,
    pub(crate) tracker: Tracker,
    pub(crate) seeds: Seeds,
    pub(crate) turns: Mutex<Turns>,
    pub(crate) allowance: Mutex<Allowance>,
    pub(crate) places: Connections,
    pub(crate) doors: Doors,
    pub(crate) addresses: Addresses,
    desk: Desk,
    started: Instant,
}

impl Seeder {
    /// A seeder for the torrents that the tracker says are hosted and `lookup` finds. No door is open yet.
    ///
    /// Must be called within a tokio runtime, in which a small task passes turns on; it ends with the last handle.
    pub fn new<F, Fut>(
        config: SeederConfig,
        addresses: Addresses,
        tracker: Tracker,
        lookup: F,
    ) -> Self
    where
        F: Fn(InfoHash) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Option<Found>> + Send + 'static,
    {
        let inner = Arc::new(Seeding {
            me: peer_id(),
            seeds: Seeds::new(lookup),
            turns: Mutex::new(Turns::new(Slots::new(config.slots, TURN))),
            allowance: Mutex::new(Allowance::new(Duration::ZERO, config.upload)),
            places: Connections::new("shoal_seeder_tcp_connections"),
            doors: Doors::default(),
            started: Instant::now(),
            addresses,
            desk: Desk::default(),
            tracker,
            config,
        });
        tokio::spawn(rotate(Arc::downgrade(&inner)));
        inner.tracker.set_resident(resident(&inner));
        Self { inner }
    }

    /// Lets a torrent go that the pod no longer shares: its peers are closed at once.
    pub fn forget(&self, infohash: InfoHash) {
        self.inner.seeds.forget(infohash);
    }

    /// The torrents that were taken since the start, in numbers.
    pub fn taken(&self) -> Vec<(InfoHash, Taken)> {
        self.inner.seeds.taken()
    }

    /// How each transport is.
    pub fn transports(&self) -> Vec<TransportState> {
        self.inner.doors.states()
    }

    /// Opens or closes a transport; closing lets its peers go.
    pub fn switch(&self, transport: Transport, open: bool) {
        self.inner.doors.switch(transport, open);
    }

    /// Serves desktop clients over TCP for as long as it is polled, and whenever that transport is switched on.
    pub async fn serve_tcp(&self, bind: Bind) {
        tcp::serve(&self.inner, bind).await;
    }

    /// Serves browsers over WebRTC for as long as it is polled, and whenever that transport is switched on.
    pub async fn serve_webrtc(&self, bind: Bind) {
        webrtc::serve(&self.inner, bind).await;
    }

    /// Answers for the tracker over UDP for as long as it is polled, and whenever that transport is switched on.
    pub async fn serve_udp_tracker(&self, bind: Bind) {
        udp::serve(&self.inner, bind).await;
    }

    /// Where a client of this address finds the pod over TCP, best first; nothing while that transport is closed.
    pub fn tcp_addresses(&self, client: IpAddr) -> Vec<SocketAddr> {
        self.inner.tcp_addresses(client)
    }

    /// The port at which the tracker answers over UDP, while it does.
    pub fn udp_tracker_port(&self) -> Option<u16> {
        let address = self.inner.doors.address(Transport::Udp);
        address.map(|address| address.port())
    }

    /// What peers are told of where the pod is.
    pub fn addresses(&self) -> &Addresses {
        &self.inner.addresses
    }

    /// The pod's name in all swarms, until the process ends.
    pub fn peer_id(&self) -> PeerId {
        self.inner.me
    }
}

impl Seeding {
    /// Time as peers count it.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Where a client of this address finds us over TCP.
    fn tcp_addresses(&self, client: IpAddr) -> Vec<SocketAddr> {
        let bound = self.doors.address(Transport::Tcp);
        bound.map_or_else(Vec::new, |bound| self.addresses.for_client(client, bound))
    }

    /// Opens the torrent that a peer asks for, if it is hosted.
    pub(crate) async fn find(&self, infohash: InfoHash) -> Option<Arc<seed::Seed>> {
        if !self.hosts(infohash).await {
            return None;
        }
        let seed = self.seeds.open(infohash).await?;
        // What was no longer shared while its files were being opened could not be let go of then.
        if !self.hosts(infohash).await {
            self.seeds.forget(infohash);
            return None;
        }
        Some(seed)
    }

    /// Whether the pod shares a torrent. The tracker remembers the answers, so that strangers cannot make us ask the database again
    /// and again.
    async fn hosts(&self, infohash: InfoHash) -> bool {
        !self.tracker.inner().scrape(&[infohash]).await.is_empty()
    }

    /// Bytes that may leave now, or how long to wait for the next.
    pub(crate) fn allow(&self, own: &mut Allowance, want: u64) -> Result<u64, Duration> {
        let now = self.now();
        let granted = own.take(now, want)?;
        match lock(&self.allowance).take(now, granted) {
            Ok(all) => {
                own.give_back(granted - all);
                Ok(all)
            }
            Err(wait) => {
                own.give_back(granted);
                Err(wait)
            }
        }
    }
}

/// A name for this process in all swarms.
fn peer_id() -> PeerId {
    let mut dice = Dice::new();
    let mut id = *b"-SH0001-000000000000";
    id[8..].fill_with(|| b'0' + dice.below(10) as u8);
    PeerId(id)
}

/// The pod as the tracker knows it. The tracker is held by the seeder, so it holds the seeder weakly.
fn resident(seeding: &Arc<Seeding>) -> Resident {
    let weak = Arc::downgrade(seeding);
    let (seeds, addresses, wants, offer) = (weak.clone(), weak.clone(), weak.clone(), weak);
    Resident {
        peer_id: seeding.me,
        seeds: Box::new(move || {
            let open = |seeding: Arc<Seeding>| {
                let door = |transport| seeding.doors.address(transport).is_some();
                door(Transport::Tcp) || door(Transport::WebRtc)
            };
            seeds.upgrade().is_some_and(open)
        }),
        addresses: Box::new(move |client| {
            addresses
                .upgrade()
                .map_or_else(Vec::new, |seeding| seeding.tcp_addresses(client))
        }),
        wants: Box::new(move |infohash, peer_id| {
            let met = Met { infohash, peer_id };
            wants
                .upgrade()
                .is_some_and(|seeding| seeding.desk.wants(&met))
        }),
        offer: Box::new(move |offered| {
            if let Some(seeding) = offer.upgrade() {
                seeding.desk.leave(offered);
            }
        }),
    }
}

async fn rotate(seeding: Weak<Seeding>) {
    loop {
        tokio::time::sleep(ROTATE).await;
        let Some(seeding) = seeding.upgrade() else {
            return;
        };
        lock(&seeding.turns).rotate(seeding.now());
    }
}
