//! The conductors of the swarms, beside the swarm table: one for each swarm in which a viewer can be conducted, made for the first of
//! them and dropped with the last. Pages of ours hear from theirs on the tracker's socket; stock clients on the pod's own connection
//! with them, where a grant is an ordinary HAVE. What is granted to whom is decided in `swarm::conductor`; here are its clock, its
//! lock (that of the shard) and the ways to the viewers.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bittorrent::InfoHash;
use bittorrent::tracker::frames::binary_frame;
use swarm::conductor::message::ToPage;
use swarm::conductor::{Account, Conductor, Kind, Order, Report, Rules, Settings, What};
use swarm::{ConnId, Crowd};
use tokio::sync::Notify;

use super::{Hosting, Inner, No, Shard};
use crate::connections::{Connections, lock};

/// How often swarms are looked at that have something to decide: a grant that comes so much later is not missed by anybody.
const BEAT: Duration = Duration::from_millis(50);

/// The conducted swarms of a shard.
#[derive(Default)]
pub(super) struct Stage {
    swarms: HashMap<InfoHash, Conducting>,
}

/// A swarm and how its viewers are reached.
struct Conducting {
    conductor: Conductor<ConnId>,
    ways: HashMap<ConnId, Way>,
}

/// How a viewer hears what it is granted.
pub(crate) enum Way {
    /// On the tracker's socket, where it calls the swarm by this number.
    Page(u8),
    /// By a function that passes it on.
    Wire(Box<dyn Fn(Vec<Range<u32>>) + Send + Sync>),
}

impl Stage {
    /// A viewer comes, if the pod conducts this swarm.
    fn join(
        &mut self,
        now: Duration,
        (infohash, hosting): (InfoHash, Hosting),
        conn: ConnId,
        way: Way,
    ) -> Option<Settings> {
        let Hosting::Conducted(film) = hosting else {
            return None;
        };
        let swarm = self.swarms.entry(infohash).or_insert_with(|| Conducting {
            conductor: Conductor::new(film, Rules::default()),
            ways: HashMap::new(),
        });
        let kind = match way {
            Way::Page(_) => Kind::Page,
            Way::Wire(_) => Kind::Stock,
        };
        // A page that says hello again begins anew; a connection of the pod with a page takes nothing away from it.
        match (swarm.ways.get(&conn), kind) {
            (Some(Way::Page(_)), Kind::Stock) => return None,
            (Some(_), _) => swarm.conductor.leave(now, conn),
            (None, _) => {}
        }
        swarm.ways.insert(conn, way);
        Some(swarm.conductor.join(now, conn, kind))
    }

    fn leave(&mut self, now: Duration, infohash: InfoHash, conn: ConnId) {
        if let Some(swarm) = self.swarms.get_mut(&infohash)
            && swarm.ways.remove(&conn).is_some()
        {
            swarm.conductor.leave(now, conn);
            if swarm.ways.is_empty() {
                self.swarms.remove(&infohash);
            }
        }
    }

    /// Drops a swarm that is not shared any more.
    pub(super) fn forget(&mut self, infohash: InfoHash) {
        self.swarms.remove(&infohash);
    }

    /// The conductor of a swarm, to choose neighbours by.
    pub(super) fn conductor(&mut self, infohash: InfoHash) -> Option<&mut Conductor<ConnId>> {
        let swarm = self.swarms.get_mut(&infohash)?;
        Some(&mut swarm.conductor)
    }

    /// Lets every conductor decide that has something to decide; tells when the next has.
    fn conduct(&mut self, now: Duration, connections: &Connections) -> Option<Duration> {
        self.swarms
            .values_mut()
            .filter_map(|swarm| swarm.conduct(now, connections))
            .min()
    }
}

impl Conducting {
    fn conduct(&mut self, now: Duration, connections: &Connections) -> Option<Duration> {
        let due = self.conductor.deadline()?;
        if due > now {
            return Some(due);
        }
        let mut orders = Vec::new();
        self.conductor.conduct(now, &mut orders);
        let post = connections.post();
        for Order { viewer, what } in orders {
            match self.ways.get(&viewer) {
                Some(Way::Page(swarm)) => {
                    let reply = match what {
                        What::Grant(pieces) => ToPage::Grant {
                            swarm: *swarm,
                            pieces,
                        },
                        What::Settings(settings) => ToPage::Settings {
                            swarm: *swarm,
                            settings,
                        },
                    };
                    post.send(viewer, |out| binary_frame(out, &reply.write()));
                }
                Some(Way::Wire(grant)) => {
                    if let What::Grant(pieces) = what {
                        grant(pieces);
                    }
                }
                None => {}
            }
        }
        self.conductor.deadline()
    }
}

impl Inner {
    /// A viewer would like to be conducted. `None` if it is not known whether the infohash is hosted.
    pub(crate) fn join_conducted(
        &self,
        infohash: InfoHash,
        conn: ConnId,
        way: Way,
    ) -> Option<Result<Option<Settings>, No>> {
        let now = self.now();
        let joined = self.if_known(infohash, |shard| {
            let hosting = shard.known.answer(now, infohash).unwrap_or(Hosting::No);
            shard.stage.join(now, (infohash, hosting), conn, way)
        });
        let joined = joined.ok()?;
        self.conducting.notify_one();
        Some(joined)
    }

    /// A page tells its conductor where it is and how it does.
    pub(crate) fn report(
        &self,
        infohash: InfoHash,
        conn: ConnId,
        report: &Report,
        gained: &[Range<u32>],
        lost: &[Range<u32>],
    ) {
        self.with_conductor(infohash, |now, conductor| {
            for pieces in lost {
                conductor.lost(now, conn, pieces.clone());
            }
            for pieces in gained {
                conductor.gained(now, conn, pieces.clone());
            }
            conductor.report(now, conn, report);
        });
    }

    /// A viewer has pieces.
    pub(crate) fn gained(&self, infohash: InfoHash, conn: ConnId, gained: &[Range<u32>]) {
        self.with_conductor(infohash, |now, conductor| {
            for pieces in gained {
                conductor.gained(now, conn, pieces.clone());
            }
        });
    }

    /// A viewer leaves its conductor.
    pub(crate) fn leave_conducted(&self, infohash: InfoHash, conn: ConnId) {
        lock(self.shard(infohash))
            .stage
            .leave(self.now(), infohash, conn);
        self.conducting.notify_one();
    }

    fn with_conductor(
        &self,
        infohash: InfoHash,
        act: impl FnOnce(Duration, &mut Conductor<ConnId>),
    ) {
        let now = self.now();
        let mut shard = lock(self.shard(infohash));
        let Some(swarm) = shard.stage.swarms.get_mut(&infohash) else {
            return;
        };
        act(now, &mut swarm.conductor);
        // What is urgent (a seek into pieces that nobody has) is decided at once.
        let due = swarm.conduct(now, &self.connections);
        drop(shard);
        if due.is_some() {
            self.conducting.notify_one();
        }
    }

    /// What has left the pod for a swarm since its conductor began.
    pub(crate) fn account(&self, infohash: InfoHash) -> Option<Account> {
        let mut shard = lock(self.shard(infohash));
        shard
            .stage
            .conductor(infohash)
            .map(|conductor| conductor.account())
    }

    /// Lets all conductors decide; tells when that has to be done again, if at all.
    fn conduct(&self) -> Option<Duration> {
        let now = self.now();
        let decide = |shard: &std::sync::Mutex<Shard>| {
            let mut shard = lock(shard);
            shard.stage.conduct(now, &self.connections)
        };
        self.shards.iter().filter_map(decide).min()
    }
}

/// Chooses to whom an offer goes by what the conductor knows of the viewers.
pub(super) fn by_conductor(
    conductor: &mut Conductor<ConnId>,
    now: Duration,
    asker: ConnId,
    below: &mut dyn FnMut(usize) -> usize,
) -> impl FnMut(&Crowd<'_>, usize) -> Vec<usize> {
    move |crowd, wanted| {
        let candidates: Vec<ConnId> = (0..crowd.len())
            .filter_map(|position| crowd.conn(position))
            .collect();
        conductor.neighbours(now, asker, &candidates, wanted, below)
    }
}

/// Beats time for all conductors while there are any that wait for something; ends when the bell rings for the last time.
pub(super) async fn keep_conducting(inner: Weak<Inner>, bell: Arc<Notify>) {
    loop {
        bell.notified().await;
        loop {
            let Some(inner) = inner.upgrade() else {
                return;
            };
            let Some(due) = inner.conduct() else {
                break;
            };
            // A report may bring the next decision forward, so the pause is never long.
            let pause = due.saturating_sub(inner.now()).clamp(BEAT, 4 * BEAT);
            drop(inner);
            tokio::time::sleep(pause).await;
        }
    }
}
