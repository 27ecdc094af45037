//! What is inside an envelope: a group of activities, and the receiver's receipt for it. A group may also be a page of the *whole list* that
//! a new friend gets. The rules of this module make "nothing lost, nothing doubled, in order" out of a network that loses answers:
//!
//! - Groups of one sender are numbered upwards. A group that is not newer than the last one applied is *stale* and changes nothing, so a
//!   request that was given up and arrives later cannot put an old state over a new one.
//! - A sender has one group under way to each friend, and gives its rows up only when the receipt has come. A lost receipt leads to the
//!   same rows in a new group; activities tell states, so applying one twice is applying it once.
//! - While a whole list is being received, everything that comes from its sender counts as mentioned. When its last page has come, what
//!   was not mentioned is removed.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::json::{self, Malformed, cut};

mod list;
pub use list::{List, Step, Token};

/// Bytes of a group.
pub const MAX_BYTES: usize = crate::envelope::MAX_MESSAGE;
/// Activities in a group.
pub const MAX_ITEMS: usize = 100;
/// Bytes of a receipt that are read: a reason for each activity.
pub const MAX_RECEIPT: usize = 64 << 10;
/// Characters of a reason.
const MAX_REASON: usize = 200;

/// The number of a group: larger for each next group from one pod to another. The gaps have no meaning.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct GroupId(pub u64);

impl GroupId {
    /// JavaScript's and many databases' largest integer; nothing beyond it is a number of a group.
    pub const MAX: Self = Self(1 << 53);

    /// The number for the next group. It follows the clock as well, so a sender that was restored from an old backup is not stale for
    /// long.
    pub fn after(last: Option<Self>, now: i64) -> Self {
        let clock = u64::try_from(now).unwrap_or(0);
        let next = last.map_or(0, |last| last.0.saturating_add(1));
        Self(next.max(clock)).min(Self::MAX)
    }
}

/// That a group is a page of the whole list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whole {
    /// The same on all pages of one list, and another one for the next list.
    pub token: Token,
    /// It is the first page.
    #[serde(default)]
    pub first: bool,
    /// It is the last page. A short list is one page, first and last.
    #[serde(default)]
    pub last: bool,
}

/// A group of activities, in the order in which they are to be applied.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Group {
    /// Its number.
    pub id: GroupId,
    /// Whether it is a page of the whole list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Whole>,
    /// Activities of ActivityStreams, unparsed: one that is wrong is refused by itself.
    pub items: Vec<Box<RawValue>>,
}

impl Group {
    /// Reads what was in an envelope.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        json::measure(bytes, MAX_BYTES)?;
        let read: Pieces<'_> = json::read(bytes, MAX_BYTES)?;
        if read.items.len() > MAX_ITEMS {
            return Err(Malformed::TooMany {
                what: "activities",
                most: MAX_ITEMS,
            });
        }
        if read.id > GroupId::MAX {
            let why = "its number is beyond 2 to the 53";
            return Err(Malformed::Contradiction(why.to_owned()));
        }
        let items = read.items.into_iter().map(ToOwned::to_owned).collect();
        Ok(Self {
            id: read.id,
            whole: read.whole,
            items,
        })
    }

    /// The bytes to seal.
    pub fn write(&self) -> Result<Vec<u8>, Malformed> {
        let bytes = serde_json::to_vec(self).map_err(|error| Malformed::Json(error.to_string()))?;
        json::measure(&bytes, MAX_BYTES)?;
        Ok(bytes)
    }

    /// Whether a receiver that has applied `last` from this sender applies this group.
    pub fn is_stale(&self, last: Option<GroupId>) -> bool {
        last.is_some_and(|last| self.id <= last)
    }
}

/// A group whose activities still borrow, so that a million empty ones cost little before they are counted.
#[derive(Deserialize)]
struct Pieces<'a> {
    id: GroupId,
    #[serde(default)]
    whole: Option<Whole>,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// An activity that was not applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedItem {
    /// Which of the group, from 0.
    pub index: usize,
    /// Why, for the sender's admin.
    #[serde(deserialize_with = "json::sentence")]
    pub reason: String,
}

/// What became of a group as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Its activities were applied, but for those that were refused. The sender gives all its rows up.
    Applied,
    /// A newer one was applied before. Nothing was changed; the sender sends the rows again under a number after `last`.
    Stale,
    /// The receiver does not have the beginning of this list (any more). The sender begins it anew, with another token.
    Restart,
}

/// The receiver's answer to a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What became of it.
    pub outcome: Outcome,
    /// The newest group that has been applied.
    pub last: GroupId,
    /// Activities that were applied.
    pub accepted: usize,
    /// Activities that were not.
    #[serde(default)]
    pub refused: Vec<RefusedItem>,
}

impl Receipt {
    /// For a group that was applied, with the activities that were not.
    pub fn applied(group: &Group, refused: Vec<RefusedItem>) -> Self {
        let refused: Vec<RefusedItem> = refused
            .into_iter()
            .map(|item| RefusedItem {
                reason: cut(&item.reason, MAX_REASON),
                ..item
            })
            .collect();
        Self {
            outcome: Outcome::Applied,
            last: group.id,
            accepted: group.items.len().saturating_sub(refused.len()),
            refused,
        }
    }

    /// For a group that changed nothing.
    pub fn unapplied(outcome: Outcome, last: Option<GroupId>) -> Self {
        Self {
            outcome,
            last: last.unwrap_or_default(),
            accepted: 0,
            refused: Vec::new(),
        }
    }

    /// Reads the answer to a group of so many activities. It must account for each of them.
    pub fn read(bytes: &[u8], sent: &Group) -> Result<Self, Malformed> {
        let receipt: Self = json::read(bytes, MAX_RECEIPT)?;
        let wrong = |why: &str| Err(Malformed::Contradiction(why.to_owned()));
        if receipt.last > GroupId::MAX {
            return wrong("its number is beyond 2 to the 53");
        }
        if receipt.outcome != Outcome::Applied {
            return Ok(receipt);
        }
        let rising = receipt.refused.is_sorted_by(|a, b| a.index < b.index);
        let count = sent.items.len();
        let known = receipt.refused.iter().all(|item| item.index < count);
        if !rising || !known || receipt.accepted.checked_add(receipt.refused.len()) != Some(count) {
            return wrong("it does not account for each activity that was sent");
        }
        Ok(receipt)
    }
}

#[cfg(test)]
mod tests;
