//! The tracker over HTTP, for desktop clients. A refusal has status 200 and says why in bencode, because that is the only place where
//! these clients look.

use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bittorrent::tracker::Announce;
use bittorrent::tracker::http::{self, BadQuery, parse_scrape};

use crate::Tracker;
use crate::address::Known;
use crate::tracker::{No, count_refusal};

/// `GET /tracker/announce`: a peer says that it is there and is told of others.
pub(crate) async fn announce(
    State(tracker): State<Tracker>,
    address: Known,
    RawQuery(query): RawQuery,
) -> Response {
    let reply = async {
        let address = address.0.ok_or(Refused::NoAddress)?;
        tracker.inner().pass(address)?;
        let announce = Announce::parse(query.as_deref().unwrap_or_default())?;
        metrics::counter!("shoal_tracker_announces_total", "transport" => "http").increment(1);
        Ok(tracker
            .inner()
            .announce_from(address, &announce, None)
            .await?
            .encode())
    };
    bencoded(reply.await)
}

/// `GET /tracker/scrape`: how large some swarms are.
pub(crate) async fn scrape(
    State(tracker): State<Tracker>,
    address: Known,
    RawQuery(query): RawQuery,
) -> Response {
    let reply = async {
        tracker.inner().pass(address.0.ok_or(Refused::NoAddress)?)?;
        let infohashes = parse_scrape(query.as_deref().unwrap_or_default())?;
        Ok(http::scraped(&tracker.inner().scrape(&infohashes).await))
    };
    bencoded(reply.await)
}

/// Why a request got a refusal.
enum Refused {
    NoAddress,
    Query(BadQuery),
    No(No),
}

impl From<BadQuery> for Refused {
    fn from(bad: BadQuery) -> Self {
        Self::Query(bad)
    }
}

impl From<No> for Refused {
    fn from(no: No) -> Self {
        Self::No(no)
    }
}

fn bencoded(reply: Result<Vec<u8>, Refused>) -> Response {
    let body = reply.unwrap_or_else(|refused| {
        let (label, reason) = match refused {
            Refused::NoAddress => ("no_address", "your address is not known".to_owned()),
            Refused::Query(bad) => ("malformed", bad.to_string()),
            Refused::No(no) => (no.label(), no.reason()),
        };
        count_refusal(label);
        http::failure(&reason)
    });
    (
        [(CONTENT_TYPE, "text/plain"), (CACHE_CONTROL, "no-store")],
        body,
    )
        .into_response()
}
