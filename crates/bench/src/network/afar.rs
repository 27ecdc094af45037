//! The rest of the network, made up: pods with accounts, channels and videos. A video is made of its number alone, so that it can be
//! stored in any order, in pieces, and is the same each time.

use anyhow::Result;
use fedi::{Actor, ActorKey, ActorKind, Attribution, keys::PrivateKey};
use names::{ActorUri, CATEGORIES, Host, InboxUri, KeyUri, ObjectUri, VideoUuid};

use crate::{chance::Chance, words::Words};

/// Channels of a pod, and how many of them one person has.
pub const CHANNELS: usize = 6;
pub const CHANNELS_OF_AN_ACCOUNT: usize = 2;

/// Every so many videos one is of the first pod, which is the largest.
pub const OF_THE_LARGEST: usize = 50;

/// 2026-01-01, when the newest video is published.
const NOW: i64 = 1_767_225_600_000;
/// How long videos have been coming.
const YEARS: i64 = 5 * 365 * 86_400_000;

/// The renditions of each video.
pub const HEIGHTS: [u64; 4] = [1080, 720, 480, 360];
/// What is spoken in how many of a thousand.
pub const LANGUAGES: [(&str, u64); 8] = [
    ("en", 550),
    ("fr", 150),
    ("de", 120),
    ("es", 100),
    ("it", 50),
    ("ja", 20),
    ("oc", 9),
    ("eo", 1),
];

/// Pods that there are not.
pub struct Afar {
    pub words: Words,
    pub hosts: Vec<Host>,
    /// One key for all of them, because making a key takes long and using any takes the same.
    pub key: PrivateKey,
}

/// A video of one of them.
pub struct Made {
    pub host: usize,
    /// Which of the host's channels.
    pub channel: usize,
    pub uuid: VideoUuid,
    pub uri: ObjectUri,
    pub name: String,
    pub description: String,
    pub category: Option<i64>,
    pub licence: Option<i64>,
    pub language: Option<&'static str>,
    pub tags: Vec<String>,
    pub nsfw: bool,
    pub duration: i64,
    pub views: i64,
    pub published: i64,
    pub updated: i64,
    pub file: uuid::Uuid,
    pub infohashes: [String; HEIGHTS.len()],
}

impl Afar {
    /// So many pods.
    pub fn new(hosts: usize) -> Result<Self> {
        let host = |n| Host::parse(&format!("pod{n}.example")).map_err(anyhow::Error::msg);
        Ok(Self {
            words: Words::new(),
            hosts: (0..hosts).map(host).collect::<Result<_>>()?,
            key: PrivateKey::generate()?,
        })
    }

    pub fn base(&self, host: usize) -> String {
        let host = &self.hosts[host];
        let scheme = if host.is_loopback() { "http" } else { "https" };
        format!("{scheme}://{host}")
    }

    /// The actor of a whole pod.
    pub fn pod(&self, host: usize) -> Result<ActorUri> {
        uri(&format!("{}/accounts/peertube", self.base(host)))
    }

    /// The account that a channel of a pod is of.
    pub fn account(&self, host: usize, channel: usize) -> Result<ActorUri> {
        let person = channel / CHANNELS_OF_AN_ACCOUNT;
        uri(&format!("{}/accounts/person{person}", self.base(host)))
    }

    /// A channel of a pod.
    pub fn channel(&self, host: usize, channel: usize) -> Result<ActorUri> {
        uri(&format!(
            "{}/video-channels/channel{channel}",
            self.base(host)
        ))
    }

    /// The video of a number.
    pub fn video(&self, number: usize) -> Result<Made> {
        // Numbers that are close must not begin alike.
        let mut chance = Chance::new((number as u64 + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9));
        chance.next();
        let words = &self.words;
        let others = self.hosts.len() as u64 - 1;
        let host = if number.is_multiple_of(OF_THE_LARGEST) {
            0
        } else {
            1 + chance.below(others) as usize
        };
        let uuid = VideoUuid(chance.uuid());
        let length = 10 + chance.below(60);
        let mut tags: Vec<String> = (0..chance.below(4))
            .map(|_| words.word(&mut chance).to_owned())
            .filter(|tag| tag.len() > 2)
            .collect();
        tags.sort();
        tags.dedup();
        let published = NOW - chance.below(YEARS as u64) as i64;
        let mut language = chance.below(1000);
        let spoken = LANGUAGES.iter().find(|(_, share)| {
            let found = language < *share;
            language = language.saturating_sub(*share);
            found
        });
        Ok(Made {
            host,
            channel: chance.skewed(CHANNELS),
            uri: ObjectUri::parse(&format!("{}/videos/watch/{uuid}", self.base(host)))?,
            uuid,
            name: words.title(&mut chance),
            description: words.text(&mut chance, length),
            category: Some(CATEGORIES[chance.skewed(CATEGORIES.len())].0),
            licence: Some(1 + chance.below(7) as i64),
            language: spoken.map(|(code, _)| *code),
            tags,
            nsfw: chance.below(33) == 0,
            duration: 20 + chance.below(3600) as i64,
            views: chance.skewed(1_000_000) as i64,
            published,
            updated: published + chance.below(86_400_000) as i64,
            file: chance.uuid(),
            infohashes: std::array::from_fn(|_| chance.hex(40)),
        })
    }

    /// How an account or a channel describes itself.
    pub fn description(&self, id: &ActorUri, owner: Option<&ActorUri>) -> Result<Actor> {
        let name = id.as_str().rsplit('/').next().unwrap_or_default();
        let mut chance = Chance::new(id.as_str().bytes().map(u64::from).sum());
        let kind = match owner {
            Some(_) => ActorKind::Group,
            None => ActorKind::Person,
        };
        Ok(Actor {
            display_name: Some(self.words.title(&mut chance)),
            summary: Some(self.words.text(&mut chance, 30)),
            published: Some(NOW - YEARS),
            attributed_to: owner
                .map(|owner| attributed(owner, ActorKind::Person))
                .into_iter()
                .collect(),
            key: Some(ActorKey {
                id: KeyUri::parse(&format!("{id}#main-key"))?,
                owner: id.clone(),
                key: self.key.public().clone(),
            }),
            ..Actor::new(
                kind,
                id.clone(),
                name.to_owned(),
                InboxUri::parse(&format!("{id}/inbox"))?,
            )
        })
    }
}

fn uri(text: &str) -> Result<ActorUri> {
    Ok(ActorUri::parse(text)?)
}

/// That something is somebody's.
pub fn attributed(actor: &ActorUri, kind: ActorKind) -> Attribution {
    Attribution {
        actor: actor.clone(),
        kind: Some(kind),
    }
}
