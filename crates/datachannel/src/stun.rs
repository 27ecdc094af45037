//! STUN as far as a server of data channels needs it (RFC 8489, RFC 8445): binding requests are read and checked, responses are
//! written. A request with credentials is a connectivity check; one without is a browser asking what its address looks like from
//! outside, which any STUN server answers. The other halves, writing requests and reading responses, are here for clients in tests
//! and so that every form is read back as it was written. It keeps nothing: whose password counts is for the caller to know.

mod checksum;
mod reader;
mod response;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};

use aws_lc_rs::{constant_time, hmac};

use checksum::crc32;
use reader::Attributes;
pub use response::{Outcome, Response, answer, refuse, respond};

/// What every message carries behind its first eight bits of type and length (RFC 8489, section 5).
const COOKIE: u32 = 0x2112_a442;
const HEADER: usize = 20;
const BINDING: u16 = 0x0001;

const MAPPED_ADDRESS: u16 = 0x0001;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
const REALM: u16 = 0x0014;
const NONCE: u16 = 0x0015;
const MESSAGE_INTEGRITY_SHA256: u16 = 0x001c;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802a;

/// A value and its attribute's head take this much with HMAC-SHA1.
const INTEGRITY: usize = 24;
/// What is xored to a checksum, so that it is not taken for one of another protocol.
const FINGERPRINT_MASK: u32 = 0x5354_554e;

/// Why bytes are no message that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Shorter than they say, longer, or an attribute crosses the end.
    #[error("the length is wrong")]
    Length,
    /// Not STUN, or STUN of before 2008.
    #[error("the magic cookie is missing")]
    Cookie,
    /// Something else than a binding request (or response, where one is expected).
    #[error("the message is of another kind")]
    Kind,
    /// An attribute does not have the form it should.
    #[error("an attribute is malformed")]
    Attribute,
    /// The checksum is of other bytes.
    #[error("the checksum is wrong")]
    Fingerprint,
}

/// A password, prepared for checking and signing messages.
#[derive(Debug, Clone)]
pub struct Key(hmac::Key);

impl Key {
    /// The key of a short-term credential: the password itself.
    pub fn new(password: &str) -> Self {
        Self(hmac::Key::new(
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            password.as_bytes(),
        ))
    }

    /// The digest over a message up to the attribute that carries it. The length in the head must count that attribute, whatever
    /// follows it.
    fn digest(&self, before: &[u8]) -> hmac::Tag {
        let length = (before.len() - HEADER + INTEGRITY) as u16;
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&before[..2]);
        context.update(&length.to_be_bytes());
        context.update(&before[4..]);
        context.sign()
    }
}

/// The number by which a response is matched to its request.
pub type Transaction = [u8; 12];

/// A binding request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// To be repeated in the response.
    pub transaction: Transaction,
    /// `receiver:sender`, the two names of a connectivity check.
    pub username: Option<&'a str>,
    /// What the sender thinks of the candidate that the check would make known.
    pub priority: Option<u32>,
    /// The sender wants this pair of addresses to be used.
    pub use_candidate: bool,
    /// The sender decides on pairs; its number settles disputes.
    pub controlling: Option<u64>,
    /// The message ends with a checksum, so the response should.
    pub fingerprint: bool,
    /// An attribute that must be understood and is not.
    pub unknown: Option<u16>,
    signed: Option<Signed<'a>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signed<'a> {
    before: &'a [u8],
    digest: &'a [u8],
}

impl<'a> Request<'a> {
    /// Reads a request.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, Malformed> {
        let mut attributes = Attributes::open(datagram, BINDING)?;
        let mut request = Self {
            transaction: attributes.transaction(),
            username: None,
            priority: None,
            use_candidate: false,
            controlling: None,
            fingerprint: false,
            unknown: None,
            signed: None,
        };
        while let Some(attribute) = attributes.next()? {
            match attribute.kind {
                FINGERPRINT => {
                    attribute.check_fingerprint(datagram)?;
                    request.fingerprint = true;
                }
                // What follows a signature is not covered by it and counts for nothing (RFC 8489, section 14.5).
                _ if request.signed.is_some() => {}
                MESSAGE_INTEGRITY => {
                    if attribute.value.len() != INTEGRITY - 4 {
                        return Err(Malformed::Attribute);
                    }
                    request.signed = Some(Signed {
                        before: &datagram[..attribute.at],
                        digest: attribute.value,
                    });
                }
                // Of an attribute that comes twice only the first counts.
                USERNAME if request.username.is_none() => {
                    request.username = Some(attribute.text()?);
                }
                PRIORITY => request.priority = Some(attribute.u32()?),
                USE_CANDIDATE => request.use_candidate = true,
                ICE_CONTROLLING => request.controlling = Some(attribute.u64()?),
                USERNAME | REALM | NONCE | MESSAGE_INTEGRITY_SHA256 | ICE_CONTROLLED => {}
                kind if kind < 0x8000 && request.unknown.is_none() => request.unknown = Some(kind),
                _ => {}
            }
        }
        Ok(request)
    }

    /// Whether the request is signed at all.
    pub fn is_signed(&self) -> bool {
        self.signed.is_some()
    }

    /// Whether the request was signed with this password.
    pub fn verify(&self, key: &Key) -> bool {
        self.signed.as_ref().is_some_and(|signed| {
            let digest = key.digest(signed.before);
            constant_time::verify_slices_are_equal(digest.as_ref(), signed.digest).is_ok()
        })
    }

    /// Writes the request, signed when a key is given; always with a checksum.
    pub fn write(&self, key: Option<&Key>) -> Vec<u8> {
        let mut message = Writer::new(BINDING, &self.transaction);
        if let Some(username) = self.username {
            message.attribute(USERNAME, username.as_bytes());
        }
        if let Some(priority) = self.priority {
            message.attribute(PRIORITY, &priority.to_be_bytes());
        }
        if self.use_candidate {
            message.attribute(USE_CANDIDATE, &[]);
        }
        if let Some(number) = self.controlling {
            message.attribute(ICE_CONTROLLING, &number.to_be_bytes());
        }
        message.finish(key, true)
    }

    /// A request as a client makes it for [`Request::write`].
    pub fn new(transaction: Transaction, username: Option<&'a str>) -> Self {
        Self {
            transaction,
            username,
            priority: None,
            use_candidate: false,
            controlling: None,
            fingerprint: true,
            unknown: None,
            signed: None,
        }
    }
}

/// A message being written.
struct Writer(Vec<u8>);

impl Writer {
    fn new(kind: u16, transaction: &Transaction) -> Self {
        let mut message = Vec::with_capacity(128);
        message.extend(kind.to_be_bytes());
        message.extend([0, 0]);
        message.extend(COOKIE.to_be_bytes());
        message.extend(transaction);
        Self(message)
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.0.extend(kind.to_be_bytes());
        self.0.extend((value.len() as u16).to_be_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    fn address(&mut self, address: SocketAddr) {
        let port = address.port() ^ (COOKIE >> 16) as u16;
        let mut value = [0; 20];
        value[2..4].copy_from_slice(&port.to_be_bytes());
        match address.ip().to_canonical() {
            IpAddr::V4(ip) => {
                value[1] = 1;
                value[4..8].copy_from_slice(&(u32::from(ip) ^ COOKIE).to_be_bytes());
                self.attribute(XOR_MAPPED_ADDRESS, &value[..8]);
            }
            IpAddr::V6(ip) => {
                value[1] = 2;
                let mask = self.mask();
                value[4..].copy_from_slice(&(u128::from(ip) ^ mask).to_be_bytes());
                self.attribute(XOR_MAPPED_ADDRESS, &value);
            }
        }
    }

    /// Cookie and transaction, with which addresses are disguised from well-meaning routers.
    fn mask(&self) -> u128 {
        mask(&self.0)
    }

    fn finish(mut self, key: Option<&Key>, fingerprint: bool) -> Vec<u8> {
        if let Some(key) = key {
            let digest = key.digest(&self.0);
            self.attribute(MESSAGE_INTEGRITY, digest.as_ref());
        }
        let length = self.0.len() - HEADER + if fingerprint { 8 } else { 0 };
        self.0[2..4].copy_from_slice(&(length as u16).to_be_bytes());
        if fingerprint {
            let sum = crc32(&self.0) ^ FINGERPRINT_MASK;
            self.attribute(FINGERPRINT, &sum.to_be_bytes());
        }
        self.0
    }
}

/// The sixteen bytes behind type and length.
fn mask(message: &[u8]) -> u128 {
    message[4..HEADER]
        .iter()
        .fold(0, |mask, byte| mask << 8 | u128::from(*byte))
}
