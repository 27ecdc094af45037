//! What an activity or a list is about: an id, perhaps with the object itself. The object is handed out only to whoever names the host that
//! tells it, and only if it lives there; otherwise there is nothing but an address from which to fetch it.

use names::{ActorUri, Host, ObjectUri};
use serde_json::Value;

use crate::fields::address;
use crate::{Object, Unreadable};

/// An object by its id, perhaps with the object itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    id: ObjectUri,
    embedded: Option<Box<Object>>,
}

/// What may be believed of a subject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Told<'a> {
    /// The object, from its own host.
    Here(&'a Object),
    /// It was not given, or it lives on another host: fetch it there.
    Elsewhere(&'a ObjectUri),
}

impl Subject {
    /// A subject of which only the id is given.
    pub fn of(id: ObjectUri) -> Self {
        Self { id, embedded: None }
    }

    /// A subject that is written whole. Nothing if the object has no id.
    pub fn whole(object: Object) -> Option<Self> {
        Some(Self {
            id: object.id()?,
            embedded: Some(Box::new(object)),
        })
    }

    /// Its id. On whose host it lives is all that an id proves.
    pub fn id(&self) -> &ObjectUri {
        &self.id
    }

    /// What may be believed of it if this host tells it: signed by an actor there, or fetched from there. An object that belongs to an actor on
    /// another host than its id is not believed either.
    pub fn told_by(&self, host: &Host) -> Told<'_> {
        let home = self.id.host();
        let here = home == *host;
        let owned = |object: &&Object| object.owners().iter().all(|owner| owner.host() == home);
        match self.embedded.as_deref().filter(owned) {
            Some(object) if here => Told::Here(object),
            _ => Told::Elsewhere(&self.id),
        }
    }

    /// Whether the object itself is written, whoever may be believed about it.
    pub fn is_whole(&self) -> bool {
        self.embedded.is_some()
    }

    /// Reads an id or an object. An object that makes no sense is an error.
    pub(crate) fn read(value: Value) -> Result<Self, Unreadable> {
        if value.is_object() {
            let object = Object::from_json(value)?;
            return Self::whole(object).ok_or(Unreadable::Field {
                what: "the object of the activity",
                field: "id",
            });
        }
        let id = address(&value).ok_or(Unreadable::Field {
            what: "the activity",
            field: "object",
        })?;
        Ok(Self::of(id))
    }

    /// Reads an id or an object, of which only the id is kept if it makes no sense.
    pub(crate) fn read_leniently(value: Value) -> Option<Self> {
        let id = address(&value).map(Self::of);
        let whole = value.is_object().then(|| Self::read(value).ok()).flatten();
        whole.or(id)
    }

    pub(crate) fn write(&self) -> Value {
        match &self.embedded {
            Some(object) => object.to_json(),
            None => Value::String(self.id.to_string()),
        }
    }

    pub(crate) fn embedded(&self) -> Option<&Object> {
        self.embedded.as_deref()
    }
}

/// Whether an actor may say something about an object at all: only its own host can.
pub fn speaks_for(actor: &ActorUri, id: &ObjectUri) -> bool {
    actor.host() == id.host()
}
