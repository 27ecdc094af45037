//! The job queue, for admins.

use crate::{
    Answer,
    extract::{Name, SignedIn},
    params::Params,
    views::{Job, List},
};
use app::{
    Error, Pod,
    access::{self, Right},
};
use axum::{Json, extract::State};

/// Jobs of a state: `waiting`, `active`, `completed`, `failed`, or `all`.
#[utoipa::path(get, path = "/api/v1/jobs/{state}", tag = "pod",
    params(("state" = String, Path), ("jobType" = Option<String>, Query), ("start" = Option<i64>, Query), ("count" = Option<i64>, Query)),
    responses((status = 200, body = List<Job>), (status = 401), (status = 403)))]
pub async fn list(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    Name(state): Name,
    params: Params,
) -> Answer<Json<List<Job>>> {
    access::require(&user, Right::SeeJobs)?;
    let paging = params.paging()?;
    let state = match state.as_str() {
        "all" => None,
        "waiting" | "active" | "completed" | "failed" => Some(state.as_str()),
        // PeerTube's other states: jobs of ours are never in them.
        "delayed" | "paused" | "prioritized" | "waiting-children" => {
            return Ok(Json(List {
                total: 0,
                data: Vec::new(),
            }));
        }
        _ => {
            return Err(
                Error::invalid("state", "all, waiting, active, completed or failed").into(),
            );
        }
    };
    let kind = params.text("jobType");
    let (total, found) = db::jobs::list(&pod.db, state, kind, paging.start, paging.count).await?;
    Ok(Json(List {
        total,
        data: found.iter().map(Job::new).collect(),
    }))
}
