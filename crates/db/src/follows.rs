//! Who follows whom: remote actors follow ours, and ours follow theirs. A friendship of pods is two of these, one each way.

use crate::{
    Executor, FromRow, Result, Row, Sql,
    column::row,
    sql::{select, sql},
};
use names::{
    AccountId, ActorId, ActorKind, ActorUri, ChannelId, FollowId, FollowState, Host, HostId,
    InboxUri, ObjectUri,
};

row! {
    /// A follow.
    pub struct Follow {
        id: FollowId = "f.id",
        follower_id: ActorId = "f.follower_id",
        target_id: ActorId = "f.target_id",
        state: FollowState = "f.state",
        /// The activity that asked for it.
        uri: Option<ObjectUri> = "f.uri",
        created_at: i64 = "f.created_at",
        updated_at: i64 = "f.updated_at",
    }
}

/// One end of a follow, as lists show it.
#[derive(Debug, Clone)]
pub struct Party {
    pub id: ActorId,
    pub kind: ActorKind,
    pub name: String,
    /// Empty: of this pod.
    pub host: String,
    /// Nothing for an actor of this pod.
    pub uri: Option<ActorUri>,
    pub display_name: String,
    pub inbox: Option<InboxUri>,
    pub shared_inbox: Option<InboxUri>,
    pub created_at: i64,
}

/// A follow with both its ends.
#[derive(Debug, Clone)]
pub struct FollowOfBoth {
    pub follow: Follow,
    pub follower: Party,
    pub target: Party,
}

impl FromRow for FollowOfBoth {
    const WIDTH: usize = Follow::WIDTH + Follower::WIDTH + Target::WIDTH;

    fn columns() -> String {
        [Follow::columns(), Follower::columns(), Target::columns()].join(", ")
    }

    fn read_at(row: &Row, start: usize) -> Result<Self> {
        let middle = start + Follow::WIDTH;
        Ok(Self {
            follow: Follow::read_at(row, start)?,
            follower: Follower::read_at(row, middle)?.into(),
            target: Target::read_at(row, middle + Follower::WIDTH)?.into(),
        })
    }
}

/// Declares the columns of a party under one table alias.
macro_rules! party {
    ($name:ident $($field:ident: $ty:ty = $column:literal),* $(,)?) => {
        row! { struct $name { $($field: $ty = $column),* } }

        impl From<$name> for Party {
            fn from(row: $name) -> Self {
                Self { $($field: row.$field),* }
            }
        }
    };
}
party!(Follower
    id: ActorId = "x.id", kind: ActorKind = "x.kind", name: String = "x.name", host: String = "x.host",
    uri: Option<ActorUri> = "x.uri", display_name: String = "x.display_name",
    inbox: Option<InboxUri> = "x.inbox", shared_inbox: Option<InboxUri> = "x.shared_inbox",
    created_at: i64 = "x.created_at",
);
party!(Target
    id: ActorId = "y.id", kind: ActorKind = "y.kind", name: String = "y.name", host: String = "y.host",
    uri: Option<ActorUri> = "y.uri", display_name: String = "y.display_name",
    inbox: Option<InboxUri> = "y.inbox", shared_inbox: Option<InboxUri> = "y.shared_inbox",
    created_at: i64 = "y.created_at",
);

/// Begins a follow, or begins it anew with another activity. What is accepted already stays so.
pub async fn put(
    mut db: impl Executor,
    follower: ActorId,
    target: ActorId,
    state: FollowState,
    uri: Option<&ObjectUri>,
    now: i64,
) -> Result<Follow> {
    db.run(
        sql!(
            "INSERT INTO follows (follower_id, target_id, state, uri, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (follower_id, target_id) DO UPDATE SET uri = coalesce(excluded.uri, follows.uri), \
             updated_at = excluded.updated_at, \
             state = CASE WHEN follows.state = 'accepted' THEN 'accepted' ELSE excluded.state END"
        )
        .bind(follower)
        .bind(target)
        .bind(state)
        .bind(uri)
        .bind(now)
        .bind(now),
    )
    .await?;
    db.one(
        select!(
            Follow,
            "FROM follows f WHERE f.follower_id = $1 AND f.target_id = $2"
        )
        .bind(follower)
        .bind(target),
    )
    .await
}

/// The follow of one actor by another.
pub async fn between(
    mut db: impl Executor,
    follower: ActorId,
    target: ActorId,
) -> Result<Option<Follow>> {
    db.opt(
        select!(
            Follow,
            "FROM follows f WHERE f.follower_id = $1 AND f.target_id = $2"
        )
        .bind(follower)
        .bind(target),
    )
    .await
}

/// The follow of an id, with both ends.
pub async fn by_id(mut db: impl Executor, id: FollowId) -> Result<Option<FollowOfBoth>> {
    db.opt(
        select!(
            FollowOfBoth,
            "FROM follows f JOIN actors x ON x.id = f.follower_id JOIN actors y ON y.id = f.target_id WHERE f.id = $1"
        )
        .bind(id),
    )
    .await
}

/// Accepts or rejects a follow; false when there is none.
pub async fn set_state(
    mut db: impl Executor,
    follower: ActorId,
    target: ActorId,
    state: FollowState,
    now: i64,
) -> Result<bool> {
    let touched = db
        .run(
            sql!(
                "UPDATE follows SET state = $3, updated_at = $4 WHERE follower_id = $1 AND target_id = $2"
            )
            .bind(follower)
            .bind(target)
            .bind(state)
            .bind(now),
        )
        .await?;
    Ok(touched > 0)
}

/// Ends a follow; false when there is none.
pub async fn remove(mut db: impl Executor, follower: ActorId, target: ActorId) -> Result<bool> {
    let removed = db
        .run(
            sql!("DELETE FROM follows WHERE follower_id = $1 AND target_id = $2")
                .bind(follower)
                .bind(target),
        )
        .await?;
    Ok(removed > 0)
}

/// Which way a list of follows looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Who follows the actor.
    Followers,
    /// Whom the actor follows.
    Following,
}

/// Orders of a list; each ends in the id, so that it is never ambiguous.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FollowSort {
    #[default]
    Newest,
    Oldest,
    State,
    StateDown,
}

impl FollowSort {
    fn order(self) -> &'static str {
        match self {
            Self::Newest => " ORDER BY f.created_at DESC, f.id DESC",
            Self::Oldest => " ORDER BY f.created_at, f.id",
            Self::State => " ORDER BY f.state, f.id",
            Self::StateDown => " ORDER BY f.state DESC, f.id DESC",
        }
    }
}

/// A list of follows, as `server/followers` and `server/following` filter it.
#[derive(Debug, Clone)]
pub struct FollowQuery {
    pub direction: Direction,
    pub actor: ActorId,
    pub state: Option<FollowState>,
    /// What the other end is.
    pub kind: Option<ActorKind>,
    /// Part of the other end's name or host.
    pub search: Option<String>,
    pub sort: FollowSort,
    pub start: i64,
    pub count: i64,
}

impl FollowQuery {
    /// The table aliases say which end is which: x follows y.
    fn filters(&self, sql: &mut Sql) {
        let (own, kind, host, name) = match self.direction {
            Direction::Followers => (
                " WHERE f.target_id = ",
                " AND x.kind = ",
                " AND (x.host LIKE ",
                " ESCAPE '!' OR lower(x.name) LIKE ",
            ),
            Direction::Following => (
                " WHERE f.follower_id = ",
                " AND y.kind = ",
                " AND (y.host LIKE ",
                " ESCAPE '!' OR lower(y.name) LIKE ",
            ),
        };
        sql.push(own).push_value(self.actor);
        if let Some(state) = self.state {
            sql.push(" AND f.state = ").push_value(state);
        }
        if let Some(value) = self.kind {
            sql.push(kind).push_value(value);
        }
        if let Some(text) = &self.search {
            let like = crate::users::like_pattern(text);
            sql.push(host).push_value(&like);
            sql.push(name).push_value(&like).push(" ESCAPE '!')");
        }
    }
}

/// One page of follows, and how many there are.
pub async fn list(mut db: impl Executor, query: &FollowQuery) -> Result<(i64, Vec<FollowOfBoth>)> {
    let mut total = sql!(
        "SELECT count(*) FROM follows f JOIN actors x ON x.id = f.follower_id JOIN actors y ON y.id = f.target_id"
    );
    query.filters(&mut total);
    let (total,) = db.one(total).await?;
    let mut sql = select!(
        FollowOfBoth,
        "FROM follows f JOIN actors x ON x.id = f.follower_id JOIN actors y ON y.id = f.target_id"
    );
    query.filters(&mut sql);
    sql.push(query.sort.order());
    sql.push(" LIMIT ").push_value(query.count);
    sql.push(" OFFSET ").push_value(query.start);
    Ok((total, db.all(sql).await?))
}

/// How many accepted followers and followed an actor has (for its collections).
pub async fn counts(mut db: impl Executor, actor: ActorId) -> Result<(i64, i64)> {
    db.one(
        sql!(
            "SELECT (SELECT count(*) FROM follows WHERE target_id = $1 AND state = 'accepted'), \
             (SELECT count(*) FROM follows WHERE follower_id = $2 AND state = 'accepted')"
        )
        .bind(actor)
        .bind(actor),
    )
    .await
}

/// The hosts with accepted followers of an actor, by name, after `after` and at most `count` (a page of a list of any length).
pub async fn follower_hosts(
    mut db: impl Executor,
    actor: ActorId,
    after: &str,
    count: i64,
) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = db
        .all(
            sql!(
                "SELECT DISTINCT x.host FROM follows f JOIN actors x ON x.id = f.follower_id \
                 WHERE f.target_id = $1 AND f.state = 'accepted' AND x.host <> '' AND x.host > $2 ORDER BY x.host LIMIT $3"
            )
            .bind(actor)
            .bind(after)
            .bind(count),
        )
        .await?;
    Ok(rows.into_iter().map(|(host,)| host).collect())
}

/// A follower goes; false when it was none. That it was refused is remembered: or it would take its follow back and come again.
pub async fn withdraw(mut db: impl Executor, follower: ActorId, target: ActorId) -> Result<bool> {
    let removed = db
        .run(
            sql!("DELETE FROM follows WHERE follower_id = $1 AND target_id = $2 AND state <> 'rejected'")
                .bind(follower)
                .bind(target),
        )
        .await?;
    Ok(removed > 0)
}

/// The actor that an activity asked to follow.
pub async fn target_of(
    mut db: impl Executor,
    follower: ActorId,
    uri: &ObjectUri,
) -> Result<Option<ActorId>> {
    let row: Option<(ActorId,)> = db
        .opt(
            sql!("SELECT target_id FROM follows WHERE follower_id = $1 AND uri = $2 LIMIT 1")
                .bind(follower)
                .bind(uri),
        )
        .await?;
    Ok(row.map(|(target,)| target))
}

/// Whether an actor follows anybody on a host, and was accepted.
pub async fn reaches_host(mut db: impl Executor, follower: ActorId, host: &Host) -> Result<bool> {
    let row: Option<(FollowId,)> = db
        .opt(
            sql!(
                "SELECT f.id FROM follows f JOIN actors y ON y.id = f.target_id \
                 WHERE f.follower_id = $1 AND f.state = 'accepted' AND y.host = $2 LIMIT 1"
            )
            .bind(follower)
            .bind(host),
        )
        .await?;
    Ok(row.is_some())
}

/// The actors of this pod whose followers hear of a video: the whole pod (by its name), the account and the channel.
pub async fn heralds(
    mut db: impl Executor,
    pod: &str,
    account: AccountId,
    channel: ChannelId,
) -> Result<Vec<ActorId>> {
    let rows: Vec<(ActorId,)> = db
        .all(
            sql!(
                "SELECT x.id FROM actors x WHERE lower(x.name) = $1 AND x.host = '' AND x.kind = 'application' \
                 UNION ALL SELECT a.actor_id FROM accounts a WHERE a.id = $2 \
                 UNION ALL SELECT c.actor_id FROM channels c WHERE c.id = $3"
            )
            .bind(pod)
            .bind(account)
            .bind(channel),
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Whether anybody on a host follows an actor, and was accepted.
pub async fn has_follower_on(mut db: impl Executor, target: ActorId, host: HostId) -> Result<bool> {
    let row: Option<(FollowId,)> = db
        .opt(
            sql!(
                "SELECT f.id FROM follows f JOIN actors x ON x.id = f.follower_id JOIN hosts h ON h.host = x.host \
                 WHERE f.target_id = $1 AND f.state = 'accepted' AND h.id = $2 LIMIT 1"
            )
            .bind(target)
            .bind(host),
        )
        .await?;
    Ok(row.is_some())
}
