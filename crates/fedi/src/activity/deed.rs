//! The kinds of activities and what each of them carries.

use names::{ActorUri, ObjectUri};

use crate::subject::Subject;

/// The names of the types that are read.
pub(super) const KINDS: [&str; 12] = [
    "Create", "Update", "Delete", "Follow", "Accept", "Reject", "Announce", "Undo", "Like",
    "Dislike", "View", "Flag",
];

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Something new: a video, a comment, a playlist, a copy. Read it through [`super::Activity::object`].
    Create(Subject),
    /// Something changed. Read it through [`super::Activity::object`].
    Update(Subject),
    /// Something is gone, perhaps the actor itself.
    Delete(ObjectUri),
    /// The actor wants to hear from another.
    Follow(ActorUri),
    /// A follow was accepted.
    Accept(Followed),
    /// A follow was refused, or a follower was removed.
    Reject(Followed),
    /// Something was shared; also how a channel publishes a video. Read it through [`super::Activity::object`].
    Announce(Subject),
    /// Something was taken back.
    Undo(Undone),
    /// Somebody likes something.
    Like(ObjectUri),
    /// Somebody dislikes something.
    Dislike(ObjectUri),
    /// Somebody watched or watches something.
    View(View),
    /// Somebody reports something.
    Flag(Flag),
}

impl Deed {
    /// The name of its type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Create(_) => "Create",
            Self::Update(_) => "Update",
            Self::Delete(_) => "Delete",
            Self::Follow(_) => "Follow",
            Self::Accept(_) => "Accept",
            Self::Reject(_) => "Reject",
            Self::Announce(_) => "Announce",
            Self::Undo(_) => "Undo",
            Self::Like(_) => "Like",
            Self::Dislike(_) => "Dislike",
            Self::View(_) => "View",
            Self::Flag(_) => "Flag",
        }
    }

    /// Whether it is one of those that old servers of PeerTube put into a Create.
    pub(super) fn is_wrapped(&self) -> bool {
        matches!(self, Self::Dislike(_) | Self::View(_) | Self::Flag(_))
    }
}

/// The follow that is answered, as far as the answer repeats it. Whether we asked for it is in our own rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Followed {
    /// The id of the follow.
    pub id: Option<ObjectUri>,
    /// Who asked.
    pub follower: Option<ActorUri>,
    /// Whom it was about.
    pub followed: Option<ActorUri>,
}

/// What is taken back: always something of the actor's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Undone {
    /// The id of the activity that is taken back.
    pub id: Option<ObjectUri>,
    /// What it was, where it is repeated.
    pub deed: Option<Box<Deed>>,
}

/// A view of a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The video.
    pub video: ObjectUri,
    /// How many people watch it now, where the message is about that.
    pub viewers: Option<u64>,
    /// Until when somebody counts as watching it, in milliseconds since 1970.
    pub expires: Option<i64>,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// What is reported: videos, comments, actors. At least one.
    pub objects: Vec<ObjectUri>,
    /// Why, in words.
    pub content: String,
    /// Why, by PeerTube's names.
    pub reasons: Vec<String>,
    /// Where in the video it begins, in seconds.
    pub start: Option<u64>,
    /// Where in the video it ends, in seconds.
    pub end: Option<u64>,
}
