//! How much of the load viewers carry: of a video, for its owner, and of the pod, for those who run it. The paths are in the manner
//! of PeerTube's statistics, which has nothing like it.

use crate::{
    Answer,
    extract::{Named, SignedIn},
    params::Params,
    views::Offload,
};
use app::{Pod, offload};
use axum::{Json, extract::State};

/// What left the pod for a video and what its viewers carried for each other, for its owner: by the hour up to three days, else by
/// the day. The last 30 days unless asked otherwise.
#[utoipa::path(get, path = "/api/v1/videos/{id}/stats/offload", tag = "videos",
    params(("id" = String, Path), ("startDate" = Option<String>, Query), ("endDate" = Option<String>, Query)),
    responses((status = 200, body = Offload), (status = 400), (status = 401), (status = 403), (status = 404)))]
pub async fn of_video(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Named(named): Named,
    params: Params,
) -> Answer<Json<Offload>> {
    let (start, end) = (params.time("startDate")?, params.time("endDate")?);
    let series = offload::of_video(&pod, &user, named, start, end).await?;
    Ok(Json(Offload::new(&series)))
}

/// The same of the whole pod, for those who run it.
#[utoipa::path(get, path = "/api/v1/server/stats/offload", tag = "pod",
    params(("startDate" = Option<String>, Query), ("endDate" = Option<String>, Query)),
    responses((status = 200, body = Offload), (status = 400), (status = 401), (status = 403)))]
pub async fn of_pod(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    params: Params,
) -> Answer<Json<Offload>> {
    let (start, end) = (params.time("startDate")?, params.time("endDate")?);
    let series = offload::of_pod(&pod, &user, start, end).await?;
    Ok(Json(Offload::new(&series)))
}
