//! A set of pieces as a bitmap: an eighth of a byte for each piece and viewer is what makes ten thousand viewers cheap. Looking at a
//! window of it costs a word for 64 pieces.

use std::ops::Range;

/// A set of numbers below a bound.
#[derive(Debug, Clone)]
pub(super) struct Bits {
    words: Box<[u64]>,
}

impl Bits {
    /// None of `bound` numbers.
    pub(super) fn new(bound: u32) -> Self {
        Self {
            words: vec![0; bound.div_ceil(64) as usize].into_boxed_slice(),
        }
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.words
            .get(number as usize / 64)
            .is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Whether it was not there. The number must be below the bound.
    pub(super) fn insert(&mut self, number: u32) -> bool {
        let (word, bit) = (&mut self.words[number as usize / 64], 1 << (number % 64));
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Whether it was there. The number must be below the bound.
    pub(super) fn remove(&mut self, number: u32) -> bool {
        let (word, bit) = (&mut self.words[number as usize / 64], 1 << (number % 64));
        let old = *word & bit != 0;
        *word &= !bit;
        old
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        let words = self.words.iter().enumerate();
        words.flat_map(|(at, word)| ones(*word, at))
    }

    /// What is in `range` and not here.
    pub(super) fn gaps(&self, range: Range<u32>) -> impl Iterator<Item = u32> {
        self.words_of(range)
            .flat_map(|(at, mask)| ones(!self.words[at] & mask, at))
    }

    /// What is in `range` and in `other` and not here. Both must have the same bound.
    pub(super) fn gaps_in(&self, other: &Bits, range: Range<u32>) -> impl Iterator<Item = u32> {
        self.words_of(range)
            .flat_map(|(at, mask)| ones(!self.words[at] & other.words[at] & mask, at))
    }

    /// How much of `range` is in `other` and not here. Both must have the same bound.
    pub(super) fn count_gaps_in(&self, other: &Bits, range: Range<u32>) -> u32 {
        self.words_of(range)
            .map(|(at, mask)| (!self.words[at] & other.words[at] & mask).count_ones())
            .sum()
    }

    /// The words that `range` touches, with the bits of each that belong to it.
    fn words_of(&self, range: Range<u32>) -> impl Iterator<Item = (usize, u64)> + use<> {
        let bound = (self.words.len() as u32).saturating_mul(64);
        let end = range.end.min(bound);
        let range = range.start.min(end)..end;
        let words = range.start as usize / 64..range.end.div_ceil(64) as usize;
        words.map(move |at| {
            let first = at as u32 * 64;
            let from = range.start.saturating_sub(first).min(64);
            let to = (range.end - first).min(64);
            let below = |bits: u32| {
                if bits == 64 {
                    u64::MAX
                } else {
                    (1 << bits) - 1
                }
            };
            (at, below(to) & !below(from))
        })
    }
}

/// The numbers that the bits of a word stand for.
fn ones(word: u64, at: usize) -> impl Iterator<Item = u32> {
    let mut left = word;
    std::iter::from_fn(move || {
        let bit = left.trailing_zeros();
        (left != 0).then(|| {
            left &= left - 1;
            at as u32 * 64 + bit
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn behaves_as_a_set(
            (bound, numbers, others) in (1..300_u32).prop_flat_map(|bound| {
                let some = || proptest::collection::vec(0..bound, 0..80);
                (Just(bound), some(), some())
            }),
            start in 0..400_u32,
            length in 0..400_u32,
        ) {
            let (mut bits, mut other) = (Bits::new(bound), Bits::new(bound));
            let mut set = BTreeSet::new();
            for number in numbers {
                assert_eq!(bits.insert(number), set.insert(number));
            }
            for number in &others {
                other.insert(*number);
                if number % 3 == 0 {
                    assert_eq!(bits.remove(*number), set.remove(number));
                }
            }
            assert!(bits.iter().eq(set.iter().copied()));
            let range = start..(start + length).min(bound);
            let gaps: Vec<u32> = range.clone().filter(|number| !set.contains(number)).collect();
            assert!(bits.gaps(range.clone()).eq(gaps.iter().copied()));
            let common: Vec<u32> = gaps.into_iter().filter(|number| other.has(*number)).collect();
            assert!(bits.gaps_in(&other, range.clone()).eq(common.iter().copied()));
            assert_eq!(bits.count_gaps_in(&other, range) as usize, common.len());
        }
    }
}
