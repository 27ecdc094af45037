//! People who can sign in.

use crate::{
    Executor, Result, Sql,
    column::row,
    sql::{select, sql},
};
use names::{Role, UserId};

row! {
    /// A user with the account that is their public face.
    pub struct User {
        id: UserId = "u.id",
        username: String = "u.username",
        email: String = "u.email",
        password_hash: String = "u.password_hash",
        role: Role = "u.role",
        blocked: bool = "u.blocked",
        blocked_reason: Option<String> = "u.blocked_reason",
        quota: i64 = "u.quota",
        quota_daily: i64 = "u.quota_daily",
        p2p_enabled: bool = "u.p2p_enabled",
        auto_play: bool = "u.auto_play",
        nsfw_policy: String = "u.nsfw_policy",
        theme: String = "u.theme",
        language: Option<String> = "u.language",
        created_at: i64 = "u.created_at",
        last_login_at: Option<i64> = "u.last_login_at",
        account_id: names::AccountId = "a.id",
        actor_id: names::ActorId = "a.actor_id",
    }
}

/// What a new user starts with.
pub struct NewUser<'a> {
    pub username: &'a str,
    pub email: &'a str,
    pub password_hash: &'a str,
    pub role: Role,
    pub quota: i64,
    pub quota_daily: i64,
    pub now: i64,
}

/// Adds a user. `Conflict` when the name or the address is taken.
pub async fn insert(mut db: impl Executor, user: NewUser<'_>) -> Result<UserId> {
    let (id,) = db
        .one(
            sql!(
                "INSERT INTO users (username, email, password_hash, role, quota, quota_daily, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id"
            )
            .bind(user.username)
            .bind(user.email)
            .bind(user.password_hash)
            .bind(user.role)
            .bind(user.quota)
            .bind(user.quota_daily)
            .bind(user.now),
        )
        .await?;
    Ok(id)
}

/// The user of an id.
pub async fn by_id(mut db: impl Executor, id: UserId) -> Result<Option<User>> {
    db.opt(
        select!(
            User,
            "FROM users u JOIN accounts a ON a.user_id = u.id WHERE u.id = $1"
        )
        .bind(id),
    )
    .await
}

/// The user whose name or address this is (any letter case).
pub async fn by_login(mut db: impl Executor, login: &str) -> Result<Option<User>> {
    let login = login.to_lowercase();
    db.opt(
        select!(
            User,
            "FROM users u JOIN accounts a ON a.user_id = u.id WHERE u.username = $1 OR lower(u.email) = $2 ORDER BY u.id LIMIT 1"
        )
        .bind(&login)
        .bind(&login),
    )
    .await
}

/// The user a valid access token belongs to.
pub async fn by_access_token(mut db: impl Executor, hash: &str, now: i64) -> Result<Option<User>> {
    db.opt(
        select!(
            User,
            "FROM tokens t JOIN users u ON u.id = t.user_id JOIN accounts a ON a.user_id = u.id \
             WHERE t.access_hash = $1 AND t.access_until > $2"
        )
        .bind(hash)
        .bind(now),
    )
    .await
}

/// How many users there are.
pub async fn count(mut db: impl Executor) -> Result<i64> {
    let (count,) = db.one(sql!("SELECT count(*) FROM users")).await?;
    Ok(count)
}

/// The admin's list.
#[derive(Debug, Clone, Default)]
pub struct UserQuery {
    /// Part of a name or an address.
    pub search: Option<String>,
    pub blocked: Option<bool>,
    pub sort: UserSort,
    pub start: i64,
    pub count: i64,
}

/// Orders of the admin's list; each ends in the id, so that it is never ambiguous.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UserSort {
    #[default]
    Newest,
    Oldest,
    Name,
    NameDown,
}

impl UserQuery {
    fn filters(&self, sql: &mut Sql) {
        sql.push(" WHERE TRUE");
        if let Some(search) = &self.search {
            let like = like_pattern(search);
            sql.push(" AND (u.username LIKE ").push_value(&like);
            sql.push(" ESCAPE '!' OR lower(u.email) LIKE ")
                .push_value(&like);
            sql.push(" ESCAPE '!')");
        }
        if let Some(blocked) = self.blocked {
            sql.push(" AND u.blocked = ").push_value(blocked);
        }
    }
}

/// `%text%` in lower case with the pattern's own signs escaped by `!`.
pub(crate) fn like_pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// One page of users and how many there are in all.
pub async fn list(mut db: impl Executor, query: &UserQuery) -> Result<(i64, Vec<User>)> {
    let mut total = sql!("SELECT count(*) FROM users u");
    query.filters(&mut total);
    let (total,) = db.one(total).await?;

    let mut sql = select!(User, "FROM users u JOIN accounts a ON a.user_id = u.id");
    query.filters(&mut sql);
    sql.push(match query.sort {
        UserSort::Newest => " ORDER BY u.created_at DESC, u.id DESC",
        UserSort::Oldest => " ORDER BY u.created_at, u.id",
        UserSort::Name => " ORDER BY u.username, u.id",
        UserSort::NameDown => " ORDER BY u.username DESC, u.id DESC",
    });
    sql.push(" LIMIT ").push_value(query.count);
    sql.push(" OFFSET ").push_value(query.start);
    Ok((total, db.all(sql).await?))
}

/// What can be changed on a user; `None` leaves a field alone.
#[derive(Debug, Clone, Default)]
pub struct UserChanges {
    pub email: Option<String>,
    pub password_hash: Option<String>,
    pub role: Option<Role>,
    pub quota: Option<i64>,
    pub quota_daily: Option<i64>,
    pub p2p_enabled: Option<bool>,
    pub auto_play: Option<bool>,
    pub nsfw_policy: Option<String>,
    pub theme: Option<String>,
    pub language: Option<String>,
}

/// Changes a user. `Conflict` when the new address is taken.
pub async fn update(mut db: impl Executor, id: UserId, changes: &UserChanges) -> Result<()> {
    let mut sql = sql!("UPDATE users SET id = id");
    macro_rules! set {
        ($($field:ident $text:literal),*) => {$(
            if let Some(value) = &changes.$field {
                sql.push($text).push_value(value.clone());
            }
        )*};
    }
    set!(
        email ", email = ", password_hash ", password_hash = ", role ", role = ",
        quota ", quota = ", quota_daily ", quota_daily = ", p2p_enabled ", p2p_enabled = ",
        auto_play ", auto_play = ", nsfw_policy ", nsfw_policy = ", theme ", theme = ",
        language ", language = "
    );
    sql.push(" WHERE id = ").push_value(id);
    db.run(sql).await?;
    Ok(())
}

/// Blocks a user (with a reason) or unblocks them.
pub async fn set_blocked(
    mut db: impl Executor,
    id: UserId,
    blocked: bool,
    reason: Option<&str>,
) -> Result<()> {
    db.run(
        sql!("UPDATE users SET blocked = $2, blocked_reason = $3 WHERE id = $1")
            .bind(id)
            .bind(blocked)
            .bind(reason),
    )
    .await?;
    Ok(())
}

/// Notes that a user has signed in.
pub async fn signed_in(mut db: impl Executor, id: UserId, now: i64) -> Result<()> {
    db.run(
        sql!("UPDATE users SET last_login_at = $2 WHERE id = $1")
            .bind(id)
            .bind(now),
    )
    .await?;
    Ok(())
}

/// Removes a user; tokens, uploads and history go with them.
pub async fn delete(mut db: impl Executor, id: UserId) -> Result<()> {
    db.run(sql!("DELETE FROM users WHERE id = $1").bind(id))
        .await?;
    Ok(())
}

/// Bytes a user has uploaded: all of them, and those since `since`. Uploads under way count in full.
pub async fn used(mut db: impl Executor, id: UserId, since: i64) -> Result<(i64, i64)> {
    let (total, daily): (i64, i64) = db
        .one(
            sql!(
                "SELECT CAST(coalesce(sum(v.source_size), 0) AS BIGINT), \
                 CAST(coalesce(sum(CASE WHEN v.created_at >= $2 THEN v.source_size ELSE 0 END), 0) AS BIGINT) \
                 FROM accounts a JOIN videos v ON v.account_id = a.id WHERE a.user_id = $1"
            )
            .bind(id)
            .bind(since),
        )
        .await?;
    let (pending,): (i64,) = db
        .one(
            sql!(
                "SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM uploads WHERE user_id = $1 AND video_id IS NULL"
            )
            .bind(id),
        )
        .await?;
    Ok((total + pending, daily + pending))
}
