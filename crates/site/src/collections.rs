//! The lists of actors and videos in ActivityPub. They are for programs alone: whoever asks gets the list.

use app::network::collections::{self, Whose};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use db::follows::Direction;
use http::StatusCode;
use names::VideoRef;
use serde::Deserialize;

use crate::Site;
use crate::objects::answer;

/// Where a page begins; the list itself when it is missing.
#[derive(Deserialize)]
struct Page {
    page: Option<i64>,
}

/// All lists.
pub fn routes() -> Router<Site> {
    Router::new()
        .route("/accounts/{name}/{list}", get(of_account))
        .route("/video-channels/{name}/{list}", get(of_channel))
        .route("/videos/watch/{id}/{list}", get(of_video))
}

async fn of_account(
    State(site): State<Site>,
    Path((name, list)): Path<(String, String)>,
    Query(page): Query<Page>,
) -> Response {
    of_actor(&site, Whose::Account(&name), &list, page.page).await
}

async fn of_channel(
    State(site): State<Site>,
    Path((name, list)): Path<(String, String)>,
    Query(page): Query<Page>,
) -> Response {
    of_actor(&site, Whose::Channel(&name), &list, page.page).await
}

async fn of_actor(site: &Site, whose: Whose<'_>, list: &str, page: Option<i64>) -> Response {
    let pod = &site.pod;
    answer(match list {
        "outbox" => collections::outbox(pod, whose, page).await,
        "followers" => collections::follows(pod, whose, Direction::Followers, page).await,
        "following" => collections::follows(pod, whose, Direction::Following, page).await,
        _ => return StatusCode::NOT_FOUND.into_response(),
    })
}

async fn of_video(
    State(site): State<Site>,
    Path((id, list)): Path<(String, String)>,
    Query(page): Query<Page>,
) -> Response {
    match (VideoRef::parse(&id), list.as_str()) {
        (Ok(named), "likes" | "dislikes" | "announces" | "comments") => {
            answer(collections::of_video(&site.pod, named, &list, page.page).await)
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
