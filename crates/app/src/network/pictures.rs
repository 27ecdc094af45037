//! Pictures of remote videos: fetched from their pod when somebody first looks, made anew within our limits, and kept like our own. Their
//! names follow from the videos'. Which are there is written down before they are, so that they go when their videos do, whatever happens
//! in between.

use crate::{Error, Pod, Result, images};
use db::{Tx, jobs::Job, remote_pictures, videos::Video};
use fetch::{Answer, Request};
use files::{FileName, Key};
use names::{VideoRef, VideoUuid};
use queue::{Context, Outcome, Priority};

/// The kind of the job that removes pictures whose videos are gone.
pub(crate) const REMOVE: &str = "remove-remote-pictures";
/// Pictures that are removed before the next are looked for.
const BATCH: i64 = 200;

/// How the names begin.
const REMOTE: &str = "remote-";

/// The name under which both pictures of a remote video are asked for.
pub fn name(video: &Video) -> String {
    format!("{REMOTE}{}.jpg", video.uuid)
}

/// The video whose picture has this name.
fn video_of(name: &str) -> Option<VideoUuid> {
    VideoUuid::parse(name.strip_prefix(REMOTE)?.strip_suffix(".jpg")?).ok()
}

/// Fetches the picture of this name, if it is that of a remote video. False when there is none.
pub(crate) async fn fetch(pod: &Pod, name: &FileName) -> Result<bool> {
    let Some(uuid) = video_of(name.as_str()) else {
        return Ok(false);
    };
    let found = db::videos::find(&pod.db, VideoRef::Uuid(uuid)).await?;
    let Some(found) = found.filter(|found| found.video.remote) else {
        return Ok(false);
    };
    let remote = db::remote_videos::by_id(&pod.db, found.video.id).await?;
    let Some(url) = remote.and_then(|remote| remote.preview_url.or(remote.thumbnail_url)) else {
        return Ok(false);
    };
    let request = Request::get(url, images::MAX_PICTURE as u64);
    let fetched = pod
        .network
        .fetch
        .send(request)
        .await
        .and_then(Answer::success);
    let picture = fetched
        .map_err(|why| Error::Unavailable(format!("The picture could not be fetched: {why}.")))?;
    if !remote_pictures::keep(&pod.db, uuid).await? {
        return Ok(false);
    }
    images::store_as(pod, picture.body, name).await?;
    // The video may have gone, and its row been worked off, while the picture was made.
    let kept = remote_pictures::keep(&pod.db, uuid).await?;
    if !kept {
        remove(pod, uuid).await?;
    }
    Ok(kept)
}

async fn remove(pod: &Pod, video: VideoUuid) -> Result<()> {
    if let Some(file) = FileName::parse(&format!("{REMOTE}{video}.jpg")) {
        pod.files.remove(&Key::Thumbnail(file.clone())).await?;
        pod.files.remove(&Key::Preview(file)).await?;
    }
    Ok(())
}

/// Has the pictures removed whose videos are gone, in the transaction in which they went or at any time later. Wake the queue after the
/// commit.
pub(crate) async fn sweep(pod: &Pod, tx: &mut Tx) -> Result<()> {
    if !remote_pictures::left(&mut *tx, 1).await?.is_empty() {
        queue::enqueue(tx, REMOVE, &(), None, Priority::Idle, pod.now()).await?;
    }
    Ok(())
}

/// The same by itself.
pub(crate) async fn tidy(pod: &Pod) -> Result<()> {
    let mut tx = pod.db.begin().await?;
    sweep(pod, &mut tx).await?;
    tx.commit().await?;
    pod.queue.wake();
    Ok(())
}

/// The job.
pub(crate) async fn run(pod: &Pod, job: &Job, context: &Context) -> Result<Outcome> {
    loop {
        let left = remote_pictures::left(&pod.db, BATCH).await?;
        if left.is_empty() {
            break;
        }
        for video in left {
            remove(pod, video).await?;
            remote_pictures::removed(&pod.db, video).await?;
        }
    }
    db::jobs::complete(&pod.db, job.id, &context.owner, pod.now()).await?;
    Ok(Outcome::Done)
}
