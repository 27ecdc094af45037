//! Other pods: friendships and blocks, which admins manage, and the three messages by which pods themselves speak here
//! (docs/network.md). Ours alone, but for the block list, which is PeerTube's.

use crate::{
    Answer,
    extract::{Body, Name, SignedIn, Viewer},
    params::Params,
    views::{Friend, List, MadeFriends, Pod as PodView, QuitFriends, ScoreChange},
};
use app::{
    Pod,
    access::{self, Right},
    network::{calls::Incoming, friends, hearing, known, parting, presenting},
};
use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// A page of friends for other pods holds more than one for people.
const MOST: i64 = 10_000;

/// Which pods are meant.
#[derive(Deserialize, Default, utoipa::ToSchema)]
pub struct Hosts {
    /// Hosts such as `pod.example`. Missing: the entry pods of the configuration, or all friends when quitting.
    pub hosts: Option<Vec<String>>,
}

/// A host.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct BlockedHost {
    pub host: String,
}

/// The pod's friends. Admins see every pod that it has or had to do with, and how it goes with each.
#[utoipa::path(get, path = "/api/v1/pods", tag = "network",
    params(("start" = Option<i64>, Query), ("count" = Option<i64>, Query)),
    responses((status = 200, body = List<PodView>), (status = 400)))]
pub async fn list(
    State(pod): State<Pod>,
    Viewer(user): Viewer,
    params: Params,
) -> Answer<Response> {
    if let Some(user) = user.filter(|user| access::has(user.role, Right::ManageNetwork)) {
        let page = params.paging()?;
        let (total, known) = known::all(&pod, &user, page.start, page.count).await?;
        let data: Vec<_> = known.iter().map(PodView::new).collect();
        return Ok(Json(List { total, data }).into_response());
    }
    let start = params.int("start")?.unwrap_or(0).clamp(0, MOST);
    let count = params.int("count")?.unwrap_or(100).clamp(0, MOST);
    let (total, rows) = known::friends(&pod, start, count).await?;
    let data: Vec<_> = rows.iter().map(|row| Friend::new(&pod, row)).collect();
    Ok(Json(List { total, data }).into_response())
}

/// The pods that a request names; nothing when it has no body.
pub struct Named(Option<Vec<String>>);

impl<S: Send + Sync> FromRequest<S> for Named {
    type Rejection = crate::Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|why| app::Error::invalid("body", why))?;
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(None));
        }
        let read = serde_json::from_slice::<Hosts>(&body);
        Ok(Self(
            read.map_err(|why| app::Error::invalid("body", why))?.hosts,
        ))
    }
}

/// Makes friends with pods, and with those whom more than half of them know. Without a body, with the configured entry pods.
#[utoipa::path(post, path = "/api/v1/pods/makefriends", tag = "network", request_body = Hosts,
    responses((status = 200, body = MadeFriends), (status = 400), (status = 401), (status = 403)))]
pub async fn make_friends(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Named(hosts): Named,
) -> Answer<Json<MadeFriends>> {
    let made = friends::make(&pod, &user, hosts.as_deref()).await?;
    Ok(Json(MadeFriends::new(made)))
}

/// Ends friendships; without a body, all. The videos of those pods leave the index.
#[utoipa::path(post, path = "/api/v1/pods/quitfriends", tag = "network", request_body = Hosts,
    responses((status = 200, body = QuitFriends), (status = 400), (status = 401), (status = 403)))]
pub async fn quit_friends(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Named(hosts): Named,
) -> Answer<Json<QuitFriends>> {
    let parted = parting::quit(&pod, &user, hosts.as_deref()).await?;
    Ok(Json(QuitFriends::new(parted)))
}

/// Why a pod's score is what it is, newest first.
#[utoipa::path(get, path = "/api/v1/pods/{host}/score-history", tag = "network", params(("host" = String, Path)),
    responses((status = 200, body = List<ScoreChange>), (status = 401), (status = 403), (status = 404)))]
pub async fn score_history(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Name(host): Name,
) -> Answer<Json<List<ScoreChange>>> {
    let reasons = known::reasons(&pod, &user, &host).await?;
    let data: Vec<_> = reasons.iter().map(ScoreChange::new).collect();
    let total = data.len() as i64;
    Ok(Json(List { total, data }))
}

/// Sends what waits for a pod now.
#[utoipa::path(post, path = "/api/v1/pods/{host}/retry", tag = "network", params(("host" = String, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404)))]
pub async fn retry(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Name(host): Name,
) -> Answer<StatusCode> {
    known::retry(&pod, &user, &host).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Hosts that the pod neither hears nor tells anything.
#[utoipa::path(get, path = "/api/v1/server/blocklist/servers", tag = "network",
    params(("start" = Option<i64>, Query), ("count" = Option<i64>, Query)),
    responses((status = 200, body = Object), (status = 401), (status = 403)))]
pub async fn blocked(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    params: Params,
) -> Answer<Json<Value>> {
    let page = params.paging()?;
    let (total, blocks) = known::blocked(&pod, &user, page.start, page.count).await?;
    let data: Vec<_> = blocks
        .iter()
        .map(|(host, at)| json!({ "blockedServer": { "host": host.as_str() }, "createdAt": crate::views::time(*at) }))
        .collect();
    Ok(Json(json!({ "total": total, "data": data })))
}

/// Blocks a host. A friendship with it ends, and its videos leave the index.
#[utoipa::path(post, path = "/api/v1/server/blocklist/servers", tag = "network", request_body = BlockedHost,
    responses((status = 204), (status = 400), (status = 401), (status = 403)))]
pub async fn block(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Body(body): Body<BlockedHost>,
) -> Answer<StatusCode> {
    known::block(&pod, &user, &body.host).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lifts a block.
#[utoipa::path(delete, path = "/api/v1/server/blocklist/servers/{host}", tag = "network", params(("host" = String, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404)))]
pub async fn unblock(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Name(host): Name,
) -> Answer<StatusCode> {
    known::unblock(&pod, &user, &host).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn incoming(
    uri: &Uri,
    headers: &HeaderMap,
    body: Bytes,
    client: Option<peers::ClientAddress>,
) -> Incoming {
    let text = |value: &axum::http::HeaderValue| value.to_str().ok().map(str::to_owned);
    let headers = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)));
    Incoming {
        method: "POST",
        target: uri
            .path_and_query()
            .map_or("/", |it| it.as_str())
            .to_owned(),
        headers: headers.collect(),
        body,
        client: client.map(|client| client.0),
    }
}

/// Another pod presents itself (docs/network.md). The answer says whether it is a friend now, or why not.
#[utoipa::path(post, path = "/api/v1/pods/present", tag = "network", request_body = Object,
    responses((status = 200, body = Object), (status = 429)))]
pub async fn present(
    State(pod): State<Pod>,
    uri: Uri,
    client: Option<axum::Extension<peers::ClientAddress>>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<impl IntoResponse> {
    let request = incoming(&uri, &headers, body, client.map(|it| it.0));
    Ok(Json(presenting::presented(&pod, &request).await?))
}

/// Another pod ends the friendship (docs/network.md).
#[utoipa::path(post, path = "/api/v1/pods/farewell", tag = "network", request_body = Object,
    responses((status = 204), (status = 400), (status = 403), (status = 429)))]
pub async fn farewell(
    State(pod): State<Pod>,
    uri: Uri,
    client: Option<axum::Extension<peers::ClientAddress>>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<StatusCode> {
    let request = incoming(&uri, &headers, body, client.map(|it| it.0));
    parting::farewell(&pod, &request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A sealed envelope from a friend (docs/network.md). The answer accounts for each activity in it.
#[utoipa::path(post, path = "/api/v1/pods/envelopes", tag = "network", request_body = Object,
    responses((status = 200, body = Object), (status = 400), (status = 403), (status = 429)))]
pub async fn envelope(
    State(pod): State<Pod>,
    uri: Uri,
    client: Option<axum::Extension<peers::ClientAddress>>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<impl IntoResponse> {
    let request = incoming(&uri, &headers, body, client.map(|it| it.0));
    Ok(Json(hearing::envelope(&pod, &request).await?))
}
