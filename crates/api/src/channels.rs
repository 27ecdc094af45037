//! Channels.

use crate::{
    Answer,
    extract::{Body, Name, SignedIn},
    form,
    params::Params,
    videos::query_of,
    views::{Avatars, Channel, List, NewChannel, Ready, VideoSummary, avatars, listed},
};
use app::{Pod, avatars as pictures, channels};
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use db::video_list::{Origin, Scope};
use serde::Deserialize;

/// The list of channels, newest first.
#[utoipa::path(get, path = "/api/v1/video-channels", tag = "channels",
    params(("start" = Option<i64>, Query), ("count" = Option<i64>, Query)), responses((status = 200, body = List<Channel>)))]
pub async fn list(State(pod): State<Pod>, params: Params) -> Answer<Json<List<Channel>>> {
    let paging = params.paging()?;
    let (total, found) =
        db::channels::list(&pod.db, Origin::Local, None, paging.start, paging.count).await?;
    let data = found.iter().map(|c| Channel::new(&pod, c)).collect();
    Ok(Json(List { total, data }))
}

/// What a new channel shall be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateChannel {
    pub name: String,
    pub display_name: String,
    pub description: Option<String>,
    pub support: Option<String>,
}

/// Makes a channel.
#[utoipa::path(post, path = "/api/v1/video-channels", tag = "channels", request_body = CreateChannel,
    responses((status = 200, body = NewChannel), (status = 400), (status = 401), (status = 409)))]
pub async fn create(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Body(body): Body<CreateChannel>,
) -> Answer<Json<NewChannel>> {
    let draft = channels::Draft {
        name: body.name,
        display_name: body.display_name,
        description: body.description,
        support: body.support,
    };
    let id = channels::create(&pod, &user, draft).await?;
    Ok(Json(NewChannel::new(id.0)))
}

/// One channel.
#[utoipa::path(get, path = "/api/v1/video-channels/{channelHandle}", tag = "channels",
    params(("channelHandle" = String, Path)), responses((status = 200, body = Channel), (status = 404)))]
pub async fn show(State(pod): State<Pod>, Name(name): Name) -> Answer<Json<Channel>> {
    let channel = channels::show(&pod, &name).await?;
    Ok(Json(Channel::new(&pod, &channel)))
}

/// What is changed on a channel.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateChannel {
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub support: Option<String>,
}

/// Changes a channel.
#[utoipa::path(put, path = "/api/v1/video-channels/{channelHandle}", tag = "channels",
    params(("channelHandle" = String, Path)), request_body = UpdateChannel, responses((status = 204), (status = 403), (status = 404)))]
pub async fn update(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Name(name): Name,
    Body(body): Body<UpdateChannel>,
) -> Answer<StatusCode> {
    let edit = channels::Edit {
        display_name: body.display_name,
        description: body.description,
        support: body.support,
    };
    channels::edit(&pod, &user, &name, edit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a channel with its videos.
#[utoipa::path(delete, path = "/api/v1/video-channels/{channelHandle}", tag = "channels",
    params(("channelHandle" = String, Path)), responses((status = 204), (status = 403), (status = 404), (status = 409)))]
pub async fn delete(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Name(name): Name,
) -> Answer<StatusCode> {
    channels::delete(&pod, &user, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The videos of a channel.
#[utoipa::path(get, path = "/api/v1/video-channels/{channelHandle}/videos", tag = "channels",
    params(("channelHandle" = String, Path), ("start" = Option<i64>, Query), ("count" = Option<i64>, Query), ("sort" = Option<String>, Query)),
    responses((status = 200, body = List<VideoSummary>), (status = 404)))]
pub async fn videos(State(pod): State<Pod>, Name(name): Name, params: Params) -> Answer<Ready> {
    let channel = channels::show(&pod, &name).await?;
    let query = query_of(&params, Scope::ListedOfChannel(channel.id))?;
    let page = app::videos::list(&pod, query).await?;
    Ok(listed(&pod, &page))
}

/// Sets a channel's picture.
#[utoipa::path(post, path = "/api/v1/video-channels/{channelHandle}/avatar/pick", tag = "channels",
    params(("channelHandle" = String, Path)),
    request_body(content_type = "multipart/form-data", description = "`avatarfile`"), responses((status = 200, body = Avatars)))]
pub async fn pick_avatar(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Name(name): Name,
    request: Request,
) -> Answer<Json<Avatars>> {
    let picture = form::read_file(request, &pod, "avatarfile").await?;
    let file = pictures::set_of_channel(&pod, &user, &name, picture).await?;
    Ok(Json(Avatars {
        avatars: avatars(&pod, Some(&file), pod.now()),
    }))
}

/// Removes a channel's picture.
#[utoipa::path(delete, path = "/api/v1/video-channels/{channelHandle}/avatar", tag = "channels",
    params(("channelHandle" = String, Path)), responses((status = 204)))]
pub async fn remove_avatar(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Name(name): Name,
) -> Answer<StatusCode> {
    pictures::remove_of_channel(&pod, &user, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
