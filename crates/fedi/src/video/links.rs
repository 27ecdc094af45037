//! The links of a video: PeerTube puts its page, its files, playlists, torrents, magnets and trackers into one list and tells them apart by
//! media type. Here they become a tree: a playlist has files, a file has its torrent and its magnet link.

use serde_json::Value;

use crate::actor::write_page;
use crate::fields::{Fields, Link, Writer, has_scheme};

const HLS: &str = "application/x-mpegURL";
const TORRENT: &str = "application/x-bittorrent";
const MAGNET: &str = "application/x-bittorrent;x-scheme-handler/magnet";
const JSON: &str = "application/json";

/// The most of each that are kept.
const MAX_FILES: usize = 50;
const MAX_PLAYLISTS: usize = 4;
const MAX_TRACKERS: usize = 20;

/// Everything that shows or plays a video.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The page on which people watch it.
    pub page: Option<Link>,
    /// Files that are played on their own.
    pub files: Vec<File>,
    /// Playlists for streaming, with the files behind them.
    pub playlists: Vec<HlsPlaylist>,
    /// The trackers of its torrents: WebSocket, HTTP or UDP.
    pub trackers: Vec<String>,
}

/// One rendition as one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where it is.
    pub url: Link,
    /// Its media type.
    pub media_type: String,
    /// Its height in pixels; 0 if there are no pictures.
    pub height: u64,
    /// Its width in pixels.
    pub width: Option<u64>,
    /// Pictures per second.
    pub fps: Option<u64>,
    /// Its size in bytes.
    pub size: u64,
    /// What is in it, where that is said.
    pub streams: Option<Streams>,
    /// Whether it is a fragmented MP4.
    pub fragmented: bool,
    /// What ffprobe says of it.
    pub metadata: Option<Link>,
    /// Its torrent.
    pub torrent: Option<Link>,
    /// Its magnet link, not yet parsed.
    pub magnet: Option<String>,
}

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streams {
    /// Pictures and sound.
    Both,
    /// Pictures without sound.
    Video,
    /// Sound without pictures.
    Audio,
}

/// A master playlist (HLS).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HlsPlaylist {
    /// Where it is.
    pub url: Link,
    /// Names of swarms of p2p-media-loader, which PeerTube gives.
    pub infohashes: Vec<String>,
    /// Where the SHA-256 of segments are listed.
    pub hashes: Option<Link>,
    /// The renditions behind it.
    pub files: Vec<File>,
}

impl Links {
    pub(super) fn read(fields: &mut Fields) -> Self {
        let mut links = Self::default();
        for value in fields.all("url") {
            if let Value::String(text) = &value {
                links.page = links.page.or_else(|| text.parse().ok());
                continue;
            }
            let Ok(mut link) = Fields::of(value) else {
                continue;
            };
            let rel = link.lines("rel", 4);
            let kind = kind(&mut link);
            match kind.as_str() {
                _ if rel.iter().any(|rel| rel == "tracker") => links.tracker(&mut link),
                "text/html" => links.page = links.page.take().or_else(|| link.uri("href")),
                HLS => {
                    if let Some(url) = link.uri("href")
                        && links.playlists.len() < MAX_PLAYLISTS
                    {
                        links.playlists.push(HlsPlaylist::read(url, &mut link));
                    }
                }
                kind => add_file(&mut links.files, kind, &rel, link),
            }
        }
        links
    }

    fn tracker(&mut self, link: &mut Fields) {
        let address = link.text("href", 2000);
        let known = |href: &String| has_scheme(href, &["ws", "wss", "http", "https", "udp"]);
        if let Some(href) = address.filter(known)
            && self.trackers.len() < MAX_TRACKERS
        {
            self.trackers.push(href);
        }
    }

    pub(super) fn write(&self) -> Value {
        let mut all = Vec::new();
        // The page is the first, because that is the one that Mastodon shows.
        all.extend(self.page.as_ref().map(write_page));
        self.files.iter().for_each(|file| file.write(&mut all));
        all.extend(self.playlists.iter().map(HlsPlaylist::write));
        for href in &self.trackers {
            let kind = if href.starts_with("ws") {
                "websocket"
            } else {
                "http"
            };
            let link = Writer::new("Link")
                .with("name", format!("tracker-{kind}"))
                .list("rel", ["tracker", kind])
                .with("href", href.clone());
            all.push(link.done());
        }
        Value::Array(all)
    }
}

/// The media type, which PeerTube 1 called `mimeType`.
fn kind(link: &mut Fields) -> String {
    let kind = link.line("mediaType").or_else(|| link.line("mimeType"));
    kind.unwrap_or_default()
}

impl HlsPlaylist {
    /// A playlist without files.
    pub fn new(url: Link) -> Self {
        Self {
            url,
            infohashes: Vec::new(),
            hashes: None,
            files: Vec::new(),
        }
    }

    pub(crate) fn read(url: Link, link: &mut Fields) -> Self {
        let mut playlist = Self::new(url);
        for value in link.all("tag") {
            let Ok(mut tag) = Fields::of(value) else {
                continue;
            };
            let rel = tag.lines("rel", 4);
            let kind = kind(&mut tag);
            if tag.kind() == "Infohash" {
                let name = tag.line("name").filter(|name| name.len() <= 100);
                let room = playlist.infohashes.len() < MAX_FILES;
                playlist.infohashes.extend(name.filter(|_| room));
            } else if kind == JSON && rel.is_empty() {
                if tag.line("name").as_deref() == Some("sha256") {
                    playlist.hashes = tag.uri("href");
                }
            } else {
                add_file(&mut playlist.files, &kind, &rel, tag);
            }
        }
        playlist
    }

    pub(crate) fn write(&self) -> Value {
        let infohash = |name: &String| Writer::new("Infohash").with("name", name.clone()).done();
        let mut tags: Vec<Value> = self.infohashes.iter().map(infohash).collect();
        tags.extend(self.hashes.as_ref().map(|url| {
            Writer::new("Link")
                .with("name", "sha256")
                .with("mediaType", JSON)
                .with("href", url.as_str())
                .done()
        }));
        self.files.iter().for_each(|file| file.write(&mut tags));
        Writer::new("Link")
            .with("mediaType", HLS)
            .with("href", self.url.as_str())
            .with("tag", tags)
            .done()
    }
}

/// Adds a file, or what belongs to a file before it: the last one with the same height and rate.
fn add_file(files: &mut Vec<File>, kind: &str, rel: &[String], mut link: Fields) {
    if kind.starts_with("video/") || kind.starts_with("audio/") {
        if files.len() < MAX_FILES {
            files.extend(File::read(kind, &mut link));
        }
        return;
    }
    let height = link.number("height").unwrap_or_default();
    let fps = link.number("fps");
    let matches = |file: &&mut File| file.height == height && file.fps == fps;
    let Some(file) = files.iter_mut().rev().find(matches) else {
        return;
    };
    match kind {
        TORRENT => file.torrent = file.torrent.take().or_else(|| link.uri("href")),
        MAGNET => {
            let magnet = link.text("href", 8 << 10);
            let magnet = magnet.filter(|href| has_scheme(href, &["magnet"]));
            file.magnet = file.magnet.take().or(magnet);
        }
        JSON if rel.iter().any(|rel| rel == "metadata") => {
            file.metadata = file.metadata.take().or_else(|| link.uri("href"));
        }
        _ => {}
    }
}

impl File {
    /// A file of which only the necessary is known.
    pub fn new(url: Link, media_type: &str, height: u64, size: u64) -> Self {
        Self {
            url,
            media_type: media_type.to_owned(),
            height,
            width: None,
            fps: None,
            size,
            streams: None,
            fragmented: false,
            metadata: None,
            torrent: None,
            magnet: None,
        }
    }

    pub(crate) fn read(kind: &str, link: &mut Fields) -> Option<Self> {
        let attachments = link.objects("attachment", 16, |mut property| {
            Some((property.line("name")?, property.line("value")?))
        });
        let has = |name: &str, value: &str| {
            let mut all = attachments.iter();
            all.any(|(key, held)| key == name && held == value)
        };
        let video = has("ffprobe_codec_type", "video");
        let streams = match (video, has("ffprobe_codec_type", "audio")) {
            (true, true) => Some(Streams::Both),
            (true, false) => Some(Streams::Video),
            (false, true) => Some(Streams::Audio),
            (false, false) => None,
        };
        Some(Self {
            url: link.uri("href")?,
            media_type: kind.to_owned(),
            height: link.number("height").unwrap_or_default(),
            width: link.number("width"),
            fps: link.number("fps"),
            size: link.number("size").unwrap_or_default(),
            streams,
            fragmented: has("peertube_format_flag", "fragmented"),
            metadata: None,
            torrent: None,
            magnet: None,
        })
    }

    /// The file's own link.
    pub(crate) fn link(&self) -> Value {
        let property = |name: &str, value: &str| {
            let property = Writer::new("PropertyValue").with("name", name);
            property.with("value", value).done()
        };
        let mut attachments = Vec::new();
        if matches!(self.streams, Some(Streams::Both | Streams::Video)) {
            attachments.push(property("ffprobe_codec_type", "video"));
        }
        if matches!(self.streams, Some(Streams::Both | Streams::Audio)) {
            attachments.push(property("ffprobe_codec_type", "audio"));
        }
        if self.fragmented {
            attachments.push(property("peertube_format_flag", "fragmented"));
        }
        self.sized(&self.media_type, self.url.as_str())
            .with("size", self.size)
            .some("attachment", attachments)
            .done()
    }

    /// The file and what belongs to it.
    fn write(&self, all: &mut Vec<Value>) {
        all.push(self.link());
        if let Some(url) = &self.metadata {
            let link = self.sized(JSON, url.as_str());
            let rel = ["metadata".to_owned(), self.media_type.clone()];
            all.push(link.list("rel", rel).done());
        }
        if let Some(url) = &self.torrent {
            all.push(self.sized(TORRENT, url.as_str()).done());
        }
        if let Some(href) = &self.magnet {
            all.push(self.sized(MAGNET, href).done());
        }
    }

    fn sized(&self, media_type: &str, href: &str) -> Writer {
        Writer::new("Link")
            .with("mediaType", media_type)
            .with("href", href)
            .with("height", self.height)
            .maybe("width", self.width)
            .maybe("fps", self.fps)
    }
}
