//! What somebody did: the messages of ActivityPub. The actor speaks for its own host and for nothing else: an activity whose id or inner
//! activity belongs to another is refused while reading, and what it says about an object is believed only through [`Told`].

use names::{ActorUri, Host, ObjectUri};
use serde_json::{Value, json};

use crate::Unreadable;
use crate::audience::Audience;
use crate::context::{self, Context};
use crate::fields::{Fields, MAX_TEXT, Writer, need};
use crate::object::{Object, as_actor, same};
use crate::subject::{Subject, Told, speaks_for};

mod deed;

pub use deed::{Deed, Flag, Followed, Undone, View};

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// Its id, on the host of the actor.
    pub id: ObjectUri,
    /// Who did it. True only if the request was signed by this actor or if it was fetched from its host.
    pub actor: ActorUri,
    /// What was done.
    pub deed: Deed,
    /// When, in milliseconds since 1970.
    pub published: Option<i64>,
    /// Whom it is for.
    pub audience: Audience,
}

impl Activity {
    /// Somebody did something.
    pub fn new(id: ObjectUri, actor: ActorUri, deed: Deed) -> Self {
        Self {
            id,
            actor,
            deed,
            published: None,
            audience: Audience::default(),
        }
    }

    /// Addresses it to an audience.
    pub fn to(mut self, audience: Audience) -> Self {
        self.audience = audience;
        self
    }

    /// Reads an activity from the bytes of a request within the usual limits.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        Self::from_json(crate::read(bytes)?)
    }

    /// Reads an activity from JSON that came through [`crate::read()`].
    pub fn from_json(value: Value) -> Result<Self, Unreadable> {
        Self::read(Fields::of(value)?)
    }

    /// The host that says all this.
    pub fn host(&self) -> Host {
        self.actor.host()
    }

    /// Whether the actor may say anything about an object.
    pub fn speaks_for(&self, id: &ObjectUri) -> bool {
        speaks_for(&self.actor, id)
    }

    /// Whether the actor is among the owners of an object, as they are known from the object itself. Without that, an Update or a Delete is
    /// not done, not even on the same host.
    pub fn is_by(&self, owners: &[ActorUri]) -> bool {
        owners.contains(&self.actor)
    }

    /// What may be believed of the object of a Create, an Update or an Announce. Nothing for other deeds, which name their object only.
    pub fn object(&self) -> Option<Told<'_>> {
        match &self.deed {
            Deed::Create(subject) | Deed::Update(subject) | Deed::Announce(subject) => {
                Some(subject.told_by(&self.host()))
            }
            _ => None,
        }
    }

    /// Writes the activity as it is embedded in another.
    pub fn to_json(&self) -> Value {
        self.write()
    }

    /// Writes the activity as a document of its own, with its `@context`.
    pub fn document(&self) -> Value {
        context::document(self.write(), self.context())
    }

    pub(crate) fn is(kind: &str) -> bool {
        deed::KINDS.contains(&kind)
    }

    pub(crate) fn context(&self) -> Context {
        match &self.deed {
            Deed::Create(subject) | Deed::Update(subject) => {
                subject.embedded().map_or(Context::Plain, Object::context)
            }
            Deed::Undo(undone) => match undone.deed.as_deref() {
                Some(Deed::Create(subject)) => {
                    subject.embedded().map_or(Context::Plain, Object::context)
                }
                _ => Context::Plain,
            },
            Deed::Flag(_) => Context::Flag,
            _ => Context::Plain,
        }
    }

    pub(crate) fn read(mut fields: Fields) -> Result<Self, Unreadable> {
        let what = "the activity";
        fields.expect("an activity", &deed::KINDS)?;
        let id: ObjectUri = need(what, "id", fields.uri("id"))?;
        let actor: ActorUri = need(what, "actor", fields.uri("actor"))?;
        if !speaks_for(&actor, &id) {
            return Err(Unreadable::NotTheirs(
                "the activity's id is on another host than its actor",
            ));
        }
        Ok(Self {
            published: fields.time("published"),
            audience: Audience::read(&mut fields),
            deed: Deed::read(&mut fields, &actor)?,
            id,
            actor,
        })
    }

    pub(crate) fn write(&self) -> Value {
        let written = Writer::new(self.deed.kind())
            .with("id", self.id.as_str())
            .with("actor", self.actor.as_str())
            .time("published", self.published)
            .audience(&self.audience);
        self.deed.write(written, &self.actor).done()
    }
}

impl serde::Serialize for Activity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.write().serialize(serializer)
    }
}

impl Deed {
    fn read(fields: &mut Fields, actor: &ActorUri) -> Result<Self, Unreadable> {
        let kind = fields.kind().to_owned();
        let objects = || Unreadable::Field {
            what: "the activity",
            field: "object",
        };
        let id = |fields: &mut Fields| fields.uri::<ObjectUri>("object").ok_or_else(objects);
        Ok(match kind.as_str() {
            "Create" => {
                let subject = Subject::read(fields.one("object").ok_or_else(objects)?)?;
                // Older servers of PeerTube wrap these; they are what is meant.
                match subject.embedded() {
                    Some(Object::Activity(inner)) if inner.deed.is_wrapped() => {
                        if inner.actor != *actor {
                            return Err(Unreadable::NotTheirs(
                                "the activity holds an activity of another actor",
                            ));
                        }
                        inner.deed.clone()
                    }
                    _ => Self::Create(subject),
                }
            }
            "Update" => Self::Update(Subject::read(fields.one("object").ok_or_else(objects)?)?),
            "Announce" => {
                let object = fields.one("object").and_then(Subject::read_leniently);
                Self::Announce(object.ok_or_else(objects)?)
            }
            "Delete" => Self::Delete(id(fields)?),
            "Follow" => Self::Follow(as_actor(&id(fields)?)),
            "Accept" => Self::Accept(Followed::read(fields.one("object"))?),
            "Reject" => Self::Reject(Followed::read(fields.one("object"))?),
            "Undo" => Self::Undo(Undone::read(fields.one("object"), actor)?),
            "Like" => Self::Like(id(fields)?),
            "Dislike" => Self::Dislike(id(fields)?),
            "View" => Self::View(View {
                viewers: fields
                    .objects("result", 1, |mut result| {
                        result.number("userInteractionCount")
                    })
                    .pop(),
                expires: fields.time("expires"),
                video: id(fields)?,
            }),
            _ => Self::Flag(Flag {
                content: fields.text("content", MAX_TEXT).unwrap_or_default(),
                reasons: fields.objects("tag", 20, |mut tag| {
                    crate::fields::hashtag(&tag.line("name")?)
                }),
                start: fields.number("startAt"),
                end: fields.number("endAt"),
                objects: {
                    let all: Vec<ObjectUri> = fields.uris("object");
                    if all.is_empty() {
                        return Err(objects());
                    }
                    all
                },
            }),
        })
    }

    fn write(&self, written: Writer, actor: &ActorUri) -> Writer {
        match self {
            Self::Create(subject) | Self::Update(subject) | Self::Announce(subject) => {
                written.with("object", subject.write())
            }
            Self::Delete(id) | Self::Like(id) | Self::Dislike(id) => {
                written.with("object", id.as_str())
            }
            Self::Follow(followed) => written.with("object", followed.as_str()),
            Self::Accept(followed) | Self::Reject(followed) => {
                written.with("object", followed.write())
            }
            Self::Undo(undone) => written.with("object", undone.write(actor)),
            Self::View(view) => {
                let result = view.viewers.map(|viewers| {
                    json!({
                        "type": "InteractionCounter",
                        "interactionType": "WatchAction",
                        "userInteractionCount": viewers,
                    })
                });
                written
                    .with("object", view.video.as_str())
                    .time("expires", view.expires)
                    .maybe("result", result)
            }
            Self::Flag(flag) => {
                let reasons = flag.reasons.iter();
                let reasons = reasons.map(|name| json!({"type": "Hashtag", "name": name}));
                let objects = match flag.objects.as_slice() {
                    // PeerTube reads a single id.
                    [one] => json!(one.as_str()),
                    all => all.iter().map(ObjectUri::to_string).collect(),
                };
                written
                    .with("object", objects)
                    .with("content", flag.content.clone())
                    .some("tag", reasons)
                    .maybe("startAt", flag.start)
                    .maybe("endAt", flag.end)
            }
        }
    }
}

impl Followed {
    fn read(value: Option<Value>) -> Result<Self, Unreadable> {
        let value = need("the answer to a follow", "object", value)?;
        if let Value::String(text) = &value {
            let id = ObjectUri::parse(text).ok();
            return Ok(Self {
                id: Some(need("the answer to a follow", "object", id)?),
                follower: None,
                followed: None,
            });
        }
        let mut follow = Fields::of(value)?;
        follow.expect("a follow", &["Follow"])?;
        Ok(Self {
            id: follow.uri("id"),
            follower: follow.uri("actor"),
            followed: follow.uri("object"),
        })
    }

    fn write(&self) -> Value {
        if let (Some(id), None, None) = (&self.id, &self.follower, &self.followed) {
            return Value::String(id.to_string());
        }
        Writer::new("Follow")
            .address("id", self.id.as_ref())
            .address("actor", self.follower.as_ref())
            .address("object", self.followed.as_ref())
            .done()
    }
}

impl Undone {
    fn read(value: Option<Value>, actor: &ActorUri) -> Result<Self, Unreadable> {
        let value = need("the undoing", "object", value)?;
        let theirs = Unreadable::NotTheirs("the activity undoes what another actor did");
        let id: Option<ObjectUri> = match &value {
            Value::String(text) => Some(need("the undoing", "object", text.parse().ok())?),
            _ => Fields::of(value.clone())?.uri("id"),
        };
        if id.as_ref().is_some_and(|id| !speaks_for(actor, id)) {
            return Err(theirs);
        }
        let Ok(mut inner) = Fields::of(value) else {
            return Ok(Self { id, deed: None });
        };
        if inner
            .uri::<ActorUri>("actor")
            .is_some_and(|by| by != *actor)
        {
            return Err(theirs);
        }
        let known = Activity::is(inner.kind()) && inner.kind() != "Undo";
        let deed = known.then(|| Deed::read(&mut inner, actor)).transpose()?;
        Ok(Self {
            id,
            deed: deed.map(Box::new),
        })
    }

    fn write(&self, actor: &ActorUri) -> Value {
        match (&self.deed, &self.id) {
            (Some(deed), id) => {
                let written = Writer::new(deed.kind())
                    .address("id", id.as_ref())
                    .with("actor", actor.as_str());
                deed.write(written, actor).done()
            }
            (None, Some(id)) => Value::String(id.to_string()),
            (None, None) => json!({}),
        }
    }
}

impl Deed {
    /// The id of what it is done to, where there is one.
    pub fn target(&self) -> Option<ObjectUri> {
        match self {
            Self::Create(subject) | Self::Update(subject) | Self::Announce(subject) => {
                Some(subject.id().clone())
            }
            Self::Delete(id) | Self::Like(id) | Self::Dislike(id) => Some(id.clone()),
            Self::Follow(actor) => Some(same(actor)),
            Self::View(view) => Some(view.video.clone()),
            Self::Accept(followed) | Self::Reject(followed) => followed.id.clone(),
            Self::Undo(undone) => undone.id.clone(),
            Self::Flag(flag) => flag.objects.first().cloned(),
        }
    }
}
