//! Texts a creator writes: a video's name, descriptions, tags, and the name of the file that
//! was uploaded. Lengths are PeerTube's, so that nothing is cut on its way to another pod.

use crate::{Invalid, text_type};

/// Trims, refuses control characters (new lines only where `lines` allows) and bounds the length in characters.
fn bounded(text: &str, what: &str, min: usize, max: usize, lines: bool) -> Result<String, Invalid> {
    let text = text.trim();
    let count = text.chars().count();
    if count < min || count > max {
        return Err(Invalid::new(format!(
            "{what} has {min} to {max} characters, this one has {count}"
        )));
    }
    let forbidden = |c: char| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'));
    if text.chars().any(forbidden) {
        return Err(Invalid::new(format!("{what} has no control characters")));
    }
    Ok(text.to_owned())
}

/// A video's title: 3-120 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoName(String);
text_type!(VideoName);

impl VideoName {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        bounded(text, "a video's name", 3, 120, false).map(Self)
    }

    /// A title made from an uploaded file's name, for those who gave none.
    pub fn from_filename(filename: &str) -> Self {
        let stem = filename.rsplit_once('.').map_or(filename, |(stem, _)| stem);
        let clean: String = stem
            .chars()
            .filter(|c| !c.is_control())
            .take(120)
            .collect::<String>()
            .trim()
            .to_owned();
        if clean.chars().count() < 3 {
            Self("Untitled video".to_owned())
        } else {
            Self(clean)
        }
    }
}

/// The name shown for an account or a channel: 1-120 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayName(String);
text_type!(DisplayName);

impl DisplayName {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        bounded(text, "a display name", 1, 120, false).map(Self)
    }
}

/// A description: up to 10 000 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description(String);
text_type!(Description);

impl Description {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        bounded(text, "a description", 0, 10_000, true).map(Self)
    }
}

/// What somebody says about a video: 1-10 000 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentText(String);
text_type!(CommentText);

impl CommentText {
    /// The most characters.
    pub const MAX: usize = 10_000;

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        bounded(text, "a comment", 1, Self::MAX, true).map(Self)
    }
}

/// How to support a creator: up to 1000 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support(String);
text_type!(Support);

impl Support {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        bounded(text, "a support text", 0, 1000, true).map(Self)
    }
}

/// A tag: 2-30 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tag(String);
text_type!(Tag);

impl Tag {
    /// A video has at most this many.
    pub const MAX: usize = 5;

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        bounded(text, "a tag", 2, 30, false).map(Self)
    }

    /// Reads a video's tags: blanks dropped, doubles merged (letter case aside), at most five.
    pub fn parse_all<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Vec<Self>, Invalid> {
        let mut tags: Vec<Self> = Vec::new();
        for text in texts.filter(|t| !t.trim().is_empty()) {
            let tag = Self::parse(text)?;
            if !tags
                .iter()
                .any(|t| t.0.to_lowercase() == tag.0.to_lowercase())
            {
                tags.push(tag);
            }
            if tags.len() > Self::MAX {
                return Err(Invalid::new("a video has at most 5 tags"));
            }
        }
        Ok(tags)
    }
}

/// What is kept of an uploaded file's name: the last path segment without control characters,
/// at most 255 bytes, its extension kept. The name is only ever shown, never used as a path.
pub fn safe_filename(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).collect();
    let clean = clean.trim();
    if clean.is_empty() || clean == "." || clean == ".." {
        return "video".to_owned();
    }
    if clean.len() <= 255 {
        return clean.to_owned();
    }
    let extension = clean
        .rsplit_once('.')
        .map(|(_, e)| e)
        .filter(|e| e.len() <= 10)
        .unwrap_or_default();
    let mut end = 255 - extension.len() - 1;
    while !clean.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}.{extension}", &clean[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filenames() {
        let long = format!("{}.mp4", "é".repeat(2048));
        for (input, expected) in [
            ("film.mp4", "film.mp4"),
            ("../../etc/passwd", "passwd"),
            ("C:\\films\\a.mkv", "a.mkv"),
            ("a\nb\r.mp4", "ab.mp4"),
            ("..", "video"),
            ("", "video"),
            ("/", "video"),
        ] {
            assert_eq!(safe_filename(input), expected, "{input:?}");
        }
        let kept = safe_filename(&long);
        assert!(kept.len() <= 255 && kept.ends_with(".mp4"));
    }

    #[test]
    fn titles() {
        assert!(VideoName::parse("ab").is_err());
        assert!(VideoName::parse("a\nbc").is_err());
        assert_eq!(VideoName::parse("  abc ").unwrap().as_str(), "abc");
        assert_eq!(VideoName::from_filename("my film.mp4").as_str(), "my film");
        assert_eq!(VideoName::from_filename("\n").as_str(), "Untitled video");
    }

    #[test]
    fn tags() {
        let tags = Tag::parse_all(["sea", "Sea", " ", "fish"].into_iter()).unwrap();
        assert_eq!(tags.len(), 2);
        assert!(Tag::parse_all(["aa", "bb", "cc", "dd", "ee", "ff"].into_iter()).is_err());
        assert!(Tag::parse_all(["a"].into_iter()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_filename_is_tamed(name: String) {
            let kept = safe_filename(&name);
            proptest::prop_assert!(!kept.is_empty() && kept.len() <= 255);
            proptest::prop_assert!(!kept.contains(['/', '\\', '\n', '\0']));
        }
    }
}
