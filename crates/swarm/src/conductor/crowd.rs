//! How many viewers play about where: counts by second of the film, which tell a crowd that starts together from an audience that is
//! spread over the film.

use super::Film;

#[derive(Debug)]
pub(super) struct Crowd {
    counts: Box<[u32]>,
    /// Pieces of one count.
    pieces: u32,
}

impl Crowd {
    pub(super) fn new(film: &Film) -> Self {
        let pieces = film.whole_pieces_in(std::time::Duration::from_secs(1));
        let counts = film.pieces / pieces + 1;
        Self {
            counts: vec![0; counts as usize].into_boxed_slice(),
            pieces,
        }
    }

    pub(super) fn enter(&mut self, playhead: u32) {
        self.counts[self.at(playhead)] += 1;
    }

    pub(super) fn leave(&mut self, playhead: u32) {
        let at = self.at(playhead);
        self.counts[at] = self.counts[at].saturating_sub(1);
    }

    /// Viewers who play this piece or are up to about so many seconds before it.
    pub(super) fn before(&self, piece: u32, seconds: usize) -> u32 {
        let at = self.at(piece);
        self.counts[at.saturating_sub(seconds)..=at].iter().sum()
    }

    fn at(&self, piece: u32) -> usize {
        ((piece / self.pieces) as usize).min(self.counts.len() - 1)
    }
}
