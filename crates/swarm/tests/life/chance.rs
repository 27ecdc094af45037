//! Chance with a seed, and nothing else.

use std::time::Duration;

pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 33) as usize % n
    }

    /// True once in so many times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// A time between two numbers of seconds.
    pub fn seconds(&mut self, from: usize, to: usize) -> Duration {
        Duration::from_millis(((from * 1000) + self.below((to - from) * 1000)) as u64)
    }

    /// A position of `n`, where the first ones are drawn far more often: as videos are watched.
    pub fn skewed(&mut self, n: usize) -> usize {
        let most = self.below(n) + 1;
        self.below(most)
    }
}
