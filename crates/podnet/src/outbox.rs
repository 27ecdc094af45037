//! What an outbox does with its rows. There is one row for each (host, subject): the verb says what has to be told of the subject, and the
//! words are made when the row is sent, of what the subject is then. So a row is a debt and not a message: two changes are one, and
//! opposites cancel ([`merge`]). Rows are sent in order, in groups that fit ([`fit`]); what becomes of a row that was not taken is
//! said by [`verdict`], and how long a host is left alone by [`pause`].

mod retry;

pub use retry::{DEAD_AFTER, Failure, MAX_PAUSE, Verdict, is_dead, pause, verdict};

use crate::group::{MAX_BYTES, MAX_ITEMS};

/// Groups that are under way at a time, to all friends together. There is at most one to each.
pub const PARALLEL: usize = 10;

/// What is to be told of a subject. Names are those of ActivityStreams in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// It is there now.
    Create,
    /// It has changed.
    Update,
    /// It is gone.
    Delete,
    /// Somebody shares it.
    Announce,
    /// Somebody likes it.
    Like,
    /// Somebody dislikes it.
    Dislike,
    /// Somebody has taken back an announcement, a like, a dislike or a follow.
    Undo,
    /// Somebody wants to follow.
    Follow,
    /// Somebody may follow.
    Accept,
    /// Somebody may not follow, or no longer.
    Reject,
}

impl Verb {
    /// All there are.
    pub const ALL: [Self; 10] = [
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Announce,
        Self::Like,
        Self::Dislike,
        Self::Undo,
        Self::Follow,
        Self::Accept,
        Self::Reject,
    ];

    /// The name of its row.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Announce => "announce",
            Self::Like => "like",
            Self::Dislike => "dislike",
            Self::Undo => "undo",
            Self::Follow => "follow",
            Self::Accept => "accept",
            Self::Reject => "reject",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name)
    }
}

/// Whether the receiver may have heard of the row that is waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It has not been put into any request.
    Never,
    /// A request with it was begun and its receipt has not come, so the words may be out already; or the receiver is being sent the
    /// whole list, in which the subject may have been.
    Maybe,
}

/// What becomes of a waiting row when its subject changes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// It stays where it is in the order; there is nothing to add.
    Keep,
    /// It goes, and a row with this verb is appended: the change came after everything that waits by now. The new row is as much
    /// [`Told`] as the old one was, and another row: a receipt for the old one does not end it.
    Replace(Verb),
    /// Both go: the receiver never has to know.
    DropBoth,
}

/// Joins a waiting row with what is new about the same subject.
pub fn merge(waiting: Verb, told: Told, new: Verb) -> Merge {
    use Verb::{Announce, Create, Delete, Dislike, Follow, Like, Undo, Update};
    match (waiting, new, told) {
        // The row is written when it is sent, and then says what is new by itself.
        (waiting, new, Told::Never) if waiting == new => Merge::Keep,
        (Create, Update, Told::Never) => Merge::Keep,
        (Create, Delete, Told::Never) => Merge::DropBoth,
        (Announce | Like | Dislike | Follow, Undo, Told::Never) => Merge::DropBoth,
        // The receiver still has it.
        (Delete, Create | Update, Told::Never) => Merge::Replace(Update),
        // The receiver may not have it (yet, or any more), so a mere change would not be enough.
        (Create | Delete, Update, Told::Maybe) => Merge::Replace(Create),
        (_, new, _) => Merge::Replace(new),
    }
}

/// Bytes of a group beside its activities, generously: number, token, brackets.
const AROUND: usize = 512;

/// Why not even the first row can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the activity has {0} bytes and does not fit into a group")]
pub struct TooLarge(pub usize);

/// How many of the rows, in order, fit into one group, by the sizes of their activities. A first row that would not fit into any
/// group has to be ended, or it would stand in the way for ever.
pub fn fit(sizes: impl IntoIterator<Item = usize>) -> Result<usize, TooLarge> {
    let mut bytes = AROUND;
    let mut rows = 0;
    for size in sizes.into_iter().take(MAX_ITEMS) {
        // A comma each.
        bytes = bytes.saturating_add(size).saturating_add(1);
        if bytes > MAX_BYTES {
            return if rows == 0 {
                Err(TooLarge(size))
            } else {
                Ok(rows)
            };
        }
        rows += 1;
    }
    Ok(rows)
}

#[cfg(test)]
mod tests;
