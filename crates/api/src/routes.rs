//! Every route of the API, to be read from top to bottom.

use crate::{
    accounts, catalog, channels, comments, config, follows, jobs, me, metrics, oauth, offload,
    pods, search, swarms, upload, upload_resumable, users, videos, watching,
};
use app::Pod;
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request},
    http::Uri,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use std::sync::Arc;
use tower::ServiceExt as _;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

/// JSON bodies are refused above this.
const MAX_JSON: usize = 200_000;
/// Forms with a picture.
const MAX_FORM: usize = 10 << 20;
/// Sealed messages of other pods.
const MAX_ENVELOPE: usize = 3 << 19;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Shoal REST API",
        description = "PeerTube's public REST API, as far as this pod has it.",
        license(name = "AGPL-3.0-or-later", identifier = "AGPL-3.0-or-later"),
        version = "1"
    ),
    tags(
        (name = "session", description = "Logging in and out"),
        (name = "users", description = "Users, for admins and moderators"),
        (name = "me", description = "The signed-in user"),
        (name = "channels", description = "Channels and accounts"),
        (name = "videos", description = "Videos"),
        (name = "comments", description = "Comments and likes"),
        (name = "upload", description = "Uploading"),
        (name = "pod", description = "The pod itself"),
        (name = "network", description = "Other pods: friends, and what pods say to each other"),
    )
)]
struct Document;

fn documented() -> OpenApiRouter<Pod> {
    let json = OpenApiRouter::new()
        // Session
        .routes(routes!(oauth::local_client))
        .routes(routes!(oauth::token))
        .routes(routes!(oauth::revoke_token))
        // The signed-in user
        .routes(routes!(me::show, me::update, me::delete))
        .routes(routes!(me::quota_used))
        .routes(routes!(me::videos))
        .routes(routes!(me::remove_avatar))
        // Users
        .routes(routes!(users::register))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::show, users::update, users::delete))
        .routes(routes!(users::block))
        .routes(routes!(users::unblock))
        // Accounts and channels
        .routes(routes!(accounts::list))
        .routes(routes!(accounts::show))
        .routes(routes!(accounts::videos))
        .routes(routes!(accounts::channels))
        .routes(routes!(channels::list, channels::create))
        .routes(routes!(channels::show, channels::update, channels::delete))
        .routes(routes!(channels::videos))
        .routes(routes!(channels::remove_avatar))
        // Videos
        .routes(routes!(videos::list))
        .routes(routes!(catalog::categories))
        .routes(routes!(catalog::licences))
        .routes(routes!(catalog::languages))
        .routes(routes!(catalog::privacies))
        .routes(routes!(videos::description))
        .routes(routes!(videos::storyboards))
        .routes(routes!(videos::file_token))
        .routes(routes!(videos::traffic))
        .routes(routes!(offload::of_video))
        .routes(routes!(watching::view))
        // Comments and likes
        .routes(routes!(comments::threads, comments::begin))
        .routes(routes!(comments::thread))
        .routes(routes!(comments::reply, comments::delete))
        .routes(routes!(comments::approve))
        .routes(routes!(comments::rate))
        .routes(routes!(comments::my_rating))
        // Searching
        .routes(routes!(search::videos))
        .routes(routes!(search::channels))
        .routes(routes!(upload_resumable::begin, upload_resumable::cancel))
        // The pod
        .routes(routes!(config::show))
        .routes(routes!(config::about))
        .routes(routes!(jobs::list))
        .routes(routes!(swarms::list))
        .routes(routes!(swarms::switch))
        .routes(routes!(offload::of_pod))
        // Other pods
        .routes(routes!(pods::list))
        .routes(routes!(pods::make_friends))
        .routes(routes!(pods::quit_friends))
        .routes(routes!(pods::score_history))
        .routes(routes!(pods::retry))
        .routes(routes!(pods::blocked, pods::block))
        .routes(routes!(pods::unblock))
        .routes(routes!(follows::following, follows::follow))
        .routes(routes!(follows::unfollow))
        .routes(routes!(follows::followers))
        .routes(routes!(follows::remove_follower))
        .routes(routes!(follows::accept_follower))
        .routes(routes!(follows::reject_follower))
        .routes(routes!(metrics::playback))
        .layer(DefaultBodyLimit::max(MAX_JSON));
    let forms = OpenApiRouter::new()
        .routes(routes!(videos::show, videos::update, videos::delete))
        .routes(routes!(me::pick_avatar))
        .routes(routes!(channels::pick_avatar))
        .layer(DefaultBodyLimit::max(MAX_FORM));
    let between_pods = OpenApiRouter::new()
        .routes(routes!(pods::present))
        .routes(routes!(pods::farewell))
        .routes(routes!(pods::envelope))
        .layer(DefaultBodyLimit::max(MAX_ENVELOPE));
    let files = OpenApiRouter::new()
        .routes(routes!(upload::upload))
        .routes(routes!(upload_resumable::receive))
        // The use case counts the bytes itself.
        .layer(DefaultBodyLimit::disable());
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(json)
        .merge(forms)
        .merge(between_pods)
        .merge(files)
}

/// The API as an axum router. A path with a slash too many is the path without (yt-dlp asks so).
pub fn router(pod: Pod) -> Router {
    let (router, document) = documented().split_for_parts();
    let document = Arc::new(document);
    let known = router.with_state(pod).route(
        "/api/v1/openapi.json",
        get(move || {
            let document = document.clone();
            async move { Json((*document).clone()) }
        }),
    );
    let others = known.clone();
    known.route(
        "/api/v1/{*rest}",
        any(move |request| unknown(others, request)),
    )
}

async fn unknown(known: Router, request: Request) -> Response {
    let path = request.uri().path();
    let slashless = path.trim_end_matches('/');
    if slashless.len() == path.len() {
        return nothing();
    }
    let query = request
        .uri()
        .query()
        .map_or(String::new(), |q| format!("?{q}"));
    let Ok(uri) = format!("{slashless}{query}").parse::<Uri>() else {
        return nothing();
    };
    // A request of its own: what the router noted of the first path would be taken for the second's.
    let (parts, body) = request.into_parts();
    let mut again = Request::new(body);
    *again.method_mut() = parts.method;
    *again.uri_mut() = uri;
    *again.headers_mut() = parts.headers;
    if let Some(address) = parts.extensions.get::<peers::ClientAddress>() {
        again.extensions_mut().insert(*address);
    }
    let answer = known.fallback(|| async { nothing() }).oneshot(again).await;
    answer.unwrap_or_else(|never| match never {})
}

fn nothing() -> Response {
    let error = app::Error::NotFound("There is no such API path; what was asked for was");
    crate::Problem(error).into_response()
}

/// The OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    documented().split_for_parts().1
}
