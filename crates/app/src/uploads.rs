//! Receiving a video: begun with a draft, fed in parts, finished into a video. What has arrived
//! is the length of a file, so that a pod that dies in the middle has lost nothing it
//! acknowledged. Memory is constant whatever the size.

mod draft;

pub use draft::{Draft, EXTENSIONS};

use crate::{Error, Pod, Result, publish};
use bytes::Bytes;
use db::{uploads::Upload, users::User, videos::NewVideo};
use draft::{check, media_extension, not_a_video_name};
use files::{FileName, Key};
use futures_util::{Stream, StreamExt as _};
use names::{Quota, Support, VideoId, VideoUuid, human_size, safe_filename};
use std::{collections::HashSet, pin::pin, sync::Mutex};
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};

/// A user has at most this many uploads under way.
const MAX_UPLOADS: i64 = 50;
/// Room that is always left on the disk, for the database and the log.
const SPARE_ROOM: u64 = 8 << 20;

/// A video that was made.
#[derive(Debug, Clone, Copy)]
pub struct Created {
    pub id: VideoId,
    pub uuid: VideoUuid,
}

/// Where an upload stands.
#[derive(Debug, Clone, Copy)]
pub enum Progress {
    /// So many bytes have arrived.
    Partial(u64),
    Complete(Created),
}

/// Uploads whose body is being read right now: one writer each.
#[derive(Default)]
pub struct Receiving(Mutex<HashSet<String>>);

struct Turn<'a> {
    receiving: &'a Receiving,
    id: String,
}

impl Receiving {
    fn begin(&self, id: &str) -> Result<Turn<'_>> {
        let mut running = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if !running.insert(id.to_owned()) {
            return Err(Error::Conflict {
                field: "upload_id",
                reason:
                    "This upload is being received by another request; try again when it has ended."
                        .into(),
            });
        }
        Ok(Turn {
            receiving: self,
            id: id.to_owned(),
        })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut running = self
            .receiving
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        running.remove(&self.id);
    }
}

/// What may still be uploaded, and why not more.
async fn allowance(pod: &Pod, user: &User) -> Result<(u64, String)> {
    let (used, daily) = crate::users::used(pod, user.id).await?;
    let left = |quota: i64, used: i64| match Quota::from_number(quota) {
        Ok(Quota::Bytes(max)) => max.saturating_sub(used.max(0) as u64),
        _ => u64::MAX,
    };
    let max = pod.settings.transcoding.max_upload;
    let total = left(user.quota, used);
    let daily = left(user.quota_daily, daily);
    Ok(if max <= total.min(daily) {
        (
            max,
            format!("This pod takes videos up to {}.", human_size(max)),
        )
    } else if total <= daily {
        (total, format!("Your quota has {} left.", human_size(total)))
    } else {
        (
            daily,
            format!("Your quota for a day has {} left.", human_size(daily)),
        )
    })
}

fn room_for(pod: &Pod, bytes: u64) -> Result<()> {
    let free = pod.files.free_space()?;
    if free < bytes.saturating_add(SPARE_ROOM) {
        tracing::warn!(
            free,
            wanted = bytes,
            "an upload was refused: the disk is nearly full"
        );
        return Err(Error::Unavailable(format!(
            "The pod's disk has no room for {} more. Try again later.",
            human_size(bytes)
        )));
    }
    Ok(())
}

/// Begins an upload of `size` bytes; its id.
pub async fn begin(pod: &Pod, user: &User, draft: &Draft, size: u64) -> Result<String> {
    check(pod, user, draft).await?;
    if size == 0 {
        return Err(Error::invalid("size", "the file is empty"));
    }
    let (allowed, why) = allowance(pod, user).await?;
    if size > allowed {
        return Err(Error::TooLarge(why));
    }
    room_for(pod, size)?;
    insert(pod, user, draft, size).await
}

async fn mine(pod: &Pod, user: &User, id: &str) -> Result<(Upload, FileName)> {
    let gone = || Error::NotFound("The upload was");
    let file = FileName::parse(id).ok_or_else(gone)?;
    let upload = db::uploads::by_id(&pod.db, id).await?.ok_or_else(gone)?;
    if upload.user_id != user.id {
        return Err(gone());
    }
    Ok((upload, file))
}

async fn already(pod: &Pod, upload: &Upload) -> Result<Option<Created>> {
    let Some(id) = upload.video_id else {
        return Ok(None);
    };
    let video = db::videos::by_id(&pod.db, id)
        .await?
        .ok_or(Error::NotFound("The video was"))?;
    Ok(Some(Created {
        id,
        uuid: video.uuid,
    }))
}

/// Where an upload stands; one that has all its bytes is finished now (its answer may have been lost).
pub async fn progress(pod: &Pod, user: &User, id: &str) -> Result<Progress> {
    let (upload, file) = mine(pod, user, id).await?;
    if let Some(created) = already(pod, &upload).await? {
        return Ok(Progress::Complete(created));
    }
    let received = pod.files.received(&file).await?;
    if received < upload.size as u64 {
        return Ok(Progress::Partial(received));
    }
    let _turn = pod.receiving.begin(id)?;
    finish(pod, user, &upload, &file, received)
        .await
        .map(Progress::Complete)
}

/// A part of a file: bytes `start..end` of `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub start: u64,
    pub end: u64,
    pub total: u64,
}

/// Receives a part. A part that does not begin where the last one ended is not read: the answer
/// says how much is there. A body that breaks off leaves what had come.
pub async fn receive<S, E>(
    pod: &Pod,
    user: &User,
    id: &str,
    part: Part,
    body: S,
) -> Result<Progress>
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Send,
    E: std::fmt::Display,
{
    let (upload, file) = mine(pod, user, id).await?;
    if let Some(created) = already(pod, &upload).await? {
        return Ok(Progress::Complete(created));
    }
    if part.total != upload.size as u64 || part.start >= part.end || part.end > part.total {
        return Err(Error::invalid(
            "Content-Range",
            format!(
                "this upload has {} bytes, and the range does not fit",
                upload.size
            ),
        ));
    }
    let _turn = pod.receiving.begin(id)?;
    let received = pod.files.received(&file).await?;
    if received != part.start {
        return Ok(Progress::Partial(received));
    }
    room_for(pod, part.end - part.start)?;
    let received = store(pod, &file, part.start, part.end, body).await?;
    db::uploads::touch(&pod.db, id, pod.now()).await?;
    if received < part.total {
        return Ok(Progress::Partial(received));
    }
    finish(pod, user, &upload, &file, received)
        .await
        .map(Progress::Complete)
}

/// Receives a whole file whose size is not known before, and finishes it.
pub async fn receive_all<S, E>(pod: &Pod, user: &User, id: &str, body: S) -> Result<u64>
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Send,
    E: std::fmt::Display,
{
    let (_, file) = mine(pod, user, id).await?;
    let _turn = pod.receiving.begin(id)?;
    let (allowed, why) = allowance(pod, user).await?;
    let limit = allowed.saturating_add(1);
    let received = store(pod, &file, 0, limit, body).await?;
    if received > allowed {
        cancel_now(pod, id, &file).await?;
        return Err(Error::TooLarge(why));
    }
    Ok(received)
}

/// Makes the video of an upload that was received in one go.
pub async fn complete(pod: &Pod, user: &User, id: &str, draft: &Draft) -> Result<Created> {
    let (mut upload, file) = mine(pod, user, id).await?;
    let _turn = pod.receiving.begin(id)?;
    let received = pod.files.received(&file).await?;
    if received == 0 {
        cancel_now(pod, id, &file).await?;
        return Err(Error::invalid("videofile", "the file is empty"));
    }
    upload.draft = serde_json::to_string(draft).map_err(|e| Error::Internal(e.into()))?;
    finish(pod, user, &upload, &file, received).await
}

/// Appends the body to the file until `end`; how long the file is then. Everything that is counted is on disk.
async fn store<S, E>(pod: &Pod, file: &FileName, start: u64, end: u64, body: S) -> Result<u64>
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Send,
    E: std::fmt::Display,
{
    let path = pod.files.path(&Key::Upload(file.clone()));
    let mut out = tokio::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .await?;
    out.set_max_buf_size(512 << 10);
    out.seek(std::io::SeekFrom::Start(start)).await?;
    let mut body = pin!(body);
    let mut position = start;
    let mut failure = None;
    while position < end {
        let chunk = match body.next().await {
            None => break,
            Some(Ok(chunk)) => chunk,
            Some(Err(error)) => {
                tracing::debug!(%error, "an upload broke off");
                break;
            }
        };
        let take = usize::try_from(end - position)
            .unwrap_or(usize::MAX)
            .min(chunk.len());
        if let Err(error) = out.write_all(&chunk[..take]).await {
            failure = Some(error);
            break;
        }
        position += take as u64;
    }
    // The writes behind `write_all` run in the background: a full disk may show itself only here.
    if let Err(error) = out.flush().await {
        failure.get_or_insert(error);
    }
    if let Err(error) = out.sync_data().await {
        failure.get_or_insert(error);
    }
    if let Some(error) = failure {
        tracing::warn!(%error, "an upload could not be written");
        return Err(error.into());
    }
    Ok(pod.files.received(file).await?)
}

/// Makes the video: looks at the file, writes the rows, enqueues the work.
async fn finish(
    pod: &Pod,
    user: &User,
    upload: &Upload,
    file: &FileName,
    size: u64,
) -> Result<Created> {
    let draft: Draft =
        serde_json::from_str(&upload.draft).map_err(|e| Error::Internal(e.into()))?;
    let checked = check(pod, user, &draft).await?;
    let path = pod.files.path(&Key::Upload(file.clone()));
    let probe = match media::probe(&pod.settings.transcoding.tools, &path).await {
        Ok(probe) => probe,
        Err(error) if error.is_server_fault() => {
            return Err(Error::Internal(anyhow::anyhow!(
                "probing an upload: {error}"
            )));
        }
        Err(error) => {
            // It will never be a video: keeping it would only use up the quota.
            cancel_now(pod, &upload.id, file).await?;
            return Err(Error::Unprocessable(error.to_string()));
        }
    };
    let source_name = safe_filename(&draft.filename);
    let mut tx = pod.db.begin().await?;
    let uuid = VideoUuid(uuid::Uuid::new_v4());
    let id = db::videos::insert(
        &mut tx,
        NewVideo {
            uuid,
            account_id: user.account_id,
            channel_id: checked.channel,
            name: checked.name.as_str(),
            description: checked.description.as_str(),
            support: checked.support.as_ref().map(Support::as_str),
            category: draft.category,
            licence: draft.licence,
            language: draft.language.as_deref(),
            tags: &checked.tags,
            nsfw: draft.nsfw,
            privacy: checked.privacy,
            wait_transcoding: draft.wait_transcoding,
            download_enabled: draft.download_enabled.unwrap_or(true),
            comments_policy: draft.comments_policy.unwrap_or(1),
            p2p_enabled: draft.p2p_enabled.unwrap_or(true),
            source_name: &source_name,
            source_size: i64::try_from(size).unwrap_or(i64::MAX),
            originally_published_at: draft.originally_published_at,
            now: pod.now(),
        },
    )
    .await?;
    db::uploads::finished(&mut tx, &upload.id, id).await?;
    publish::begin(pod, &mut tx, id, &probe).await?;
    tx.commit().await?;
    // If the pod dies right here, the first job finds the file under its old name.
    publish::take_source(pod, uuid, Some(file)).await?;
    pod.queue.wake();
    tracing::info!(video = %uuid, size, "upload received");
    Ok(Created { id, uuid })
}

async fn cancel_now(pod: &Pod, id: &str, file: &FileName) -> Result<()> {
    db::uploads::delete(&pod.db, id).await?;
    Ok(pod.files.remove(&Key::Upload(file.clone())).await?)
}

/// Cancels an upload and removes what had arrived.
pub async fn cancel(pod: &Pod, user: &User, id: &str) -> Result<()> {
    let (upload, file) = mine(pod, user, id).await?;
    let _turn = pod.receiving.begin(id)?;
    if upload.video_id.is_some() {
        return Err(Error::Conflict {
            field: "upload_id",
            reason: "The upload is finished; delete the video instead.".into(),
        });
    }
    cancel_now(pod, id, &file).await
}

/// Begins an upload whose fields and size are not known yet, because its file came first in a form.
pub async fn begin_form(pod: &Pod, user: &User, filename: &str) -> Result<String> {
    let filename = safe_filename(filename);
    if !media_extension(&filename) {
        return Err(not_a_video_name(&filename));
    }
    let (allowed, why) = allowance(pod, user).await?;
    if allowed == 0 {
        return Err(Error::TooLarge(why));
    }
    room_for(pod, 0)?;
    insert(
        pod,
        user,
        &Draft {
            filename,
            ..Draft::default()
        },
        0,
    )
    .await
}

async fn insert(pod: &Pod, user: &User, draft: &Draft, size: u64) -> Result<String> {
    if db::uploads::count_of(&pod.db, user.id).await? >= MAX_UPLOADS {
        return Err(Error::TooMany {
            seconds: 60,
            reason: format!("At most {MAX_UPLOADS} uploads at a time; finish or cancel some."),
        });
    }
    let id = uuid::Uuid::new_v4().simple().to_string();
    let now = pod.now();
    let upload = Upload {
        id: id.clone(),
        user_id: user.id,
        draft: serde_json::to_string(draft).map_err(|e| Error::Internal(e.into()))?,
        size: i64::try_from(size).unwrap_or(i64::MAX),
        video_id: None,
        created_at: now,
        updated_at: now,
    };
    db::uploads::insert(&pod.db, &upload).await?;
    Ok(id)
}
