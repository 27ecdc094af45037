//! Writing the tracker's JSON. The structs below are the messages as WebTorrent's clients expect them, field by field; the public
//! types stay free of their spelling.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::{Action, Answer, Counts, InfoHash, Offer, OfferId, PeerId, Reply};

#[derive(Serialize)]
struct Announced {
    action: &'static str,
    info_hash: InfoHash,
    interval: u32,
    complete: u32,
    incomplete: u32,
}

#[derive(Serialize)]
struct Relayed<'a> {
    action: &'static str,
    info_hash: InfoHash,
    peer_id: PeerId,
    offer_id: OfferId,
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<Description<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Description<'a>>,
}

#[derive(Serialize)]
struct Description<'a> {
    r#type: &'static str,
    sdp: &'a RawValue,
}

#[derive(Serialize)]
struct Scraped<'a> {
    action: &'static str,
    #[serde(serialize_with = "files")]
    files: &'a [(InfoHash, Counts)],
}

#[derive(Serialize)]
struct Failure<'a> {
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    info_hash: Option<InfoHash>,
    #[serde(rename = "failure reason")]
    reason: &'a str,
}

#[derive(Serialize)]
struct Swarm {
    complete: u32,
    incomplete: u32,
    downloaded: u32,
}

fn files<S: Serializer>(files: &[(InfoHash, Counts)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(files.len()))?;
    for (
        infohash,
        Counts {
            complete,
            incomplete,
            downloaded,
        },
    ) in files
    {
        let swarm = Swarm {
            complete: *complete,
            incomplete: *incomplete,
            downloaded: *downloaded,
        };
        map.serialize_entry(infohash, &swarm)?;
    }
    map.end()
}

impl Reply<'_> {
    /// The text to send.
    pub fn to_json(&self) -> String {
        let action = "announce";
        let text = match self {
            Self::Announced {
                infohash,
                interval,
                counts,
            } => serde_json::to_string(&Announced {
                action,
                info_hash: *infohash,
                interval: *interval,
                complete: counts.complete,
                incomplete: counts.incomplete,
            }),
            Self::Offer {
                infohash,
                peer_id,
                offer: Offer { offer_id, sdp },
            } => serde_json::to_string(&Relayed {
                action,
                info_hash: *infohash,
                peer_id: *peer_id,
                offer_id: *offer_id,
                offer: Some(Description {
                    r#type: "offer",
                    sdp: sdp.0,
                }),
                answer: None,
            }),
            Self::Answer(Answer {
                infohash,
                peer_id,
                offer_id,
                sdp,
                ..
            }) => serde_json::to_string(&Relayed {
                action,
                info_hash: *infohash,
                peer_id: *peer_id,
                offer_id: *offer_id,
                offer: None,
                answer: Some(Description {
                    r#type: "answer",
                    sdp: sdp.0,
                }),
            }),
            Self::Scraped(files) => serde_json::to_string(&Scraped {
                action: "scrape",
                files,
            }),
            Self::Failure {
                action: refused,
                infohash,
                reason,
            } => {
                let action = match refused {
                    Action::Announce => "announce",
                    Action::Scrape => "scrape",
                };
                serde_json::to_string(&Failure {
                    action,
                    info_hash: *infohash,
                    reason,
                })
            }
        };
        text.expect("strings and numbers always become JSON")
    }
}
