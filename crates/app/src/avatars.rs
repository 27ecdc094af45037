//! The pictures of accounts and channels.

use crate::{Pod, Result, channels, images, removal};
use bytes::Bytes;
use db::users::User;
use names::ActorId;

/// Sets one's own picture; its file name.
pub async fn set_mine(pod: &Pod, user: &User, picture: Bytes) -> Result<String> {
    let old = db::accounts::by_id(&pod.db, user.account_id)
        .await?
        .and_then(|a| a.avatar);
    set(pod, user.actor_id, old, picture).await
}

/// Removes one's own picture.
pub async fn remove_mine(pod: &Pod, user: &User) -> Result<()> {
    let old = db::accounts::by_id(&pod.db, user.account_id)
        .await?
        .and_then(|a| a.avatar);
    replace(pod, user.actor_id, old, None).await
}

/// Sets a channel's picture; its file name.
pub async fn set_of_channel(pod: &Pod, user: &User, name: &str, picture: Bytes) -> Result<String> {
    let channel = channels::mine(pod, user, name).await?;
    set(pod, channel.actor_id, channel.avatar, picture).await
}

/// Removes a channel's picture.
pub async fn remove_of_channel(pod: &Pod, user: &User, name: &str) -> Result<()> {
    let channel = channels::mine(pod, user, name).await?;
    replace(pod, channel.actor_id, channel.avatar, None).await
}

async fn set(pod: &Pod, actor: ActorId, old: Option<String>, picture: Bytes) -> Result<String> {
    let file = images::store_avatar(pod, picture).await?;
    replace(pod, actor, old, Some(&file)).await?;
    Ok(file)
}

async fn replace(pod: &Pod, actor: ActorId, old: Option<String>, new: Option<&str>) -> Result<()> {
    let mut tx = pod.db.begin().await?;
    db::accounts::set_avatar(&mut tx, actor, new, pod.now()).await?;
    if let Some(old) = old {
        let files = removal::Files {
            avatars: vec![old],
            ..removal::Files::default()
        };
        removal::enqueue(pod, &mut tx, &files).await?;
    }
    tx.commit().await?;
    pod.lists.clear();
    pod.queue.wake();
    Ok(())
}
