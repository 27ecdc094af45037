//! Objects of ActivityPub at the addresses they are known by. Whoever asks for a page there is sent to it.

use app::network::{
    documents,
    notes::{self, Found},
};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use names::VideoUuid;
use serde_json::Value;

use crate::Site;
use crate::head::encode;

const ACTIVITY: &str = "application/activity+json; charset=utf-8";

/// Actors of this pod.
pub fn routes() -> Router<Site> {
    Router::new()
        .route("/accounts/{name}", get(account))
        .route("/video-channels/{name}", get(channel))
        .route("/videos/watch/{id}/comments/{comment}", get(comment))
}

async fn account(
    State(site): State<Site>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if !wanted(&headers) {
        return page(&format!("/a/{}", encode(&name)));
    }
    answer(documents::account(&site.pod, &name).await)
}

async fn channel(
    State(site): State<Site>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if !wanted(&headers) {
        return page(&format!("/c/{}", encode(&name)));
    }
    answer(documents::channel(&site.pod, &name).await)
}

async fn comment(
    State(site): State<Site>,
    Path((id, comment)): Path<(String, i64)>,
    headers: HeaderMap,
) -> Response {
    let Ok(video) = VideoUuid::parse(&id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !wanted(&headers) {
        return page(&format!("/w/{video}#comment-{comment}"));
    }
    match notes::document(&site.pod, video, comment).await {
        Ok(Found::There(document)) => answer(Ok(document)),
        Ok(Found::Gone(left)) => (StatusCode::GONE, answer(Ok(left))).into_response(),
        Err(why) => answer(Err(why)),
    }
}

fn page(path: &str) -> Response {
    let mut response = Redirect::temporary(path).into_response();
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static("accept"));
    response
}

/// Whether a program asks for an object. Browsers never name these types.
pub fn wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| {
        let accepted = accepted.to_ascii_lowercase();
        accepted.contains("application/activity+json") || accepted.contains("application/ld+json")
    })
}

/// An object as a response.
pub fn answer(document: app::Result<Value>) -> Response {
    match document {
        Ok(document) => {
            let headers = [
                (CONTENT_TYPE, ACTIVITY),
                (VARY, "accept"),
                (CACHE_CONTROL, "max-age=60"),
            ];
            (headers, document.to_string()).into_response()
        }
        Err(app::Error::Internal(error)) => {
            tracing::error!("an object could not be shown: {error:#}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(app::Error::Unauthorized(_) | app::Error::Forbidden(_)) => {
            (StatusCode::FORBIDDEN, "it is not for everybody\n").into_response()
        }
        Err(error) => (StatusCode::NOT_FOUND, format!("{error}\n")).into_response(),
    }
}
