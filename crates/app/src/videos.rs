//! Videos as people see them: lists, one video, changes. Public lists are remembered for a
//! moment, because they are what everybody asks for.

use crate::{
    Error, Pod, Result,
    access::{self, Right},
    error::InField as _,
    removal,
};
use db::{
    jobs::Job,
    renditions::Rendition,
    users::User,
    video_list::{self, Scope, VideoQuery},
    videos::{OwnedVideo, Video, VideoChanges},
};
use names::{
    ChannelId, Description, Privacy, Support, Tag, VideoId, VideoName, VideoRef, VideoState,
    category_label, language_label, licence_label,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// A list's totals and the answers to the commonest questions, kept for seconds.
pub struct ListCache {
    totals: moka::sync::Cache<VideoQuery, i64>,
    pages: moka::sync::Cache<(u64, VideoQuery), Arc<Page>>,
    generation: AtomicU64,
}

/// A page of a list and the length of the whole.
#[derive(Debug, Clone)]
pub struct Page {
    pub total: i64,
    pub videos: Vec<OwnedVideo>,
}

impl ListCache {
    pub(crate) fn new() -> Self {
        let kept = |seconds, capacity| (Duration::from_secs(seconds), capacity);
        let (totals, many) = kept(10, 1000);
        let (pages, few) = kept(2, 200);
        Self {
            totals: moka::sync::Cache::builder()
                .time_to_live(totals)
                .max_capacity(many)
                .build(),
            pages: moka::sync::Cache::builder()
                .time_to_live(pages)
                .max_capacity(few)
                .build(),
            generation: AtomicU64::new(0),
        }
    }

    /// Forgets everything: a video or what is shown beside it has changed.
    pub fn clear(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.totals.invalidate_all();
    }
}

/// One page of a list of videos.
pub async fn list(pod: &Pod, query: VideoQuery) -> Result<Arc<Page>> {
    if matches!(query.scope, Scope::Mine(_)) {
        let total = video_list::total(&pod.db, &query).await?;
        let videos = video_list::page(&pod.db, &query).await?;
        return Ok(Arc::new(Page { total, videos }));
    }
    let key = (pod.lists.generation.load(Ordering::SeqCst), query);
    if let Some(page) = pod.lists.pages.get(&key) {
        return Ok(page);
    }
    let query = &key.1;
    let page = if query.search.is_some() {
        let (total, videos) = video_list::search_page(&pod.db, query).await?;
        Page { total, videos }
    } else {
        let total = total(pod, query).await?;
        let videos = video_list::page(&pod.db, query).await?;
        Page { total, videos }
    };
    let page = Arc::new(page);
    pod.lists.pages.insert(key, page.clone());
    Ok(page)
}

async fn total(pod: &Pod, query: &VideoQuery) -> Result<i64> {
    let key = VideoQuery {
        start: 0,
        count: 0,
        sort: db::video_list::VideoSort::Newest,
        ..query.clone()
    };
    if let Some(total) = pod.lists.totals.get(&key) {
        return Ok(total);
    }
    let total = video_list::total(&pod.db, &key).await?;
    pod.lists.totals.insert(key, total);
    Ok(total)
}

/// A video with everything a page shows.
#[derive(Debug, Clone)]
pub struct Details {
    pub video: Video,
    pub owner: db::videos::Owner,
    pub renditions: Vec<Rendition>,
    /// Jobs, for those who may see how publishing goes; else nothing.
    pub jobs: Option<Vec<Job>>,
}

/// Whether this user owns the video or manages all.
pub fn may_manage(user: Option<&User>, video: &Video) -> bool {
    user.is_some_and(|u| {
        u.account_id == video.account_id || access::has(u.role, Right::ManageVideos)
    })
}

/// The video, if this viewer may see it.
pub async fn find(pod: &Pod, viewer: Option<&User>, named: VideoRef) -> Result<OwnedVideo> {
    let found = db::videos::find(&pod.db, named)
        .await?
        .ok_or(Error::NotFound("The video was"))?;
    if found.video.privacy.open_by_link() || may_manage(viewer, &found.video) {
        return Ok(found);
    }
    match viewer {
        None => Err(Error::Unauthorized(
            "This video is private. Log in to watch it.",
        )),
        Some(_) => Err(Error::Forbidden("This video is private.".into())),
    }
}

/// A video with its renditions.
pub async fn show(pod: &Pod, viewer: Option<&User>, named: VideoRef) -> Result<Details> {
    let OwnedVideo { video, owner } = find(pod, viewer, named).await?;
    let renditions = db::renditions::of_video(&pod.db, video.id).await?;
    let jobs = if may_manage(viewer, &video) {
        Some(db::jobs::of_videos(&pod.db, &[video.id]).await?)
    } else {
        None
    };
    Ok(Details {
        video,
        owner,
        renditions,
        jobs,
    })
}

/// The video, if the user may change it.
pub async fn managed(pod: &Pod, user: &User, named: VideoRef) -> Result<OwnedVideo> {
    let found = find(pod, Some(user), named).await?;
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
    if picture.is_some() {
        removal::pictures_in(pod, &mut tx, &video).await?;
    }
    let shared = |v: &Video| v.privacy.open_by_link() && v.p2p_enabled;
    let infohashes = if shared(&video) && !shared(&after) {
        db::renditions::infohashes(&mut tx, &[video.id]).await?
    } else {
        Vec::new()
    };
    tx.commit().await?;
    crate::swarms::forget(pod, &infohashes);
    pod.reach.invalidate(&video.uuid);
    pod.lists.clear();
    pod.queue.wake();
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
