//! NodeInfo (schemas 2.0 and 2.1 of nodeinfo.diaspora.software): what software a server runs and how many use it. The well-known document
//! links to the one with the answer, and in PeerTube's dialect to the server's own actor.

use names::ActorUri;
use serde_json::{Map, Value, json};

use crate::Unreadable;
use crate::fields::{Fields, Link, Writer, need};

const SCHEMA: &str = "http://nodeinfo.diaspora.software/ns/schema/";
const APPLICATION: &str = "https://www.w3.org/ns/activitystreams#Application";

/// A version of the schema that we read and write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 2.0
    V2_0,
    /// 2.1, which adds the addresses of the software.
    V2_1,
}

impl Version {
    /// The number as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2_0 => "2.0",
            Self::V2_1 => "2.1",
        }
    }

    /// Reads the number.
    pub fn parse(text: &str) -> Option<Self> {
        let mut all = [Self::V2_0, Self::V2_1].into_iter();
        all.find(|version| version.as_str() == text)
    }

    /// The media type of a document of this version.
    pub fn media_type(self) -> String {
        let version = self.as_str();
        format!("application/json; profile=\"{SCHEMA}{version}#\"")
    }
}

/// The well-known document: where the answers are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WellKnown {
    /// The documents by version.
    pub documents: Vec<(Version, Link)>,
    /// The server's own actor.
    pub actor: Option<ActorUri>,
}

impl WellKnown {
    /// Reads it within the usual limits.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut fields = Fields::of(crate::read(bytes)?)?;
        let mut known = Self::default();
        for (rel, href) in fields.objects("links", 30, |mut link| {
            Some((link.line("rel")?, link.uri::<Link>("href")?))
        }) {
            let version = rel.strip_prefix(SCHEMA).and_then(Version::parse);
            if let Some(version) = version {
                known.documents.push((version, href));
            } else if rel == APPLICATION && known.actor.is_none() {
                known.actor = ActorUri::parse(href.as_str()).ok();
            }
        }
        Ok(known)
    }

    /// Writes it.
    pub fn to_json(&self) -> Value {
        let documents = self.documents.iter().map(|(version, href)| {
            let rel = format!("{SCHEMA}{}", version.as_str());
            json!({"rel": rel, "href": href.as_str()})
        });
        let actor = self.actor.iter();
        let actor = actor.map(|actor| json!({"rel": APPLICATION, "href": actor.as_str()}));
        json!({"links": documents.chain(actor).collect::<Vec<_>>()})
    }

    /// The newest document that we can read.
    pub fn newest(&self) -> Option<&Link> {
        let documents = self.documents.iter();
        documents
            .max_by_key(|(version, _)| *version)
            .map(|(_, href)| href)
    }
}

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeInfo {
    /// The name of its software: lower case letters, digits and hyphens.
    pub software: String,
    /// The version of its software.
    pub version: String,
    /// Where the source is (2.1).
    pub repository: Option<Link>,
    /// Where the software is presented (2.1).
    pub homepage: Option<Link>,
    /// The protocols it speaks.
    pub protocols: Vec<String>,
    /// Whether anybody may sign up.
    pub open_registrations: bool,
    /// How many use it.
    pub usage: Usage,
    /// Whatever else it says.
    pub metadata: Map<String, Value>,
}

/// How many people use a server, as it counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Users.
    pub users: Option<u64>,
    /// Users who came in the last half year.
    pub active_half_year: Option<u64>,
    /// Users who came in the last month.
    pub active_month: Option<u64>,
    /// Posts of its own: videos.
    pub local_posts: Option<u64>,
    /// Comments of its own.
    pub local_comments: Option<u64>,
}

impl NodeInfo {
    /// Reads a document of either version within the usual limits.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let what = "the NodeInfo document";
        let mut fields = Fields::of(crate::read(bytes)?)?;
        let version = fields.line("version");
        need(what, "version", version.as_deref().and_then(Version::parse))?;
        let mut software = Fields::of(need(what, "software", fields.one("software"))?)?;
        let usage = fields.objects("usage", 1, |mut usage| {
            let users = |mut users: Fields| {
                Some(Usage {
                    users: users.number("total"),
                    active_half_year: users.number("activeHalfyear"),
                    active_month: users.number("activeMonth"),
                    ..Usage::default()
                })
            };
            let users = usage.objects("users", 1, users).pop();
            Some(Usage {
                local_posts: usage.number("localPosts"),
                local_comments: usage.number("localComments"),
                ..users.unwrap_or_default()
            })
        });
        let metadata = match fields.one("metadata") {
            Some(Value::Object(metadata)) => metadata,
            _ => Map::new(),
        };
        Ok(Self {
            software: need(what, "software", software.line("name"))?,
            version: software.line("version").unwrap_or_default(),
            repository: software.uri("repository"),
            homepage: software.uri("homepage"),
            protocols: fields.lines("protocols", 20),
            open_registrations: fields.flag("openRegistrations") == Some(true),
            usage: usage.into_iter().next().unwrap_or_default(),
            metadata,
        })
    }

    /// Writes a document of one version.
    pub fn to_json(&self, version: Version) -> Value {
        let mut software = Writer::default()
            .with("name", self.software.clone())
            .with("version", self.version.clone());
        if version == Version::V2_1 {
            software = software
                .address("repository", self.repository.as_ref())
                .address("homepage", self.homepage.as_ref());
        }
        let users = Writer::default()
            .maybe("total", self.usage.users)
            .maybe("activeHalfyear", self.usage.active_half_year)
            .maybe("activeMonth", self.usage.active_month);
        let usage = Writer::default()
            .with("users", users.done())
            .maybe("localPosts", self.usage.local_posts)
            .maybe("localComments", self.usage.local_comments);
        Writer::default()
            .with("version", version.as_str())
            .with("software", software.done())
            .list("protocols", self.protocols.iter().cloned())
            .with("services", json!({"inbound": [], "outbound": []}))
            .with("openRegistrations", self.open_registrations)
            .with("usage", usage.done())
            .with("metadata", self.metadata.clone())
            .done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links() {
        let known = WellKnown {
            documents: vec![
                (Version::V2_1, Link::parse("https://a.example/2.1").unwrap()),
                (Version::V2_0, Link::parse("https://a.example/2.0").unwrap()),
            ],
            actor: ActorUri::parse("https://a.example/accounts/peertube").ok(),
        };
        let read = WellKnown::parse(known.to_json().to_string().as_bytes()).unwrap();
        assert_eq!(read, known);
        assert_eq!(read.newest().unwrap().as_str(), "https://a.example/2.1");
        assert_eq!(WellKnown::parse(b"{}"), Ok(WellKnown::default()));
    }

    #[test]
    fn documents() {
        let node = NodeInfo {
            software: "shoal".into(),
            version: "0.1.0".into(),
            repository: Link::parse("https://a.example/source").ok(),
            homepage: None,
            protocols: vec!["activitypub".into()],
            open_registrations: true,
            usage: Usage {
                users: Some(3),
                local_posts: Some(7),
                ..Usage::default()
            },
            metadata: Map::new(),
        };
        let text = node.to_json(Version::V2_1).to_string();
        assert_eq!(NodeInfo::parse(text.as_bytes()), Ok(node.clone()));
        let text = node.to_json(Version::V2_0).to_string();
        assert!(!text.contains("repository"));
        for wrong in ["{}", r#"{"version":"1.0","software":{"name":"x"}}"#] {
            assert!(NodeInfo::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
