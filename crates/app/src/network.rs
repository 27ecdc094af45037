//! The pod among other pods: who it is to them, whom it is friends with, what it tells them and what it hears. The rules are
//! those of the crates `podnet` and `fedi`, which know no database and no socket; here they meet the rows and the wire.
//!
//! What must reach others is a row of the outbox, written in the transaction of the change it tells of (`telling`), so that nothing is
//! lost with the process; `sending` works these rows off, one host at a time. What comes in is believed only from the host it belongs to.

pub mod afar;
pub mod collections;
pub mod documents;
pub mod followers;
pub mod follows;
pub mod friends;
pub mod hearing;
pub mod inbox;
pub mod known;
pub mod notes;
pub mod ours;
pub mod parting;
pub mod pictures;
pub mod presenting;
pub mod remote;
pub mod sending;
pub mod wellknown;

pub(crate) mod asking;
pub(crate) mod saying;

mod actors;
pub mod calls;
pub(crate) mod fetching;
mod index;
mod rated;
mod said;
mod scores;
pub(crate) mod telling;
mod undone;

use crate::{Error, Pod, Result};
use fedi::keys::PrivateKey;
use fetch::{Options, Policy};
use followers::{Approval, FollowBack};
use names::{Host, HostId, KeyUri};
use podnet::{
    Capability, Speaks,
    envelope::{Nonce, OpeningKey},
    flood::{Flood, PODS, SENDING, STRANGERS, TooFast},
};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, OnceCell};

/// The name of the pod's own actor. PeerTube instances look an instance up by it.
pub const POD_NAME: &str = "peertube";

/// What the admin has decided about the network.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Through whom the network is joined when no pod is named.
    pub entry_pods: Vec<Host>,
    /// Who may follow the whole pod.
    pub followers: Approval,
    /// Whether instances that follow this pod are followed in turn.
    pub follow_back: FollowBack,
    /// Whether groups of messages travel in sealed envelopes where the other pod takes them.
    pub envelopes: Envelopes,
    /// Whether what signed-in users enter into the search is fetched from other hosts.
    pub users_fetch: bool,
    /// The same for everybody else.
    pub anonymous_fetch: bool,
}

/// Whether sealed envelopes are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelopes {
    Used,
    /// Everything is plain ActivityPub.
    Unused,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            entry_pods: Vec::new(),
            followers: Approval::Automatic,
            follow_back: FollowBack::Never,
            envelopes: Envelopes::Used,
            users_fetch: true,
            anonymous_fetch: false,
        }
    }
}

/// The way out of a pod with these settings: to everybody, or to this machine's other pods when it lives on this machine only.
pub(crate) fn way_out(settings: &crate::Settings) -> fetch::Client {
    let (_, host) = settings.public_url.split_once("://").unwrap_or_default();
    let at_home = Host::parse(host).is_ok_and(|host| host.is_loopback());
    let policy = if at_home {
        Policy::Loopback
    } else {
        Policy::Public
    };
    let agent = format!("Shoal/{} (+{})", settings.version, settings.public_url);
    fetch::Client::new(Options::new(policy, agent))
}

/// What the network needs of a running pod.
pub struct Network {
    /// The way out.
    pub fetch: fetch::Client,
    /// Told when the outbox has something new.
    pub(crate) wake: Notify,
    keys: OnceCell<Keys>,
    strangers: Mutex<Flood<String>>,
    pods: Mutex<Flood<HostId>>,
    /// What was sent to whom lately.
    sent: Mutex<Flood<HostId>>,
    searchers: Mutex<Flood<String>>,
    searched: Mutex<afar::Memory>,
    /// What NodeInfo says of usage, and when it was counted.
    counted: tokio::sync::Mutex<Option<(i64, fedi::nodeinfo::Usage)>>,
    /// What is counted of others, and how often they are asked.
    pub(crate) numbers: rated::Numbers,
}

/// The pod's key, for signing and for opening.
pub(crate) struct Keys {
    pub private: Arc<PrivateKey>,
    pub opening: Arc<OpeningKey>,
    pub id: KeyUri,
}

impl Network {
    /// A pod reaches others through `fetch`.
    pub fn new(fetch: fetch::Client) -> Self {
        Self {
            fetch,
            wake: Notify::new(),
            keys: OnceCell::new(),
            strangers: Mutex::new(Flood::new(STRANGERS, podnet::flood::MOST)),
            pods: Mutex::new(Flood::new(PODS, podnet::flood::MOST)),
            sent: Mutex::new(Flood::new(SENDING, podnet::flood::MOST)),
            searchers: Mutex::new(Flood::new(afar::RATE, podnet::flood::MOST)),
            searched: Mutex::default(),
            counted: tokio::sync::Mutex::default(),
            numbers: rated::Numbers::default(),
        }
    }

    /// Somebody nobody knows sends something from an address: at most so often.
    fn admit_stranger(&self, prefix: String, now: i64) -> Result<()> {
        let mut strangers = held(&self.strangers);
        strangers
            .pass(prefix, 1.0, now)
            .map_err(|too| Error::TooMany {
                seconds: too.wait / 1000 + 1,
                reason: "Too many messages of pods from this address.".into(),
            })
    }

    /// A pod that has proved who it is sends something: at most so often.
    fn admit_pod(&self, host: HostId, now: i64) -> std::result::Result<(), TooFast> {
        held(&self.pods).pass(host, 1.0, now)
    }

    /// Something was sent to a pod. How long the next thing should wait (milliseconds).
    fn pace(&self, host: HostId, now: i64) -> i64 {
        held(&self.sent)
            .pass(host, 1.0, now)
            .map_or_else(|too| too.wait, |()| 0)
    }

    /// Somebody has something fetched by looking for it: at most so often.
    fn admit_search(&self, who: String, now: i64) -> Result<()> {
        let mut searchers = held(&self.searchers);
        searchers.pass(who, 1.0, now).map_err(|too| Error::TooMany {
            seconds: too.wait / 1000 + 1,
            reason: "Too many searches on other pods.".into(),
        })
    }

    /// What was found under a text a moment ago.
    fn remembers(&self, text: &str, now: i64) -> Option<Option<afar::Thing>> {
        held(&self.searched).get(text, now)
    }

    fn remember(&self, text: &str, found: Option<afar::Thing>, now: i64) {
        held(&self.searched).put(text, found, now);
    }
}

fn held<T>(kept: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pod {
    /// What this pod is called by others.
    pub fn own_host(&self) -> Result<Host> {
        Host::parse(self.host()).map_err(|why| Error::Internal(anyhow::anyhow!("{why}")))
    }

    /// Whether the pod lives on this machine only, for trying things out: then other pods of this machine are reached without TLS.
    pub(crate) fn is_at_home(&self) -> bool {
        Host::parse(self.host()).is_ok_and(|host| host.is_loopback())
    }

    /// Where another pod's pages and actors are.
    pub fn base_of(&self, host: &Host) -> String {
        let plain = self.is_at_home() && host.is_loopback();
        format!("http{}://{host}", if plain { "" } else { "s" })
    }

    /// What this pod says of its protocol.
    pub fn speaks(&self) -> Speaks {
        match self.settings.network.envelopes {
            Envelopes::Used => Speaks::ours([Capability::Envelope]),
            Envelopes::Unused => Speaks::ours([]),
        }
    }
}

/// A friend is told something at least so often, if only that we are here (ms).
pub(crate) const GREETING: i64 = 24 * 3600 * 1000;
/// Hosts whose removal is gone on with at a time.
const LEAVING: i64 = 100;

/// Forgets what is too old to come again, goes on with what a restart interrupted, and sees to it that friends that are gone are found.
pub(crate) async fn tidy(pod: &Pod) -> Result<()> {
    let now = pod.now();
    db::nonces::sweep(&pod.db, now).await?;
    for row in db::hosts::leaving(&pod.db, LEAVING).await? {
        parting::forget(pod, &row).await?;
    }
    pictures::tidy(pod).await?;
    if db::hosts::greet(&pod.db, now - GREETING, now).await? > 0 {
        pod.network.told();
    }
    Ok(())
}

/// A fresh nonce.
pub(crate) fn nonce() -> Nonce {
    Nonce::new(crate::secrets::random())
}
