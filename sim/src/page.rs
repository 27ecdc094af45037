//! Our page's engine, as far as it decides what comes from where: in the order of playback near the playhead, anything from viewers
//! beyond, what is granted over HTTP, and a rescue when the buffer is nearly empty. It is the policy of `web/src/engine` (wanting,
//! schedule, conversation) in short; where that changes, this has to follow.

use std::ops::Range;
use std::time::Duration;

use swarm::conductor::message::FromPage;
use swarm::conductor::{Kind, Report};

use crate::events::{Event, MILLI, SECOND, Time, Who};
use crate::playback::State;
use crate::scenario::RATE;
use crate::viewer::{Request, Right, Waiting};
use crate::world::World;

/// Connections to look for, the most that are taken, and offers made at a time.
pub const NEIGHBOURS: usize = 8;
pub const MOST_NEIGHBOURS: usize = 20;
pub const OFFERS: usize = 5;
/// Requests to viewers at a time.
const AT_ONCE: usize = 8;
/// Seconds ahead that are fetched in the order of playback.
const NEAR: f64 = 8.0;
/// With less than this in the buffer nothing further ahead is asked for (s).
const SETTLED: f64 = 5.0;
/// A piece that does not come is asked of somebody else.
const REQUEST_TIME: Time = 4 * SECOND;
/// The same for what plays soon.
const STALLED: Time = 1500 * MILLI;
/// When a rescue is due, nobody is relied on who was asked so long ago, nor to the last moment (s).
const RELIED: Time = SECOND;
const MARGIN: f64 = 0.15;
/// Others who share a neighbour's uplink, as far as its measured rate tells.
const SHARED: f64 = 2.0;
/// Reports while much happens.
const BUSY: Time = 250 * MILLI;
/// A buffer below this is short (s).
const SHORT: f64 = 8.0;
/// As long as this after coming, viewers may still be met.
const GATHERING: Time = 6 * SECOND;

/// How long a start waits for viewers before it turns to the pod.
fn start_wait(settings: &swarm::conductor::Settings) -> Time {
    if settings.instant == 0 {
        2500 * MILLI
    } else {
        600 * MILLI
    }
}

/// The pod has answered: it conducts.
pub fn welcome(world: &mut World<'_>, who: Who) {
    let settings = world.conductor.join(world.clock(), who, Kind::Page);
    world.viewers[who as usize].settings = Some(settings);
    world.signalling += 30.0 + 9.0;
    start(world, who);
    world.think_at(who, world.now);
    world.events.add(world.now, Event::Mingle(who));
}

/// A start or a seek: what may be taken at once is taken.
pub fn start(world: &mut World<'_>, who: Who) {
    let viewer = &world.viewers[who as usize];
    let Some(settings) = viewer.settings else {
        return;
    };
    let cut = &world.cut;
    let fragment = cut.fragments[cut.fragment_at(viewer.playback.position(world.now))];
    // The piece after what is allowed is taken as well if the fragment ends there.
    let allowed = fragment.first + settings.instant;
    let ends_there = settings.instant > 0 && fragment.last == allowed;
    let end = (allowed + u32::from(ends_there)).min(cut.pieces);
    let pieces: Vec<u32> = (fragment.first..end)
        .filter(|piece| !viewer.held.has(*piece))
        .collect();
    let bytes = cut.piece_bytes;
    for piece in pieces {
        world.fetch(who, piece, Right::Instant, bytes);
    }
    world.viewers[who as usize].reported = 0;
    report_at(world, who, world.now);
}

/// Has something to report: now, or when the last report is long enough ago.
pub fn report_at(world: &mut World<'_>, who: Who, now: Time) {
    let viewer = &mut world.viewers[who as usize];
    if viewer.settings.is_none() {
        return;
    }
    let at = now.max(viewer.reported + BUSY) + viewer.round_trip / 2;
    if at < viewer.report_at {
        viewer.report_at = at;
        world.events.add(at, Event::Report(who));
    }
}

pub fn report(world: &mut World<'_>, who: Who) {
    let now = world.now;
    let viewer = &mut world.viewers[who as usize];
    let (Some(settings), true) = (viewer.settings, viewer.report_at <= now) else {
        return;
    };
    viewer.reported = now;
    let known = viewer.sent >= 10;
    let position = viewer.playback.position(now);
    let playhead = match viewer.playback.state {
        State::Starting => world.cut.fragments[world.cut.fragment_at(position)].first,
        _ => world.cut.piece_at(position),
    };
    let lead = viewer.playback.lead(now);
    let report = Report {
        playhead,
        lead: Duration::from_secs_f64(lead),
        uplink: if known { viewer.uplink as u32 } else { 0 },
        neighbours: viewer.neighbours.len() as u16,
        uploads: viewer.uplink > 0.0,
        paused: false,
        dependable: true,
        rescued: viewer.rescued as u64,
    };
    viewer.rescued = 0.0;
    let mut gained = std::mem::take(&mut viewer.gained);
    gained.sort_unstable();
    let runs = gained.chunk_by(|piece, next| piece + 1 == *next);
    let runs = runs.filter_map(|run| Some(*run.first()?..run.last()? + 1));
    let gained: Vec<Range<u32>> = runs.collect();
    let ended = viewer.playback.state == State::Ended;
    let next = if lead < SHORT {
        BUSY
    } else {
        settings.interval.as_micros() as Time
    };
    viewer.report_at = if ended { Time::MAX } else { now + next };
    if !ended {
        world.events.add(now + next, Event::Report(who));
    }
    let clock = world.clock();
    world.conductor.report(clock, who, &report);
    for range in &gained {
        world.conductor.gained(clock, who, range.clone());
    }
    let message = FromPage::Report {
        swarm: 0,
        report,
        gained,
        lost: Vec::new(),
    };
    // With the frame's head and mask.
    world.signalling += message.write().len() as f64 + 6.0;
    world.sync();
}

pub fn granted(world: &mut World<'_>, who: Who, pieces: Range<u32>) {
    let bytes = world.cut.piece_bytes;
    for piece in pieces {
        let viewer = &world.viewers[who as usize];
        let fetched = viewer.http.iter().any(|fetch| fetch.piece == piece);
        if !viewer.held.has(piece) && !fetched {
            world.fetch(who, piece, Right::Granted, bytes);
        }
    }
}

pub fn think(world: &mut World<'_>, who: Who) {
    let now = world.now;
    let viewer = &mut world.viewers[who as usize];
    if viewer.settings.is_none() || viewer.held.count == world.cut.pieces {
        world.hungry[who as usize] = false;
        return;
    }
    let pending = &mut viewer.pending;
    let near = viewer.playhead + (NEAR * RATE / world.cut.piece_bytes) as u32;
    viewer.requests.retain(|request| {
        let patience = if request.piece < near {
            STALLED
        } else {
            REQUEST_TIME
        };
        let in_time = now < request.asked + patience;
        if !in_time {
            pending.remove(request.piece);
        }
        in_time
    });
    rescue(world, who);
    ask(world, who);
    let viewer = &world.viewers[who as usize];
    let short = viewer.playback.lead(now) < 6.0;
    let idle = viewer.requests.len() < AT_ONCE;
    world.hungry[who as usize] = short && idle;
    let wait = match (short, idle) {
        (true, _) => 200 * MILLI,
        (false, true) => 700 * MILLI,
        (false, false) => SECOND,
    };
    world.think_at(who, now + wait);
}

/// Turns to the pod when the buffer is nearly empty.
fn rescue(world: &mut World<'_>, who: Who) {
    let now = world.now;
    let viewer = &world.viewers[who as usize];
    let Some(settings) = viewer.settings else {
        return;
    };
    let Some(fragment) = world.cut.fragments.get(viewer.playback.next).copied() else {
        return;
    };
    let lead = viewer.playback.lead(now);
    let bytes = world.cut.piece_bytes;
    let missing = || (fragment.first..=fragment.last).filter(|piece| !viewer.held.has(*piece));
    let helpless = viewer.neighbours.is_empty();
    let hungry = match viewer.playback.state {
        State::Starting => {
            let met = helpless && now >= viewer.came + GATHERING;
            let wait = if met {
                200 * MILLI
            } else {
                start_wait(&settings)
            };
            now >= viewer.waits_since + wait
        }
        State::Stalled => true,
        State::Playing => {
            let patience = settings.patience.as_secs_f64();
            lead < patience + 2.0
                && lead < patience + (missing().count() as f64 * bytes / 2_500_000.0).min(2.0)
        }
        State::Ended => false,
    };
    if !hungry {
        return;
    }
    let missing: Vec<u32> = missing().collect();
    for piece in missing {
        let viewer = &world.viewers[who as usize];
        if viewer.http.iter().any(|fetch| fetch.piece == piece) {
            continue;
        }
        let asked = viewer.requests.iter().find(|it| it.piece == piece).copied();
        // Whoever would bring it in time is asked, or waited for a little.
        let from = match asked {
            Some(it) if now > it.asked + RELIED => None,
            Some(it) => Some(it.from),
            None => giver(world, who, piece, 8),
        };
        let in_time = from.filter(|from| takes(world, who, *from, piece) + MARGIN < lead);
        match in_time {
            Some(from) if asked.is_none() => request(world, who, from, piece),
            Some(_) => {}
            None => {
                world.viewers[who as usize].rescued += bytes;
                world.fetch(who, piece, Right::Rescue, bytes);
            }
        }
    }
}

/// Seconds that a neighbour is believed to take for a piece and what it is asked that is needed sooner.
fn takes(world: &World<'_>, who: Who, from: Who, piece: u32) -> f64 {
    let asked = world.viewers[who as usize].requests.iter();
    let sooner = asked
        .filter(|it| it.from == from && it.piece < piece)
        .count();
    let rate = world.viewers[from as usize].uplink / SHARED;
    (sooner + 1) as f64 * world.cut.piece_bytes / rate
}

/// Asks viewers for as much as may be under way.
fn ask(world: &mut World<'_>, who: Who) {
    let viewer = &world.viewers[who as usize];
    if viewer.neighbours.is_empty() || viewer.requests.len() >= AT_ONCE {
        return;
    }
    let mut playhead = world.cut.piece_at(viewer.playback.position(world.now));
    if let Some(next) = world.cut.fragments.get(viewer.playback.next) {
        // After a seek into a fragment its beginning is needed too.
        playhead = playhead.min(next.first);
    }
    world.viewers[who as usize].playhead = playhead;
    let near = ((NEAR * RATE / world.cut.piece_bytes) as u32).max(1);
    let near = playhead..(playhead + near).min(world.cut.pieces);
    for piece in near.clone() {
        let viewer = &world.viewers[who as usize];
        if viewer.requests.len() >= AT_ONCE {
            return;
        }
        let wanted = !viewer.held.has(piece) && !viewer.pending.has(piece);
        if wanted && let Some(from) = giver(world, who, piece, 4) {
            request(world, who, from, piece);
        }
    }
    if world.viewers[who as usize].playback.lead(world.now) < SETTLED {
        return;
    }
    while world.viewers[who as usize].requests.len() < AT_ONCE {
        let Some(piece) = lot(world, who, near.end) else {
            return;
        };
        let Some(from) = giver(world, who, piece, 2) else {
            return;
        };
        request(world, who, from, piece);
    }
}

/// Draws a piece beyond the near ones that a neighbour with room holds.
fn lot(world: &mut World<'_>, who: Who, from: u32) -> Option<u32> {
    let first = from as usize / 64;
    let count = (world.cut.pieces as usize)
        .div_ceil(64)
        .checked_sub(first)?;
    if count == 0 {
        return None;
    }
    let (start, turn) = (world.chance.below(count), world.chance.below(64) as u32);
    let viewer = &world.viewers[who as usize];
    let asked = |other: Who| viewer.requests.iter().filter(|it| it.from == other).count();
    let mut givers: [&[u64]; MOST_NEIGHBOURS + OFFERS] = [&[]; MOST_NEIGHBOURS + OFFERS];
    let mut many = 0;
    for other in &viewer.neighbours {
        let giver = &world.viewers[*other as usize];
        if many < givers.len() && giver.uplink > 0.0 && asked(*other) < 2 {
            givers[many] = &giver.held.words;
            many += 1;
        }
    }
    let givers = &givers[..many];
    for step in 0..count {
        let at = first + (start + step) % count;
        let mut word = !(viewer.held.words[at] | viewer.pending.words[at]);
        if at == first {
            word &= u64::MAX << (from % 64);
        }
        if word != 0 {
            word &= givers.iter().fold(0, |all, words| all | words[at]);
        }
        if word != 0 {
            let bit = (word.rotate_right(turn).trailing_zeros() + turn) % 64;
            return Some(at as u32 * 64 + bit);
        }
    }
    None
}

/// The neighbour that would have sent a piece first, as far as one can tell, unless much is asked of it already.
fn giver(world: &mut World<'_>, who: Who, piece: u32, most: usize) -> Option<Who> {
    let viewer = &world.viewers[who as usize];
    let mut best: Option<(f64, Who)> = None;
    for other in &viewer.neighbours {
        let candidate = &world.viewers[*other as usize];
        if candidate.uplink <= 0.0 || !candidate.held.has(piece) {
            continue;
        }
        if viewer
            .requests
            .iter()
            .filter(|it| it.from == *other)
            .count()
            >= most
        {
            continue;
        }
        // Nobody knows another's queue; what it gave lately tells roughly.
        let guess = world.chance.between(0.5, 1.5);
        let score = guess * candidate.uplink / (1 + candidate.backlog()) as f64;
        if best.is_none_or(|(most, _)| score > most) {
            best = Some((score, *other));
        }
    }
    best.map(|(_, other)| other)
}

/// A viewer has something new: neighbours with a short buffer and nothing better to do look at it when they hear of it.
pub fn tell(world: &mut World<'_>, who: Who) {
    for at in 0..world.viewers[who as usize].neighbours.len() {
        let other = world.viewers[who as usize].neighbours[at];
        if world.hungry[other as usize] {
            let at = world.now + world.viewers[other as usize].round_trip / 2;
            world.think_at(other, at);
        }
    }
}

pub fn request(world: &mut World<'_>, who: Who, from: Who, piece: u32) {
    let asked = world.now;
    let viewer = &mut world.viewers[who as usize];
    viewer.pending.insert(piece);
    viewer.requests.push(Request { piece, from, asked });
    let waiting = Waiting { to: who, piece };
    world.viewers[from as usize].queue.push_back(waiting);
    world.send_next(from);
}
