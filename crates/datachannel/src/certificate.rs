//! The certificate that a pod shows to its WebRTC peers: self-signed, made when the process starts, trusted because its fingerprint
//! travels in the answer. So it says nothing about anybody and never expires. It is written as DER by hand: the few fields are
//! always the same, and a library for certificates would be the larger part.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;

/// Object identifiers, with their heads.
const ECDSA_WITH_SHA256: [u8; 10] = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const EC_PUBLIC_KEY: [u8; 9] = [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P256: [u8; 10] = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const COMMON_NAME: [u8; 5] = [6, 3, 0x55, 4, 3];

/// The cryptography library could not make a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no key for the certificate could be made")]
pub struct NoKey;

/// A certificate with its private key.
#[derive(Clone)]
pub struct Certificate {
    pub(crate) der: Vec<u8>,
    pub(crate) key: Vec<u8>,
    fingerprint: Fingerprint,
}

impl Certificate {
    /// A new key and a certificate for it. The randomness of keys is the cryptography library's.
    pub fn generate() -> Result<Self, NoKey> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| NoKey)?;
        let key = pair.to_pkcs8v1().map_err(|_| NoKey)?;
        let content = content(pair.public_key().as_ref());
        let signature = pair
            .sign(&SystemRandom::new(), &content)
            .map_err(|_| NoKey)?;
        let der = list(&[
            &content,
            &wrap(SEQUENCE, &ECDSA_WITH_SHA256),
            &bits(signature.as_ref()),
        ]);
        Ok(Self {
            fingerprint: Fingerprint::of(&der),
            der,
            key: key.as_ref().to_vec(),
        })
    }

    /// What an answer says about it.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.fingerprint)
    }
}

/// The SHA-256 of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate in DER.
    pub fn of(der: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, der).as_ref());
        Self(bytes)
    }

    /// Reads `AB:CD:..`, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let mut pairs = text.split(':');
        for byte in &mut bytes {
            let pair = pairs.next()?;
            if pair.len() != 2 || !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        pairs.next().is_none().then_some(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

/// What is signed.
fn content(public: &[u8]) -> Vec<u8> {
    // The number must differ between certificates of one name, or Firefox takes them for a forgery. The public key differs.
    let mut serial = Fingerprint::of(public).0;
    serial[0] = serial[0] & 0x7f | 0x40;
    let name = list(&[&wrap(
        SET,
        &list(&[&COMMON_NAME, &wrap(UTF8_STRING, b"shoal")]),
    )]);
    let validity = list(&[
        &wrap(UTC_TIME, b"000101000000Z"),
        &wrap(GENERALIZED_TIME, b"99991231235959Z"),
    ]);
    list(&[
        &wrap(VERSION, &wrap(INTEGER, &[2])),
        &wrap(INTEGER, &serial[..16]),
        &wrap(SEQUENCE, &ECDSA_WITH_SHA256),
        &name,
        &validity,
        &name,
        &list(&[&list(&[&EC_PUBLIC_KEY, &P256]), &bits(public)]),
    ])
}

fn list(parts: &[&[u8]]) -> Vec<u8> {
    wrap(SEQUENCE, &parts.concat())
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    wrap(BIT_STRING, &[&[0], bytes].concat())
}

/// A value with its tag and length.
fn wrap(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match value.len() {
        length @ 0..=0x7f => der.push(length as u8),
        length @ 0x80..=0xff => der.extend([0x81, length as u8]),
        length => der.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    der.extend(value);
    der
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

    use super::*;

    /// Reads one value, gives what it holds, the whole of it, and the rest.
    fn open(der: &[u8]) -> (&[u8], &[u8], &[u8]) {
        let (head, length) = match der[1] {
            0x81 => (3, usize::from(der[2])),
            0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
            length => (2, usize::from(length)),
        };
        (
            &der[head..head + length],
            &der[..head + length],
            &der[head + length..],
        )
    }

    #[test]
    fn it_signs_itself() {
        let certificate = Certificate::generate().unwrap();
        let (inside, _, rest) = open(&certificate.der);
        assert!(rest.is_empty());
        let (_, signed, rest) = open(inside);
        let (_, _, rest) = open(rest);
        let (signature, _, rest) = open(rest);
        assert!(rest.is_empty());
        let public = &signed[signed.len() - 65..];
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public)
            .verify(signed, &signature[1..])
            .unwrap();
        assert_ne!(
            certificate.fingerprint(),
            Certificate::generate().unwrap().fingerprint()
        );
    }

    #[test]
    fn fingerprints_are_read_as_written() {
        let fingerprint = Fingerprint::of(b"certificate");
        let text = fingerprint.to_string();
        assert_eq!(text.len(), 95);
        assert_eq!(Fingerprint::parse(&text), Some(fingerprint));
        assert_eq!(Fingerprint::parse(&text.to_lowercase()), Some(fingerprint));
        for bad in [
            "",
            "AB",
            &text[3..],
            &format!("{text}:00"),
            &text.replace(':', " "),
        ] {
            assert_eq!(Fingerprint::parse(bad), None, "{bad}");
        }
        assert_eq!(Fingerprint::parse(&text.replacen(':', ":+", 1)), None);
    }
}
