//! Dice for choosing peers: fast and fair, started from the randomness that the standard library gives its hash maps. It decides only
//! who meets whom, never anything that must stay secret.

use std::hash::{BuildHasher, RandomState};

/// A stream of numbers (the splitmix64 sequence).
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new() -> Self {
        Self(RandomState::new().hash_one(0))
    }

    /// A number below `n`; 0 when there is none.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // The high part of a product spreads evenly without a division.
        ((u128::from(mixed) * n as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_side_comes_up_about_equally() {
        let mut dice = Dice::new();
        let mut sides = [0_u32; 6];
        (0..60_000).for_each(|_| sides[dice.below(6)] += 1);
        assert!(
            sides.iter().all(|count| (9000..11_000).contains(count)),
            "{sides:?}"
        );
        assert_eq!(dice.below(0), 0);
    }
}
