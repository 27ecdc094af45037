//! The tracker's HTTP dialect: requests are query strings (BEP 3, scrape BEP 48), replies are bencode with compact peer lists (BEP
//! 23, and BEP 7 for IPv6). The parameters `ip` and `ipv6`, with which a client may claim to be somebody else, are not read: a
//! tracker that believed them could be used to direct a crowd at a stranger. Replies are always compact, as the BEP allows.

use std::borrow::Cow;

use super::{Announce, Announced, Counts, Event, MAX_SCRAPE};
use crate::bencode::Item;
use crate::{InfoHash, PeerId, compact, percent};

/// The longest query that is read; the longest honest one is a scrape of [`MAX_SCRAPE`] swarms.
pub const MAX_QUERY: usize = 8 << 10;

/// Why a query is not a request to a tracker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadQuery {
    /// Longer than [`MAX_QUERY`].
    #[error("query too long")]
    TooLong,
    /// The named parameter is not there.
    #[error("missing {0}")]
    Missing(&'static str),
    /// The named parameter has a value that it cannot have.
    #[error("invalid {0}")]
    Invalid(&'static str),
    /// More than [`MAX_SCRAPE`] swarms.
    #[error("too many info_hash parameters")]
    TooMany,
}

impl Announce {
    /// Reads the query string of `/announce`.
    pub fn parse(query: &str) -> Result<Self, BadQuery> {
        if query.len() > MAX_QUERY {
            return Err(BadQuery::TooLong);
        }
        let (mut infohash, mut peer_id, mut port) = (None, None, None);
        let (mut left, mut event, mut numwant) = (None, Event::Update, None);
        for (key, value) in percent::pairs(query) {
            match key {
                "info_hash" => {
                    infohash = Some(InfoHash(
                        twenty(value).ok_or(BadQuery::Invalid("info_hash"))?,
                    ))
                }
                "peer_id" => {
                    peer_id = Some(PeerId(twenty(value).ok_or(BadQuery::Invalid("peer_id"))?))
                }
                "port" => port = Some(value.parse().map_err(|_| BadQuery::Invalid("port"))?),
                "left" => left = Some(value.parse().map_err(|_| BadQuery::Invalid("left"))?),
                "event" => event = Event::parse(value),
                // Some clients send -1 for "as you like".
                "numwant" => numwant = value.parse().ok(),
                _ => {}
            }
        }
        Ok(Self {
            infohash: infohash.ok_or(BadQuery::Missing("info_hash"))?,
            peer_id: peer_id.ok_or(BadQuery::Missing("peer_id"))?,
            port: port.ok_or(BadQuery::Missing("port"))?,
            left,
            event,
            numwant,
        })
    }
}

/// Reads the query string of `/scrape`: the swarms that are asked about, at least one.
pub fn parse_scrape(query: &str) -> Result<Vec<InfoHash>, BadQuery> {
    if query.len() > MAX_QUERY {
        return Err(BadQuery::TooLong);
    }
    let mut swarms = Vec::new();
    for (_, value) in percent::pairs(query).filter(|(key, _)| *key == "info_hash") {
        if swarms.len() == MAX_SCRAPE {
            return Err(BadQuery::TooMany);
        }
        swarms.push(InfoHash(
            twenty(value).ok_or(BadQuery::Invalid("info_hash"))?,
        ));
    }
    match swarms.is_empty() {
        true => Err(BadQuery::Missing("info_hash")),
        false => Ok(swarms),
    }
}

fn twenty(value: &str) -> Option<[u8; 20]> {
    percent::decode(value)?.as_ref().try_into().ok()
}

impl Announced {
    /// The body of the reply.
    pub fn encode(&self) -> Vec<u8> {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for peer in &self.peers {
            compact::write(*peer, &mut v4, &mut v6);
        }
        let number = |number: u32| Item::Integer(number.into());
        Item::dict([
            ("complete", number(self.counts.complete)),
            ("downloaded", number(self.counts.downloaded)),
            ("incomplete", number(self.counts.incomplete)),
            ("interval", number(self.interval)),
            ("min interval", number(self.min_interval)),
            ("peers", Item::Bytes(v4.into())),
            ("peers6", Item::Bytes(v6.into())),
        ])
        .encode()
    }
}

/// The body of the reply to a scrape.
pub fn scraped(swarms: &[(InfoHash, Counts)]) -> Vec<u8> {
    let number = |number: u32| Item::Integer(number.into());
    let swarm = |counts: Counts| {
        Item::dict([
            ("complete", number(counts.complete)),
            ("downloaded", number(counts.downloaded)),
            ("incomplete", number(counts.incomplete)),
        ])
    };
    let files = swarms
        .iter()
        .map(|(infohash, counts)| (Cow::Borrowed(&infohash.0[..]), swarm(*counts)));
    Item::dict([("files", Item::Dict(files.collect()))]).encode()
}

/// The body of a refusal. HTTP clients expect it with status 200.
pub fn failure(reason: &str) -> Vec<u8> {
    Item::dict([("failure reason", Item::bytes(reason))]).encode()
}

#[cfg(test)]
mod tests;
