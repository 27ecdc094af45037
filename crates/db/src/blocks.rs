//! Whom the pod neither hears nor tells anything. The only list of that: what depends on it asks here, so that a block holds at once.

use crate::{
    Executor, Result,
    column::row,
    sql::{select, sql},
};
use names::{ActorUri, Host};

row! {
    /// A blocked host or a blocked actor.
    pub struct Block {
        host: Option<Host> = "host",
        actor: Option<ActorUri> = "actor",
        created_at: i64 = "created_at",
    }
}

/// What a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    Hosts,
    Actors,
}

/// Blocks a host; false when it is blocked already.
pub async fn add_host(mut db: impl Executor, host: &Host, now: i64) -> Result<bool> {
    let added = db
        .run(
            sql!("INSERT INTO blocks (host, created_at) VALUES ($1, $2) ON CONFLICT (host) DO NOTHING")
                .bind(host)
                .bind(now),
        )
        .await?;
    Ok(added > 0)
}

/// Blocks an actor; false when it is blocked already.
pub async fn add_actor(mut db: impl Executor, actor: &ActorUri, now: i64) -> Result<bool> {
    let added = db
        .run(
            sql!("INSERT INTO blocks (actor, created_at) VALUES ($1, $2) ON CONFLICT (actor) DO NOTHING")
                .bind(actor)
                .bind(now),
        )
        .await?;
    Ok(added > 0)
}

/// Unblocks a host; false when it was not blocked.
pub async fn remove_host(mut db: impl Executor, host: &Host) -> Result<bool> {
    let removed = db.run(sql!("DELETE FROM blocks WHERE host = $1").bind(host));
    Ok(removed.await? > 0)
}

/// Unblocks an actor; false when it was not blocked.
pub async fn remove_actor(mut db: impl Executor, actor: &ActorUri) -> Result<bool> {
    let removed = db.run(sql!("DELETE FROM blocks WHERE actor = $1").bind(actor));
    Ok(removed.await? > 0)
}

/// Whether nothing is heard from, or told to, a host.
pub async fn host_is_blocked(mut db: impl Executor, host: &Host) -> Result<bool> {
    let row: Option<(i64,)> = db
        .opt(sql!("SELECT id FROM blocks WHERE host = $1").bind(host))
        .await?;
    Ok(row.is_some())
}

/// Whether an actor is blocked, by itself or with its whole host.
pub async fn is_blocked(mut db: impl Executor, actor: &ActorUri) -> Result<bool> {
    let row: Option<(i64,)> = db
        .opt(
            sql!("SELECT id FROM blocks WHERE host = $1 OR actor = $2 LIMIT 1")
                .bind(&actor.host())
                .bind(actor),
        )
        .await?;
    Ok(row.is_some())
}

/// One page of blocks, newest first, optionally those that hold a text, and how many there are.
pub async fn list(
    mut db: impl Executor,
    what: Blocked,
    search: Option<&str>,
    start: i64,
    count: i64,
) -> Result<(i64, Vec<Block>)> {
    let like = crate::users::like_pattern(search.unwrap_or_default());
    let (total, page) = match what {
        Blocked::Hosts => (
            sql!("SELECT count(*) FROM blocks WHERE host LIKE $1 ESCAPE '!'"),
            select!(
                Block,
                "FROM blocks WHERE host LIKE $1 ESCAPE '!' ORDER BY id DESC LIMIT $2 OFFSET $3"
            ),
        ),
        Blocked::Actors => (
            sql!("SELECT count(*) FROM blocks WHERE lower(actor) LIKE $1 ESCAPE '!'"),
            select!(
                Block,
                "FROM blocks WHERE lower(actor) LIKE $1 ESCAPE '!' ORDER BY id DESC LIMIT $2 OFFSET $3"
            ),
        ),
    };
    let (total,) = db.one(total.bind(&like)).await?;
    let page = db.all(page.bind(&like).bind(count).bind(start)).await?;
    Ok((total, page))
}
