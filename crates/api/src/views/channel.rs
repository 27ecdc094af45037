//! Accounts and channels.

use super::time;
use app::Pod;
use db::videos::Owner;
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

impl ActorSummary {
    /// The account of a video.
    pub fn account(pod: &Pod, id: i64, o: &Owner) -> Self {
        Self {
            id,
            name: o.account_name.clone(),
            display_name: o.account_display_name.clone(),
            url: account_url(pod, &o.account_name),
            host: pod.host().to_owned(),
            avatars: avatars(pod, o.account_avatar.as_deref(), o.account_updated_at),
        }
    }

    /// The channel of a video.
    pub fn channel(pod: &Pod, id: i64, o: &Owner) -> Self {
        Self {
            id,
            name: o.channel_name.clone(),
            display_name: o.channel_display_name.clone(),
            url: channel_url(pod, &o.channel_name),
            host: pod.host().to_owned(),
            avatars: avatars(pod, o.channel_avatar.as_deref(), o.channel_updated_at),
        }
    }
}

impl Account {
    pub fn new(pod: &Pod, a: &db::accounts::Account) -> Self {
        Self {
            id: a.id.0,
            user_id: a.user_id.map(|id| id.0),
            url: account_url(pod, &a.name),
            name: a.name.clone(),
            host: pod.host().to_owned(),
            display_name: a.display_name.clone(),
            description: filled(&a.description),
            avatars: avatars(pod, a.avatar.as_deref(), a.updated_at),
            followers_count: 0,
            following_count: 0,
            host_redundancy_allowed: false,
            created_at: time(a.created_at),
            updated_at: time(a.updated_at),
        }
    }

    /// The account of a video, whole.
    pub fn of_owner(pod: &Pod, id: i64, o: &Owner) -> Self {
        Self {
            id,
            user_id: o.account_user.map(|id| id.0),
            url: account_url(pod, &o.account_name),
            name: o.account_name.clone(),
            host: pod.host().to_owned(),
            display_name: o.account_display_name.clone(),
            description: filled(&o.account_description),
            avatars: avatars(pod, o.account_avatar.as_deref(), o.account_updated_at),
            followers_count: 0,
            following_count: 0,
            host_redundancy_allowed: false,
            created_at: time(o.account_created_at),
            updated_at: time(o.account_updated_at),
        }
    }
}

impl Channel {
    pub fn new(pod: &Pod, c: &db::channels::Channel) -> Self {
        Self {
            id: c.id.0,
            url: channel_url(pod, &c.name),
            name: c.name.clone(),
            host: pod.host().to_owned(),
            display_name: c.display_name.clone(),
            description: filled(&c.description),
            support: c.support.clone(),
            is_local: true,
            avatars: avatars(pod, c.avatar.as_deref(), c.updated_at),
            banners: Vec::new(),
            followers_count: 0,
            following_count: 0,
            created_at: time(c.created_at),
            updated_at: time(c.updated_at),
            owner_account: Account {
                id: c.account_id.0,
                user_id: c.account_user.map(|id| id.0),
                url: account_url(pod, &c.account_name),
                name: c.account_name.clone(),
                host: pod.host().to_owned(),
                display_name: c.account_display_name.clone(),
                description: filled(&c.account_description),
                avatars: avatars(pod, c.account_avatar.as_deref(), c.account_updated_at),
                followers_count: 0,
                following_count: 0,
                host_redundancy_allowed: false,
                created_at: time(c.account_created_at),
                updated_at: time(c.account_updated_at),
            },
        }
    }

    /// The channel of a video, whole.
    pub fn of_owner(pod: &Pod, channel: i64, account: i64, o: &Owner) -> Self {
        Self {
            id: channel,
            url: channel_url(pod, &o.channel_name),
            name: o.channel_name.clone(),
            host: pod.host().to_owned(),
            display_name: o.channel_display_name.clone(),
            description: filled(&o.channel_description),
            support: o.channel_support.clone(),
            is_local: true,
            avatars: avatars(pod, o.channel_avatar.as_deref(), o.channel_updated_at),
            banners: Vec::new(),
            followers_count: 0,
            following_count: 0,
            created_at: time(o.channel_created_at),
            updated_at: time(o.channel_updated_at),
            owner_account: Account::of_owner(pod, account, o),
        }
    }
}
