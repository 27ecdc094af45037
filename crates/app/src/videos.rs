//! Videos as people see them: lists, one video, changes. What everybody asks for is remembered for
//! a moment (`kept`); who changes something reads what is in the database now.

use crate::{
    Error, Pod, Result,
    access::{self, Right},
    error::InField as _,
    kept::{Ids, Kept},
    network::{fetching, remote::Document, telling},
    removal,
};
use bytes::Bytes;
use db::{
    jobs::Job,
    renditions::Rendition,
    users::User,
    video_list::{self, VideoQuery, VideoSort},
    videos::{OwnedVideo, Video, VideoChanges},
};
use names::{
    ChannelId, Description, Host, Privacy, Support, Tag, VideoId, VideoName, VideoRef, VideoState,
    category_label, language_label, licence_label,
};
use std::sync::Arc;

/// Ids of a list without filters are read so many at a time: it costs little more than one page, and
/// whoever pages on finds the next ones ready.
const AT_A_TIME: i64 = 128;

/// A page of a list that everybody may see, and the length of the whole.
pub struct Page {
    pub total: i64,
    pub videos: Vec<Arc<Kept>>,
}

/// One page of a list of videos that everybody may see.
pub async fn list(pod: &Pod, query: VideoQuery) -> Result<Page> {
    let (total, ids) = if query.search.is_some() {
        let page = pod.lists.page(query, async |query| {
            let (total, ids) = video_list::search_ids(&pod.db, query).await?;
            Ok(Ids { total, ids })
        });
        let page = page.await?;
        (page.total, page.ids.clone())
    } else {
        let total = total(pod, &query).await?;
        let ids = if query.plain() {
            ids_in_blocks(pod, &query).await?
        } else {
            ids(pod, query).await?.ids.clone()
        };
        (total, ids)
    };
    let mut videos = rows(pod, &ids).await?;
    // The ids may be older than the rows.
    videos.retain(|v| v.video.video.listed());
    Ok(Page { total, videos })
}

/// These videos as a page of a list.
pub async fn these(pod: &Pod, ids: &[VideoId]) -> Result<Page> {
    let mut videos = rows(pod, ids).await?;
    videos.retain(|v| v.video.video.listed());
    Ok(Page {
        total: videos.len() as i64,
        videos,
    })
}

/// One page of an account's own videos as they are now, and how many there are.
pub async fn mine(pod: &Pod, query: &VideoQuery) -> Result<(i64, Vec<OwnedVideo>)> {
    let total = video_list::total(&pod.db, query).await?;
    let ids = video_list::page_ids(&pod.db, query).await?;
    Ok((total, db::videos::hydrate(&pod.db, &ids).await?))
}

async fn total(pod: &Pod, query: &VideoQuery) -> Result<i64> {
    let whole = VideoQuery {
        start: 0,
        count: 0,
        sort: VideoSort::Newest,
        ..query.clone()
    };
    let read = async |whole: &VideoQuery| Ok(video_list::total(&pod.db, whole).await?);
    pod.lists.total(whole, read).await
}

async fn ids(pod: &Pod, query: VideoQuery) -> Result<Arc<Ids>> {
    let read = async |query: &VideoQuery| {
        let ids = video_list::page_ids(&pod.db, query).await?;
        Ok(Ids { total: 0, ids })
    };
    pod.lists.page(query, read).await
}

async fn ids_in_blocks(pod: &Pod, query: &VideoQuery) -> Result<Vec<VideoId>> {
    let end = query.start.saturating_add(query.count);
    let mut found = Vec::with_capacity(usize::try_from(query.count).unwrap_or(0));
    let mut start = query.start;
    while start < end {
        let first = start - start % AT_A_TIME;
        let block = VideoQuery {
            start: first,
            count: AT_A_TIME,
            ..query.clone()
        };
        let block = ids(pod, block).await?;
        let (from, to) = (start - first, (end - first).min(AT_A_TIME));
        let place = |n: i64| usize::try_from(n).unwrap_or(0).min(block.ids.len());
        found.extend_from_slice(&block.ids[place(from)..place(to)]);
        if (block.ids.len() as i64) < AT_A_TIME {
            break;
        }
        start = first + AT_A_TIME;
    }
    Ok(found)
}

/// The rows of these ids, in their order; those that are gone are left out.
async fn rows(pod: &Pod, ids: &[VideoId]) -> Result<Vec<Arc<Kept>>> {
    let read = pod.lists.now();
    let mut rows: Vec<_> = ids.iter().map(|id| pod.lists.row(*id)).collect();
    let missing: Vec<VideoId> = ids
        .iter()
        .zip(&rows)
        .filter_map(|(id, row)| row.is_none().then_some(*id))
        .collect();
    if !missing.is_empty() {
        let hydrated = db::videos::hydrate(&pod.db, &missing).await?;
        let mut hydrated = hydrated.into_iter().peekable();
        for (id, row) in ids.iter().zip(&mut rows) {
            if row.is_none()
                && let Some(video) = hydrated.next_if(|v| v.video.id == *id)
            {
                *row = Some(pod.lists.keep_row(read, video));
            }
        }
    }
    Ok(rows.into_iter().flatten().collect())
}

/// A video with everything a page shows.
#[derive(Debug, Clone)]
pub struct Details {
    pub video: Video,
    pub owner: db::videos::Owner,
    pub renditions: Vec<Rendition>,
    /// Jobs, for those who may see how publishing goes; else nothing.
    pub jobs: Option<Vec<Job>>,
    /// What playing it needs, if it is at home on another pod.
    pub remote: Option<Remote>,
}

/// Where a video of another pod is at home, and how it is played from there.
#[derive(Debug, Clone)]
pub struct Remote {
    pub host: Host,
    pub document: Document,
}

async fn remote(pod: &Pod, video: &Video) -> Result<Option<Remote>> {
    if !video.remote {
        return Ok(None);
    }
    let row = db::remote_videos::by_id(&pod.db, video.id).await?;
    if let Some(row) = &row {
        fetching::refresh(pod, row).await?;
    }
    Ok(row.map(|row| Remote {
        document: Document::read(&row.document),
        host: row.host,
    }))
}

/// Whether this user owns the video or manages all.
pub fn may_manage(user: Option<&User>, video: &Video) -> bool {
    user.is_some_and(|u| {
        u.account_id == video.account_id || access::has(u.role, Right::ManageVideos)
    })
}

/// The video, as remembered or as it is now.
pub(crate) async fn known(pod: &Pod, named: VideoRef) -> Result<Arc<Kept>> {
    let id = match named {
        VideoRef::Id(id) => Some(id),
        VideoRef::Uuid(uuid) => pod.lists.id(uuid),
    };
    if let Some(kept) = id.and_then(|id| pod.lists.row(id)) {
        return Ok(kept);
    }
    let read = pod.lists.now();
    let found = current(pod, named).await?;
    Ok(pod.lists.keep_row(read, found))
}

/// The video as it is now.
async fn current(pod: &Pod, named: VideoRef) -> Result<OwnedVideo> {
    db::videos::find(&pod.db, named)
        .await?
        .ok_or(Error::NotFound("The video was"))
}

fn check_may_see(viewer: Option<&User>, video: &Video) -> Result<()> {
    if video.privacy.open_by_link() || may_manage(viewer, video) {
        return Ok(());
    }
    match viewer {
        None => Err(Error::Unauthorized(
            "This video is private. Log in to watch it.",
        )),
        Some(_) => Err(Error::Forbidden("This video is private.".into())),
    }
}

/// The video, if this viewer may see it.
pub async fn find(pod: &Pod, viewer: Option<&User>, named: VideoRef) -> Result<OwnedVideo> {
    let found = known(pod, named).await?;
    check_may_see(viewer, &found.video.video)?;
    Ok(found.video.clone())
}

/// A video with its renditions. Who manages it sees it as it is now.
pub async fn show(pod: &Pod, viewer: Option<&User>, named: VideoRef) -> Result<Details> {
    let found = known(pod, named).await?;
    check_may_see(viewer, &found.video.video)?;
    let manages = may_manage(viewer, &found.video.video);
    let OwnedVideo { video, owner } = if manages {
        current(pod, named).await?
    } else {
        found.video.clone()
    };
    let renditions = db::renditions::of_video(&pod.db, video.id).await?;
    let jobs = if manages {
        Some(db::jobs::of_videos(&pod.db, &[video.id]).await?)
    } else {
        None
    };
    Ok(Details {
        remote: remote(pod, &video).await?,
        video,
        owner,
        renditions,
        jobs,
    })
}

/// The whole answer about a video to somebody who is not signed in. `make` puts it together from
/// what everybody may see, and always in the same way, because the answer is remembered.
pub async fn answer(
    pod: &Pod,
    named: VideoRef,
    make: impl FnOnce(&Details) -> Bytes,
) -> Result<Bytes> {
    let id = match named {
        VideoRef::Id(id) => Some(id),
        VideoRef::Uuid(uuid) => pod.lists.id(uuid),
    };
    if let Some(body) = id.and_then(|id| pod.lists.answer(id)) {
        return Ok(body);
    }
    let found = known(pod, named).await?;
    let OwnedVideo { video, owner } = found.video.clone();
    check_may_see(None, &video)?;
    let details = Details {
        renditions: db::renditions::of_video(&pod.db, video.id).await?,
        remote: remote(pod, &video).await?,
        video,
        owner,
        jobs: None,
    };
    let body = make(&details);
    pod.lists.keep_answer(&found, &body);
    Ok(body)
}

/// The video as it is now, if the user may change it.
pub async fn managed(pod: &Pod, user: &User, named: VideoRef) -> Result<OwnedVideo> {
    let found = current(pod, named).await?;
    check_may_see(Some(user), &found.video)?;
    if !may_manage(Some(user), &found.video) {
        return Err(Error::Forbidden(
            "This video belongs to somebody else.".into(),
        ));
    }
    Ok(found)
}

/// What its owner may change on a video; `None` leaves a field alone, `Some(None)` empties it.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    pub channel_id: Option<i64>,
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub support: Option<Option<String>>,
    pub category: Option<Option<i64>>,
    pub licence: Option<Option<i64>>,
    pub language: Option<Option<String>>,
    pub tags: Option<Vec<String>>,
    pub nsfw: Option<bool>,
    pub privacy: Option<i64>,
    pub wait_transcoding: Option<bool>,
    pub download_enabled: Option<bool>,
    pub comments_policy: Option<i64>,
    pub p2p_enabled: Option<bool>,
    pub originally_published_at: Option<Option<i64>>,
    /// A new picture, as it was sent.
    pub thumbnail: Option<bytes::Bytes>,
}

pub(crate) fn check_catalog(
    category: Option<i64>,
    licence: Option<i64>,
    language: Option<&str>,
) -> Result<()> {
    if category.is_some_and(|id| category_label(id).is_none()) {
        return Err(Error::invalid("category", "there is no such category"));
    }
    if licence.is_some_and(|id| licence_label(id).is_none()) {
        return Err(Error::invalid("licence", "there is no such licence"));
    }
    if language.is_some_and(|code| language_label(code).is_none()) {
        return Err(Error::invalid("language", "there is no such language"));
    }
    Ok(())
}

pub(crate) fn check_comments_policy(policy: Option<i64>) -> Result<()> {
    match policy {
        None | Some(1..=3) => Ok(()),
        Some(_) => Err(Error::invalid(
            "commentsPolicy",
            "1 (everybody), 2 (nobody) or 3 (after approval)",
        )),
    }
}

/// Changes a video.
pub async fn edit(pod: &Pod, user: &User, named: VideoRef, edit: Edit) -> Result<()> {
    let video = managed(pod, user, named).await?.video;
    let changes = checked(pod, &video, &edit).await?;
    let picture = match &edit.thumbnail {
        Some(bytes) => Some(crate::images::store_thumbnail(pod, bytes.clone()).await?),
        None => None,
    };
    let mut changes = changes;
    if let Some(picture) = &picture {
        changes.thumbnail = Some(Some(picture.thumbnail.clone()));
        changes.preview = Some(Some(picture.preview.clone()));
    }
    let mut tx = pod.db.begin().await?;
    db::videos::update(&mut tx, video.id, &changes, pod.now()).await?;
    let after = db::videos::by_id(&mut tx, video.id)
        .await?
        .ok_or(Error::NotFound("The video was"))?;
    db::search::refresh(&mut tx, &after).await?;
    telling::of_video(&mut tx, Some(&video), Some(&after), pod.now()).await?;
    if picture.is_some() {
        removal::pictures_in(pod, &mut tx, &video).await?;
    }
    let shared = |v: &Video| pod.settings.p2p.off(v.into()).is_none();
    let infohashes = if shared(&video) && !shared(&after) {
        db::renditions::infohashes(&mut tx, &[video.id]).await?
    } else {
        Vec::new()
    };
    tx.commit().await?;
    crate::swarms::forget(pod, &infohashes);
    pod.reach.invalidate(&video.uuid);
    pod.lists.changed(video.id);
    pod.queue.wake();
    pod.network.told();
    Ok(())
}

async fn checked(pod: &Pod, video: &Video, edit: &Edit) -> Result<VideoChanges> {
    if let Some(id) = edit.channel_id {
        let channel = db::channels::by_id(&pod.db, ChannelId(id)).await?;
        if channel.is_none_or(|c| c.account_id != video.account_id) {
            return Err(Error::invalid(
                "channelId",
                "the video's owner has no such channel",
            ));
        }
    }
    check_catalog(
        edit.category.flatten(),
        edit.licence.flatten(),
        edit.language.as_ref().and_then(|l| l.as_deref()),
    )?;
    check_comments_policy(edit.comments_policy)?;
    let privacy = edit
        .privacy
        .map(Privacy::from_id)
        .transpose()
        .field("privacy")?;
    let name = edit
        .name
        .as_deref()
        .map(VideoName::parse)
        .transpose()
        .field("name")?;
    let description = edit
        .description
        .as_ref()
        .map(|d| Description::parse(d.as_deref().unwrap_or_default()))
        .transpose()
        .field("description")?;
    let support = match &edit.support {
        Some(Some(text)) if !text.trim().is_empty() => {
            Some(Some(Support::parse(text).field("support")?.into_string()))
        }
        Some(_) => Some(None),
        None => None,
    };
    let tags = edit
        .tags
        .as_ref()
        .map(|tags| Tag::parse_all(tags.iter().map(String::as_str)))
        .transpose()
        .field("tags")?;
    // A video that becomes public for the first time is new to the world now.
    let becomes_public = privacy == Some(Privacy::Public) && video.privacy != Privacy::Public;
    Ok(VideoChanges {
        channel_id: edit.channel_id.map(ChannelId),
        name: name.map(VideoName::into_string),
        description: description.map(Description::into_string),
        support,
        category: edit.category,
        licence: edit.licence,
        language: edit.language.clone(),
        tags: tags.map(|tags| tags.into_iter().map(Tag::into_string).collect()),
        nsfw: edit.nsfw,
        privacy,
        wait_transcoding: edit.wait_transcoding,
        download_enabled: edit.download_enabled,
        comments_policy: edit.comments_policy,
        p2p_enabled: edit.p2p_enabled,
        originally_published_at: edit.originally_published_at,
        published_at: becomes_public.then(|| pod.now()),
        ..VideoChanges::default()
    })
}

/// Deletes a video with all its files; its swarms end at once.
pub async fn delete(pod: &Pod, user: &User, named: VideoRef) -> Result<()> {
    let video = managed(pod, user, named).await?.video;
    let mut tx = pod.db.begin().await?;
    let removed = removal::videos_in(pod, &mut tx, std::slice::from_ref(&video)).await?;
    db::videos::delete(&mut tx, video.id).await?;
    tx.commit().await?;
    removed.after_commit(pod);
    Ok(())
}

/// How far publishing has come.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishProgress {
    /// What is being done: `remux`, `audio`, `transcode`, `thumbnail` or `storyboard`.
    pub step: &'static str,
    /// Of all the work.
    pub percent: i64,
    pub done: i64,
    pub total: i64,
    /// Why it does not go on right now (the disk is full, a try failed), in words.
    pub waiting: Option<String>,
}

/// Sums up a video's jobs; nothing when all are done.
pub fn progress(jobs: &[Job]) -> Option<PublishProgress> {
    let open = |j: &&Job| matches!(j.state.as_str(), "waiting" | "active");
    let current = jobs
        .iter()
        .filter(open)
        .min_by_key(|j| (j.state != "active", j.priority, j.id))?;
    let total = jobs.len() as i64;
    let done = jobs.iter().filter(|j| !open(j)).count() as i64;
    let sum: i64 = jobs
        .iter()
        .map(|j| if open(&j) { j.progress } else { 100 })
        .sum();
    Some(PublishProgress {
        step: crate::publish::step_name(&current.kind),
        percent: sum / total.max(1),
        done,
        total,
        waiting: current.error.clone().filter(|_| current.state == "waiting"),
    })
}

/// The jobs of some videos of an owner's list, by video.
pub async fn jobs_of(pod: &Pod, videos: &[OwnedVideo]) -> Result<Vec<Job>> {
    let open: Vec<VideoId> = videos.iter().map(|v| v.video.id).collect();
    if open.is_empty() {
        return Ok(Vec::new());
    }
    Ok(db::jobs::of_videos(&pod.db, &open).await?)
}

/// Whether a video can be watched already.
pub fn watchable(video: &Video, renditions: &[Rendition]) -> bool {
    video.state != VideoState::TranscodingFailed && !renditions.is_empty()
}
