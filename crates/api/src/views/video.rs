//! Videos: in lists and on their page.

mod beside;
mod playing;

pub use beside::*;
pub use playing::{Playlist, VideoFile};

use super::{
    Labelled, LabelledCode, Ready,
    channel::{Account, ActorSummary, Channel},
    time, written,
};
use app::{
    Pod,
    network::pictures,
    videos::{Details, Page, PublishProgress, progress},
};
use bytes::Bytes;
use db::{
    jobs::Job,
    videos::{OwnedVideo, Owner, Video},
};
use names::{Host, category_label, language_label, licence_label};
use playing::{playlist, remote_files, remote_playlist};
use serde::Serialize;

/// Descriptions in lists are cut here.
const SHORT_DESCRIPTION: usize = 250;

/// What lists and pages both show of a video.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VideoCore {
    pub id: i64,
    pub uuid: String,
    #[serde(rename = "shortUUID")]
    pub short_uuid: String,
    pub url: String,
    pub name: String,
    pub category: Labelled,
    pub licence: Labelled,
    pub language: LabelledCode,
    pub privacy: Labelled,
    pub nsfw: bool,
    pub truncated_description: Option<String>,
    pub is_local: bool,
    pub is_live: bool,
    /// Seconds.
    pub duration: i64,
    pub aspect_ratio: Option<f64>,
    pub views: i64,
    pub viewers: i64,
    pub likes: i64,
    pub dislikes: i64,
    pub comments: i64,
    pub thumbnail_path: Option<String>,
    pub preview_path: Option<String>,
    pub embed_path: String,
    pub embed_url: String,
    pub created_at: String,
    pub updated_at: String,
    pub published_at: String,
    pub originally_published_at: Option<String>,
    pub state: Labelled,
    pub wait_transcoding: bool,
    pub blacklisted: bool,
    pub blacklisted_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_history: Option<History>,
    /// How far publishing has come (for the owner).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Why it could not be published (for the owner).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Where the signed-in viewer stopped.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// Seconds.
    pub current_time: i64,
}

/// How far publishing has come.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Progress {
    pub step: &'static str,
    pub percent: i64,
    pub done: i64,
    pub total: i64,
    /// Why it does not go on right now.
    pub waiting: Option<String>,
}

impl From<PublishProgress> for Progress {
    fn from(p: PublishProgress) -> Self {
        Self {
            step: p.step,
            percent: p.percent,
            done: p.done,
            total: p.total,
            waiting: p.waiting,
        }
    }
}

impl VideoCore {
    fn new(pod: &Pod, v: &Video) -> Self {
        let short = v.uuid.short();
        let embed_path = format!("/videos/embed/{short}");
        let base = &pod.settings.public_url;
        // Those of another pod's video are fetched when they are asked for.
        let picture = |own: &Option<String>| match own {
            None if v.remote => Some(pictures::name(v)),
            own => own.clone(),
        };
        let cut: String = v.description.chars().take(SHORT_DESCRIPTION).collect();
        Self {
            id: v.id.0,
            uuid: v.uuid.to_string(),
            url: format!("{base}/videos/watch/{}", v.uuid),
            name: v.name.clone(),
            category: Labelled::new(v.category, v.category.and_then(category_label)),
            licence: Labelled::new(v.licence, v.licence.and_then(licence_label)),
            language: LabelledCode {
                label: v
                    .language
                    .as_deref()
                    .and_then(language_label)
                    .unwrap_or("Unknown"),
                id: v.language.clone(),
            },
            privacy: Labelled::new(Some(v.privacy.id()), Some(v.privacy.label())),
            nsfw: v.nsfw,
            truncated_description: (!cut.is_empty()).then_some(cut),
            is_local: !v.remote,
            is_live: false,
            duration: v.duration,
            aspect_ratio: (v.height > 0).then(|| {
                let ratio = v.width as f64 / v.height as f64;
                (ratio * 10_000.0).round() / 10_000.0
            }),
            views: v.views,
            viewers: pod.viewers.watching(v.id, pod.now()),
            likes: v.likes,
            dislikes: v.dislikes,
            comments: v.comments,
            thumbnail_path: picture(&v.thumbnail).map(|f| format!("/lazy-static/thumbnails/{f}")),
            preview_path: picture(&v.preview).map(|f| format!("/lazy-static/previews/{f}")),
            embed_url: format!("{base}{embed_path}"),
            embed_path,
            created_at: time(v.created_at),
            updated_at: time(v.updated_at),
            published_at: time(v.published_at),
            originally_published_at: v.originally_published_at.map(time),
            state: Labelled::new(Some(v.state.id()), Some(v.state.label())),
            wait_transcoding: v.wait_transcoding,
            blacklisted: false,
            blacklisted_reason: None,
            user_history: None,
            progress: None,
            failure: None,
            short_uuid: short,
        }
    }

    fn with_progress(mut self, video: &Video, jobs: &[Job]) -> Self {
        self.progress = progress(jobs).map(Progress::from);
        self.failure = video.failure.clone();
        self
    }
}

/// A video in a list.
#[derive(Serialize, utoipa::ToSchema)]
pub struct VideoSummary {
    #[serde(flatten)]
    pub core: VideoCore,
    pub account: ActorSummary,
    pub channel: ActorSummary,
}

impl VideoSummary {
    fn of(pod: &Pod, mut core: VideoCore, video: &Video, owner: &Owner) -> Self {
        if let Ok(host) = Host::parse(&owner.account_host) {
            core.url = format!("{}/videos/watch/{}", pod.base_of(&host), video.uuid);
        }
        Self {
            core,
            account: ActorSummary::account(pod, video.account_id.0, owner),
            channel: ActorSummary::channel(pod, video.channel_id.0, owner),
        }
    }

    /// As everybody sees it.
    pub fn new(pod: &Pod, v: &OwnedVideo) -> Self {
        Self::of(pod, VideoCore::new(pod, &v.video), &v.video, &v.owner)
    }

    /// As its owner sees it.
    pub fn for_owner(pod: &Pod, v: &OwnedVideo, jobs: &[Job]) -> Self {
        let core = VideoCore::new(pod, &v.video).with_progress(&v.video, jobs);
        Self::of(pod, core, &v.video, &v.owner)
    }
}

/// A page of videos as everybody sees them: a [`List`] of [`VideoSummary`], put together from
/// the parts that were written when a video was first shown.
pub fn listed(pod: &Pod, page: &Page) -> Ready {
    let parts: Vec<&Bytes> = page
        .videos
        .iter()
        .map(|v| v.shown(|video| written(&VideoSummary::new(pod, video))))
        .collect();
    let length: usize = parts.iter().map(|part| part.len() + 1).sum();
    let mut json = Vec::with_capacity(length + 50);
    json.extend_from_slice(format!("{{\"total\":{},\"data\":[", page.total).as_bytes());
    for (n, part) in parts.into_iter().enumerate() {
        if n > 0 {
            json.push(b',');
        }
        json.extend_from_slice(part);
    }
    json.extend_from_slice(b"]}");
    Ready(json.into())
}

/// A video on its page.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VideoDetails {
    #[serde(flatten)]
    pub core: VideoCore,
    pub description: Option<String>,
    pub support: Option<String>,
    pub account: Account,
    pub channel: Channel,
    pub tags: Vec<String>,
    pub comments_policy: Labelled,
    pub comments_enabled: bool,
    pub download_enabled: bool,
    /// Whether its owner lets viewers of this video share the load.
    pub p2p_enabled: bool,
    /// Why they do not (for now): `pod`, `owner`, `private`, `unlisted`, `sensitive`, or `few` while too few watch. `null`: they do.
    pub p2p_off: Option<&'static str>,
    pub input_file_updated_at: Option<String>,
    pub tracker_urls: Vec<String>,
    /// Always empty: this pod publishes HLS, whose files are whole MP4 files as well.
    pub files: Vec<VideoFile>,
    pub streaming_playlists: Vec<Playlist>,
}

impl VideoDetails {
    pub fn new(pod: &Pod, d: &Details, stopped: Option<i64>) -> Self {
        let mut core = VideoCore::new(pod, &d.video);
        if let Some(jobs) = &d.jobs {
            core = core.with_progress(&d.video, jobs);
        }
        core.user_history = stopped.map(|current_time| History { current_time });
        let video = &d.video;
        let shared = pod.settings.p2p.off(video.into()).is_none();
        let remote = d.remote.as_ref().map(|remote| &remote.document);
        if let Some(remote) = remote {
            core.url.clone_from(&remote.page);
        }
        Self {
            core,
            description: (!video.description.is_empty()).then(|| video.description.clone()),
            support: video.support.clone(),
            account: Account::of_owner(pod, video.account_id.0, &d.owner),
            channel: Channel::of_owner(pod, video.channel_id.0, video.account_id.0, &d.owner),
            tags: video.tags(),
            comments_policy: match video.comments_policy {
                2 => Labelled::new(Some(2), Some("Disabled")),
                3 => Labelled::new(Some(3), Some("Requires approval")),
                _ => Labelled::new(Some(1), Some("Enabled")),
            },
            comments_enabled: video.comments_policy != 2,
            download_enabled: video.download_enabled,
            p2p_enabled: video.p2p_enabled,
            p2p_off: app::terms::off_now(pod, video).map(app::terms::Off::word),
            input_file_updated_at: None,
            tracker_urls: match remote {
                _ if !shared => Vec::new(),
                Some(remote) => remote.trackers.clone(),
                None => pod.tracker_urls(),
            },
            files: remote.map_or_else(Vec::new, |remote| match &remote.playlist {
                Some(_) => Vec::new(),
                None => remote_files(video, remote),
            }),
            streaming_playlists: match remote {
                Some(remote) => remote_playlist(video, remote).into_iter().collect(),
                None => playlist(pod, video, &d.renditions).into_iter().collect(),
            },
        }
    }
}
