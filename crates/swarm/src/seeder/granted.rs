//! A peer that is not offered the whole file but only pieces that it is granted, one by one (super-seeding, BEP 16): what it has
//! been granted, and what it has said that it holds. Each piece that it is granted it hears of by an ordinary HAVE, so any client can be
//! conducted. Who is granted what, and why, is not decided here.

use std::ops::Range;

use bittorrent::wire::Message;

/// What one peer may have, and has.
#[derive(Debug)]
pub(super) struct Granted {
    pieces: u32,
    /// One bit for each piece.
    granted: Box<[u64]>,
    holds: Box<[u64]>,
    /// A piece is news once, so this is bounded by their number.
    news: Vec<Range<u32>>,
}

impl Granted {
    /// A peer that may have none of so many pieces.
    pub(super) fn new(pieces: u32) -> Self {
        let words = (pieces as usize).div_ceil(64);
        Self {
            pieces,
            granted: vec![0; words].into(),
            holds: vec![0; words].into(),
            news: Vec::new(),
        }
    }

    /// Whether the peer may have a piece.
    pub(super) fn allows(&self, piece: u32) -> bool {
        is_set(&self.granted, piece)
    }

    /// Grants pieces and says so; those that it was granted before it knows of.
    pub(super) fn grant(&mut self, pieces: Range<u32>, control: &mut Vec<u8>) {
        for piece in pieces.start..pieces.end.min(self.pieces) {
            if set(&mut self.granted, piece) {
                Message::Have(piece).write(control);
            }
        }
    }

    /// The peer says that it has a piece. One that does not exist is passed over.
    pub(super) fn has(&mut self, piece: u32) {
        if piece >= self.pieces || !set(&mut self.holds, piece) {
            return;
        }
        match self.news.last_mut() {
            Some(last) if last.end == piece => last.end += 1,
            _ => self.news.push(piece..piece + 1),
        }
    }

    /// The peer says what it has in a bitfield.
    pub(super) fn has_bits(&mut self, bits: &[u8]) {
        let listed = (0..self.pieces).filter(|piece| {
            let byte = bits.get((piece / 8) as usize);
            byte.is_some_and(|byte| byte & (0x80 >> (piece % 8)) != 0)
        });
        listed.for_each(|piece| self.has(piece));
    }

    /// The peer says that it has everything.
    pub(super) fn has_all(&mut self) {
        (0..self.pieces).for_each(|piece| self.has(piece));
    }

    /// What was heard since it was last asked for.
    pub(super) fn take_news(&mut self) -> Vec<Range<u32>> {
        std::mem::take(&mut self.news)
    }
}

fn is_set(bits: &[u64], at: u32) -> bool {
    bits.get((at / 64) as usize)
        .is_some_and(|word| word >> (at % 64) & 1 == 1)
}

/// Sets a bit that exists; whether it was not set before.
fn set(bits: &mut [u64], at: u32) -> bool {
    let Some(word) = bits.get_mut((at / 64) as usize) else {
        return false;
    };
    let before = *word;
    *word |= 1 << (at % 64);
    *word != before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_granted_is_told_once() {
        let mut granted = Granted::new(70);
        let mut control = Vec::new();
        granted.grant(68..99, &mut control);
        granted.grant(69..70, &mut control);
        assert_eq!(control.len(), 2 * 9);
        let allowed: Vec<u32> = (0..99).filter(|piece| granted.allows(*piece)).collect();
        assert_eq!(allowed, [68, 69]);
    }

    #[test]
    fn what_is_held_is_news_once() {
        let mut granted = Granted::new(12);
        for piece in [3, 4, 3, 9, 12, u32::MAX] {
            granted.has(piece);
        }
        granted.has_bits(&[0b0001_1100, 0xff, 0xff]);
        assert_eq!(granted.take_news(), [3..5, 9..10, 5..6, 8..9, 10..12]);
        granted.has_all();
        assert_eq!(granted.take_news(), [0..3, 6..8]);
        assert_eq!(granted.take_news(), []);
    }
}
