//! What is known about infohashes: hosted here, or not. Answers are kept for a while and in a bounded number, since strangers may ask
//! about anything. An answer that was on its way while the infohash was forgotten is stale and not kept: each question holds a ticket
//! that says when it was asked.

use std::collections::HashMap;
use std::time::Duration;

use bittorrent::InfoHash;
use swarm::conductor::Film;

/// What the pod says about an infohash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hosting {
    /// It does not host it: the tracker refuses it.
    No,
    /// Its swarm is tracked and left to itself.
    Tracked,
    /// Its swarm is tracked and conducted.
    Conducted(Film),
}

impl Hosting {
    /// Whether there may be a swarm.
    pub fn is_hosted(self) -> bool {
        self != Self::No
    }
}

impl From<bool> for Hosting {
    /// Tracked, or not hosted.
    fn from(hosted: bool) -> Self {
        match hosted {
            true => Self::Tracked,
            false => Self::No,
        }
    }
}

/// Answers that are kept in one shard.
const MOST: usize = 8192;

/// When a question was asked, in forgettings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket(u64);

#[derive(Debug)]
pub(super) struct Known {
    answers: HashMap<InfoHash, (Hosting, Duration)>,
    hosted: Duration,
    unknown: Duration,
    forgettings: u64,
}

impl Known {
    /// Keeps either kind of answer for so long.
    pub(super) fn new(hosted: Duration, unknown: Duration) -> Self {
        Self {
            answers: HashMap::new(),
            hosted,
            unknown,
            forgettings: 0,
        }
    }

    /// The answer, or a ticket to ask with.
    pub(super) fn answer(&self, now: Duration, infohash: InfoHash) -> Result<Hosting, Ticket> {
        match self.answers.get(&infohash) {
            Some((hosting, until)) if now < *until => Ok(*hosting),
            _ => Err(Ticket(self.forgettings)),
        }
    }

    /// Keeps what was learnt, unless something was forgotten since the question.
    pub(super) fn learn(
        &mut self,
        now: Duration,
        infohash: InfoHash,
        ticket: Ticket,
        hosting: Hosting,
    ) {
        if ticket != Ticket(self.forgettings) {
            return;
        }
        if self.answers.len() >= MOST {
            self.tidy(now);
        }
        if self.answers.len() >= MOST {
            // A flood of questions about strangers must not push out what is hosted.
            self.answers.retain(|_, (hosting, _)| hosting.is_hosted());
        }
        if self.answers.len() >= MOST {
            self.answers.clear();
        }
        let keep = match hosting {
            Hosting::No => self.unknown,
            Hosting::Tracked | Hosting::Conducted(_) => self.hosted,
        };
        // At least a moment, or the one who asked could not use the answer.
        self.answers.insert(
            infohash,
            (hosting, now + keep.max(Duration::from_millis(1))),
        );
    }

    /// The infohash is not hosted any more.
    pub(super) fn forget(&mut self, now: Duration, infohash: InfoHash) {
        self.forgettings += 1;
        self.answers
            .insert(infohash, (Hosting::No, now + self.unknown));
    }

    /// Throws old answers away.
    pub(super) fn tidy(&mut self, now: Duration) {
        self.answers.retain(|_, (_, until)| now < *until);
        self.answers.shrink_to(self.answers.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIP: InfoHash = InfoHash([1; 20]);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn answers_last_as_long_as_they_should() {
        let mut known = Known::new(seconds(60), seconds(5));
        let ticket = known.answer(seconds(0), CLIP).unwrap_err();
        known.learn(seconds(0), CLIP, ticket, Hosting::No);
        assert_eq!(known.answer(seconds(4), CLIP), Ok(Hosting::No));
        let ticket = known.answer(seconds(5), CLIP).unwrap_err();
        known.learn(seconds(5), CLIP, ticket, Hosting::Tracked);
        assert_eq!(known.answer(seconds(64), CLIP), Ok(Hosting::Tracked));
        known.forget(seconds(64), CLIP);
        assert_eq!(known.answer(seconds(64), CLIP), Ok(Hosting::No));
    }

    #[test]
    fn an_answer_from_before_the_forgetting_does_not_count() {
        let mut known = Known::new(seconds(60), Duration::ZERO);
        let ticket = known.answer(seconds(0), CLIP).unwrap_err();
        known.forget(seconds(0), CLIP);
        known.learn(seconds(0), CLIP, ticket, Hosting::Tracked);
        assert!(known.answer(seconds(0), CLIP).is_err());
    }

    #[test]
    fn a_flood_of_strangers_costs_no_memory_and_pushes_nobody_out() {
        let mut known = Known::new(seconds(60), seconds(5));
        let ticket = known.answer(seconds(0), CLIP).unwrap_err();
        known.learn(seconds(0), CLIP, ticket, Hosting::Tracked);
        for n in 0..100_000_u32 {
            let mut stranger = [9; 20];
            stranger[..4].copy_from_slice(&n.to_be_bytes());
            known.learn(seconds(1), InfoHash(stranger), ticket, Hosting::No);
        }
        assert!(known.answers.len() <= MOST);
        assert_eq!(known.answer(seconds(1), CLIP), Ok(Hosting::Tracked));
        known.tidy(seconds(100));
        assert_eq!(known.answers.len(), 0);
    }
}
