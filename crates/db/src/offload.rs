//! What left the pod for viewers and what they carried for each other: one row an hour for a month, then one a day, of each video
//! and of the whole pod. The pod's rows are no sums over the videos', because they outlast those, and because the most viewers of
//! two videos need not have been there at the same time.

use crate::{
    Executor, Result, Tx,
    column::row,
    sql::{select, sql},
};
use names::VideoId;

/// Milliseconds.
const DAY: i64 = 86_400_000;

row! {
    /// An hour or a day.
    #[derive(Copy, PartialEq, Eq)]
    pub struct Offload {
        /// When it began, in milliseconds since 1970.
        start_at: i64 = "start_at",
        /// 1 or 24.
        hours: i64 = "hours",
        /// Bytes that left the pod.
        from_pod: i64 = "from_pod",
        /// Bytes that viewers got from each other.
        from_viewers: i64 = "from_viewers",
        /// The most viewers at a time.
        viewers: i64 = "viewers",
    }
}

/// Adds to an hour of a video; nothing when the video is gone.
pub async fn add_to_video(mut db: impl Executor, video: VideoId, more: &Offload) -> Result<()> {
    db.run(
        sql!(
            "INSERT INTO video_offload (video_id, start_at, hours, from_pod, from_viewers, viewers) \
             SELECT id, CAST($2 AS BIGINT), 1, CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT) FROM videos WHERE id = $1 \
             ON CONFLICT (video_id, start_at, hours) DO UPDATE SET from_pod = video_offload.from_pod + excluded.from_pod, \
             from_viewers = video_offload.from_viewers + excluded.from_viewers, \
             viewers = CASE WHEN excluded.viewers > video_offload.viewers THEN excluded.viewers ELSE video_offload.viewers END"
        )
        .bind(video)
        .bind(more.start_at)
        .bind(more.from_pod)
        .bind(more.from_viewers)
        .bind(more.viewers),
    )
    .await?;
    Ok(())
}

/// Adds to an hour of the pod.
pub async fn add_to_pod(mut db: impl Executor, more: &Offload) -> Result<()> {
    db.run(
        sql!(
            "INSERT INTO pod_offload (start_at, hours, from_pod, from_viewers, viewers) VALUES ($1, 1, $2, $3, $4) \
             ON CONFLICT (start_at, hours) DO UPDATE SET from_pod = pod_offload.from_pod + excluded.from_pod, \
             from_viewers = pod_offload.from_viewers + excluded.from_viewers, \
             viewers = CASE WHEN excluded.viewers > pod_offload.viewers THEN excluded.viewers ELSE pod_offload.viewers END"
        )
        .bind(more.start_at)
        .bind(more.from_pod)
        .bind(more.from_viewers)
        .bind(more.viewers),
    )
    .await?;
    Ok(())
}

/// What began from `from` on and before `to`, oldest first.
pub async fn of_video(
    mut db: impl Executor,
    video: VideoId,
    from: i64,
    to: i64,
) -> Result<Vec<Offload>> {
    db.all(
        select!(
            Offload,
            "FROM video_offload WHERE video_id = $1 AND start_at >= $2 AND start_at < $3 ORDER BY start_at, hours"
        )
        .bind(video)
        .bind(from)
        .bind(to),
    )
    .await
}

/// The same of the pod.
pub async fn of_pod(mut db: impl Executor, from: i64, to: i64) -> Result<Vec<Offload>> {
    db.all(
        select!(
            Offload,
            "FROM pod_offload WHERE start_at >= $1 AND start_at < $2 ORDER BY start_at, hours"
        )
        .bind(from)
        .bind(to),
    )
    .await
}

/// The videos that these infohashes (in hexadecimal digits) are of; those that are not hosted are left out.
pub async fn videos_of(
    mut db: impl Executor,
    infohashes: &[String],
) -> Result<Vec<(String, VideoId)>> {
    let mut sql = sql!("SELECT infohash, video_id FROM renditions WHERE infohash IN ");
    sql.push_list(infohashes.iter().map(String::as_str));
    db.all(sql).await
}

/// Makes days of the hours before `days_before` (of whole days) and removes the days before `gone_before`.
pub async fn tidy(tx: &mut Tx, days_before: i64, gone_before: i64) -> Result<()> {
    let days_before = days_before - days_before.rem_euclid(DAY);
    let into_days = [
        sql!(
            "INSERT INTO video_offload (video_id, start_at, hours, from_pod, from_viewers, viewers) \
             SELECT video_id, start_at / 86400000 * 86400000, 24, CAST(SUM(from_pod) AS BIGINT), CAST(SUM(from_viewers) AS BIGINT), MAX(viewers) \
             FROM video_offload WHERE hours = 1 AND start_at < $1 GROUP BY video_id, start_at / 86400000 \
             ON CONFLICT (video_id, start_at, hours) DO UPDATE SET from_pod = video_offload.from_pod + excluded.from_pod, \
             from_viewers = video_offload.from_viewers + excluded.from_viewers, \
             viewers = CASE WHEN excluded.viewers > video_offload.viewers THEN excluded.viewers ELSE video_offload.viewers END"
        ),
        sql!("DELETE FROM video_offload WHERE hours = 1 AND start_at < $1"),
        sql!(
            "INSERT INTO pod_offload (start_at, hours, from_pod, from_viewers, viewers) \
             SELECT start_at / 86400000 * 86400000, 24, CAST(SUM(from_pod) AS BIGINT), CAST(SUM(from_viewers) AS BIGINT), MAX(viewers) \
             FROM pod_offload WHERE hours = 1 AND start_at < $1 GROUP BY start_at / 86400000 \
             ON CONFLICT (start_at, hours) DO UPDATE SET from_pod = pod_offload.from_pod + excluded.from_pod, \
             from_viewers = pod_offload.from_viewers + excluded.from_viewers, \
             viewers = CASE WHEN excluded.viewers > pod_offload.viewers THEN excluded.viewers ELSE pod_offload.viewers END"
        ),
        sql!("DELETE FROM pod_offload WHERE hours = 1 AND start_at < $1"),
    ];
    for statement in into_days {
        { &mut *tx }.run(statement.bind(days_before)).await?;
    }
    for statement in [
        sql!("DELETE FROM video_offload WHERE hours = 24 AND start_at < $1"),
        sql!("DELETE FROM pod_offload WHERE hours = 24 AND start_at < $1"),
    ] {
        { &mut *tx }.run(statement.bind(gone_before)).await?;
    }
    Ok(())
}
