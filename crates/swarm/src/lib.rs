//! Swarms as state machines: who is in which swarm and who is told about whom. Nothing here opens a socket, reads the clock or
//! rolls dice; time and chance come in as arguments, messages come in parsed and go out as values with the connection they are
//! for. So hours of a swarm's life run in a test in milliseconds, and whoever owns the sockets decides how to lock and when to
//! sweep. It does not know which swarms a pod hosts: only what is let in is kept.

mod choose;
pub mod conductor;
mod limits;
mod prefix;
pub mod seeder;
mod session;
mod table;
mod tracker;

pub use choose::{Crowd, at_random};
pub use limits::{Limits, Refusal};
pub use prefix::Prefix;
pub use session::{Bucket, Rate, Session};
pub use tracker::{ConnId, Send, SwarmCounts, Tracker};
