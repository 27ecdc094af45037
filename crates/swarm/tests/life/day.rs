//! What happens in a day, in order of time: viewers come, more of them in the evening, announce themselves again and again, take the
//! video from the pod or only meet others, and leave with a word, without one, or by falling silent. Meanwhile the pod sweeps and
//! passes turns on, and now and then a video is no longer shared.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bittorrent::tracker::Event;
use bittorrent::{InfoHash, PeerId};
use swarm::seeder::Torrent;
use swarm::{ConnId, Limits};

use crate::chance::Chance;
use crate::client::{Client, Habit};
use crate::seeding::Seeding;
use crate::swarms::{Says, Swarms};

const HOUR: Duration = Duration::from_secs(3600);
const LAST_ARRIVAL: Duration = Duration::from_secs(21 * 3600 + 1800);
const SWEEP: Duration = Duration::from_secs(2);
const SWEPT: usize = 40;
const ROTATE: Duration = Duration::from_secs(10);
const VIDEOS: usize = 150;

enum Happens {
    Arrives,
    Announces(u64),
    Leaves(u64),
    /// The owner of the sockets has noticed that nobody is there.
    Closes(ConnId),
    Steps(u64),
    Sweep,
    Rotate,
    TakenDown,
}

enum Reached {
    Socket(ConnId, IpAddr, PeerId),
    Called(SocketAddr),
}

struct Viewer {
    infohash: InfoHash,
    reached: Reached,
    complete: bool,
    /// Its connection to the pod's seeder.
    peer: Option<u64>,
}

/// What there was, so that a day on which nothing happens is noticed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub browsers: usize,
    pub desktops: usize,
    pub most_members: usize,
    pub expired: usize,
    pub peers: u64,
    pub most_waiting: usize,
    pub completed: usize,
    pub rotated: usize,
    pub refused: usize,
    pub farewells: BTreeMap<&'static str, usize>,
}

pub struct Day {
    now: Duration,
    chance: Chance,
    queue: BTreeMap<(Duration, u64), Happens>,
    last: u64,
    swarms: Swarms,
    seeding: Seeding,
    videos: Vec<InfoHash>,
    viewers: HashMap<u64, Viewer>,
    seen: Seen,
}

impl Day {
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let videos: Vec<InfoHash> = (0..VIDEOS).map(|n| InfoHash([n as u8; 20])).collect();
        let mut torrent = |infohash: &InfoHash| Torrent {
            infohash: *infohash,
            length: (1 << 20) + chance.below(10 << 20) as u64,
            piece_length: 256 << 10,
            info: vec![7; 5000].into(),
        };
        let seeding = Seeding::new(videos.iter().map(&mut torrent).collect::<Vec<_>>());
        let mut day = Self {
            now: Duration::ZERO,
            chance,
            queue: BTreeMap::new(),
            last: 0,
            swarms: Swarms::new(Limits::default()),
            seeding,
            videos,
            viewers: HashMap::new(),
            seen: Seen::default(),
        };
        for first in [
            Happens::Arrives,
            Happens::Sweep,
            Happens::Rotate,
            Happens::TakenDown,
        ] {
            day.after(SWEEP, first);
        }
        day
    }

    /// Lives on until a time.
    pub fn until(&mut self, end: Duration) {
        while let Some(entry) = self.queue.first_entry()
            && entry.key().0 <= end
        {
            let ((now, _), happens) = entry.remove_entry();
            self.now = now;
            self.happens(happens);
        }
        self.now = end;
    }

    pub fn check(&mut self) {
        self.swarms.check(self.now);
        self.seeding.check(self.now);
    }

    pub fn assert_empty(&self) {
        self.swarms.assert_empty();
        self.seeding.assert_empty();
        assert!(self.viewers.is_empty());
    }

    pub fn seen(&mut self) -> &Seen {
        self.seen.expired = self.swarms.expired;
        self.seen.peers = self.seeding.connections();
        self.seen.most_waiting = self.seeding.most_waiting;
        self.seen.completed = self.seeding.completed;
        self.seen.rotated = self.seeding.rotated;
        self.seen.farewells = self.seeding.farewells.clone();
        &self.seen
    }

    fn after(&mut self, wait: Duration, happens: Happens) {
        self.last += 1;
        self.queue.insert((self.now + wait, self.last), happens);
    }

    fn happens(&mut self, happens: Happens) {
        match happens {
            Happens::Arrives => self.arrive(),
            Happens::Announces(viewer) => self.announce(viewer, Event::Update),
            Happens::Leaves(viewer) => self.leave(viewer),
            Happens::Closes(conn) => self.swarms.close(conn),
            Happens::Steps(peer) => {
                if let Some(next) = self.seeding.step(self.now, peer, &mut self.chance) {
                    self.after(next - self.now, Happens::Steps(peer));
                }
            }
            Happens::Sweep => {
                self.swarms.sweep(self.now, SWEPT);
                let members = self.swarms.tracker.peers();
                self.seen.most_members = self.seen.most_members.max(members);
                self.after(SWEEP, Happens::Sweep);
            }
            Happens::Rotate => {
                self.seeding.rotate(self.now);
                self.after(ROTATE, Happens::Rotate);
            }
            Happens::TakenDown => {
                let video = self.chance.below(VIDEOS);
                let infohash = self.videos[video];
                self.swarms.drop_swarm(infohash);
                self.seeding.forget(self.now, infohash);
                let wait = self.chance.seconds(1200, 3600);
                self.after(wait, Happens::TakenDown);
            }
        }
    }

    fn arrive(&mut self) {
        let hour = (self.now.as_secs() / HOUR.as_secs()) as usize;
        let rush = [1, 1, 1, 1, 2, 3, 4, 4][hour / 3];
        let wait = self.chance.seconds(1, 36 / rush);
        if self.now + wait < LAST_ARRIVAL {
            self.after(wait, Happens::Arrives);
        }
        let infohash = self.videos[self.chance.skewed(VIDEOS)];
        let number = self.last as u32;
        let reached = if self.chance.one_in(3) {
            self.seen.desktops += 1;
            let ip = match self.chance.one_in(4) {
                true => Ipv6Addr::from((0x2001_0db8 << 96) | u128::from(number) << 64).into(),
                false => Ipv4Addr::from(0x0a00_0000 | number & 0xff_ffff).into(),
            };
            Reached::Called(SocketAddr::new(ip, 6881))
        } else {
            self.seen.browsers += 1;
            let mut name = *b"-WW0001-000000000000";
            name[16..].copy_from_slice(&number.to_be_bytes());
            let ip = Ipv4Addr::from(0x0b00_0000 | number & 0xff_ffff).into();
            Reached::Socket(self.swarms.open(self.now), ip, PeerId(name))
        };
        let viewer = Viewer {
            infohash,
            reached,
            complete: false,
            peer: None,
        };
        self.last += 1;
        let key = self.last;
        self.viewers.insert(key, viewer);
        let stay = match self.chance.below(4) {
            0 => self.chance.seconds(1, 120),
            _ => self.chance.seconds(120, 5000),
        };
        self.after(stay, Happens::Leaves(key));
        self.announce(key, Event::Started);
        if !self.chance.one_in(3) {
            self.connect(key);
        }
    }

    /// Calls the pod's seeder.
    fn connect(&mut self, key: u64) {
        let Some(viewer) = self.viewers.get_mut(&key) else {
            return;
        };
        let Some(torrent) = self.seeding.torrent(viewer.infohash) else {
            return;
        };
        let habit = match self.chance.below(20) {
            0 => Habit::Dawdles,
            1 => Habit::Mute,
            2 => Habit::Raves,
            3 => Habit::Overreaches,
            _ => Habit::Takes,
        };
        let client = Client::new(habit, torrent, !self.chance.one_in(4));
        let peer = self.seeding.connect(self.now, client);
        viewer.peer = Some(peer);
        self.after(Duration::from_millis(50), Happens::Steps(peer));
    }

    fn announce(&mut self, key: u64, event: Event) {
        let Some(viewer) = self.viewers.get_mut(&key) else {
            return;
        };
        if self.seeding.torrent(viewer.infohash).is_none() {
            // The pod does not host this, and nobody is let into a swarm of it.
            self.seen.refused += 1;
            return;
        }
        let completes = event == Event::Update && !viewer.complete && self.chance.one_in(10);
        viewer.complete |= completes;
        let event = if completes { Event::Completed } else { event };
        match &mut viewer.reached {
            Reached::Socket(conn, address, peer_id) => {
                if self.chance.one_in(12) {
                    // The connection was lost; the old one may be noticed only later.
                    let lost = std::mem::replace(conn, self.swarms.open(self.now));
                    match self.chance.one_in(2) {
                        true => self.swarms.close(lost),
                        false => {
                            self.last += 1;
                            let noticed = self.now + self.chance.seconds(1, 80);
                            self.queue
                                .insert((noticed, self.last), Happens::Closes(lost));
                        }
                    }
                }
                let says = Says {
                    conn: *conn,
                    address: *address,
                    infohash: viewer.infohash,
                    peer_id: *peer_id,
                    complete: viewer.complete,
                    event,
                    offers: self.chance.below(6),
                };
                self.swarms.announce(self.now, &says, &mut self.chance);
                if self.chance.one_in(50) {
                    self.swarms
                        .impersonate(self.now, says.peer_id, says.infohash);
                }
            }
            Reached::Called(address) => {
                let says = (viewer.infohash, viewer.complete, event);
                self.swarms
                    .announce_from(self.now, *address, says, &mut self.chance);
            }
        }
        let wait = self.chance.seconds(100, 140);
        self.after(wait, Happens::Announces(key));
    }

    fn leave(&mut self, key: u64) {
        let Some(viewer) = self.viewers.remove(&key) else {
            return;
        };
        let word = self.chance.one_in(2);
        if let Some(peer) = viewer.peer {
            match self.chance.one_in(4) {
                true => self.seeding.vanish(peer),
                false => self.seeding.hang_up(self.now, peer),
            }
        }
        let shared = self.seeding.torrent(viewer.infohash).is_some();
        match viewer.reached {
            Reached::Socket(conn, address, peer_id) => {
                if word && shared && self.swarms.is_open(conn) {
                    let says = Says {
                        conn,
                        address,
                        infohash: viewer.infohash,
                        peer_id,
                        complete: viewer.complete,
                        event: Event::Stopped,
                        offers: 0,
                    };
                    self.swarms.announce(self.now, &says, &mut self.chance);
                }
                // A lost connection is noticed after a while; a page in the background may keep it and sleep.
                let noticed = match self.chance.below(4) {
                    0 => self.chance.seconds(80, 81),
                    1 => self.chance.seconds(300, 1200),
                    _ => Duration::ZERO,
                };
                self.after(noticed, Happens::Closes(conn));
            }
            Reached::Called(address) if word => {
                let says = (viewer.infohash, viewer.complete, Event::Stopped);
                self.swarms
                    .announce_from(self.now, address, says, &mut self.chance);
            }
            Reached::Called(_) => {}
        }
    }
}
