//! The front of the swarm: the sockets and routes through which browsers and BitTorrent clients reach the pod's tracker. It is a
//! closed tracker, serving only the infohashes that the pod says it hosts. What a message means is decided in `bittorrent`, who is
//! told about whom in `swarm`; here are the connections, the locks around the swarm table and the limits that need a clock. It does
//! not know videos, users or the database: it is given a function that tells whether an infohash is hosted.

mod address;
mod chance;
mod config;
mod connections;
mod http;
pub mod seeder;
mod socket;
mod throttle;
mod tracker;
mod udp;
pub mod webrtc;
mod websocket;

use axum::Router;
use axum::routing::{any, get};

pub use address::ClientAddress;
pub use bittorrent::InfoHash;
pub use config::Config;
pub use swarm::conductor::{Account, Film};
pub use swarm::{ConnId, Limits, Rate, SwarmCounts};
pub use tracker::{Hosting, Offered, Resident, Totals, Tracker};
pub use udp::serve_udp;

/// The tracker's routes: `/tracker/socket` for browsers, `/tracker/announce` and `/tracker/scrape` for other clients.
///
/// The client's address is taken from a [`ClientAddress`] among the request's extensions, or else from axum's `ConnectInfo`.
pub fn router<S: Clone + Send + Sync + 'static>(tracker: Tracker) -> Router<S> {
    Router::new()
        .route("/tracker/socket", any(socket::open))
        .route("/tracker/announce", get(http::announce))
        .route("/tracker/scrape", get(http::scrape))
        .with_state(tracker)
}
