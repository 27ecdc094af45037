//! Playlists of videos, and copies of videos that another server keeps and serves (PeerTube's redundancy).

use names::{ActorUri, ObjectUri};
use serde_json::Value;

use crate::Unreadable;
use crate::audience::{Attribution, Audience};
use crate::context::Context;
use crate::description::Description;
use crate::fields::{Fields, Link, Writer, need, vocabulary};
use crate::image::Image;
use crate::video::{File, HlsPlaylist};

/// A playlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playlist {
    /// Its id.
    pub id: ObjectUri,
    /// Its uuid.
    pub uuid: Option<String>,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Description,
    /// How many elements it has.
    pub total: Option<u64>,
    /// The channel that shows it.
    pub attributed_to: Vec<Attribution>,
    /// Its place among the channel's playlists.
    pub channel_position: Option<u64>,
    /// Its thumbnail.
    pub icon: Option<Image>,
    /// When it was published, in milliseconds since 1970.
    pub published: Option<i64>,
    /// When it was changed.
    pub updated: Option<i64>,
    /// The first page of its elements.
    pub first: Option<ObjectUri>,
    /// Elements that come with it, by id.
    pub elements: Vec<ObjectUri>,
    /// Whom it is for.
    pub audience: Audience,
}

impl Playlist {
    /// A playlist with nothing but a name.
    pub fn new(id: ObjectUri, name: String) -> Self {
        Self {
            id,
            uuid: None,
            name,
            description: Description::default(),
            total: None,
            attributed_to: Vec::new(),
            channel_position: None,
            icon: None,
            published: None,
            updated: None,
            first: None,
            elements: Vec::new(),
            audience: Audience::default(),
        }
    }

    /// The channel that shows it.
    pub fn channel(&self) -> Option<&ActorUri> {
        self.attributed_to.first().map(|to| &to.actor)
    }

    pub(crate) fn read(mut fields: Fields) -> Result<Self, Unreadable> {
        let what = "the playlist";
        fields.expect("a playlist", &["Playlist"])?;
        Ok(Self {
            id: need(what, "id", fields.uri("id"))?,
            uuid: fields.line("uuid"),
            name: need(what, "name", fields.line("name").filter(|n| !n.is_empty()))?,
            description: Description::read(&mut fields),
            total: fields.number("totalItems"),
            attributed_to: Attribution::read_all(&mut fields),
            channel_position: fields.number("videoChannelPosition"),
            icon: Image::read_all(&mut fields, "icon").into_iter().next(),
            published: fields.time("published"),
            updated: fields.time("updated"),
            first: fields.uri("first"),
            elements: fields.uris("orderedItems"),
            audience: Audience::read(&mut fields),
        })
    }

    pub(crate) fn write(&self) -> Value {
        Writer::new("Playlist")
            .with("id", self.id.as_str())
            .maybe("uuid", self.uuid.clone())
            .with("name", self.name.clone())
            .description(&self.description)
            .maybe("totalItems", self.total)
            .attributed(&self.attributed_to)
            .maybe("videoChannelPosition", self.channel_position)
            // PeerTube reads one picture here, no list.
            .maybe("icon", self.icon.as_ref().map(Image::write))
            .time("published", self.published)
            .time("updated", self.updated)
            .address("first", self.first.as_ref())
            .some(
                "orderedItems",
                self.elements.iter().map(ToString::to_string),
            )
            .audience(&self.audience)
            .done()
    }
}

/// One video in a playlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaylistElement {
    /// Its id.
    pub id: ObjectUri,
    /// The video.
    pub video: ObjectUri,
    /// Its place, from 1.
    pub position: u64,
    /// Where to begin, in seconds.
    pub start: Option<u64>,
    /// Where to end, in seconds.
    pub stop: Option<u64>,
}

impl PlaylistElement {
    pub(crate) fn read(mut fields: Fields) -> Result<Self, Unreadable> {
        let what = "the element of a playlist";
        fields.expect("an element of a playlist", &["PlaylistElement"])?;
        Ok(Self {
            id: need(what, "id", fields.uri("id"))?,
            video: need(what, "url", fields.uri("url"))?,
            position: need(what, "position", fields.number("position"))?,
            start: fields.number("startTimestamp"),
            stop: fields.number("stopTimestamp"),
        })
    }

    pub(crate) fn write(&self) -> Value {
        Writer::new("PlaylistElement")
            .with("id", self.id.as_str())
            .with("url", self.video.as_str())
            .with("position", self.position)
            .maybe("startTimestamp", self.start)
            .maybe("stopTimestamp", self.stop)
            .done()
    }
}

/// A copy of a video on another server than its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheFile {
    /// Its id.
    pub id: ObjectUri,
    /// The video.
    pub video: ObjectUri,
    /// Until when it is kept, in milliseconds since 1970; for good, if nothing is said.
    pub expires: Option<i64>,
    /// What is kept.
    pub copy: Copied,
}

/// What is kept of a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Copied {
    /// One file.
    File(Box<File>),
    /// The playlist with all its files.
    Playlist(Box<HlsPlaylist>),
}

impl CacheFile {
    pub(crate) fn read(mut fields: Fields) -> Result<Self, Unreadable> {
        let what = "the cache file";
        fields.expect("a cache file", &["CacheFile"])?;
        let url = need(what, "url", fields.one("url"))?;
        let mut link = Fields::of(url)?;
        let kind = link.line("mediaType").unwrap_or_default();
        let copy = if kind == "application/x-mpegURL" {
            let url: Link = need(what, "url", link.uri("href"))?;
            Copied::Playlist(Box::new(HlsPlaylist::read(url, &mut link)))
        } else {
            let file = need(what, "url", File::read(&kind, &mut link))?;
            Copied::File(Box::new(file))
        };
        Ok(Self {
            id: need(what, "id", fields.uri("id"))?,
            video: need(what, "object", fields.uri("object"))?,
            expires: fields.time("expires"),
            copy,
        })
    }

    pub(crate) fn write(&self) -> Value {
        let url = match &self.copy {
            Copied::File(file) => file.link(),
            Copied::Playlist(playlist) => playlist.write(),
        };
        Writer::new("CacheFile")
            .with("id", self.id.as_str())
            .with("object", self.video.as_str())
            .time("expires", self.expires)
            .with("url", url)
            .done()
    }
}

vocabulary! {
    Playlist: Context::Playlist;
    PlaylistElement: Context::Playlist;
    CacheFile: Context::CacheFile;
}
