//! Actors (what accounts and channels have in common) and accounts.

use crate::{
    Executor, Result,
    column::row,
    sql::{select, sql},
};
use names::{AccountId, ActorId, ActorUri, UserId};

row! {
    /// An account with its actor.
    pub struct Account {
        id: AccountId = "a.id",
        user_id: Option<UserId> = "a.user_id",
        actor_id: ActorId = "x.id",
        name: String = "x.name",
        /// Empty: of this pod.
        host: String = "x.host",
        uri: Option<ActorUri> = "x.uri",
        picture_url: Option<String> = "x.picture_url",
        display_name: String = "x.display_name",
        description: String = "x.description",
        avatar: Option<String> = "x.avatar",
        created_at: i64 = "x.created_at",
        updated_at: i64 = "x.updated_at",
    }
}

/// Adds an actor of this pod. `Conflict` when the name is taken by any account or channel.
pub async fn insert_actor(
    mut db: impl Executor,
    kind: &'static str,
    name: &str,
    display_name: &str,
    description: &str,
    now: i64,
) -> Result<ActorId> {
    let (id,) = db
        .one(
            sql!(
                "INSERT INTO actors (kind, name, display_name, description, created_at, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6) RETURNING id"
            )
            .bind(kind)
            .bind(name)
            .bind(display_name)
            .bind(description)
            .bind(now)
            .bind(now),
        )
        .await?;
    Ok(id)
}

/// Changes the texts of an actor of this pod; `None` leaves a text alone.
pub async fn update_actor(
    mut db: impl Executor,
    id: ActorId,
    display_name: Option<&str>,
    description: Option<&str>,
    now: i64,
) -> Result<()> {
    db.run(
        sql!(
            "UPDATE actors SET display_name = coalesce($2, display_name), \
             description = coalesce($3, description), updated_at = $4 WHERE id = $1 AND host = ''"
        )
        .bind(id)
        .bind(display_name)
        .bind(description)
        .bind(now),
    )
    .await?;
    Ok(())
}

/// Sets or removes the picture of an actor of this pod.
pub async fn set_avatar(
    mut db: impl Executor,
    id: ActorId,
    file: Option<&str>,
    now: i64,
) -> Result<()> {
    db.run(
        sql!("UPDATE actors SET avatar = $2, updated_at = $3 WHERE id = $1 AND host = ''")
            .bind(id)
            .bind(file)
            .bind(now),
    )
    .await?;
    Ok(())
}

/// Removes an actor of this pod with its account or channel and everything below.
pub async fn delete_actor(mut db: impl Executor, id: ActorId) -> Result<()> {
    db.run(sql!("DELETE FROM actors WHERE id = $1 AND host = ''").bind(id))
        .await?;
    Ok(())
}

/// Whether a name is taken by any account or channel of this pod.
pub async fn name_taken(mut db: impl Executor, name: &str) -> Result<bool> {
    let row: Option<(i64,)> = db
        .opt(
            sql!("SELECT id FROM actors WHERE lower(name) = $1 AND host = ''")
                .bind(name.to_lowercase()),
        )
        .await?;
    Ok(row.is_some())
}

/// Adds the account of a user.
pub async fn insert(mut db: impl Executor, actor: ActorId, user: UserId) -> Result<AccountId> {
    let (id,) = db
        .one(
            sql!("INSERT INTO accounts (actor_id, user_id) VALUES ($1, $2) RETURNING id")
                .bind(actor)
                .bind(user),
        )
        .await?;
    Ok(id)
}

/// The account of this name on this pod (any letter case).
pub async fn by_name(mut db: impl Executor, name: &str) -> Result<Option<Account>> {
    db.opt(
        select!(
            Account,
            "FROM actors x JOIN accounts a ON a.actor_id = x.id WHERE lower(x.name) = $1 AND x.host = ''"
        )
        .bind(name.to_lowercase()),
    )
    .await
}

/// The account of an id.
pub async fn by_id(mut db: impl Executor, id: AccountId) -> Result<Option<Account>> {
    db.opt(
        select!(
            Account,
            "FROM accounts a JOIN actors x ON x.id = a.actor_id WHERE a.id = $1"
        )
        .bind(id),
    )
    .await
}

/// One page of the accounts of this pod, oldest first, and how many there are.
pub async fn list(mut db: impl Executor, start: i64, count: i64) -> Result<(i64, Vec<Account>)> {
    let (total,) = db
        .one(sql!(
            "SELECT count(*) FROM actors x JOIN accounts a ON a.actor_id = x.id WHERE x.host = ''"
        ))
        .await?;
    let page = db
        .all(
            select!(
                Account,
                "FROM accounts a JOIN actors x ON x.id = a.actor_id WHERE x.host = '' ORDER BY a.id LIMIT $1 OFFSET $2"
            )
            .bind(count)
            .bind(start),
        )
        .await?;
    Ok((total, page))
}

/// The name of an account.
pub async fn name_of(mut db: impl Executor, id: AccountId) -> Result<Option<String>> {
    let row: Option<(String,)> = db
        .opt(
            sql!(
                "SELECT x.name FROM accounts a JOIN actors x ON x.id = a.actor_id WHERE a.id = $1"
            )
            .bind(id),
        )
        .await?;
    Ok(row.map(|(name,)| name))
}
