//! HLS over single-file fragmented MP4. [`Indexer`] reads the boxes of a rendition in one pass and says where its
//! segments are; [`media_playlist`] and [`master_playlist`] write what players ask for; [`with_query`] puts a token
//! into the addresses of a playlist. Nothing here does input or output, and nothing here understands what lies inside
//! `mdat`: samples are ffmpeg's business.

mod boxes;
mod codecs;
mod index;
mod indexer;
mod movie;
mod playlist;
mod query;
mod read;

pub use index::{ByteRange, Index, IndexError, Segment};
pub use indexer::Indexer;
pub use playlist::{Variant, master_playlist, media_playlist};
pub use query::with_query;
pub use read::{
    MasterEntry, MediaPlaylist, PlaylistError, read_master_playlist, read_media_playlist,
};
