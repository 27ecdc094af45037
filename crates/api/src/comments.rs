//! Comments on videos, and likes.

use crate::{
    Answer,
    extract::{Body, SignedIn, Viewer},
    params::Params,
    views::{Comment, NewComment, Thread, ThreadList},
};
use app::{Error, Pod, comments, ratings};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use db::comments::ThreadSort;
use names::{CommentId, Opinion, VideoRef};
use serde::{Deserialize, Serialize};

/// What is said.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Said {
    /// 1 to 10 000 characters.
    pub text: String,
}

/// What somebody thinks of a video.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Rated {
    /// `like`, `dislike` or `none`.
    pub rating: String,
}

/// What the signed-in user thinks of a video.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyRating {
    pub video_id: i64,
    /// `like`, `dislike` or `none`.
    pub rating: &'static str,
}

fn video(text: &str) -> Answer<VideoRef> {
    Ok(VideoRef::parse(text).map_err(|why| Error::invalid("id", why))?)
}

fn sort_of(text: Option<&str>) -> Answer<ThreadSort> {
    Ok(match text {
        None | Some("-createdAt") => ThreadSort::Newest,
        Some("createdAt") => ThreadSort::Oldest,
        Some("-totalReplies") => ThreadSort::MostReplies,
        Some(_) => {
            return Err(Error::invalid("sort", "createdAt, -createdAt or -totalReplies").into());
        }
    })
}

/// The threads of a video.
#[utoipa::path(get, path = "/api/v1/videos/{id}/comment-threads", tag = "comments",
    params(("id" = String, Path), ("start" = Option<i64>, Query), ("count" = Option<i64>, Query),
        ("sort" = Option<String>, Query, description = "`createdAt`, `-createdAt` or `-totalReplies`")),
    responses((status = 200, body = ThreadList), (status = 404)))]
pub async fn threads(
    State(pod): State<Pod>,
    Viewer(viewer): Viewer,
    Path(id): Path<String>,
    params: Params,
) -> Answer<Json<ThreadList>> {
    let (paging, sort) = (params.paging()?, sort_of(params.text("sort"))?);
    let page = (paging.start, paging.count);
    let threads = comments::threads(&pod, viewer.as_ref(), video(&id)?, sort, page).await?;
    Ok(Json(ThreadList::new(&pod, &threads)?))
}

/// A thread with all that answers it.
#[utoipa::path(get, path = "/api/v1/videos/{id}/comment-threads/{threadId}", tag = "comments",
    params(("id" = String, Path), ("threadId" = i64, Path)),
    responses((status = 200, body = Thread), (status = 404)))]
pub async fn thread(
    State(pod): State<Pod>,
    Viewer(viewer): Viewer,
    Path((id, thread)): Path<(String, i64)>,
) -> Answer<Json<Thread>> {
    let id = video(&id)?;
    let tree = comments::thread(&pod, viewer.as_ref(), id, CommentId(thread)).await?;
    Ok(Json(Thread::new(&pod, &tree)?))
}

/// Begins a thread.
#[utoipa::path(post, path = "/api/v1/videos/{id}/comment-threads", tag = "comments",
    params(("id" = String, Path)), request_body = Said,
    responses((status = 200, body = NewComment), (status = 400), (status = 401), (status = 403), (status = 404), (status = 429)))]
pub async fn begin(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
    Body(said): Body<Said>,
) -> Answer<Json<NewComment>> {
    let row = comments::write(&pod, &user, video(&id)?, None, &said.text).await?;
    let comment = Comment::new(&pod, &row)?;
    Ok(Json(NewComment { comment }))
}

/// Answers a comment.
#[utoipa::path(post, path = "/api/v1/videos/{id}/comments/{commentId}", tag = "comments",
    params(("id" = String, Path), ("commentId" = i64, Path)), request_body = Said,
    responses((status = 200, body = NewComment), (status = 400), (status = 401), (status = 403), (status = 404), (status = 429)))]
pub async fn reply(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Path((id, answered)): Path<(String, i64)>,
    Body(said): Body<Said>,
) -> Answer<Json<NewComment>> {
    let answered = Some(CommentId(answered));
    let row = comments::write(&pod, &user, video(&id)?, answered, &said.text).await?;
    let comment = Comment::new(&pod, &row)?;
    Ok(Json(NewComment { comment }))
}

/// Deletes a comment. What answers it stays.
#[utoipa::path(delete, path = "/api/v1/videos/{id}/comments/{commentId}", tag = "comments",
    params(("id" = String, Path), ("commentId" = i64, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 409)))]
pub async fn delete(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Path((id, comment)): Path<(String, i64)>,
) -> Answer<StatusCode> {
    comments::delete(&pod, &user, video(&id)?, CommentId(comment)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows a comment that was held back to everybody.
#[utoipa::path(post, path = "/api/v1/videos/{id}/comments/{commentId}/approve", tag = "comments",
    params(("id" = String, Path), ("commentId" = i64, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404)))]
pub async fn approve(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Path((id, comment)): Path<(String, i64)>,
) -> Answer<StatusCode> {
    comments::approve(&pod, &user, video(&id)?, CommentId(comment)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Likes or dislikes a video, or takes it back.
#[utoipa::path(put, path = "/api/v1/videos/{id}/rate", tag = "comments",
    params(("id" = String, Path)), request_body = Rated,
    responses((status = 204), (status = 400), (status = 401), (status = 404), (status = 429)))]
pub async fn rate(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
    Body(rated): Body<Rated>,
) -> Answer<StatusCode> {
    let opinion = Opinion::parse(&rated.rating).map_err(|why| Error::invalid("rating", why))?;
    ratings::rate(&pod, &user, video(&id)?, opinion).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the signed-in user thinks of a video.
#[utoipa::path(get, path = "/api/v1/users/me/videos/{id}/rating", tag = "comments",
    params(("id" = String, Path)), responses((status = 200, body = MyRating), (status = 401), (status = 404)))]
pub async fn my_rating(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
) -> Answer<Json<MyRating>> {
    let (video_id, opinion) = ratings::mine(&pod, &user, video(&id)?).await?;
    Ok(Json(MyRating {
        video_id: video_id.0,
        rating: opinion.as_str(),
    }))
}
