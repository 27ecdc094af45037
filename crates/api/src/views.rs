//! Answers as PeerTube's clients expect them. Each view is made from rows alone; there is one
//! file per resource.

mod channel;
mod comment;
mod follow;
mod job;
mod offload;
mod pod;
mod swarm;
mod user;
mod video;

pub use channel::{Account, Avatars, Channel, NewChannel, avatars};
pub use comment::{Comment, NewComment, Thread, ThreadList};
pub use follow::Follow;
pub use job::Job;
pub use offload::Offload;
pub use pod::{Friend, MadeFriends, Pod, QuitFriends, ScoreChange};
pub use swarm::Swarms;
pub use user::{AdminUser, MyUser, NewUser, Quota};
pub use video::{
    Description, FileToken, NewVideo, Storyboards, TrafficDay, VideoDetails, VideoSummary, listed,
};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use jiff::{Timestamp, civil};
use serde::Serialize;
use std::hash::{DefaultHasher, Hasher};

/// One page of a list, and how long the whole is.
#[derive(Serialize, utoipa::ToSchema)]
pub struct List<T> {
    pub total: i64,
    pub data: Vec<T>,
}

/// JSON that is written already, as an answer.
pub struct Ready(pub Bytes);

impl IntoResponse for Ready {
    fn into_response(self) -> Response {
        let kind = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, kind)], self.0).into_response()
    }
}

/// JSON that is asked for again and again: with a tag of what it says (RFC 9110, section 8.8.3), so that whoever has it
/// already is told so in a few bytes.
pub struct Tagged {
    pub body: Bytes,
    /// The request's `If-None-Match`.
    pub known: Option<HeaderValue>,
}

impl IntoResponse for Tagged {
    fn into_response(self) -> Response {
        let mut hash = DefaultHasher::new();
        hash.write(&self.body);
        let tag = format!("W/\"{:016x}\"", hash.finish());
        let same = self.known.is_some_and(|known| {
            let known = known.to_str().unwrap_or_default();
            // Compared weakly (section 13.1.2).
            let opaque = &tag[2..];
            known
                .split(',')
                .map(|one| one.trim().trim_start_matches("W/"))
                .any(|one| one == "*" || one == opaque)
        });
        let mut response = if same {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Ready(self.body).into_response()
        };
        let headers = response.headers_mut();
        if let Ok(tag) = HeaderValue::try_from(tag) {
            headers.insert(header::ETAG, tag);
        }
        // To be asked for again each time, and kept by nobody between.
        let fresh = HeaderValue::from_static("private, no-cache");
        headers.insert(header::CACHE_CONTROL, fresh);
        response
    }
}

/// Writes a view as JSON.
pub(crate) fn written(view: &impl Serialize) -> Bytes {
    // Views have text keys and no serializers that can fail.
    let json = serde_json::to_vec(view).expect("a view is made of texts, numbers and lists");
    json.into()
}

/// Milliseconds since 1970 as `2026-01-31T12:00:00.000Z`.
pub(crate) fn time(milliseconds: i64) -> String {
    let time = Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let time: civil::DateTime = jiff::tz::Offset::UTC.to_datetime(time);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    )
}

/// Reads a time with its zone, or a date.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    if text.len() > 40 {
        return None;
    }
    let time: Timestamp = text
        .parse()
        .or_else(|_| format!("{text}T00:00:00Z").parse())
        .ok()?;
    Some(time.as_millisecond())
}

/// A number and what it stands for; `null` and "Unknown" when nothing was chosen.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Labelled {
    pub id: Option<i64>,
    pub label: &'static str,
}

/// A code and what it stands for.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LabelledCode {
    pub id: Option<String>,
    pub label: &'static str,
}

impl Labelled {
    pub(crate) fn new(id: Option<i64>, label: Option<&'static str>) -> Self {
        Self {
            id,
            label: label.unwrap_or("Unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(time(1_795_365_629_123), "2026-11-22T16:40:29.123Z");
        assert_eq!(
            parse_time("2026-11-22T16:40:29.123Z"),
            Some(1_795_365_629_123)
        );
        assert_eq!(parse_time("1970-01-02"), Some(86_400_000));
        assert_eq!(parse_time("yesterday"), None);
    }
}
