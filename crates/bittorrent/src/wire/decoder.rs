//! Cuts a stream of bytes into messages. A message that lies whole in the bytes that came in is read where it lies; only the beginning
//! of one whose rest is still under way is kept. So a peer that says nothing holds no buffer, one that sends a little of a long
//! message makes us keep no more than it sent, and one that announces too long a message is found out by its first four bytes.

use super::{BadMessage, Message};

/// The length prefix.
const PREFIX: usize = 4;

/// Turns what arrives on a connection after the handshake into messages.
///
/// ```
/// # use bittorrent::wire::{BadMessage, Decoder, Message};
/// # fn main() -> Result<(), BadMessage> {
/// let mut decoder = Decoder::new(1 << 17);
/// let mut input: &[u8] = &[0, 0, 0, 1, 2, 0, 0];
/// while let Some(message) = decoder.next(&mut input)? {
///     assert_eq!(message, Message::Interested);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Decoder {
    most: u32,
    /// The beginning of a message, length prefix included.
    kept: Vec<u8>,
    /// Whether `kept` is a whole message that was handed out by the last call.
    spent: bool,
}

impl Decoder {
    /// A decoder for a stream whose messages have at most so many bytes, length prefix not counted.
    pub fn new(most: u32) -> Self {
        Self {
            most,
            kept: Vec::new(),
            spent: false,
        }
    }

    /// Takes the next message off the front of what has arrived. `None` means that all of it has been taken, and that a message that
    /// has only begun is remembered. After an error nothing further on this connection makes sense.
    pub fn next<'m, 'i: 'm>(
        &'m mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Message<'m>>, BadMessage> {
        if self.spent {
            self.kept = Vec::new();
            self.spent = false;
        }
        if self.kept.is_empty() {
            let Some(length) = self.length(input)? else {
                return Ok(self.keep(input));
            };
            let Some((message, rest)) = input.split_at_checked(length) else {
                return Ok(self.keep(input));
            };
            *input = rest;
            return Message::parse(&message[PREFIX..]).map(Some);
        }
        self.top_up(PREFIX, input);
        let Some(length) = self.length(&self.kept)? else {
            return Ok(None);
        };
        self.top_up(length, input);
        if self.kept.len() < length {
            return Ok(None);
        }
        self.spent = true;
        Message::parse(&self.kept[PREFIX..]).map(Some)
    }

    /// Bytes that are held for a message whose rest is still under way.
    pub fn held(&self) -> usize {
        self.kept.capacity()
    }

    /// How long the message at the front is with its prefix, as soon as that can be told.
    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, BadMessage> {
        let Some(prefix) = bytes.first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*prefix);
        if length > self.most {
            return Err(BadMessage::TooLong(length));
        }
        // Where an address has 32 bits a message of 4 GiB could not be told; nobody can hold one there either.
        let length = usize::try_from(length)
            .ok()
            .and_then(|n| n.checked_add(PREFIX));
        length.map(Some).ok_or(BadMessage::TooLong(u32::MAX))
    }

    /// Remembers all that is left.
    fn keep(&mut self, input: &mut &[u8]) -> Option<Message<'static>> {
        self.kept.extend_from_slice(input);
        *input = &[];
        None
    }

    /// Moves bytes over until so many are kept or there are no more.
    fn top_up(&mut self, wanted: usize, input: &mut &[u8]) {
        let missing = wanted.saturating_sub(self.kept.len());
        let (moved, rest) = input.split_at(missing.min(input.len()));
        self.kept.extend_from_slice(moved);
        *input = rest;
    }
}
