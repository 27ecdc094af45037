//! Access and refresh tokens, by their hashes.

use crate::{Executor, Result, sql::sql};
use names::UserId;

/// A pair of tokens to be kept.
pub struct NewToken<'a> {
    pub user: UserId,
    pub access_hash: &'a str,
    pub refresh_hash: &'a str,
    pub access_until: i64,
    pub refresh_until: i64,
    pub now: i64,
}

/// Keeps a pair of tokens.
pub async fn insert(mut db: impl Executor, token: NewToken<'_>) -> Result<()> {
    db.run(
        sql!(
            "INSERT INTO tokens (user_id, access_hash, refresh_hash, access_until, refresh_until, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6)"
        )
        .bind(token.user)
        .bind(token.access_hash)
        .bind(token.refresh_hash)
        .bind(token.access_until)
        .bind(token.refresh_until)
        .bind(token.now),
    )
    .await?;
    Ok(())
}

/// Uses up a refresh token: its pair is removed and its user returned.
pub async fn take_refresh(mut db: impl Executor, hash: &str, now: i64) -> Result<Option<UserId>> {
    let row: Option<(UserId,)> = db
        .opt(
            sql!("DELETE FROM tokens WHERE refresh_hash = $1 AND refresh_until > $2 RETURNING user_id")
                .bind(hash)
                .bind(now),
        )
        .await?;
    Ok(row.map(|(id,)| id))
}

/// Signs out the session of an access token.
pub async fn revoke(mut db: impl Executor, access_hash: &str) -> Result<()> {
    db.run(sql!("DELETE FROM tokens WHERE access_hash = $1").bind(access_hash))
        .await?;
    Ok(())
}

/// Signs a user out everywhere.
pub async fn revoke_all(mut db: impl Executor, user: UserId) -> Result<()> {
    db.run(sql!("DELETE FROM tokens WHERE user_id = $1").bind(user))
        .await?;
    Ok(())
}

/// Forgets tokens that nobody can use any more.
pub async fn sweep(mut db: impl Executor, now: i64) -> Result<u64> {
    db.run(sql!("DELETE FROM tokens WHERE refresh_until <= $1").bind(now))
        .await
}
