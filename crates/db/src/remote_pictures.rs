//! Which pictures of other pods' videos are on the disk. A row is there before its files are and goes after them, and outlives its video: so
//! whatever ends a video, and whenever the pod dies, there is a row for as long as there may be a file.

use crate::{Executor, Result, sql::sql};
use names::VideoUuid;

/// Notes that the pictures of a remote video are (about to be) kept; false when there is no such video (any more).
pub async fn keep(mut db: impl Executor, video: VideoUuid) -> Result<bool> {
    let kept = db
        .run(
            sql!(
                "INSERT INTO remote_pictures (uuid, video_id) SELECT v.uuid, v.id FROM videos v WHERE v.uuid = $1 AND v.remote = TRUE \
                 ON CONFLICT (uuid) DO UPDATE SET video_id = excluded.video_id"
            )
            .bind(video),
        )
        .await?;
    Ok(kept > 0)
}

/// Pictures whose videos are gone, at most `most`.
pub async fn left(mut db: impl Executor, most: i64) -> Result<Vec<VideoUuid>> {
    let rows: Vec<(VideoUuid,)> = db
        .all(
            sql!("SELECT uuid FROM remote_pictures WHERE video_id IS NULL ORDER BY uuid LIMIT $1")
                .bind(most),
        )
        .await?;
    Ok(rows.into_iter().map(|(uuid,)| uuid).collect())
}

/// The files of a picture are gone, unless its video has come back meanwhile.
pub async fn removed(mut db: impl Executor, video: VideoUuid) -> Result<()> {
    db.run(sql!("DELETE FROM remote_pictures WHERE uuid = $1 AND video_id IS NULL").bind(video))
        .await?;
    Ok(())
}
