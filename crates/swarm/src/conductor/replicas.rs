//! How often each piece is there without the pod: viewers who hold it and count, and grants under way. It remembers who brought a
//! piece in, so that praise and blame for it find somebody without a search.

use super::bits::Bits;

/// A place in the table of viewers.
pub(super) type Slot = u32;

/// Nobody in particular.
pub(super) const NOBODY: Slot = Slot::MAX;

#[derive(Debug, Clone, Copy)]
struct Piece {
    holders: u32,
    flying: u32,
    /// The first of the present holders, if it is known.
    source: Slot,
}

#[derive(Debug)]
pub(super) struct Replicas {
    pieces: Box<[Piece]>,
    /// Pieces that nobody holds and nobody is about to.
    missing: Bits,
}

impl Replicas {
    pub(super) fn new(pieces: u32) -> Self {
        let nowhere = Piece {
            holders: 0,
            flying: 0,
            source: NOBODY,
        };
        let mut missing = Bits::new(pieces);
        for piece in 0..pieces {
            missing.insert(piece);
        }
        Self {
            pieces: vec![nowhere; pieces as usize].into_boxed_slice(),
            missing,
        }
    }

    /// Pieces that nobody holds and nobody is about to.
    pub(super) fn missing(&self) -> &Bits {
        &self.missing
    }

    /// Holders now or soon.
    pub(super) fn expected(&self, piece: u32) -> u32 {
        let piece = &self.pieces[piece as usize];
        piece.holders + piece.flying
    }

    pub(super) fn holders(&self, piece: u32) -> u32 {
        self.pieces[piece as usize].holders
    }

    /// Who brought it in, and how many hold it now.
    pub(super) fn source(&self, piece: u32) -> (Slot, u32) {
        let piece = &self.pieces[piece as usize];
        (piece.source, piece.holders)
    }

    pub(super) fn add_holder(&mut self, piece: u32, holder: Slot) {
        let entry = &mut self.pieces[piece as usize];
        if entry.holders == 0 {
            entry.source = holder;
        }
        entry.holders += 1;
        self.settle(piece);
    }

    pub(super) fn remove_holder(&mut self, piece: u32, holder: Slot) {
        let entry = &mut self.pieces[piece as usize];
        entry.holders = entry.holders.saturating_sub(1);
        if entry.source == holder {
            entry.source = NOBODY;
        }
        self.settle(piece);
    }

    pub(super) fn take_off(&mut self, piece: u32) {
        self.pieces[piece as usize].flying += 1;
        self.settle(piece);
    }

    pub(super) fn land(&mut self, piece: u32) {
        let entry = &mut self.pieces[piece as usize];
        entry.flying = entry.flying.saturating_sub(1);
        self.settle(piece);
    }

    fn settle(&mut self, piece: u32) {
        if self.expected(piece) == 0 {
            self.missing.insert(piece);
        } else {
            self.missing.remove(piece);
        }
    }
}
