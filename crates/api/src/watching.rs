//! Signs of life of a viewer.

use crate::{
    Answer,
    extract::{Address, Body, Named, Viewer},
};
use app::{Error, Pod, viewing};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;

/// Where the viewer is.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// Seconds from the start.
    pub current_time: f64,
    /// `seek` after a jump.
    pub view_event: Option<String>,
    pub session_id: Option<String>,
}

/// Notes that somebody watches; counts views, and where signed-in viewers stopped.
#[utoipa::path(post, path = "/api/v1/videos/{id}/views", tag = "videos", params(("id" = String, Path)), request_body = View,
    responses((status = 204), (status = 400), (status = 404)))]
pub async fn view(
    State(pod): State<Pod>,
    Viewer(viewer): Viewer,
    Address(address): Address,
    Named(named): Named,
    Body(body): Body<View>,
) -> Answer<StatusCode> {
    if body.view_event.as_deref().is_some_and(|e| e != "seek") {
        return Err(Error::invalid("viewEvent", "seek, or nothing").into());
    }
    if body.session_id.as_ref().is_some_and(|s| s.len() > 100) {
        return Err(Error::invalid("sessionId", "at most 100 characters").into());
    }
    if !body.current_time.is_finite() {
        return Err(Error::invalid("currentTime", "seconds").into());
    }
    let seconds = body.current_time as i64;
    viewing::view(&pod, viewer.as_ref(), address, named, seconds).await?;
    Ok(StatusCode::NO_CONTENT)
}
