//! Digests of bodies in headers: `Digest` (RFC 3230), which cavage signatures cover, and `Content-Digest` (RFC 9530). Digests of kinds that are
//! not known are passed over, but one that is known must be there and every known one must be right.

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::structured::{Cursor, Item};
use super::{Body, Refusal};

/// Compares the body with the digests that are signed. A request with a body must have one.
pub fn check<'a>(body: &Body, signed: impl Fn(&str) -> Option<&'a str>) -> Result<(), Refusal> {
    let (old, new) = (signed("digest"), signed("content-digest"));
    if old.is_none() && new.is_none() {
        return match body {
            Body::None => Ok(()),
            Body::Bytes(_) | Body::Sha256(_) => Err(Refusal::Uncovered("the digest of the body")),
        };
    }
    if let Some(header) = old {
        compare(body, read_old(header)?)?;
    }
    if let Some(header) = new {
        compare(body, read_new(header)?)?;
    }
    Ok(())
}

/// What to put into a `Digest` header.
pub fn write(body: &[u8]) -> String {
    format!("SHA-256={}", STANDARD.encode(digest(&SHA256, body)))
}

fn compare(body: &Body, digests: Vec<(String, Vec<u8>)>) -> Result<(), Refusal> {
    let mut known = false;
    for (kind, expected) in digests {
        let actual = match (kind.as_str(), body) {
            ("sha-256", Body::Sha256(hash)) => hash.to_vec(),
            ("sha-256", _) => digest(&SHA256, bytes(body)).as_ref().to_vec(),
            ("sha-512", Body::None | Body::Bytes(_)) => {
                digest(&SHA512, bytes(body)).as_ref().to_vec()
            }
            _ => continue,
        };
        if actual != expected {
            return Err(Refusal::Digest);
        }
        known = true;
    }
    if known {
        Ok(())
    } else {
        Err(Refusal::DigestKind)
    }
}

fn bytes<'a>(body: &Body<'a>) -> &'a [u8] {
    match body {
        Body::Bytes(bytes) => bytes,
        Body::None | Body::Sha256(_) => &[],
    }
}

/// `SHA-256=base64,other=…`
fn read_old(header: &str) -> Result<Vec<(String, Vec<u8>)>, Refusal> {
    let mut digests = Vec::new();
    for part in header.split(',').take(8) {
        let (kind, value) = part.trim().split_once('=').ok_or(Refusal::DigestKind)?;
        let kind = kind.to_ascii_lowercase();
        if matches!(kind.as_str(), "sha-256" | "sha-512") {
            let value = STANDARD.decode(value).map_err(|_| Refusal::DigestKind)?;
            digests.push((kind, value));
        }
    }
    Ok(digests)
}

/// `sha-256=:base64:, other=…`
fn read_new(header: &str) -> Result<Vec<(String, Vec<u8>)>, Refusal> {
    let members = Cursor::new(header)
        .dictionary(Cursor::item)
        .ok_or(Refusal::DigestKind)?;
    let digests = members
        .into_iter()
        .filter_map(|(kind, member)| match member.value {
            Item::Bytes(bytes) => Some((kind, bytes)),
            _ => None,
        });
    Ok(digests.collect())
}
