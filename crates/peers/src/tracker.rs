//! The tracker as the rest of the program holds it. The swarm table is split into shards by infohash, each behind a lock that is held
//! for one announce and never across an await; the answer whether an infohash is hosted is kept in the same shard, so that an announce
//! cannot slip into a swarm that is being dropped.

mod known;

use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use bittorrent::tracker::socket::{Action, Announce, Answer, Reply};
use bittorrent::tracker::{Counts, http};
use bittorrent::{InfoHash, PeerId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use swarm::{ConnId, Limits, Prefix, Refusal, SwarmCounts, at_random};
use tokio::sync::{Semaphore, watch};

use crate::Config;
use crate::chance::Dice;
use crate::connections::{Connections, lock};
use crate::throttle::Throttle;
use known::{Known, Ticket};

/// Parts of the swarm table: enough that two announces rarely meet at a lock.
const SHARDS: usize = 16;

/// Questions about infohashes that are under way at a time.
const QUESTIONS: usize = 32;

/// How often gone peers are looked for, and how many are looked at in each shard.
const SWEEP: Duration = Duration::from_secs(2);
const SWEPT: usize = 10_000;

/// How long a closing tracker waits for its connections to say good-bye.
const FAREWELL: Duration = Duration::from_secs(3);

/// The pod's tracker. Clones are handles to the same one.
#[derive(Clone)]
pub struct Tracker {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) connections: Connections,
    pub(crate) throttle: Mutex<Throttle>,
    shards: Vec<Mutex<Shard>>,
    hosts: Box<dyn Fn(InfoHash) -> BoxFuture<'static, bool> + Send + Sync>,
    questions: Semaphore,
    started: Instant,
    closed: watch::Sender<bool>,
}

struct Shard {
    swarms: swarm::Tracker,
    known: Known,
    dice: Dice,
}

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum No {
    /// The pod does not host this infohash.
    Unknown,
    /// A limit.
    Limit(Refusal),
}

impl No {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_infohash",
            Self::Limit(refusal) => refusal.label(),
        }
    }

    pub(crate) fn reason(self) -> String {
        match self {
            Self::Unknown => "this pod does not host this torrent".to_owned(),
            Self::Limit(refusal) => refusal.to_string(),
        }
    }
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self::Limit(refusal)
    }
}

/// What the tracker has to do at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Open WebSockets.
    pub sockets: usize,
    /// Swarms with members.
    pub swarms: usize,
    /// Members of all swarms.
    pub peers: usize,
}

impl Tracker {
    /// A tracker for the infohashes that `hosts` confirms. Its answers are kept for a while, as the configuration says.
    ///
    /// Must be called within a tokio runtime, in which a small task looks for peers that have gone; it ends with the last handle.
    pub fn new<F, Fut>(config: Config, hosts: F) -> Self
    where
        F: Fn(InfoHash) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        let limits = Limits {
            swarms: config.limits.swarms.div_ceil(SHARDS),
            ..config.limits
        };
        let shard = |_| {
            Mutex::new(Shard {
                swarms: swarm::Tracker::new(limits),
                known: Known::new(config.hosted, config.unknown),
                dice: Dice::new(),
            })
        };
        let inner = Arc::new(Inner {
            connections: Connections::default(),
            throttle: Mutex::new(Throttle::new(config.http_rate)),
            shards: (0..SHARDS).map(shard).collect(),
            hosts: Box::new(move |infohash| hosts(infohash).boxed()),
            questions: Semaphore::new(QUESTIONS),
            started: Instant::now(),
            closed: watch::Sender::new(false),
            config,
        });
        tokio::spawn(keep_tidy(Arc::downgrade(&inner)));
        Self { inner }
    }

    /// Forgets an infohash that is no longer hosted: its swarm is dropped at once and its members are told.
    pub fn forget(&self, infohash: InfoHash) {
        let members = {
            let mut shard = lock(self.inner.shard(infohash));
            shard.known.forget(self.inner.now(), infohash);
            shard.swarms.drop_swarm(infohash)
        };
        let (action, reason) = (Action::Announce, No::Unknown.reason().into());
        let message = Reply::Failure {
            action,
            infohash: Some(infohash),
            reason,
        }
        .to_json();
        for member in members {
            self.inner.connections.send(member, message.clone());
        }
    }

    /// How many are in a swarm.
    pub fn counts(&self, infohash: InfoHash) -> SwarmCounts {
        lock(self.inner.shard(infohash)).swarms.counts(infohash)
    }

    /// What there is to do at the moment.
    pub fn totals(&self) -> Totals {
        self.inner.totals()
    }

    /// Takes no further connections, says good-bye to those that are open, and waits a few seconds for them to end.
    pub async fn close(&self) {
        self.inner.closed.send_replace(true);
        // The receivers are the connections; the channel closes with the last of them.
        let _ = tokio::time::timeout(FAREWELL, self.inner.closed.closed()).await;
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }
}

impl Inner {
    /// Time as the swarms count it.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Tells a connection when the tracker closes.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closed.subscribe()
    }

    /// A browser announces itself: everybody concerned is sent what they need.
    pub(crate) async fn announce_socket(
        &self,
        conn: ConnId,
        address: IpAddr,
        announce: &Announce<'_>,
    ) -> Result<(), No> {
        metrics::counter!("shoal_tracker_announces_total", "transport" => "socket").increment(1);
        let sends = self
            .with_hosted(announce.infohash, |shard| {
                let Shard { swarms, dice, .. } = shard;
                let mut choose = at_random(|n| dice.below(n));
                swarms.announce_socket(self.now(), (conn, address), announce, &mut choose)
            })
            .await??;
        let offers = sends
            .iter()
            .filter(|send| matches!(send.message, Reply::Offer { .. }))
            .count();
        metrics::counter!("shoal_tracker_offers_total").increment(offers as u64);
        for send in sends {
            self.connections.send(send.to, send.message.to_json());
        }
        Ok(())
    }

    /// A browser answers an offer.
    pub(crate) fn answer(&self, conn: ConnId, answer: &Answer<'_>) -> Result<(), No> {
        let send = lock(self.shard(answer.infohash))
            .swarms
            .answer(conn, answer)?;
        if let Some(send) = send {
            metrics::counter!("shoal_tracker_answers_total").increment(1);
            self.connections.send(send.to, send.message.to_json());
        }
        Ok(())
    }

    /// Another client announces itself.
    pub(crate) async fn announce_http(
        &self,
        address: IpAddr,
        announce: &http::Announce,
    ) -> Result<http::Announced, No> {
        metrics::counter!("shoal_tracker_announces_total", "transport" => "http").increment(1);
        let reply = self
            .with_hosted(announce.infohash, |shard| {
                let Shard { swarms, dice, .. } = shard;
                swarms.announce_http(self.now(), address, announce, &mut |n| dice.below(n))
            })
            .await??;
        Ok(reply)
    }

    /// How large the hosted ones among these swarms are.
    pub(crate) async fn scrape(&self, infohashes: &[InfoHash]) -> Vec<(InfoHash, Counts)> {
        let mut swarms = Vec::with_capacity(infohashes.len());
        for infohash in infohashes {
            if let Ok(counts) = self
                .with_hosted(*infohash, |shard| shard.swarms.scrape(*infohash))
                .await
            {
                swarms.push((*infohash, counts));
            }
        }
        swarms
    }

    /// Lets one more request of an address over HTTP through, or not.
    pub(crate) fn pass(&self, address: IpAddr) -> Result<(), No> {
        Ok(lock(&self.throttle).pass(self.now(), Prefix::from(address))?)
    }

    /// A browser has left a swarm.
    pub(crate) fn leave(&self, infohash: InfoHash, peer_id: PeerId, conn: ConnId) {
        lock(self.shard(infohash))
            .swarms
            .leave(infohash, peer_id, conn);
    }

    /// Does something with the shard of a hosted infohash, under its lock.
    async fn with_hosted<T>(
        &self,
        infohash: InfoHash,
        act: impl FnOnce(&mut Shard) -> T,
    ) -> Result<T, No> {
        let mut ticket: Option<(Ticket, bool)> = None;
        loop {
            let question = {
                let mut shard = lock(self.shard(infohash));
                let now = self.now();
                if let Some((ticket, hosted)) = ticket.take() {
                    shard.known.learn(now, infohash, ticket, hosted);
                }
                match shard.known.answer(now, infohash) {
                    Ok(true) => return Ok(act(&mut shard)),
                    Ok(false) => return Err(No::Unknown),
                    Err(ticket) => ticket,
                }
            };
            let _permit = self.questions.acquire().await;
            ticket = Some((question, (self.hosts)(infohash).await));
        }
    }

    fn shard(&self, infohash: InfoHash) -> &Mutex<Shard> {
        // Infohashes are spread evenly, and those that are hosted cannot be chosen by a stranger.
        &self.shards[usize::from(infohash.0[19]) % self.shards.len()]
    }

    fn totals(&self) -> Totals {
        let mut totals = Totals {
            sockets: self.connections.taken(),
            ..Totals::default()
        };
        for shard in &self.shards {
            let shard = lock(shard);
            totals.swarms += shard.swarms.swarms();
            totals.peers += shard.swarms.peers();
        }
        totals
    }

    fn tidy(&self) {
        let now = self.now();
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.swarms.sweep(now, SWEPT);
            shard.known.tidy(now);
        }
        lock(&self.throttle).tidy(now);
        let Totals { swarms, peers, .. } = self.totals();
        metrics::gauge!("shoal_tracker_swarms").set(swarms as f64);
        metrics::gauge!("shoal_tracker_peers").set(peers as f64);
    }
}

/// Counts a refusal by its reason.
pub(crate) fn count_refusal(reason: &'static str) {
    metrics::counter!("shoal_tracker_refusals_total", "reason" => reason).increment(1);
}

async fn keep_tidy(inner: Weak<Inner>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        match inner.upgrade() {
            Some(inner) => inner.tidy(),
            None => return,
        }
    }
}
