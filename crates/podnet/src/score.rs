//! What a friend is worth: 0 to 100, from 100. Misbehaviour costs at once and much; being silent costs a point for each hour, so a pod
//! that is down over a weekend is still a friend on Monday and one that is gone is expelled in its fifth day. Time heals, and so does
//! answering. At 0 the friend is expelled.
//!
//! Nobody can make us punish somebody else. What a request costs is charged to the pod only whose signature covers it; what arrives
//! without such a proof costs nothing ([`Witness::Nobody`]) and is held against the address it came from ([`flood`](crate::flood)).
//! A refused version, a clock that is wrong and a key that changed cost nothing either.

use serde::{Deserialize, Serialize};

use crate::{DAY, HOUR};

/// A point, in the thousandths that scores are kept in.
const POINT: i64 = 1000;
/// The best score.
const FULL: i64 = 100 * POINT;
/// What a pod that is let in again starts with.
const SECOND_CHANCE: i64 = 50 * POINT;
/// What a day heals by itself.
const HEALING: i64 = 4 * POINT;
/// A success counts once within this time, so that nobody buys lies with chatter.
const REWARD_EVERY: i64 = 4 * HOUR;
/// The most that one failure to answer costs. The time between two tries may have been our own absence.
const MAX_SILENCE: i64 = 24 * POINT;
/// A pod with less misbehaviour than this on record was expelled for its absence.
const HARMLESS: i64 = 20 * POINT;

/// Something a friend did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It took a group, or answered as it should.
    Success,
    /// It did not answer in time, or could not be reached.
    Silence,
    /// It answered that something is wrong with itself (5xx).
    ServerError,
    /// It sent what no program of ours sends: damaged envelopes, malformed messages, lists with junk.
    Junk,
    /// It sends more than it may. Charged once a minute; see [`flood`](crate::flood).
    Flood,
    /// It gave a wrong signature where it is sure who speaks, that is in an answer to us.
    BadSignature,
    /// It put an old message under a new signature. The same signed bytes once more are no proof: anybody can send them.
    Replay,
    /// It said what it has no right to say: of another pod's videos, in another's name, of an id that is not its own.
    Lie,
}

impl Event {
    /// In words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Success => "it answered as it should",
            Self::Silence => "it did not answer",
            Self::ServerError => "it answered with an error of its own",
            Self::Junk => "it sent a message that is none",
            Self::Flood => "it sent more than it may",
            Self::BadSignature => "it answered with a wrong signature",
            Self::Replay => "it sent an old message under a new signature",
            Self::Lie => "it spoke of what belongs to others",
        }
    }

    /// Points that it costs, where time does not matter.
    fn cost(self) -> i64 {
        match self {
            Self::Success | Self::Silence | Self::ServerError => 0,
            Self::Flood => 2 * POINT,
            Self::Junk => 5 * POINT,
            Self::BadSignature | Self::Replay => 10 * POINT,
            Self::Lie => 25 * POINT,
        }
    }
}

/// How we know who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness {
    /// We called it, at its own address: its answer, or its silence.
    Ourselves,
    /// Its signature covers the request, and was checked.
    Signature,
    /// The request says so. Anybody can.
    Nobody,
}

/// Why a pod is expelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It was not there. It may present itself again.
    Absence,
    /// It misbehaved. An admin has to let it in.
    Misbehaviour,
}

/// What an event changed, for the history that the admin reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The score before, 0 to 100.
    pub before: u8,
    /// The score after.
    pub after: u8,
    /// Why, in words.
    pub reason: String,
    /// Set when this change expels the pod.
    pub expelled: Option<Cause>,
}

/// The score of one friend, as its row keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// Thousandths of a point, 0 to 100 000.
    pub thousandths: i64,
    /// Misbehaviour that has not healed yet, in the same measure.
    pub blame: i64,
    /// Until when healing is reckoned in, in milliseconds since 1970.
    pub at: i64,
    /// When it last failed to answer, while it has not answered since.
    pub silent_at: Option<i64>,
    /// When a success last counted.
    pub rewarded_at: Option<i64>,
}

impl Score {
    /// A new friend.
    pub fn new(now: i64) -> Self {
        Self {
            thousandths: FULL,
            blame: 0,
            at: now,
            silent_at: None,
            rewarded_at: None,
        }
    }

    /// A pod that was expelled and is let in again: half the trust of a new one.
    pub fn second_chance(now: i64) -> Self {
        Self {
            thousandths: SECOND_CHANCE,
            ..Self::new(now)
        }
    }

    /// 0 to 100. It is 0 only for who is expelled.
    pub fn points(&self) -> u8 {
        let points = (self.thousandths.clamp(0, FULL) + POINT - 1) / POINT;
        u8::try_from(points).unwrap_or(100)
    }

    /// Whether it is at 0.
    pub fn is_expelled(&self) -> bool {
        self.thousandths <= 0
    }

    /// What a pod with this score is expelled for, when it is.
    pub fn cause(&self) -> Cause {
        if self.blame < HARMLESS {
            Cause::Absence
        } else {
            Cause::Misbehaviour
        }
    }

    /// Takes note of something the pod did. Nothing is changed by what nobody vouches for, nor for a pod that is expelled already.
    pub fn note(&mut self, event: Event, witness: Witness, now: i64) -> Option<Change> {
        if witness == Witness::Nobody || self.is_expelled() {
            return None;
        }
        let before = self.points();
        self.heal(now);
        let mut reason = event.reason().to_owned();
        match event {
            Event::Success => self.reward(now),
            Event::Silence | Event::ServerError => {
                let hours = self.silence(now);
                if hours > 1 {
                    reason = format!("{reason}, for {hours} hours more");
                }
            }
            _ => {
                self.thousandths -= event.cost();
                self.blame += event.cost();
            }
        }
        self.thousandths = self.thousandths.clamp(0, FULL);
        let after = self.points();
        let expelled = self.is_expelled().then(|| self.cause());
        (before != after || event.cost() > 0).then_some(Change {
            before,
            after,
            reason,
            expelled,
        })
    }

    /// Time heals, but not the silent.
    fn heal(&mut self, now: i64) {
        let passed = now.saturating_sub(self.at).max(0);
        // Whole milliseconds per thousandth, and the rest is kept for the next time.
        let healed = passed / (DAY / HEALING);
        self.at = self.at.max(now - passed % (DAY / HEALING));
        self.blame = (self.blame - healed).max(0);
        if self.silent_at.is_none() {
            self.thousandths = self.thousandths.saturating_add(healed).min(FULL);
        }
    }

    fn reward(&mut self, now: i64) {
        self.silent_at = None;
        let due = |last: i64| now.saturating_sub(last) >= REWARD_EVERY;
        if self.rewarded_at.is_none_or(due) {
            self.rewarded_at = Some(now);
            self.thousandths += POINT;
        }
    }

    /// A point for each hour since the last failure, and gives the hours. The first one costs a point, and opens the account.
    fn silence(&mut self, now: i64) -> i64 {
        let Some(last) = self.silent_at else {
            self.silent_at = Some(now);
            self.thousandths -= POINT;
            return 1;
        };
        let passed = now.saturating_sub(last).max(0);
        let cost = (passed / (HOUR / POINT)).min(MAX_SILENCE);
        self.thousandths -= cost;
        // The rest is kept for the next time, as with healing.
        self.silent_at = Some(last.max(now - passed % (HOUR / POINT)));
        cost / POINT
    }
}

/// Whether it is probably us who cannot reach anybody: all of at least three friends are silent. Then silence is not charged.
pub fn is_our_own_fault(silent: usize, friends: usize) -> bool {
    friends >= 3 && silent >= friends
}

#[cfg(test)]
mod tests;
