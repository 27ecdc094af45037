//! Other pods and instances: what they are to ours and what they say of themselves. Their scores, the lists that go back and forth, and the
//! turn of each at being told what waits for it are beside.

mod lists;
mod scores;
mod turns;

pub use lists::{
    advance_whole, begin_whole, end_whole, has_left, leaving, set_heard_group, set_heard_token,
    set_leaving, set_sent_group, stop_whole,
};
pub use scores::{ScoreChange, add_score_reason, scores, set_score};
pub use turns::{
    begin_anew, failed, greet, lease, next_due, release, release_at_start, renew, retry_now, sent,
    silent_friends,
};

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

/// Holds a host's row until the transaction ends, and reads it: so that two who change its score add up.
pub async fn lock(tx: &mut Tx, id: HostId) -> Result<HostRow> {
    let mut sql = select!(HostRow, "FROM hosts h WHERE h.id = $1").bind(id);
    sql.push(tx.dialect().for_update());
    { tx }.one(sql).await
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
