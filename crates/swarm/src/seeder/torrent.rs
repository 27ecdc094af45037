//! What a seeder needs to know of a torrent: where its pieces lie in the file, and the info dictionary for those who came with a
//! magnet link only. The hashes in it are for the peers; we do not look at them.

use bittorrent::wire::Block;
use bittorrent::{BadTorrent, InfoHash, Metainfo};

/// A torrent that is being served; shared by all peers that ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torrent {
    /// The swarm.
    pub infohash: InfoHash,
    /// Bytes of the file.
    pub length: u64,
    /// Bytes of a piece; the last one may be shorter.
    pub piece_length: u32,
    /// The raw info dictionary.
    pub info: Box<[u8]>,
}

impl Torrent {
    /// Reads a `.torrent` file.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadTorrent> {
        let metainfo = Metainfo::parse(bytes)?;
        Ok(Self {
            infohash: metainfo.infohash,
            length: metainfo.length,
            piece_length: metainfo.piece_length,
            info: metainfo.info.into(),
        })
    }

    /// Number of pieces.
    pub fn pieces(&self) -> u32 {
        let pieces = self.length.div_ceil(u64::from(self.piece_length.max(1)));
        u32::try_from(pieces).unwrap_or(u32::MAX)
    }

    /// Whether a block lies within its piece and the file.
    pub fn has(&self, block: &Block) -> bool {
        let end = u64::from(block.begin) + u64::from(block.length);
        block.length > 0
            && end <= u64::from(self.piece_length)
            && self.offset(block) + u64::from(block.length) <= self.length
    }

    /// Where a block begins in the file.
    pub fn offset(&self, block: &Block) -> u64 {
        u64::from(block.piece) * u64::from(self.piece_length) + u64::from(block.begin)
    }

    /// Bytes of the longest message that a peer of this torrent has reason to send: it never sends us blocks, so that is what it has,
    /// or the names of other peers.
    pub(crate) fn longest_message(&self) -> u32 {
        (self.pieces() / 8 + 2).max(16 << 10)
    }
}
