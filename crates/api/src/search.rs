//! Search.

use crate::{
    Answer,
    extract::{Address, Viewer},
    params::Params,
    videos::query_of,
    views::{Channel, List, Ready, VideoSummary, listed},
};
use app::{
    Error, Pod,
    network::afar::{self, Asker, Found, Thing},
};
use axum::{Json, extract::State};
use db::video_list::{Origin, Scope};

fn text_of(params: &Params) -> Answer<String> {
    let text = params.text("search").unwrap_or_default();
    if text.chars().count() > 300 {
        return Err(Error::invalid("search", "at most 300 characters").into());
    }
    Ok(text.to_owned())
}

/// Videos that hold all the words; the last word may be a beginning. An address finds the video that is there, also when it lives on another
/// server and is not known here yet (where `search.remoteUri` of the configuration allows that).
#[utoipa::path(get, path = "/api/v1/search/videos", tag = "videos",
    params(("search" = String, Query), ("start" = Option<i64>, Query), ("count" = Option<i64>, Query), ("sort" = Option<String>, Query),
        ("categoryOneOf" = Option<Vec<i64>>, Query), ("tagsOneOf" = Option<Vec<String>>, Query), ("durationMin" = Option<i64>, Query), ("durationMax" = Option<i64>, Query)),
    responses((status = 200, body = List<VideoSummary>), (status = 400), (status = 429)))]
pub async fn videos(
    State(pod): State<Pod>,
    Viewer(user): Viewer,
    Address(address): Address,
    params: Params,
) -> Answer<Ready> {
    let text = text_of(&params)?;
    let asker = Asker {
        user: user.as_ref(),
        address,
    };
    let found = match afar::by_address(&pod, asker, &text).await? {
        Found::Words => None,
        Found::Thing(Thing::Video(id)) => Some(vec![id]),
        Found::Thing(_) | Found::Nothing => Some(Vec::new()),
    };
    if let Some(ids) = found {
        return Ok(listed(&pod, &app::videos::these(&pod, &ids).await?));
    }
    let mut query = query_of(&params, Scope::Listed)?;
    query.search = Some(text);
    let page = app::videos::list(&pod, query).await?;
    Ok(listed(&pod, &page))
}

/// Channels whose name or title holds the text. An address or a handle (`name@host`) finds the one it means, as for videos.
#[utoipa::path(get, path = "/api/v1/search/video-channels", tag = "channels",
    params(("search" = String, Query), ("start" = Option<i64>, Query), ("count" = Option<i64>, Query)),
    responses((status = 200, body = List<Channel>), (status = 400), (status = 429)))]
pub async fn channels(
    State(pod): State<Pod>,
    Viewer(user): Viewer,
    Address(address): Address,
    params: Params,
) -> Answer<Json<List<Channel>>> {
    let (text, paging) = (text_of(&params)?, params.paging()?);
    let asker = Asker {
        user: user.as_ref(),
        address,
    };
    let found = match afar::by_address_or_handle(&pod, asker, &text).await? {
        Found::Words => None,
        Found::Thing(Thing::Channel(id)) => Some(db::channels::by_id(&pod.db, id).await?),
        // An account is found by its channels.
        Found::Thing(Thing::Account(id)) => {
            let channels = db::channels::of_account(&pod.db, id).await?;
            return Ok(Json(of(&pod, &channels)));
        }
        Found::Thing(Thing::Video(_)) | Found::Nothing => Some(None),
    };
    if let Some(channel) = found {
        return Ok(Json(of(&pod, channel.as_slice())));
    }
    let (total, found) = db::channels::list(
        &pod.db,
        Origin::Any,
        Some(&text),
        paging.start,
        paging.count,
    )
    .await?;
    let data = found.iter().map(|c| Channel::new(&pod, c)).collect();
    Ok(Json(List { total, data }))
}

/// All of these channels as a list.
fn of(pod: &Pod, channels: &[db::channels::Channel]) -> List<Channel> {
    List {
        total: channels.len() as i64,
        data: channels.iter().map(|c| Channel::new(pod, c)).collect(),
    }
}
