//! What a file is called. Each kind of file has its own folder; names come from the pod itself
//! or are checked to be a single plain path segment.

use names::VideoUuid;
use std::path::PathBuf;

/// A file's name within its folder: letters, digits, dots, hyphens and underscores, not starting with a dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileName(String);

impl FileName {
    /// Reads a name from a URL or a row; `None` when it is not a plain name.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        let good = !text.is_empty()
            && text.len() <= 200
            && !text.starts_with('.')
            && text.bytes().all(plain);
        good.then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A file of the pod.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// What was uploaded, until it is no longer needed.
    Source(VideoUuid),
    /// A rendition or a playlist of a video.
    Hls(VideoUuid, FileName),
    Torrent(FileName),
    Thumbnail(FileName),
    Preview(FileName),
    Storyboard(FileName),
    Avatar(FileName),
    /// An upload under way, by its id.
    Upload(FileName),
}

impl Key {
    /// The path below the files' folder.
    pub(crate) fn path(&self) -> PathBuf {
        match self {
            Self::Source(video) => PathBuf::from("sources").join(video.to_string()),
            Self::Hls(video, name) => PathBuf::from("hls")
                .join(video.to_string())
                .join(name.as_str()),
            Self::Torrent(name) => PathBuf::from("torrents").join(name.as_str()),
            Self::Thumbnail(name) => PathBuf::from("thumbnails").join(name.as_str()),
            Self::Preview(name) => PathBuf::from("previews").join(name.as_str()),
            Self::Storyboard(name) => PathBuf::from("storyboards").join(name.as_str()),
            Self::Avatar(name) => PathBuf::from("avatars").join(name.as_str()),
            Self::Upload(name) => PathBuf::from("uploads").join(name.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a.mp4", "9c9d-720-fragmented.mp4", "x_y"] {
            assert!(FileName::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            ".hidden",
            "a/b",
            "a\\b",
            "a b",
            "é",
            "a\0",
            &"a".repeat(201),
        ] {
            assert!(FileName::parse(bad).is_none(), "{bad:?}");
        }
    }
}
