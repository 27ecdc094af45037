//! The rules of the pod network, without a socket, a clock or a database: whom a new pod presents itself to, what pods say to each
//! other and in which versions, how a message is sealed and when it is believed, what an outbox sends in which order, and what a
//! pod's score is worth. Times are milliseconds since 1970; they, nonces and fresh keys come in as arguments. It knows no video and no
//! signature of HTTP: those are ActivityPub's. The page docs/network.md tells the same in the order in which pods do it.

pub mod envelope;
pub mod flood;
pub mod group;
pub mod join;
mod json;
pub mod outbox;
pub mod present;
pub mod score;
mod versions;

pub use json::Malformed;
pub use versions::{
    Agreement, Capability, Incompatible, PROTOCOL, Protocol, Side, Speaks, negotiate,
};

/// A minute in milliseconds.
pub(crate) const MINUTE: i64 = 60 * 1000;
/// An hour in milliseconds.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// A day in milliseconds.
pub(crate) const DAY: i64 = 24 * HOUR;
