//! The line between two associations: what one sends arrives at the other after a while, or twice, or never, or behind what left later.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::sctp::random::Random;
use crate::sctp::{Association, Config, Event, Message};

pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The state of the weather, the same in both directions.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// One way.
    pub delay: Duration,
    /// Up to how much longer a packet may take by chance.
    pub jitter: Duration,
    /// The share of packets lost.
    pub loss: f64,
    /// The share of packets that come twice.
    pub twice: f64,
    /// Bytes per second, and how many bytes may queue for it.
    pub rate: Option<(u64, u64)>,
}

impl Line {
    /// Without losses.
    pub fn good(round_trip: Duration) -> Self {
        Self {
            delay: round_trip / 2,
            jitter: Duration::ZERO,
            loss: 0.0,
            twice: 0.0,
            rate: None,
        }
    }

    /// With losses.
    pub fn bad(round_trip: Duration, loss: f64) -> Self {
        Self {
            loss,
            ..Self::good(round_trip)
        }
    }
}

/// Both ends and what is between them. The first begins.
pub struct Net {
    pub now: Duration,
    pub line: Line,
    pub ends: [Association; 2],
    /// What each end was sent.
    pub got: [Vec<Message>; 2],
    /// What else each end had to tell.
    pub told: [Vec<Event>; 2],
    /// Whether the ends take their messages.
    pub taking: [bool; 2],
    /// Which packets are lost besides, counted from the first.
    pub drop: Vec<u64>,
    /// How many packets were sent.
    pub sent: u64,
    /// The most packets that left an end at one moment.
    pub burst: usize,
    random: Random,
    way: BTreeMap<(Duration, u64), (usize, Vec<u8>)>,
    free: [Duration; 2],
}

impl std::fmt::Debug for Net {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [first, second] = &self.ends;
        write!(f, "now {:?}\n{first:?}\n{second:?}", self.now)
    }
}

impl Net {
    pub fn new(line: Line, seed: u32) -> Self {
        Self::with(line, seed, Config::default())
    }

    pub fn with(line: Line, seed: u32, config: Config) -> Self {
        let mut random = Random::new(&mut || seed);
        let mut chance = || random.number();
        let first = Association::connect(Duration::ZERO, config.clone(), &mut chance);
        let second = Association::new(config, &mut chance);
        Self {
            now: Duration::ZERO,
            line,
            ends: [first, second],
            got: Default::default(),
            told: Default::default(),
            taking: [true; 2],
            drop: Vec::new(),
            sent: 0,
            burst: 0,
            random,
            way: BTreeMap::new(),
            free: Default::default(),
        }
    }

    /// Lets an end that has not begun yet count from `tsn`.
    pub fn set_first_tsn(&mut self, end: usize, tsn: u32) {
        let association = &mut self.ends[end];
        association.us.tsn = tsn;
        association.outbox = super::Outbox::new(tsn);
        if end == 0 {
            association.urgent.clear();
            association.greet(Duration::ZERO);
        }
    }

    /// Runs until both ends are connected.
    pub fn connect(&mut self) {
        let end = self.now + Duration::from_secs(60);
        while !self.ends.iter().all(Association::is_connected) {
            assert!(self.now < end, "no connection: {self:?}");
            self.step();
        }
    }

    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        self.flush();
        while self.next().is_some_and(|next| next <= end) {
            self.step();
        }
        self.now = end;
    }

    /// When something happens next.
    fn next(&self) -> Option<Duration> {
        let arrival = self.way.keys().next().map(|(at, _)| *at);
        let deadlines = self.ends.iter().filter_map(Association::deadline);
        deadlines.chain(arrival).min()
    }

    /// Lets the next thing happen.
    pub fn step(&mut self) {
        self.flush();
        self.now = self
            .next()
            .map_or(self.now + ms(1), |next| self.now.max(next));
        for end in 0..2 {
            if self.ends[end].deadline().is_some_and(|at| at <= self.now) {
                self.ends[end].tick(self.now);
                self.flush_end(end);
            }
        }
        while let Some(entry) = self.way.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            let (to, packet) = entry.remove();
            self.ends[to].receive(self.now, &packet);
            self.flush_end(to);
        }
    }

    fn chance(&mut self) -> f64 {
        f64::from(self.random.number()) / f64::from(u32::MAX)
    }

    /// Takes what the ends have to send and to tell.
    pub fn flush(&mut self) {
        self.flush_end(0);
        self.flush_end(1);
    }

    fn flush_end(&mut self, end: usize) {
        while self.taking[end] {
            match self.ends[end].poll_event() {
                Some(Event::Message(message)) => self.got[end].push(message),
                Some(event) => self.told[end].push(event),
                None => break,
            }
        }
        let mut packet = Vec::new();
        let mut burst = 0;
        while self.ends[end].poll_packet(self.now, &mut packet) {
            assert!(packet.len() <= self.ends[end].config.mtu && packet.len() > 12);
            self.carry(end, &packet);
            burst += 1;
            assert!(burst < 10_000, "it never stops sending");
        }
        self.burst = self.burst.max(burst);
    }

    fn carry(&mut self, from: usize, packet: &[u8]) {
        let number = self.sent;
        self.sent += 1;
        if self.drop.contains(&number) || self.chance() < self.line.loss {
            return;
        }
        let copies = if self.chance() < self.line.twice {
            2
        } else {
            1
        };
        for copy in 0..copies {
            let mut leaves = self.now;
            if let Some((rate, queue)) = self.line.rate {
                // Headers of DTLS, UDP and IP, and the frame.
                let length = packet.len() as u64 + 90;
                let waits = self.free[from].saturating_sub(self.now);
                if waits.as_micros() as u64 * rate / 1_000_000 > queue {
                    return;
                }
                let takes = Duration::from_nanos(length * 1_000_000_000 / rate);
                self.free[from] = self.free[from].max(self.now) + takes;
                leaves = self.free[from];
            }
            let late = self.line.jitter.mul_f64(self.chance());
            let arrives = leaves + self.line.delay + late;
            self.way
                .insert((arrives, 2 * number + copy), (1 - from, packet.to_vec()));
        }
    }

    /// Gives a packet to an end out of order, as an attacker or an old route would.
    pub fn inject(&mut self, to: usize, packet: &[u8]) {
        self.ends[to].receive(self.now, packet);
        self.flush();
    }
}

impl Association {
    /// The bytes of all buffers that are kept, roughly.
    pub fn kept(&self) -> usize {
        self.outbox.kept()
            + self.inbox.kept()
            + self.greeting.capacity()
            + (self.urgent.capacity() + self.replies.capacity()) * 24
            + self.events.capacity() * size_of::<Event>()
    }
}
