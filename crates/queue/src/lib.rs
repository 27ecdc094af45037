//! Durable jobs: enqueued in the transaction that makes them needed, leased, run, repeated with
//! growing pauses, and given back when the pod stops. The rows are the queue; this crate is the
//! loop around them. It knows nothing of what the jobs do.

mod outcome;
mod worker;

pub use outcome::{Outcome, pause};
pub use worker::{Context, Handler, Queue, Settings};

use db::{Executor, jobs::NewJob};
use names::{JobId, VideoId};

/// How urgent a job is; the number is the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// A person is waiting for it.
    Now = 10,
    Soon = 20,
    Later = 30,
    /// Housekeeping.
    Idle = 40,
}

/// Enqueues a job in the transaction that makes it needed. Call [`Queue::wake`] after the commit.
pub async fn enqueue<P: serde::Serialize>(
    db: impl Executor,
    kind: &str,
    payload: &P,
    video: Option<VideoId>,
    priority: Priority,
    now: i64,
) -> db::Result<JobId> {
    let payload = serde_json::to_string(payload).unwrap_or_else(|_| "null".to_owned());
    let job = NewJob {
        kind,
        payload: &payload,
        video_id: video,
        priority: priority as i64,
        run_at: now,
        now,
    };
    db::jobs::insert(db, job).await
}
