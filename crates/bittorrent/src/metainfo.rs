//! Torrents of one file, readable by version 1 and version 2 clients alike (BEP 3 and BEP 52, "hybrid"). A version 1 client sees the
//! ordinary keys and ignores the rest; a version 2 client finds the same bytes under the file tree. One file per torrent, because
//! then both versions cut it into the same pieces without padding files. There is no date, no creator and no web seed in what we
//! build: the same bytes and name give the same torrent for ever. Torrents of several files are not read.

use std::borrow::Cow;

use aws_lc_rs::digest::{self, SHA256};

use crate::bencode::{self, Item, Value};
use crate::hasher::merkle::{self, BLOCK, Tree};
use crate::hasher::{BadPieceLength, Hashes, check_piece_length, sha1};
use crate::{InfoHash, InfoHashV2};

/// The longest file name: what file systems take.
const MAX_NAME: usize = 255;

/// More trackers than this are not listed when a torrent is read.
const MAX_TRACKERS: usize = 64;

/// A torrent that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torrent {
    /// The content of the `.torrent` file.
    pub bytes: Vec<u8>,
    /// The swarm's name for version 1 clients and for WebTorrent.
    pub infohash_v1: InfoHash,
    /// The swarm's name for version 2 clients.
    pub infohash_v2: InfoHashV2,
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
    /// The version 1 name, taken over the raw info dictionary.
    pub infohash: InfoHash,
    /// The raw info dictionary, as peers hand it to each other.
    pub info: &'a [u8],
    /// What a version 2 client uses; absent in a version 1 torrent.
    pub v2: Option<V2<'a>>,
}

/// The version 2 half of a torrent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct V2<'a> {
    /// The version 2 name, taken over the raw info dictionary.
    pub infohash: InfoHashV2,
    /// Root of the hash tree.
    pub root: [u8; 32],
    /// One node of the tree per piece, 32 bytes each; empty for a file of one piece.
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
    let length = || Item::Integer(i64::try_from(hashes.length).unwrap_or(i64::MAX));
    let file = Item::dict([
        ("length", length()),
        ("pieces root", Item::bytes(&hashes.root)),
    ]);
    let info = Item::dict([
        ("file tree", Item::dict([(name, Item::dict([("", file)]))])),
        ("length", length()),
        ("meta version", Item::Integer(2)),
        ("name", Item::bytes(name)),
        (
            "piece length",
            Item::Integer(i64::from(hashes.piece_length)),
        ),
        ("pieces", Item::bytes(&hashes.pieces)),
    ])
    .encode();
    let infohash_v1 = InfoHash(sha1(&info));
    let infohash_v2 = InfoHashV2(merkle::to_hash(digest::digest(&SHA256, &info)));

    let mut layers = std::collections::BTreeMap::new();
    if !hashes.layer.is_empty() {
        layers.insert(Cow::Borrowed(&hashes.root[..]), Item::bytes(&hashes.layer));
    }
    let info = Item::Encoded(bencode::decode(&info).expect("just encoded"));
    let Item::Dict(mut torrent) =
        Item::dict([("info", info), ("piece layers", Item::Dict(layers))])
    else {
        unreachable!("Item::dict makes a dictionary")
    };
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
        infohash_v1,
        infohash_v2,
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
            v2: None,
        };
        if metainfo.piece_count().checked_mul(20) != Some(pieces.len() as u64) || pieces.is_empty()
        {
            return Err(BadTorrent::Contradiction("the number of pieces"));
        }
        if let Some(version) = info.get(b"meta version") {
            if version.integer() != Some(2) {
                return Err(BadTorrent::Key("meta version"));
            }
            metainfo.v2 = Some(metainfo.parse_v2(torrent, info)?);
        }
        Ok(metainfo)
    }

    fn parse_v2(&self, torrent: Value<'a>, info: Value<'a>) -> Result<V2<'a>, BadTorrent> {
        let mut tree = info
            .get(b"file tree")
            .and_then(Value::dict)
            .ok_or(BadTorrent::Key("file tree"))?;
        let file = match (tree.next(), tree.next()) {
            (Some((name, file)), None) if name == self.name.as_bytes() => file.get(b""),
            (Some(_), None) => return Err(BadTorrent::Contradiction("the name in the file tree")),
            _ => return Err(BadTorrent::SeveralFiles),
        };
        let file = file.ok_or(BadTorrent::Key("file tree"))?;
        if file.get(b"length").and_then(Value::unsigned) != Some(self.length) {
            return Err(BadTorrent::Contradiction("the length in the file tree"));
        }
        let root = file
            .get(b"pieces root")
            .and_then(Value::bytes)
            .and_then(|root| root.try_into().ok());
        let root: [u8; 32] = root.ok_or(BadTorrent::Key("pieces root"))?;
        let mut layer: &[u8] = &[];
        if self.piece_count() > 1 {
            let layers = torrent
                .get(b"piece layers")
                .ok_or(BadTorrent::Key("piece layers"))?;
            layer = layers
                .get(&root)
                .and_then(Value::bytes)
                .ok_or(BadTorrent::Key("piece layers"))?;
            if root_of(layer, self.piece_count(), self.height()) != Some(root) {
                return Err(BadTorrent::Contradiction("the layer of piece hashes"));
            }
        }
        Ok(V2 {
            infohash: InfoHashV2(merkle::to_hash(digest::digest(&SHA256, info.raw()))),
            root,
            layer,
        })
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
        sha1_fits
            && self
                .v2
                .is_none_or(|v2| v2.holds(index, bytes, self.height()))
    }

    /// Levels of the hash tree between blocks and pieces.
    fn height(&self) -> usize {
        (self.piece_length as usize / BLOCK).ilog2() as usize
    }
}

impl V2<'_> {
    fn holds(&self, index: usize, bytes: &[u8], height: usize) -> bool {
        let mut blocks = Tree::default();
        bytes
            .chunks(BLOCK)
            .for_each(|block| blocks.push(merkle::leaf(block)));
        if self.layer.is_empty() {
            return blocks.root(None, [0; 32]) == Some(self.root);
        }
        let node = blocks.root(Some(height), [0; 32]);
        node.is_some_and(|node| self.layer.chunks_exact(32).nth(index) == Some(&node[..]))
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
