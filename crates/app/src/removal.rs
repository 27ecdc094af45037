//! Taking things away: rows go in a transaction, and a job enqueued in the same transaction
//! removes the files, so that a crash leaves neither a row without files for long nor files for
//! ever. Swarms of what is gone end right after the commit.

use crate::{Error, Pod, Result, network::telling};
use db::{Tx, videos::Video};
use files::{FileName, Key};
use names::VideoUuid;
use queue::{Context, Outcome, Priority};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The kind of the job that removes files.
pub(crate) const REMOVE_FILES: &str = "remove-files";

/// An upload that nothing arrived for in this long is removed.
const UPLOAD_LASTS: i64 = 24 * 3600 * 1000;
/// Ended jobs are kept for the admin to read.
const JOBS_LAST: i64 = 7 * 24 * 3600 * 1000;

/// Files to be removed.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Files {
    /// Videos whose whole folder and source go.
    #[serde(default)]
    pub videos: Vec<VideoUuidText>,
    #[serde(default)]
    pub sources: Vec<VideoUuidText>,
    #[serde(default)]
    pub torrents: Vec<String>,
    #[serde(default)]
    pub thumbnails: Vec<String>,
    #[serde(default)]
    pub previews: Vec<String>,
    #[serde(default)]
    pub storyboards: Vec<String>,
    #[serde(default)]
    pub avatars: Vec<String>,
}

type VideoUuidText = String;
/// From a file's name to its key.
type Named = fn(FileName) -> Key;

/// What has to follow the commit.
#[must_use]
pub(crate) struct Removed {
    infohashes: Vec<String>,
    videos: Vec<VideoUuid>,
}

impl Removed {
    /// Ends the swarms and wakes the worker that removes the files.
    pub fn after_commit(self, pod: &Pod) {
        crate::swarms::forget(pod, &self.infohashes);
        for video in &self.videos {
            pod.reach.invalidate(video);
        }
        pod.lists.clear();
        pod.queue.wake();
        pod.network.told();
    }
}

/// Takes videos out of the search index and enqueues the removal of their files. The rows go with
/// the caller's deletion of the videos, or of what they belong to.
pub(crate) async fn videos_in(pod: &Pod, tx: &mut Tx, videos: &[Video]) -> Result<Removed> {
    let ids: Vec<_> = videos.iter().map(|v| v.id).collect();
    let infohashes = db::renditions::infohashes(&mut *tx, &ids).await?;
    let mut files = Files::default();
    for video in videos {
        db::search::remove(&mut *tx, video.id).await?;
        telling::of_video(&mut *tx, Some(video), None, pod.now()).await?;
        files.videos.push(video.uuid.to_string());
        files.thumbnails.extend(video.thumbnail.clone());
        files.previews.extend(video.preview.clone());
        files.storyboards.extend(storyboard_file(video));
        for rendition in db::renditions::of_video(&mut *tx, video.id).await? {
            files.torrents.push(rendition.torrent);
        }
    }
    enqueue(pod, tx, &files).await?;
    Ok(Removed {
        infohashes,
        videos: videos.iter().map(|v| v.uuid).collect(),
    })
}

/// Enqueues the removal of the pictures a video had.
pub(crate) async fn pictures_in(pod: &Pod, tx: &mut Tx, video: &Video) -> Result<()> {
    let files = Files {
        thumbnails: video.thumbnail.clone().into_iter().collect(),
        previews: video.preview.clone().into_iter().collect(),
        ..Files::default()
    };
    enqueue(pod, tx, &files).await
}

fn storyboard_file(video: &Video) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(video.storyboard.as_deref()?).ok()?;
    Some(json.get("file")?.as_str()?.to_owned())
}

/// Enqueues the removal of files.
pub(crate) async fn enqueue(pod: &Pod, tx: &mut Tx, files: &Files) -> Result<()> {
    queue::enqueue(tx, REMOVE_FILES, files, None, Priority::Idle, pod.now()).await?;
    Ok(())
}

/// The job.
pub(crate) async fn run(pod: &Pod, job: &db::jobs::Job, context: &Context) -> Result<Outcome> {
    let files: Files = serde_json::from_str(&job.payload).map_err(|e| Error::Internal(e.into()))?;
    for video in &files.videos {
        if let Ok(uuid) = VideoUuid::parse(video) {
            pod.files.remove_video(uuid).await?;
        }
    }
    for video in &files.sources {
        if let Ok(uuid) = VideoUuid::parse(video) {
            pod.files.remove(&Key::Source(uuid)).await?;
        }
    }
    let kinds: [(&[String], Named); 5] = [
        (&files.torrents, Key::Torrent),
        (&files.thumbnails, Key::Thumbnail),
        (&files.previews, Key::Preview),
        (&files.storyboards, Key::Storyboard),
        (&files.avatars, Key::Avatar),
    ];
    for (names, key) in kinds {
        for name in names.iter().filter_map(|n| FileName::parse(n)) {
            pod.files.remove(&key(name)).await?;
        }
    }
    db::jobs::complete(&pod.db, job.id, &context.owner, pod.now()).await?;
    Ok(Outcome::Done)
}

/// Once an hour: abandoned uploads, used-up tokens and old jobs go, and friends that were silent for long are greeted.
pub(crate) async fn sweep_regularly(pod: Pod, stop: CancellationToken) {
    loop {
        if let Err(error) = sweep(&pod).await {
            tracing::warn!(%error, "sweeping did not work; it is tried again in an hour");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(3600)) => {}
        }
    }
}

/// Removes what nobody will use any more, and keeps the search index and what was counted in order.
pub async fn sweep(pod: &Pod) -> Result<()> {
    let now = pod.now();
    db::tokens::sweep(&pod.db, now).await?;
    db::jobs::sweep(&pod.db, now - JOBS_LAST).await?;
    for upload in db::uploads::stale(&pod.db, now - UPLOAD_LASTS).await? {
        if let Some(file) = FileName::parse(&upload.id)
            && upload.video_id.is_none()
        {
            pod.files.remove(&Key::Upload(file)).await?;
        }
        db::uploads::delete(&pod.db, &upload.id).await?;
    }
    crate::network::tidy(pod).await?;
    db::search::tidy(&pod.db).await?;
    crate::offload::tidy(pod).await
}
