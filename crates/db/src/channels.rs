//! Channels: what videos belong to.

use crate::{
    Executor, Result, Sql,
    column::row,
    sql::{select, sql},
    video_list::Origin,
};
use names::{AccountId, ActorId, ActorUri, ChannelId};

row! {
    /// A channel with its actor and its account.
    pub struct Channel {
        id: ChannelId = "c.id",
        account_id: AccountId = "c.account_id",
        actor_id: ActorId = "x.id",
        name: String = "x.name",
        /// Empty: of this pod.
        host: String = "x.host",
        uri: Option<ActorUri> = "x.uri",
        picture_url: Option<String> = "x.picture_url",
        display_name: String = "x.display_name",
        description: String = "x.description",
        support: Option<String> = "c.support",
        avatar: Option<String> = "x.avatar",
        created_at: i64 = "x.created_at",
        updated_at: i64 = "x.updated_at",
        account_user: Option<names::UserId> = "a.user_id",
        account_actor: ActorId = "y.id",
        account_name: String = "y.name",
        account_host: String = "y.host",
        account_uri: Option<ActorUri> = "y.uri",
        account_picture_url: Option<String> = "y.picture_url",
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
    origin: Origin,
    search: Option<&str>,
    start: i64,
    count: i64,
) -> Result<(i64, Vec<Channel>)> {
    let filters = |sql: &mut Sql| {
        sql.push(match origin {
            Origin::Any => " WHERE TRUE",
            Origin::Local => " WHERE x.host = ''",
            Origin::Remote => " WHERE x.host <> ''",
        });
        if let Some(text) = search {
            let like = crate::users::like_pattern(text);
            sql.push(" AND (lower(x.display_name) LIKE ")
                .push_value(&like);
            sql.push(" ESCAPE '!' OR lower(x.name) LIKE ")
                .push_value(&like);
            sql.push(" ESCAPE '!')");
        }
    };
    let mut total = sql!("SELECT count(*) FROM channels c JOIN actors x ON x.id = c.actor_id");
    filters(&mut total);
    let (total,) = db.one(total).await?;
    let mut sql = select!(
        Channel,
        "FROM channels c JOIN actors x ON x.id = c.actor_id JOIN accounts a ON a.id = c.account_id \
         JOIN actors y ON y.id = a.actor_id"
    );
    filters(&mut sql);
    sql.push(" ORDER BY c.id DESC LIMIT ").push_value(count);
    sql.push(" OFFSET ").push_value(start);
    Ok((total, db.all(sql).await?))
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
