//! What peers say inside the extension protocol (BEP 10): its handshake, here, the torrent itself ([`metadata`], BEP 9) and addresses
//! of other peers ([`pex`], BEP 11). These dictionaries come from every client ever written, so reading is tolerant: keys may stand in
//! any order, a field of the wrong type counts as absent, and unknown ones are passed over. All of it is bounded, and what is written
//! is canonical.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::bencode::{self, Item, Value};

pub mod metadata;
pub mod pex;

/// The number of the handshake itself.
pub const HANDSHAKE: u8 = 0;

/// The name under which a peer takes requests for the torrent (BEP 9).
pub const UT_METADATA: &str = "ut_metadata";

/// The name under which it takes addresses of other peers (BEP 11).
pub const UT_PEX: &str = "ut_pex";

/// The longest handshake that is read, the most extensions taken from it, and the longest name of one or of a client.
const MAX_SIZE: usize = 16 << 10;
const MAX_MESSAGES: usize = 64;
const MAX_NAME: usize = 128;

/// What a peer says about itself beyond the plain protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handshake<'a> {
    /// `m`: the extensions that it takes messages of, and the number to use for each. 0 means that it takes them no longer.
    pub messages: Vec<(&'a str, u8)>,
    /// `v`: the name of the program.
    pub client: Option<&'a str>,
    /// `p`: the port at which it can be called.
    pub port: Option<u16>,
    /// `reqq`: how many requests it takes before it drops some.
    pub request_queue: Option<u32>,
    /// `metadata_size`: how many bytes the info dictionary has.
    pub metadata_size: Option<u32>,
    /// `yourip`: the address that it sees us at.
    pub your_ip: Option<IpAddr>,
    /// `upload_only`: it wants nothing any more (BEP 21).
    pub upload_only: bool,
}

/// Why a payload is not a message of an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadExtension {
    /// Longer than anybody needs.
    #[error("the message is too long")]
    TooLong,
    /// Not bencode.
    #[error("malformed message: {0}")]
    Bencode(#[from] bencode::Error),
    /// Bencode, but not a dictionary.
    #[error("the message is not a dictionary")]
    NotDict,
    /// The named field is absent or not what it must be.
    #[error("missing or invalid {0}")]
    Field(&'static str),
}

impl<'a> Handshake<'a> {
    /// Reads the payload of a handshake.
    pub fn parse(payload: &'a [u8]) -> Result<Self, BadExtension> {
        let (dict, _) = dictionary(payload, MAX_SIZE)?;
        let number = |key: &[u8]| dict.get(key).and_then(Value::unsigned);
        let small = |key| number(key).and_then(|n| u32::try_from(n).ok());
        let messages = dict.get(b"m").and_then(Value::dict).into_iter().flatten();
        let messages = messages.filter_map(|(name, id)| {
            let id = id.unsigned().and_then(|id| u8::try_from(id).ok())?;
            Some((short(name)?, id))
        });
        Ok(Self {
            messages: messages.take(MAX_MESSAGES).collect(),
            client: dict.get(b"v").and_then(Value::bytes).and_then(short),
            port: number(b"p")
                .and_then(|port| u16::try_from(port).ok())
                .filter(|port| *port != 0),
            request_queue: small(b"reqq"),
            metadata_size: small(b"metadata_size"),
            your_ip: dict.get(b"yourip").and_then(Value::bytes).and_then(ip),
            upload_only: number(b"upload_only").is_some_and(|n| n != 0),
        })
    }

    /// The number to use for messages of an extension, if the peer takes them.
    pub fn message(&self, name: &str) -> Option<u8> {
        let (_, id) = self.messages.iter().find(|(known, _)| *known == name)?;
        Some(*id).filter(|id| *id != 0)
    }

    /// The payload to send.
    pub fn to_bytes(&self) -> Vec<u8> {
        let messages = self.messages.iter();
        let messages = messages.map(|(name, id)| (key(name), Item::Integer((*id).into())));
        let mut dict = BTreeMap::from([(key("m"), Item::Dict(messages.collect()))]);
        let numbers = [
            ("p", self.port.map(u32::from)),
            ("reqq", self.request_queue),
            ("metadata_size", self.metadata_size),
            ("upload_only", self.upload_only.then_some(1)),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                dict.insert(key(name), Item::Integer(number.into()));
            }
        }
        if let Some(client) = self.client {
            dict.insert(key("v"), Item::bytes(client));
        }
        if let Some(ip) = self.your_ip {
            let bytes = match ip {
                IpAddr::V4(ip) => ip.octets().to_vec(),
                IpAddr::V6(ip) => ip.octets().to_vec(),
            };
            dict.insert(key("yourip"), Item::Bytes(bytes.into()));
        }
        Item::Dict(dict).encode()
    }
}

fn key(name: &str) -> Cow<'_, [u8]> {
    Cow::Borrowed(name.as_bytes())
}

/// A name that is text and not a novel.
fn short(bytes: &[u8]) -> Option<&str> {
    let bytes = Some(bytes).filter(|bytes| bytes.len() <= MAX_NAME)?;
    std::str::from_utf8(bytes).ok()
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = || <[u8; 4]>::try_from(bytes).map(|ip| Ipv4Addr::from(ip).into());
    let v6 = || <[u8; 16]>::try_from(bytes).map(|ip| Ipv6Addr::from(ip).into());
    v4().or_else(|_| v6()).ok()
}

/// Reads the dictionary at the front of a payload; what follows it is returned with it.
fn dictionary(payload: &[u8], most: usize) -> Result<(Value<'_>, &[u8]), BadExtension> {
    if payload.len() > most {
        return Err(BadExtension::TooLong);
    }
    let (value, rest) = bencode::decode_unordered(payload)?;
    match value.raw().first() {
        Some(b'd') => Ok((value, rest)),
        _ => Err(BadExtension::NotDict),
    }
}

#[cfg(test)]
mod tests;
