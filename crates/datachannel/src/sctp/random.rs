//! A small generator for the numbers an association needs later than at its start: tags, first numbers and cookies after a restart,
//! heartbeats. It is SplitMix64 over a start value from real chance. That is no cipher, and need not be one: every packet comes through
//! DTLS, so these numbers tell apart what is old and do not keep anybody out.

#[derive(Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(chance: &mut dyn FnMut() -> u32) -> Self {
        Self(u64::from(chance()) << 32 | u64::from(chance()))
    }

    pub fn long(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn number(&mut self) -> u32 {
        (self.long() >> 32) as u32
    }
}
