//! Channels: what videos belong to.

use crate::{
    Executor, Result,
    column::row,
    sql::{select, sql},
};
use names::{AccountId, ActorId, ChannelId};

row! {
    /// A channel with its actor and its account.
    pub struct Channel {
        id: ChannelId = "c.id",
        account_id: AccountId = "c.account_id",
        actor_id: ActorId = "x.id",
        name: String = "x.name",
        display_name: String = "x.display_name",
        description: String = "x.description",
        support: Option<String> = "c.support",
        avatar: Option<String> = "x.avatar",
        created_at: i64 = "x.created_at",
        updated_at: i64 = "x.updated_at",
        account_user: Option<names::UserId> = "a.user_id",
        account_actor: ActorId = "y.id",
        account_name: String = "y.name",
        account_display_name: String = "y.display_name",
        account_description: String = "y.description",
        account_avatar: Option<String> = "y.avatar",
        account_created_at: i64 = "y.created_at",
        account_updated_at: i64 = "y.updated_at",
    }
}

/// Adds a channel to an account.
pub async fn insert(
    mut db: impl Executor,
    actor: ActorId,
    account: AccountId,
    support: Option<&str>,
) -> Result<ChannelId> {
    let (id,) = db
        .one(
            sql!("INSERT INTO channels (actor_id, account_id, support) VALUES ($1, $2, $3) RETURNING id")
                .bind(actor)
                .bind(account)
                .bind(support),
        )
        .await?;
    Ok(id)
}

/// The channel of this name on this pod (any letter case).
pub async fn by_name(mut db: impl Executor, name: &str) -> Result<Option<Channel>> {
    db.opt(
        select!(
            Channel,
            "FROM actors x JOIN channels c ON c.actor_id = x.id JOIN accounts a ON a.id = c.account_id \
             JOIN actors y ON y.id = a.actor_id WHERE lower(x.name) = $1 AND x.host = ''"
        )
        .bind(name.to_lowercase()),
    )
    .await
}

/// The channel of an id.
pub async fn by_id(mut db: impl Executor, id: ChannelId) -> Result<Option<Channel>> {
    db.opt(
        select!(
            Channel,
            "FROM channels c JOIN actors x ON x.id = c.actor_id JOIN accounts a ON a.id = c.account_id \
             JOIN actors y ON y.id = a.actor_id WHERE c.id = $1"
        )
        .bind(id),
    )
    .await
}

/// The channels of an account, in the order they were made.
pub async fn of_account(mut db: impl Executor, account: AccountId) -> Result<Vec<Channel>> {
    db.all(
        select!(
            Channel,
            "FROM channels c JOIN actors x ON x.id = c.actor_id JOIN accounts a ON a.id = c.account_id \
             JOIN actors y ON y.id = a.actor_id WHERE c.account_id = $1 ORDER BY c.id"
        )
        .bind(account),
    )
    .await
}

/// One page of channels, newest first, optionally those whose name or display name holds a text.
pub async fn list(
    mut db: impl Executor,
    search: Option<&str>,
    start: i64,
    count: i64,
) -> Result<(i64, Vec<Channel>)> {
    let like = crate::users::like_pattern(search.unwrap_or_default());
    let (total,) = db
        .one(
            sql!(
                "SELECT count(*) FROM channels c JOIN actors x ON x.id = c.actor_id \
                 WHERE lower(x.display_name) LIKE $1 ESCAPE '!' OR lower(x.name) LIKE $2 ESCAPE '!'"
            )
            .bind(&like)
            .bind(&like),
        )
        .await?;
    let page = db
        .all(
            select!(
                Channel,
                "FROM channels c JOIN actors x ON x.id = c.actor_id JOIN accounts a ON a.id = c.account_id \
                 JOIN actors y ON y.id = a.actor_id \
                 WHERE lower(x.display_name) LIKE $1 ESCAPE '!' OR lower(x.name) LIKE $2 ESCAPE '!' \
                 ORDER BY c.id DESC LIMIT $3 OFFSET $4"
            )
            .bind(&like)
            .bind(&like)
            .bind(count)
            .bind(start),
        )
        .await?;
    Ok((total, page))
}

/// Sets or removes the support text.
pub async fn set_support(
    mut db: impl Executor,
    id: ChannelId,
    support: Option<&str>,
) -> Result<()> {
    db.run(
        sql!("UPDATE channels SET support = $2 WHERE id = $1")
            .bind(id)
            .bind(support),
    )
    .await?;
    Ok(())
}
