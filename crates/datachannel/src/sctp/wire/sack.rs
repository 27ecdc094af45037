//! Selective acknowledgements: up to which number everything has arrived, and which stretches beyond it.

use super::number;

/// A received acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sack<'a> {
    /// Everything up to here has arrived.
    pub cumulative: u32,
    /// How many bytes more the sender of this could take, were nothing on its way.
    pub window: u32,
    blocks: &'a [u8],
}

impl<'a> Sack<'a> {
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let (counts, rest) = value.get(8..)?.split_first_chunk::<4>()?;
        let blocks = usize::from(u16::from_be_bytes([counts[0], counts[1]]));
        Some(Self {
            cumulative: number(value)?,
            window: number(&value[4..])?,
            blocks: rest.get(..blocks * 4)?,
        })
    }

    /// One without stretches.
    pub fn plain(cumulative: u32, window: usize) -> Self {
        Self {
            cumulative,
            window: u32::try_from(window).unwrap_or(u32::MAX),
            blocks: &[],
        }
    }

    /// The stretches that have arrived beyond the cumulative number: first and last as distances from it. From outside: they may be in
    /// any order and overlap.
    pub fn blocks(&self) -> impl Iterator<Item = (u16, u16)> + 'a {
        let (blocks, _) = self.blocks.as_chunks::<4>();
        blocks.iter().map(|&[a, b, c, d]| {
            let first = u16::from_be_bytes([a, b]);
            (first, u16::from_be_bytes([c, d]))
        })
    }
}
