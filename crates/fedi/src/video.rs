//! A video in PeerTube's dialect of ActivityPub. Everything that plays it hangs in one list of links (`links.rs`): pages, files, playlists,
//! torrents and trackers. What PeerTube insists on is always written; what a reader can do without may be missing.

use names::{ActorUri, ObjectUri, VideoUuid, category_label, language_label, licence_label};
use serde_json::Value;

use crate::Unreadable;
use crate::actor::ActorKind;
use crate::audience::{Attribution, Audience, PUBLIC};
use crate::context::Context;
use crate::description::Description;
use crate::fields::{Fields, Link, MAX_LINE, MAX_TEXT, Writer, clean, hashtag, need, vocabulary};
use crate::image::{Image, Storyboard};
use crate::time;

mod captions;
mod links;

pub use captions::{Caption, Chapter, Chapters};
pub use links::{File, HlsPlaylist, Links, Streams};

/// The most tags of a video that are kept: far more than anybody may give, so that none of an honest server are lost.
const MAX_TAGS: usize = 30;

/// Who may comment on a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentsPolicy {
    /// Everybody.
    Enabled,
    /// Nobody.
    Disabled,
    /// Everybody, but the owner looks first.
    RequiresApproval,
}

/// How a live broadcast is to be played.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Live {
    /// Whether a recording follows under the same address.
    pub save_replay: bool,
    /// Whether the same address is used for one broadcast after the other.
    pub permanent: bool,
    /// How far behind viewers are, as PeerTube numbers it: 1 default, 2 high, 3 small.
    pub latency: Option<u64>,
}

/// How many liked, disliked and commented a video. PeerTube has everybody fetch these numbers one by one; between Shoal pods they
/// come along, in a member of our own that others pass over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub likes: u64,
    pub dislikes: u64,
    pub comments: u64,
}

/// A video.
#[derive(Debug, Clone, PartialEq)]
pub struct Video {
    /// Its id.
    pub id: ObjectUri,
    /// Its uuid, the same on all servers.
    pub uuid: Option<VideoUuid>,
    /// Its title.
    pub name: String,
    /// Its description.
    pub description: Description,
    /// What makes it sensitive, in words.
    pub summary: Option<String>,
    /// How to support its creator.
    pub support: Option<String>,
    /// How long it is, in seconds.
    pub duration: u64,
    /// Its category by number.
    pub category: Option<u64>,
    /// Its licence by number.
    pub licence: Option<u64>,
    /// Its language by code.
    pub language: Option<String>,
    /// Its tags, without number signs.
    pub tags: Vec<String>,
    /// Whether it is not for everybody's eyes.
    pub sensitive: bool,
    /// How often it was watched, as its origin counts.
    pub views: u64,
    /// Whether it is a live broadcast.
    pub live: Option<Live>,
    /// Its state as PeerTube numbers it; 1 is published.
    pub state: Option<u64>,
    /// Whether it was held back until it was transcoded.
    pub wait_transcoding: bool,
    /// Who may comment.
    pub comments_policy: CommentsPolicy,
    /// Whether it may be downloaded.
    pub download_enabled: bool,
    /// Width divided by height, in thousandths.
    pub aspect_ratio: Option<u64>,
    /// When it was published, in milliseconds since 1970, like all times.
    pub published: Option<i64>,
    /// When it was changed.
    pub updated: Option<i64>,
    /// When it was first published, perhaps elsewhere.
    pub originally_published: Option<i64>,
    /// When its file was uploaded or replaced.
    pub uploaded: Option<i64>,
    /// Its account and its channel.
    pub attributed_to: Vec<Attribution>,
    /// Whom it is for.
    pub audience: Audience,
    /// Everything that plays it.
    pub links: Links,
    /// Thumbnails, the smallest first.
    pub icons: Vec<Image>,
    /// Small pictures for seeking.
    pub storyboard: Option<Storyboard>,
    /// Captions.
    pub captions: Vec<Caption>,
    /// Where its chapters are.
    pub chapters: Option<ObjectUri>,
    /// The collection of likes.
    pub likes: Option<ObjectUri>,
    /// The collection of dislikes.
    pub dislikes: Option<ObjectUri>,
    /// The collection of announcements.
    pub shares: Option<ObjectUri>,
    /// The collection of comments.
    pub comments: Option<ObjectUri>,
    /// The lengths of these collections, where the origin tells them.
    pub counts: Option<Counts>,
}

impl Video {
    /// A public, published video with nothing but an id and a title.
    pub fn new(id: ObjectUri, name: String) -> Self {
        Self {
            id,
            uuid: None,
            name,
            description: Description::default(),
            summary: None,
            support: None,
            duration: 0,
            category: None,
            licence: None,
            language: None,
            tags: Vec::new(),
            sensitive: false,
            views: 0,
            live: None,
            state: Some(1),
            wait_transcoding: false,
            comments_policy: CommentsPolicy::Enabled,
            download_enabled: true,
            aspect_ratio: None,
            published: None,
            updated: None,
            originally_published: None,
            uploaded: None,
            attributed_to: Vec::new(),
            audience: Audience::default(),
            links: Links::default(),
            icons: Vec::new(),
            storyboard: None,
            captions: Vec::new(),
            chapters: None,
            likes: None,
            dislikes: None,
            shares: None,
            comments: None,
            counts: None,
        }
    }

    /// The channel: the one that says so, or else the second, as PeerTube orders them.
    pub fn channel(&self) -> Option<&ActorUri> {
        self.attributed(ActorKind::Group, 1)
    }

    /// The account: the one that says so, or else the first.
    pub fn account(&self) -> Option<&ActorUri> {
        self.attributed(ActorKind::Person, 0)
    }

    fn attributed(&self, kind: ActorKind, place: usize) -> Option<&ActorUri> {
        let mut all = self.attributed_to.iter();
        let said = all.find(|to| to.kind == Some(kind));
        let placed = || self.attributed_to.get(place).filter(|to| to.kind.is_none());
        said.or_else(placed).map(|to| &to.actor)
    }

    pub(crate) fn read(mut fields: Fields) -> Result<Self, Unreadable> {
        let what = "the video";
        fields.expect("a video", &["Video"])?;
        let id: ObjectUri = need(what, "id", fields.uri("id"))?;
        let home = id.host();
        let at_home = |uri: Option<ObjectUri>| uri.filter(|uri| uri.host() == home);
        let name = fields.line("name").filter(|name| !name.is_empty());
        let live = fields.flag("isLiveBroadcast") == Some(true);
        let live = live.then(|| Live {
            save_replay: fields.flag("liveSaveReplay") == Some(true),
            permanent: fields.flag("permanentLive") == Some(true),
            latency: fields.number("latencyMode"),
        });
        Ok(Self {
            uuid: fields
                .line("uuid")
                .and_then(|uuid| VideoUuid::parse(&uuid).ok()),
            name: need(what, "name", name)?,
            description: Description::read(&mut fields),
            summary: fields.text("summary", MAX_TEXT),
            support: fields.text("support", MAX_TEXT),
            duration: fields.duration("duration").unwrap_or_default(),
            category: identifier(&mut fields, "category").and_then(|id| number(&id)),
            licence: identifier(&mut fields, "licence").and_then(|id| licence(&id)),
            language: identifier(&mut fields, "language").filter(|code| code.len() <= 20),
            tags: read_tags(&mut fields),
            sensitive: fields.flag("sensitive") == Some(true),
            views: fields.number("views").unwrap_or_default(),
            live,
            state: fields.number("state"),
            wait_transcoding: fields.flag("waitTranscoding") == Some(true),
            comments_policy: CommentsPolicy::read(&mut fields),
            download_enabled: fields.flag("downloadEnabled") != Some(false),
            aspect_ratio: thousandths(fields.one("aspectRatio")),
            published: fields.time("published"),
            updated: fields.time("updated"),
            originally_published: fields.time("originallyPublishedAt"),
            uploaded: fields.time("uploadDate"),
            attributed_to: Attribution::read_all(&mut fields),
            audience: Audience::read(&mut fields),
            links: Links::read(&mut fields),
            icons: Image::read_all(&mut fields, "icon"),
            storyboard: Storyboard::read(&mut fields),
            captions: Caption::read_all(&mut fields),
            chapters: at_home(fields.uri("hasParts")),
            likes: at_home(fields.uri("likes")),
            dislikes: at_home(fields.uri("dislikes")),
            shares: at_home(fields.uri("shares")),
            comments: at_home(fields.uri("comments")),
            counts: Counts::read(&mut fields),
            id,
        })
    }

    pub(crate) fn write(&self) -> Value {
        let named = |identifier: String, label: Option<&str>| {
            let label = label.unwrap_or(&identifier).to_owned();
            let named = Writer::default().with("identifier", identifier);
            named.with("name", label).done()
        };
        let category = self.category.map(|number| {
            let label = i64::try_from(number).ok().and_then(category_label);
            named(number.to_string(), label)
        });
        let licence = self.licence.map(|number| {
            let label = i64::try_from(number).ok().and_then(licence_label);
            named(number.to_string(), label)
        });
        let language = self.language.as_ref();
        let language = language.map(|code| named(code.clone(), language_label(code)));
        let tag = |name: &String| Writer::new("Hashtag").with("name", name.clone()).done();
        let aspect = self.aspect_ratio.map(|ratio| ratio as f64 / 1000.0);
        let live = self.live.as_ref();
        Writer::new("Video")
            .with("id", self.id.as_str())
            .address("uuid", self.uuid.as_ref())
            .with("name", self.name.clone())
            .description(&self.description)
            .maybe("summary", self.summary.clone())
            .maybe("support", self.support.clone())
            .with("duration", time::duration(self.duration))
            .maybe("category", category)
            .maybe("licence", licence)
            .maybe("language", language)
            .list("tag", self.tags.iter().map(tag))
            .with("sensitive", self.sensitive)
            .with("views", self.views)
            .with("isLiveBroadcast", live.is_some())
            .maybe("liveSaveReplay", live.map(|live| live.save_replay))
            .maybe("permanentLive", live.map(|live| live.permanent))
            .maybe("latencyMode", live.and_then(|live| live.latency))
            .maybe("state", self.state)
            .with("waitTranscoding", self.wait_transcoding)
            .comments(self.comments_policy)
            .with("downloadEnabled", self.download_enabled)
            .maybe("aspectRatio", aspect)
            .time("published", self.published)
            .time("updated", self.updated)
            .time("originallyPublishedAt", self.originally_published)
            .time("uploadDate", self.uploaded)
            .attributed(&self.attributed_to)
            .audience(&self.audience)
            .with("url", self.links.write())
            .some("icon", self.icons.iter().map(Image::write))
            .some("preview", self.storyboard.iter().map(Storyboard::write))
            .list("subtitleLanguage", self.captions.iter().map(Caption::write))
            .address("hasParts", self.chapters.as_ref())
            .address("likes", self.likes.as_ref())
            .address("dislikes", self.dislikes.as_ref())
            .address("shares", self.shares.as_ref())
            .address("comments", self.comments.as_ref())
            .maybe("shoal", self.counts.map(Counts::write))
            .done()
    }

    /// The page on which people watch it.
    pub fn page(&self) -> Option<&Link> {
        self.links.page.as_ref()
    }
}

impl Counts {
    fn read(fields: &mut Fields) -> Option<Self> {
        let read = |mut counts: Fields| {
            Some(Self {
                likes: counts.number("likes")?,
                dislikes: counts.number("dislikes")?,
                comments: counts.number("comments")?,
            })
        };
        fields.objects("shoal", 1, read).into_iter().next()
    }

    fn write(self) -> Value {
        Writer::default()
            .with("likes", self.likes)
            .with("dislikes", self.dislikes)
            .with("comments", self.comments)
            .done()
    }
}

impl CommentsPolicy {
    /// PeerTube since 6.2 gives a number, older ones a flag, and whoever gives neither is not waiting for comments.
    fn read(fields: &mut Fields) -> Self {
        let enabled = fields.flag("commentsEnabled") == Some(true);
        match fields.number("commentsPolicy") {
            Some(1) => Self::Enabled,
            Some(3) => Self::RequiresApproval,
            None if enabled => Self::Enabled,
            _ => Self::Disabled,
        }
    }
}

impl Writer {
    /// All three ways of saying who may comment.
    fn comments(self, policy: CommentsPolicy) -> Self {
        let (number, can_reply) = match policy {
            CommentsPolicy::Enabled => (1, Value::Null),
            CommentsPolicy::Disabled => (2, Value::from(PUBLIC)),
            CommentsPolicy::RequiresApproval => (3, Value::from(PUBLIC)),
        };
        self.with("commentsPolicy", number)
            .with("commentsEnabled", policy != CommentsPolicy::Disabled)
            .with("canReply", can_reply)
    }
}

/// `{"identifier": "2", "name": "Films"}`; only the identifier counts.
fn identifier(fields: &mut Fields, key: &str) -> Option<String> {
    match Fields::of(fields.one(key)?).ok()?.one("identifier")? {
        Value::String(text) => Some(clean(&text, MAX_LINE)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A licence by PeerTube's number, or by its SPDX name, which PeerTube 8 uses.
fn licence(identifier: &str) -> Option<u64> {
    let number = match identifier {
        "CC-BY-4.0" => 1,
        "CC-BY-SA-4.0" => 2,
        "CC-BY-ND-4.0" => 3,
        "CC-BY-NC-4.0" => 4,
        "CC-BY-NC-SA-4.0" => 5,
        "CC-BY-NC-ND-4.0" => 6,
        "CC0-1.0" => 7,
        other => return number(other),
    };
    Some(number)
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|n| i64::try_from(*n).is_ok())
}

fn read_tags(fields: &mut Fields) -> Vec<String> {
    fields.objects("tag", MAX_TAGS, |mut tag| {
        let is = tag.kind() == "Hashtag";
        hashtag(&tag.line("name")?).filter(|_| is)
    })
}

fn thousandths(ratio: Option<Value>) -> Option<u64> {
    let thousandths = (ratio?.as_f64()? * 1000.0).round();
    (1.0..=1e6)
        .contains(&thousandths)
        .then_some(thousandths as u64)
}

vocabulary! {
    Video: Context::Video;
}
