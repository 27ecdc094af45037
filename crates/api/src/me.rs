//! The signed-in user.

use crate::{
    Answer,
    extract::{Body, SignedIn},
    form,
    params::Params,
    videos::query_of,
    views::{Avatars, List, MyUser, Quota, VideoSummary, avatars},
};
use app::{Error, Pod, avatars as pictures, users::EditMe};
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use db::video_list::{Scope, VideoQuery, VideoSort};
use serde::Deserialize;

/// Who one is, with channels.
#[utoipa::path(get, path = "/api/v1/users/me", tag = "me", responses((status = 200, body = MyUser), (status = 401)))]
pub async fn show(State(pod): State<Pod>, SignedIn(user): SignedIn) -> Answer<Json<MyUser>> {
    let account = db::accounts::by_id(&pod.db, user.account_id)
        .await?
        .ok_or(Error::NotFound("The account was"))?;
    let channels = db::channels::of_account(&pod.db, user.account_id).await?;
    Ok(Json(MyUser::new(&pod, &user, &account, &channels)))
}

/// What users may change on themselves.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateMe {
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub email: Option<String>,
    pub password: Option<String>,
    /// Needed to change the password or the e-mail address.
    pub current_password: Option<String>,
    pub p2p_enabled: Option<bool>,
    pub auto_play_video: Option<bool>,
    /// `do_not_list`, `blur`, `warn` or `display`.
    pub nsfw_policy: Option<String>,
    pub theme: Option<String>,
    pub language: Option<String>,
}

/// Changes oneself.
#[utoipa::path(put, path = "/api/v1/users/me", tag = "me", request_body = UpdateMe, responses((status = 204), (status = 400), (status = 401)))]
pub async fn update(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Body(body): Body<UpdateMe>,
) -> Answer<StatusCode> {
    let edit = EditMe {
        display_name: body.display_name,
        description: body.description,
        email: body.email,
        password: body.password,
        current_password: body.current_password,
        p2p_enabled: body.p2p_enabled,
        auto_play: body.auto_play_video,
        nsfw_policy: body.nsfw_policy,
        theme: body.theme,
        language: body.language,
    };
    app::users::edit_me(&pod, &user, edit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes one's account with channels and videos.
#[utoipa::path(delete, path = "/api/v1/users/me", tag = "me", responses((status = 204), (status = 401), (status = 403)))]
pub async fn delete(State(pod): State<Pod>, SignedIn(user): SignedIn) -> Answer<StatusCode> {
    app::users::delete_me(&pod, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How much of one's quota is used.
#[utoipa::path(get, path = "/api/v1/users/me/video-quota-used", tag = "me", responses((status = 200, body = Quota)))]
pub async fn quota_used(State(pod): State<Pod>, SignedIn(user): SignedIn) -> Answer<Json<Quota>> {
    let (used, daily) = app::users::used(&pod, user.id).await?;
    Ok(Json(Quota {
        video_quota_used: used,
        video_quota_used_daily: daily,
    }))
}

/// One's own videos, whatever their state, newest upload first.
#[utoipa::path(get, path = "/api/v1/users/me/videos", tag = "me",
    params(("start" = Option<i64>, Query), ("count" = Option<i64>, Query), ("sort" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = List<VideoSummary>)))]
pub async fn videos(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    params: Params,
) -> Answer<Json<List<VideoSummary>>> {
    let mut query: VideoQuery = query_of(&params, Scope::Mine(user.account_id))?;
    query.sort = match params.text("sort") {
        None | Some("-createdAt") => VideoSort::LastCreated,
        Some("createdAt") => VideoSort::FirstCreated,
        Some(_) => query.sort,
    };
    query.search = params.text("search").map(str::to_owned);
    let (total, videos) = app::videos::mine(&pod, &query).await?;
    let jobs = app::videos::jobs_of(&pod, &videos).await?;
    let data = videos
        .iter()
        .map(|v| {
            let own: Vec<_> = jobs
                .iter()
                .filter(|j| j.video_id == Some(v.video.id))
                .cloned()
                .collect();
            VideoSummary::for_owner(&pod, v, &own)
        })
        .collect();
    Ok(Json(List { total, data }))
}

/// Sets one's picture.
#[utoipa::path(post, path = "/api/v1/users/me/avatar/pick", tag = "me",
    request_body(content_type = "multipart/form-data", description = "`avatarfile`"), responses((status = 200, body = Avatars)))]
pub async fn pick_avatar(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    request: Request,
) -> Answer<Json<Avatars>> {
    let picture = form::read_file(request, &pod, "avatarfile").await?;
    let file = pictures::set_mine(&pod, &user, picture).await?;
    Ok(Json(Avatars {
        avatars: avatars(&pod, Some(&file), pod.now()),
    }))
}

/// Removes one's picture.
#[utoipa::path(delete, path = "/api/v1/users/me/avatar", tag = "me", responses((status = 204)))]
pub async fn remove_avatar(State(pod): State<Pod>, SignedIn(user): SignedIn) -> Answer<StatusCode> {
    pictures::remove_mine(&pod, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
