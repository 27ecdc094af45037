//! Users: as they see themselves, and as admins see them.

use super::{Account, Channel, time};
use app::Pod;
use db::users::User;
use serde::Serialize;

/// A role.
#[derive(Serialize, utoipa::ToSchema)]
pub struct RoleView {
    pub id: i64,
    pub label: &'static str,
}

/// The signed-in user.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyUser {
    #[serde(flatten)]
    pub user: UserView,
    pub video_channels: Vec<Channel>,
}

/// What admins and moderators see of a user.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminUser {
    #[serde(flatten)]
    pub user: UserView,
    pub video_quota_used: i64,
    pub video_quota_used_daily: i64,
}

/// What both share.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    pub id: i64,
    pub username: String,
    pub email: String,
    pub email_verified: bool,
    pub role: RoleView,
    pub nsfw_policy: String,
    pub p2p_enabled: bool,
    pub auto_play_video: bool,
    pub auto_play_next_video: bool,
    pub auto_play_next_video_playlist: bool,
    pub videos_history_enabled: bool,
    pub theme: String,
    pub language: Option<String>,
    pub video_languages: Option<Vec<String>>,
    pub video_quota: i64,
    pub video_quota_daily: i64,
    pub blocked: bool,
    pub blocked_reason: Option<String>,
    pub account: Account,
    pub admin_flags: i64,
    pub no_instance_config_warning_modal: bool,
    pub no_account_setup_warning_modal: bool,
    pub no_welcome_modal: bool,
    pub two_factor_enabled: bool,
    pub plugin_auth: Option<String>,
    pub created_at: String,
    pub last_login_date: Option<String>,
}

impl UserView {
    fn new(pod: &Pod, u: &User, account: &db::accounts::Account) -> Self {
        Self {
            id: u.id.0,
            username: u.username.clone(),
            email: u.email.clone(),
            email_verified: false,
            role: RoleView {
                id: u.role.id(),
                label: u.role.label(),
            },
            nsfw_policy: u.nsfw_policy.clone(),
            p2p_enabled: u.p2p_enabled,
            auto_play_video: u.auto_play,
            auto_play_next_video: false,
            auto_play_next_video_playlist: false,
            videos_history_enabled: true,
            theme: u.theme.clone(),
            language: u.language.clone(),
            video_languages: None,
            video_quota: u.quota,
            video_quota_daily: u.quota_daily,
            blocked: u.blocked,
            blocked_reason: u.blocked_reason.clone(),
            account: Account::new(pod, account),
            admin_flags: 0,
            no_instance_config_warning_modal: true,
            no_account_setup_warning_modal: true,
            no_welcome_modal: true,
            two_factor_enabled: false,
            plugin_auth: None,
            created_at: time(u.created_at),
            last_login_date: u.last_login_at.map(time),
        }
    }
}

impl MyUser {
    pub fn new(
        pod: &Pod,
        user: &User,
        account: &db::accounts::Account,
        channels: &[db::channels::Channel],
    ) -> Self {
        Self {
            user: UserView::new(pod, user, account),
            video_channels: channels.iter().map(|c| Channel::new(pod, c)).collect(),
        }
    }
}

impl AdminUser {
    pub fn new(
        pod: &Pod,
        user: &User,
        account: &db::accounts::Account,
        used: i64,
        daily: i64,
    ) -> Self {
        Self {
            user: UserView::new(pod, user, account),
            video_quota_used: used,
            video_quota_used_daily: daily,
        }
    }
}

/// A user that was made.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NewUser {
    pub user: NewUserIds,
}

/// The ids of a user that was made.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NewUserIds {
    pub id: i64,
    pub account: super::channel::Id,
}

impl NewUser {
    pub fn new(user: &User) -> Self {
        Self {
            user: NewUserIds {
                id: user.id.0,
                account: super::channel::Id {
                    id: user.account_id.0,
                },
            },
        }
    }
}

/// How much is used, in bytes.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    pub video_quota_used: i64,
    pub video_quota_used_daily: i64,
}
