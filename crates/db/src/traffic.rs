//! Where the bytes of a video came from, day by day, as viewers' pages report it; and where
//! signed-in viewers stopped.

use crate::{
    Executor, Result,
    column::row,
    sql::{select, sql},
};
use names::{UserId, VideoId};

row! {
    /// One day of one video, in bytes.
    pub struct Traffic {
        day: i64 = "day",
        from_pod: i64 = "from_pod",
        from_peers: i64 = "from_peers",
        to_peers: i64 = "to_peers",
    }
}

/// Adds a report to the day's sums. `day` counts days since 1970.
pub async fn add(mut db: impl Executor, video: VideoId, report: &Traffic) -> Result<()> {
    db.run(
        sql!(
            "INSERT INTO video_traffic (video_id, day, from_pod, from_peers, to_peers) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (video_id, day) DO UPDATE SET from_pod = video_traffic.from_pod + excluded.from_pod, \
             from_peers = video_traffic.from_peers + excluded.from_peers, to_peers = video_traffic.to_peers + excluded.to_peers"
        )
        .bind(video)
        .bind(report.day)
        .bind(report.from_pod)
        .bind(report.from_peers)
        .bind(report.to_peers),
    )
    .await?;
    Ok(())
}

/// The last days of a video, newest first.
pub async fn of_video(mut db: impl Executor, video: VideoId, days: i64) -> Result<Vec<Traffic>> {
    db.all(
        select!(
            Traffic,
            "FROM video_traffic WHERE video_id = $1 ORDER BY day DESC LIMIT $2"
        )
        .bind(video)
        .bind(days),
    )
    .await
}

/// Notes where a viewer stopped.
pub async fn stopped_at(
    mut db: impl Executor,
    user: UserId,
    video: VideoId,
    seconds: i64,
    now: i64,
) -> Result<()> {
    db.run(
        sql!(
            "INSERT INTO watch_history (user_id, video_id, seconds, updated_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (user_id, video_id) DO UPDATE SET seconds = excluded.seconds, updated_at = excluded.updated_at"
        )
        .bind(user)
        .bind(video)
        .bind(seconds)
        .bind(now),
    )
    .await?;
    Ok(())
}

/// Where a viewer stopped, in seconds.
pub async fn stop_of(mut db: impl Executor, user: UserId, video: VideoId) -> Result<Option<i64>> {
    let row: Option<(i64,)> = db
        .opt(
            sql!("SELECT seconds FROM watch_history WHERE user_id = $1 AND video_id = $2")
                .bind(user)
                .bind(video),
        )
        .await?;
    Ok(row.map(|(seconds,)| seconds))
}
