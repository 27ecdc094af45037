//! What the pod thinks of its friends, on the rows: every change with its reason, and the end of a friendship at 0.

use super::parting;
use crate::{Pod, Result};
use db::hosts::{self, ScoreChange};
use names::{Friendship, HostId};
use podnet::{
    present::Parting,
    score::{Cause, Event, Score, Witness},
};

/// Notes what a host did. A friend whose score comes to 0 is expelled.
pub(crate) async fn note(pod: &Pod, host: HostId, event: Event, witness: Witness) -> Result<()> {
    let now = pod.now();
    let mut tx = pod.db.begin().await?;
    let row = hosts::lock(&mut tx, host).await?;
    if row.friendship != Friendship::Friend {
        return Ok(());
    }
    let mut score = of(&row, now);
    let before = score;
    let change = score.note(event, witness, now);
    if score == before {
        return Ok(());
    }
    let state = serde_json::to_string(&score).map_err(|why| crate::Error::Internal(why.into()))?;
    hosts::set_score(&mut tx, host, i64::from(score.points()), &state, now).await?;
    let Some(change) = change else {
        tx.commit().await?;
        return Ok(());
    };
    let by = i64::from(change.after) - i64::from(change.before);
    let entry = ScoreChange {
        at: now,
        change: by,
        score: change.after.into(),
        reason: change.reason.clone(),
    };
    hosts::add_score_reason(&mut tx, host, &entry).await?;
    let why = format!("Its score came to 0. The last reason: {}.", change.reason);
    if change.expelled.is_some() {
        // In the same transaction: somebody at 0 who is a friend all the same would never be expelled.
        parting::part_in(pod, &mut tx, &row, Parting::Expelled, &why).await?;
    }
    tx.commit().await?;
    if by < 0 {
        tracing::info!(host = %row.host, score = change.after, reason = change.reason, "a friend lost score");
    }
    if change.expelled.is_some() {
        parting::expelled(pod, &row, &why).await?;
    }
    Ok(())
}

/// The score of a host.
pub(crate) fn of(row: &hosts::HostRow, now: i64) -> Score {
    let kept = row.score_state.as_deref();
    kept.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_else(|| Score::new(now))
}

/// Whether a pod that was expelled may present itself again. Who misbehaved has to be let in by an admin.
pub(crate) fn may_come_back(row: &hosts::HostRow, now: i64) -> bool {
    of(row, now).cause() == Cause::Absence
}

/// The score of a friend that begins anew.
pub(crate) fn fresh(row: &hosts::HostRow, now: i64) -> Score {
    match row.friendship {
        Friendship::Expelled => Score::second_chance(now),
        Friendship::Friend => of(row, now),
        _ => Score::new(now),
    }
}
