//! Whom something is for, and to whom it is attributed.

use names::ActorUri;
use serde_json::Value;

use crate::actor::ActorKind;
use crate::fields::{Fields, MAX_LIST, Writer};

/// Everybody, in `to` or `cc` (ActivityPub section 5.6).
pub const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// Whom an object is addressed to: ids of actors and of collections of them, and [`PUBLIC`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audience {
    /// Those it is addressed to.
    pub to: Vec<String>,
    /// Those who may see it as well.
    pub cc: Vec<String>,
}

impl Audience {
    /// For everybody, and delivered to the followers.
    pub fn public(followers: &str) -> Self {
        Self {
            to: vec![PUBLIC.to_owned()],
            cc: vec![followers.to_owned()],
        }
    }

    /// For everybody who has the link, and delivered to the followers.
    pub fn unlisted(followers: &str) -> Self {
        Self {
            to: vec![followers.to_owned()],
            cc: vec![PUBLIC.to_owned()],
        }
    }

    /// Whether everybody may see it, listed or not.
    pub fn is_public(&self) -> bool {
        self.is_listed() || self.cc.iter().any(|name| is_everybody(name))
    }

    /// Whether it may be shown in lists.
    pub fn is_listed(&self) -> bool {
        self.to.iter().any(|name| is_everybody(name))
    }

    pub(crate) fn read(fields: &mut Fields) -> Self {
        let mut names = |key: &str| {
            let all = fields.all(key).into_iter();
            let names = all.filter_map(|value| match value {
                // One that is longer than any address is nobody's.
                Value::String(name) if name.len() <= 2000 => Some(name),
                _ => None,
            });
            names.take(MAX_LIST).collect()
        };
        Self {
            to: names("to"),
            cc: names("cc"),
        }
    }
}

fn is_everybody(name: &str) -> bool {
    matches!(name, PUBLIC | "as:Public" | "Public")
}

impl Writer {
    pub(crate) fn audience(self, audience: &Audience) -> Self {
        self.some("to", audience.to.iter().cloned())
            .some("cc", audience.cc.iter().cloned())
    }

    pub(crate) fn attributed(self, to: &[Attribution]) -> Self {
        self.some("attributedTo", to.iter().map(Attribution::write))
    }
}

/// One actor to whom something belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    /// The actor.
    pub actor: ActorUri,
    /// What it is, where the object says so: PeerTube 8 gives ids alone.
    pub kind: Option<ActorKind>,
}

impl Attribution {
    pub(crate) fn read_all(fields: &mut Fields) -> Vec<Self> {
        let all = fields.all("attributedTo");
        all.into_iter().filter_map(Self::read).take(8).collect()
    }

    fn read(value: Value) -> Option<Self> {
        let actor = crate::fields::address(&value)?;
        let kind = Fields::of(value).ok();
        let kind = kind.and_then(|fields| ActorKind::parse(fields.kind()));
        Some(Self { actor, kind })
    }

    fn write(&self) -> Value {
        match self.kind {
            Some(kind) => Writer::new(kind.name())
                .with("id", self.actor.to_string())
                .done(),
            None => Value::String(self.actor.to_string()),
        }
    }
}
