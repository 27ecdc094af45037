//! The world around the pods of the model: one clock, and a network that delays, loses and repeats, is cut in two for hours, and kills
//! pods at any moment, also between a transaction and its answer. Chance is one generator, so a seed is a history.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use podnet::envelope::Nonce;
use podnet::group::Receipt;
use podnet::join::FriendList;
use podnet::outbox::{PARALLEL, Verb};
use podnet::score::{Cause, Event, Witness};

use crate::pod::{Call, Pod, host};

pub const SECOND: i64 = 1000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
/// How long a pod waits for an answer.
const PATIENCE: i64 = 30 * SECOND;

/// What kind of pod it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Nature {
    Honest,
    /// Half of what it hears takes it minutes.
    Slow,
    /// It speaks of others' videos now and then.
    Liar,
    /// It is switched off from then till then.
    Away(i64, i64),
}

#[derive(Debug, Clone)]
enum Body {
    Present,
    Group(Vec<u8>),
    Farewell,
}

#[derive(Debug, Clone)]
enum Reply {
    Welcome,
    Refused,
    Receipt(Receipt),
    NotFriends,
}

#[derive(Debug, Clone)]
struct Request {
    from: usize,
    to: usize,
    number: u64,
    sent_at: i64,
    body: Body,
}

enum Happening {
    Tick(usize),
    Request(Request),
    Reply(Request, Reply),
}

pub struct World {
    pub now: i64,
    pub pods: Vec<Pod>,
    pub natures: Vec<Nature>,
    pub entries: Vec<usize>,
    /// While it lasts there are changes, kills, cuts, losses and lies.
    pub chaos_until: i64,
    /// The half of the network that each pod is in.
    halves: Vec<bool>,
    cut_until: i64,
    chance: u64,
    count: u64,
    due: BinaryHeap<Reverse<(i64, u64)>>,
    happenings: std::collections::HashMap<u64, Happening>,
}

impl World {
    pub fn new(seed: u64, natures: &[Nature], entries: &[usize], chaos_until: i64) -> Self {
        let pods = natures.len();
        let mut world = Self {
            now: 0,
            pods: (0..pods).map(|me| Pod::new(me, pods)).collect(),
            natures: natures.to_vec(),
            entries: entries.to_vec(),
            chaos_until,
            halves: vec![false; pods],
            cut_until: 0,
            chance: seed,
            count: 0,
            due: BinaryHeap::new(),
            happenings: std::collections::HashMap::new(),
        };
        for pod in 0..pods {
            // The network grows over its first hours.
            let at = world.below(6 * HOUR);
            world.pods[pod].down_until = at;
            world.later(at, Happening::Tick(pod));
        }
        world
    }

    /// SplitMix64.
    fn draw(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: i64) -> i64 {
        (self.draw() >> 2).cast_signed() % most
    }

    /// True once in so many times, while there is chaos.
    fn once_in(&mut self, times: i64) -> bool {
        self.now < self.chaos_until && self.below(times) == 0
    }

    fn later(&mut self, at: i64, happening: Happening) {
        self.count += 1;
        self.due.push(Reverse((at, self.count)));
        self.happenings.insert(self.count, happening);
    }

    pub fn run_until(&mut self, end: i64) {
        while let Some(&Reverse((at, number))) = self.due.peek() {
            if at > end {
                break;
            }
            self.due.pop();
            self.now = at;
            match self.happenings.remove(&number) {
                Some(Happening::Tick(pod)) => self.tick(pod),
                Some(Happening::Request(request)) => self.hear(request),
                Some(Happening::Reply(request, reply)) => self.learn(&request, reply),
                None => {}
            }
        }
        self.now = end;
    }

    pub fn is_up(&self, pod: usize) -> bool {
        let away =
            matches!(self.natures[pod], Nature::Away(from, to) if (from..to).contains(&self.now));
        !away && self.pods[pod].down_until <= self.now
    }

    fn is_cut(&self, a: usize, b: usize) -> bool {
        self.now < self.cut_until && self.halves[a] != self.halves[b]
    }

    /// All that was in memory is lost.
    fn kill(&mut self, pod: usize) {
        self.pods[pod].calls.clear();
        self.pods[pod].down_until = self.now + 1 + self.below(HOUR);
    }

    /// A minute of a pod's life.
    fn tick(&mut self, pod: usize) {
        let next = self.now + MINUTE + self.below(SECOND);
        self.later(next, Happening::Tick(pod));
        if !self.is_up(pod) {
            self.pods[pod].calls.clear();
            return;
        }
        if pod == 0 && self.now >= self.cut_until && self.once_in(8 * 60) {
            self.cut_until = self.now + self.below(3 * HOUR);
            self.halves = (0..self.pods.len())
                .map(|_| self.draw().is_multiple_of(2))
                .collect();
        }
        self.live(pod);
        self.give_up_waiting(pod);
        self.join(pod);
        for to in 0..self.pods.len() {
            if self.pods[pod].calls.len() < PARALLEL && self.pods[pod].is_due(to, self.now) {
                let (bytes, call) = self.pods[pod].next_group(to, self.now);
                if self.once_in(300) {
                    // Committed and not sent.
                    return self.kill(pod);
                }
                self.call(pod, to, Body::Group(bytes), call);
            }
        }
        if self.once_in(12 * 60) {
            self.kill(pod);
        }
    }

    /// People publish, change, hide and show videos; liars lie; somebody writes to everybody in an honest pod's name.
    fn live(&mut self, pod: usize) {
        if self.once_in(90) {
            let video = u32::try_from(self.below(40)).expect("it is small");
            let there = self.pods[pod].rows.videos.contains_key(&video);
            let verb = match (there, self.below(2)) {
                (false, _) => Verb::Create,
                (true, 0) => Verb::Update,
                (true, _) => Verb::Delete,
            };
            self.pods[pod].change(video, verb);
        }
        let to = usize::try_from(self.draw() % 20).expect("it is small") % self.pods.len();
        if self.natures[pod] == Nature::Liar && self.once_in(20) {
            self.pods[pod].owe(to, 0, 1, Verb::Update);
        }
        self.pods[pod].note(to, Event::Lie, Witness::Nobody, self.now);
    }

    fn give_up_waiting(&mut self, pod: usize) {
        let now = self.now;
        let calls = self.pods[pod].calls.iter();
        let mut late: Vec<usize> = calls
            .filter(|(_, call)| call.deadline < now)
            .map(|(to, _)| *to)
            .collect();
        late.sort_unstable();
        for to in late {
            self.pods[pod].calls.remove(&to);
            let chance = u32::try_from(self.draw() >> 32).expect("it has 32 bits");
            if self.pods[pod].fail(to, chance, now) {
                self.say(pod, to, 0, Body::Farewell);
            }
        }
    }

    /// Asks the entry pods for their friends every few hours, and presents itself to whom it does not know.
    fn join(&mut self, pod: usize) {
        if self.below(4 * 60) == 0
            || self.pods[pod]
                .rows
                .peers
                .iter()
                .all(|peer| peer.friend.is_none())
        {
            let answering = self
                .entries
                .iter()
                .copied()
                .filter(|entry| self.is_up(*entry) && !self.is_cut(pod, *entry));
            let friends = |entry: usize| {
                let peers = self.pods[entry].rows.peers.iter().enumerate();
                peers
                    .filter(|(_, peer)| peer.friend.is_some())
                    .map(|(friend, _)| host(friend).into_string())
                    .collect()
            };
            let lists: Vec<FriendList> = answering
                .map(|entry| FriendList {
                    owner: host(entry),
                    hosts: friends(entry),
                })
                .collect();
            let entries = self.entries.clone();
            let hosts: Vec<_> = (0..self.pods.len()).map(host).collect();
            let pod_of = |wanted: &names::Host| {
                hosts
                    .iter()
                    .position(|host| host == wanted)
                    .expect("nobody invents pods here")
            };
            self.pods[pod].plan(&entries, &lists, pod_of);
        }
        for to in 0..self.pods.len() {
            if self.pods[pod].rows.peers[to].candidate && !self.pods[pod].calls.contains_key(&to) {
                self.call(pod, to, Body::Present, Call::presenting());
            }
        }
    }

    fn call(&mut self, from: usize, to: usize, body: Body, mut call: Call) {
        self.count += 1;
        (call.number, call.deadline) = (self.count, self.now + PATIENCE);
        let number = call.number;
        self.pods[from].calls.insert(to, call);
        self.say(from, to, number, body);
    }

    /// Puts a request on its way: late to a slow pod, sometimes twice, sometimes not at all.
    fn say(&mut self, from: usize, to: usize, number: u64, body: Body) {
        let sent_at = self.now;
        let request = Request {
            from,
            to,
            number,
            sent_at,
            body,
        };
        let mut delay = 1 + self.below(2 * SECOND);
        if self.natures[to] == Nature::Slow && self.draw().is_multiple_of(2) {
            delay += self.below(4 * MINUTE);
        }
        if self.once_in(50) {
            let replayed = self.now + self.below(10 * MINUTE);
            self.later(replayed, Happening::Request(request.clone()));
        }
        if !self.once_in(50) {
            self.later(self.now + delay, Happening::Request(request));
        }
    }

    fn hear(&mut self, request: Request) {
        let Request {
            from,
            to,
            number,
            sent_at,
            ..
        } = request;
        if !self.is_up(to) || self.is_cut(from, to) {
            return;
        }
        let now = self.now;
        let before = self.once_in(200).then(|| self.pods[to].rows.clone());
        let reply = match &request.body {
            // A presentation is signed and proven by a call to the address, so a late or repeated one is as good as none.
            Body::Present if !self.is_up(from) || now - sent_at > MINUTE => return,
            Body::Present
                if self.pods[to].rows.peers[from].expelled == Some(Cause::Misbehaviour) =>
            {
                Reply::Refused
            }
            Body::Present => {
                self.pods[to].befriend(from, now);
                Reply::Welcome
            }
            Body::Group(bytes) => {
                let nonce = Nonce::new(u128::from(number).to_be_bytes());
                match self.pods[to].take(from, bytes, nonce, sent_at, now) {
                    Some(receipt) => Reply::Receipt(receipt),
                    None => Reply::NotFriends,
                }
            }
            Body::Farewell if now - sent_at > MINUTE => return,
            Body::Farewell => return self.pods[to].part(from, None),
        };
        if let Some(before) = before {
            // Killed before the commit.
            self.pods[to].rows = before;
            return self.kill(to);
        }
        if self.once_in(200) {
            // Killed after the commit, before the answer.
            return self.kill(to);
        }
        if !self.once_in(50) {
            let delay = 1 + self.below(2 * SECOND);
            self.later(now + delay, Happening::Reply(request, reply));
        }
    }

    fn learn(&mut self, request: &Request, reply: Reply) {
        let (me, them) = (request.from, request.to);
        if !self.is_up(me) || self.is_cut(me, them) {
            return;
        }
        let awaited = self.pods[me]
            .calls
            .get(&them)
            .is_some_and(|call| call.number == request.number);
        let Some(call) = self.pods[me].calls.remove(&them).filter(|_| awaited) else {
            return;
        };
        if self.once_in(300) {
            // It came, and was not committed.
            return self.kill(me);
        }
        match reply {
            Reply::Welcome => self.pods[me].befriend(them, self.now),
            Reply::Refused => {
                self.pods[me].part(them, None);
                self.pods[me].rows.peers[them].candidate = false;
            }
            Reply::Receipt(receipt) => self.pods[me].settle(them, call, &receipt, self.now),
            // They have forgotten or expelled us: ask.
            Reply::NotFriends => self.pods[me].rows.peers[them].candidate = true,
        }
    }
}
