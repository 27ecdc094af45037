//! What the pod thinks of each host, and why, in words.

use crate::{
    Executor, Result, Tx,
    column::row,
    sql::{select, sql},
};
use names::HostId;

row! {
    /// Why a score changed.
    pub struct ScoreChange {
        at: i64 = "at",
        change: i64 = "change",
        /// What it became.
        score: i64 = "score",
        reason: String = "reason",
    }
}

/// So many reasons are kept of each host.
const REASONS: i64 = 200;

/// Sets a host's score and what it is made of.
pub async fn set_score(
    mut db: impl Executor,
    id: HostId,
    score: i64,
    state: &str,
    now: i64,
) -> Result<()> {
    db.run(
        sql!("UPDATE hosts SET score = $2, score_state = $3, score_at = $4 WHERE id = $1")
            .bind(id)
            .bind(score)
            .bind(state)
            .bind(now),
    )
    .await?;
    Ok(())
}

/// Writes down why a host's score has changed.
pub async fn add_score_reason(tx: &mut Tx, id: HostId, change: &ScoreChange) -> Result<()> {
    { &mut *tx }
        .run(
            sql!("INSERT INTO host_scores (host_id, at, change, score, reason) VALUES ($1, $2, $3, $4, $5)")
                .bind(id)
                .bind(change.at)
                .bind(change.change)
                .bind(change.score)
                .bind(&change.reason),
        )
        .await?;
    { &mut *tx }
        .run(
            sql!(
                "DELETE FROM host_scores WHERE host_id = $1 AND id <= \
                 (SELECT id FROM host_scores WHERE host_id = $2 ORDER BY id DESC LIMIT 1 OFFSET $3)"
            )
            .bind(id)
            .bind(id)
            .bind(REASONS),
        )
        .await?;
    Ok(())
}

/// Why a host's score is what it is, newest first.
pub async fn scores(mut db: impl Executor, id: HostId, count: i64) -> Result<Vec<ScoreChange>> {
    db.all(
        select!(
            ScoreChange,
            "FROM host_scores WHERE host_id = $1 ORDER BY id DESC LIMIT $2"
        )
        .bind(id)
        .bind(count),
    )
    .await
}
