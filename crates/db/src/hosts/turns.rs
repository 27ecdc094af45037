//! The turn of each host at being told what waits for it: leased by one sender at a time, given back with how it went. One that does not answer
//! is one row with a later time, whatever waits for it.

use super::{HostRow, by_id};
use crate::{Executor, Result, Tx, sql::sql};
use names::HostId;

/// Leases the host whose turn it is until `until`, unless it is blocked.
pub async fn lease(
    mut db: impl Executor,
    owner: &str,
    now: i64,
    until: i64,
) -> Result<Option<HostRow>> {
    let mut sql = sql!(
        "UPDATE hosts SET lease_owner = $1, lease_until = $2 WHERE id = (SELECT c.id FROM hosts c \
         WHERE c.due_at <= $3 AND (c.lease_until IS NULL OR c.lease_until < $4) \
         AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.host = c.host) ORDER BY c.due_at, c.id LIMIT 1"
    )
    .bind(owner)
    .bind(until)
    .bind(now)
    .bind(now);
    sql.push(db.dialect().skip_locked());
    sql.push(") RETURNING id");
    let Some((id,)) = db.opt::<(HostId,)>(sql).await? else {
        return Ok(None);
    };
    by_id(db, id).await
}

/// When the next host is due that nobody tells something just now; nothing when there is none. A lease that runs out is not
/// announced here: whoever waits looks now and then.
pub async fn next_due(mut db: impl Executor) -> Result<Option<i64>> {
    let row: Option<(i64,)> = db
        .opt(sql!(
            "SELECT h.due_at FROM hosts h WHERE h.due_at IS NOT NULL AND h.lease_until IS NULL \
             AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.host = h.host) ORDER BY h.due_at, h.id LIMIT 1"
        ))
        .await?;
    Ok(row.map(|(due,)| due))
}

/// Prolongs a lease; false when it is lost.
pub async fn renew(mut db: impl Executor, id: HostId, owner: &str, until: i64) -> Result<bool> {
    let touched = db
        .run(
            sql!("UPDATE hosts SET lease_until = $3 WHERE id = $1 AND lease_owner = $2")
                .bind(id)
                .bind(owner)
                .bind(until),
        )
        .await?;
    Ok(touched > 0)
}

/// Gives a lease back after success. What came in meanwhile is due at `next`; false when the lease was lost.
pub async fn sent(tx: &mut Tx, id: HostId, owner: &str, now: i64, next: i64) -> Result<bool> {
    // Takes the row first: who puts something into the outbox holds it too, so what is looked for below is there to be seen.
    let touched = { &mut *tx }
        .run(
            sql!(
                "UPDATE hosts SET lease_owner = NULL, lease_until = NULL, failures = 0, failing_since = NULL, last_error = NULL, last_sent_at = $3 \
                 WHERE id = $1 AND lease_owner = $2"
            )
            .bind(id)
            .bind(owner)
            .bind(now),
        )
        .await?;
    if touched == 0 {
        return Ok(false);
    }
    { &mut *tx }
        .run(
            sql!(
                "UPDATE hosts SET due_at = CASE WHEN whole_token IS NOT NULL \
                 OR EXISTS (SELECT 1 FROM outbox o WHERE o.host_id = hosts.id) THEN CAST($2 AS BIGINT) END WHERE id = $1"
            )
            .bind(id)
            .bind(next),
        )
        .await?;
    Ok(true)
}

/// Gives a lease back after a failure, to be tried again at `next`; false when the lease was lost.
pub async fn failed(
    mut db: impl Executor,
    id: HostId,
    owner: &str,
    error: &str,
    (now, next): (i64, i64),
) -> Result<bool> {
    let touched = db
        .run(
            sql!(
                "UPDATE hosts SET lease_owner = NULL, lease_until = NULL, failures = failures + 1, last_error = $3, due_at = $4, \
                 failing_since = coalesce(failing_since, CAST($5 AS BIGINT)) WHERE id = $1 AND lease_owner = $2"
            )
            .bind(id)
            .bind(owner)
            .bind(error)
            .bind(next)
            .bind(now),
        )
        .await?;
    Ok(touched > 0)
}

/// Gives back what a sender that died or stops holds: its hosts are due as before.
pub async fn release(mut db: impl Executor, owner: &str) -> Result<u64> {
    db.run(
        sql!("UPDATE hosts SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = $1")
            .bind(owner),
    )
    .await
}

/// Gives back what a process that died held, when the pod starts. Where others may be alive, leases have to run out.
pub async fn release_at_start(mut db: impl Executor, now: i64) -> Result<u64> {
    match db.dialect() {
        crate::dialect::Dialect::Postgres => {
            db.run(
                sql!("UPDATE hosts SET lease_owner = NULL, lease_until = NULL WHERE lease_until < $1")
                    .bind(now),
            )
            .await
        }
        crate::dialect::Dialect::Sqlite => {
            db.run(sql!(
                "UPDATE hosts SET lease_owner = NULL, lease_until = NULL WHERE lease_owner IS NOT NULL"
            ))
            .await
        }
    }
}

/// Makes a host that waits, or all of them, due at once (*retry now*); how many.
pub async fn retry_now(mut db: impl Executor, id: Option<HostId>, now: i64) -> Result<u64> {
    let mut sql = sql!("UPDATE hosts SET due_at = $1 WHERE due_at > $2")
        .bind(now)
        .bind(now);
    if let Some(id) = id {
        sql.push(" AND id = ").push_value(id);
    }
    db.run(sql).await
}

/// A friendship begins: what went wrong before counts no more, no list of it is coming in, and it is told something at `due`.
pub async fn begin_anew(mut db: impl Executor, id: HostId, due: i64) -> Result<()> {
    db.run(
        sql!(
            "UPDATE hosts SET failures = 0, failing_since = NULL, last_error = NULL, heard_token = NULL, due_at = $2 WHERE id = $1"
        )
        .bind(id)
        .bind(due),
    )
    .await?;
    Ok(())
}

/// Makes friends due that nothing was sent to since `before`: whoever is never spoken to may be gone unnoticed.
pub async fn greet(mut db: impl Executor, before: i64, now: i64) -> Result<u64> {
    db.run(
        sql!(
            "UPDATE hosts SET due_at = $1 WHERE friendship = 'friend' AND due_at IS NULL AND coalesce(last_sent_at, 0) <= $2"
        )
        .bind(now)
        .bind(before),
    )
    .await
}

/// How many friends did not answer when they were last told something, and how many friends there are.
pub async fn silent_friends(mut db: impl Executor) -> Result<(i64, i64)> {
    db.one(sql!(
        "SELECT count(CASE WHEN failures > 0 THEN 1 END), count(*) FROM hosts WHERE friendship = 'friend'"
    ))
    .await
}
