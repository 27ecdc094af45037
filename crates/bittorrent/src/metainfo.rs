//! Torrents of one file, as every BitTorrent client reads them (version 1, BEP 3), with the SHA-256 tree of version 2 (BEP 52) in two
//! further keys: `pieces root` inside the info dictionary and `piece layers` outside of it. Other clients pass over keys they do not
//! know; ours can check blocks of 16 KiB. We do not build hybrids of both versions, because clients that are still common fail on
//! them: aria2 1.36 loses the value of the file tree's empty key and so computes a wrong infohash, Transmission 3.00 refuses them. Of
//! hybrids and torrents that others made the version 1 part is read; torrents of several files are not. There is no date, no creator
//! and no web seed in what we build: the same bytes and name give the same torrent for ever.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::bencode::{self, Item, Value};
use crate::hasher::merkle::{self, BLOCK, Tree};
use crate::hasher::{BadPieceLength, Hashes, check_piece_length, sha1};
use crate::{InfoHash, PiecesRoot};

/// The longest file name: what file systems take.
const MAX_NAME: usize = 255;

/// More trackers than this are not listed when a torrent is read.
const MAX_TRACKERS: usize = 64;

/// A torrent that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torrent {
    /// The content of the `.torrent` file.
    pub bytes: Vec<u8>,
    /// The swarm's name.
    pub infohash: InfoHash,
    /// Root of the hash tree over the file.
    pub root: PiecesRoot,
    /// Bytes per piece.
    pub piece_length: u32,
    /// Number of pieces, the last of which may be shorter.
    pub piece_count: u64,
}

/// Why no torrent could be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// There were no bytes: a torrent of nothing has no pieces to exchange.
    #[error("the file is empty")]
    Empty,
    /// A name that is empty, too long, or would leave the folder it is saved in.
    #[error("not a plain file name")]
    Name,
}

/// Why bytes are not a torrent that this program reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTorrent {
    /// Not bencode.
    #[error("not bencode: {0}")]
    Bencode(#[from] bencode::Error),
    /// A key is missing or its value has the wrong type.
    #[error("\"{0}\" is missing or malformed")]
    Key(&'static str),
    /// A file name that is not plain.
    #[error("not a plain file name")]
    Name,
    /// A piece length outside what the format allows.
    #[error(transparent)]
    PieceLength(#[from] BadPieceLength),
    /// A torrent of several files.
    #[error("a torrent of several files")]
    SeveralFiles,
    /// The parts contradict each other.
    #[error("{0} does not fit the rest")]
    Contradiction(&'static str),
}

/// A torrent that was read; it borrows from the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metainfo<'a> {
    /// The file's name.
    pub name: &'a str,
    /// The file's size.
    pub length: u64,
    /// Bytes per piece.
    pub piece_length: u32,
    /// SHA-1 of every piece, 20 bytes each.
    pub pieces: &'a [u8],
    /// Addresses of the trackers, best first.
    pub trackers: Vec<&'a str>,
    /// The swarm's name, taken over the raw info dictionary.
    pub infohash: InfoHash,
    /// The raw info dictionary, as peers hand it to each other.
    pub info: &'a [u8],
    /// Root of the hash tree, where the torrent names one.
    pub root: Option<PiecesRoot>,
    /// One node of that tree per piece, 32 bytes each. Empty for a file of one piece and in torrents that do not carry it, such as
    /// those put together from an info dictionary that peers sent.
    pub layer: &'a [u8],
}

/// Puts the hashes of a file and its name together.
pub(crate) fn build(
    hashes: &Hashes,
    name: &str,
    trackers: &[impl AsRef<str>],
) -> Result<Torrent, BuildError> {
    if !is_plain(name) {
        return Err(BuildError::Name);
    }
    let info = Item::dict([
        (
            "length",
            Item::Integer(i64::try_from(hashes.length).unwrap_or(i64::MAX)),
        ),
        ("name", Item::bytes(name)),
        (
            "piece length",
            Item::Integer(i64::from(hashes.piece_length)),
        ),
        ("pieces", Item::bytes(&hashes.pieces)),
        ("pieces root", Item::bytes(&hashes.root.0)),
    ]);
    let infohash = InfoHash(sha1(&info.encode()));
    let mut torrent = BTreeMap::from([(Cow::Borrowed(&b"info"[..]), info)]);
    if !hashes.layer.is_empty() {
        let layer = (
            Cow::Borrowed(&hashes.root.0[..]),
            Item::bytes(&hashes.layer),
        );
        let layers = Item::Dict(BTreeMap::from([layer]));
        torrent.insert(Cow::Borrowed(b"piece layers"), layers);
    }
    if let Some(first) = trackers.first() {
        torrent.insert(Cow::Borrowed(b"announce"), Item::bytes(first.as_ref()));
        // A tier each: clients go from one to the next, so one that they cannot speak with hides no other.
        let tiers = trackers
            .iter()
            .map(|tracker| Item::List(vec![Item::bytes(tracker.as_ref())]));
        torrent.insert(Cow::Borrowed(b"announce-list"), Item::List(tiers.collect()));
    }
    Ok(Torrent {
        bytes: Item::Dict(torrent).encode(),
        infohash,
        root: hashes.root,
        piece_length: hashes.piece_length,
        piece_count: hashes.length.div_ceil(u64::from(hashes.piece_length)),
    })
}

impl<'a> Metainfo<'a> {
    /// Reads a `.torrent` file and checks that its parts agree.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BadTorrent> {
        let torrent = bencode::decode(bytes)?;
        let info = torrent
            .get(b"info")
            .filter(|info| info.dict().is_some())
            .ok_or(BadTorrent::Key("info"))?;
        if info.get(b"files").is_some() {
            return Err(BadTorrent::SeveralFiles);
        }
        let name = info
            .get(b"name")
            .and_then(Value::text)
            .ok_or(BadTorrent::Key("name"))?;
        if !is_plain(name) {
            return Err(BadTorrent::Name);
        }
        let length = info
            .get(b"length")
            .and_then(Value::unsigned)
            .ok_or(BadTorrent::Key("length"))?;
        let piece_length = info
            .get(b"piece length")
            .and_then(Value::unsigned)
            .ok_or(BadTorrent::Key("piece length"))?;
        let pieces = info
            .get(b"pieces")
            .and_then(Value::bytes)
            .ok_or(BadTorrent::Key("pieces"))?;
        let mut metainfo = Self {
            name,
            length,
            piece_length: check_piece_length(piece_length)?,
            pieces,
            trackers: trackers(torrent),
            infohash: InfoHash(sha1(info.raw())),
            info: info.raw(),
            root: None,
            layer: &[],
        };
        if metainfo.piece_count().checked_mul(20) != Some(pieces.len() as u64) || pieces.is_empty()
        {
            return Err(BadTorrent::Contradiction("the number of pieces"));
        }
        if let Some(root) = info.get(b"pieces root") {
            metainfo.read_tree(torrent, root)?;
        }
        Ok(metainfo)
    }

    fn read_tree(&mut self, torrent: Value<'a>, root: Value<'a>) -> Result<(), BadTorrent> {
        let root = root.bytes().and_then(|root| root.try_into().ok());
        let root: PiecesRoot = root.ok_or(BadTorrent::Key("pieces root"))?;
        self.root = Some(root);
        let layers = torrent.get(b"piece layers");
        if let Some(layers) = layers.filter(|_| self.piece_count() > 1) {
            self.layer = layers
                .get(&root.0)
                .and_then(Value::bytes)
                .ok_or(BadTorrent::Key("piece layers"))?;
            if root_of(self.layer, self.piece_count(), self.height()) != Some(root.0) {
                return Err(BadTorrent::Contradiction("the layer of piece hashes"));
            }
        }
        Ok(())
    }

    /// Number of pieces, the last of which may be shorter.
    pub fn piece_count(&self) -> u64 {
        self.length.div_ceil(u64::from(self.piece_length))
    }

    /// Whether these bytes are the piece, by every hash that the torrent has for it.
    pub fn holds(&self, piece: u64, bytes: &[u8]) -> bool {
        let piece_length = u64::from(self.piece_length);
        let size = (piece < self.piece_count())
            .then(|| piece_length.min(self.length - piece * piece_length));
        let Some(index) = usize::try_from(piece)
            .ok()
            .filter(|_| size == Some(bytes.len() as u64))
        else {
            return false;
        };
        let sha1_fits = self.pieces.chunks_exact(20).nth(index) == Some(&sha1(bytes)[..]);
        sha1_fits && self.tree_holds(index, bytes)
    }

    /// Whether these bytes are below their node of the hash tree, as far as the torrent tells that node.
    fn tree_holds(&self, index: usize, bytes: &[u8]) -> bool {
        let (node, height) = match &self.root {
            Some(root) if self.piece_count() == 1 => (Some(&root.0[..]), None),
            _ => (self.layer.chunks_exact(32).nth(index), Some(self.height())),
        };
        node.is_none_or(|node| {
            let mut blocks = Tree::default();
            let leaves = bytes.chunks(BLOCK).map(merkle::leaf);
            leaves.for_each(|leaf| blocks.push(leaf));
            blocks
                .root(height, [0; 32])
                .is_some_and(|root| root == node)
        })
    }

    /// Levels of the hash tree between blocks and pieces.
    fn height(&self) -> usize {
        (self.piece_length as usize / BLOCK).ilog2() as usize
    }
}

/// The root above a layer of piece hashes, if the layer has the right length.
fn root_of(layer: &[u8], count: u64, height: usize) -> Option<[u8; 32]> {
    let (nodes, rest) = layer.as_chunks::<32>();
    if !rest.is_empty() || nodes.len() as u64 != count {
        return None;
    }
    let mut tree = Tree::default();
    nodes.iter().for_each(|node| tree.push(*node));
    tree.root(None, merkle::zero_root(height))
}

/// All trackers in the order in which a client would ask them, each once.
fn trackers(torrent: Value<'_>) -> Vec<&str> {
    let tiers = torrent
        .get(b"announce-list")
        .and_then(Value::list)
        .into_iter()
        .flatten();
    let listed = tiers
        .filter_map(Value::list)
        .flatten()
        .filter_map(Value::text);
    let first = torrent.get(b"announce").and_then(Value::text);
    let mut all = Vec::new();
    for tracker in listed.chain(first) {
        if all.len() < MAX_TRACKERS && !all.contains(&tracker) {
            all.push(tracker);
        }
    }
    all
}

/// Whether a name can be saved as it is, inside the folder of the reader's choice.
fn is_plain(name: &str) -> bool {
    let separators = |c: char| matches!(c, '/' | '\\') || c.is_control();
    !name.is_empty()
        && name.len() <= MAX_NAME
        && name != "."
        && name != ".."
        && !name.contains(separators)
}

#[cfg(test)]
mod tests;
