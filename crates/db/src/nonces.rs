//! Numbers used once: a message whose number was seen is a repetition. They are rows, so that a restart does not forget them.

use crate::{Executor, Result, sql::sql};
use names::HostId;

/// Remembers a number; false when it is known already.
pub async fn remember(mut db: impl Executor, host: HostId, nonce: &str, at: i64) -> Result<bool> {
    let added = db
        .run(
            sql!("INSERT INTO nonces (host_id, nonce, at) VALUES ($1, $2, $3) ON CONFLICT (host_id, nonce) DO NOTHING")
                .bind(host)
                .bind(nonce)
                .bind(at),
        )
        .await?;
    Ok(added > 0)
}

/// Forgets numbers of before `before`: messages that old are refused for their date.
pub async fn sweep(mut db: impl Executor, before: i64) -> Result<u64> {
    db.run(sql!("DELETE FROM nonces WHERE at < $1").bind(before))
        .await
}
