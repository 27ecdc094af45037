//! The world of a run: time, the viewers with their links, the pod with its conductor, and what happens to them. Which pieces a viewer
//! asks of whom is decided elsewhere (`page`, `loader`); here they travel.

use std::time::Duration;

use swarm::conductor::{Conductor, Film, Order, Rules, What};

use crate::chance::Chance;
use crate::events::{Event, Events, MILLI, SECOND, Time, Who};
use crate::outcome::Outcome;
use crate::playback::{Cut, State};
use crate::scenario::{DURATION, RATE, Scenario};
use crate::viewer::{Viewer, Waiting};
use crate::{Policy, loader, page};

pub struct World<'a> {
    pub scenario: &'a Scenario,
    pub policy: Policy,
    pub cut: Cut,
    pub chance: Chance,
    pub events: Events,
    pub now: Time,
    pub viewers: Vec<Viewer>,
    pub present: Vec<Who>,
    /// Who has a short buffer and room to ask.
    pub hungry: Vec<bool>,
    pub conductor: Conductor<Who>,
    conduct_at: Time,
    orders: Vec<Order<Who>>,
    pub feed: f64,
    pub instant: f64,
    pub rescue: f64,
    pub signalling: f64,
}

impl<'a> World<'a> {
    pub fn new(scenario: &'a Scenario, policy: Policy, seed: u64, rules: Rules) -> Self {
        let cut = match policy {
            Policy::Conducted => Cut::new(65_536.0, &[1.0, 1.0, 2.0, 4.0]),
            Policy::Loader => Cut::new(4.0 * RATE, &[4.0]),
        };
        let film = Film {
            pieces: cut.pieces,
            piece_length: cut.piece_bytes as u32,
            length: (DURATION * RATE) as u64,
            duration: Duration::from_secs_f64(DURATION),
        };
        let mut world = Self {
            scenario,
            policy,
            cut,
            chance: Chance::new(seed),
            events: Events::default(),
            now: 0,
            viewers: Vec::new(),
            present: Vec::new(),
            hungry: vec![false; scenario.viewers as usize],
            conductor: Conductor::new(film, rules),
            conduct_at: Time::MAX,
            orders: Vec::new(),
            feed: 0.0,
            instant: 0.0,
            rescue: 0.0,
            signalling: 0.0,
        };
        for who in 0..scenario.viewers {
            world.draw(who);
        }
        world
    }

    /// Draws a viewer and when it comes.
    fn draw(&mut self, who: Who) {
        let (scenario, chance) = (self.scenario, &mut self.chance);
        let seconds = |seconds: f64| (seconds * SECOND as f64) as Time;
        let mut viewer = Viewer::new(self.cut.pieces);
        let (low, high) = scenario.uplinks;
        let drawn = chance.log_between(low, high);
        let uplinks = scenario.exact_uplinks;
        let exact = uplinks.get(who as usize % uplinks.len().max(1));
        viewer.uplink = exact.copied().unwrap_or(drawn) * 125_000.0;
        if chance.happens(scenario.silent) {
            viewer.uplink = 0.0;
        }
        viewer.blocked = chance.happens(scenario.blocked);
        viewer.downlink = 50.0 * 125_000.0;
        viewer.round_trip = seconds(chance.between(0.02, 0.08));
        let comes = seconds(chance.between(0.0, scenario.arrivals));
        if scenario.watch > 0.0 {
            viewer.leaves = Some(comes + seconds(chance.waiting(scenario.watch)));
        }
        if chance.happens(scenario.seekers) {
            viewer.seeks = Some(comes + seconds(chance.between(5.0, 120.0)));
        }
        self.events.add(comes, Event::Arrive(who));
        self.viewers.push(viewer);
    }

    pub fn run(&mut self) {
        while let Some((at, event)) = self.events.next() {
            self.now = at;
            self.happen(event);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive(who) => self.arrive(who),
            Event::Conduct => self.conduct(),
            Event::Welcome(who)
            | Event::Leave(who)
            | Event::Seek(who)
            | Event::Mingle(who)
            | Event::Sent(who)
            | Event::Fetched(who)
            | Event::Think(who)
            | Event::Play(who, _)
            | Event::Report(who)
            | Event::Dice(who)
            | Event::Connected(who, _)
            | Event::Granted { to: who, .. }
            | Event::Received { to: who, .. } => {
                if self.viewers[who as usize].here {
                    self.happen_to(who, event);
                }
            }
        }
    }

    fn happen_to(&mut self, who: Who, event: Event) {
        match event {
            Event::Welcome(_) => page::welcome(self, who),
            Event::Leave(_) => self.leave(who),
            Event::Seek(_) => self.seek(who),
            Event::Mingle(_) => self.mingle(who),
            Event::Connected(_, other) => self.connect(who, other),
            Event::Sent(_) => self.sent(who),
            Event::Received { from, piece, .. } => self.received(who, from, piece),
            Event::Fetched(_) => self.fetched(who),
            Event::Think(_) => {
                if self.viewers[who as usize].think_at <= self.now {
                    self.viewers[who as usize].think_at = Time::MAX;
                    self.think(who);
                }
            }
            Event::Play(_, version) => self.play(who, version),
            Event::Report(_) => page::report(self, who),
            Event::Granted { first, end, .. } => page::granted(self, who, first..end),
            Event::Dice(_) => loader::dice(self, who),
            Event::Arrive(_) | Event::Conduct => {}
        }
    }

    pub fn think(&mut self, who: Who) {
        match self.policy {
            Policy::Conducted => page::think(self, who),
            Policy::Loader => loader::think(self, who),
        }
    }

    /// Has a viewer think again, at this time at the latest.
    pub fn think_at(&mut self, who: Who, at: Time) {
        let viewer = &mut self.viewers[who as usize];
        if at < viewer.think_at {
            viewer.think_at = at;
            self.events.add(at, Event::Think(who));
        }
    }

    fn arrive(&mut self, who: Who) {
        let now = self.now;
        let viewer = &mut self.viewers[who as usize];
        viewer.here = true;
        viewer.came = now;
        viewer.waits_since = now;
        viewer.playback.begin(now, 0.0, &self.cut);
        let (leaves, seeks, round_trip) = (viewer.leaves, viewer.seeks, viewer.round_trip);
        self.present.push(who);
        for (at, event) in [(leaves, Event::Leave(who)), (seeks, Event::Seek(who))] {
            if let Some(at) = at {
                self.events.add(at.max(now), event);
            }
        }
        match self.policy {
            Policy::Conducted => self
                .events
                .add(now + round_trip + 20 * MILLI, Event::Welcome(who)),
            Policy::Loader => {
                self.think_at(who, now);
                loader::dice(self, who);
                self.mingle(who);
            }
        }
    }

    fn leave(&mut self, who: Who) {
        let viewer = &mut self.viewers[who as usize];
        viewer.here = false;
        let waiting = std::mem::take(&mut viewer.queue).into_iter();
        let waiting: Vec<Waiting> = waiting
            .chain(viewer.sending.take().map(|it| it.0))
            .collect();
        let neighbours = std::mem::take(&mut viewer.neighbours);
        viewer.held = crate::bitmap::Bitmap::default();
        self.present.retain(|other| *other != who);
        for Waiting { to, piece } in waiting {
            self.forget(to, who, piece);
        }
        for other in neighbours {
            let other = &mut self.viewers[other as usize];
            other.neighbours.retain(|it| *it != who);
        }
        if self.policy == Policy::Conducted {
            self.conductor.leave(self.clock(), who);
            self.sync();
        }
    }

    /// A request will not be answered.
    fn forget(&mut self, to: Who, from: Who, piece: u32) {
        let viewer = &mut self.viewers[to as usize];
        let before = viewer.requests.len();
        viewer
            .requests
            .retain(|request| request.piece != piece || request.from != from);
        if viewer.here && viewer.requests.len() < before {
            viewer.pending.remove(piece);
            self.think_at(to, self.now + 100 * MILLI);
        }
    }

    fn seek(&mut self, who: Who) {
        let position = self.chance.between(0.0, DURATION - 60.0);
        let now = self.now;
        let viewer = &mut self.viewers[who as usize];
        if viewer.playback.state == State::Ended || viewer.playback.first_frame.is_none() {
            return;
        }
        viewer.playback.begin(now, position, &self.cut);
        viewer.waits_since = now;
        if self.policy == Policy::Conducted {
            page::start(self, who);
        }
        self.feed_player(who);
        self.think_at(who, now);
    }

    /// Makes new connections when there are few.
    fn mingle(&mut self, who: Who) {
        let now = self.now;
        let viewer = &self.viewers[who as usize];
        if viewer.playback.state == State::Ended {
            return;
        }
        let wait = if viewer.neighbours.is_empty() { 2 } else { 5 };
        self.events.add(now + wait * SECOND, Event::Mingle(who));
        let room = page::NEIGHBOURS.saturating_sub(viewer.neighbours.len());
        let room = room.min(page::OFFERS);
        if room == 0 || viewer.blocked || self.present.len() < 2 {
            return;
        }
        let clock = self.clock();
        let chance = &mut self.chance;
        let below = &mut |n: usize| chance.below(n);
        let chosen: Vec<Who> = match self.policy {
            Policy::Conducted => {
                let chosen = self
                    .conductor
                    .neighbours(clock, who, &self.present, room, below);
                chosen.into_iter().map(|at| self.present[at]).collect()
            }
            Policy::Loader => (0..room)
                .map(|_| self.present[below(self.present.len())])
                .collect(),
        };
        for other in chosen {
            let refused = other == who
                || self.viewers[other as usize].blocked
                || self.viewers[other as usize].neighbours.len() >= page::MOST_NEIGHBOURS
                || self.viewers[who as usize].neighbours.contains(&other)
                || self.chance.happens(self.scenario.unreachable);
            let set_up = self.chance.between(0.6, 1.5);
            if !refused {
                let at = now + (set_up * SECOND as f64) as Time;
                self.events.add(at, Event::Connected(who, other));
            }
        }
    }

    fn connect(&mut self, who: Who, other: Who) {
        if !self.viewers[other as usize].here
            || self.viewers[who as usize].neighbours.contains(&other)
        {
            return;
        }
        for (one, two) in [(who, other), (other, who)] {
            self.viewers[one as usize].neighbours.push(two);
            self.think_at(one, self.now);
            if self.viewers[one as usize].neighbours.len() == 1 {
                page::report_at(self, one, self.now);
            }
        }
    }

    pub fn got(&mut self, who: Who, piece: u32) {
        let viewer = &mut self.viewers[who as usize];
        viewer.pending.remove(piece);
        if !viewer.held.insert(piece) {
            return;
        }
        if self.policy == Policy::Conducted {
            viewer.gained.push(piece);
            page::report_at(self, who, self.now);
        }
        self.feed_player(who);
        self.think(who);
        if self.policy == Policy::Conducted && self.viewers[who as usize].uplink > 0.0 {
            page::tell(self, who);
        }
    }

    /// Hands the player what it can use.
    fn feed_player(&mut self, who: Who) {
        let viewer = &mut self.viewers[who as usize];
        if viewer.playback.feed(self.now, &viewer.held, &self.cut) {
            let (at, version) = (viewer.playback.runs_out(), viewer.playback.version);
            self.events.add(at, Event::Play(who, version));
        }
    }

    fn play(&mut self, who: Who, version: u32) {
        let now = self.now;
        let playback = &mut self.viewers[who as usize].playback;
        if playback.version != version || playback.state != State::Playing {
            return;
        }
        let at = playback.runs_out();
        if at > now {
            self.events.add(at, Event::Play(who, version));
            return;
        }
        playback.run_out(now, &self.cut);
        if playback.state == State::Ended {
            self.leave(who);
        } else {
            self.think_at(who, now);
        }
    }

    pub fn clock(&self) -> Duration {
        Duration::from_micros(self.now)
    }

    /// Sees to it that the conductor is called in time.
    pub fn sync(&mut self) {
        if let Some(deadline) = self.conductor.deadline() {
            let at = (deadline.as_micros() as Time + 1).max(self.now);
            if at < self.conduct_at {
                self.conduct_at = at;
                self.events.add(at, Event::Conduct);
            }
        }
    }

    fn conduct(&mut self) {
        if self.conduct_at > self.now {
            return;
        }
        self.conduct_at = Time::MAX;
        let mut orders = std::mem::take(&mut self.orders);
        self.conductor.conduct(self.clock(), &mut orders);
        for Order { viewer: to, what } in orders.drain(..) {
            let viewer = &mut self.viewers[to as usize];
            let at = self.now + viewer.round_trip / 2;
            match what {
                What::Settings(settings) => viewer.settings = Some(settings),
                What::Grant(ranges) => {
                    self.signalling += 3.0 + 3.0 * ranges.len() as f64;
                    for range in ranges {
                        let (first, end) = (range.start, range.end);
                        self.events.add(at, Event::Granted { to, first, end });
                    }
                }
            }
        }
        self.orders = orders;
        self.sync();
    }

    pub fn outcome(&self) -> Outcome {
        let film = DURATION * RATE;
        let seconds = |time: Time| time as f64 / SECOND as f64;
        let count = self.viewers.len() as f64;
        let playbacks = || self.viewers.iter().map(|viewer| &viewer.playback);
        let sorted = |mut times: Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times
        };
        let starts = self.viewers.iter();
        let starts =
            starts.filter_map(|it| it.playback.first_frame.map(|at| seconds(at - it.came)));
        let seeks = playbacks().flat_map(|it| it.seek_times.iter().map(|time| seconds(*time)));
        Outcome {
            name: self.scenario.name,
            policy: self.policy,
            feed: self.feed / film,
            instant: self.instant / film,
            rescue: self.rescue / film,
            believed: self.conductor.account().copies(),
            starts: sorted(starts.collect()),
            seeks: sorted(seeks.collect()),
            stalls: playbacks().map(|it| f64::from(it.stalls)).sum::<f64>() / count,
            stalled: playbacks().map(|it| seconds(it.stalled)).sum::<f64>() / count,
            signalling: self.signalling / count,
        }
    }
}
