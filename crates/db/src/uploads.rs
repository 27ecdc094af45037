//! Uploads under way.

use crate::{
    Executor, Result,
    column::row,
    sql::{select, sql},
};
use names::{UserId, VideoId};

row! {
    /// An upload that is being received.
    pub struct Upload {
        id: String = "id",
        user_id: UserId = "user_id",
        /// What the video shall be, as JSON.
        draft: String = "draft",
        /// Bytes promised.
        size: i64 = "size",
        /// The video it became.
        video_id: Option<VideoId> = "video_id",
        created_at: i64 = "created_at",
        updated_at: i64 = "updated_at",
    }
}

/// Begins an upload.
pub async fn insert(mut db: impl Executor, upload: &Upload) -> Result<()> {
    db.run(
        sql!("INSERT INTO uploads (id, user_id, draft, size, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(&upload.id)
            .bind(upload.user_id)
            .bind(&upload.draft)
            .bind(upload.size)
            .bind(upload.created_at)
            .bind(upload.updated_at),
    )
    .await?;
    Ok(())
}

/// The upload of an id.
pub async fn by_id(mut db: impl Executor, id: &str) -> Result<Option<Upload>> {
    db.opt(select!(Upload, "FROM uploads WHERE id = $1").bind(id))
        .await
}

/// How many uploads a user has under way.
pub async fn count_of(mut db: impl Executor, user: UserId) -> Result<i64> {
    let (count,) = db
        .one(
            sql!("SELECT count(*) FROM uploads WHERE user_id = $1 AND video_id IS NULL").bind(user),
        )
        .await?;
    Ok(count)
}

/// Notes that bytes arrived, so that the upload is not swept.
pub async fn touch(mut db: impl Executor, id: &str, now: i64) -> Result<()> {
    db.run(
        sql!("UPDATE uploads SET updated_at = $2 WHERE id = $1")
            .bind(id)
            .bind(now),
    )
    .await?;
    Ok(())
}

/// Notes which video an upload became. The row stays for a day, so that a client whose answer was lost
/// and who asks again is told.
pub async fn finished(mut db: impl Executor, id: &str, video: VideoId) -> Result<()> {
    db.run(
        sql!("UPDATE uploads SET video_id = $2 WHERE id = $1")
            .bind(id)
            .bind(video),
    )
    .await?;
    Ok(())
}

/// Ends an upload.
pub async fn delete(mut db: impl Executor, id: &str) -> Result<()> {
    db.run(sql!("DELETE FROM uploads WHERE id = $1").bind(id))
        .await?;
    Ok(())
}

/// Uploads that nothing arrived for since `before`.
pub async fn stale(mut db: impl Executor, before: i64) -> Result<Vec<Upload>> {
    db.all(
        select!(
            Upload,
            "FROM uploads WHERE updated_at < $1 ORDER BY id LIMIT 100"
        )
        .bind(before),
    )
    .await
}

/// The upload a video came from, while its row lasts.
pub async fn of_video(mut db: impl Executor, video: VideoId) -> Result<Option<String>> {
    let row: Option<(String,)> = db
        .opt(sql!("SELECT id FROM uploads WHERE video_id = $1 LIMIT 1").bind(video))
        .await?;
    Ok(row.map(|(id,)| id))
}
