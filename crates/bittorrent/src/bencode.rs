//! Bencode, BitTorrent's data format. Reading allocates nothing: [`decode`] walks the bytes once, and a [`Value`] is then a slice
//! that is known to hold one well-formed value, looked into on demand. So a hostile input can cost no more memory than its own
//! length, and the raw bytes that an infohash is taken over are always at hand. Only the canonical form is accepted (sorted,
//! unique keys, shortest numbers), so writing what was read gives the same bytes; [`decode_unordered`] alone is lenient. It is not a serde format, on purpose: the few
//! messages of the protocol are looked up by key.

mod encode;
mod scan;

pub use encode::Item;
use scan::{Keys, read_integer, split_bytes, split_value};

/// How deep lists and dictionaries may nest. The deepest message of the protocol has five levels.
pub const MAX_DEPTH: usize = 16;

/// The longest text that is looked at: far above the torrent of the largest video.
pub const MAX_SIZE: usize = 64 << 20;

/// What is wrong with a bencoded text, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {at}")]
pub struct Error {
    /// What is wrong.
    pub problem: Problem,
    /// Where it was noticed.
    pub at: usize,
}

/// The ways in which a text is not bencode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The text ends inside a value.
    #[error("the text ends too early")]
    Truncated,
    /// A byte that cannot start or continue a value.
    #[error("unexpected byte")]
    Unexpected,
    /// A number with leading zeros, "-0", or beyond 64 bits.
    #[error("not a plain 64-bit number")]
    Number,
    /// A dictionary's key is not greater than the one before it.
    #[error("keys out of order")]
    KeyOrder,
    /// More than [`MAX_DEPTH`] levels.
    #[error("nested too deeply")]
    Depth,
    /// More than [`MAX_SIZE`] bytes.
    #[error("too long")]
    Size,
    /// Something follows the value.
    #[error("trailing bytes")]
    Trailing,
}

/// One well-formed value, still in its encoded form.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Value<'a> {
    raw: &'a [u8],
}

/// Reads a text that is exactly one value.
pub fn decode(text: &[u8]) -> Result<Value<'_>, Error> {
    let (value, rest) = decode_prefix(text)?;
    match rest {
        [] => Ok(value),
        _ => Err(Error {
            problem: Problem::Trailing,
            at: value.raw.len(),
        }),
    }
}

/// Reads one value and returns what follows it, as messages that carry a payload behind a dictionary need.
pub fn decode_prefix(text: &[u8]) -> Result<(Value<'_>, &[u8]), Error> {
    prefix(text, Keys::Sorted)
}

/// The same for messages of peers, whose dictionaries nobody hashes: keys may stand in any order and more than once, of which the
/// first counts.
pub fn decode_unordered(text: &[u8]) -> Result<(Value<'_>, &[u8]), Error> {
    prefix(text, Keys::Any)
}

fn prefix(text: &[u8], keys: Keys) -> Result<(Value<'_>, &[u8]), Error> {
    if text.len() > MAX_SIZE {
        return Err(Error {
            problem: Problem::Size,
            at: MAX_SIZE,
        });
    }
    let end = scan::well_formed(text, keys)?;
    let (raw, rest) = text.split_at(end);
    Ok((Value { raw }, rest))
}

impl<'a> Value<'a> {
    /// The value as it is written, which is what hashes are taken over.
    pub fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// The number, if it is one.
    pub fn integer(self) -> Option<i64> {
        read_integer(self.raw.strip_prefix(b"i")?.strip_suffix(b"e")?)
    }

    /// The number, if it is one that is not negative.
    pub fn unsigned(self) -> Option<u64> {
        self.integer()?.try_into().ok()
    }

    /// The bytes, if it is a byte string.
    pub fn bytes(self) -> Option<&'a [u8]> {
        split_bytes(self.raw).map(|(bytes, _)| bytes)
    }

    /// The text, if it is a byte string in UTF-8.
    pub fn text(self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// The elements, if it is a list.
    pub fn list(self) -> Option<impl Iterator<Item = Value<'a>>> {
        let mut rest = self.raw.strip_prefix(b"l")?;
        Some(std::iter::from_fn(move || {
            let (raw, after) = split_value(rest)?;
            rest = after;
            Some(Value { raw })
        }))
    }

    /// The entries in the order of their keys, if it is a dictionary.
    pub fn dict(self) -> Option<impl Iterator<Item = (&'a [u8], Value<'a>)>> {
        let mut rest = self.raw.strip_prefix(b"d")?;
        Some(std::iter::from_fn(move || {
            let (key, after) = split_bytes(rest)?;
            let (raw, after) = split_value(after)?;
            rest = after;
            Some((key, Value { raw }))
        }))
    }

    /// The value below a key, if it is a dictionary that has it.
    pub fn get(self, key: &[u8]) -> Option<Value<'a>> {
        self.dict()?
            .find(|(k, _)| *k == key)
            .map(|(_, value)| value)
    }
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value({})", self.raw.escape_ascii())
    }
}

#[cfg(test)]
mod tests;
