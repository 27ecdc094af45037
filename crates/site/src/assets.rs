//! The built page: its files are inside of the program (debug builds read them from disk, so that the page can be built anew meanwhile).
//!
//! The build leaves smaller twins beside its files (`.br`, `.gz`); the smallest that the browser takes is sent, and nothing is
//! compressed at run time. Names below `/assets/` hold a hash of the bytes, so those never change; the few others are asked for again.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::ranges::knows;
use crate::serve_file::Cache;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Built;

/// The page as it is before an answer fills it, if it was built.
pub fn index() -> Option<Cow<'static, str>> {
    match Built::get("index.html")?.data {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// The response with a file of the built page; None when there is none of this name.
pub fn serve(name: &str, request: &HeaderMap) -> Option<Response> {
    if name == "index.html" || name.ends_with(".br") || name.ends_with(".gz") {
        return None;
    }
    let plain = Built::get(name)?;
    let accepted = request
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok());
    let (encoding, file) = best(name, accepted.unwrap_or_default()).unwrap_or((None, plain));
    let hash = file.metadata.sha256_hash();
    let etag: String = hash[..12]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let etag = format!("\"{etag}\"");
    let known = request
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let mut response = if known.is_some_and(|known| knows(known, &etag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let bytes = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        let length = HeaderValue::from(bytes.len());
        let mut response = Body::from(bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_LENGTH, length);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    };
    let headers = response.headers_mut();
    let cache = if name.starts_with("assets/") {
        Cache::Immutable
    } else {
        Cache::Revalidate
    };
    headers.insert(CACHE_CONTROL, cache.header());
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    Some(response)
}

/// The smallest twin that the browser takes.
fn best(name: &str, accepted: &str) -> Option<(Option<&'static str>, EmbeddedFile)> {
    [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .find_map(|(encoding, ending)| {
            let twin = takes(accepted, encoding).then(|| Built::get(&format!("{name}.{ending}")));
            Some((Some(encoding), twin??))
        })
}

/// Whether a list of encodings names one, and not with the weight nought.
fn takes(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, ""));
        let weight = weight
            .trim()
            .strip_prefix("q=")
            .and_then(|q| q.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case(encoding) && weight.is_none_or(|weight| weight > 0.0)
    })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        for (accepted, encoding, expected) in [
            ("gzip, deflate, br, zstd", "br", true),
            ("gzip, deflate, br", "gzip", true),
            ("gzip;q=1.0, br;q=0", "br", false),
            ("gzip;q=0.5", "gzip", true),
            ("BR", "br", true),
            ("", "br", false),
            ("brotli", "br", false),
        ] {
            assert_eq!(takes(accepted, encoding), expected, "{accepted}");
        }
    }
}
