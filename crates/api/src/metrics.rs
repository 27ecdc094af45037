//! What players report of themselves.

use crate::{
    Answer,
    extract::{Body, Viewer},
};
use app::{Error, Pod, viewing};
use axum::{extract::State, http::StatusCode};
use names::VideoRef;
use serde::Deserialize;

/// A video by number or by either form of its uuid.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum VideoName {
    Id(i64),
    Uuid(String),
}

/// A player's report since its last one.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlaybackReport {
    /// `p2p-media-loader` or `web-video`.
    pub player_mode: String,
    #[expect(
        dead_code,
        reason = "checked for its type; nothing is summed up from it"
    )]
    pub resolution: Option<f64>,
    #[expect(
        dead_code,
        reason = "checked for its type; nothing is summed up from it"
    )]
    pub fps: Option<f64>,
    pub p2p_enabled: bool,
    pub p2p_peers: Option<f64>,
    pub resolution_changes: f64,
    pub buffer_stalls: Option<f64>,
    pub errors: f64,
    #[serde(rename = "downloadedBytesP2P")]
    pub downloaded_bytes_p2p: f64,
    #[serde(rename = "downloadedBytesHTTP")]
    pub downloaded_bytes_http: f64,
    /// The part of `downloadedBytesHTTP` that came from the pod over WebRTC (an addition of ours).
    pub downloaded_bytes_pod_peer: Option<f64>,
    #[serde(rename = "uploadedBytesP2P")]
    pub uploaded_bytes_p2p: f64,
    pub video_id: VideoName,
}

/// Adds a player's report to the sums of the video and of the pod.
#[utoipa::path(post, path = "/api/v1/metrics/playback", tag = "videos", request_body = PlaybackReport,
    responses((status = 204), (status = 400), (status = 404)))]
pub async fn playback(
    State(pod): State<Pod>,
    Viewer(viewer): Viewer,
    Body(body): Body<PlaybackReport>,
) -> Answer<StatusCode> {
    if !["p2p-media-loader", "web-video"].contains(&body.player_mode.as_str()) {
        return Err(Error::invalid("playerMode", "p2p-media-loader or web-video").into());
    }
    let named = match &body.video_id {
        VideoName::Id(id) => VideoRef::Id(names::VideoId(*id)),
        VideoName::Uuid(text) => VideoRef::parse(text).map_err(|e| Error::invalid("videoId", e))?,
    };
    let report = viewing::Playback {
        from_pod: body.downloaded_bytes_http as i64,
        from_peers: body.downloaded_bytes_p2p as i64,
        to_peers: body.uploaded_bytes_p2p as i64,
        from_pod_by_peer: body.downloaded_bytes_pod_peer.unwrap_or(0.0) as i64,
        peers: body.p2p_peers.filter(|_| body.p2p_enabled).unwrap_or(0.0),
        stalls: body.buffer_stalls.unwrap_or(0.0) as i64,
        errors: body.errors as i64,
        resolution_changes: body.resolution_changes as i64,
    };
    viewing::playback(&pod, viewer.as_ref(), named, report).await?;
    Ok(StatusCode::NO_CONTENT)
}
