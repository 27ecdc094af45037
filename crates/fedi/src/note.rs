//! Comments, which the rest of the fediverse calls notes, and what is left of something that was deleted.

use names::{ActorUri, ObjectUri};
use serde_json::Value;

use crate::Unreadable;
use crate::actor::read_page;
use crate::audience::{Attribution, Audience};
use crate::context::Context;
use crate::fields::{Fields, Link, MAX_TEXT, Writer, hashtag, need, vocabulary};

/// The most hashtags and mentions that are kept.
const MAX_TAGS: usize = 50;

/// A short text by somebody: under a video it is a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: ObjectUri,
    /// Who wrote it.
    pub attributed_to: ActorUri,
    /// What it says; HTML unless `media_type` says otherwise. Never shown without cleaning.
    pub content: String,
    /// How it is written.
    pub media_type: Option<String>,
    /// A warning to show before it.
    pub summary: Option<String>,
    /// What it answers: a video or a comment.
    pub in_reply_to: Option<ObjectUri>,
    /// When it was written, in milliseconds since 1970.
    pub published: Option<i64>,
    /// When it was changed.
    pub updated: Option<i64>,
    /// Its page.
    pub url: Option<Link>,
    /// Whether it is not for everybody's eyes.
    pub sensitive: bool,
    /// Whom it mentions.
    pub mentions: Vec<Mention>,
    /// Its hashtags, without number signs.
    pub tags: Vec<String>,
    /// The activity by which the video's owner let it appear (PeerTube).
    pub reply_approval: Option<ObjectUri>,
    /// Whom it is for.
    pub audience: Audience,
}

/// Somebody who is mentioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Who.
    pub actor: ActorUri,
    /// By what name.
    pub name: Option<String>,
}

impl Note {
    /// A note with nothing but its text.
    pub fn new(id: ObjectUri, attributed_to: ActorUri, content: String) -> Self {
        Self {
            id,
            attributed_to,
            content,
            media_type: None,
            summary: None,
            in_reply_to: None,
            published: None,
            updated: None,
            url: None,
            sensitive: false,
            mentions: Vec::new(),
            tags: Vec::new(),
            reply_approval: None,
            audience: Audience::default(),
        }
    }

    pub(crate) fn read(mut fields: Fields) -> Result<Self, Unreadable> {
        let what = "the note";
        fields.expect("a note", &["Note"])?;
        let authors = Attribution::read_all(&mut fields);
        let author = authors.into_iter().next().map(|author| author.actor);
        let (mut mentions, mut tags) = (Vec::new(), Vec::new());
        for (kind, name, href) in fields.objects("tag", MAX_TAGS, |mut tag| {
            Some((tag.kind().to_owned(), tag.line("name"), tag.uri("href")))
        }) {
            match (kind.as_str(), name, href) {
                ("Mention", name, Some(actor)) => mentions.push(Mention { actor, name }),
                ("Hashtag", Some(name), _) => tags.extend(hashtag(&name)),
                _ => {}
            }
        }
        Ok(Self {
            id: need(what, "id", fields.uri("id"))?,
            attributed_to: need(what, "attributedTo", author)?,
            content: need(what, "content", fields.text("content", MAX_TEXT))?,
            media_type: fields.line("mediaType"),
            summary: fields.text("summary", MAX_TEXT),
            in_reply_to: fields.uri("inReplyTo"),
            published: fields.time("published"),
            updated: fields.time("updated"),
            url: read_page(&mut fields),
            sensitive: fields.flag("sensitive") == Some(true),
            mentions,
            tags,
            reply_approval: fields.uri("replyApproval"),
            audience: Audience::read(&mut fields),
        })
    }

    pub(crate) fn write(&self) -> Value {
        let mentions = self.mentions.iter().map(|mention| {
            Writer::new("Mention")
                .with("href", mention.actor.as_str())
                .maybe("name", mention.name.clone())
                .done()
        });
        let tags = self.tags.iter().map(|name| {
            let tag = Writer::new("Hashtag");
            tag.with("name", format!("#{name}")).done()
        });
        Writer::new("Note")
            .with("id", self.id.as_str())
            .with("attributedTo", self.attributed_to.as_str())
            .with("content", self.content.clone())
            .maybe("mediaType", self.media_type.clone())
            .maybe("summary", self.summary.clone())
            .address("inReplyTo", self.in_reply_to.as_ref())
            .time("published", self.published)
            .time("updated", self.updated)
            .address("url", self.url.as_ref())
            .with("sensitive", self.sensitive)
            .list("tag", mentions.chain(tags))
            .address("replyApproval", self.reply_approval.as_ref())
            .audience(&self.audience)
            .done()
    }
}

/// What is left of something that was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The id of what was there.
    pub id: ObjectUri,
    /// What it was.
    pub former_type: Option<String>,
    /// What it answered.
    pub in_reply_to: Option<ObjectUri>,
    /// When it was published, in milliseconds since 1970.
    pub published: Option<i64>,
    /// When it was last changed.
    pub updated: Option<i64>,
    /// When it was deleted.
    pub deleted: Option<i64>,
}

impl Tombstone {
    pub(crate) fn read(mut fields: Fields) -> Result<Self, Unreadable> {
        fields.expect("a tombstone", &["Tombstone"])?;
        Ok(Self {
            id: need("the tombstone", "id", fields.uri("id"))?,
            former_type: fields.line("formerType"),
            in_reply_to: fields.uri("inReplyTo"),
            published: fields.time("published"),
            updated: fields.time("updated"),
            deleted: fields.time("deleted"),
        })
    }

    pub(crate) fn write(&self) -> Value {
        Writer::new("Tombstone")
            .with("id", self.id.as_str())
            // PeerTube asks for it and it is always the same.
            .with("url", self.id.as_str())
            .maybe("formerType", self.former_type.clone())
            .address("inReplyTo", self.in_reply_to.as_ref())
            .time("published", self.published)
            .time("updated", self.updated)
            .time("deleted", self.deleted)
            .done()
    }
}

vocabulary! {
    Note: Context::Comment;
    Tombstone: Context::Plain;
}
