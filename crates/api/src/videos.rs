//! Videos: lists, one video, changes.

use crate::{
    Answer,
    extract::{Named, SignedIn, Viewer},
    form::{self, VideoFields},
    params::Params,
    views::{
        Description, FileToken, List, Ready, Storyboards, Tagged, TrafficDay, VideoDetails,
        VideoSummary, listed, written,
    },
};
use app::{
    Error, Pod,
    videos::{self, Details},
};
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
};
use db::video_list::{Origin, Scope, VideoQuery, VideoSort};

/// Reads the filters and the order that every list of videos takes.
pub(crate) fn query_of(params: &Params, scope: Scope) -> Answer<VideoQuery> {
    let paging = params.paging()?;
    let lower = |key| params.all(key).map(str::to_lowercase).collect::<Vec<_>>();
    let texts = |key| params.all(key).map(str::to_owned).collect::<Vec<_>>();
    if params.all("tagsAllOf").count() > 10 {
        return Err(Error::invalid("tagsAllOf", "at most 10 tags").into());
    }
    Ok(VideoQuery {
        scope,
        origin: origin_of(params)?,
        sort: sort_of(params.text("sort"))?,
        categories: params.ints("categoryOneOf")?,
        licences: params.ints("licenceOneOf")?,
        languages: texts("languageOneOf"),
        tags_any: lower("tagsOneOf"),
        tags_all: lower("tagsAllOf"),
        nsfw: params.bool("nsfw")?,
        duration_min: params.int("durationMin")?,
        duration_max: params.int("durationMax")?,
        published_after: params.time("startDate")?,
        published_before: params.time("endDate")?,
        channel: None,
        search: None,
        start: paging.start,
        count: paging.count,
    })
}

/// PeerTube's `isLocal`, and the words of our pages and of older clients.
fn origin_of(params: &Params) -> Answer<Origin> {
    Ok(match (params.bool("isLocal")?, params.text("scope")) {
        (Some(true), _) | (None, Some("local")) => Origin::Local,
        (Some(false), _) | (None, Some("remote")) => Origin::Remote,
        (None, None | Some("federated")) => Origin::Any,
        _ => return Err(Error::invalid("scope", "local, remote or federated").into()),
    })
}

fn sort_of(text: Option<&str>) -> Answer<VideoSort> {
    Ok(match text {
        None | Some("-publishedAt" | "-originallyPublishedAt" | "-match") => VideoSort::Newest,
        Some("publishedAt" | "originallyPublishedAt") => VideoSort::Oldest,
        Some("-views" | "-trending" | "-hot" | "-best") => VideoSort::MostViewed,
        Some("views") => VideoSort::LeastViewed,
        Some("-likes") => VideoSort::MostLiked,
        Some("-duration") => VideoSort::Longest,
        Some("duration") => VideoSort::Shortest,
        Some("name") => VideoSort::Name,
        Some("-name") => VideoSort::NameDown,
        Some("-createdAt") => VideoSort::LastCreated,
        Some("createdAt") => VideoSort::FirstCreated,
        Some(_) => {
            return Err(Error::invalid(
                "sort",
                "publishedAt, createdAt, views, likes, duration, name or trending, with - descending",
            )
            .into());
        }
    })
}

/// The list of public videos.
#[utoipa::path(get, path = "/api/v1/videos", tag = "videos",
    params(("start" = Option<i64>, Query), ("count" = Option<i64>, Query),
        ("sort" = Option<String>, Query, description = "`publishedAt`, `views`, `likes`, `duration`, `name`, `trending`; `-` descending"),
        ("categoryOneOf" = Option<Vec<i64>>, Query), ("licenceOneOf" = Option<Vec<i64>>, Query), ("languageOneOf" = Option<Vec<String>>, Query),
        ("tagsOneOf" = Option<Vec<String>>, Query), ("tagsAllOf" = Option<Vec<String>>, Query), ("nsfw" = Option<String>, Query),
        ("isLocal" = Option<bool>, Query, description = "only videos of this pod, or only those of others"),
        ("scope" = Option<String>, Query, description = "the same in words: `local`, `remote` or `federated`")),
    responses((status = 200, body = List<VideoSummary>), (status = 400)))]
pub async fn list(State(pod): State<Pod>, params: Params) -> Answer<Ready> {
    let page = videos::list(&pod, query_of(&params, Scope::Listed)?).await?;
    Ok(listed(&pod, &page))
}

/// One video. Its owner also sees how publishing goes.
#[utoipa::path(get, path = "/api/v1/videos/{id}", tag = "videos", params(("id" = String, Path, description = "number, uuid or short uuid")),
    responses((status = 200, body = VideoDetails), (status = 304), (status = 401), (status = 403), (status = 404)))]
pub async fn show(
    State(pod): State<Pod>,
    Viewer(viewer): Viewer,
    Named(named): Named,
    headers: HeaderMap,
) -> Answer<Tagged> {
    let known = headers.get(header::IF_NONE_MATCH).cloned();
    let Some(user) = viewer else {
        let make = |details: &Details| written(&VideoDetails::new(&pod, details, None));
        let body = videos::answer(&pod, named, make).await?;
        return Ok(Tagged { body, known });
    };
    let details = videos::show(&pod, Some(&user), named).await?;
    let stopped = db::traffic::stop_of(&pod.db, user.id, details.video.id).await?;
    let body = written(&VideoDetails::new(&pod, &details, stopped));
    Ok(Tagged { body, known })
}

/// Changes a video. JSON, or a form when a picture comes with it.
#[utoipa::path(put, path = "/api/v1/videos/{id}", tag = "videos", params(("id" = String, Path)),
    request_body(content((VideoFields = "application/json"), (VideoFields = "multipart/form-data"))),
    responses((status = 204), (status = 400), (status = 401), (status = 403), (status = 404)))]
pub async fn update(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Named(named): Named,
    request: Request,
) -> Answer<StatusCode> {
    let edit = form::read_edit(request, &pod).await?;
    videos::edit(&pod, &user, named, edit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a video.
#[utoipa::path(delete, path = "/api/v1/videos/{id}", tag = "videos", params(("id" = String, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404)))]
pub async fn delete(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Named(named): Named,
) -> Answer<StatusCode> {
    videos::delete(&pod, &user, named).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The whole description.
#[utoipa::path(get, path = "/api/v1/videos/{id}/description", tag = "videos", params(("id" = String, Path)),
    responses((status = 200, body = Description), (status = 404)))]
pub async fn description(
    State(pod): State<Pod>,
    Viewer(viewer): Viewer,
    Named(named): Named,
) -> Answer<Json<Description>> {
    let found = videos::find(&pod, viewer.as_ref(), named).await?;
    Ok(Json(Description {
        description: found.video.description,
    }))
}

/// The storyboard: small pictures for the seek bar.
#[utoipa::path(get, path = "/api/v1/videos/{id}/storyboards", tag = "videos", params(("id" = String, Path)),
    responses((status = 200, body = Storyboards), (status = 404)))]
pub async fn storyboards(
    State(pod): State<Pod>,
    Viewer(viewer): Viewer,
    Named(named): Named,
) -> Answer<Json<Storyboards>> {
    let found = videos::find(&pod, viewer.as_ref(), named).await?;
    Ok(Json(Storyboards::new(&pod, &found.video)))
}

/// A token that opens the files of a private video for some hours.
#[utoipa::path(post, path = "/api/v1/videos/{id}/token", tag = "videos", params(("id" = String, Path)),
    responses((status = 200, body = FileToken), (status = 401), (status = 403), (status = 404)))]
pub async fn file_token(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Named(named): Named,
) -> Answer<Json<FileToken>> {
    let (token, until) = app::reading::file_token(&pod, &user, named).await?;
    Ok(Json(FileToken::new(token, until)))
}

/// Where the bytes of a video came from, day by day, for its owner (an addition of ours).
#[utoipa::path(get, path = "/api/v1/videos/{id}/stats/traffic", tag = "videos", params(("id" = String, Path)),
    responses((status = 200, body = Vec<TrafficDay>), (status = 401), (status = 403), (status = 404)))]
pub async fn traffic(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Named(named): Named,
) -> Answer<Json<Vec<TrafficDay>>> {
    let found = videos::managed(&pod, &user, named).await?;
    let days = db::traffic::of_video(&pod.db, found.video.id, 90).await?;
    Ok(Json(days.iter().map(TrafficDay::new).collect()))
}
