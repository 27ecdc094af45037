//! RSA keys: the one kind that every server of the fediverse understands. A key is made or read once and can then be trusted to be of sane
//! size. Signing and verifying are here; encryption for pods is `podnet`'s, which takes the same keys as DER.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize, PublicEncryptingKey};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA512,
    RsaParameters, UnparsedPublicKey,
};

mod pem;

/// The longest text or DER that is read as a key: one of 8192 bits takes 1500 bytes in public and 6400 in private.
const MAX_KEY: usize = 12 << 10;

/// Why something is not a key that we use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// The text around the key is malformed.
    #[error("the key is not in PEM form")]
    Pem,
    /// It is not an RSA key.
    #[error("the key is not a well-formed RSA key")]
    Form,
    /// It is too short to be safe or too long to be quick.
    #[error("the RSA key does not have 2048 to 8192 bits")]
    Size,
    /// No key could be made.
    #[error("no key could be made")]
    Generate,
}

/// How a signature with an RSA key is padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2).
    Pkcs1Sha256,
    /// RSASSA-PSS with SHA-512 and a salt of 64 bytes (RFC 8017 section 8.1).
    PssSha512,
}

impl Padding {
    fn parameters(self) -> &'static RsaParameters {
        match self {
            Self::Pkcs1Sha256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::PssSha512 => &RSA_PSS_2048_8192_SHA512,
        }
    }
}

/// An RSA key with which others sign, 2048 to 8192 bits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    der: Vec<u8>,
}

impl PublicKey {
    /// Reads PEM, `PUBLIC KEY` (RFC 5280) or `RSA PUBLIC KEY` (RFC 8017). Text around it is passed over.
    pub fn from_pem(text: &str) -> Result<Self, BadKey> {
        if text.len() > MAX_KEY {
            return Err(BadKey::Size);
        }
        let der = pem::read(text, &["PUBLIC KEY", "RSA PUBLIC KEY"])?;
        Self::from_der(&der)
    }

    /// Reads DER in either form.
    pub fn from_der(der: &[u8]) -> Result<Self, BadKey> {
        if der.len() > MAX_KEY {
            return Err(BadKey::Size);
        }
        let key = rsa::PublicKey::from_der(der).map_err(|_| BadKey::Form)?;
        let spki: PublicKeyX509Der = key.as_der().map_err(|_| BadKey::Form)?;
        let spki = spki.as_ref().to_vec();
        // Checks the number of bits.
        PublicEncryptingKey::from_der(&spki).map_err(|_| BadKey::Size)?;
        Ok(Self { der: spki })
    }

    /// The key as DER (SubjectPublicKeyInfo, RFC 5280).
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The key as PEM (`PUBLIC KEY`).
    pub fn to_pem(&self) -> String {
        pem::write(&self.der, "PUBLIC KEY")
    }

    /// Whether the signature of the message is this key's.
    pub fn verify(&self, padding: Padding, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(padding.parameters(), &self.der)
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} bytes)", self.der.len())
    }
}

/// An RSA key of ours. It is never printed.
pub struct PrivateKey {
    pair: rsa::KeyPair,
    der: Vec<u8>,
    public: PublicKey,
}

impl PrivateKey {
    /// Makes a key of 2048 bits, which takes a good part of a second.
    pub fn generate() -> Result<Self, BadKey> {
        let pair = rsa::KeyPair::generate(KeySize::Rsa2048).map_err(|_| BadKey::Generate)?;
        Self::new(pair)
    }

    /// Reads PEM, `PRIVATE KEY` (PKCS #8, RFC 5958) or `RSA PRIVATE KEY` (RFC 8017).
    pub fn from_pem(text: &str) -> Result<Self, BadKey> {
        if text.len() > MAX_KEY {
            return Err(BadKey::Size);
        }
        let der = pem::read(text, &["PRIVATE KEY", "RSA PRIVATE KEY"])?;
        Self::from_der(&der)
    }

    /// Reads DER in either form.
    pub fn from_der(der: &[u8]) -> Result<Self, BadKey> {
        let pair = rsa::KeyPair::from_pkcs8(der).or_else(|_| rsa::KeyPair::from_der(der));
        Self::new(pair.map_err(|_| BadKey::Form)?)
    }

    fn new(pair: rsa::KeyPair) -> Result<Self, BadKey> {
        let der: Pkcs8V1Der = pair.as_der().map_err(|_| BadKey::Form)?;
        let der = der.as_ref().to_vec();
        let public = PublicKey::from_der(pair.public_key().as_ref())?;
        Ok(Self { pair, der, public })
    }

    /// The key as DER (PKCS #8).
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The key as PEM (`PRIVATE KEY`).
    pub fn to_pem(&self) -> String {
        pem::write(&self.der, "PRIVATE KEY")
    }

    /// The half that others may know.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs with RSASSA-PKCS1-v1_5 and SHA-256; the same message always gives the same signature.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .expect("the signature has exactly the length of the modulus");
        signature
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}
