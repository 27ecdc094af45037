//! Other pods and instances: what they are to ours, their score with its history, and the turn of each at being told what waits for
//! it. One host is told by one sender at a time, and one that does not answer is one row with a later time, whatever waits for it.

use crate::{
    Executor, Result, Sql, Tx,
    column::row,
    sql::{select, sql},
};
use names::{ActorId, Friendship, Host, HostId, InboxUri, VideoId};

row! {
    /// Another pod or instance.
    pub struct HostRow {
        id: HostId = "h.id",
        host: Host = "h.host",
        /// The actor of the whole pod, where it is known.
        actor_id: Option<ActorId> = "h.actor_id",
        software: String = "h.software",
        version: String = "h.version",
        friendship: Friendship = "h.friendship",
        friend_since: Option<i64> = "h.friend_since",
        protocol: i64 = "h.protocol",
        oldest_protocol: i64 = "h.oldest_protocol",
        /// A JSON array of words.
        capabilities: String = "h.capabilities",
        /// What it was at `score_at`.
        score: i64 = "h.score",
        score_at: i64 = "h.score_at",
        /// What the score is made of: JSON of podnet's.
        score_state: Option<String> = "h.score_state",
        shared_inbox: Option<InboxUri> = "h.shared_inbox",
        due_at: Option<i64> = "h.due_at",
        /// How often in a row telling it failed.
        failures: i64 = "h.failures",
        /// When the first of them was.
        failing_since: Option<i64> = "h.failing_since",
        last_error: Option<String> = "h.last_error",
        last_sent_at: Option<i64> = "h.last_sent_at",
        last_heard_at: Option<i64> = "h.last_heard_at",
        /// The number of the last group that went there.
        sent_group: Option<i64> = "h.sent_group",
        /// The number of the last group that came from there.
        heard_group: Option<i64> = "h.heard_group",
        whole_token: Option<String> = "h.whole_token",
        whole_after: VideoId = "h.whole_after",
        heard_token: Option<String> = "h.heard_token",
        created_at: i64 = "h.created_at",
        blocked: bool = "EXISTS (SELECT 1 FROM blocks b WHERE b.host = h.host)",
    }
}

/// The row of a host; made when it is not known yet.
pub async fn get_or_insert(mut db: impl Executor, host: &Host, now: i64) -> Result<HostRow> {
    let known = select!(HostRow, "FROM hosts h WHERE h.host = $1").bind(host);
    if let Some(row) = db.opt(known.clone()).await? {
        return Ok(row);
    }
    db.run(
        sql!("INSERT INTO hosts (host, score_at, created_at) VALUES ($1, $2, $3) ON CONFLICT (host) DO NOTHING")
            .bind(host)
            .bind(now)
            .bind(now),
    )
    .await?;
    db.one(known).await
}

/// The row of a host.
pub async fn by_host(mut db: impl Executor, host: &Host) -> Result<Option<HostRow>> {
    db.opt(select!(HostRow, "FROM hosts h WHERE h.host = $1").bind(host))
        .await
}

/// The row of an id.
pub async fn by_id(mut db: impl Executor, id: HostId) -> Result<Option<HostRow>> {
    db.opt(select!(HostRow, "FROM hosts h WHERE h.id = $1").bind(id))
        .await
}

/// The admin's list of hosts.
#[derive(Debug, Clone, Default)]
pub struct HostQuery {
    /// Empty: all of them.
    pub friendships: Vec<Friendship>,
    /// Part of the name.
    pub search: Option<String>,
    pub start: i64,
    pub count: i64,
}

impl HostQuery {
    fn filters(&self, sql: &mut Sql) {
        sql.push(" WHERE TRUE");
        if !self.friendships.is_empty() {
            sql.push(" AND h.friendship IN ")
                .push_list(self.friendships.iter().copied());
        }
        if let Some(text) = &self.search {
            sql.push(" AND h.host LIKE ")
                .push_value(crate::users::like_pattern(text))
                .push(" ESCAPE '!'");
        }
    }
}

/// One page of hosts by name, and how many there are.
pub async fn list(mut db: impl Executor, query: &HostQuery) -> Result<(i64, Vec<HostRow>)> {
    let mut total = sql!("SELECT count(*) FROM hosts h");
    query.filters(&mut total);
    let (total,) = db.one(total).await?;
    let mut sql = select!(HostRow, "FROM hosts h");
    query.filters(&mut sql);
    sql.push(" ORDER BY h.host LIMIT ").push_value(query.count);
    sql.push(" OFFSET ").push_value(query.start);
    Ok((total, db.all(sql).await?))
}

/// All friends by name, at most `count` (for the list that other pods ask for).
pub async fn friends(mut db: impl Executor, count: i64) -> Result<Vec<HostRow>> {
    db.all(
        select!(
            HostRow,
            "FROM hosts h WHERE h.friendship = 'friend' ORDER BY h.host LIMIT $1"
        )
        .bind(count),
    )
    .await
}

/// Sets what a host is to ours; who becomes a friend is one since `now`.
pub async fn set_friendship(
    mut db: impl Executor,
    id: HostId,
    friendship: Friendship,
    now: i64,
) -> Result<()> {
    db.run(
        sql!(
            "UPDATE hosts SET friendship = $2, friend_since = CASE WHEN $3 = 'friend' THEN coalesce(friend_since, $4) END \
             WHERE id = $1"
        )
        .bind(id)
        .bind(friendship)
        .bind(friendship)
        .bind(now),
    )
    .await?;
    Ok(())
}

/// What a host says of itself; `None` leaves a field alone.
#[derive(Debug, Clone, Default)]
pub struct HostFacts {
    pub actor_id: Option<ActorId>,
    pub software: Option<String>,
    pub version: Option<String>,
    pub protocol: Option<i64>,
    pub oldest_protocol: Option<i64>,
    /// A JSON array of words.
    pub capabilities: Option<String>,
    pub shared_inbox: Option<InboxUri>,
}

/// Notes what a host says of itself.
pub async fn set_facts(mut db: impl Executor, id: HostId, facts: &HostFacts) -> Result<()> {
    let mut sql = sql!("UPDATE hosts SET id = id");
    macro_rules! set {
        ($($field:ident $text:literal),*) => {$(
            if let Some(value) = &facts.$field {
                sql.push($text).push_value(value.clone());
            }
        )*};
    }
    set!(
        actor_id ", actor_id = ", software ", software = ", version ", version = ",
        protocol ", protocol = ", oldest_protocol ", oldest_protocol = ",
        capabilities ", capabilities = "
    );
    if let Some(inbox) = &facts.shared_inbox {
        sql.push(", shared_inbox = ").push_value(inbox);
    }
    sql.push(" WHERE id = ").push_value(id);
    db.run(sql).await?;
    Ok(())
}

/// Notes that a host was heard from.
pub async fn heard(mut db: impl Executor, id: HostId, now: i64) -> Result<()> {
    db.run(
        sql!("UPDATE hosts SET last_heard_at = $2 WHERE id = $1")
            .bind(id)
            .bind(now),
    )
    .await?;
    Ok(())
}

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

/// Holds a host's row until the transaction ends, and reads it: so that two who change its score add up.
pub async fn lock(tx: &mut Tx, id: HostId) -> Result<HostRow> {
    let mut sql = select!(HostRow, "FROM hosts h WHERE h.id = $1").bind(id);
    sql.push(tx.dialect().for_update());
    { tx }.one(sql).await
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

/// A friend other than `host` whose actor has this key: the same pod under another name.
pub async fn friend_with_key(
    mut db: impl Executor,
    key: &str,
    host: &Host,
) -> Result<Option<Host>> {
    let found: Option<(Host,)> = db
        .opt(
            sql!(
                "SELECT h.host FROM hosts h JOIN actors x ON x.id = h.actor_id WHERE h.friendship = 'friend' \
                 AND x.public_key = $1 AND h.host <> $2 ORDER BY h.id LIMIT 1"
            )
            .bind(key)
            .bind(host),
        )
        .await?;
    Ok(found.map(|(host,)| host))
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
