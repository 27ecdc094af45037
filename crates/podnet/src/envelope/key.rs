//! The keys of an envelope: the receiver's RSA key, and the fresh key and nonce of one message. Chance comes in from outside, but for
//! the seed of OAEP, which the library takes from its own generator.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, UnboundKey};
use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::NotSealed;

/// 128 random bits by which one message is told from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce([u8; 16]);

impl Nonce {
    /// Makes one of fresh random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// Reads what [`Display`](std::fmt::Display) wrote: 22 characters of base64url.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 22 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl std::fmt::Display for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl Serialize for Nonce {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'a> Deserialize<'a> for Nonce {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("a nonce is 128 bits in base64url"))
    }
}

/// The content key and the initialization vector of one envelope. It is consumed by sealing, because AES-GCM breaks when a pair is
/// used twice.
pub struct Fresh {
    key: [u8; 32],
    iv: [u8; 12],
}

impl Fresh {
    /// Makes them of fresh random bytes.
    pub fn new(random: [u8; 44]) -> Self {
        let (mut key, mut iv) = ([0; 32], [0; 12]);
        key.copy_from_slice(&random[..32]);
        iv.copy_from_slice(&random[32..]);
        Self { key, iv }
    }

    pub(super) fn iv(&self) -> [u8; 12] {
        self.iv
    }

    /// Encrypts in place and gives the tag.
    pub(super) fn encrypt(self, aad: &[u8], content: &mut [u8]) -> Result<[u8; 16], NotSealed> {
        let (key, nonce) = self.cipher().ok_or(NotSealed::Failed)?;
        let tag = key
            .seal_in_place_separate_tag(nonce, Aad::from(aad), content)
            .map_err(|_| NotSealed::Failed)?;
        tag.as_ref().try_into().map_err(|_| NotSealed::Failed)
    }

    pub(super) fn decrypt(self, aad: &[u8], tag: &[u8], mut content: Vec<u8>) -> Option<Vec<u8>> {
        let (key, nonce) = self.cipher()?;
        key.open_in_place_separate_tag(nonce, Aad::from(aad), tag, &mut content)
            .ok()?;
        Some(content)
    }

    fn cipher(self) -> Option<(LessSafeKey, aws_lc_rs::aead::Nonce)> {
        let key = UnboundKey::new(&AES_256_GCM, &self.key).ok()?;
        let nonce = aws_lc_rs::aead::Nonce::assume_unique_for_key(self.iv);
        Some((LessSafeKey::new(key), nonce))
    }
}

/// The public key of a pod that gets envelopes.
pub struct SealingKey(OaepPublicEncryptingKey);

impl SealingKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280), as actors publish it in PEM. Only RSA keys of 2048 to 8192 bits are taken.
    pub fn from_der(der: &[u8]) -> Result<Self, NotSealed> {
        let key = PublicEncryptingKey::from_der(der).map_err(|_| NotSealed::BadKey)?;
        let key = OaepPublicEncryptingKey::new(key).map_err(|_| NotSealed::BadKey)?;
        Ok(Self(key))
    }

    pub(super) fn wrap(&self, fresh: &Fresh) -> Result<Vec<u8>, NotSealed> {
        let mut wrapped = vec![0; self.0.ciphertext_size()];
        let length = self
            .0
            .encrypt(&OAEP_SHA256_MGF1SHA256, &fresh.key, &mut wrapped, None)
            .map_err(|_| NotSealed::Failed)?
            .len();
        wrapped.truncate(length);
        Ok(wrapped)
    }
}

/// Our own private key.
pub struct OpeningKey(OaepPrivateDecryptingKey);

/// A private key that is none, or too small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pod's private key is no RSA key of 2048 to 8192 bits in PKCS#8")]
pub struct BadKey;

impl OpeningKey {
    /// Reads a private key in PKCS#8 (RFC 5958).
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, BadKey> {
        let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| BadKey)?;
        OaepPrivateDecryptingKey::new(key)
            .map(Self)
            .map_err(|_| BadKey)
    }

    /// Unwraps the content key. There is one way to fail and it says nothing, as RFC 7516 asks for in section 11.5.
    pub(super) fn unwrap(&self, wrapped: &[u8], iv: [u8; 12]) -> Option<Fresh> {
        if wrapped.len() != self.0.key_size_bytes() {
            return None;
        }
        let mut plain = vec![0; self.0.min_output_size()];
        let key = self
            .0
            .decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, &mut plain, None)
            .ok()?;
        let key = <[u8; 32]>::try_from(&*key).ok()?;
        Some(Fresh { key, iv })
    }
}
