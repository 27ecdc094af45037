//! How other servers find what is here: webfinger, NodeInfo and host-meta.

use app::network::wellknown;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::Value;

use crate::Site;
use crate::shell::escape;

/// The well-known addresses, and what they lead to.
pub fn routes() -> Router<Site> {
    Router::new()
        .route("/.well-known/webfinger", get(webfinger))
        .route("/.well-known/nodeinfo", get(node_links))
        .route("/.well-known/host-meta", get(host_meta))
        .route("/nodeinfo/{version}", get(node))
}

#[derive(Deserialize)]
struct Question {
    #[serde(default)]
    resource: String,
}

/// `GET /.well-known/webfinger?resource=acct:name@host` (RFC 7033)
async fn webfinger(State(site): State<Site>, Query(question): Query<Question>) -> Response {
    let answer = wellknown::webfinger(&site.pod, &question.resource).await;
    document(answer, "application/jrd+json; charset=utf-8")
}

/// `GET /.well-known/nodeinfo`
async fn node_links(State(site): State<Site>) -> Response {
    document(
        wellknown::node_links(&site.pod),
        "application/json; charset=utf-8",
    )
}

/// `GET /nodeinfo/2.0.json` and `/nodeinfo/2.1.json`
async fn node(State(site): State<Site>, Path(version): Path<String>) -> Response {
    let version = version.strip_suffix(".json").unwrap_or(&version);
    let kind = format!(
        "application/json; profile=\"http://nodeinfo.diaspora.software/ns/schema/{version}#\"; charset=utf-8"
    );
    document(wellknown::node(&site.pod, version).await, &kind)
}

/// `GET /.well-known/host-meta` (RFC 6415), which old servers read to find webfinger.
async fn host_meta(State(site): State<Site>) -> Response {
    let url = escape(&site.about.url);
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<XRD xmlns=\"http://docs.oasis-open.org/ns/xri/xrd-1.0\">\n\
         <Link rel=\"lrdd\" type=\"application/jrd+json\" template=\"{url}/.well-known/webfinger?resource={{uri}}\"/>\n</XRD>\n"
    );
    ([(CONTENT_TYPE, "application/xrd+xml; charset=utf-8")], text).into_response()
}

/// A document for everybody, from any page.
fn document(answer: app::Result<Value>, kind: &str) -> Response {
    match answer {
        Ok(document) => {
            let headers = [
                (CONTENT_TYPE, kind),
                (CACHE_CONTROL, "max-age=60"),
                (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            ];
            (headers, document.to_string()).into_response()
        }
        Err(app::Error::Internal(error)) => {
            tracing::error!("a well-known document could not be made: {error:#}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(error @ app::Error::Invalid { .. }) => {
            (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response()
        }
        Err(error) => (StatusCode::NOT_FOUND, format!("{error}\n")).into_response(),
    }
}
