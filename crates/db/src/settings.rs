//! Values a pod makes once and keeps: client id and secret, keys.

use crate::{Executor, Result, sql::sql};

/// The value of a key.
pub async fn get(mut db: impl Executor, key: &str) -> Result<Option<String>> {
    let row: Option<(String,)> = db
        .opt(sql!("SELECT value FROM settings WHERE key = $1").bind(key))
        .await?;
    Ok(row.map(|(value,)| value))
}

/// Keeps `value` unless the key has one already; the value that holds.
pub async fn get_or_put(mut db: impl Executor, key: &str, value: &str) -> Result<String> {
    db.run(
        sql!("INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING")
            .bind(key)
            .bind(value),
    )
    .await?;
    Ok(get(db, key).await?.unwrap_or_else(|| value.to_owned()))
}

/// Sets the value of a key.
pub async fn put(mut db: impl Executor, key: &str, value: &str) -> Result<()> {
    db.run(
        sql!("INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
            .bind(key)
            .bind(value),
    )
    .await?;
    Ok(())
}
