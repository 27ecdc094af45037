//! The end of each job: its rows, the video's state, what comes next, and the job's own row, in
//! one transaction. A job that lost its lease meanwhile writes nothing.

use super::{AUDIO, Group, REMUX, Source, TRANSCODE, enqueue_group};
use crate::{Pod, Result, network::telling, removal};
use db::{
    Tx,
    jobs::{self, Job},
    renditions::Rendition,
    videos::{Video, VideoChanges},
};
use names::VideoState;
use queue::{Context, Outcome};

/// Adds renditions, enqueues what waited for them, and publishes the video if this made it watchable.
pub(super) async fn renditions(
    pod: &Pod,
    job: &Job,
    context: &Context,
    video: &Video,
    rows: Vec<Rendition>,
    (source, then): (Source, Vec<Group>),
) -> Result<Outcome> {
    let mut tx = pod.db.begin().await?;
    for row in &rows {
        db::renditions::insert(&mut tx, row).await?;
    }
    for group in then {
        enqueue_group(pod, &mut tx, video.id, &source, group).await?;
    }
    end(pod, tx, job, context, video, VideoChanges::default()).await
}

/// Changes the video.
pub(super) async fn changes(
    pod: &Pod,
    job: &Job,
    context: &Context,
    video: &Video,
    changes: VideoChanges,
) -> Result<Outcome> {
    let tx = pod.db.begin().await?;
    end(pod, tx, job, context, video, changes).await
}

async fn end(
    pod: &Pod,
    mut tx: Tx,
    job: &Job,
    context: &Context,
    video: &Video,
    mut changes: VideoChanges,
) -> Result<Outcome> {
    if !jobs::complete(&mut tx, job.id, &context.owner, pod.now()).await? {
        // Somebody else has the job, or the video was deleted. Files this run left are under names that
        // the job's next run replaces, or go with the video's folder.
        if db::videos::by_id(&mut tx, video.id).await?.is_none() {
            drop(tx);
            pod.files.remove_video(video.uuid).await?;
        }
        return Ok(Outcome::Done);
    }
    let before = db::videos::by_id(&mut tx, video.id).await?;
    settle(pod, &mut tx, job, video, &mut changes).await?;
    db::videos::update(&mut tx, video.id, &changes, pod.now()).await?;
    if let Some(after) = db::videos::by_id(&mut tx, video.id).await? {
        db::search::refresh(&mut tx, &after).await?;
        telling::of_video(&mut tx, before.as_ref(), Some(&after), pod.now()).await?;
    }
    tx.commit().await?;
    pod.lists.changed(video.id);
    pod.network.told();
    Ok(Outcome::Done)
}

/// What the state of the video must be, now that this job is out of the way.
async fn settle(
    pod: &Pod,
    tx: &mut Tx,
    job: &Job,
    video: &Video,
    changes: &mut VideoChanges,
) -> Result<()> {
    let Some(now) = db::videos::by_id(&mut *tx, video.id).await? else {
        return Ok(());
    };
    let renditions = db::renditions::of_video(&mut *tx, video.id).await?;
    let all_done = jobs::open_of(&mut *tx, video.id, job.id).await? == 0;
    // Sound alone is watchable only when there is nothing to see.
    let watchable = renditions.iter().any(|r| r.has_video) || (all_done && !renditions.is_empty());
    if now.state == VideoState::ToTranscode && watchable && (all_done || !now.wait_transcoding) {
        changes.state = Some(VideoState::Published);
        changes.published_at = Some(pod.now());
        tracing::info!(video = %video.uuid, "video published");
    }
    if all_done
        && now.source_kept
        && !pod.settings.transcoding.keep_original
        && watchable
        && now.failure.is_none()
    {
        changes.source_kept = Some(false);
        let files = removal::Files {
            sources: vec![video.uuid.to_string()],
            ..removal::Files::default()
        };
        removal::enqueue(pod, tx, &files).await?;
    }
    Ok(())
}

/// A job failed its last try: its row says so, and the video too if there will be nothing to watch.
pub(super) async fn give_up(pod: &Pod, job: &Job, reason: &str) -> db::Result<()> {
    let mut tx = pod.db.begin().await?;
    let owner = job.lease_owner.as_deref().unwrap_or_default();
    if !jobs::fail(&mut tx, job.id, owner, reason, pod.now()).await? {
        return Ok(());
    }
    let video = match job.video_id {
        Some(id) => db::videos::by_id(&mut tx, id).await?,
        None => None,
    };
    if let Some(video) = video {
        let renditions = db::renditions::of_video(&mut tx, video.id).await?;
        let makes = |kind: &str| [REMUX, AUDIO, TRANSCODE].contains(&kind);
        let others = jobs::of_videos(&mut tx, &[video.id]).await?;
        let hope = others.iter().any(|j| {
            j.id != job.id && makes(&j.kind) && matches!(j.state.as_str(), "waiting" | "active")
        });
        let mut changes = VideoChanges::default();
        if makes(&job.kind) {
            changes.failure = Some(Some(reason.to_owned()));
        }
        let watchable = renditions.iter().any(|r| r.has_video);
        if video.state == VideoState::ToTranscode && !hope {
            changes.state = Some(if watchable {
                VideoState::Published
            } else {
                VideoState::TranscodingFailed
            });
        }
        db::videos::update(&mut tx, video.id, &changes, pod.now()).await?;
        if let Some(after) = db::videos::by_id(&mut tx, video.id).await? {
            db::search::refresh(&mut tx, &after).await?;
            telling::of_video(&mut tx, Some(&video), Some(&after), pod.now()).await?;
        }
        tracing::warn!(video = %video.uuid, job = job.kind, reason, "publishing a video failed");
    }
    tx.commit().await?;
    pod.lists.clear();
    pod.network.told();
    Ok(())
}
