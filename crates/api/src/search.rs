//! Search.

use crate::{
    Answer,
    params::Params,
    videos::query_of,
    views::{Channel, List, Ready, VideoSummary, listed},
};
use app::{Error, Pod};
use axum::{Json, extract::State};
use db::video_list::{Origin, Scope};

fn text_of(params: &Params) -> Answer<String> {
    let text = params.text("search").unwrap_or_default();
    if text.chars().count() > 300 {
        return Err(Error::invalid("search", "at most 300 characters").into());
    }
    Ok(text.to_owned())
}

/// Videos that hold all the words; the last word may be a beginning.
#[utoipa::path(get, path = "/api/v1/search/videos", tag = "videos",
    params(("search" = String, Query), ("start" = Option<i64>, Query), ("count" = Option<i64>, Query), ("sort" = Option<String>, Query),
        ("categoryOneOf" = Option<Vec<i64>>, Query), ("tagsOneOf" = Option<Vec<String>>, Query), ("durationMin" = Option<i64>, Query), ("durationMax" = Option<i64>, Query)),
    responses((status = 200, body = List<VideoSummary>), (status = 400)))]
pub async fn videos(State(pod): State<Pod>, params: Params) -> Answer<Ready> {
    let mut query = query_of(&params, Scope::Listed)?;
    query.search = Some(text_of(&params)?);
    let page = app::videos::list(&pod, query).await?;
    Ok(listed(&pod, &page))
}

/// Channels whose name or title holds the text.
#[utoipa::path(get, path = "/api/v1/search/video-channels", tag = "channels",
    params(("search" = String, Query), ("start" = Option<i64>, Query), ("count" = Option<i64>, Query)),
    responses((status = 200, body = List<Channel>), (status = 400)))]
pub async fn channels(State(pod): State<Pod>, params: Params) -> Answer<Json<List<Channel>>> {
    let (text, paging) = (text_of(&params)?, params.paging()?);
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
