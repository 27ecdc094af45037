//! The tracker as the rest of the program holds it. The swarm table is split into shards by infohash, each behind a lock that is held
//! for one announce and never across an await; the answer whether an infohash is hosted is kept in the same shard, so that an announce
//! cannot slip into a swarm that is being dropped.

mod conducting;
mod known;
mod resident;

use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use bittorrent::tracker::frames::text_frame;
use bittorrent::tracker::socket::{self, Action, Answer, OwnSdp, Reply};
use bittorrent::tracker::udp::Family;
use bittorrent::tracker::{Announce, Announced, Counts};
use bittorrent::{InfoHash, OfferId, PeerId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use swarm::conductor::Account;
use swarm::{ConnId, Limits, Prefix, Refusal, SwarmCounts, at_random};
use tokio::sync::{Notify, Semaphore, watch};

use crate::Config;
use crate::chance::Dice;
use crate::connections::{Connections, lock};
use crate::throttle::Throttle;
pub(crate) use conducting::Way;
use conducting::{Stage, by_conductor, keep_conducting};
pub use known::Hosting;
use known::Known;
pub use resident::{Offered, Resident};

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
    hosts: Box<dyn Fn(InfoHash) -> BoxFuture<'static, Hosting> + Send + Sync>,
    questions: Semaphore,
    resident: OnceLock<Resident>,
    /// Rings when a conductor may have something to wait for.
    conducting: Arc<Notify>,
    started: Instant,
    closed: watch::Sender<bool>,
}

struct Shard {
    swarms: swarm::Tracker,
    known: Known,
    stage: Stage,
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
        Fut: Future<Output: Into<Hosting>> + Send + 'static,
    {
        let limits = Limits {
            swarms: config.limits.swarms.div_ceil(SHARDS),
            ..config.limits
        };
        let shard = |_| {
            Mutex::new(Shard {
                swarms: swarm::Tracker::new(limits),
                known: Known::new(config.hosted, config.unknown),
                stage: Stage::default(),
                dice: Dice::new(),
            })
        };
        let inner = Arc::new(Inner {
            connections: Connections::new("shoal_tracker_sockets"),
            throttle: Mutex::new(Throttle::new(config.http_rate)),
            shards: (0..SHARDS).map(shard).collect(),
            hosts: Box::new(move |infohash| hosts(infohash).map(Into::into).boxed()),
            questions: Semaphore::new(QUESTIONS),
            resident: OnceLock::new(),
            conducting: Arc::default(),
            started: Instant::now(),
            closed: watch::Sender::new(false),
            config,
        });
        tokio::spawn(keep_tidy(Arc::downgrade(&inner)));
        let bell = inner.conducting.clone();
        tokio::spawn(keep_conducting(Arc::downgrade(&inner), bell));
        Self { inner }
    }

    /// Makes the pod itself a member of every swarm. It is asked for once; a second resident is not taken.
    pub fn set_resident(&self, resident: Resident) {
        let _ = self.inner.resident.set(resident);
    }

    /// The resident accepts an offer that it was handed: the answer goes to the connection that the offer came from.
    pub fn answer(&self, to: ConnId, infohash: InfoHash, offer_id: OfferId, sdp: &str) {
        let Some(resident) = self.inner.resident.get() else {
            return;
        };
        let sdp = OwnSdp::new(sdp);
        let message = Reply::Answer(Answer {
            infohash,
            peer_id: resident.peer_id,
            // Not written: the connection says who it is for.
            to_peer_id: resident.peer_id,
            offer_id,
            sdp: sdp.sdp(),
        });
        metrics::counter!("shoal_tracker_answers_total").increment(1);
        self.inner.send(to, &message);
    }

    /// Forgets an infohash that is no longer hosted: its swarm is dropped at once and its members are told.
    pub fn forget(&self, infohash: InfoHash) {
        let members = {
            let mut shard = lock(self.inner.shard(infohash));
            shard.known.forget(self.inner.now(), infohash);
            shard.stage.forget(infohash);
            shard.swarms.drop_swarm(infohash)
        };
        let (action, reason) = (Action::Announce, No::Unknown.reason().into());
        let message = Reply::Failure {
            action,
            infohash: Some(infohash),
            reason,
        };
        for member in members {
            self.inner.send(member, &message);
        }
    }

    /// How many are in a swarm.
    pub fn counts(&self, infohash: InfoHash) -> SwarmCounts {
        lock(self.inner.shard(infohash)).swarms.counts(infohash)
    }

    /// What has left the pod for a swarm since it is conducted, which is since its first viewer came.
    pub fn account(&self, infohash: InfoHash) -> Option<Account> {
        self.inner.account(infohash)
    }

    /// The swarms with the most members, largest first; at most so many.
    pub fn busiest(&self, most: usize) -> Vec<(InfoHash, SwarmCounts)> {
        let shards = self.inner.shards.iter();
        let mut busiest: Vec<_> = shards
            .flat_map(|shard| lock(shard).swarms.busiest(most))
            .collect();
        busiest.sort_by_key(|(infohash, counts)| {
            let members = counts.seeders.saturating_add(counts.leechers);
            (std::cmp::Reverse(members), *infohash)
        });
        busiest.truncate(most);
        busiest
    }

    /// What there is to do at the moment.
    pub fn totals(&self) -> Totals {
        self.inner.totals()
    }

    /// Takes no further connections, says good-bye to those that are open, and waits a few seconds for them to end.
    pub async fn close(&self) {
        self.inner.closed.send_replace(true);
        self.inner.connections.end_all();
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

    /// A browser announces itself: everybody concerned is sent what they need. `None` if it is not known whether the infohash is hosted.
    pub(crate) fn announce_socket(
        &self,
        conn: ConnId,
        address: IpAddr,
        announce: &mut socket::Announce<'_>,
    ) -> Option<Result<(), No>> {
        let resident = self.resident.get().filter(|_| announce.seeder);
        let kept = resident.and_then(|resident| resident.pick(announce, &self.config.limits));
        let announced = self.if_known(announce.infohash, |shard| {
            let Shard {
                swarms,
                stage,
                dice,
                ..
            } = shard;
            let mut below = |n| dice.below(n);
            match stage.conductor(announce.infohash) {
                Some(conductor) => {
                    let mut choose = by_conductor(conductor, self.now(), conn, &mut below);
                    swarms.announce_socket(self.now(), (conn, address), announce, &mut choose)
                }
                None => {
                    let mut choose = at_random(below);
                    swarms.announce_socket(self.now(), (conn, address), announce, &mut choose)
                }
            }
        });
        let mut sends = match announced.map_err(|_| ()) {
            Ok(Ok(Ok(sends))) => sends,
            Ok(Ok(Err(refusal))) => return Some(Err(refusal.into())),
            Ok(Err(no)) => return Some(Err(no)),
            Err(()) => {
                announce.offers.extend(kept);
                return None;
            }
        };
        metrics::counter!("shoal_tracker_announces_total", "transport" => "socket").increment(1);
        if let Some((resident, offer)) = resident.zip(kept) {
            resident.hand((conn, address), announce, offer);
        }
        let mut offers = 0;
        let post = self.connections.post();
        for send in &mut sends {
            match &mut send.message {
                Reply::Announced { counts, .. } if announce.seeder => {
                    *counts = self.with_resident(*counts);
                }
                Reply::Offer { .. } => offers += 1,
                _ => {}
            }
            post.send(send.to, |out| write(&send.message, out));
        }
        metrics::counter!("shoal_tracker_offers_total").increment(offers);
        Some(Ok(()))
    }

    /// A browser answers an offer.
    pub(crate) fn answer(&self, conn: ConnId, answer: &Answer<'_>) -> Result<(), No> {
        let send = lock(self.shard(answer.infohash))
            .swarms
            .answer(conn, answer)?;
        if let Some(send) = send {
            metrics::counter!("shoal_tracker_answers_total").increment(1);
            self.send(send.to, &send.message);
        }
        Ok(())
    }

    fn send(&self, conn: ConnId, message: &Reply<'_>) {
        self.connections
            .post()
            .send(conn, |out| write(message, out));
    }

    /// Another client announces itself and is told of others, of one family only if the reply can hold no more.
    pub(crate) async fn announce_from(
        &self,
        address: IpAddr,
        announce: &Announce,
        family: Option<Family>,
    ) -> Result<Announced, No> {
        self.with_hosted(announce.infohash, |shard| {
            self.admit(shard, address, announce, family)
        })
        .await?
    }

    /// The same, if it is known whether the infohash is hosted.
    pub(crate) fn announce_at_once(
        &self,
        address: IpAddr,
        announce: &Announce,
        family: Option<Family>,
    ) -> Option<Result<Announced, No>> {
        let admit = |shard: &mut Shard| self.admit(shard, address, announce, family);
        let done = self.if_known(announce.infohash, admit).ok()?;
        Some(done.and_then(|reply| reply))
    }

    /// How large the hosted ones among these swarms are.
    pub(crate) async fn scrape(&self, infohashes: &[InfoHash]) -> Vec<(InfoHash, Counts)> {
        let mut swarms = Vec::with_capacity(infohashes.len());
        for infohash in infohashes {
            let counts = self.with_hosted(*infohash, |shard| shard.swarms.scrape(*infohash));
            if let Ok(counts) = counts.await {
                swarms.push((*infohash, self.with_resident(counts)));
            }
        }
        swarms
    }

    fn admit(
        &self,
        shard: &mut Shard,
        address: IpAddr,
        announce: &Announce,
        family: Option<Family>,
    ) -> Result<Announced, No> {
        let Shard { swarms, dice, .. } = shard;
        let below = &mut |n| dice.below(n);
        let mut reply = swarms.announce_from(self.now(), address, announce, family, below)?;
        reply.counts = self.with_resident(reply.counts);
        if let Some(resident) = self.resident.get() {
            resident.list(address, announce, family, &mut reply.peers);
        }
        Ok(reply)
    }

    /// The counts with the pod among those that have everything.
    fn with_resident(&self, counts: Counts) -> Counts {
        let seeds = self.resident.get().is_some_and(|pod| (pod.seeds)());
        Counts {
            complete: counts.complete.saturating_add(seeds.into()),
            ..counts
        }
    }

    /// Lets one more request of an address without a connection through, or not.
    pub(crate) fn pass(&self, address: IpAddr) -> Result<(), No> {
        Ok(lock(&self.throttle).pass(self.now(), Prefix::from(address))?)
    }

    /// A browser has left a swarm.
    pub(crate) fn leave(&self, infohash: InfoHash, peer_id: PeerId, conn: ConnId) {
        self.leave_conducted(infohash, conn);
        lock(self.shard(infohash))
            .swarms
            .leave(infohash, peer_id, conn);
    }

    /// Does something with the shard of a hosted infohash, under its lock.
    async fn with_hosted<T>(
        &self,
        infohash: InfoHash,
        mut act: impl FnOnce(&mut Shard) -> T,
    ) -> Result<T, No> {
        loop {
            match self.if_known(infohash, act) {
                Ok(done) => return done,
                Err(unknown) => act = unknown,
            }
            self.learn(infohash).await?;
        }
    }

    /// Asks whether an infohash is hosted, unless that is known. A good answer may be forgotten again before it can be used.
    pub(crate) async fn learn(&self, infohash: InfoHash) -> Result<(), No> {
        let answer = lock(self.shard(infohash))
            .known
            .answer(self.now(), infohash);
        let hosting = match answer {
            Ok(hosting) => hosting,
            Err(ticket) => {
                let _permit = self.questions.acquire().await;
                let hosting = (self.hosts)(infohash).await;
                let mut shard = lock(self.shard(infohash));
                shard.known.learn(self.now(), infohash, ticket, hosting);
                hosting
            }
        };
        match hosting.is_hosted() {
            true => Ok(()),
            false => Err(No::Unknown),
        }
    }

    /// The same, if it is known whether the infohash is hosted; else what was to be done is given back.
    fn if_known<T, F: FnOnce(&mut Shard) -> T>(
        &self,
        infohash: InfoHash,
        act: F,
    ) -> Result<Result<T, No>, F> {
        let mut shard = lock(self.shard(infohash));
        match shard.known.answer(self.now(), infohash) {
            Ok(hosting) if hosting.is_hosted() => Ok(Ok(act(&mut shard))),
            Ok(_) => Ok(Err(No::Unknown)),
            Err(_) => Err(act),
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

impl Drop for Inner {
    fn drop(&mut self) {
        self.conducting.notify_one();
    }
}

/// Writes a message as it leaves.
fn write(message: &Reply<'_>, out: &mut Vec<u8>) {
    text_frame(out, |out| message.write_json(out));
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
