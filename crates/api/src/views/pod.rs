//! Other pods, as admins and other pods see them.

use super::time;
use app::network::{
    friends::{Made, Outcome},
    known::Known,
    parting::Parted,
};
use db::hosts::HostRow;
use serde::Serialize;

/// A friend, as everybody sees it. Pods that want to join the network read these.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Friend {
    pub host: String,
    pub url: String,
    pub state: &'static str,
    /// Since when.
    pub created_at: String,
}

/// A pod as the admin sees it.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pod {
    pub id: i64,
    pub host: String,
    pub url: String,
    /// `friend`, `asked`, `expelled` or `quit`.
    pub state: &'static str,
    /// 0 to 100; at 0 a friend is expelled.
    pub score: i64,
    pub software: String,
    pub version: String,
    pub protocol: i64,
    pub capabilities: Vec<String>,
    pub created_at: String,
    pub friend_since: Option<String>,
    pub last_heard_at: Option<String>,
    pub last_sent_at: Option<String>,
    /// Messages that wait to be sent.
    pub waiting: i64,
    /// Whether it is being sent the whole list of videos.
    pub whole_list_under_way: bool,
    /// How often in a row sending has failed.
    pub failures: i64,
    pub next_try_at: Option<String>,
    pub last_error: Option<String>,
    /// Its videos in our index.
    pub videos: i64,
    pub blocked: bool,
}

impl Friend {
    pub fn new(pod: &app::Pod, row: &HostRow) -> Self {
        Self {
            url: pod.base_of(&row.host),
            host: row.host.to_string(),
            state: row.friendship.as_str(),
            created_at: time(row.friend_since.unwrap_or(row.created_at)),
        }
    }
}

impl Pod {
    pub fn new(known: &Known) -> Self {
        let row = &known.row;
        Self {
            id: row.id.0,
            host: row.host.to_string(),
            url: known.url.clone(),
            state: row.friendship.as_str(),
            score: known.score,
            software: row.software.clone(),
            version: row.version.clone(),
            protocol: row.protocol,
            capabilities: serde_json::from_str(&row.capabilities).unwrap_or_default(),
            created_at: time(row.created_at),
            friend_since: row.friend_since.map(time),
            last_heard_at: row.last_heard_at.map(time),
            last_sent_at: row.last_sent_at.map(time),
            waiting: known.waiting,
            whole_list_under_way: row.whole_token.is_some(),
            failures: row.failures,
            next_try_at: row.due_at.filter(|_| row.failures > 0).map(time),
            last_error: row.last_error.clone(),
            videos: known.videos,
            blocked: row.blocked,
        }
    }
}

/// Why a score has changed.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ScoreChange {
    pub at: String,
    pub change: i64,
    /// What it became.
    pub score: i64,
    pub reason: String,
}

impl ScoreChange {
    pub fn new(change: &db::hosts::ScoreChange) -> Self {
        Self {
            at: time(change.at),
            change: change.change,
            score: change.score,
            reason: change.reason.clone(),
        }
    }
}

/// What became of the pods that were asked.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MadeFriends {
    pub results: Vec<MadeFriend>,
}

/// What became of one.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MadeFriend {
    pub host: String,
    /// `friend`, `already`, `refused`, `unreachable`, `incompatible` or `ourselves`.
    pub outcome: &'static str,
    pub message: String,
    /// Why it was asked.
    pub because: String,
}

impl MadeFriends {
    pub fn new(made: Vec<Made>) -> Self {
        let one = |made: Made| MadeFriend {
            host: made.host.to_string(),
            outcome: match made.outcome {
                Outcome::Friend => "friend",
                Outcome::Already => "already",
                Outcome::Refused => "refused",
                Outcome::Unreachable => "unreachable",
                Outcome::Incompatible => "incompatible",
                Outcome::Ourselves => "ourselves",
            },
            message: made.message,
            because: made.because,
        };
        Self {
            results: made.into_iter().map(one).collect(),
        }
    }
}

/// What became of the friendships that were to be ended.
#[derive(Serialize, utoipa::ToSchema)]
pub struct QuitFriends {
    pub results: Vec<QuitFriend>,
}

/// What became of one.
#[derive(Serialize, utoipa::ToSchema)]
pub struct QuitFriend {
    pub host: String,
    /// `quit`, or `unknown` for a pod that was no friend.
    pub outcome: &'static str,
    pub message: String,
}

impl QuitFriends {
    pub fn new(parted: Vec<Parted>) -> Self {
        let one = |parted: Parted| QuitFriend {
            host: parted.host.to_string(),
            outcome: if parted.was_friend { "quit" } else { "unknown" },
            message: parted.message,
        };
        Self {
            results: parted.into_iter().map(one).collect(),
        }
    }
}
