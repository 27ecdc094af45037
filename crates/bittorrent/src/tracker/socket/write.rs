//! Writing the tracker's JSON. Offers and answers, of which there are many for each announce, are put together by hand around the
//! description that is passed on; for the others there are structs. The public types stay free of the spelling.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{Action, Answer, Counts, InfoHash, Offer, Reply, Sdp};

#[derive(Serialize)]
struct Announced {
    action: &'static str,
    info_hash: InfoHash,
    interval: u32,
    complete: u32,
    incomplete: u32,
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
        let mut text = Vec::new();
        self.write_json(&mut text);
        String::from_utf8(text).expect("JSON is text")
    }

    /// Appends the text to send.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let action = "announce";
        let written = match self {
            Self::Announced {
                infohash,
                interval,
                counts,
            } => serde_json::to_writer(
                out,
                &Announced {
                    action,
                    info_hash: *infohash,
                    interval: *interval,
                    complete: counts.complete,
                    incomplete: counts.incomplete,
                },
            ),
            Self::Offer {
                infohash,
                peer_id,
                offer: Offer { offer_id, sdp },
            } => return relayed(out, [&infohash.0, &peer_id.0, &offer_id.0], "offer", sdp),
            Self::Answer(Answer {
                infohash,
                peer_id,
                offer_id,
                sdp,
                ..
            }) => return relayed(out, [&infohash.0, &peer_id.0, &offer_id.0], "answer", sdp),
            Self::Scraped(files) => serde_json::to_writer(
                out,
                &Scraped {
                    action: "scrape",
                    files,
                },
            ),
            Self::Failure {
                action: refused,
                infohash,
                reason,
            } => {
                let action = match refused {
                    Action::Announce => "announce",
                    Action::Scrape => "scrape",
                };
                serde_json::to_writer(
                    out,
                    &Failure {
                        action,
                        info_hash: *infohash,
                        reason,
                    },
                )
            }
        };
        written.expect("strings and numbers always become JSON, and a vector takes all writes");
    }
}

/// Appends what one browser says to another.
fn relayed(out: &mut Vec<u8>, ids: [&[u8; 20]; 3], kind: &str, sdp: &Sdp<'_>) {
    out.reserve(sdp.size() + 220);
    out.extend_from_slice(b"{\"action\":\"announce\"");
    for (key, id) in ["info_hash", "peer_id", "offer_id"].into_iter().zip(ids) {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":\"");
        binary_string(out, id);
        out.push(b'"');
    }
    out.extend_from_slice(b",\"");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\":{\"type\":\"");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\",\"sdp\":");
    out.extend_from_slice(sdp.json().as_bytes());
    out.extend_from_slice(b"}}");
}

/// Appends the inside of a JSON string whose code points are these bytes.
fn binary_string(out: &mut Vec<u8>, bytes: &[u8; 20]) {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if bytes.iter().all(plain) {
        return out.extend_from_slice(bytes);
    }
    for byte in bytes {
        match byte {
            byte if plain(byte) => out.push(*byte),
            0x80.. => out.extend_from_slice(char::from(*byte).encode_utf8(&mut [0; 2]).as_bytes()),
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(DIGITS[usize::from(byte >> 4)]);
                out.push(DIGITS[usize::from(byte & 15)]);
            }
        }
    }
}
