//! Sets of pieces as the modelled viewers keep them: plain words, so that a viewer sees at once what any of its neighbours could give.

/// A set of numbers below a bound.
#[derive(Debug, Clone, Default)]
pub struct Bitmap {
    /// 64 numbers each.
    pub words: Vec<u64>,
    /// How many there are.
    pub count: u32,
}

impl Bitmap {
    /// None.
    pub fn new(bound: u32) -> Self {
        Self {
            words: vec![0; bound.div_ceil(64) as usize],
            count: 0,
        }
    }

    /// Whether a number is there.
    pub fn has(&self, number: u32) -> bool {
        self.words[number as usize / 64] >> (number % 64) & 1 == 1
    }

    /// Adds a number; whether it is new.
    pub fn insert(&mut self, number: u32) -> bool {
        let new = !self.has(number);
        self.words[number as usize / 64] |= 1 << (number % 64);
        self.count += u32::from(new);
        new
    }

    /// Takes a number away.
    pub fn remove(&mut self, number: u32) {
        if self.has(number) {
            self.words[number as usize / 64] &= !(1 << (number % 64));
            self.count -= 1;
        }
    }
}
