//! Messages between pods, sealed: a JWE (RFC 7516, flattened JSON serialization) whose content is encrypted with a fresh AES-256-GCM key,
//! which is encrypted for the receiver with RSA-OAEP and SHA-256 (RFC 7518, sections 4.3 and 5.3). Its protected header says who
//! sends it to whom, when, in which protocol and under which nonce.
//!
//! A JWE proves nothing about its sender: anybody has the receiver's public key. The proof is the HTTP signature over the digest of these
//! bytes, and it must have been checked before [`open`] is called. What the envelope adds is that a proxy on the way reads nothing, and
//! that sender, receiver, nonce and time are part of what was encrypted, so an old envelope cannot be put under a new signature.

mod key;
mod replays;

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use names::Host;
use serde::{Deserialize, Serialize};

use crate::json::{self, cut};
use crate::score::Event;
use crate::{MINUTE, Protocol};
pub use key::{BadKey, Fresh, Nonce, OpeningKey, SealingKey};
pub use replays::{MAX_NONCES, Replays};

/// Bytes of an envelope that are read.
pub const MAX_ENVELOPE: usize = 3 << 19;
/// Bytes of a message that are sealed.
pub const MAX_MESSAGE: usize = 1 << 20;
/// How far the clocks of two pods may be apart, and how long an envelope may be under way.
pub const WINDOW: i64 = 5 * MINUTE;

/// The media type with which envelopes are posted.
pub const MEDIA_TYPE: &str = "application/jose+json";
const ALGORITHM: &str = "RSA-OAEP-256";
const ENCRYPTION: &str = "A256GCM";
const KIND: &str = "shoal-envelope";
/// Bytes of the header that are read: two long hosts and room for what newer pods add.
const MAX_HEADER: usize = 4 << 10;

/// What the outside of an envelope says, and the inside vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// Who sends it.
    #[serde(rename = "from", with = "json::host")]
    pub sender: Host,
    /// Whom it is for.
    #[serde(rename = "to", with = "json::host")]
    pub receiver: Host,
    /// The protocol of what is inside.
    pub protocol: Protocol,
    /// 128 random bits, the same as in the HTTP header `shoal-nonce`.
    pub nonce: Nonce,
    /// When it was sealed, in milliseconds since 1970.
    pub sent_at: i64,
}

/// The protected header as it is on the wire.
#[derive(Debug, Serialize, Deserialize)]
struct Protected<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow)]
    enc: Cow<'a, str>,
    #[serde(borrow)]
    typ: Cow<'a, str>,
    /// Extensions that must be understood (RFC 7515, section 4.1.11). We understand none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    crit: Option<()>,
    /// Compression, which we do not do: what is small outside would be large inside.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    zip: Option<()>,
    #[serde(flatten)]
    header: Header,
}

/// Notes that a member is there, whatever is in it.
fn present<'a, D: serde::Deserializer<'a>>(from: D) -> Result<Option<()>, D::Error> {
    serde::de::IgnoredAny::deserialize(from).map(|_| Some(()))
}

/// RFC 7516, section 7.2.2. Members that it allows and we do not use make the envelope one of somebody else's.
#[derive(Debug, Serialize, Deserialize)]
struct Flattened<'a> {
    #[serde(borrow)]
    protected: Cow<'a, str>,
    #[serde(borrow)]
    encrypted_key: Cow<'a, str>,
    #[serde(borrow)]
    iv: Cow<'a, str>,
    #[serde(borrow)]
    ciphertext: Cow<'a, str>,
    #[serde(borrow)]
    tag: Cow<'a, str>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    unprotected: Option<()>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    header: Option<()>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    aad: Option<()>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    recipients: Option<()>,
}

/// Why a message was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSealed {
    /// The sender has to make smaller groups.
    #[error("the message has {0} bytes; at most {MAX_MESSAGE} are sealed")]
    TooLarge(usize),
    /// The key is no RSA key of 2048 to 8192 bits.
    #[error("the receiver's public key is no RSA key of 2048 to 8192 bits")]
    BadKey,
    /// The cryptography refused; it gives no reasons.
    #[error("the message could not be encrypted")]
    Failed,
}

/// Seals a message for the owner of a key. The same `fresh` may never be used twice.
pub fn seal(
    message: &[u8],
    receiver: &SealingKey,
    header: &Header,
    fresh: Fresh,
) -> Result<Vec<u8>, NotSealed> {
    if message.len() > MAX_MESSAGE {
        return Err(NotSealed::TooLarge(message.len()));
    }
    let protected = Protected {
        alg: ALGORITHM.into(),
        enc: ENCRYPTION.into(),
        typ: KIND.into(),
        crit: None,
        zip: None,
        header: header.clone(),
    };
    let protected = serde_json::to_vec(&protected).map_err(|_| NotSealed::Failed)?;
    let protected = URL_SAFE_NO_PAD.encode(protected);
    let encrypted_key = receiver.wrap(&fresh)?;
    let iv = URL_SAFE_NO_PAD.encode(fresh.iv());
    let mut content = message.to_vec();
    let tag = fresh.encrypt(protected.as_bytes(), &mut content)?;
    let envelope = Flattened {
        protected: protected.into(),
        encrypted_key: URL_SAFE_NO_PAD.encode(encrypted_key).into(),
        iv: iv.into(),
        ciphertext: URL_SAFE_NO_PAD.encode(content).into(),
        tag: URL_SAFE_NO_PAD.encode(tag).into(),
        unprotected: None,
        header: None,
        aad: None,
        recipients: None,
    };
    serde_json::to_vec(&envelope).map_err(|_| NotSealed::Failed)
}

/// What the receiver knows before it opens an envelope.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Ourselves.
    pub receiver: &'a Host,
    /// The host of the actor whose key signed the request. The signature has been checked.
    pub sender: &'a Host,
    /// The HTTP header `shoal-nonce`, which was among what is signed.
    pub nonce: Nonce,
}

/// Why an envelope is refused, in a sentence for the sender and the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was not even read.
    #[error(
        "the envelope has {0} bytes; at most {MAX_ENVELOPE} are read, with {MAX_MESSAGE} inside"
    )]
    TooLarge(usize),
    /// It is no envelope of ours, or not whole.
    #[error("the envelope is damaged: {0}")]
    Damaged(String),
    /// A way to encrypt that we do not know. A newer pod may do so.
    #[error("the envelope is encrypted with {0}, which this pod does not know")]
    UnknownAlgorithm(String),
    /// It was meant for another pod.
    #[error("the envelope is for {0}, not for this pod")]
    NotForUs(Host),
    /// It names another sender than who signed.
    #[error("the envelope names {0} as its sender, who did not sign it")]
    OtherSender(Host),
    /// An envelope under a signature that was made for another one.
    #[error("the envelope was not made for this request: its nonce is another")]
    OtherNonce,
    /// It was under way too long, or the sender's clock is behind.
    #[error("the envelope is {} seconds old; check the clocks of both pods", .0 / 1000)]
    TooOld(i64),
    /// The sender's clock is ahead.
    #[error("the envelope is from {} seconds in the future; check the clocks of both pods", .0 / 1000)]
    TooNew(i64),
    /// It came before.
    #[error("the envelope came before")]
    Replayed,
    /// So many have come within the window that no more nonces are remembered.
    #[error("more than {MAX_NONCES} envelopes within ten minutes")]
    TooMany,
    /// It was damaged, or sealed for a key that is not ours (any more). Which of both, nobody can know.
    #[error("the envelope does not open with this pod's key: fetch its actor again and seal anew")]
    CannotOpen,
}

impl Refusal {
    /// What it costs the pod that signed the request. Nothing where somebody else can have caused it: the very same signed bytes may be sent
    /// again, or late, by whoever saw them; and a key or a clock that changed is no bad will.
    pub fn event(&self) -> Option<Event> {
        match self {
            Self::TooLarge(_) | Self::Damaged(_) | Self::NotForUs(_) => Some(Event::Junk),
            Self::OtherSender(_) => Some(Event::Lie),
            Self::OtherNonce => Some(Event::Replay),
            Self::TooMany => Some(Event::Flood),
            Self::UnknownAlgorithm(_)
            | Self::TooOld(_)
            | Self::TooNew(_)
            | Self::Replayed
            | Self::CannotOpen => None,
        }
    }
}

/// An envelope that is what it claims to be. It is still to be asked whether it came before: remember `nonce` of the sender until
/// `forget_at`, in the transaction that applies the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What was inside.
    pub message: Vec<u8>,
    /// Who sent it, when, under which nonce.
    pub header: Header,
    /// From then on the envelope is too old anyhow, and its nonce may be forgotten.
    pub forget_at: i64,
}

/// Opens an envelope whose bytes are covered by a checked signature. What is cheap is checked first, the private key is used last.
pub fn open(
    bytes: &[u8],
    key: &OpeningKey,
    expected: Expected<'_>,
    now: i64,
) -> Result<Opened, Refusal> {
    if bytes.len() > MAX_ENVELOPE {
        return Err(Refusal::TooLarge(bytes.len()));
    }
    let damaged = |why: &str| Refusal::Damaged(cut(why, 200));
    let envelope: Flattened<'_> =
        json::read(bytes, MAX_ENVELOPE).map_err(|why| damaged(&why.to_string()))?;
    let unused = [
        ("unprotected", envelope.unprotected),
        ("header", envelope.header),
        ("aad", envelope.aad),
        ("recipients", envelope.recipients),
    ];
    if let Some((name, _)) = unused.iter().find(|(_, member)| member.is_some()) {
        return Err(damaged(&format!("it has the member {name}")));
    }
    let header = read_header(&envelope.protected)?;
    check(&header, expected, now)?;
    let decode = |text: &str, what: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text);
        bytes.map_err(|_| damaged(&format!("{what} is not base64url")))
    };
    let iv = decode(&envelope.iv, "iv")?;
    let iv = iv.try_into().map_err(|_| damaged("iv has not 12 bytes"))?;
    let tag: [u8; 16] = decode(&envelope.tag, "tag")?
        .try_into()
        .map_err(|_| damaged("tag has not 16 bytes"))?;
    let encrypted_key = decode(&envelope.encrypted_key, "encrypted_key")?;
    let content = decode(&envelope.ciphertext, "ciphertext")?;
    if content.len() > MAX_MESSAGE {
        return Err(Refusal::TooLarge(bytes.len()));
    }
    let protected = envelope.protected.as_bytes();
    let message = key
        .unwrap(&encrypted_key, iv)
        .and_then(|fresh| fresh.decrypt(protected, &tag, content))
        .ok_or(Refusal::CannotOpen)?;
    let forget_at = header.sent_at.saturating_add(WINDOW + 1);
    Ok(Opened {
        message,
        header,
        forget_at,
    })
}

fn read_header(protected: &str) -> Result<Header, Refusal> {
    let damaged = |why: &str| Refusal::Damaged(cut(why, 200));
    if protected.len() > MAX_HEADER {
        return Err(damaged("its header is too long"));
    }
    let bytes = URL_SAFE_NO_PAD.decode(protected);
    let bytes = bytes.map_err(|_| damaged("its header is not base64url"))?;
    let protected: Protected<'_> =
        json::read(&bytes, MAX_HEADER).map_err(|why| damaged(&format!("its header: {why}")))?;
    let Protected {
        alg,
        enc,
        typ,
        crit,
        zip,
        header,
    } = protected;
    if alg != ALGORITHM || enc != ENCRYPTION {
        let way = format!("{} and {}", cut(&alg, 40), cut(&enc, 40));
        return Err(Refusal::UnknownAlgorithm(way));
    }
    if crit.is_some() || zip.is_some() {
        let way = "an extension (crit or zip)".to_owned();
        return Err(Refusal::UnknownAlgorithm(way));
    }
    if typ != KIND {
        return Err(damaged("it is another kind of JWE"));
    }
    Ok(header)
}

fn check(header: &Header, expected: Expected<'_>, now: i64) -> Result<(), Refusal> {
    if header.receiver != *expected.receiver {
        return Err(Refusal::NotForUs(header.receiver.clone()));
    }
    if header.sender != *expected.sender {
        return Err(Refusal::OtherSender(header.sender.clone()));
    }
    if header.nonce != expected.nonce {
        return Err(Refusal::OtherNonce);
    }
    let age = now.saturating_sub(header.sent_at);
    match age {
        _ if age > WINDOW => Err(Refusal::TooOld(age)),
        _ if age < -WINDOW => Err(Refusal::TooNew(age.saturating_neg())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
