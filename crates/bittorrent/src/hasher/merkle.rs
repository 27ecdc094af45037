//! The hash tree of BEP 52 while a file streams by: SHA-256 of every 16 KiB block, joined in pairs up to one hash per
//! piece and on to the root. Like a binary counter it keeps at most one waiting hash per level, so its memory does not grow with
//! what it has seen. Missing blocks at the end count as zero hashes, as the format wants.

use aws_lc_rs::digest::{self, SHA256};

/// The bytes that one leaf of the tree covers.
pub(crate) const BLOCK: usize = 16 << 10;

pub(crate) type Hash = [u8; 32];

/// A tree that grows to the right: waiting left halves, lowest level first.
#[derive(Clone, Default)]
pub(crate) struct Tree {
    /// `waiting[level]` covers 2^level leaves and has no right half yet.
    waiting: Vec<Option<Hash>>,
}

impl Tree {
    /// Adds the next leaf.
    pub(crate) fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for slot in &mut self.waiting {
            match slot.take() {
                Some(left) => hash = join(&left, &hash),
                None => {
                    *slot = Some(hash);
                    return;
                }
            }
        }
        self.waiting.push(Some(hash));
    }

    /// The root once missing leaves are counted as `padding`: over `2^height` leaves, or, without a height, over the next power of
    /// two. `None` when there is no leaf at all.
    pub(crate) fn root(mut self, height: Option<usize>, padding: Hash) -> Option<Hash> {
        let top = self.waiting.len().checked_sub(1)?;
        let alone = self.waiting[..top].iter().all(Option::is_none);
        let natural = if alone { top } else { top + 1 };
        let height = height.unwrap_or(natural).max(natural);
        self.waiting.resize(height + 1, None);
        let mut padding = padding;
        let mut carried: Option<Hash> = None;
        for slot in &self.waiting[..height] {
            carried = match (slot, carried) {
                (Some(left), Some(right)) => Some(join(left, &right)),
                (Some(left), None) => Some(join(left, &padding)),
                (None, Some(left)) => Some(join(&left, &padding)),
                (None, None) => None,
            };
            padding = join(&padding, &padding);
        }
        carried.or(self.waiting[height])
    }
}

/// The root over `2^height` zero leaves, which stands for a piece beyond the end of the file.
pub(crate) fn zero_root(height: usize) -> Hash {
    (0..height).fold([0; 32], |hash, _| join(&hash, &hash))
}

/// The leaf over one block.
pub(crate) fn leaf(block: &[u8]) -> Hash {
    to_hash(digest::digest(&SHA256, block))
}

fn join(left: &Hash, right: &Hash) -> Hash {
    let mut both = [0; 64];
    both[..32].copy_from_slice(left);
    both[32..].copy_from_slice(right);
    leaf(&both)
}

pub(crate) fn to_hash(digest: digest::Digest) -> Hash {
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, spelled out: pad to the width, then join level by level.
    fn by_definition(mut leaves: Vec<Hash>, width: usize) -> Hash {
        leaves.resize(width, [0; 32]);
        while leaves.len() > 1 {
            leaves = leaves
                .chunks(2)
                .map(|pair| join(&pair[0], &pair[1]))
                .collect();
        }
        leaves[0]
    }

    #[test]
    fn streaming_gives_the_roots_of_the_definition() {
        for count in 1..=40_usize {
            let leaves: Vec<Hash> = (0..count).map(|n| leaf(&n.to_be_bytes())).collect();
            let mut tree = Tree::default();
            leaves.iter().for_each(|leaf| tree.push(*leaf));
            let natural = count.next_power_of_two();
            assert_eq!(
                tree.clone().root(None, [0; 32]),
                Some(by_definition(leaves.clone(), natural)),
                "{count}"
            );
            assert_eq!(
                tree.root(Some(7), [0; 32]),
                Some(by_definition(leaves, 128)),
                "{count} of 128"
            );
        }
        assert_eq!(Tree::default().root(None, [0; 32]), None);
        assert_eq!(zero_root(3), by_definition(vec![], 8));
    }
}
