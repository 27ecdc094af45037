//! Webfinger (RFC 7033): from the handle of somebody to the actor, and back. A handle is what people write, `@name@pod.example`; the document
//! that a host answers with is a JRD.

use std::fmt;

use names::{ActorUri, Host, ObjectUri};
use serde_json::Value;

use crate::Unreadable;
use crate::fields::{Fields, Link, Writer, need};

/// The media type of a JRD.
pub const JRD_TYPE: &str = "application/jrd+json";
/// The media type of ActivityPub objects.
pub const ACTIVITY_TYPE: &str = "application/activity+json";
/// The media type that ActivityPub asks for (section 3.2), which means the same.
pub const LD_TYPE: &str = "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";

/// The relation of the page on which a visitor from elsewhere follows somebody.
const SUBSCRIBE: &str = "http://ostatus.org/schema/1.0/subscribe";
const PROFILE: &str = "http://webfinger.net/rel/profile-page";

/// The most links and aliases that are kept.
const MAX_LINKS: usize = 30;

/// Somebody's name with their host: `name@pod.example`. Names are of letters, digits and `. _ - ~`, at most 100.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Handle {
    name: String,
    host: Host,
}

impl Handle {
    /// The handle of a name on a host.
    pub fn new(name: &str, host: Host) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-~".contains(&byte);
        let good = (1..=100).contains(&name.len()) && name.bytes().all(plain);
        let name = name.to_owned();
        good.then_some(Self { name, host })
    }

    /// Reads `@name@host` or `name@host`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (name, host) = text.strip_prefix('@').unwrap_or(text).split_once('@')?;
        // A whole address is no host here, although an admin may type one elsewhere.
        let host = (!host.contains('/')).then(|| Host::parse(host).ok())??;
        Self::new(name, host)
    }

    /// The name before the host.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The handle as webfinger asks for it.
    pub fn resource(&self) -> String {
        format!("acct:{self}")
    }

    /// Path and query of the question, to be asked at the handle's host.
    pub fn question(&self) -> String {
        let escape = |text: &str| text.replace('[', "%5B").replace(']', "%5D");
        format!(
            "/.well-known/webfinger?resource=acct:{}",
            escape(&self.to_string())
        )
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.host)
    }
}

/// What somebody looks for: by handle or by address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// A handle.
    Handle(Handle),
    /// The address of an actor, a video, a comment or a page.
    Url(ObjectUri),
}

impl Query {
    /// Reads what a visitor typed into the search: `@name@host`, `name@host` or an address. Nothing if it is something else, such as plain
    /// words.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with("https://") || text.starts_with("http://") {
            return ObjectUri::parse(text).ok().map(Self::Url);
        }
        Handle::parse(text).map(Self::Handle)
    }

    /// Reads the `resource` of a question to us: `acct:name@host`, or an address.
    pub fn parse_resource(text: &str) -> Option<Self> {
        match text.strip_prefix("acct:") {
            Some(handle) => Handle::parse(handle).map(Self::Handle),
            None => Self::parse(text),
        }
    }
}

/// A JRD: who somebody is and where more is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jrd {
    /// The resource that it describes.
    pub subject: String,
    /// Other names of it.
    pub aliases: Vec<String>,
    /// What is to be found where.
    pub links: Vec<Relation>,
}

/// A link of a JRD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// What it means.
    pub rel: String,
    /// The media type behind it.
    pub kind: Option<String>,
    /// Where it leads.
    pub href: Option<Link>,
    /// An address with `{uri}` in it.
    pub template: Option<String>,
}

impl Jrd {
    /// The answer about one of our actors, with its page for people and, for visitors from elsewhere, the page to follow from:
    /// an address with `{uri}` in it.
    pub fn of(
        handle: &Handle,
        actor: &ActorUri,
        page: Option<&Link>,
        follow: Option<&str>,
    ) -> Self {
        let relation = |rel: &str, kind: Option<&str>, href: Option<Link>| Relation {
            rel: rel.to_owned(),
            kind: kind.map(str::to_owned),
            href,
            template: None,
        };
        let id = Link::parse(actor.as_str()).ok();
        let mut links = vec![relation("self", Some(ACTIVITY_TYPE), id)];
        if let Some(page) = page {
            links.push(relation(PROFILE, Some("text/html"), Some(page.clone())));
        }
        if let Some(template) = follow {
            links.push(Relation {
                template: Some(template.to_owned()),
                ..relation(SUBSCRIBE, None, None)
            });
        }
        Self {
            subject: handle.resource(),
            aliases: vec![actor.to_string()],
            links,
        }
    }

    /// Reads a JRD within the usual limits.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut fields = Fields::of(crate::read(bytes)?)?;
        let read = |mut link: Fields| {
            Some(Relation {
                rel: link.line("rel")?,
                kind: link.line("type"),
                href: link.uri("href"),
                template: link.line("template"),
            })
        };
        Ok(Self {
            subject: need("the webfinger answer", "subject", fields.line("subject"))?,
            aliases: fields.lines("aliases", MAX_LINKS),
            links: fields.objects("links", MAX_LINKS, read),
        })
    }

    /// Writes it.
    pub fn to_json(&self) -> Value {
        let link = |link: &Relation| {
            Writer::default()
                .with("rel", link.rel.clone())
                .maybe("type", link.kind.clone())
                .address("href", link.href.as_ref())
                .maybe("template", link.template.clone())
                .done()
        };
        Writer::default()
            .with("subject", self.subject.clone())
            .some("aliases", self.aliases.iter().cloned())
            .list("links", self.links.iter().map(link))
            .done()
    }

    /// The actor: the link to itself as an ActivityPub object. It may be on another host than the handle (then its own webfinger must lead
    /// back to it before the handle is believed).
    pub fn actor(&self) -> Option<ActorUri> {
        let mut links = self.links.iter();
        links.find_map(|link| {
            let kind = link.kind.as_deref().unwrap_or_default();
            let activity = kind == ACTIVITY_TYPE || kind.starts_with("application/ld+json");
            let href = link
                .href
                .as_ref()
                .filter(|_| link.rel == "self" && activity)?;
            ActorUri::parse(href.as_str()).ok()
        })
    }

    /// The handle that the host itself gives.
    pub fn handle(&self) -> Option<Handle> {
        Handle::parse(self.subject.strip_prefix("acct:")?)
    }

    /// The page on which a visitor of ours follows something of theirs, for the address of what is to be followed.
    pub fn follow_page(&self, uri: &str) -> Option<Link> {
        let mut links = self.links.iter();
        let link = links.find(|link| link.rel == SUBSCRIBE)?;
        let uri: String = url::form_urlencoded::byte_serialize(uri.as_bytes()).collect();
        let page = link.template.as_ref()?.replacen("{uri}", &uri, 1);
        Link::parse(&page).ok()
    }
}

impl serde::Serialize for Jrd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for() {
        for (text, expected) in [
            ("@alice@pod.example", Some("alice@pod.example")),
            (" alice@Pod.Example:443 ", Some("alice@pod.example")),
            ("a.b-c_d@pod.example:9001", Some("a.b-c_d@pod.example:9001")),
            (
                "https://pod.example/a/alice",
                Some("https://pod.example/a/alice"),
            ),
            ("alice", None),
            ("@alice", None),
            ("alice@", None),
            ("@@pod.example", None),
            ("two words@pod.example", None),
            ("alice@pod.example/path", None),
            ("alice@bob@pod.example", None),
            ("https://", None),
            ("file:///etc/passwd", None),
            ("", None),
        ] {
            let query = Query::parse(text).map(|query| match query {
                Query::Handle(handle) => handle.to_string(),
                Query::Url(url) => url.into_string(),
            });
            assert_eq!(query.as_deref(), expected, "{text}");
        }
        let question = Handle::parse("alice@[::1]:9001").unwrap().question();
        assert_eq!(
            question,
            "/.well-known/webfinger?resource=acct:alice@%5B::1%5D:9001"
        );
    }

    #[test]
    fn what_is_asked_of_us() {
        let alice = Query::Handle(Handle::parse("alice@pod.example").unwrap());
        assert_eq!(
            Query::parse_resource("acct:alice@pod.example"),
            Some(alice.clone())
        );
        assert_eq!(
            Query::parse_resource("acct:@alice@pod.example"),
            Some(alice)
        );
        assert!(matches!(
            Query::parse_resource("https://pod.example/accounts/alice"),
            Some(Query::Url(_))
        ));
        assert_eq!(Query::parse_resource("mailto:alice@pod.example"), None);
    }

    #[test]
    fn our_answer_is_understood() {
        let handle = Handle::parse("alice@pod.example").unwrap();
        let actor = ActorUri::parse("https://pod.example/accounts/alice").unwrap();
        let page = Link::parse("https://pod.example/a/alice").unwrap();
        let follow = "https://pod.example/remote-interaction?uri={uri}";
        let jrd = Jrd::of(&handle, &actor, Some(&page), Some(follow));
        let read = Jrd::parse(jrd.to_json().to_string().as_bytes()).unwrap();
        assert_eq!(read, jrd);
        assert_eq!(read.actor(), Some(actor));
        assert_eq!(read.handle(), Some(handle));
        assert_eq!(
            read.follow_page("https://b.example/w/1?a=b")
                .unwrap()
                .as_str(),
            "https://pod.example/remote-interaction?uri=https%3A%2F%2Fb.example%2Fw%2F1%3Fa%3Db"
        );
    }
}
