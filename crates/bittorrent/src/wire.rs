//! The peer wire protocol as values: the handshake, and the messages of BEP 3, of the fast extension (BEP 6) and the envelope of the
//! extension protocol (BEP 10, whose contents are in [`extension`](crate::extension)). Messages borrow from the bytes they were
//! read from, so a block is never copied here. Nothing is known about pieces, files or who may have what: a number that points
//! beyond the end of a file is for the reader of the message to refuse.

mod decoder;
mod handshake;

pub use decoder::Decoder;
pub use handshake::{BadHandshake, HANDSHAKE, Handshake, Reserved};

/// How long a block is in practice: what everybody asks for and what a piece of version 2 is hashed by.
pub const BLOCK: u32 = 16 << 10;

/// How many bytes stand before the bytes of a block: the length prefix, the kind of the message, the piece and where in it.
pub const PIECE_HEADER: usize = 13;

/// A part of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Block {
    /// Which piece.
    pub piece: u32,
    /// The first byte, counted from the beginning of the piece.
    pub begin: u32,
    /// How many bytes.
    pub length: u32,
}

/// What one peer says to another after the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// Nothing, so that the connection stays open.
    KeepAlive,
    /// I do not answer your requests for now.
    Choke,
    /// I answer them.
    Unchoke,
    /// You have something that I want.
    Interested,
    /// You have not.
    NotInterested,
    /// I have this piece now.
    Have(u32),
    /// These pieces I have: one bit for each, the highest bit of the first byte for the first piece.
    Bitfield(&'a [u8]),
    /// Send me a block.
    Request(Block),
    /// Here is a block.
    Piece {
        /// Which piece.
        piece: u32,
        /// The first byte, counted from the beginning of the piece.
        begin: u32,
        /// The bytes.
        data: &'a [u8],
    },
    /// I do not need that block any more.
    Cancel(Block),
    /// My port of the distributed hash table (BEP 5).
    Port(u16),
    /// You would do well to ask for this piece (BEP 6).
    Suggest(u32),
    /// I have all pieces (BEP 6).
    HaveAll,
    /// I have none (BEP 6).
    HaveNone,
    /// I shall not send that block (BEP 6).
    Reject(Block),
    /// This piece I send even while you are choked (BEP 6).
    AllowedFast(u32),
    /// A message of an extension (BEP 10).
    Extended {
        /// 0 for the handshake of the extensions, else what the receiver said there.
        id: u8,
        /// Its contents.
        payload: &'a [u8],
    },
    /// A kind of message that is not known here, and is to be passed over.
    Unknown(u8),
}

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMessage {
    /// The length prefix announces more than the receiver is willing to take.
    #[error("a message of {0} bytes is too long")]
    TooLong(u32),
    /// The message is too short or too long for its kind, which has this number.
    #[error("a message of kind {0} has the wrong length")]
    Length(u8),
}

impl<'a> Message<'a> {
    /// Reads a message without its length prefix. Kinds that are not known are not an error.
    pub fn parse(body: &'a [u8]) -> Result<Self, BadMessage> {
        let Some((&kind, rest)) = body.split_first() else {
            return Ok(Self::KeepAlive);
        };
        let message = match kind {
            0 => nothing(rest, Self::Choke),
            1 => nothing(rest, Self::Unchoke),
            2 => nothing(rest, Self::Interested),
            3 => nothing(rest, Self::NotInterested),
            4 => number(rest).map(Self::Have),
            5 => Some(Self::Bitfield(rest)),
            6 => block(rest).map(Self::Request),
            7 => piece(rest),
            8 => block(rest).map(Self::Cancel),
            9 => rest.try_into().ok().map(u16::from_be_bytes).map(Self::Port),
            0x0d => number(rest).map(Self::Suggest),
            0x0e => nothing(rest, Self::HaveAll),
            0x0f => nothing(rest, Self::HaveNone),
            0x10 => block(rest).map(Self::Reject),
            0x11 => number(rest).map(Self::AllowedFast),
            20 => rest
                .split_first()
                .map(|(&id, payload)| Self::Extended { id, payload }),
            _ => Some(Self::Unknown(kind)),
        };
        message.ok_or(BadMessage::Length(kind))
    }

    /// Appends the message with its length prefix. What it carries must be shorter than 4 GiB, as everything in memory here is.
    pub fn write(&self, out: &mut Vec<u8>) {
        match *self {
            Self::KeepAlive => out.extend_from_slice(&[0; 4]),
            Self::Choke => frame(out, 0, &[]),
            Self::Unchoke => frame(out, 1, &[]),
            Self::Interested => frame(out, 2, &[]),
            Self::NotInterested => frame(out, 3, &[]),
            Self::Have(piece) => frame(out, 4, &[&piece.to_be_bytes()]),
            Self::Bitfield(bits) => frame(out, 5, &[bits]),
            Self::Request(block) => frame(out, 6, &[&block.to_bytes()]),
            Self::Piece { piece, begin, data } => {
                out.extend_from_slice(&piece_header(piece, begin, saturated(data.len())));
                out.extend_from_slice(data);
            }
            Self::Cancel(block) => frame(out, 8, &[&block.to_bytes()]),
            Self::Port(port) => frame(out, 9, &[&port.to_be_bytes()]),
            Self::Suggest(piece) => frame(out, 0x0d, &[&piece.to_be_bytes()]),
            Self::HaveAll => frame(out, 0x0e, &[]),
            Self::HaveNone => frame(out, 0x0f, &[]),
            Self::Reject(block) => frame(out, 0x10, &[&block.to_bytes()]),
            Self::AllowedFast(piece) => frame(out, 0x11, &[&piece.to_be_bytes()]),
            Self::Extended { id, payload } => frame(out, 20, &[&[id], payload]),
            Self::Unknown(kind) => frame(out, kind, &[]),
        }
    }
}

/// What stands before the bytes of a block on the wire, for those who send the bytes without touching them. The length is that of
/// the block.
pub fn piece_header(piece: u32, begin: u32, length: u32) -> [u8; PIECE_HEADER] {
    let mut header = [0; PIECE_HEADER];
    header[..4].copy_from_slice(&length.saturating_add(9).to_be_bytes());
    header[4] = 7;
    header[5..9].copy_from_slice(&piece.to_be_bytes());
    header[9..].copy_from_slice(&begin.to_be_bytes());
    header
}

impl Block {
    fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&self.piece.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.begin.to_be_bytes());
        bytes[8..].copy_from_slice(&self.length.to_be_bytes());
        bytes
    }
}

fn frame(out: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) {
    let length = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    out.extend_from_slice(&saturated(length).to_be_bytes());
    out.push(kind);
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

fn saturated(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn nothing<'a>(rest: &[u8], message: Message<'a>) -> Option<Message<'a>> {
    rest.is_empty().then_some(message)
}

fn number(rest: &[u8]) -> Option<u32> {
    rest.try_into().ok().map(u32::from_be_bytes)
}

fn block(rest: &[u8]) -> Option<Block> {
    let (piece, rest) = rest.split_at_checked(4)?;
    let (begin, length) = rest.split_at_checked(4)?;
    Some(Block {
        piece: number(piece)?,
        begin: number(begin)?,
        length: number(length)?,
    })
}

fn piece(rest: &[u8]) -> Option<Message<'_>> {
    let (piece, rest) = rest.split_at_checked(4)?;
    let (begin, data) = rest.split_at_checked(4)?;
    Some(Message::Piece {
        piece: number(piece)?,
        begin: number(begin)?,
        data,
    })
}

#[cfg(test)]
mod tests;
