//! What a creator says about a video before it is there, and the check of every field of it: before
//! the first byte, and again when the last one has come.

use crate::{Error, Pod, Result, error::InField as _};
use db::users::User;
use names::{ChannelId, Description, Privacy, Support, Tag, VideoName, safe_filename};

/// What the video shall be, as the client wrote it.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Draft {
    pub channel_id: i64,
    pub filename: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub support: Option<String>,
    pub category: Option<i64>,
    pub licence: Option<i64>,
    pub language: Option<String>,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub nsfw: bool,
    pub privacy: Option<i64>,
    #[serde(default)]
    pub wait_transcoding: bool,
    pub download_enabled: Option<bool>,
    pub comments_policy: Option<i64>,
    pub p2p_enabled: Option<bool>,
    /// Milliseconds since 1970.
    pub originally_published_at: Option<i64>,
}

/// A draft whose every field was checked.
pub(super) struct Checked {
    pub channel: ChannelId,
    pub name: VideoName,
    pub description: Description,
    pub support: Option<Support>,
    pub tags: Vec<String>,
    pub privacy: Privacy,
}

/// Checks every field, and that the channel is the user's.
pub(super) async fn check(pod: &Pod, user: &User, draft: &Draft) -> Result<Checked> {
    let filename = safe_filename(&draft.filename);
    if !media_extension(&filename) {
        return Err(not_a_video_name(&filename));
    }
    let name = match draft.name.as_deref().map(str::trim) {
        Some(name) if !name.is_empty() => VideoName::parse(name).field("name")?,
        _ => VideoName::from_filename(&filename),
    };
    let channel = ChannelId(draft.channel_id);
    let found = db::channels::by_id(&pod.db, channel).await?;
    match found {
        Some(c) if c.account_id == user.account_id => {}
        Some(_) => {
            return Err(Error::Forbidden(
                "This channel belongs to somebody else.".into(),
            ));
        }
        None => return Err(Error::invalid("channelId", "there is no such channel")),
    }
    let tags = Tag::parse_all(draft.tags.iter().map(String::as_str)).field("tags")?;
    crate::videos::check_catalog(draft.category, draft.licence, draft.language.as_deref())?;
    crate::videos::check_comments_policy(draft.comments_policy)?;
    let support = draft.support.as_deref().filter(|s| !s.trim().is_empty());
    Ok(Checked {
        channel,
        name,
        description: Description::parse(draft.description.as_deref().unwrap_or_default())
            .field("description")?,
        support: support.map(Support::parse).transpose().field("support")?,
        tags: tags.into_iter().map(Tag::into_string).collect(),
        privacy: match draft.privacy {
            Some(id) => Privacy::from_id(id).field("privacy")?,
            None => Privacy::Public,
        },
    })
}

/// What uploads may be called.
pub const EXTENSIONS: &[&str] = &[
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ogv", ".flv", ".wmv", ".mpg", ".mpeg",
    ".ts", ".m2ts", ".3gp", ".mp3", ".m4a", ".aac", ".flac", ".ogg", ".oga", ".opus", ".wav",
    ".wma", ".mka",
];

/// Whether a file is called like something that can be published.
pub(super) fn media_extension(filename: &str) -> bool {
    let lower = filename.to_lowercase();
    EXTENSIONS.iter().any(|e| lower.ends_with(e))
}

pub(super) fn not_a_video_name(filename: &str) -> Error {
    let accepted = EXTENSIONS.join(" ");
    Error::invalid(
        "filename",
        format!("{filename} does not end like a video; accepted are {accepted}"),
    )
}
