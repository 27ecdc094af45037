//! What a video is played from: the playlist and its renditions, of this pod or as they are at another.

use app::{
    Pod,
    network::remote::{Document, RemoteFile},
};
use db::{renditions::Rendition, videos::Video};
use serde::Serialize;
use serde_json::Value;

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

impl Resolution {
    fn new(id: i64, has_video: bool) -> Self {
        let label = match has_video {
            true => format!("{id}p"),
            false => "Audio only".to_owned(),
        };
        Self { id, label }
    }
}

/// The playlist of a video of this pod, if it has renditions.
pub(super) fn playlist(pod: &Pod, video: &Video, renditions: &[Rendition]) -> Option<Playlist> {
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
        resolution: Resolution::new(r.resolution, r.has_video),
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
pub(super) fn remote_playlist(video: &Video, remote: &Document) -> Option<Playlist> {
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
pub(super) fn remote_files(video: &Video, remote: &Document) -> Vec<VideoFile> {
    // Numbers of their own, beyond those of any rendition of ours.
    let first = (1 << 50) + video.id.0 * 100;
    let file = |(at, f): (i64, &RemoteFile)| VideoFile {
        id: first + at,
        resolution: Resolution::new(f.resolution, f.has_video),
        width: f.width,
        height: f.height,
        size: f.size,
        fps: f.fps,
        info_hash: f.infohash.clone().unwrap_or_default(),
        magnet_uri: remote.magnet(f),
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
