//! The bounds of the tracker's front. Those of a single swarm are in [`Limits`]; these are about connections and time.

use std::time::Duration;

use swarm::{Limits, Rate};

/// How much the tracker serves, and how patiently.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The bounds of swarms; the number of swarms is for the tracker as a whole.
    pub limits: Limits,
    /// WebSockets at a time.
    pub sockets: usize,
    /// WebSockets at a time from one address prefix (a /24 or a /48).
    pub sockets_per_prefix: usize,
    /// Swarms that one WebSocket may join.
    pub swarms_per_socket: usize,
    /// How fast one WebSocket may send messages. Each viewer answers the offers of many others, so bursts are ordinary.
    pub socket_rate: Rate,
    /// How fast one address prefix may send requests over HTTP and UDP together.
    pub http_rate: Rate,
    /// After how much silence a WebSocket is asked for a sign of life.
    pub ping: Duration,
    /// After how much silence it is closed.
    pub idle: Duration,
    /// How long a client may take to receive what is sent to it.
    pub patience: Duration,
    /// How long it is remembered that an infohash is hosted. Forgetting one goes at once all the same.
    pub hosted: Duration,
    /// How long it is remembered that one is not; short, because a video may be published at any time.
    pub unknown: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            sockets: 50_000,
            sockets_per_prefix: 2000,
            swarms_per_socket: 256,
            socket_rate: Rate {
                per_second: 30.0,
                burst: 300.0,
            },
            http_rate: Rate {
                per_second: 30.0,
                burst: 300.0,
            },
            ping: Duration::from_secs(30),
            idle: Duration::from_secs(80),
            patience: Duration::from_secs(15),
            hosted: Duration::from_secs(60),
            unknown: Duration::from_secs(5),
        }
    }
}
