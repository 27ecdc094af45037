//! Who sent a request: signatures of HTTP requests in the two dialects of the fediverse, cavage-12 (draft-cavage-http-signatures-12), which
//! everybody understands and which we send, and HTTP Message Signatures (RFC 9421). Checking takes two steps, because the key has to be
//! fetched in between: [`Claim::read`] refuses whatever does not cover enough, before any work is done for a stranger, and
//! [`Claim::verify`] compares with the key. A signature is only believed if it covers method, path, host, time and body.

use std::time::Duration;

use names::{Host, KeyUri};

use crate::keys::{Padding, PublicKey};

mod cavage;
mod digest;
mod messages;
mod refusal;
mod send;
mod structured;

pub use refusal::Refusal;
pub use send::{Outgoing, sign};

/// The longest signature header that is read; one with an RSA key of 8192 bits has 2 KiB.
const MAX_HEADER: usize = 8 << 10;
/// The most headers and components that a signature may cover.
const MAX_COVERED: usize = 32;

/// A request that came in, as far as signatures cover it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// Path and query as they came, not decoded.
    pub target: &'a str,
    /// The host we are known by. Whoever signed for another host did not mean us, whatever the `Host` header says now.
    pub host: &'a Host,
    /// How we are reached from outside.
    pub scheme: Scheme,
    /// All headers, names in any case. One that comes twice is there twice.
    pub headers: &'a [(&'a str, &'a str)],
    /// What was sent with it.
    pub body: Body<'a>,
}

/// How our pod is reached from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Over TLS.
    Https,
    /// In the clear, which only pods of one machine do.
    Http,
}

/// The body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body<'a> {
    /// The request has none and needs no digest.
    None,
    /// The whole body.
    Bytes(&'a [u8]),
    /// Its SHA-256, where the body itself was not kept.
    Sha256([u8; 32]),
}

/// The dialect of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// draft-cavage-http-signatures-12.
    Cavage,
    /// RFC 9421.
    Messages,
}

/// How far the time of a signature may be from ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How long ago it may be made.
    pub past: Duration,
    /// How far ahead the other clock may be.
    pub future: Duration,
}

impl Window {
    /// For ActivityPub: the clocks of others are bad.
    pub const ACTIVITYPUB: Self = Self {
        past: Duration::from_secs(3600),
        future: Duration::from_secs(3600),
    };
    /// For messages between pods.
    pub const PODS: Self = Self {
        past: Duration::from_secs(300),
        future: Duration::from_secs(300),
    };
}

/// What the sender of a request claims: well-formed, covering enough and true of the body, but not yet compared with the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The key it claims to be signed with. Only an actor on the key's host can be its owner.
    pub key: KeyUri,
    /// The dialect of the signature.
    pub dialect: Dialect,
    /// The names of all headers and components that it covers, in lower case, with what they hold.
    covered: Vec<(String, String)>,
    /// What exactly was signed.
    base: String,
    signature: Vec<u8>,
    /// Any of these may be meant; the draft's `hs2019` leaves it to the key.
    paddings: &'static [Padding],
    /// When it was made: all times that it gives, in milliseconds since 1970. Never empty.
    made: Vec<i64>,
    expires: Option<i64>,
}

impl Claim {
    /// A claim of which nothing that it covers is read yet.
    fn unread(
        key: KeyUri,
        dialect: Dialect,
        signature: Vec<u8>,
        paddings: &'static [Padding],
    ) -> Self {
        Self {
            key,
            dialect,
            covered: Vec::new(),
            base: String::new(),
            signature,
            paddings,
            made: Vec::new(),
            expires: None,
        }
    }

    /// Reads the signature of a request and checks all that can be checked without key and clock: that it covers enough and that the body is
    /// the one that was signed.
    pub fn read(request: &Request) -> Result<Self, Refusal> {
        let claim = if request.header("signature-input")?.is_some() {
            messages::read(request)?
        } else {
            cavage::read(request)?
        };
        digest::check(&request.body, |name| claim.signed(name))?;
        if claim.made.is_empty() {
            return Err(Refusal::Uncovered("a date"));
        }
        Ok(claim)
    }

    /// Whether it was made within the window around now (milliseconds since 1970) and has not expired.
    pub fn fresh(&self, now: i64, window: Window) -> Result<(), Refusal> {
        for made in &self.made {
            let age = now.saturating_sub(*made);
            if age > millis(window.past) {
                return Err(Refusal::Stale(age / 1000));
            }
            if age.saturating_neg() > millis(window.future) {
                return Err(Refusal::Early(age.saturating_neg() / 1000));
            }
        }
        match self.expires {
            Some(expires) if expires < now => Err(Refusal::Expired),
            _ => Ok(()),
        }
    }

    /// Whether the request is what the owner of this key sent just now.
    pub fn verify(&self, key: &PublicKey, now: i64, window: Window) -> Result<(), Refusal> {
        self.fresh(now, window)?;
        let message = self.base.as_bytes();
        let mut paddings = self.paddings.iter();
        if paddings.any(|padding| key.verify(*padding, message, &self.signature)) {
            Ok(())
        } else {
            Err(Refusal::Signature)
        }
    }

    /// What a header (or another component) held when it was signed; nothing if the signature does not cover it.
    pub fn signed(&self, name: &str) -> Option<&str> {
        let mut covered = self.covered.iter();
        let found = covered.find(|(covered, _)| covered == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl<'a> Request<'a> {
    /// The value of a header, which must not come twice.
    fn header(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        let mut found = self
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(Refusal::Twice(refusal::short(name))),
            (Some((_, value)), None) => Ok(Some(value.trim_matches([' ', '\t']))),
            (None, _) => Ok(None),
        }
    }

    /// A header that the signature covers.
    fn covered(&self, name: &str) -> Result<String, Refusal> {
        if name == "host" {
            return self.own_host();
        }
        let value = self.header(name)?;
        let value = value.ok_or_else(|| Refusal::Missing(refusal::short(name)))?;
        if value.contains(['\n', '\r']) {
            return Err(Refusal::Malformed("a signed header has several lines"));
        }
        Ok(value.to_owned())
    }

    /// The host for which a signature must be made: ours, as the sender wrote it, or as we write it if a proxy put something else there.
    fn own_host(&self) -> Result<String, Refusal> {
        let sent = self.header("host")?;
        let ours = sent.filter(|sent| Host::parse(sent).as_ref() == Ok(self.host));
        Ok(ours.unwrap_or(self.host.as_str()).to_owned())
    }
}
