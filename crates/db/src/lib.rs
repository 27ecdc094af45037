//! The database: one handle for SQLite and PostgreSQL, SQL written by hand and the same for
//! both. Every query of the pod is in this crate, in the file of its table; what differs
//! between the engines is in `dialect`. Not an ORM: rows are plain structs, and nobody outside
//! matches on the engine.

mod column;
mod dialect;
mod engine;
mod error;
mod migrate;
mod sql;

pub mod accounts;
pub mod blocks;
pub mod channels;
pub mod comments;
pub mod filling;
pub mod follows;
pub mod hosts;
pub mod jobs;
pub mod nonces;
pub mod offload;
pub mod outbox;
pub mod ratings;
pub mod remote_actors;
pub mod remote_pictures;
pub mod remote_videos;
pub mod renditions;
pub mod search;
pub mod settings;
pub mod tokens;
pub mod traffic;
pub mod uploads;
pub mod users;
pub mod video_list;
pub mod videos;

pub use column::{Column, FromRow, Row, Value};
pub use engine::{Administration, Db, Executor, Tx};
pub use error::{Error, Result};
pub use sql::Sql;
