//! The tracker with the connections of its browsers, and the books beside it: who is in which swarm, since when, and with what. Each
//! message that the tracker sends must be for somebody who is there.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bittorrent::tracker::socket::{self, Answer, Offer, OwnSdp, Reply};
use bittorrent::tracker::{Announce, Event};
use bittorrent::{InfoHash, OfferId, PeerId};
use swarm::{ConnId, Limits, Rate, Refusal, Session, SwarmCounts, Tracker, at_random};

use crate::chance::Chance;

/// How long after its time an expired member may still be found: the sweeper looks at some members at a time.
const LAG: Duration = Duration::from_secs(120);

#[derive(Default)]
struct Members {
    sockets: BTreeMap<PeerId, (ConnId, bool, Duration)>,
    callable: BTreeMap<SocketAddr, (bool, Duration)>,
}

impl Members {
    /// Takes a browser out, if it is still this connection that holds its place.
    fn part(&mut self, peer_id: PeerId, conn: ConnId) {
        if self
            .sockets
            .get(&peer_id)
            .is_some_and(|peer| peer.0 == conn)
        {
            self.sockets.remove(&peer_id);
        }
    }
}

pub struct Swarms {
    pub tracker: Tracker,
    limits: Limits,
    sessions: BTreeMap<ConnId, Session>,
    books: BTreeMap<InfoHash, Members>,
    /// Under which name each connection speaks.
    names: BTreeMap<ConnId, PeerId>,
    last: u64,
    pub expired: usize,
}

/// A browser's announce.
pub struct Says {
    pub conn: ConnId,
    pub address: IpAddr,
    pub infohash: InfoHash,
    pub peer_id: PeerId,
    pub complete: bool,
    pub event: Event,
    pub offers: usize,
}

impl Swarms {
    pub fn new(limits: Limits) -> Self {
        Self {
            tracker: Tracker::new(limits),
            limits,
            sessions: BTreeMap::new(),
            books: BTreeMap::new(),
            names: BTreeMap::new(),
            last: 0,
            expired: 0,
        }
    }

    /// A browser opens its socket.
    pub fn open(&mut self, now: Duration) -> ConnId {
        self.last += 1;
        let rate = Rate {
            per_second: 30.0,
            burst: 300.0,
        };
        let conn = ConnId(self.last);
        self.sessions.insert(conn, Session::new(now, 8, rate));
        conn
    }

    /// A socket is gone, with all that was joined over it.
    pub fn close(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.remove(&conn) else {
            return;
        };
        for (infohash, peer_id) in session.joined() {
            self.tracker.leave(infohash, peer_id, conn);
            if let Some(members) = self.books.get_mut(&infohash) {
                members.part(peer_id, conn);
            }
        }
        self.names.remove(&conn);
    }

    pub fn is_open(&self, conn: ConnId) -> bool {
        self.sessions.contains_key(&conn)
    }

    /// A browser announces itself; whoever gets one of its offers answers it.
    pub fn announce(&mut self, now: Duration, says: &Says, chance: &mut Chance) {
        let session = self.sessions.get_mut(&says.conn).unwrap();
        assert_eq!(session.speak(now), Ok(()));
        let sdp = OwnSdp::new("v=0");
        let offer = |n: usize| Offer {
            offer_id: OfferId([n as u8; 20]),
            sdp: sdp.sdp(),
        };
        let announce = socket::Announce {
            seeder: true,
            infohash: says.infohash,
            peer_id: says.peer_id,
            left: Some(u64::from(!says.complete)),
            event: says.event,
            numwant: None,
            offers: (0..says.offers).map(offer).collect(),
        };
        match says.event {
            Event::Stopped => session.part(says.infohash, says.peer_id),
            _ => session.join(says.infohash, says.peer_id).unwrap(),
        }
        let who = (says.conn, says.address);
        let mut choose = at_random(|n| chance.below(n));
        let sends = self
            .tracker
            .announce_socket(now, who, &announce, &mut choose)
            .unwrap();
        self.names.insert(says.conn, says.peer_id);
        let members = self.books.entry(says.infohash).or_default();
        if says.event == Event::Stopped {
            members.part(says.peer_id, says.conn);
        } else {
            members
                .sockets
                .insert(says.peer_id, (says.conn, says.complete, now));
        }
        assert_eq!(sends[0].to, says.conn);
        assert!(sends.len() <= 1 + says.offers);
        for send in &sends[1..] {
            assert!(self.sessions.contains_key(&send.to), "nobody is there");
            let Reply::Offer { offer, .. } = &send.message else {
                panic!("an offer, not {:?}", send.message)
            };
            let heard = self.names[&send.to];
            assert_eq!(members.sockets[&heard].0, send.to);
            let answer = Answer {
                infohash: says.infohash,
                peer_id: heard,
                to_peer_id: says.peer_id,
                offer_id: offer.offer_id,
                sdp: offer.sdp,
            };
            let back = self.tracker.answer(send.to, &answer).unwrap();
            assert_eq!(back.map(|back| back.to), Some(says.conn));
        }
    }

    /// Somebody elsewhere uses another's name; it must not help while that one is there.
    pub fn impersonate(&mut self, now: Duration, peer_id: PeerId, infohash: InfoHash) {
        let announce = socket::Announce {
            seeder: true,
            infohash,
            peer_id,
            left: Some(0),
            event: Event::Started,
            numwant: None,
            offers: Vec::new(),
        };
        let there = self.books.get(&infohash);
        let there = there.and_then(|members| members.sockets.get(&peer_id));
        if there.is_some_and(|(.., seen)| now < *seen + self.limits.expiry) {
            let who = (ConnId(u64::MAX), IpAddr::from([203, 0, 113, 9]));
            let said = self
                .tracker
                .announce_socket(now, who, &announce, &mut |_, _| Vec::new());
            assert_eq!(said.unwrap_err(), Refusal::PeerIdTaken);
        }
    }

    /// A desktop client announces itself, and is told of others that can be called.
    pub fn announce_from(
        &mut self,
        now: Duration,
        own: SocketAddr,
        (infohash, complete, event): (InfoHash, bool, Event),
        chance: &mut Chance,
    ) {
        let announce = Announce {
            infohash,
            peer_id: PeerId([9; 20]),
            port: own.port(),
            left: Some(u64::from(!complete)),
            event,
            numwant: Some(50),
        };
        let members = self.books.entry(infohash).or_default();
        match event {
            Event::Stopped => drop(members.callable.remove(&own)),
            _ => drop(members.callable.insert(own, (complete, now))),
        }
        let told = self
            .tracker
            .announce_from(now, own.ip(), &announce, None, &mut |n| chance.below(n))
            .unwrap();
        let oldest = now.saturating_sub(self.limits.expiry + LAG);
        for peer in told.peers {
            // Who has left with a word is in no book; who vanished is told of until it expires.
            let (_, seen) = members.callable[&peer];
            assert!(
                peer != own && seen >= oldest,
                "{peer} is gone since {seen:?}"
            );
        }
    }

    /// The pod no longer shares a video.
    pub fn drop_swarm(&mut self, infohash: InfoHash) {
        let told: BTreeSet<ConnId> = self.tracker.drop_swarm(infohash).into_iter().collect();
        let members = self.books.remove(&infohash).unwrap_or_default();
        let there = members.sockets.values().map(|(conn, ..)| *conn);
        // Some may have been swept already; nobody else is told.
        assert!(told.is_subset(&there.collect()));
        assert_eq!(self.tracker.counts(infohash), SwarmCounts::default());
    }

    /// Looks for the silent as the pod does: often, and at few.
    pub fn sweep(&mut self, now: Duration, budget: usize) {
        self.expired += self.tracker.sweep(now, budget);
    }

    /// Compares everything with the books.
    pub fn check(&mut self, now: Duration) {
        // Twice, because the first round begins where the last one stopped.
        self.sweep(now, usize::MAX);
        self.sweep(now, usize::MAX);
        let since = now.saturating_sub(self.limits.expiry);
        let mut all = 0;
        let mut sizes = Vec::new();
        self.books.retain(|infohash, members| {
            members.sockets.retain(|_, (.., seen)| *seen >= since);
            members.callable.retain(|_, (_, seen)| *seen >= since);
            let complete = members.sockets.values().filter(|peer| peer.1).count()
                + members.callable.values().filter(|peer| peer.0).count();
            let size = members.sockets.len() + members.callable.len();
            let expected = SwarmCounts {
                seeders: complete as u32,
                leechers: (size - complete) as u32,
                browsers: members.sockets.len() as u32,
            };
            assert_eq!(self.tracker.counts(*infohash), expected, "{now:?}");
            all += size;
            sizes.push(size);
            size > 0
        });
        assert_eq!(self.tracker.peers(), all);
        assert_eq!(self.tracker.swarms(), self.books.len());
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        sizes.truncate(self.books.len().min(10));
        let busiest = self.tracker.busiest(10).into_iter();
        let busiest: Vec<usize> = busiest
            .map(|(_, counts)| (counts.seeders + counts.leechers) as usize)
            .collect();
        assert_eq!(busiest, sizes);
        // What is set aside follows those who are here, not those who were.
        let room = self.tracker.room();
        assert!(
            room <= 40 * self.books.len() + 16 * all,
            "room for {room}, {all} members of {} swarms",
            self.books.len()
        );
    }

    pub fn assert_empty(&self) {
        let left = (self.tracker.peers(), self.tracker.swarms());
        assert_eq!((left, self.tracker.room()), ((0, 0), 0));
        assert!(self.sessions.is_empty() && self.books.is_empty());
    }
}
