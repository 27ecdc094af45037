//! Likes and dislikes: one opinion of an actor about a video. The sums beside the video are changed with it, so that they are right
//! without counting.

use crate::{Executor, Result, Tx, sql::sql};
use names::{ActorId, ObjectUri, Opinion, VideoId, VideoUuid};

/// Notes what an actor thinks of a video. What they thought before, if that was something else.
pub async fn set(
    tx: &mut Tx,
    video: VideoId,
    actor: ActorId,
    opinion: Opinion,
    now: i64,
) -> Result<Option<Opinion>> {
    // Whoever rates a video takes turns with the others, or the sums would drift.
    let mut hold = sql!("SELECT id FROM videos WHERE id = $1").bind(video);
    hold.push(tx.dialect().for_update());
    let held: Option<(VideoId,)> = { &mut *tx }.opt(hold).await?;
    let before = of(&mut *tx, video, actor).await?;
    if held.is_none() || before == opinion {
        return Ok(None);
    }
    let change = if opinion == Opinion::None {
        sql!("DELETE FROM ratings WHERE video_id = $1 AND actor_id = $2")
            .bind(video)
            .bind(actor)
    } else {
        sql!(
            "INSERT INTO ratings (video_id, actor_id, opinion, updated_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (video_id, actor_id) DO UPDATE SET opinion = excluded.opinion, updated_at = excluded.updated_at, uri = NULL"
        )
        .bind(video)
        .bind(actor)
        .bind(opinion)
        .bind(now)
    };
    { &mut *tx }.run(change).await?;
    let difference = |what| i64::from(opinion == what) - i64::from(before == what);
    { tx }
        .run(
            sql!(
                "UPDATE videos SET likes = CASE WHEN likes + $2 < 0 THEN 0 ELSE likes + $2 END, \
                 dislikes = CASE WHEN dislikes + $3 < 0 THEN 0 ELSE dislikes + $3 END WHERE id = $1"
            )
            .bind(video)
            .bind(difference(Opinion::Like))
            .bind(difference(Opinion::Dislike)),
        )
        .await?;
    Ok(Some(before))
}

/// What an actor thinks of a video.
pub async fn of(mut db: impl Executor, video: VideoId, actor: ActorId) -> Result<Opinion> {
    let row: Option<(Opinion,)> = db
        .opt(
            sql!("SELECT opinion FROM ratings WHERE video_id = $1 AND actor_id = $2")
                .bind(video)
                .bind(actor),
        )
        .await?;
    Ok(row.map_or(Opinion::None, |(opinion,)| opinion))
}

/// Takes back at most `most` opinions of an actor; of which videos.
pub async fn take_back(tx: &mut Tx, actor: ActorId, most: i64, now: i64) -> Result<Vec<VideoId>> {
    let rows: Vec<(VideoId,)> = { &mut *tx }
        .all(
            sql!("SELECT video_id FROM ratings WHERE actor_id = $1 ORDER BY video_id LIMIT $2")
                .bind(actor)
                .bind(most),
        )
        .await?;
    for (video,) in &rows {
        set(&mut *tx, *video, actor, Opinion::None, now).await?;
    }
    Ok(rows.into_iter().map(|(video,)| video).collect())
}

/// Notes by which activity an actor of another pod has said what it thinks.
pub async fn set_uri(
    mut db: impl Executor,
    video: VideoId,
    actor: ActorId,
    uri: &ObjectUri,
) -> Result<()> {
    db.run(
        sql!("UPDATE ratings SET uri = $3 WHERE video_id = $1 AND actor_id = $2")
            .bind(video)
            .bind(actor)
            .bind(uri),
    )
    .await?;
    Ok(())
}

/// The video and the opinion that an activity of an actor was about, if that is still what it thinks.
pub async fn by_uri(
    mut db: impl Executor,
    actor: ActorId,
    uri: &ObjectUri,
) -> Result<Option<(VideoUuid, Opinion)>> {
    db.opt(
        sql!(
            "SELECT v.uuid, r.opinion FROM ratings r JOIN videos v ON v.id = r.video_id WHERE r.uri = $1 AND r.actor_id = $2"
        )
        .bind(uri)
        .bind(actor),
    )
    .await
}
