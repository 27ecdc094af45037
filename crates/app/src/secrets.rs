//! Random texts, hashes of tokens and passwords, and signatures of short-lived tokens.

use crate::{Error, Result};
use argon2::{
    Argon2, PasswordHasher as _, PasswordVerifier as _, password_hash::phc::PasswordHash,
};
use aws_lc_rs::{digest, hmac, rand};
use std::fmt::Write as _;
use tokio::sync::Semaphore;

/// Each running argon2 takes 19 MiB; more than this many wait for their turn.
static HASHING: Semaphore = Semaphore::const_new(2);

/// Random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the system's random source answers");
    bytes
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A random token of 160 bits.
pub(crate) fn random_token() -> String {
    hex(&random::<20>())
}

/// A password a person can copy: 20 letters and digits that are not mistaken for each other.
pub fn random_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    random::<20>()
        .iter()
        .map(|b| char::from(LETTERS[usize::from(*b) % LETTERS.len()]))
        .collect()
}

/// What is kept of a token.
pub(crate) fn token_hash(token: &str) -> String {
    hex(digest::digest(&digest::SHA256, token.as_bytes()).as_ref())
}

/// argon2id with the library's (OWASP's) parameters.
pub(crate) async fn hash_password(password: String) -> Result<String> {
    let _turn = HASHING
        .acquire()
        .await
        .map_err(|e| Error::Internal(e.into()))?;
    tokio::task::spawn_blocking(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|e| Error::Internal(anyhow::anyhow!("hashing a password: {e}")))
    })
    .await?
}

/// Whether a password is the one that was hashed.
pub(crate) async fn password_fits(password: String, hash: String) -> Result<bool> {
    let _turn = HASHING
        .acquire()
        .await
        .map_err(|e| Error::Internal(e.into()))?;
    tokio::task::spawn_blocking(move || {
        let hash = PasswordHash::new(&hash)
            .map_err(|e| Error::Internal(anyhow::anyhow!("reading a password's hash: {e}")))?;
        Ok(Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok())
    })
    .await?
}

/// Signs a text; the signature is in hexadecimal digits.
pub(crate) fn sign(secret: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex(hmac::sign(&key, text.as_bytes()).as_ref())
}

/// Whether a signature is ours, in constant time.
pub(crate) fn signed(secret: &str, text: &str, signature: &str) -> bool {
    let expected = sign(secret, text);
    aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), signature.as_bytes())
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn passwords() {
        let hash = hash_password("a good one".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(
            password_fits("a good one".into(), hash.clone())
                .await
                .unwrap()
        );
        assert!(!password_fits("a bad one".into(), hash).await.unwrap());
    }

    #[test]
    fn signatures() {
        let signature = sign("secret", "video");
        assert!(signed("secret", "video", &signature));
        assert!(!signed("secret", "other", &signature));
        assert!(!signed("secret", "video", ""));
        assert_eq!(random_password().len(), 20);
    }
}
