//! Whom the pod follows in plain ActivityPub and who follows it; PeerTube's `server/following` and `server/followers`.

use crate::{
    Answer,
    extract::{Body, Name, SignedIn, Viewer},
    params::Params,
    views::{Follow, List},
};
use app::{
    Error, Pod,
    network::follows::{self, FollowSort, Wanted},
};
use axum::{Json, extract::State, http::StatusCode};
use db::follows::Direction;
use names::{ActorKind, FollowState};
use serde::Deserialize;

/// Whom to follow.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct ToFollow {
    /// Whole servers, such as `tube.example`.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Channels and accounts, such as `name@tube.example`.
    #[serde(default)]
    pub handles: Vec<String>,
}

/// All servers have the same score and redundancy, so that these orders are that of time.
fn sort_of(text: Option<&str>) -> Answer<FollowSort> {
    Ok(match text {
        None | Some("-createdAt" | "-score" | "-redundancyAllowed") => FollowSort::Newest,
        Some("createdAt" | "score" | "redundancyAllowed") => FollowSort::Oldest,
        Some("state") => FollowSort::State,
        Some("-state") => FollowSort::StateDown,
        Some(_) => {
            let why = "createdAt, state, score or redundancyAllowed, with - descending";
            return Err(Error::invalid("sort", why).into());
        }
    })
}

async fn list(
    pod: &Pod,
    user: Option<db::users::User>,
    params: &Params,
    direction: Direction,
) -> Answer<Json<List<Follow>>> {
    let page = params.paging()?;
    let state = params.text("state").map(FollowState::parse).transpose();
    let kind = match params.text("actorType") {
        None => None,
        Some("Application") => Some(ActorKind::Application),
        Some("Person") => Some(ActorKind::Account),
        Some("Group") => Some(ActorKind::Channel),
        // Such actors are not told apart from people here.
        Some("Service" | "Organization") => {
            let (total, data) = (0, Vec::new());
            return Ok(Json(List { total, data }));
        }
        Some(_) => {
            let why = "Person, Application, Group, Service or Organization";
            return Err(Error::invalid("actorType", why).into());
        }
    };
    let wanted = Wanted {
        direction,
        state: state.map_err(|why| Error::invalid("state", why))?,
        kind,
        sort: sort_of(params.text("sort"))?,
        search: params.text("search").map(str::to_owned),
        start: page.start,
        count: page.count,
    };
    let (total, rows) = follows::list(pod, user.as_ref(), wanted).await?;
    let data = rows.iter().map(|row| Follow::new(pod, row)).collect();
    Ok(Json(List { total, data }))
}

/// Whom the pod follows. Admins see those as well that did not accept (yet).
#[utoipa::path(get, path = "/api/v1/server/following", tag = "network",
    params(("state" = Option<String>, Query, description = "`pending`, `accepted` or `rejected`"),
        ("actorType" = Option<String>, Query, description = "`Application`, `Person` or `Group`"), ("search" = Option<String>, Query),
        ("sort" = Option<String>, Query, description = "`createdAt` or `state`; `-` descending"),
        ("start" = Option<i64>, Query), ("count" = Option<i64>, Query)),
    responses((status = 200, body = List<Follow>), (status = 400)))]
pub async fn following(
    State(pod): State<Pod>,
    Viewer(user): Viewer,
    params: Params,
) -> Answer<Json<List<Follow>>> {
    list(&pod, user, &params, Direction::Following).await
}

/// Who follows the pod. Admins see those as well that are not accepted.
#[utoipa::path(get, path = "/api/v1/server/followers", tag = "network",
    params(("state" = Option<String>, Query, description = "`pending`, `accepted` or `rejected`"),
        ("actorType" = Option<String>, Query, description = "`Application`, `Person` or `Group`"), ("search" = Option<String>, Query),
        ("sort" = Option<String>, Query, description = "`createdAt` or `state`; `-` descending"),
        ("start" = Option<i64>, Query), ("count" = Option<i64>, Query)),
    responses((status = 200, body = List<Follow>), (status = 400)))]
pub async fn followers(
    State(pod): State<Pod>,
    Viewer(user): Viewer,
    params: Params,
) -> Answer<Json<List<Follow>>> {
    list(&pod, user, &params, Direction::Followers).await
}

/// Follows servers, channels and accounts. They answer later.
#[utoipa::path(post, path = "/api/v1/server/following", tag = "network", request_body = ToFollow,
    responses((status = 204), (status = 400), (status = 401), (status = 403)))]
pub async fn follow(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Body(body): Body<ToFollow>,
) -> Answer<StatusCode> {
    follows::follow(&pod, &user, &body.hosts, &body.handles).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Follows a server, a channel or an account no more.
#[utoipa::path(delete, path = "/api/v1/server/following/{hostOrHandle}", tag = "network",
    params(("hostOrHandle" = String, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404)))]
pub async fn unfollow(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Name(host_or_handle): Name,
) -> Answer<StatusCode> {
    follows::unfollow(&pod, &user, &host_or_handle).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a follower. It is told, and may ask again.
#[utoipa::path(delete, path = "/api/v1/server/followers/{handle}", tag = "network", params(("handle" = String, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404)))]
pub async fn remove_follower(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Name(handle): Name,
) -> Answer<StatusCode> {
    follows::answer(&pod, &user, &handle, follows::Answer::Remove).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Accepts a follower that waits for it, or that was rejected. From now on it is told of new videos.
#[utoipa::path(post, path = "/api/v1/server/followers/{handle}/accept", tag = "network", params(("handle" = String, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404)))]
pub async fn accept_follower(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Name(handle): Name,
) -> Answer<StatusCode> {
    follows::answer(&pod, &user, &handle, follows::Answer::Accept).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Rejects a follower. It is told, and when it asks again it is rejected again.
#[utoipa::path(post, path = "/api/v1/server/followers/{handle}/reject", tag = "network", params(("handle" = String, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404)))]
pub async fn reject_follower(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Name(handle): Name,
) -> Answer<StatusCode> {
    follows::answer(&pod, &user, &handle, follows::Answer::Reject).await?;
    Ok(StatusCode::NO_CONTENT)
}
