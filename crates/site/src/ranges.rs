//! Which part of a file a request asks for (RFC 9110, sections 13 and 14).
//!
//! One range only: a request for several gets the whole file, which the standard allows, and no player asks for more. Anything that
//! is not understood is ignored, as the standard wants. Pure: headers in, decision out.

use http::HeaderMap;
use http::header::{IF_NONE_MATCH, IF_RANGE, RANGE};

/// What to answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// The client already has it: 304.
    NotModified,
    /// All of it: 200.
    Whole,
    /// The bytes `first..=last`: 206.
    Range { first: u64, last: u64 },
    /// The range lies outside of the file: 416.
    Unsatisfiable,
}

/// Decides what part of a file of `size` bytes with the strong tag `etag` (quotes included) the request is answered with.
pub fn asked(headers: &HeaderMap, size: u64, etag: &str) -> Part {
    if let Some(known) = text(headers, &IF_NONE_MATCH)
        && knows(known, etag)
    {
        return Part::NotModified;
    }
    let Some(range) = text(headers, &RANGE) else {
        return Part::Whole;
    };
    // A date never matches: we offer no Last-Modified.
    if headers.contains_key(IF_RANGE) && text(headers, &IF_RANGE) != Some(etag) {
        return Part::Whole;
    }
    parse(range, size).unwrap_or(Part::Whole)
}

/// True when the list of tags in `If-None-Match` contains ours (compared weakly, as section 13.1.2 says).
pub fn knows(list: &str, etag: &str) -> bool {
    let ours = etag.trim_start_matches("W/");
    list.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == ours)
}

fn text<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// `bytes=first-last`, `bytes=first-` or `bytes=-suffix`; None is "not understood".
fn parse(range: &str, size: u64) -> Option<Part> {
    let (unit, range) = range.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    let last = number(last)?;
    let part = match (number(first)?, last) {
        (None, None) => return None,
        (None, Some(0)) => Part::Unsatisfiable,
        (None, Some(_)) if size == 0 => Part::Unsatisfiable,
        (None, Some(suffix)) => Part::Range {
            first: size.saturating_sub(suffix),
            last: size - 1,
        },
        (Some(first), Some(last)) if last < first => return None,
        (Some(first), _) if first >= size => Part::Unsatisfiable,
        (Some(first), last) => Part::Range {
            first,
            last: last.map_or(size - 1, |last| last.min(size - 1)),
        },
    };
    Some(part)
}

/// An absent number is `Some(None)`; one too large to count is as good as the largest; anything else is not understood.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(http::HeaderName, &str)], size: u64, expected: Part) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(name, value.parse().unwrap());
        }
        assert_eq!(asked(&map, size, "\"tag\""), expected, "{headers:?}");
    }

    #[test]
    fn ranges() {
        let range = |first, last| Part::Range { first, last };
        for (value, size, expected) in [
            ("bytes=0-0", 10, range(0, 0)),
            ("bytes=0-9", 10, range(0, 9)),
            ("bytes=3-", 10, range(3, 9)),
            ("bytes=3-100", 10, range(3, 9)),
            ("bytes=-4", 10, range(6, 9)),
            ("bytes=-400", 10, range(0, 9)),
            ("BYTES = 1-2", 10, range(1, 2)),
            ("bytes=9-99999999999999999999999", 10, range(9, 9)),
            ("bytes=10-", 10, Part::Unsatisfiable),
            ("bytes=99999999999999999999999-", 10, Part::Unsatisfiable),
            ("bytes=-0", 10, Part::Unsatisfiable),
            ("bytes=0-", 0, Part::Unsatisfiable),
            ("bytes=-1", 0, Part::Unsatisfiable),
            ("bytes=4-3", 10, Part::Whole),
            ("bytes=-", 10, Part::Whole),
            ("bytes=0-1,4-5", 10, Part::Whole),
            ("bytes=+1-2", 10, Part::Whole),
            ("bytes=a-b", 10, Part::Whole),
            ("items=0-1", 10, Part::Whole),
            ("bytes", 10, Part::Whole),
        ] {
            check(&[(RANGE, value)], size, expected);
        }
    }

    #[test]
    fn conditions() {
        let range = Part::Range { first: 0, last: 1 };
        check(&[], 10, Part::Whole);
        check(&[(IF_NONE_MATCH, "\"tag\"")], 10, Part::NotModified);
        check(
            &[(IF_NONE_MATCH, "\"a\", W/\"tag\"")],
            10,
            Part::NotModified,
        );
        check(&[(IF_NONE_MATCH, "*")], 10, Part::NotModified);
        check(&[(IF_NONE_MATCH, "\"other\"")], 10, Part::Whole);
        check(&[(RANGE, "bytes=0-1"), (IF_RANGE, "\"tag\"")], 10, range);
        for stale in ["\"old\"", "W/\"tag\"", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            check(&[(RANGE, "bytes=0-1"), (IF_RANGE, stale)], 10, Part::Whole);
        }
    }
}
