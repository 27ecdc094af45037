//! Who follows whom among servers, in PeerTube's shape.

use super::time;
use db::follows::{FollowOfBoth, Party};
use serde::Serialize;

/// A follow.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Follow {
    pub id: i64,
    pub follower: FollowActor,
    pub following: FollowActor,
    /// PeerTube's measure of how well a server answers; here it is always 1000.
    pub score: i64,
    /// `pending`, `accepted` or `rejected`.
    pub state: &'static str,
    pub created_at: String,
    pub updated_at: String,
}

/// One end of it.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FollowActor {
    pub id: i64,
    pub url: String,
    pub name: String,
    pub host: String,
    pub host_redundancy_allowed: bool,
    pub following_count: i64,
    pub followers_count: i64,
    pub created_at: String,
}

impl FollowActor {
    fn new(pod: &app::Pod, party: &Party) -> Self {
        let url = app::network::collections::party_uri(pod, party);
        let here = party.host.is_empty();
        Self {
            id: party.id.0,
            url: url.map(|uri| uri.to_string()).unwrap_or_default(),
            name: party.name.clone(),
            host: if here { pod.host() } else { &party.host }.to_owned(),
            host_redundancy_allowed: false,
            following_count: 0,
            followers_count: 0,
            created_at: time(party.created_at),
        }
    }
}

impl Follow {
    pub fn new(pod: &app::Pod, row: &FollowOfBoth) -> Self {
        Self {
            id: row.follow.id.0,
            follower: FollowActor::new(pod, &row.follower),
            following: FollowActor::new(pod, &row.target),
            score: 1000,
            state: row.follow.state.as_str(),
            created_at: time(row.follow.created_at),
            updated_at: time(row.follow.updated_at),
        }
    }
}
