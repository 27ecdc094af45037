//! What each host is still to be told: one row per host and subject, in the order in which subjects came up. Opposites cancel while
//! they wait. What is on its way is left as it is until it is acknowledged, because nobody knows whether it arrived.
//!
//! Whoever puts something in holds the hosts' rows first, in the order of their ids: so two of them wait for each other instead of
//! deadlocking, and a sender that ends (`hosts::sent`) never overlooks what was just put in.

use crate::{
    Executor, Result, Sql, Tx,
    column::row,
    sql::{select, sql},
};
use names::{ActorId, HostId, OutboxId};

/// What a host is to be told.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// What it is about, like `video:UUID`: of what is about the same only the sum is told.
    pub subject: &'a str,
    /// `create`, `update` and `delete` are summed up with what waits, and `undo` takes back what was not told yet (the rules of
    /// `podnet::outbox`); any other word takes the place of what waits.
    pub verb: &'a str,
    /// Nothing when it is written from the other tables at the time of sending.
    pub body: Option<&'a str>,
    pub now: i64,
    /// When hosts shall be told at the latest, those that failed to answer apart: these are left alone until their pause is over.
    pub due: i64,
}

/// Whom.
#[derive(Debug, Clone, Copy)]
pub enum Audience<'a> {
    /// One host, whatever it is to ours.
    Host(HostId),
    /// Friends, and every host with followers of one of these actors.
    Network(&'a [ActorId]),
}

impl Audience<'_> {
    fn filter(self, sql: &mut Sql) {
        let actors = match self {
            Self::Host(id) => {
                sql.push(" WHERE h.id = ").push_value(id);
                return;
            }
            Self::Network(actors) => actors,
        };
        sql.push(
            " WHERE h.friendship <> 'expelled' AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.host = h.host) \
             AND (h.friendship = 'friend' OR h.host IN (SELECT x.host FROM follows f JOIN actors x ON x.id = f.follower_id \
             WHERE f.state = 'accepted' AND f.target_id IN ",
        )
        .push_list(actors.iter().copied())
        .push("))");
    }
}

/// Puts a message into the outbox of each host of an audience. The hosts never leave the database, so it costs the same memory for one
/// and for ten thousand. How many hosts they are.
pub async fn enqueue(tx: &mut Tx, audience: Audience<'_>, message: Message<'_>) -> Result<u64> {
    let mut hold = sql!(
        "UPDATE hosts SET due_at = CASE WHEN failures = 0 AND due_at > $1 THEN $1 ELSE coalesce(due_at, $1) END \
         WHERE id IN (SELECT h.id FROM hosts h"
    )
    .bind(message.due);
    audience.filter(&mut hold);
    hold.push(" ORDER BY h.id")
        .push(tx.dialect().for_update())
        .push(")");
    let hosts = { &mut *tx }.run(hold).await?;
    let mut put = sql!(
        "INSERT INTO outbox (host_id, subject, verb, body, created_at, told) \
         SELECT h.id, CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT), \
         h.whole_token IS NOT NULL OR EXISTS (SELECT 1 FROM outbox g WHERE g.host_id = h.id AND g.subject = CAST($1 AS TEXT) \
         AND g.group_id IS NOT NULL) FROM hosts h"
    )
    .bind(message.subject)
    .bind(message.verb)
    .bind(message.body)
    .bind(message.now);
    audience.filter(&mut put);
    put.push(
        " ON CONFLICT (host_id, subject) WHERE group_id IS NULL DO UPDATE SET body = excluded.body, \
         told = outbox.told OR excluded.told, verb = CASE \
         WHEN outbox.told OR excluded.told THEN \
         CASE WHEN outbox.verb IN ('create', 'delete') AND excluded.verb = 'update' THEN 'create' ELSE excluded.verb END \
         WHEN outbox.verb = 'create' AND excluded.verb = 'update' THEN 'create' \
         WHEN outbox.verb = 'create' AND excluded.verb = 'delete' THEN 'nothing' \
         WHEN outbox.verb = 'delete' AND excluded.verb = 'create' THEN 'update' \
         WHEN outbox.verb IN ('announce', 'like', 'dislike', 'follow') AND excluded.verb = 'undo' THEN 'nothing' \
         ELSE excluded.verb END",
    );
    { &mut *tx }.run(put).await?;
    { &mut *tx }
        .run(
            sql!("DELETE FROM outbox WHERE subject = $1 AND verb = 'nothing'")
                .bind(message.subject),
        )
        .await?;
    Ok(hosts)
}

row! {
    /// Something that a host is still to be told.
    pub struct OutboxRow {
        id: OutboxId = "o.id",
        host_id: HostId = "o.host_id",
        subject: String = "o.subject",
        verb: String = "o.verb",
        body: Option<String> = "o.body",
        /// The host may know of the subject already, from a whole list or from a message on its way.
        told: bool = "o.told",
        group_id: Option<String> = "o.group_id",
        created_at: i64 = "o.created_at",
    }
}

/// What is sent to a host at once.
#[derive(Debug, Clone)]
pub struct Group {
    pub id: String,
    pub rows: Vec<OutboxRow>,
    pub sent_before: SentBefore,
}

/// Whether a group may have arrived already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentBefore {
    No,
    /// It was sent and never acknowledged; it is sent again as it was.
    Perhaps,
}

/// Takes the oldest messages for a host, at most `most`, as the group `id`. A group that was never acknowledged comes again
/// first. Nothing when nothing waits.
pub async fn take_group(tx: &mut Tx, host: HostId, id: &str, most: i64) -> Result<Option<Group>> {
    crate::hosts::lock(tx, host).await?;
    let unacknowledged: Option<(String,)> = { &mut *tx }
        .opt(
            sql!(
                "SELECT group_id FROM outbox WHERE host_id = $1 AND group_id IS NOT NULL ORDER BY id LIMIT 1"
            )
            .bind(host),
        )
        .await?;
    let (id, sent_before) = match unacknowledged {
        Some((id,)) => (id, SentBefore::Perhaps),
        None => {
            let taken = { &mut *tx }
                .run(
                    sql!(
                        "UPDATE outbox SET group_id = $1 WHERE id IN \
                         (SELECT id FROM outbox WHERE host_id = $2 AND group_id IS NULL ORDER BY id LIMIT $3)"
                    )
                    .bind(id)
                    .bind(host)
                    .bind(most),
                )
                .await?;
            if taken == 0 {
                return Ok(None);
            }
            (id.to_owned(), SentBefore::No)
        }
    };
    let rows = { tx }
        .all(
            select!(
                OutboxRow,
                "FROM outbox o WHERE o.host_id = $1 AND o.group_id = $2 ORDER BY o.id"
            )
            .bind(host)
            .bind(&id),
        )
        .await?;
    Ok(Some(Group {
        id,
        rows,
        sent_before,
    }))
}

/// Forgets a group that arrived.
pub async fn acknowledge(mut db: impl Executor, host: HostId, group: &str) -> Result<u64> {
    db.run(
        sql!("DELETE FROM outbox WHERE host_id = $1 AND group_id = $2")
            .bind(host)
            .bind(group),
    )
    .await
}

/// Whether a group was sent that is not acknowledged.
pub async fn is_under_way(mut db: impl Executor, host: HostId) -> Result<bool> {
    let row: Option<(OutboxId,)> = db
        .opt(
            sql!("SELECT id FROM outbox WHERE host_id = $1 AND group_id IS NOT NULL LIMIT 1")
                .bind(host),
        )
        .await?;
    Ok(row.is_some())
}

/// Forgets one message of a group (it cannot be told any more, or was told by itself).
pub async fn acknowledge_one(mut db: impl Executor, id: OutboxId) -> Result<()> {
    db.run(sql!("DELETE FROM outbox WHERE id = $1").bind(id))
        .await?;
    Ok(())
}

/// Puts the messages of a group from `from` on back among those that wait: the group was larger than what is sent at once. They keep
/// their places, and are summed up with what came in meanwhile. An earlier try may have brought them, so that opposites among
/// them do not cancel in silence.
pub async fn give_back(tx: &mut Tx, host: HostId, group: &str, from: OutboxId) -> Result<()> {
    crate::hosts::lock(tx, host).await?;
    for statement in [
        sql!("UPDATE outbox SET told = TRUE WHERE host_id = $1 AND group_id = $2 AND id >= $3"),
        sql!(
            "UPDATE outbox SET body = p.body, told = outbox.told OR p.told, verb = CASE \
             WHEN outbox.told OR p.told THEN \
             CASE WHEN outbox.verb IN ('create', 'delete') AND p.verb = 'update' THEN 'create' ELSE p.verb END \
             WHEN outbox.verb = 'create' AND p.verb = 'update' THEN 'create' \
             WHEN outbox.verb = 'create' AND p.verb = 'delete' THEN 'nothing' \
             WHEN outbox.verb = 'delete' AND p.verb = 'create' THEN 'update' \
             WHEN outbox.verb IN ('announce', 'like', 'dislike', 'follow') AND p.verb = 'undo' THEN 'nothing' \
             ELSE p.verb END \
             FROM outbox p WHERE outbox.host_id = $1 AND outbox.group_id = $2 AND outbox.id >= $3 \
             AND p.host_id = outbox.host_id AND p.subject = outbox.subject AND p.group_id IS NULL"
        ),
        sql!(
            "DELETE FROM outbox WHERE host_id = $1 AND group_id IS NULL AND subject IN \
             (SELECT g.subject FROM outbox g WHERE g.host_id = $1 AND g.group_id = $2 AND g.id >= $3)"
        ),
        sql!(
            "DELETE FROM outbox WHERE host_id = $1 AND group_id = $2 AND id >= $3 AND verb = 'nothing'"
        ),
        sql!("UPDATE outbox SET group_id = NULL WHERE host_id = $1 AND group_id = $2 AND id >= $3"),
    ] {
        { &mut *tx }
            .run(statement.bind(host).bind(group).bind(from))
            .await?;
    }
    Ok(())
}

row! {
    /// How much waits for a host.
    pub struct Waiting {
        host_id: HostId = "host_id",
        messages: i64 = "count(*)",
        /// When the oldest came up.
        since: i64 = "min(created_at)",
    }
}

/// How much waits for each of these hosts; those for which nothing does are left out.
pub async fn waiting(mut db: impl Executor, hosts: &[HostId]) -> Result<Vec<Waiting>> {
    let mut sql = select!(Waiting, "FROM outbox WHERE host_id IN ");
    sql.push_list(hosts.iter().copied());
    sql.push(" GROUP BY host_id ORDER BY host_id");
    db.all(sql).await
}

/// One page of what waits for a host, in the order in which it is sent.
pub async fn of_host(
    mut db: impl Executor,
    host: HostId,
    start: i64,
    count: i64,
) -> Result<Vec<OutboxRow>> {
    db.all(
        select!(
            OutboxRow,
            "FROM outbox o WHERE o.host_id = $1 ORDER BY o.id LIMIT $2 OFFSET $3"
        )
        .bind(host)
        .bind(count)
        .bind(start),
    )
    .await
}

/// Forgets all that waits for a host (it quit, was expelled or blocked).
pub async fn clear(tx: &mut Tx, host: HostId) -> Result<u64> {
    crate::hosts::lock(tx, host).await?;
    { tx }
        .run(sql!("DELETE FROM outbox WHERE host_id = $1").bind(host))
        .await
}
