//! How far hosts are with each other: the numbers of the last groups that went there and came from there, our whole list on its way, theirs
//! coming in, and the removal of what is theirs when a friendship has ended.

use super::HostRow;
use crate::{
    Executor, Result, Tx,
    sql::{select, sql},
};
use names::{HostId, VideoId};

/// Notes the number of the group that goes there now.
pub async fn set_sent_group(mut db: impl Executor, id: HostId, group: i64) -> Result<()> {
    db.run(
        sql!("UPDATE hosts SET sent_group = $2 WHERE id = $1")
            .bind(id)
            .bind(group),
    )
    .await?;
    Ok(())
}

/// Notes the number of the group that came from there.
pub async fn set_heard_group(mut db: impl Executor, id: HostId, group: i64) -> Result<()> {
    db.run(
        sql!("UPDATE hosts SET heard_group = $2 WHERE id = $1")
            .bind(id)
            .bind(group),
    )
    .await?;
    Ok(())
}

/// Sends no whole list any more, whichever was on its way.
pub async fn stop_whole(mut db: impl Executor, id: HostId) -> Result<()> {
    db.run(sql!("UPDATE hosts SET whole_token = NULL, whole_after = 0 WHERE id = $1").bind(id))
        .await?;
    Ok(())
}

/// Begins to send a host our whole list. What waits for it may be in that list, so opposites no longer cancel in silence.
pub async fn begin_whole(tx: &mut Tx, id: HostId, token: &str, due: i64) -> Result<()> {
    { &mut *tx }
        .run(
            sql!(
                "UPDATE hosts SET whole_token = $2, whole_after = 0, due_at = coalesce(due_at, $3) WHERE id = $1"
            )
            .bind(id)
            .bind(token)
            .bind(due),
        )
        .await?;
    { tx }
        .run(sql!("UPDATE outbox SET told = TRUE WHERE host_id = $1").bind(id))
        .await?;
    Ok(())
}

/// Notes how far the whole list has come; false when another one was begun meanwhile.
pub async fn advance_whole(
    mut db: impl Executor,
    id: HostId,
    token: &str,
    after: VideoId,
) -> Result<bool> {
    let touched = db
        .run(
            sql!("UPDATE hosts SET whole_after = $3 WHERE id = $1 AND whole_token = $2")
                .bind(id)
                .bind(token)
                .bind(after),
        )
        .await?;
    Ok(touched > 0)
}

/// Ends the whole list.
pub async fn end_whole(mut db: impl Executor, id: HostId, token: &str) -> Result<()> {
    db.run(
        sql!("UPDATE hosts SET whole_token = NULL, whole_after = 0 WHERE id = $1 AND whole_token = $2")
            .bind(id)
            .bind(token),
    )
    .await?;
    Ok(())
}

/// What is written where the token of a whole list is while the videos of a host whose friendship has ended are being removed. It
/// is no token.
const LEAVING: &str = "leaving!";

/// Notes that all videos of a host have to go, so that a restart goes on with it.
pub async fn set_leaving(db: impl Executor, id: HostId) -> Result<()> {
    set_heard_token(db, id, Some(LEAVING)).await
}

/// They are gone, unless the host has become a friend again meanwhile.
pub async fn has_left(mut db: impl Executor, id: HostId) -> Result<()> {
    db.run(
        sql!("UPDATE hosts SET heard_token = NULL WHERE id = $1 AND heard_token = $2")
            .bind(id)
            .bind(LEAVING),
    )
    .await?;
    Ok(())
}

/// Hosts whose videos have to go, at most `most`.
pub async fn leaving(mut db: impl Executor, most: i64) -> Result<Vec<HostRow>> {
    db.all(
        select!(
            HostRow,
            "FROM hosts h WHERE h.heard_token = $1 AND h.friendship <> 'friend' ORDER BY h.id LIMIT $2"
        )
        .bind(LEAVING)
        .bind(most),
    )
    .await
}

/// Notes which whole list of a host is coming in, or that none is any more.
pub async fn set_heard_token(mut db: impl Executor, id: HostId, token: Option<&str>) -> Result<()> {
    db.run(
        sql!("UPDATE hosts SET heard_token = $2 WHERE id = $1")
            .bind(id)
            .bind(token),
    )
    .await?;
    Ok(())
}
