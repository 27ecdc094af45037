//! The pod's swarms, for admins: who is in them, what the pod sends, and the switches of its transports. Ours alone; PeerTube has
//! nothing like it.

use crate::{
    Answer,
    extract::{Body, Name, SignedIn},
    params::Params,
    views::Swarms,
};
use app::{Pod, swarms};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;

/// Switches a transport.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct SwitchTransport {
    /// Whether peers may come this way.
    pub enabled: bool,
}

/// Swarms in order of what the pod has sent to them since it started, with the pod's transports.
#[utoipa::path(get, path = "/api/v1/server/swarms", tag = "pod",
    params(("start" = Option<i64>, Query), ("count" = Option<i64>, Query)),
    responses((status = 200, body = Swarms), (status = 401), (status = 403)))]
pub async fn list(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    params: Params,
) -> Answer<Json<Swarms>> {
    let paging = params.paging()?;
    let (start, count) = (paging.start as usize, paging.count as usize);
    let overview = swarms::overview(&pod, &user, start, count).await?;
    Ok(Json(Swarms::new(&overview)))
}

/// Opens or closes a transport (`tcp`, `webrtc` or `udp`). Peers that came by a closed one are let go; the choice outlasts a restart.
#[utoipa::path(put, path = "/api/v1/server/swarms/transports/{transport}", tag = "pod", request_body = SwitchTransport,
    params(("transport" = String, Path)),
    responses((status = 204), (status = 400), (status = 401), (status = 403), (status = 404)))]
pub async fn switch(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Name(transport): Name,
    Body(body): Body<SwitchTransport>,
) -> Answer<StatusCode> {
    swarms::switch(&pod, &user, &transport, body.enabled).await?;
    Ok(StatusCode::NO_CONTENT)
}
