//! A video's public name: a uuid, written either in full or short (22 characters of base 58,
//! as PeerTube writes it in `/w/...` links), and what a URL may hold in its place: the number.

use crate::Invalid;
use uuid::Uuid;

/// Base 58 in Flickr's order: digits, lower case, upper case, without 0, O, I and l.
const ALPHABET: &[u8; 58] = b"123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ";
const SHORT_LEN: usize = 22;

/// A video's uuid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VideoUuid(pub Uuid);

impl VideoUuid {
    /// The 22-character form used in links.
    pub fn short(self) -> String {
        let mut rest = self.0.as_u128();
        let mut out = [ALPHABET[0]; SHORT_LEN];
        for place in out.iter_mut().rev() {
            *place = ALPHABET[(rest % 58) as usize];
            rest /= 58;
        }
        out.iter().map(|b| char::from(*b)).collect()
    }

    /// Reads either form.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let bad = || Invalid::new("a video is named by its uuid, its short uuid or its number");
        if text.len() == 36 {
            return Uuid::try_parse(text).map(Self).map_err(|_| bad());
        }
        if text.is_empty() || text.len() > SHORT_LEN {
            return Err(bad());
        }
        let mut value: u128 = 0;
        for byte in text.bytes() {
            let digit = ALPHABET.iter().position(|b| *b == byte).ok_or_else(bad)?;
            value = value
                .checked_mul(58)
                .and_then(|v| v.checked_add(digit as u128))
                .ok_or_else(bad)?;
        }
        Ok(Self(Uuid::from_u128(value)))
    }
}

impl std::fmt::Display for VideoUuid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// What a URL's `{id}` may hold: the number, the uuid or the short uuid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoRef {
    Id(crate::VideoId),
    Uuid(VideoUuid),
}

impl VideoRef {
    /// Reads any of the three forms. All-digit texts shorter than a short uuid are numbers.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let digits =
            !text.is_empty() && text.len() < 19 && text.bytes().all(|b| b.is_ascii_digit());
        if digits && let Ok(id) = text.parse() {
            return Ok(Self::Id(crate::VideoId(id)));
        }
        VideoUuid::parse(text).map(Self::Uuid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_forms() {
        let uuid = VideoUuid::parse("9c9de5e8-0a1e-484a-b099-e80766180a6d").unwrap();
        assert_eq!(uuid.short(), "kkGMgK9ZtnKfYAgnEtQxbv");
        assert_eq!(VideoUuid::parse("kkGMgK9ZtnKfYAgnEtQxbv").unwrap(), uuid);
        assert_eq!(
            VideoRef::parse("42").unwrap(),
            VideoRef::Id(crate::VideoId(42))
        );
    }

    #[test]
    fn ugly_forms() {
        for text in [
            "",
            "0",
            "O0",
            "../../etc",
            "9c9de5e8-0a1e-484a-b099-e80766180a6",
            "ZZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "é",
        ] {
            assert!(VideoUuid::parse(text).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn round_trip(n: u128) {
            let uuid = VideoUuid(Uuid::from_u128(n));
            proptest::prop_assert_eq!(VideoUuid::parse(&uuid.short()).unwrap(), uuid);
            proptest::prop_assert_eq!(VideoUuid::parse(&uuid.to_string()).unwrap(), uuid);
        }
    }
}
