//! Hashing a file for its torrent in one pass. The bytes come in slices of any size; the SHA-1 of each piece (what every
//! client checks) and the SHA-256 tree over blocks of 16 KiB (what ours check as well) are made of the same bytes while they are in
//! the cache. Memory is two short hashes per piece and nothing else. It does not know about names or trackers: [`Hasher::finish`] hands the hashes to `metainfo`.

pub(crate) mod merkle;

use aws_lc_rs::digest::{self, Context, SHA1_FOR_LEGACY_USE_ONLY as SHA1, SHA256};

use crate::PiecesRoot;
use crate::metainfo::{self, BuildError, Torrent};
use merkle::{BLOCK, Hash, Tree};

/// The smallest piece: small pieces spread faster, and at this size the hashes of both kinds are 0.08 % of the file.
pub const MIN_PIECE_LENGTH: u32 = 64 << 10;

/// The largest piece that common clients accept without complaint.
pub const MAX_PIECE_LENGTH: u32 = 64 << 20;

/// Beyond this many pieces they grow instead: the list of hashes is fetched by every viewer before the first piece can be checked,
/// so it stays below a megabyte however long the video is.
const MAX_PIECES: u64 = 16 << 10;

/// How much of a slice goes through both hashes before the next: it has to stay in the processor's cache.
const STRIDE: usize = 64 << 10;

/// From this size on each kind of hashes gets a thread of their own: the two do not depend on each other, and starting a thread
/// costs a few dozen microseconds where hashing this much costs more than a thousand.
const WORTH_A_THREAD: usize = 1 << 20;

/// A piece length that is not a power of two between 16 KiB and [`MAX_PIECE_LENGTH`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a piece length is a power of two between 16 KiB and 64 MiB, not {0}")]
pub struct BadPieceLength(pub u64);

/// The piece length for a file: a power of two, at least [`MIN_PIECE_LENGTH`], growing with the file.
///
/// It belongs to what makes a torrent's identity, so this function must answer the same for ever.
pub fn piece_length(size: u64) -> u32 {
    let mut length = MIN_PIECE_LENGTH;
    while length < MAX_PIECE_LENGTH && size.div_ceil(u64::from(length)) > MAX_PIECES {
        length *= 2;
    }
    length
}

/// The hashes of a file while it streams by.
pub struct Hasher {
    piece_length: u32,
    length: u64,
    pieces: PieceHashes,
    blocks: BlockHashes,
}

/// What the hashes of a whole file come to.
pub(crate) struct Hashes {
    pub length: u64,
    pub piece_length: u32,
    /// SHA-1 of every piece, one after the other.
    pub pieces: Vec<u8>,
    /// Root of the SHA-256 tree.
    pub root: PiecesRoot,
    /// One node of that tree per piece; empty for a file of one piece.
    pub layer: Vec<u8>,
}

impl Hasher {
    /// For a file whose size is known: the usual piece length for it.
    pub fn for_size(size: u64) -> Self {
        Self::with(piece_length(size))
    }

    /// For a piece length that was chosen before.
    pub fn new(piece_length: u32) -> Result<Self, BadPieceLength> {
        check_piece_length(u64::from(piece_length)).map(Self::with)
    }

    fn with(piece_length: u32) -> Self {
        let piece = piece_length as usize;
        Self {
            piece_length,
            length: 0,
            pieces: PieceHashes {
                piece,
                filled: 0,
                current: Context::new(&SHA1),
                done: Vec::new(),
            },
            blocks: BlockHashes {
                blocks_per_piece: piece / BLOCK,
                blocks: 0,
                filled: 0,
                current: Context::new(&SHA256),
                piece: Tree::default(),
                whole: Tree::default(),
                layer: Vec::new(),
            },
        }
    }

    /// Takes the next bytes of the file, however many. Slices of a megabyte or more are hashed on two threads.
    pub fn update(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if bytes.len() >= WORTH_A_THREAD {
            let Self { pieces, blocks, .. } = self;
            std::thread::scope(|scope| {
                scope.spawn(|| pieces.update(bytes));
                blocks.update(bytes);
            });
            return;
        }
        for part in bytes.chunks(STRIDE) {
            self.pieces.update(part);
            self.blocks.update(part);
        }
    }

    /// How many bytes were taken so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Makes the torrent of the file that was fed: one file of that name, at these trackers.
    ///
    /// The infohash depends on the name and the bytes alone; nothing in the torrent depends on when or where it is made.
    pub fn finish(self, name: &str, trackers: &[impl AsRef<str>]) -> Result<Torrent, BuildError> {
        let (root, layer) = self.blocks.finish().ok_or(BuildError::Empty)?;
        let hashes = Hashes {
            length: self.length,
            piece_length: self.piece_length,
            pieces: self.pieces.finish(),
            root: PiecesRoot(root),
            layer,
        };
        metainfo::build(&hashes, name, trackers)
    }
}

/// Checks a piece length that comes from elsewhere.
pub(crate) fn check_piece_length(length: u64) -> Result<u32, BadPieceLength> {
    match u32::try_from(length) {
        Ok(short)
            if short.is_power_of_two() && short as usize >= BLOCK && short <= MAX_PIECE_LENGTH =>
        {
            Ok(short)
        }
        _ => Err(BadPieceLength(length)),
    }
}

/// SHA-1 of every piece.
struct PieceHashes {
    piece: usize,
    filled: usize,
    current: Context,
    done: Vec<u8>,
}

impl PieceHashes {
    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(self.piece - self.filled));
            self.current.update(now);
            self.filled += now.len();
            bytes = later;
            if self.filled == self.piece {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        let full = std::mem::replace(&mut self.current, Context::new(&SHA1));
        self.done.extend_from_slice(full.finish().as_ref());
        self.filled = 0;
    }

    fn finish(mut self) -> Vec<u8> {
        if self.filled > 0 {
            self.close();
        }
        self.done
    }
}

/// SHA-256 of every block, the node of every piece, the root.
struct BlockHashes {
    blocks_per_piece: usize,
    /// Blocks in the current piece.
    blocks: usize,
    /// Bytes in the current block.
    filled: usize,
    current: Context,
    /// Tree over the blocks of the current piece.
    piece: Tree,
    /// Tree over the pieces that are complete.
    whole: Tree,
    layer: Vec<u8>,
}

impl BlockHashes {
    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.filled));
            bytes = later;
            if now.len() == BLOCK {
                self.push(merkle::leaf(now));
                continue;
            }
            self.current.update(now);
            self.filled += now.len();
            if self.filled == BLOCK {
                self.close_block();
            }
        }
    }

    fn close_block(&mut self) {
        let full = std::mem::replace(&mut self.current, Context::new(&SHA256));
        self.filled = 0;
        self.push(merkle::to_hash(full.finish()));
    }

    fn push(&mut self, leaf: Hash) {
        self.piece.push(leaf);
        self.blocks += 1;
        if self.blocks == self.blocks_per_piece {
            let full = std::mem::take(&mut self.piece);
            self.close_piece(full);
        }
    }

    fn close_piece(&mut self, blocks: Tree) {
        self.blocks = 0;
        if let Some(node) = blocks.root(Some(self.height()), [0; 32]) {
            self.layer.extend_from_slice(&node);
            self.whole.push(node);
        }
    }

    /// Levels between the blocks and the piece.
    fn height(&self) -> usize {
        self.blocks_per_piece.ilog2() as usize
    }

    /// The root and the layer of pieces; `None` for an empty file.
    fn finish(mut self) -> Option<(Hash, Vec<u8>)> {
        if self.filled > 0 {
            self.close_block();
        }
        if self.layer.is_empty() {
            // Less than a piece: the tree is only as high as its blocks need, and there is no layer.
            return self
                .piece
                .root(None, [0; 32])
                .map(|root| (root, Vec::new()));
        }
        if self.blocks > 0 {
            let rest = std::mem::take(&mut self.piece);
            self.close_piece(rest);
        }
        let root = self.whole.root(
            None,
            merkle::zero_root(self.blocks_per_piece.ilog2() as usize),
        )?;
        if self.layer.len() == size_of::<Hash>() {
            self.layer.clear();
        }
        Some((root, self.layer))
    }
}

/// SHA-1 of a piece or of an info dictionary.
pub(crate) fn sha1(bytes: &[u8]) -> [u8; 20] {
    digest::digest(&SHA1, bytes)
        .as_ref()
        .try_into()
        .expect("SHA-1 has 20 bytes")
}

#[cfg(test)]
mod tests;
