//! What a pod can do, as plain functions: sign in, upload, publish, list, moderate. Permissions
//! first, then one transaction that writes rows and enqueues jobs, then what follows a commit.
//! No HTTP types, no SQL, no ffmpeg arguments: those are other crates' business.

mod abreast;
mod clock;
mod error;
mod pod;
mod secrets;

pub mod access;
pub mod avatars;
pub mod channels;
pub mod comments;
pub mod images;
pub mod kept;
pub mod login;
pub mod network;
pub mod offload;
pub mod playlists;
pub mod publish;
pub mod ratings;
pub mod reading;
pub mod removal;
pub mod swarms;
pub mod terms;
pub mod uploads;
pub mod users;
pub mod videos;
pub mod viewing;

pub use clock::Clock;
pub use error::{Error, Result};
pub use pod::{Pod, Settings, SignUp, Transcoding};
pub use secrets::random_password;
