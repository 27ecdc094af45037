//! Accounts and channels.

use super::time;
use app::Pod;
use db::videos::Owner;
use names::{ActorUri, UserId};
use serde::Serialize;

/// A picture in one size.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Avatar {
    pub width: i64,
    pub height: i64,
    pub path: String,
    pub file_url: String,
    pub created_at: String,
    pub updated_at: String,
}

/// The answer to a new picture.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Avatars {
    pub avatars: Vec<Avatar>,
}

/// The sizes of a picture (we keep one).
pub fn avatars(pod: &Pod, file: Option<&str>, at: i64) -> Vec<Avatar> {
    let avatar = |file: &str| {
        let path = format!("/lazy-static/avatars/{file}");
        Avatar {
            width: 240,
            height: 240,
            file_url: format!("{}{path}", pod.settings.public_url),
            path,
            created_at: time(at),
            updated_at: time(at),
        }
    };
    file.map(avatar).into_iter().collect()
}

/// An account or a channel as it stands beside a video.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActorSummary {
    pub id: i64,
    pub name: String,
    pub display_name: String,
    pub url: String,
    pub host: String,
    pub avatars: Vec<Avatar>,
}

/// An account.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub id: i64,
    pub user_id: Option<i64>,
    pub url: String,
    pub name: String,
    pub host: String,
    pub display_name: String,
    pub description: Option<String>,
    pub avatars: Vec<Avatar>,
    pub followers_count: i64,
    pub following_count: i64,
    pub host_redundancy_allowed: bool,
    pub created_at: String,
    pub updated_at: String,
}

/// A channel.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    pub id: i64,
    pub url: String,
    pub name: String,
    pub host: String,
    pub display_name: String,
    pub description: Option<String>,
    pub support: Option<String>,
    pub is_local: bool,
    pub avatars: Vec<Avatar>,
    pub banners: Vec<Avatar>,
    pub followers_count: i64,
    pub following_count: i64,
    pub created_at: String,
    pub updated_at: String,
    pub owner_account: Account,
}

/// A channel that was made.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewChannel {
    pub video_channel: Id,
}

/// A number.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Id {
    pub id: i64,
}

impl NewChannel {
    pub fn new(id: i64) -> Self {
        Self {
            video_channel: Id { id },
        }
    }
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn account_url(pod: &Pod, name: &str) -> String {
    format!("{}/accounts/{name}", pod.settings.public_url)
}

fn channel_url(pod: &Pod, name: &str) -> String {
    format!("{}/video-channels/{name}", pod.settings.public_url)
}

/// The host of an actor: our own where the row names none.
fn host_of(pod: &Pod, host: &str) -> String {
    if host.is_empty() { pod.host() } else { host }.to_owned()
}

/// The address of an actor: its own, or one of this pod's.
fn url_of(uri: Option<&ActorUri>, ours: String) -> String {
    uri.map_or(ours, ActorUri::to_string)
}

impl ActorSummary {
    /// The account of a video.
    pub fn account(pod: &Pod, id: i64, o: &Owner) -> Self {
        Self {
            id,
            name: o.account_name.clone(),
            display_name: o.account_display_name.clone(),
            url: url_of(o.account_uri.as_ref(), account_url(pod, &o.account_name)),
            host: host_of(pod, &o.account_host),
            avatars: avatars(pod, o.account_avatar.as_deref(), o.account_updated_at),
        }
    }

    /// The channel of a video.
    pub fn channel(pod: &Pod, id: i64, o: &Owner) -> Self {
        Self {
            id,
            name: o.channel_name.clone(),
            display_name: o.channel_display_name.clone(),
            url: url_of(o.channel_uri.as_ref(), channel_url(pod, &o.channel_name)),
            host: host_of(pod, &o.channel_host),
            avatars: avatars(pod, o.channel_avatar.as_deref(), o.channel_updated_at),
        }
    }
}

/// What an account and a channel have in common, wherever it was read.
struct Actor<'a> {
    name: &'a str,
    display_name: &'a str,
    description: &'a str,
    avatar: Option<&'a str>,
    created_at: i64,
    updated_at: i64,
}

/// The actor among the fields of a row: those without a prefix, or with the given one.
macro_rules! actor {
    ($row:expr) => {
        actor!(
            $row,
            name,
            display_name,
            description,
            avatar,
            created_at,
            updated_at
        )
    };
    ($row:expr, $name:ident, $display:ident, $text:ident, $avatar:ident, $created:ident, $updated:ident) => {
        Actor {
            name: &$row.$name,
            display_name: &$row.$display,
            description: &$row.$text,
            avatar: $row.$avatar.as_deref(),
            created_at: $row.$created,
            updated_at: $row.$updated,
        }
    };
}

/// The account beside a channel or a video.
macro_rules! owner_account {
    ($row:expr) => {
        actor!(
            $row,
            account_name,
            account_display_name,
            account_description,
            account_avatar,
            account_created_at,
            account_updated_at
        )
    };
}

impl Account {
    fn of(pod: &Pod, id: i64, user: Option<UserId>, actor: Actor<'_>) -> Self {
        Self {
            id,
            user_id: user.map(|id| id.0),
            url: account_url(pod, actor.name),
            name: actor.name.to_owned(),
            host: pod.host().to_owned(),
            display_name: actor.display_name.to_owned(),
            description: filled(actor.description),
            avatars: avatars(pod, actor.avatar, actor.updated_at),
            followers_count: 0,
            following_count: 0,
            host_redundancy_allowed: false,
            created_at: time(actor.created_at),
            updated_at: time(actor.updated_at),
        }
    }

    pub fn new(pod: &Pod, a: &db::accounts::Account) -> Self {
        let account = Self::of(pod, a.id.0, a.user_id, actor!(a));
        Self {
            url: url_of(a.uri.as_ref(), account.url),
            host: host_of(pod, &a.host),
            ..account
        }
    }

    /// The author of a comment; nobody when it is deleted.
    pub fn of_comment(pod: &Pod, c: &db::comments::Comment) -> Option<Self> {
        let actor = Actor {
            name: c.author_name.as_deref()?,
            display_name: c.author_display_name.as_deref()?,
            description: c.author_description.as_deref()?,
            avatar: c.author_avatar.as_deref(),
            created_at: c.author_created_at?,
            updated_at: c.author_updated_at?,
        };
        let account = Self::of(pod, c.account_id?.0, c.user_id, actor);
        Some(Self {
            url: url_of(c.author_uri.as_ref(), account.url),
            host: host_of(pod, c.author_host.as_deref().unwrap_or_default()),
            ..account
        })
    }

    /// The account of a video, whole.
    pub fn of_owner(pod: &Pod, id: i64, o: &Owner) -> Self {
        let account = Self::of(pod, id, o.account_user, owner_account!(o));
        Self {
            url: url_of(o.account_uri.as_ref(), account.url),
            host: host_of(pod, &o.account_host),
            ..account
        }
    }
}

impl Channel {
    fn of(pod: &Pod, id: i64, support: Option<&String>, actor: Actor<'_>, owner: Account) -> Self {
        Self {
            id,
            url: channel_url(pod, actor.name),
            name: actor.name.to_owned(),
            host: pod.host().to_owned(),
            display_name: actor.display_name.to_owned(),
            description: filled(actor.description),
            support: support.cloned(),
            is_local: true,
            avatars: avatars(pod, actor.avatar, actor.updated_at),
            banners: Vec::new(),
            followers_count: 0,
            following_count: 0,
            created_at: time(actor.created_at),
            updated_at: time(actor.updated_at),
            owner_account: owner,
        }
    }

    pub fn new(pod: &Pod, c: &db::channels::Channel) -> Self {
        let owner = Account::of(pod, c.account_id.0, c.account_user, owner_account!(c));
        let owner = Account {
            url: url_of(c.account_uri.as_ref(), owner.url),
            host: host_of(pod, &c.account_host),
            ..owner
        };
        let channel = Self::of(pod, c.id.0, c.support.as_ref(), actor!(c), owner);
        Self {
            url: url_of(c.uri.as_ref(), channel.url),
            host: host_of(pod, &c.host),
            is_local: c.host.is_empty(),
            ..channel
        }
    }

    /// The channel of a video, whole.
    pub fn of_owner(pod: &Pod, channel: i64, account: i64, o: &Owner) -> Self {
        let actor = actor!(
            o,
            channel_name,
            channel_display_name,
            channel_description,
            channel_avatar,
            channel_created_at,
            channel_updated_at
        );
        let owner = Account::of_owner(pod, account, o);
        let channel = Self::of(pod, channel, o.channel_support.as_ref(), actor, owner);
        Self {
            url: url_of(o.channel_uri.as_ref(), channel.url),
            host: host_of(pod, &o.channel_host),
            is_local: o.channel_host.is_empty(),
            ..channel
        }
    }
}
