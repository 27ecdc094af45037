//! What is asked for beside a video: its whole description, its storyboard, a token for its files, its traffic; and what is said of a new one.

use crate::views::time;
use app::{Pod, uploads::Created};
use db::{traffic::Traffic, videos::Video};
use serde::Serialize;
use serde_json::Value;

/// A description, whole.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Description {
    pub description: String,
}

/// A video that was made.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NewVideo {
    pub video: NewVideoIds,
}

/// The names of a video that was made.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewVideoIds {
    pub id: i64,
    pub uuid: String,
    #[serde(rename = "shortUUID")]
    pub short_uuid: String,
}

impl NewVideo {
    pub fn new(created: Created) -> Self {
        Self {
            video: NewVideoIds {
                id: created.id.0,
                uuid: created.uuid.to_string(),
                short_uuid: created.uuid.short(),
            },
        }
    }
}

/// The storyboards of a video: one, or none yet.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Storyboards {
    pub storyboards: Vec<Storyboard>,
}

/// Small pictures at even distances on one sheet.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Storyboard {
    pub storyboard_path: String,
    pub file_url: String,
    pub total_height: i64,
    pub total_width: i64,
    pub sprite_height: i64,
    pub sprite_width: i64,
    /// Seconds.
    pub sprite_duration: f64,
}

impl Storyboards {
    pub fn new(pod: &Pod, video: &Video) -> Self {
        let read = || {
            let json: Value = serde_json::from_str(video.storyboard.as_deref()?).ok()?;
            let number = |key: &str| json.get(key).and_then(Value::as_i64).unwrap_or(0);
            let path = format!("/lazy-static/storyboards/{}", json.get("file")?.as_str()?);
            Some(Storyboard {
                file_url: format!("{}{path}", pod.settings.public_url),
                storyboard_path: path,
                total_height: number("totalHeight"),
                total_width: number("totalWidth"),
                sprite_height: number("spriteHeight"),
                sprite_width: number("spriteWidth"),
                sprite_duration: json.get("spriteDuration")?.as_f64()?,
            })
        };
        Self {
            storyboards: read().into_iter().collect(),
        }
    }
}

/// A token for the files of a video.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FileToken {
    pub files: FileTokenText,
}

/// The token and when it ends.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FileTokenText {
    pub token: String,
    pub expires: String,
}

impl FileToken {
    pub fn new(token: String, until: i64) -> Self {
        Self {
            files: FileTokenText {
                token,
                expires: time(until),
            },
        }
    }
}

/// Where a day's bytes came from.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrafficDay {
    pub day: String,
    pub from_pod: i64,
    pub from_peers: i64,
    pub to_peers: i64,
}

impl TrafficDay {
    pub fn new(t: &Traffic) -> Self {
        Self {
            day: time(t.day * 86_400_000),
            from_pod: t.from_pod,
            from_peers: t.from_peers,
            to_peers: t.to_peers,
        }
    }
}
