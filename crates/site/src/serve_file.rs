//! A file as an HTTP response: ranges, conditions, caching, and whether a browser shows or saves it.
//!
//! It knows nothing of videos or permissions: who may have the file is decided before. No layer that compresses or collects
//! bodies may stand around these responses, because a body may consist of placeholders (see `lane`).

use std::fs::File;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    ETAG, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::cors;
use crate::file_body::FileBody;
use crate::lane::Lane;
use crate::ranges::{Part, asked};

/// A file that may be given out, and how.
pub struct Offer<'a> {
    /// The open file.
    pub file: File,
    /// Its size in bytes.
    pub size: u64,
    /// Its media type.
    pub content_type: &'static str,
    /// Something that changes whenever the bytes do; becomes the `ETag`.
    pub version: &'a str,
    /// How long others may keep it.
    pub cache: Cache,
    /// The name to save it under, when it is to be saved instead of shown.
    pub save_as: Option<&'a str>,
}

/// How long a response may be kept, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// The bytes below this address never change, and anybody may have them.
    Immutable,
    /// The bytes never change, but only this visitor may have them.
    Private,
    /// To be asked for again each time (cheap with an `ETag`).
    Revalidate,
}

impl Cache {
    /// The `Cache-Control` value.
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Cache::Immutable => "public, max-age=31536000, immutable",
            Cache::Private => "private, max-age=86400",
            Cache::Revalidate => "no-cache",
        })
    }
}

/// What of the request matters to a file: its method, its headers and the connection's lane.
pub struct Asker<'a> {
    /// GET or HEAD.
    pub method: &'a Method,
    /// The headers of the request.
    pub headers: &'a HeaderMap,
    /// The lane, when the connection has one.
    pub lane: Option<Lane>,
}

impl<'a> From<&'a http::request::Parts> for Asker<'a> {
    fn from(parts: &'a http::request::Parts) -> Asker<'a> {
        Asker {
            method: &parts.method,
            headers: &parts.headers,
            lane: parts.extensions.get::<Lane>().cloned(),
        }
    }
}

/// The response that gives the asker the part of the file it asks for.
pub fn serve_file(asker: Asker<'_>, offer: Offer<'_>) -> Response {
    let etag = etag(offer.version);
    let size = offer.size;
    let part = asked(asker.headers, size, &etag);
    let (status, first, len) = match part {
        Part::NotModified => (StatusCode::NOT_MODIFIED, 0, 0),
        Part::Whole => (StatusCode::OK, 0, size),
        Part::Range { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Part::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let body = if len == 0 || asker.method == Method::HEAD {
        Body::empty()
    } else {
        Body::new(FileBody::new(offer.file, first, len, asker.lane))
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, offer.cache.header());
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    cors::open(headers);
    let as_said = HeaderValue::from_static("nosniff");
    headers.insert(X_CONTENT_TYPE_OPTIONS, as_said);
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    let content_range = match part {
        Part::Range { first, last } => Some(format!("bytes {first}-{last}/{size}")),
        Part::Unsatisfiable => Some(format!("bytes */{size}")),
        Part::NotModified | Part::Whole => None,
    };
    if let Some(value) = content_range.and_then(|value| HeaderValue::from_str(&value).ok()) {
        headers.insert(CONTENT_RANGE, value);
    }
    if matches!(part, Part::Whole | Part::Range { .. }) {
        let content_type = HeaderValue::from_static(offer.content_type);
        headers.insert(CONTENT_TYPE, content_type);
        headers.insert(CONTENT_LENGTH, HeaderValue::from(len));
        if let Some(name) = offer.save_as {
            headers.insert(CONTENT_DISPOSITION, attachment(name));
        }
    }
    response
}

/// A strong tag from a version; what cannot stand between the quotes is left out.
fn etag(version: &str) -> String {
    let clean = |byte: &char| matches!(byte, '\x21' | '\x23'..='\x7e');
    format!("\"{}\"", version.chars().filter(clean).collect::<String>())
}

/// `Content-Disposition` for saving under any name (RFC 6266): an ASCII likeness for old clients, the name itself for all others.
pub fn attachment(name: &str) -> HeaderValue {
    let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
    let plain = |c: char| match c {
        '"' | '\\' | '/' | '%' => '_',
        c if c.is_ascii() => c,
        _ => '_',
    };
    let likeness: String = name.chars().map(plain).collect();
    let mut exact = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            exact.push(char::from(byte));
        } else {
            exact.push_str(&format!("%{byte:02X}"));
        }
    }
    let value = format!("attachment; filename=\"{likeness}\"; filename*=UTF-8''{exact}");
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_to_save_under() {
        for (name, expected) in [
            (
                "a.mp4",
                r#"attachment; filename="a.mp4"; filename*=UTF-8''a.mp4"#,
            ),
            (
                "été \"1\"/2.mp4",
                r#"attachment; filename="_t_ _1__2.mp4"; filename*=UTF-8''%C3%A9t%C3%A9%20%221%22%2F2.mp4"#,
            ),
            (
                "a\r\nX: y",
                r#"attachment; filename="aX: y"; filename*=UTF-8''aX%3A%20y"#,
            ),
        ] {
            assert_eq!(attachment(name).to_str().unwrap(), expected);
        }
    }

    #[test]
    fn tags_are_quoted_and_clean() {
        assert_eq!(etag("a\"b c\r\n-1"), "\"abc-1\"");
    }
}
