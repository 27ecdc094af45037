//! The way in for JSON from other pods: a message is measured (bytes, nesting) before it is parsed, because a parser that recurses
//! has a stack and one that builds a tree has a memory. The measuring walks over the bytes once and keeps one number.

use names::Host;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

/// How deep messages of the pod network may be nested. A video of ActivityPub takes six.
pub(crate) const MAX_DEPTH: usize = 32;

/// Why bytes of another pod are no message: a sentence for the log and for its admin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It was not even read.
    #[error("it has {bytes} bytes; the limit is {most}")]
    TooLarge {
        /// Bytes that came.
        bytes: usize,
        /// Bytes that are read at most.
        most: usize,
    },
    /// More brackets in brackets than any message needs.
    #[error("it is nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// More entries than are read.
    #[error("it has more than {most} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        most: usize,
    },
    /// No JSON, or JSON of another shape.
    #[error("it is not the JSON that was expected: {0}")]
    Json(String),
    /// Two of its parts do not fit together.
    #[error("{0}")]
    Contradiction(String),
}

/// Reads a message that may have so many bytes.
pub(crate) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8], most: usize) -> Result<T, Malformed> {
    measure(bytes, most)?;
    serde_json::from_slice(bytes).map_err(|error| Malformed::Json(cut(&error.to_string(), 200)))
}

/// Refuses what is too large or too deep.
pub(crate) fn measure(bytes: &[u8], most: usize) -> Result<(), Malformed> {
    if bytes.len() > most {
        return Err(Malformed::TooLarge {
            bytes: bytes.len(),
            most,
        });
    }
    if is_deeper(bytes, MAX_DEPTH) {
        return Err(Malformed::TooDeep);
    }
    Ok(())
}

/// Whether brackets are open within more than `most` others. What is no JSON at all gets an answer as well; the parser refuses it.
fn is_deeper(bytes: &[u8], most: usize) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > most {
                    return true;
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// The beginning of a text that another pod chose, for a log line. Control characters have no business there.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(most).collect()
}

/// A host in JSON: its text.
pub(crate) mod host {
    use super::{Deserialize, Deserializer, Host, Serializer};
    use serde::de::Error as _;

    pub(crate) fn serialize<S: Serializer>(host: &Host, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(host.as_str())
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Host, D::Error> {
        let text = String::deserialize(from)?;
        Host::parse(&text).map_err(D::Error::custom)
    }
}

/// A sentence in JSON: cut to what a page can show.
pub(crate) fn sentence<'a, D: Deserializer<'a>>(from: D) -> Result<String, D::Error> {
    let text = Option::<String>::deserialize(from).map_err(D::Error::custom)?;
    Ok(cut(&text.unwrap_or_default(), 500))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_texts() {
        for (text, expected) in [
            ("[[1]]", false),
            ("[[[1]]]", true),
            (r#"{"a":"[[[["}"#, false),
            (r#"{"a":"\"[[[["}"#, false),
            (r#"["\\",[[1]]]"#, true),
            ("]]][[", false),
        ] {
            assert_eq!(is_deeper(text.as_bytes(), 2), expected, "{text}");
        }
    }

    #[test]
    fn a_hundred_thousand_brackets_are_refused_without_recursion() {
        let deep = "[".repeat(100_000);
        let read = read::<serde_json::Value>(deep.as_bytes(), 1 << 20);
        assert_eq!(read, Err(Malformed::TooDeep));
    }

    #[test]
    fn what_others_wrote_is_cut() {
        assert_eq!(cut("a\nb\u{7}cd", 4), "a b ");
    }
}
