//! What this pod shows to programs that ask for an object instead of a page.

use super::{POD_NAME, ours};
use crate::{Error, Pod, Result, videos};
use names::VideoRef;
use serde_json::Value;

/// The pod itself, or an account of it.
pub async fn account(pod: &Pod, name: &str) -> Result<Value> {
    if name == POD_NAME {
        return Ok(ours::pod_actor(pod).await?.document());
    }
    let account = db::accounts::by_name(&pod.db, name).await?;
    let account = account.ok_or(Error::NotFound("The account was"))?;
    Ok(ours::account_actor(pod, &account).await?.document())
}

/// A channel of this pod.
pub async fn channel(pod: &Pod, name: &str) -> Result<Value> {
    let channel = db::channels::by_name(&pod.db, name).await?;
    let channel = channel.ok_or(Error::NotFound("The channel was"))?;
    let actor = ours::channel_actor(pod, &channel, &channel.account_name).await?;
    Ok(actor.document())
}

/// A video of this pod that everybody may see. A video of another pod is to be fetched there.
pub async fn video(pod: &Pod, named: VideoRef) -> Result<Value> {
    let details = videos::show(pod, None, named).await?;
    if details.video.remote || !details.video.listed() {
        return Err(Error::NotFound("The video was"));
    }
    Ok(ours::video(pod, &details)?.document())
}
