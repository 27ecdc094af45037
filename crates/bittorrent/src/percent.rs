//! Percent-encoding of query strings, for tracker requests and magnet links. It works on bytes, because an infohash in a URL is
//! twenty arbitrary bytes and not text, which is why the usual URL decoders cannot be used here.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// The pairs of a query string, still encoded. A key without "=" has an empty value.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// The bytes behind an encoded text; `None` when a "%" is not followed by two hex digits.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, [u8]>> {
    let bytes = text.as_bytes();
    if !bytes.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Some(Cow::Borrowed(bytes));
    }
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        plain.push(match byte {
            b'%' => digit(rest.next())? << 4 | digit(rest.next())?,
            b'+' => b' ',
            byte => *byte,
        });
    }
    Some(Cow::Owned(plain))
}

fn digit(byte: Option<&u8>) -> Option<u8> {
    char::from(*byte?).to_digit(16).map(|digit| digit as u8)
}

/// Writes bytes so that they survive in a query string.
pub(crate) fn encode(bytes: &[u8], out: &mut impl Write) -> fmt::Result {
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.write_char(char::from(*byte))?
            }
            byte => write!(out, "%{byte:02X}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_bytes_not_text() {
        let cases: &[(&str, Option<&[u8]>)] = &[
            ("", Some(b"")),
            ("abc", Some(b"abc")),
            ("a+b%20c", Some(b"a b c")),
            ("%00%fF%7e", Some(b"\x00\xff~")),
            ("%", None),
            ("%2", None),
            ("%zz", None),
            ("%+1", None),
            ("a%2", None),
        ];
        for (text, expected) in cases {
            assert_eq!(decode(text).as_deref(), *expected, "{text}");
        }
        let all: Vec<_> = pairs("a=1&&b&c=x=y&=z").collect();
        assert_eq!(all, [("a", "1"), ("b", ""), ("c", "x=y"), ("", "z")]);
    }

    proptest::proptest! {
        #[test]
        fn what_is_encoded_is_decoded(bytes: Vec<u8>) {
            let mut text = String::new();
            encode(&bytes, &mut text).unwrap();
            assert_eq!(decode(&text).unwrap(), bytes);
        }
    }
}
