//! Liking and disliking, here.

use crate::{Error, Pod, Result, network::saying, videos};
use db::{ratings, users::User};
use names::{Opinion, VideoId, VideoRef, VideoState};

/// Notes what a user thinks of a video. What others hear of it: of a video elsewhere the opinion, of one of ours the sum.
pub async fn rate(pod: &Pod, user: &User, named: VideoRef, opinion: Opinion) -> Result<()> {
    let video = videos::find(pod, Some(user), named).await?.video;
    if video.state != VideoState::Published {
        return Err(Error::Forbidden("This video is not published yet.".into()));
    }
    let now = pod.now();
    pod.writing.rating(user.account_id, now)?;
    let mut tx = pod.db.begin().await?;
    let before = ratings::set(&mut tx, video.id, user.actor_id, opinion, now).await?;
    if let Some(before) = before
        && video.privacy.open_by_link()
    {
        saying::counted(pod, &mut tx, &video).await?;
        let name = db::accounts::name_of(&mut tx, user.account_id).await?;
        let name = name.unwrap_or_default();
        saying::rated(pod, &mut tx, &name, &video, (before, opinion)).await?;
    }
    tx.commit().await?;
    pod.lists.counted(video.id);
    pod.network.told();
    Ok(())
}

/// What a user thinks of a video.
pub async fn mine(pod: &Pod, user: &User, named: VideoRef) -> Result<(VideoId, Opinion)> {
    let video = videos::find(pod, Some(user), named).await?.video;
    let opinion = ratings::of(&pod.db, video.id, user.actor_id).await?;
    Ok((video.id, opinion))
}
