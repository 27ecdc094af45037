//! What goes along with a video: captions, and the chapters, which are a document of their own.

use names::ObjectUri;
use serde_json::Value;

use crate::Unreadable;
use crate::context::Context;
use crate::fields::{Fields, Link, Writer, need, vocabulary};

/// The most captions and chapters that are kept.
const MAX_CAPTIONS: usize = 200;
const MAX_CHAPTERS: usize = 500;

/// The words of a video in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caption {
    /// The language by code.
    pub language: String,
    /// The language by name, where it is given.
    pub label: Option<String>,
    /// The WebVTT file.
    pub url: Link,
    /// Whether a program wrote them.
    pub automatic: bool,
}

impl Caption {
    pub(super) fn read_all(fields: &mut Fields) -> Vec<Self> {
        fields.objects("subtitleLanguage", MAX_CAPTIONS, |mut caption| {
            Some(Self {
                language: caption.line("identifier").filter(|code| code.len() <= 20)?,
                label: caption.line("name"),
                automatic: caption.flag("automaticallyGenerated") == Some(true),
                url: file(&mut caption)?,
            })
        })
    }

    /// The address is written plainly: PeerTube before 7.3 reads nothing else, and later ones read this as well.
    pub(super) fn write(&self) -> Value {
        Writer::default()
            .with("identifier", self.language.clone())
            .maybe("name", self.label.clone())
            .with("automaticallyGenerated", self.automatic)
            .with("url", self.url.as_str())
            .done()
    }
}

/// The WebVTT file among the links of a caption.
fn file(caption: &mut Fields) -> Option<Link> {
    let links = caption.all("url").into_iter().filter_map(|value| {
        if value.is_string() {
            return crate::fields::address(&value);
        }
        let mut link = Fields::of(value).ok()?;
        let plain = link.line("mediaType").is_none_or(|kind| kind == "text/vtt");
        link.uri("href").filter(|_| plain)
    });
    links.take(1).next()
}

/// Where a part of a video begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapter {
    /// Its title.
    pub name: String,
    /// Where it begins, in seconds.
    pub start: u64,
    /// Where it ends, in seconds.
    pub end: Option<u64>,
}

/// The chapters of a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapters {
    /// The id of the document.
    pub id: ObjectUri,
    /// The chapters.
    pub parts: Vec<Chapter>,
}

impl Chapters {
    fn read(mut fields: Fields) -> Result<Self, Unreadable> {
        let read = |mut part: Fields| {
            Some(Chapter {
                name: part.line("name")?,
                start: part.number("startOffset")?,
                end: part.number("endOffset"),
            })
        };
        Ok(Self {
            id: need("the list of chapters", "id", fields.uri("id"))?,
            parts: fields.objects("hasPart", MAX_CHAPTERS, read),
        })
    }

    fn write(&self) -> Value {
        let part = |part: &Chapter| {
            Writer::default()
                .with("name", part.name.clone())
                .with("startOffset", part.start)
                .maybe("endOffset", part.end)
                .done()
        };
        Writer::default()
            .with("id", self.id.as_str())
            .list("hasPart", self.parts.iter().map(part))
            .done()
    }
}

vocabulary! {
    Chapters: Context::Chapters;
}
