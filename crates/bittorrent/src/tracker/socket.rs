//! The tracker's WebSocket dialect, as WebTorrent's clients speak it: JSON in which infohashes and ids are strings of twenty code
//! points below 256. Over it two browsers find each other: a peer announces with WebRTC offers, the tracker hands each to somebody,
//! and the answer goes back the same way. A session description is carried as the piece of JSON text that came in, unread and
//! uncopied, since only the two browsers need to understand it; messages therefore borrow from the text they were read from.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Counts, Event, MAX_SCRAPE};
use crate::{InfoHash, OfferId, PeerId};

mod write;

/// The longest message that is read: ten offers of an ordinary browser take a third of it.
pub const MAX_MESSAGE: usize = 64 << 10;

/// How many offers of one announce are looked at; the rest is passed over.
pub const MAX_OFFERS: usize = 10;

/// What a client says.
#[derive(Debug, Clone)]
pub enum Request<'a> {
    /// It is in a swarm, and maybe offers connections.
    Announce(Announce<'a>),
    /// It accepts an offer that was handed to it.
    Answer(Answer<'a>),
    /// It asks how large swarms are.
    Scrape(Vec<InfoHash>),
}

/// A peer says that it is in a swarm.
#[derive(Debug, Clone)]
pub struct Announce<'a> {
    /// Which swarm.
    pub infohash: InfoHash,
    /// Who.
    pub peer_id: PeerId,
    /// How many bytes it lacks; absent when it does not know yet.
    pub left: Option<u64>,
    /// Why it speaks.
    pub event: Event,
    /// How many peers it would like.
    pub numwant: Option<u32>,
    /// Connections that it offers, each for one other peer. At most [`MAX_OFFERS`].
    pub offers: Vec<Offer<'a>>,
    /// Whether a seeder that runs beside the tracker is of use to it: not while it has the same bytes over HTTP. Our own addition,
    /// `"seeder": false`; whoever says nothing wants every seeder.
    pub seeder: bool,
}

/// One offer of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// The name under which it will be answered.
    pub offer_id: OfferId,
    /// The offering side's description.
    pub sdp: Sdp<'a>,
}

/// A peer accepts another's offer.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// In which swarm.
    pub infohash: InfoHash,
    /// Who answers.
    pub peer_id: PeerId,
    /// Who had offered.
    pub to_peer_id: PeerId,
    /// Which offer.
    pub offer_id: OfferId,
    /// The answering side's description.
    pub sdp: Sdp<'a>,
}

/// A session description: the JSON string exactly as its sender wrote it.
#[derive(Clone, Copy)]
pub struct Sdp<'a>(&'a RawValue);

/// A session description of our own, spelled as JSON.
#[derive(Debug, Clone)]
pub struct OwnSdp(Box<RawValue>);

/// What the tracker says.
#[derive(Debug, Clone)]
pub enum Reply<'a> {
    /// The reply to an announce.
    Announced {
        /// In which swarm.
        infohash: InfoHash,
        /// Seconds until the peer should announce again.
        interval: u32,
        /// How many are in the swarm.
        counts: Counts,
    },
    /// Somebody's offer.
    Offer {
        /// In which swarm.
        infohash: InfoHash,
        /// Who offers.
        peer_id: PeerId,
        /// The offer.
        offer: Offer<'a>,
    },
    /// The answer to an offer.
    Answer(Answer<'a>),
    /// The reply to a scrape.
    Scraped(Vec<(InfoHash, Counts)>),
    /// A refusal.
    Failure {
        /// What was refused.
        action: Action,
        /// In which swarm, when the request said so: clients look for themselves by it.
        infohash: Option<InfoHash>,
        /// Why, for people.
        reason: Cow<'static, str>,
    },
}

/// The two things that a client can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To be in a swarm.
    Announce,
    /// To know how large it is.
    Scrape,
}

/// Why a message was not understood.
#[derive(Debug, thiserror::Error)]
pub enum BadMessage {
    /// Longer than [`MAX_MESSAGE`].
    #[error("message too long")]
    TooLong,
    /// Not JSON, or a field of the wrong type.
    #[error("malformed message: {0}")]
    Json(#[from] serde_json::Error),
    /// An action that does not exist.
    #[error("unknown action")]
    Action,
    /// The named field is not there.
    #[error("missing {0}")]
    Missing(&'static str),
}

impl<'a> Request<'a> {
    /// Reads a message of a client.
    pub fn parse(text: &'a str) -> Result<Self, BadMessage> {
        if text.len() > MAX_MESSAGE {
            return Err(BadMessage::TooLong);
        }
        let fields: Fields<'a> = serde_json::from_str(text)?;
        match fields.action.as_ref() {
            "announce" => fields.announce(),
            "scrape" => fields.scrape(),
            _ => Err(BadMessage::Action),
        }
    }
}

impl<'a> Sdp<'a> {
    /// The JSON text, quotes included.
    pub fn json(&self) -> &'a str {
        self.0.get()
    }

    /// The description itself; `None` when its sender wrote half a character.
    pub fn text(&self) -> Option<String> {
        serde_json::from_str(self.json()).ok()
    }

    /// How many bytes it takes in a message.
    pub fn size(&self) -> usize {
        self.0.get().len()
    }
}

impl OwnSdp {
    /// Spells a description.
    pub fn new(text: &str) -> Self {
        Self(serde_json::value::to_raw_value(text).expect("a text always becomes JSON"))
    }

    /// As it stands in a message.
    pub fn sdp(&self) -> Sdp<'_> {
        Sdp(&self.0)
    }
}

impl fmt::Debug for Sdp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sdp({} bytes)", self.size())
    }
}

impl PartialEq for Sdp<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.json() == other.json()
    }
}

/// All fields that any request has.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    info_hash: Option<InfoHashes>,
    peer_id: Option<PeerId>,
    to_peer_id: Option<PeerId>,
    offer_id: Option<OfferId>,
    left: Option<serde_json::Number>,
    numwant: Option<serde_json::Number>,
    #[serde(borrow)]
    event: Option<Cow<'a, str>>,
    #[serde(borrow)]
    offers: Option<Offers<'a>>,
    #[serde(borrow)]
    answer: Option<Description<'a>>,
    seeder: Option<bool>,
}

impl<'a> Fields<'a> {
    fn announce(self) -> Result<Request<'a>, BadMessage> {
        let infohash = match self.info_hash {
            Some(InfoHashes::One(infohash)) => infohash,
            _ => return Err(BadMessage::Missing("info_hash")),
        };
        let peer_id = self.peer_id.ok_or(BadMessage::Missing("peer_id"))?;
        if let Some(Description { sdp }) = self.answer {
            let to_peer_id = self.to_peer_id.ok_or(BadMessage::Missing("to_peer_id"))?;
            let offer_id = self.offer_id.ok_or(BadMessage::Missing("offer_id"))?;
            return Ok(Request::Answer(Answer {
                infohash,
                peer_id,
                to_peer_id,
                offer_id,
                sdp,
            }));
        }
        Ok(Request::Announce(Announce {
            infohash,
            peer_id,
            left: self.left.as_ref().and_then(count),
            event: self.event.as_deref().map_or(Event::Update, Event::parse),
            numwant: self
                .numwant
                .as_ref()
                .and_then(count)
                .map(|n| n.try_into().unwrap_or(u32::MAX)),
            offers: self.offers.map_or_else(Vec::new, |offers| offers.0),
            seeder: self.seeder.unwrap_or(true),
        }))
    }

    fn scrape(self) -> Result<Request<'a>, BadMessage> {
        match self.info_hash {
            Some(InfoHashes::One(infohash)) => Ok(Request::Scrape(vec![infohash])),
            Some(InfoHashes::Many(swarms)) => Ok(Request::Scrape(swarms)),
            None => Err(BadMessage::Missing("info_hash")),
        }
    }
}

/// A number of bytes or peers. JavaScript may write it as a fraction or with an exponent.
fn count(number: &serde_json::Number) -> Option<u64> {
    number
        .as_u64()
        .or_else(|| number.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64))
}

/// `{"type": .., "sdp": ".."}`; the type is implied by where it stands.
#[derive(Deserialize)]
struct Description<'a> {
    #[serde(borrow, deserialize_with = "json_string")]
    sdp: Sdp<'a>,
}

fn json_string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sdp<'de>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    match raw.get().starts_with('"') {
        true => Ok(Sdp(raw)),
        false => Err(serde::de::Error::custom("sdp is not a string")),
    }
}

/// Either one infohash or, in a scrape, several.
enum InfoHashes {
    One(InfoHash),
    Many(Vec<InfoHash>),
}

impl<'de> Deserialize<'de> for InfoHashes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = InfoHashes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a binary string of 20 bytes, or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<InfoHashes, E> {
                let infohash = InfoHash::from_binary_string(text);
                infohash
                    .map(InfoHashes::One)
                    .map_err(|_| E::custom("info_hash is not a binary string of 20 bytes"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<InfoHashes, A::Error> {
                first(&mut seq, MAX_SCRAPE).map(InfoHashes::Many)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

struct Offers<'a>(Vec<Offer<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Offers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Some<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Some<'a> {
            type Value = Offers<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of offers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Offers<'a>, A::Error> {
                #[derive(Deserialize)]
                struct Entry<'a> {
                    offer_id: OfferId,
                    #[serde(borrow)]
                    offer: Description<'a>,
                }
                let entries: Vec<Entry<'a>> = first(&mut seq, MAX_OFFERS)?;
                let offer = |entry: Entry<'a>| Offer {
                    offer_id: entry.offer_id,
                    sdp: entry.offer.sdp,
                };
                Ok(Offers(entries.into_iter().map(offer).collect()))
            }
        }
        deserializer.deserialize_seq(Some(std::marker::PhantomData))
    }
}

/// The first elements of a list; the rest is skipped without being kept.
fn first<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(
    seq: &mut A,
    limit: usize,
) -> Result<Vec<T>, A::Error> {
    let mut kept = Vec::new();
    while kept.len() < limit {
        match seq.next_element()? {
            Some(element) => kept.push(element),
            None => return Ok(kept),
        }
    }
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(kept)
}

#[cfg(test)]
mod tests;
