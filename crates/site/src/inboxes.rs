//! The inboxes, to which other servers post activities. Who may say what is the pod's business (`app::network::inbox`).

use app::network::{calls::Incoming, inbox};
use axum::Extension;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode, Uri};
use peers::ClientAddress;

use crate::Site;

/// Bytes of an activity that are read.
const MAX_ACTIVITY: usize = 1 << 20;

/// The shared inbox, and those of the actors, which are the same.
pub fn routes() -> Router<Site> {
    Router::new()
        .route("/inbox", post(receive))
        .route("/accounts/{name}/inbox", post(receive))
        .route("/video-channels/{name}/inbox", post(receive))
        .layer(DefaultBodyLimit::max(MAX_ACTIVITY))
}

async fn receive(
    State(site): State<Site>,
    uri: Uri,
    client: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |value: &http::HeaderValue| value.to_str().ok().map(str::to_owned);
    let headers = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)));
    let request = Incoming {
        method: "POST",
        target: uri
            .path_and_query()
            .map_or("/", |it| it.as_str())
            .to_owned(),
        headers: headers.collect(),
        body,
        client: client.map(|client| client.0.0),
    };
    match inbox::received(&site.pod, &request).await {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(app::Error::Internal(error)) => {
            tracing::error!("an activity could not be received: {error:#}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(app::Error::TooMany { seconds, reason }) => {
            let headers = [(RETRY_AFTER, seconds.to_string())];
            (
                StatusCode::TOO_MANY_REQUESTS,
                headers,
                format!("{reason}\n"),
            )
                .into_response()
        }
        Err(error) => {
            let status = match error {
                app::Error::NotFound(_) => StatusCode::NOT_FOUND,
                app::Error::Invalid { .. } => StatusCode::BAD_REQUEST,
                app::Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::FORBIDDEN,
            };
            (status, format!("{error}\n")).into_response()
        }
    }
}
