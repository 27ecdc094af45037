//! An endpoint, its callers and a network between them that takes its time and loses datagrams.

use std::collections::BTreeMap;

use super::client::Client;
use super::*;

const POD: &str = "192.0.2.1:4443";

pub(super) struct World {
    pub(super) now: Duration,
    pub(super) endpoint: Endpoint,
    pub(super) clients: Vec<Client>,
    pub(super) events: Vec<Event>,
    /// One way.
    pub(super) delay: Duration,
    /// One in so many datagrams is lost; none with 0.
    pub(super) loss: u64,
    /// Before one in so many datagrams to the endpoint comes a damaged copy of it; none with 0.
    pub(super) damage: u64,
    /// Datagrams from the endpoint, and batches of them.
    pub(super) sent: (usize, usize),
    under_way: BTreeMap<(Duration, u64), (Path, Vec<u8>)>,
    count: u64,
    dice: u64,
}

impl World {
    pub(super) fn new(config: Config) -> Self {
        let certificate = Certificate::generate().unwrap();
        Self {
            now: SECOND,
            endpoint: Endpoint::new(config, &certificate, Instant::now(), [7; 32]),
            clients: Vec::new(),
            events: Vec::new(),
            delay: Duration::from_millis(1),
            loss: 0,
            damage: 0,
            sent: (0, 0),
            under_way: BTreeMap::new(),
            count: 0,
            dice: 1,
        }
    }

    /// A client whose offer was answered.
    pub(super) fn call(&mut self, address: &str) -> (usize, PeerKey) {
        let mut client = Client::new(address);
        let candidates = [POD.parse().unwrap()];
        let (key, answer) = self
            .endpoint
            .accept(self.now, &client.offer(), &candidates)
            .unwrap();
        client.answer = Some(Description::parse(&answer).unwrap());
        self.clients.push(client);
        (self.clients.len() - 1, key)
    }

    /// A client whose channel is open.
    pub(super) fn open(&mut self, address: &str) -> (usize, PeerKey) {
        let (client, key) = self.call(address);
        self.until(10 * SECOND, |world| {
            world.events.contains(&Event::Open(key))
        });
        (client, key)
    }

    /// The same while nothing is damaged.
    pub(super) fn open_undamaged(&mut self, address: &str) -> (usize, PeerKey) {
        let damage = std::mem::take(&mut self.damage);
        let opened = self.open(address);
        self.damage = damage;
        opened
    }

    /// A number below `n`.
    fn roll(&mut self, n: u64) -> u64 {
        self.dice = self
            .dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % n
    }

    /// Starts the dice elsewhere.
    pub(super) fn shuffle(&mut self, seed: u64) {
        self.dice = seed;
    }

    fn throw(&mut self, path: Path, datagram: Vec<u8>) {
        let to_endpoint = path.remote == POD.parse().unwrap();
        if to_endpoint && self.damage > 0 && self.roll(self.damage) == 0 {
            let mut damaged = datagram.clone();
            for _ in 0..=self.roll(4) {
                let at = self.roll(damaged.len() as u64) as usize;
                match self.roll(4) {
                    0 => damaged[at] ^= 1 << self.roll(8),
                    1 => damaged[at] = self.roll(256) as u8,
                    2 => damaged.truncate(at.max(1)),
                    _ => damaged.insert(at, self.roll(256) as u8),
                }
            }
            self.fly(path, damaged);
        }
        if self.loss == 0 || self.roll(self.loss) > 0 {
            self.fly(path, datagram);
        }
    }

    fn fly(&mut self, path: Path, datagram: Vec<u8>) {
        self.count += 1;
        let arrival = (self.now + self.delay, self.count);
        self.under_way.insert(arrival, (path, datagram));
    }

    /// Lets time pass until something is so, at most for this long.
    pub(super) fn until(&mut self, most: Duration, done: impl Fn(&Self) -> bool) {
        let end = self.now + most;
        while !done(self) {
            assert!(self.now < end, "not within {most:?}: {:?}", self.events);
            self.step();
        }
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.step();
        }
    }

    fn step(&mut self) {
        self.now += Duration::from_millis(1);
        let later = self.under_way.split_off(&(self.now, u64::MAX));
        for (path, datagram) in std::mem::replace(&mut self.under_way, later).into_values() {
            if path.remote == POD.parse().unwrap() {
                let from = Path {
                    remote: SocketAddr::new(path.local.unwrap(), 5000),
                    local: None,
                };
                self.endpoint.receive(self.now, from, &datagram);
            } else if let Some(client) = self
                .clients
                .iter_mut()
                .find(|client| client.address == path.remote)
            {
                client.receive(self.now, &datagram);
            }
        }
        if self.endpoint.deadline().is_some_and(|at| at <= self.now) {
            self.endpoint.tick(self.now);
        }
        for index in 0..self.clients.len() {
            while let Some(datagram) = self.clients[index].poll(self.now) {
                let local = Some(self.clients[index].address.ip());
                self.throw(
                    Path {
                        remote: POD.parse().unwrap(),
                        local,
                    },
                    datagram,
                );
            }
        }
        self.carry();
    }

    /// Takes everything that the endpoint has to tell and to send.
    pub(super) fn carry(&mut self) {
        self.events
            .extend(std::iter::from_fn(|| self.endpoint.poll_event()));
        let mut batch = Batch::default();
        while let Some(transmit) = self.endpoint.poll_transmit(self.now, &mut batch) {
            assert!(!transmit.bytes.is_empty());
            let (path, datagrams) = (transmit.path, transmit.bytes.chunks(transmit.segment));
            let datagrams: Vec<Vec<u8>> = datagrams.map(<[u8]>::to_vec).collect();
            assert!(datagrams.len() <= MOST_SEGMENTS);
            self.sent = (self.sent.0 + datagrams.len(), self.sent.1 + 1);
            for datagram in datagrams {
                self.throw(path, datagram);
            }
        }
        self.events
            .extend(std::iter::from_fn(|| self.endpoint.poll_event()));
    }
}
