//! Videos: in lists, on their page, and what belongs to them.

use super::{
    Labelled, LabelledCode, Ready,
    channel::{Account, ActorSummary, Channel},
    time, written,
};
use app::{
    Pod,
    network::{
        pictures,
        remote::{Document, RemoteFile},
    },
    uploads::Created,
    videos::{Details, Page, PublishProgress, progress},
};
use bytes::Bytes;
use db::{
    jobs::Job,
    renditions::Rendition,
    traffic::Traffic,
    videos::{OwnedVideo, Owner, Video},
};
use names::{Host, category_label, language_label, licence_label};
use serde::Serialize;
use serde_json::Value;

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

/// The HLS playlist with its renditions.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Playlist {
    pub id: i64,
    /// 1: HLS.
    #[serde(rename = "type")]
    pub kind: i64,
    pub playlist_url: String,
    pub segments_sha256_url: Option<String>,
    pub redundancies: Vec<Value>,
    pub files: Vec<VideoFile>,
}

/// A rendition.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VideoFile {
    pub id: i64,
    pub resolution: Resolution,
    pub width: i64,
    pub height: i64,
    /// Bytes.
    pub size: i64,
    pub fps: i64,
    /// The v1 infohash in hexadecimal digits.
    pub info_hash: String,
    pub magnet_uri: Option<String>,
    pub torrent_url: Option<String>,
    pub torrent_download_url: Option<String>,
    pub file_url: String,
    pub file_download_url: String,
    pub playlist_url: String,
    pub metadata_url: Option<String>,
    pub has_audio: bool,
    pub has_video: bool,
    /// 0: on the pod's disk.
    pub storage: i64,
}

/// A resolution and what menus call it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Resolution {
    pub id: i64,
    pub label: String,
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

fn playlist(pod: &Pod, video: &Video, renditions: &[Rendition]) -> Option<Playlist> {
    let name = video.playlist.as_ref().filter(|_| !renditions.is_empty())?;
    let base = &pod.settings.public_url;
    let private = if video.privacy.open_by_link() {
        ""
    } else {
        "private/"
    };
    let folder = format!(
        "{base}/static/streaming-playlists/hls/{private}{}",
        video.uuid
    );
    let shared = pod.settings.p2p.off(video.into()).is_none();
    let file = |r: &Rendition| VideoFile {
        id: r.id.0,
        resolution: Resolution {
            id: r.resolution,
            label: if r.has_video {
                format!("{}p", r.resolution)
            } else {
                "Audio only".to_owned()
            },
        },
        width: r.width,
        height: r.height,
        size: r.size,
        fps: r.fps,
        info_hash: r.infohash.clone(),
        magnet_uri: app::playlists::magnet(pod, video, r),
        // Pages check what they play by it, whether they share or not.
        torrent_url: Some(format!("{base}/lazy-static/torrents/{}", r.torrent)),
        torrent_download_url: shared.then(|| format!("{base}/download/torrents/{}", r.torrent)),
        file_url: format!("{folder}/{}", r.file),
        file_download_url: format!("{base}/download/streaming-playlists/hls/videos/{}", r.file),
        playlist_url: format!("{folder}/{}", r.playlist),
        metadata_url: None,
        has_audio: r.has_audio,
        has_video: r.has_video,
        storage: 0,
    };
    Some(Playlist {
        id: video.id.0,
        kind: 1,
        playlist_url: format!("{folder}/{name}"),
        segments_sha256_url: None,
        redundancies: Vec::new(),
        files: renditions.iter().map(file).collect(),
    })
}

/// The playlist of a video of another pod.
fn remote_playlist(video: &Video, remote: &Document) -> Option<Playlist> {
    Some(Playlist {
        id: video.id.0,
        kind: 1,
        playlist_url: remote.playlist.clone()?,
        segments_sha256_url: None,
        redundancies: Vec::new(),
        files: remote_files(video, remote),
    })
}

/// The renditions of a video of another pod, as they are there.
fn remote_files(video: &Video, remote: &Document) -> Vec<VideoFile> {
    // Numbers of their own, beyond those of any rendition of ours.
    let first = (1 << 50) + video.id.0 * 100;
    let file = |(at, f): (i64, &RemoteFile)| VideoFile {
        id: first + at,
        resolution: Resolution {
            id: f.resolution,
            label: if f.has_video {
                format!("{}p", f.resolution)
            } else {
                "Audio only".to_owned()
            },
        },
        width: f.width,
        height: f.height,
        size: f.size,
        fps: f.fps,
        info_hash: f.infohash.clone().unwrap_or_default(),
        magnet_uri: f.magnet.clone(),
        torrent_url: f.torrent.clone(),
        torrent_download_url: f.torrent.clone(),
        file_url: f.url.clone(),
        file_download_url: download_url(&f.url),
        playlist_url: remote.playlist.clone().unwrap_or_default(),
        metadata_url: None,
        has_audio: f.has_audio,
        has_video: f.has_video,
        storage: 0,
    };
    let mut files: Vec<VideoFile> = (0..).zip(&remote.files).map(file).collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.resolution.id));
    files
}

/// Where a file of another pod is downloaded, there. Pods and PeerTube keep files under names of their own and offer each for download at an
/// address that follows from it; anywhere else the file itself is offered.
fn download_url(file: &str) -> String {
    let places = [
        (
            "/static/streaming-playlists/hls/",
            "/download/streaming-playlists/hls/videos/",
        ),
        ("/static/web-videos/", "/download/web-videos/"),
    ];
    for (shown, offered) in places {
        if let Some((origin, path)) = file.split_once(shown)
            && origin.matches('/').count() == 2
            && let Some(name) = path.rsplit('/').next().filter(|name| !name.is_empty())
        {
            return format!("{origin}{offered}{name}");
        }
    }
    file.to_owned()
}

#[cfg(test)]
mod tests {
    use super::download_url;

    #[test]
    fn downloads_of_other_pods() {
        for (file, expected) in [
            (
                "https://a.example/static/streaming-playlists/hls/0b-1/x-720.mp4",
                "https://a.example/download/streaming-playlists/hls/videos/x-720.mp4",
            ),
            (
                "https://a.example/static/web-videos/x-720.mp4",
                "https://a.example/download/web-videos/x-720.mp4",
            ),
            (
                "https://cdn.example/b/static/web-videos/x.mp4",
                "https://cdn.example/b/static/web-videos/x.mp4",
            ),
            (
                "https://a.example/static/web-videos/",
                "https://a.example/static/web-videos/",
            ),
        ] {
            assert_eq!(download_url(file), expected);
        }
    }
}

/// A description, whole.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Description {
    pub description: String,
}

/// A video that was made.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NewVideo {
    pub video: NewVideoIds,
}

/// The names of a video that was made.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewVideoIds {
    pub id: i64,
    pub uuid: String,
    #[serde(rename = "shortUUID")]
    pub short_uuid: String,
}

impl NewVideo {
    pub fn new(created: Created) -> Self {
        Self {
            video: NewVideoIds {
                id: created.id.0,
                uuid: created.uuid.to_string(),
                short_uuid: created.uuid.short(),
            },
        }
    }
}

/// The storyboards of a video: one, or none yet.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Storyboards {
    pub storyboards: Vec<Storyboard>,
}

/// Small pictures at even distances on one sheet.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Storyboard {
    pub storyboard_path: String,
    pub file_url: String,
    pub total_height: i64,
    pub total_width: i64,
    pub sprite_height: i64,
    pub sprite_width: i64,
    /// Seconds.
    pub sprite_duration: f64,
}

impl Storyboards {
    pub fn new(pod: &Pod, video: &Video) -> Self {
        let read = || {
            let json: Value = serde_json::from_str(video.storyboard.as_deref()?).ok()?;
            let number = |key: &str| json.get(key).and_then(Value::as_i64).unwrap_or(0);
            let path = format!("/lazy-static/storyboards/{}", json.get("file")?.as_str()?);
            Some(Storyboard {
                file_url: format!("{}{path}", pod.settings.public_url),
                storyboard_path: path,
                total_height: number("totalHeight"),
                total_width: number("totalWidth"),
                sprite_height: number("spriteHeight"),
                sprite_width: number("spriteWidth"),
                sprite_duration: json.get("spriteDuration")?.as_f64()?,
            })
        };
        Self {
            storyboards: read().into_iter().collect(),
        }
    }
}

/// A token for the files of a video.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FileToken {
    pub files: FileTokenText,
}

/// The token and when it ends.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FileTokenText {
    pub token: String,
    pub expires: String,
}

impl FileToken {
    pub fn new(token: String, until: i64) -> Self {
        Self {
            files: FileTokenText {
                token,
                expires: time(until),
            },
        }
    }
}

/// Where a day's bytes came from.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrafficDay {
    pub day: String,
    pub from_pod: i64,
    pub from_peers: i64,
    pub to_peers: i64,
}

impl TrafficDay {
    pub fn new(t: &Traffic) -> Self {
        Self {
            day: time(t.day * 86_400_000),
            from_pod: t.from_pod,
            from_peers: t.from_peers,
            to_peers: t.to_peers,
        }
    }
}
