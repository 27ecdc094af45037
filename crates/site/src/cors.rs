//! What pages of other sites may read of ours: the files of videos, by ranges. A video is watched on every pod that knows of it, and
//! its bytes come from here.
//!
//! The answer is the same for everybody and never allows credentials, so a browser sends no cookie along and there is nothing that
//! another site could do in a visitor's name: a private file is opened by a token in the address or a header, which only its
//! owner's page has, and no token is ever kept in a cookie. PeerTube opens its files in the same way.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
};
use http::{HeaderMap, HeaderValue, StatusCode};

/// Lets every page read this answer, and from its headers which part of the file it is.
pub fn open(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Accept-Ranges, Content-Length, Content-Range, ETag"),
    );
}

/// Browsers ask before they send a range, a condition or a token to another site.
pub async fn preflight() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            "Range, If-Range, If-None-Match, Authorization",
        ),
        (ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
