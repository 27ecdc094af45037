//! The handshake that opens a WebSocket, the server's side of it (RFC 6455). It is our own, as are the frames, because a tracker does
//! little else than pass messages on: a message is read where it arrived, whatever carries it, and written once, into the buffer that
//! leaves for the network. There are no extensions, so messages are never compressed.

use aws_lc_rs::digest;
use axum::http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderMap, Method, StatusCode, Version};
use axum::response::{IntoResponse, Response};

/// What the client's key is hashed with; the document's own.
const SALT: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The reply that opens a WebSocket, or why there is none.
pub(crate) fn accept(
    method: &Method,
    version: Version,
    headers: &HeaderMap,
) -> Result<Response, (StatusCode, &'static str)> {
    let refuse = |status, reason| Err((status, reason));
    if method != Method::GET || version != Version::HTTP_11 {
        return refuse(
            StatusCode::METHOD_NOT_ALLOWED,
            "a WebSocket begins with GET over HTTP/1.1",
        );
    }
    if !has(headers, &CONNECTION, "upgrade") || !has(headers, &UPGRADE, "websocket") {
        return refuse(StatusCode::UPGRADE_REQUIRED, "this is a WebSocket");
    }
    if headers
        .get(SEC_WEBSOCKET_VERSION)
        .is_none_or(|version| version != "13")
    {
        return refuse(
            StatusCode::BAD_REQUEST,
            "only version 13 of WebSockets is known here",
        );
    }
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY) else {
        return refuse(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing");
    };
    let mut hash = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(key.as_bytes());
    hash.update(SALT);
    let headers = [
        (CONNECTION, "upgrade".to_owned()),
        (UPGRADE, "websocket".to_owned()),
        (SEC_WEBSOCKET_ACCEPT, base64(hash.finish().as_ref())),
    ];
    Ok((StatusCode::SWITCHING_PROTOCOLS, headers).into_response())
}

/// Whether a word is in the list that a header is.
fn has(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let lists = headers.get_all(name).into_iter();
    let mut words = lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','));
    words.any(|found| found.trim().eq_ignore_ascii_case(word))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three
            .iter()
            .fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        let number = number << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = char::from(DIGITS[(number >> (18 - 6 * place)) as usize & 63]);
            text.push(if place <= three.len() { digit } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_what_the_document_says() {
        let cases = [
            "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy",
        ];
        for (length, expected) in cases.into_iter().enumerate() {
            assert_eq!(base64(&b"foobar"[..length]), expected);
        }
    }

    #[test]
    fn handshakes_are_accepted_or_refused() {
        let good = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let with = |changed: Option<(&'static str, &'static str)>| {
            let mut headers = HeaderMap::new();
            for (name, value) in good.into_iter().chain(changed) {
                headers.remove(name);
                if !value.is_empty() {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            accept(&Method::GET, Version::HTTP_11, &headers).map_err(|(status, _)| status.as_u16())
        };
        let accepted = with(None).unwrap();
        assert_eq!(accepted.status(), 101);
        assert_eq!(
            accepted.headers()["sec-websocket-accept"],
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
        // Pages of other pods come here too, because they show our videos: nobody is asked where they are from.
        let visitor = with(Some(("origin", "https://other.example"))).unwrap();
        assert_eq!(visitor.status(), 101);
        for (name, value, status) in [
            ("connection", "keep-alive", 426),
            ("connection", "", 426),
            ("upgrade", "h2c", 426),
            ("sec-websocket-version", "8", 400),
            ("sec-websocket-key", "", 400),
        ] {
            assert_eq!(
                with(Some((name, value))).err(),
                Some(status),
                "{name}: {value}"
            );
        }
        let headers = HeaderMap::new();
        assert!(accept(&Method::POST, Version::HTTP_11, &headers).is_err());
    }
}
