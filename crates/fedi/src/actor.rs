//! Actors: the pod itself (Application), accounts (Person) and channels (Group), and whatever else acts elsewhere. An actor's inboxes and key are
//! taken only from its own host: otherwise anybody could have our deliveries sent to a third party, or lend another's key.

use names::{ActorUri, InboxUri, KeyUri, ObjectUri};
use serde_json::Value;

use crate::Unreadable;
use crate::audience::Attribution;
use crate::context::Context;
use crate::fields::{Fields, Link, MAX_TEXT, Writer, need, vocabulary};
use crate::image::Image;
use crate::keys::PublicKey;

/// What an actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// A server: the pod itself.
    Application,
    /// Somebody: an account.
    Person,
    /// A channel, or a community elsewhere.
    Group,
    /// A program that publishes.
    Service,
    /// An organization.
    Organization,
}

impl ActorKind {
    const ALL: [Self; 5] = [
        Self::Application,
        Self::Person,
        Self::Group,
        Self::Service,
        Self::Organization,
    ];

    /// The name of the type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Application => "Application",
            Self::Person => "Person",
            Self::Group => "Group",
            Self::Service => "Service",
            Self::Organization => "Organization",
        }
    }

    /// Reads the name of a type.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Its id.
    pub id: ActorUri,
    /// What it is.
    pub kind: ActorKind,
    /// `preferredUsername`, the name in its handle.
    pub name: String,
    /// `name`, which is shown.
    pub display_name: Option<String>,
    /// A description, in HTML from most servers.
    pub summary: Option<String>,
    /// How to support it (PeerTube).
    pub support: Option<String>,
    /// Its page for people.
    pub url: Option<Link>,
    /// Where messages for it are posted.
    pub inbox: InboxUri,
    /// Where messages for anybody on its server are posted.
    pub shared_inbox: Option<InboxUri>,
    /// What it published.
    pub outbox: Option<ObjectUri>,
    /// Who follows it.
    pub followers: Option<ObjectUri>,
    /// Whom it follows.
    pub following: Option<ObjectUri>,
    /// Its playlists (PeerTube).
    pub playlists: Option<ObjectUri>,
    /// Its key. Missing if it has none that we can use.
    pub key: Option<ActorKey>,
    /// Avatars.
    pub icons: Vec<Image>,
    /// Banners.
    pub banners: Vec<Image>,
    /// The account of a channel.
    pub attributed_to: Vec<Attribution>,
    /// Since when it exists.
    pub published: Option<i64>,
    /// Whether its followers must be approved by hand.
    pub manually_approves: bool,
    /// What a pod of ours says about its protocol.
    pub pod: Option<PodProtocol>,
}

/// The key of an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorKey {
    /// Its id, by which signatures name it.
    pub id: KeyUri,
    /// Whose it is.
    pub owner: ActorUri,
    /// The key itself.
    pub key: PublicKey,
}

/// What a pod says of the pod network in its actor: which versions it speaks and what it can do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodProtocol {
    /// The newest version that it speaks.
    pub protocol: u64,
    /// The oldest version that it still speaks.
    pub oldest_protocol: u64,
    /// What it can do beside the basics.
    pub capabilities: Vec<String>,
}

impl Actor {
    /// An actor with nothing but what it needs.
    pub fn new(kind: ActorKind, id: ActorUri, name: String, inbox: InboxUri) -> Self {
        Self {
            id,
            kind,
            name,
            display_name: None,
            summary: None,
            support: None,
            url: None,
            inbox,
            shared_inbox: None,
            outbox: None,
            followers: None,
            following: None,
            playlists: None,
            key: None,
            icons: Vec::new(),
            banners: Vec::new(),
            attributed_to: Vec::new(),
            published: None,
            manually_approves: false,
            pod: None,
        }
    }

    /// Reads an actor that was fetched from an address, and refuses one that lives elsewhere.
    pub fn fetched(bytes: &[u8], from: &ActorUri) -> Result<Self, Unreadable> {
        let actor = Self::from_json(crate::read(bytes)?)?;
        if actor.id.host() != from.host() {
            return Err(Unreadable::NotTheirs(
                "the actor that was found there belongs to another host",
            ));
        }
        Ok(actor)
    }

    /// The inbox that serves the whole server, or else its own.
    pub fn delivery(&self) -> &InboxUri {
        self.shared_inbox.as_ref().unwrap_or(&self.inbox)
    }

    /// The account that a channel belongs to.
    pub fn account(&self) -> Option<&ActorUri> {
        let person = |to: &&Attribution| to.kind != Some(ActorKind::Group);
        self.attributed_to.iter().find(person).map(|to| &to.actor)
    }

    pub(crate) fn read(mut fields: Fields) -> Result<Self, Unreadable> {
        let what = "the actor";
        let kinds = ActorKind::ALL.map(ActorKind::name);
        fields.expect("an actor", &kinds)?;
        let kind = ActorKind::parse(fields.kind());
        let kind = need(what, "type", kind)?;
        let id: ActorUri = need(what, "id", fields.uri("id"))?;
        let home = id.host();
        let inbox: InboxUri = need(what, "inbox", fields.uri("inbox"))?;
        if inbox.host() != home {
            return Err(Unreadable::NotTheirs(
                "the actor's inbox is on another host than the actor",
            ));
        }
        let endpoints = fields.objects("endpoints", 1, |mut all| all.uri("sharedInbox"));
        let shared = endpoints.into_iter().next();
        let keys = fields.objects("publicKey", 8, ActorKey::read);
        let own = |key: &ActorKey| key.owner == id && key.id.host() == home;
        let name = fields.line("preferredUsername");
        let at_home = |uri: Option<ObjectUri>| uri.filter(|uri| uri.host() == home);
        Ok(Self {
            key: keys.into_iter().find(own),
            kind,
            name: need(what, "preferredUsername", name.filter(|n| !n.is_empty()))?,
            display_name: fields.line("name"),
            summary: fields.text("summary", MAX_TEXT),
            support: fields.text("support", MAX_TEXT),
            url: read_page(&mut fields),
            inbox,
            shared_inbox: shared.filter(|shared: &InboxUri| shared.host() == home),
            outbox: at_home(fields.uri("outbox")),
            followers: at_home(fields.uri("followers")),
            following: at_home(fields.uri("following")),
            playlists: at_home(fields.uri("playlists")),
            icons: Image::read_all(&mut fields, "icon"),
            banners: Image::read_all(&mut fields, "image"),
            attributed_to: Attribution::read_all(&mut fields),
            published: fields.time("published"),
            manually_approves: fields.flag("manuallyApprovesFollowers") == Some(true),
            pod: PodProtocol::read(&mut fields),
            id,
        })
    }

    pub(crate) fn write(&self) -> Value {
        let key = self.key.as_ref();
        let pod = self.pod.as_ref();
        let shared = self.shared_inbox.as_ref();
        let endpoints = shared.map(|inbox| {
            let endpoints = Writer::default();
            endpoints.with("sharedInbox", inbox.as_str()).done()
        });
        let page = self.url.as_ref().map(write_page);
        Writer::new(self.kind.name())
            .with("id", self.id.as_str())
            .with("preferredUsername", self.name.clone())
            .maybe("name", self.display_name.clone())
            .maybe("summary", self.summary.clone())
            .maybe("support", self.support.clone())
            .some("url", page)
            .with("inbox", self.inbox.as_str())
            .maybe("endpoints", endpoints)
            .address("outbox", self.outbox.as_ref())
            .address("followers", self.followers.as_ref())
            .address("following", self.following.as_ref())
            .address("playlists", self.playlists.as_ref())
            .maybe("publicKey", key.map(ActorKey::write))
            .some("icon", self.icons.iter().map(Image::write))
            .some("image", self.banners.iter().map(Image::write))
            .attributed(&self.attributed_to)
            .time("published", self.published)
            .with("manuallyApprovesFollowers", self.manually_approves)
            .maybe("shoal", pod.map(PodProtocol::write))
            .done()
    }
}

/// The page for people among the links of an object: the first of type HTML, or the first that is given as a plain address.
pub(crate) fn read_page(fields: &mut Fields) -> Option<Link> {
    let pages = fields.all("url").into_iter().filter_map(|value| {
        if value.is_string() {
            return crate::fields::address(&value);
        }
        let mut link = Fields::of(value).ok()?;
        let html = link
            .line("mediaType")
            .is_none_or(|kind| kind == "text/html");
        link.uri("href").filter(|_| html)
    });
    pages.take(1).next()
}

pub(crate) fn write_page(url: &Link) -> Value {
    Writer::new("Link")
        .with("mediaType", "text/html")
        .with("href", url.as_str())
        .done()
}

impl ActorKey {
    /// Finds a key by its id in a document that was fetched for it: an actor, or the key alone. The owner has to be fetched then, and must
    /// name the same key.
    pub fn find(document: &Value, id: &KeyUri) -> Option<Self> {
        let mut fields = Fields::of(document.clone()).ok()?;
        let keys = if fields.has("publicKey") {
            fields.objects("publicKey", 8, Self::read)
        } else {
            Self::read(fields).into_iter().collect()
        };
        let mut keys = keys.into_iter();
        keys.find(|key| key.id == *id && key.owner.host() == id.host())
    }

    fn read(mut fields: Fields) -> Option<Self> {
        Some(Self {
            owner: fields.uri("owner")?,
            key: PublicKey::from_pem(&fields.text("publicKeyPem", 16 << 10)?).ok()?,
            id: fields.uri("id")?,
        })
    }

    fn write(&self) -> Value {
        Writer::default()
            .with("id", self.id.as_str())
            .with("owner", self.owner.as_str())
            .with("publicKeyPem", self.key.to_pem())
            .done()
    }
}

impl PodProtocol {
    fn read(fields: &mut Fields) -> Option<Self> {
        let read = |mut pod: Fields| {
            let mut capabilities = pod.lines("capabilities", 32);
            capabilities.retain(|name| name.len() <= 50);
            Some(Self {
                protocol: pod.number("protocol")?,
                oldest_protocol: pod.number("oldestProtocol")?,
                capabilities,
            })
        };
        fields.objects("shoal", 1, read).into_iter().next()
    }

    fn write(&self) -> Value {
        Writer::default()
            .with("protocol", self.protocol)
            .with("oldestProtocol", self.oldest_protocol)
            .list("capabilities", self.capabilities.iter().cloned())
            .done()
    }
}

vocabulary! {
    Actor: Context::Actor;
}
