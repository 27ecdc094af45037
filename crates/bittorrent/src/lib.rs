//! BitTorrent as values: bencode, torrents, magnet links and the messages of a tracker. Everything here turns bytes into types and
//! types into bytes, so it can be fuzzed and reused by server, tests and tools alike. It opens no socket, reads no file, no clock
//! and no randomness; who is in a swarm is the business of `swarm`, sockets are the business of `peers`.

pub mod bencode;
mod compact;
pub mod extension;
mod hasher;
mod id;
mod magnet;
mod metainfo;
mod percent;
pub mod tracker;
pub mod wire;

pub use hasher::{BadPieceLength, Hasher, MAX_PIECE_LENGTH, MIN_PIECE_LENGTH, piece_length};
pub use id::{BadId, InfoHash, OfferId, PeerId, PiecesRoot};
pub use magnet::{BadMagnet, Magnet};
pub use metainfo::{BadTorrent, BuildError, Metainfo, Torrent};
