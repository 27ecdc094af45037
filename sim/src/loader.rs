//! p2p-media-loader 2.3 as PeerTube configures it, in short: whole segments; what plays within 15 seconds is fetched over HTTP whenever
//! one of two slots is free, even if a viewer holds it or is sending it; otherwise three segments at a time come from viewers; and now
//! and then, the rarer the more neighbours there are, a segment that no neighbour has is fetched over HTTP at random.

use crate::events::{Event, SECOND, Time, Who};
use crate::page::request;
use crate::playback::State;
use crate::viewer::Right;
use crate::world::World;

/// Seconds ahead that are fetched over HTTP first.
const HIGH_DEMAND: f64 = 15.0;
const HTTP_SLOTS: usize = 2;
const PEER_SLOTS: usize = 3;

pub fn think(world: &mut World<'_>, who: Who) {
    let now = world.now;
    let viewer = &world.viewers[who as usize];
    if viewer.playback.state == State::Ended || viewer.held.count == world.cut.pieces {
        return;
    }
    let position = viewer.playback.position(now);
    let first = world.cut.piece_at(position);
    let high = world.cut.piece_at(position + HIGH_DEMAND);
    for piece in first..world.cut.pieces {
        let viewer = &world.viewers[who as usize];
        let http = viewer.http.len() < HTTP_SLOTS;
        let peers = viewer.requests.len() < PEER_SLOTS;
        if !peers && (!http || piece > high) {
            break;
        }
        let fetched = viewer.http.iter().any(|fetch| fetch.piece == piece);
        if viewer.held.has(piece) || fetched {
            continue;
        }
        let request_under_way = viewer.requests.iter().find(|it| it.piece == piece).copied();
        if piece <= high && http {
            let mut bytes = world.cut.piece_bytes;
            if let Some(under_way) = request_under_way {
                // What has come from the viewer is kept.
                let sender = &world.viewers[under_way.from as usize];
                if let Some((waiting, since)) = sender.sending
                    && (waiting.to, waiting.piece) == (who, piece)
                {
                    let sent = (now - since) as f64 / SECOND as f64 * sender.uplink;
                    bytes = (bytes - sent).max(0.0);
                }
            }
            world.fetch(who, piece, Right::Rescue, bytes);
        } else if peers && request_under_way.is_none() {
            let asked = |other: Who| viewer.requests.iter().any(|it| it.from == other);
            let givers: Vec<Who> = viewer
                .neighbours
                .iter()
                .copied()
                .filter(|other| {
                    let giver = &world.viewers[*other as usize];
                    giver.uplink > 0.0 && giver.held.has(piece) && !asked(*other)
                })
                .collect();
            if !givers.is_empty() {
                let from = givers[world.chance.below(givers.len())];
                request(world, who, from, piece);
            }
        }
    }
    world.think_at(who, now + SECOND);
}

/// Fetches something over HTTP at random, and says when it does so again.
pub fn dice(world: &mut World<'_>, who: Who) {
    let now = world.now;
    let viewer = &world.viewers[who as usize];
    if viewer.playback.state == State::Ended || viewer.held.count == world.cut.pieces {
        return;
    }
    let first = world.cut.piece_at(viewer.playback.position(now));
    let loading = |other: Who, piece: u32| {
        let other = &world.viewers[other as usize];
        other.held.has(piece) || other.http.iter().any(|fetch| fetch.piece == piece)
    };
    let free: Vec<u32> = (first..world.cut.pieces)
        .filter(|piece| !viewer.held.has(*piece) && !viewer.pending.has(*piece))
        .filter(|piece| {
            !viewer
                .neighbours
                .iter()
                .any(|other| loading(*other, *piece))
        })
        .collect();
    let neighbours = viewer.neighbours.len() as f64;
    if viewer.http.len() < HTTP_SLOTS && !free.is_empty() && now > viewer.came {
        let piece = free[world.chance.below(free.len())];
        let bytes = world.cut.piece_bytes;
        world.fetch(who, piece, Right::Rescue, bytes);
    }
    let wait = 1.0 + world.chance.between(0.0, neighbours);
    let at = now + (wait * SECOND as f64) as Time;
    world.events.add(at, Event::Dice(who));
}
