//! The frame of STUN messages: a head, then attributes padded to four bytes. Nothing is copied and nothing is allocated, so a
//! hostile message costs one walk over its bytes.

use super::{COOKIE, FINGERPRINT, FINGERPRINT_MASK, HEADER, Malformed, Transaction, crc32};

/// The attributes of a message, front to back.
#[derive(Debug)]
pub(super) struct Attributes<'a> {
    message: &'a [u8],
    at: usize,
}

/// One attribute.
#[derive(Debug)]
pub(super) struct Attribute<'a> {
    pub(super) kind: u16,
    /// Where in the message it begins.
    pub(super) at: usize,
    pub(super) value: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// Checks the head of a message that should be of this kind.
    pub(super) fn open(message: &'a [u8], kind: u16) -> Result<Self, Malformed> {
        if message.len() < HEADER {
            return Err(Malformed::Length);
        }
        if message[4..8] != COOKIE.to_be_bytes() {
            return Err(Malformed::Cookie);
        }
        if message[..2] != kind.to_be_bytes() {
            return Err(Malformed::Kind);
        }
        let length = usize::from(u16::from_be_bytes([message[2], message[3]]));
        if length != message.len() - HEADER || !length.is_multiple_of(4) {
            return Err(Malformed::Length);
        }
        Ok(Self {
            message,
            at: HEADER,
        })
    }

    pub(super) fn transaction(&self) -> Transaction {
        let mut transaction = [0; 12];
        transaction.copy_from_slice(&self.message[8..HEADER]);
        transaction
    }

    /// The next attribute, or none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Attribute<'a>>, Malformed> {
        let rest = &self.message[self.at..];
        let Some((head, rest)) = rest.split_at_checked(4) else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let padded = length.next_multiple_of(4);
        if padded > rest.len() {
            return Err(Malformed::Length);
        }
        let attribute = Attribute {
            kind: u16::from_be_bytes([head[0], head[1]]),
            at: self.at,
            value: &rest[..length],
        };
        self.at += 4 + padded;
        // A checksum is the end, or it would be none of the whole.
        if attribute.kind == FINGERPRINT && self.at != self.message.len() {
            return Err(Malformed::Fingerprint);
        }
        Ok(Some(attribute))
    }
}

impl<'a> Attribute<'a> {
    pub(super) fn u32(&self) -> Result<u32, Malformed> {
        let value = self.value.try_into().map_err(|_| Malformed::Attribute)?;
        Ok(u32::from_be_bytes(value))
    }

    pub(super) fn u64(&self) -> Result<u64, Malformed> {
        let value = self.value.try_into().map_err(|_| Malformed::Attribute)?;
        Ok(u64::from_be_bytes(value))
    }

    /// A name: at most 513 bytes of UTF-8 (RFC 8489, section 14.3).
    pub(super) fn text(&self) -> Result<&'a str, Malformed> {
        if self.value.len() > 513 {
            return Err(Malformed::Attribute);
        }
        str::from_utf8(self.value).map_err(|_| Malformed::Attribute)
    }

    pub(super) fn check_fingerprint(&self, message: &[u8]) -> Result<(), Malformed> {
        if self.u32()? == crc32(&message[..self.at]) ^ FINGERPRINT_MASK {
            Ok(())
        } else {
            Err(Malformed::Fingerprint)
        }
    }
}
