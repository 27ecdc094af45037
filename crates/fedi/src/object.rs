//! Anything that has a type: one enum over the vocabulary, so that a document whose kind is not known beforehand can be read. Types that
//! we do not know are kept by id and name, for a log or an answer, and otherwise ignored.

use names::{ActorUri, ObjectUri};
use serde_json::Value;

use crate::Unreadable;
use crate::activity::Activity;
use crate::actor::{Actor, ActorKind};
use crate::collection::{Collection, Page};
use crate::context::{self, Context};
use crate::fields::{Fields, Writer};
use crate::note::{Note, Tombstone};
use crate::playlist::{CacheFile, Playlist, PlaylistElement};
use crate::video::Video;

/// An object of the vocabulary.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// Somebody who acts.
    Actor(Box<Actor>),
    /// A video.
    Video(Box<Video>),
    /// A comment.
    Note(Box<Note>),
    /// A playlist.
    Playlist(Box<Playlist>),
    /// One video in a playlist.
    PlaylistElement(Box<PlaylistElement>),
    /// A copy of a video elsewhere.
    CacheFile(Box<CacheFile>),
    /// What is left of something.
    Tombstone(Box<Tombstone>),
    /// A list.
    Collection(Box<Collection>),
    /// A page of a list.
    Page(Box<Page>),
    /// Something that somebody did.
    Activity(Box<Activity>),
    /// Something of a type that we do not know.
    Other {
        /// Its id, if it has one.
        id: Option<ObjectUri>,
        /// The name of its type.
        kind: String,
    },
}

impl Object {
    /// Reads an object from the bytes of a document within the usual limits.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        Self::from_json(crate::read(bytes)?)
    }

    /// Reads an object that was fetched from an address, and refuses one that lives elsewhere or belongs to somebody elsewhere. Its id may
    /// differ from the address; if it does, whoever looks it up next time will do so by the id.
    pub fn fetched(bytes: &[u8], from: &ObjectUri) -> Result<Self, Unreadable> {
        let object = Self::parse(bytes)?;
        let home = from.host();
        if object.id().is_none_or(|id| id.host() != home) {
            return Err(Unreadable::NotTheirs(
                "the object that was found there belongs to another host",
            ));
        }
        if object.owners().iter().any(|owner| owner.host() != home) {
            return Err(Unreadable::NotTheirs(
                "the object is attributed to somebody on another host",
            ));
        }
        Ok(object)
    }

    /// Reads an object from JSON that came through [`crate::read()`].
    pub fn from_json(value: Value) -> Result<Self, Unreadable> {
        let mut fields = Fields::of(value)?;
        let kind = fields.kind();
        Ok(match kind {
            "Video" => Self::Video(Box::new(Video::read(fields)?)),
            "Note" => Self::Note(Box::new(Note::read(fields)?)),
            "Playlist" => Self::Playlist(Box::new(Playlist::read(fields)?)),
            "PlaylistElement" => Self::PlaylistElement(Box::new(PlaylistElement::read(fields)?)),
            "CacheFile" => Self::CacheFile(Box::new(CacheFile::read(fields)?)),
            "Tombstone" => Self::Tombstone(Box::new(Tombstone::read(fields)?)),
            "Collection" | "OrderedCollection" => {
                Self::Collection(Box::new(Collection::read(fields)?))
            }
            "CollectionPage" | "OrderedCollectionPage" => Self::Page(Box::new(Page::read(fields)?)),
            kind if ActorKind::parse(kind).is_some() => Self::Actor(Box::new(Actor::read(fields)?)),
            kind if Activity::is(kind) => Self::Activity(Box::new(Activity::read(fields)?)),
            kind => {
                let kind = kind.chars().take(80).collect();
                let id = fields.uri("id");
                Self::Other { id, kind }
            }
        })
    }

    /// Writes the object as it is embedded in another.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Actor(actor) => actor.write(),
            Self::Video(video) => video.write(),
            Self::Note(note) => note.write(),
            Self::Playlist(playlist) => playlist.write(),
            Self::PlaylistElement(element) => element.write(),
            Self::CacheFile(file) => file.write(),
            Self::Tombstone(tombstone) => tombstone.write(),
            Self::Collection(collection) => collection.write(),
            Self::Page(page) => page.write(),
            Self::Activity(activity) => activity.write(),
            Self::Other { id, kind } => Writer::new(kind).address("id", id.as_ref()).done(),
        }
    }

    /// Writes the object as a document of its own, with its `@context`.
    pub fn document(&self) -> Value {
        context::document(self.to_json(), self.context())
    }

    pub(crate) fn context(&self) -> Context {
        match self {
            Self::Actor(_) => Context::Actor,
            Self::Video(_) => Context::Video,
            Self::Note(_) => Context::Comment,
            Self::Playlist(_) | Self::PlaylistElement(_) => Context::Playlist,
            Self::CacheFile(_) => Context::CacheFile,
            Self::Activity(activity) => activity.context(),
            _ => Context::Plain,
        }
    }

    /// Its id. Pages and things of unknown types may have none.
    pub fn id(&self) -> Option<ObjectUri> {
        Some(match self {
            Self::Actor(actor) => same(&actor.id),
            Self::Video(video) => video.id.clone(),
            Self::Note(note) => note.id.clone(),
            Self::Playlist(playlist) => playlist.id.clone(),
            Self::PlaylistElement(element) => element.id.clone(),
            Self::CacheFile(file) => file.id.clone(),
            Self::Tombstone(tombstone) => tombstone.id.clone(),
            Self::Collection(collection) => return collection.id.clone(),
            Self::Page(page) => return page.id.clone(),
            Self::Activity(activity) => activity.id.clone(),
            Self::Other { id, .. } => return id.clone(),
        })
    }

    /// The actors that it says it belongs to. Only these may change or remove it, once the object itself is believed.
    pub fn owners(&self) -> Vec<ActorUri> {
        let all = match self {
            Self::Actor(actor) => return vec![actor.id.clone()],
            Self::Note(note) => return vec![note.attributed_to.clone()],
            Self::Activity(activity) => return vec![activity.actor.clone()],
            Self::Video(video) => &video.attributed_to,
            Self::Playlist(playlist) => &playlist.attributed_to,
            _ => return Vec::new(),
        };
        all.iter().map(|to| to.actor.clone()).collect()
    }
}

/// An actor is an object as well.
pub(crate) fn same(actor: &ActorUri) -> ObjectUri {
    ObjectUri::parse(actor.as_str()).expect("an actor's id follows the same rules as an object's")
}

/// An object that is an actor.
pub(crate) fn as_actor(id: &ObjectUri) -> ActorUri {
    ActorUri::parse(id.as_str()).expect("an actor's id follows the same rules as an object's")
}
