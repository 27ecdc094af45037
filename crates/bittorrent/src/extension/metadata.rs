//! The info dictionary from peer to peer, in pieces of 16 KiB (BEP 9): what makes a magnet link enough. The bytes of a piece follow the
//! dictionary of their message, outside of bencode.

use std::collections::BTreeMap;

use super::{BadExtension, dictionary, key};
use crate::bencode::{Item, Value};

/// How many bytes of the info dictionary one message carries; only the last one carries fewer.
pub const PIECE: usize = 16 << 10;

/// The longest message: a piece and its dictionary.
const MAX_SIZE: usize = PIECE + 1024;

/// A message about the info dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metadata<'a> {
    /// Send me this piece.
    Request {
        /// Its position, from 0.
        piece: u32,
    },
    /// Here it is.
    Data {
        /// Its position, from 0.
        piece: u32,
        /// How many bytes the info dictionary has in all.
        total_size: u32,
        /// The bytes, at most [`PIECE`].
        data: &'a [u8],
    },
    /// You will not get it from me.
    Reject {
        /// Its position, from 0.
        piece: u32,
    },
    /// A kind of message that is not known here, and is to be passed over.
    Unknown,
}

impl<'a> Metadata<'a> {
    /// Reads a payload.
    pub fn parse(payload: &'a [u8]) -> Result<Self, BadExtension> {
        let (dict, data) = dictionary(payload, MAX_SIZE)?;
        let number = |name: &'static str| {
            let number = dict.get(name.as_bytes()).and_then(Value::unsigned);
            let number = number.and_then(|number| u32::try_from(number).ok());
            number.ok_or(BadExtension::Field(name))
        };
        Ok(match number("msg_type")? {
            0 => Self::Request {
                piece: number("piece")?,
            },
            1 if data.len() > PIECE => return Err(BadExtension::TooLong),
            1 => Self::Data {
                piece: number("piece")?,
                total_size: number("total_size")?,
                data,
            },
            2 => Self::Reject {
                piece: number("piece")?,
            },
            _ => Self::Unknown,
        })
    }

    /// The payload to send.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (kind, piece) = match *self {
            Self::Request { piece } => (0, piece),
            Self::Data { piece, .. } => (1, piece),
            Self::Reject { piece } => (2, piece),
            Self::Unknown => (255, 0),
        };
        let mut dict = BTreeMap::from([
            (key("msg_type"), Item::Integer(kind)),
            (key("piece"), Item::Integer(piece.into())),
        ]);
        if let Self::Data { total_size, .. } = *self {
            dict.insert(key("total_size"), Item::Integer(total_size.into()));
        }
        let mut payload = Item::Dict(dict).encode();
        if let Self::Data { data, .. } = *self {
            payload.extend_from_slice(data);
        }
        payload
    }
}
