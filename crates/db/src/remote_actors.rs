//! Actors of other pods (accounts, channels, whole pods), and what our own need among them: the pod's own actor and keys. A remote
//! row belongs to the host of its uri; nothing here changes a row of another host, nor one of this pod.

use crate::{
    Executor, Result, Tx,
    column::row,
    sql::{select, sql},
};
use names::{AccountId, ActorId, ActorKind, ActorUri, ChannelId, Host, InboxUri, ObjectUri};

row! {
    /// An actor with what the network needs of it.
    pub struct Actor {
        id: ActorId = "x.id",
        kind: ActorKind = "x.kind",
        name: String = "x.name",
        /// Empty: of this pod.
        host: String = "x.host",
        display_name: String = "x.display_name",
        description: String = "x.description",
        avatar: Option<String> = "x.avatar",
        /// Nothing for an actor of this pod.
        uri: Option<ActorUri> = "x.uri",
        inbox: Option<InboxUri> = "x.inbox",
        shared_inbox: Option<InboxUri> = "x.shared_inbox",
        outbox: Option<ObjectUri> = "x.outbox",
        /// PEM (SPKI).
        public_key: Option<String> = "x.public_key",
        picture_url: Option<String> = "x.picture_url",
        created_at: i64 = "x.created_at",
        updated_at: i64 = "x.updated_at",
        /// When it was fetched last.
        refreshed_at: Option<i64> = "x.refreshed_at",
        account_id: Option<AccountId> = "(SELECT a.id FROM accounts a WHERE a.actor_id = x.id)",
        channel_id: Option<ChannelId> = "(SELECT c.id FROM channels c WHERE c.actor_id = x.id)",
    }
}

/// A remote actor as it was just fetched.
#[derive(Debug, Clone)]
pub struct RemoteActor<'a> {
    pub uri: &'a ActorUri,
    pub kind: ActorKind,
    pub name: &'a str,
    pub display_name: &'a str,
    pub description: &'a str,
    pub inbox: Option<&'a InboxUri>,
    pub shared_inbox: Option<&'a InboxUri>,
    pub outbox: Option<&'a ObjectUri>,
    /// PEM (SPKI).
    pub public_key: Option<&'a str>,
    pub picture_url: Option<&'a str>,
    pub created_at: i64,
    pub now: i64,
}

/// Adds a remote actor or brings its row up to date. Nothing when the row of its uri is of another kind.
pub async fn upsert(mut db: impl Executor, actor: &RemoteActor<'_>) -> Result<Option<ActorId>> {
    let row: Option<(ActorId,)> = db
        .opt(
            sql!(
                "INSERT INTO actors (kind, name, host, display_name, description, uri, inbox, shared_inbox, outbox, \
                 public_key, picture_url, created_at, updated_at, refreshed_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
                 ON CONFLICT (uri) DO UPDATE SET name = excluded.name, display_name = excluded.display_name, \
                 description = excluded.description, inbox = excluded.inbox, shared_inbox = excluded.shared_inbox, \
                 outbox = excluded.outbox, public_key = excluded.public_key, picture_url = excluded.picture_url, \
                 updated_at = excluded.updated_at, refreshed_at = excluded.refreshed_at \
                 WHERE actors.host <> '' AND actors.host = excluded.host AND actors.kind = excluded.kind RETURNING id"
            )
            .bind(actor.kind)
            .bind(actor.name)
            .bind(&actor.uri.host())
            .bind(actor.display_name)
            .bind(actor.description)
            .bind(actor.uri)
            .bind(actor.inbox)
            .bind(actor.shared_inbox)
            .bind(actor.outbox)
            .bind(actor.public_key)
            .bind(actor.picture_url)
            .bind(actor.created_at)
            .bind(actor.now)
            .bind(actor.now),
        )
        .await?;
    Ok(row.map(|(id,)| id))
}

/// Adds a remote account or brings it up to date. Nothing when its uri is known for something else.
pub async fn upsert_account(tx: &mut Tx, actor: &RemoteActor<'_>) -> Result<Option<AccountId>> {
    let account = RemoteActor {
        kind: ActorKind::Account,
        ..actor.clone()
    };
    let Some(id) = upsert(&mut *tx, &account).await? else {
        return Ok(None);
    };
    { &mut *tx }
        .run(
            sql!("INSERT INTO accounts (actor_id) VALUES ($1) ON CONFLICT (actor_id) DO NOTHING")
                .bind(id),
        )
        .await?;
    let (account,) = { tx }
        .one(sql!("SELECT id FROM accounts WHERE actor_id = $1").bind(id))
        .await?;
    Ok(Some(account))
}

/// Adds a remote channel of an account or brings it up to date. Nothing when its uri is known for something else, or
/// when the account is not of the same host.
pub async fn upsert_channel(
    tx: &mut Tx,
    actor: &RemoteActor<'_>,
    account: AccountId,
    support: Option<&str>,
) -> Result<Option<ChannelId>> {
    let host = actor.uri.host();
    let owner: Option<(i64,)> = { &mut *tx }
        .opt(
            sql!(
                "SELECT x.id FROM accounts a JOIN actors x ON x.id = a.actor_id WHERE a.id = $1 AND x.host = $2"
            )
            .bind(account)
            .bind(&host),
        )
        .await?;
    if owner.is_none() {
        return Ok(None);
    }
    let channel = RemoteActor {
        kind: ActorKind::Channel,
        ..actor.clone()
    };
    let Some(id) = upsert(&mut *tx, &channel).await? else {
        return Ok(None);
    };
    let (channel,) = { tx }
        .one(
            sql!(
                "INSERT INTO channels (actor_id, account_id, support) VALUES ($1, $2, $3) \
                 ON CONFLICT (actor_id) DO UPDATE SET account_id = excluded.account_id, support = excluded.support RETURNING id"
            )
            .bind(id)
            .bind(account)
            .bind(support),
        )
        .await?;
    Ok(Some(channel))
}

/// The remote actor of a uri.
pub async fn by_uri(mut db: impl Executor, uri: &ActorUri) -> Result<Option<Actor>> {
    db.opt(select!(Actor, "FROM actors x WHERE x.uri = $1 AND x.host <> ''").bind(uri))
        .await
}

/// The remote actors a handle (`name@host`, any letter case) may mean: on some hosts a person and a group share a name.
pub async fn by_handle(mut db: impl Executor, name: &str, host: &Host) -> Result<Vec<Actor>> {
    db.all(
        select!(
            Actor,
            "FROM actors x WHERE x.host = $1 AND lower(x.name) = $2 AND x.host <> '' ORDER BY x.id LIMIT 10"
        )
        .bind(host)
        .bind(name.to_lowercase()),
    )
    .await
}

/// The actor of an id, of whatever host.
pub async fn by_id(mut db: impl Executor, id: ActorId) -> Result<Option<Actor>> {
    db.opt(select!(Actor, "FROM actors x WHERE x.id = $1").bind(id))
        .await
}

/// The actor of this name on this pod, of whatever kind (any letter case).
pub async fn local_by_name(mut db: impl Executor, name: &str) -> Result<Option<Actor>> {
    db.opt(
        select!(
            Actor,
            "FROM actors x WHERE lower(x.name) = $1 AND x.host = ''"
        )
        .bind(name.to_lowercase()),
    )
    .await
}

/// The actor of this whole pod; made when it is not there yet. `Conflict` when an account or a channel has its name.
pub async fn of_this_pod(tx: &mut Tx, name: &str, display_name: &str, now: i64) -> Result<Actor> {
    let own = select!(
        Actor,
        "FROM actors x WHERE lower(x.name) = $1 AND x.host = '' AND x.kind = 'application'"
    )
    .bind(name.to_lowercase());
    if let Some(actor) = { &mut *tx }.opt(own.clone()).await? {
        return Ok(actor);
    }
    let kind = ActorKind::Application.as_str();
    crate::accounts::insert_actor(&mut *tx, kind, name, display_name, "", now).await?;
    { tx }.one(own).await
}

/// A pair of keys in PEM.
#[derive(Clone)]
pub struct Keys {
    /// SPKI.
    pub public: String,
    /// PKCS#8.
    pub private: String,
}

/// The keys of an actor of this pod, if it has some.
pub async fn keys(mut db: impl Executor, id: ActorId) -> Result<Option<Keys>> {
    let row: Option<(String, String)> = db
        .opt(
            sql!(
                "SELECT public_key, private_key FROM actors \
                 WHERE id = $1 AND host = '' AND public_key IS NOT NULL AND private_key IS NOT NULL"
            )
            .bind(id),
        )
        .await?;
    Ok(row.map(|(public, private)| Keys { public, private }))
}

/// Gives an actor of this pod keys unless it has some; those that hold.
pub async fn get_or_put_keys(mut db: impl Executor, id: ActorId, made: &Keys) -> Result<Keys> {
    db.run(
        sql!(
            "UPDATE actors SET public_key = $2, private_key = $3 WHERE id = $1 AND host = '' AND private_key IS NULL"
        )
        .bind(id)
        .bind(&made.public)
        .bind(&made.private),
    )
    .await?;
    keys(db, id).await?.ok_or(crate::Error::NotFound)
}

/// Removes a remote actor with its account or channel. Its videos must be gone already (`remote_videos::remove_of_actor`), or
/// the search index would keep their words: with videos left, nothing is removed.
pub async fn remove(mut db: impl Executor, uri: &ActorUri) -> Result<bool> {
    let removed = db
        .run(
            sql!(
                "DELETE FROM actors WHERE uri = $1 AND host <> '' \
                 AND (SELECT v.id FROM channels c JOIN videos v ON v.channel_id = c.id WHERE c.actor_id = actors.id LIMIT 1) IS NULL \
                 AND (SELECT v.id FROM accounts a JOIN videos v ON v.account_id = a.id WHERE a.actor_id = actors.id LIMIT 1) IS NULL"
            )
            .bind(uri),
        )
        .await?;
    Ok(removed > 0)
}

/// Removes at most `most` accounts and channels of a host that have no videos (any more), that nobody here follows or
/// is followed by, and that have said nothing here. How many they were: fewer than `most` when it is done.
pub async fn remove_of_host(mut db: impl Executor, host: &Host, most: i64) -> Result<u64> {
    // One is looked for at a time (LIMIT): as NOT EXISTS, PostgreSQL joins all videos there are with the few actors of a host.
    db.run(
        sql!(
            "DELETE FROM actors WHERE id IN (SELECT x.id FROM actors x WHERE x.host = $1 AND x.host <> '' \
             AND x.kind <> 'application' \
             AND (SELECT v.id FROM channels c JOIN videos v ON v.channel_id = c.id WHERE c.actor_id = x.id LIMIT 1) IS NULL \
             AND (SELECT v.id FROM accounts a JOIN videos v ON v.account_id = a.id WHERE a.actor_id = x.id LIMIT 1) IS NULL \
             AND (SELECT f.follower_id FROM follows f WHERE f.follower_id = x.id LIMIT 1) IS NULL \
             AND (SELECT f.target_id FROM follows f WHERE f.target_id = x.id LIMIT 1) IS NULL \
             AND (SELECT c.actor_id FROM comments c WHERE c.actor_id = x.id LIMIT 1) IS NULL \
             AND (SELECT r.actor_id FROM ratings r WHERE r.actor_id = x.id LIMIT 1) IS NULL ORDER BY x.id LIMIT $2)"
        )
        .bind(host)
        .bind(most),
    )
    .await
}
