//! Videos of other pods, between their two forms: what another pod says of one (ActivityPub) and what this pod keeps and shows of it.

use fedi::{File, Video};
use serde::{Deserialize, Serialize};

/// What playing a remote video needs, as it is kept beside its row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Document {
    /// Its page at home.
    pub page: String,
    /// The master playlist.
    pub playlist: Option<String>,
    /// The renditions behind the playlist, or files that are played on their own.
    pub files: Vec<RemoteFile>,
    pub trackers: Vec<String>,
    /// Its lists, whose lengths are told there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub likes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dislikes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comments: Option<String>,
}

/// A rendition at another pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RemoteFile {
    pub url: String,
    /// The short side in pixels; 0 is sound alone.
    pub resolution: i64,
    pub width: i64,
    pub height: i64,
    pub fps: i64,
    pub size: i64,
    pub torrent: Option<String>,
    /// Only where it cannot be put together again from the rest (`Document::magnet`): among a million videos links are half of the bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub magnet: Option<String>,
    /// 40 hexadecimal digits, where the magnet link gives them.
    pub infohash: Option<String>,
    pub has_audio: bool,
    pub has_video: bool,
}

/// Renditions that are kept of a video.
const MAX_FILES: usize = 20;
const MAX_TRACKERS: usize = 8;

impl Document {
    /// What is kept of a video. Everything that is played from has to be at the video's own host.
    pub fn of(video: &Video) -> Self {
        let home = video.id.host();
        let at_home = |file: &&File| file.url.host() == home;
        let playlist = video
            .links
            .playlists
            .iter()
            .find(|list| list.url.host() == home);
        let files = playlist.map_or(&video.links.files, |list| &list.files);
        let page = video.page().map_or(video.id.as_str(), |page| page.as_str());
        Self {
            page: page.to_owned(),
            playlist: playlist.map(|list| list.url.to_string()),
            files: files
                .iter()
                .filter(at_home)
                .take(MAX_FILES)
                .map(RemoteFile::of)
                .collect(),
            trackers: video
                .links
                .trackers
                .iter()
                .take(MAX_TRACKERS)
                .cloned()
                .collect(),
            likes: video.likes.as_ref().map(ToString::to_string),
            dislikes: video.dislikes.as_ref().map(ToString::to_string),
            comments: video.comments.as_ref().map(ToString::to_string),
        }
    }

    /// The magnet link of a rendition: where its swarm is, who tracks it, and where its torrent is.
    pub fn magnet(&self, file: &RemoteFile) -> Option<String> {
        if file.magnet.is_some() {
            return file.magnet.clone();
        }
        let magnet = bittorrent::Magnet {
            infohash: file.infohash.as_deref()?.parse().ok()?,
            source: file.torrent.clone(),
            name: file.url.rsplit('/').next().map(str::to_owned),
            length: u64::try_from(file.size).ok(),
            trackers: self.trackers.clone(),
        };
        Some(magnet.to_string())
    }

    /// Reads what was kept.
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }
}

impl RemoteFile {
    fn of(file: &File) -> Self {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let infohash = file.magnet.as_deref().and_then(|text| {
            let magnet: bittorrent::Magnet = text.parse().ok()?;
            Some(magnet.infohash.to_string())
        });
        let streams = file.streams;
        Self {
            url: file.url.to_string(),
            resolution: number(file.height),
            width: number(file.width.unwrap_or(0)),
            height: number(file.height),
            fps: number(file.fps.unwrap_or(0)),
            size: number(file.size),
            torrent: file.torrent.as_ref().map(ToString::to_string),
            magnet: file.magnet.clone().filter(|_| infohash.is_none()),
            infohash,
            has_audio: streams != Some(fedi::Streams::Video),
            has_video: file.height > 0 && streams != Some(fedi::Streams::Audio),
        }
    }
}

/// Text without the HTML that other servers write: tags go, paragraphs and breaks become lines, the common entities become what
/// they stand for. What is left is shown as text and never as HTML.
pub(crate) fn plain(html: &str, most: usize) -> String {
    let mut text = String::with_capacity(html.len().min(4 * most));
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(300).position(|b| b == b'>' || b == b';');
        let (piece, long) = match (rest.as_bytes().first(), end) {
            (Some(b'<'), Some(end)) if rest.as_bytes().get(end) == Some(&b'>') && is_tag(rest) => {
                (tag(&rest[..end]), end + 1)
            }
            (Some(b'&'), Some(end)) if end <= 8 => match entity(&rest[1..end]) {
                Some(c) => (c, end + 1),
                None => ("&", 1),
            },
            (Some(b'&'), _) => ("&", 1),
            _ => ("<", 1),
        };
        text.push_str(piece);
        rest = &rest[long..];
    }
    text.push_str(rest);
    let kept = |c: &char| !c.is_control() || *c == '\n';
    text.trim()
        .chars()
        .filter(kept)
        .take(most)
        .collect::<String>()
        .trim_end()
        .to_owned()
}

fn is_tag(text: &str) -> bool {
    let second = text.as_bytes().get(1);
    second.is_some_and(|b| b.is_ascii_alphabetic() || *b == b'/' || *b == b'!')
}

fn tag(text: &str) -> &'static str {
    let name = text
        .trim_start_matches('<')
        .split([' ', '/', '>'])
        .find(|part| !part.is_empty());
    let closes = text.starts_with("</");
    match name.map(str::to_ascii_lowercase).as_deref() {
        Some("br") => "\n",
        Some("p") if closes => "\n\n",
        Some("li" | "div") if closes => "\n",
        _ => "",
    }
}

fn entity(name: &str) -> Option<&'static str> {
    Some(match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "#39" | "apos" => "'",
        "nbsp" => " ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_text() {
        for (html, expected) in [
            ("plain", "plain"),
            ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
            ("a &amp; b &lt;c&gt; &unknown; &", "a & b <c> &unknown; &"),
            ("1 < 2 and <b>bold</b>", "1 < 2 and bold"),
            ("<script>alert(1)</script>", "alert(1)"),
            ("<a href=\"https://x.example/é\">é</a>", "é"),
            ("open <p", "open <p"),
            ("", ""),
        ] {
            assert_eq!(plain(html, 1000), expected, "{html}");
        }
        assert_eq!(plain(&"é".repeat(50), 10).chars().count(), 10);
    }

    #[test]
    fn magnets_are_put_together_again() {
        let infohash = "0123456789abcdef0123456789abcdef01234567";
        let file = RemoteFile {
            url: "https://pod.example/static/film-720.mp4".into(),
            size: 9,
            infohash: Some(infohash.into()),
            ..RemoteFile::default()
        };
        let document = Document {
            trackers: vec!["wss://pod.example/tracker/socket".into()],
            ..Document::default()
        };
        let link = document.magnet(&file).unwrap();
        let magnet: bittorrent::Magnet = link.parse().unwrap();
        assert_eq!(magnet.infohash.to_string(), infohash);
        assert_eq!(magnet.name.as_deref(), Some("film-720.mp4"));
        assert_eq!(magnet.trackers, document.trackers);
        let unread = RemoteFile {
            magnet: Some("magnet:?xt=urn:other:1".into()),
            ..RemoteFile::default()
        };
        assert_eq!(document.magnet(&unread), unread.magnet);
        assert_eq!(document.magnet(&RemoteFile::default()), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_through(html: String) {
            let _ = plain(&html, 100);
        }
    }
}
