//! The languages of the fediverse as values: ActivityPub objects in PeerTube's dialect, RSA keys, signatures of HTTP requests, webfinger
//! and NodeInfo. Bytes become types and types become bytes; it opens no socket, asks no clock and knows no database. What may be believed
//! is said by the types: an embedded object is handed out as believed only if it lives on the host of the actor that speaks.

mod activity;
mod actor;
mod audience;
mod collection;
mod context;
mod description;
mod fields;
mod image;
pub mod keys;
pub mod nodeinfo;
mod note;
mod object;
mod playlist;
mod read;
pub mod signature;
mod subject;
pub mod time;
mod video;
pub mod webfinger;

pub use activity::{Activity, Deed, Flag, Followed, Undone, View};
pub use actor::{Actor, ActorKey, ActorKind, PodProtocol};
pub use audience::{Attribution, Audience, PUBLIC};
pub use collection::{Collection, Order, Page};
pub use description::Description;
pub use fields::Link;
pub use image::{Image, Storyboard};
pub use note::{Mention, Note, Tombstone};
pub use object::Object;
pub use playlist::{CacheFile, Copied, Playlist, PlaylistElement};
pub use read::{Limits, Unreadable, read, read_within};
pub use subject::{Subject, Told, speaks_for};
pub use video::{
    Caption, Chapter, Chapters, CommentsPolicy, Counts, File, HlsPlaylist, Links, Live, Streams,
    Video,
};
