//! Jobs, for admins.

use super::time;
use serde::Serialize;

/// A job of the queue.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    pub id: i64,
    #[serde(rename = "type")]
    pub kind: String,
    /// `waiting`, `active`, `completed` or `failed`.
    pub state: String,
    pub priority: i64,
    /// Per cent.
    pub progress: i64,
    pub attempts: i64,
    pub error: Option<JobError>,
    pub data: JobData,
    pub created_at: String,
    pub processed_on: Option<String>,
    pub finished_on: Option<String>,
}

/// Why the last try did not work.
#[derive(Serialize, utoipa::ToSchema)]
pub struct JobError {
    pub message: String,
}

/// What the job is about.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobData {
    pub video_id: Option<i64>,
}

impl Job {
    pub fn new(j: &db::jobs::Job) -> Self {
        Self {
            id: j.id.0,
            kind: j.kind.clone(),
            state: j.state.clone(),
            priority: j.priority,
            progress: j.progress,
            attempts: j.attempts,
            error: j.error.clone().map(|message| JobError { message }),
            data: JobData {
                video_id: j.video_id.map(|id| id.0),
            },
            created_at: time(j.created_at),
            processed_on: j.started_at.map(time),
            finished_on: j.finished_at.map(time),
        }
    }
}
