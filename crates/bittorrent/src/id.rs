//! The fixed-size names of the protocol: infohashes, roots of hash trees, peer ids, offer ids. Each is its own type so that one is never taken for
//! another, and each knows its two spellings: hex for people and URLs, and the "binary string" of WebTorrent's JSON, in which the
//! code points 0 to 255 stand for bytes. Anything that is not exactly the right length is refused here, at the edge.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// Why a string or slice is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} bytes")]
pub struct BadId {
    /// How many bytes the id has.
    pub expected: usize,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Reads a binary string: exactly as many code points as bytes, each from 0 to 255.
            pub fn from_binary_string(text: &str) -> Result<Self, BadId> {
                let mut bytes = [0; $len];
                let mut chars = text.chars();
                for byte in &mut bytes {
                    let code = chars.next().map(u32::from).and_then(|c| u8::try_from(c).ok());
                    *byte = code.ok_or(BadId { expected: $len })?;
                }
                match chars.next() {
                    None => Ok(Self(bytes)),
                    Some(_) => Err(BadId { expected: $len }),
                }
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = BadId;

            fn try_from(bytes: &[u8]) -> Result<Self, BadId> {
                bytes.try_into().map(Self).map_err(|_| BadId { expected: $len })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            /// Reads hex digits of either case.
            fn from_str(text: &str) -> Result<Self, BadId> {
                let mut bytes = [0; $len];
                read_hex(text, &mut bytes).ok_or(BadId { expected: $len })?;
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            /// Writes a binary string.
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                // A code point up to 255 takes at most two bytes of UTF-8.
                let mut text = [0; $len * 2];
                let mut end = 0;
                for byte in self.0 {
                    end += char::from(byte).encode_utf8(&mut text[end..]).len();
                }
                let text = std::str::from_utf8(&text[..end]).expect("made of encoded characters");
                serializer.serialize_str(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct BinaryString;
                impl Visitor<'_> for BinaryString {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "a binary string of {} bytes", $len)
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::from_binary_string(text)
                            .map_err(|_| E::invalid_value(de::Unexpected::Other("another string"), &self))
                    }
                }
                deserializer.deserialize_str(BinaryString)
            }
        }
    };
}

id! {
    /// Names a swarm: the SHA-1 of a torrent's info dictionary.
    InfoHash, 20
}
id! {
    /// Names a file's bytes: the root of the SHA-256 tree over its 16 KiB blocks.
    PiecesRoot, 32
}
id! {
    /// Names a peer within a swarm; the peer chose it itself.
    PeerId, 20
}
id! {
    /// Names one WebRTC offer of a peer, so that the answer finds its way back.
    OfferId, 20
}

/// Fills `bytes` from exactly twice as many hex digits.
pub(crate) fn read_hex(text: &str, bytes: &mut [u8]) -> Option<()> {
    if text.len() != bytes.len() * 2 {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let high = char::from(digits[0]).to_digit(16)?;
        let low = char::from(digits[1]).to_digit(16)?;
        *byte = (high << 4 | low) as u8;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hex_of_exactly_the_right_length() {
        let good = "00ff10a0b0c0d0e0f00102030405060708090A0B";
        assert_eq!(
            good.parse::<InfoHash>().unwrap().to_string(),
            good.to_lowercase()
        );
        for bad in [
            "",
            "00",
            &good[1..],
            &good[2..],
            &format!("{good}00"),
            &good.replace('A', "g"),
            &"é".repeat(20),
        ] {
            assert_eq!(
                bad.parse::<InfoHash>(),
                Err(BadId { expected: 20 }),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn binary_strings_are_code_points() {
        let all: [u8; 20] = std::array::from_fn(|i| (i * 13) as u8);
        let json = serde_json::to_string(&PeerId(all)).unwrap();
        assert_eq!(serde_json::from_str::<PeerId>(&json).unwrap(), PeerId(all));
        let escaped = r#""\u0000\u00ff\u00FFÿaaaaaaaaaaaaaaaa""#;
        assert_eq!(
            serde_json::from_str::<PeerId>(escaped).unwrap().0[..5],
            [0, 255, 255, 255, b'a']
        );
        for bad in [
            r#""""#.to_owned(),
            format!("{:?}", "a".repeat(19)),
            format!("{:?}", "a".repeat(21)),
            format!("{:?}", "ÿ".repeat(10)),
            format!("{:?}", "Ā".repeat(20)),
            format!("{:?}", "😀".repeat(20)),
            "12345678901234567890".to_owned(),
            "null".to_owned(),
            "[\"aaaaaaaaaaaaaaaaaaaa\"]".to_owned(),
        ] {
            assert!(serde_json::from_str::<InfoHash>(&bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_id_survives_both_spellings(bytes: [u8; 20]) {
            let id = InfoHash(bytes);
            assert_eq!(id.to_string().parse(), Ok(id));
            let text: String = bytes.iter().copied().map(char::from).collect();
            assert_eq!(InfoHash::from_binary_string(&text), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            assert_eq!(serde_json::from_str::<InfoHash>(&json).unwrap(), id);
        }
    }
}
