//! Durable jobs. A job waits, is leased by a worker for a while (and again when the worker
//! died), and ends completed, failed or cancelled.

use crate::{
    Executor, Result, Sql,
    column::row,
    dialect::Dialect,
    sql::{select, sql},
};
use names::{JobId, VideoId};

row! {
    /// A job.
    pub struct Job {
        id: JobId = "j.id",
        kind: String = "j.kind",
        payload: String = "j.payload",
        video_id: Option<VideoId> = "j.video_id",
        state: String = "j.state",
        /// Smaller is more urgent.
        priority: i64 = "j.priority",
        run_at: i64 = "j.run_at",
        attempts: i64 = "j.attempts",
        /// Per cent.
        progress: i64 = "j.progress",
        error: Option<String> = "j.error",
        lease_owner: Option<String> = "j.lease_owner",
        created_at: i64 = "j.created_at",
        started_at: Option<i64> = "j.started_at",
        finished_at: Option<i64> = "j.finished_at",
    }
}

/// A job to be enqueued.
pub struct NewJob<'a> {
    pub kind: &'a str,
    pub payload: &'a str,
    pub video_id: Option<VideoId>,
    pub priority: i64,
    pub run_at: i64,
    pub now: i64,
}

/// Enqueues a job.
pub async fn insert(mut db: impl Executor, job: NewJob<'_>) -> Result<JobId> {
    let (id,) = db
        .one(
            sql!(
                "INSERT INTO jobs (kind, payload, video_id, state, priority, run_at, created_at) \
                 VALUES ($1, $2, $3, 'waiting', $4, $5, $6) RETURNING id"
            )
            .bind(job.kind)
            .bind(job.payload)
            .bind(job.video_id)
            .bind(job.priority)
            .bind(job.run_at)
            .bind(job.now),
        )
        .await?;
    Ok(id)
}

/// Leases the most urgent job that is due, until `until`.
pub async fn lease(
    mut db: impl Executor,
    owner: &str,
    now: i64,
    until: i64,
) -> Result<Option<Job>> {
    let mut sql = sql!(
        "UPDATE jobs SET state = 'active', lease_owner = $1, lease_until = $2, started_at = $3, \
         attempts = attempts + 1 WHERE id = (SELECT id FROM jobs WHERE state = 'waiting' AND run_at <= $4 \
         ORDER BY priority, run_at, id LIMIT 1"
    )
    .bind(owner)
    .bind(until)
    .bind(now)
    .bind(now);
    sql.push(db.dialect().skip_locked());
    sql.push(
        ") RETURNING id, kind, payload, video_id, state, priority, run_at, attempts, progress, error, \
         lease_owner, created_at, started_at, finished_at",
    );
    db.opt(sql).await
}

/// Gives jobs whose lease ran out (their worker died) back to the others.
pub async fn reclaim(mut db: impl Executor, now: i64) -> Result<u64> {
    db.run(
        sql!(
            "UPDATE jobs SET state = 'waiting', lease_owner = NULL, lease_until = NULL \
             WHERE state = 'active' AND lease_until < $1"
        )
        .bind(now),
    )
    .await
}

/// Gives back what a process that died held, when the pod starts. SQLite has one process, so every
/// lease there is of the last one; on PostgreSQL others may be alive, and leases have to run out.
pub async fn reclaim_at_start(mut db: impl Executor, now: i64) -> Result<u64> {
    match db.dialect() {
        Dialect::Postgres => reclaim(db, now).await,
        Dialect::Sqlite => {
            db.run(sql!(
                "UPDATE jobs SET state = 'waiting', lease_owner = NULL, lease_until = NULL WHERE state = 'active'"
            ))
            .await
        }
    }
}

/// Prolongs a lease and notes progress; false when the lease is lost.
pub async fn renew(
    mut db: impl Executor,
    id: JobId,
    owner: &str,
    until: i64,
    progress: i64,
) -> Result<bool> {
    let touched = db
        .run(
            sql!(
                "UPDATE jobs SET lease_until = $3, progress = $4 \
                 WHERE id = $1 AND lease_owner = $2 AND state = 'active'"
            )
            .bind(id)
            .bind(owner)
            .bind(until)
            .bind(progress),
        )
        .await?;
    Ok(touched > 0)
}

/// Ends a job in the transaction that writes its effects; false when the lease is lost, and then the
/// transaction must not be committed.
pub async fn complete(mut db: impl Executor, id: JobId, owner: &str, now: i64) -> Result<bool> {
    let touched = db
        .run(
            sql!(
                "UPDATE jobs SET state = 'completed', progress = 100, error = NULL, lease_owner = NULL, \
                 lease_until = NULL, finished_at = $3 WHERE id = $1 AND lease_owner = $2 AND state = 'active'"
            )
            .bind(id)
            .bind(owner)
            .bind(now),
        )
        .await?;
    Ok(touched > 0)
}

/// Ends a job for good with the reason it failed for; false when the lease is lost.
pub async fn fail(
    mut db: impl Executor,
    id: JobId,
    owner: &str,
    error: &str,
    now: i64,
) -> Result<bool> {
    let touched = db
        .run(
            sql!(
                "UPDATE jobs SET state = 'failed', error = $3, lease_owner = NULL, lease_until = NULL, \
                 finished_at = $4 WHERE id = $1 AND lease_owner = $2 AND state = 'active'"
            )
            .bind(id)
            .bind(owner)
            .bind(error)
            .bind(now),
        )
        .await?;
    Ok(touched > 0)
}

/// Puts a leased job back, to be run at `run_at`. With `counted` false this try does not count.
pub async fn give_back(
    mut db: impl Executor,
    id: JobId,
    owner: &str,
    run_at: i64,
    error: Option<&str>,
    counted: bool,
) -> Result<()> {
    db.run(
        sql!(
            "UPDATE jobs SET state = 'waiting', lease_owner = NULL, lease_until = NULL, progress = 0, \
             run_at = $3, error = coalesce($4, error), attempts = attempts - $5 WHERE id = $1 AND lease_owner = $2"
        )
        .bind(id)
        .bind(owner)
        .bind(run_at)
        .bind(error)
        .bind(i64::from(!counted)),
    )
    .await?;
    Ok(())
}

/// The jobs of some videos that are not done, and those that failed, in the order they were made.
pub async fn of_videos(mut db: impl Executor, videos: &[VideoId]) -> Result<Vec<Job>> {
    let mut sql = select!(Job, "FROM jobs j WHERE j.video_id IN ");
    sql.push_list(videos.iter().copied());
    sql.push(" ORDER BY j.id");
    db.all(sql).await
}

/// How many of a video's jobs are still to be done, besides `except`.
pub async fn open_of(mut db: impl Executor, video: VideoId, except: JobId) -> Result<i64> {
    let (count,) = db
        .one(
            sql!(
                "SELECT count(*) FROM jobs WHERE video_id = $1 AND id <> $2 AND state IN ('waiting', 'active')"
            )
            .bind(video)
            .bind(except),
        )
        .await?;
    Ok(count)
}

/// One page of the admin's list: `state` is `waiting`, `active`, `completed`, `failed` or nothing for all.
pub async fn list(
    mut db: impl Executor,
    state: Option<&str>,
    kind: Option<&str>,
    start: i64,
    count: i64,
) -> Result<(i64, Vec<Job>)> {
    let filters = |sql: &mut Sql| {
        sql.push(" WHERE TRUE");
        if let Some(state) = state {
            sql.push(" AND j.state = ").push_value(state);
        }
        if let Some(kind) = kind {
            sql.push(" AND j.kind = ").push_value(kind);
        }
    };
    let mut total = sql!("SELECT count(*) FROM jobs j");
    filters(&mut total);
    let (total,) = db.one(total).await?;
    let mut sql = select!(Job, "FROM jobs j");
    filters(&mut sql);
    sql.push(" ORDER BY j.created_at DESC, j.id DESC LIMIT ")
        .push_value(count);
    sql.push(" OFFSET ").push_value(start);
    Ok((total, db.all(sql).await?))
}

/// How many jobs are in each state.
pub async fn counts(mut db: impl Executor) -> Result<Vec<(String, i64)>> {
    db.all(sql!("SELECT state, count(*) FROM jobs GROUP BY state"))
        .await
}

/// Makes waiting jobs due now (an admin made room and does not want to wait).
pub async fn hurry(mut db: impl Executor, now: i64) -> Result<u64> {
    db.run(
        sql!("UPDATE jobs SET run_at = $1 WHERE state = 'waiting' AND run_at > $2")
            .bind(now)
            .bind(now),
    )
    .await
}

/// Forgets jobs that ended before `before`.
pub async fn sweep(mut db: impl Executor, before: i64) -> Result<u64> {
    db.run(
        sql!("DELETE FROM jobs WHERE state IN ('completed', 'failed') AND finished_at < $1")
            .bind(before),
    )
    .await
}
