//! Names and passwords from one secret number: HMAC-SHA-256 of a counter. Whoever makes an endpoint brings the secret (from the
//! system's randomness in a pod, a constant in tests), so a run can be repeated.

use aws_lc_rs::hmac;

/// What may stand in the names and passwords of ICE (RFC 8839, section 5.4): 64 of them.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A stream of unforeseeable bytes.
#[derive(Debug)]
pub(crate) struct Chance {
    key: hmac::Key,
    count: u64,
}

impl Chance {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            count: 0,
        }
    }

    /// Thirty-two bytes.
    pub(crate) fn bytes(&mut self) -> [u8; 32] {
        self.count += 1;
        let tag = hmac::sign(&self.key, &self.count.to_be_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    /// A number.
    pub(crate) fn number(&mut self) -> u64 {
        self.bytes()[..8]
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// A word of `N` (at most 32) letters, six bits each.
    pub(crate) fn word<const N: usize>(&mut self) -> [u8; N] {
        let bytes = self.bytes();
        std::array::from_fn(|index| LETTERS[usize::from(bytes[index] & 63)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_makes_one_stream() {
        let (mut one, mut same, mut other) = (
            Chance::new([1; 32]),
            Chance::new([1; 32]),
            Chance::new([2; 32]),
        );
        assert_eq!(one.bytes(), same.bytes());
        assert_ne!(one.number(), other.number());
        let words: Vec<[u8; 24]> = (0..100).map(|_| one.word()).collect();
        assert!(words.iter().flatten().all(|byte| LETTERS.contains(byte)));
        assert!(
            words
                .iter()
                .all(|word| words.iter().filter(|other| *other == word).count() == 1)
        );
    }
}
