//! The domain's words as types: ids, uuids, names a person chose, and the small closed
//! sets (privacy, state, role). Each is made once, at the edge, by a parser that says what
//! is allowed; inside the pod it is trusted. Pure: no IO, no clock, no randomness.

mod catalog;
mod host;
mod ids;
mod network;
mod person;
mod sets;
mod size;
mod text;
mod video_uuid;

pub use catalog::{CATEGORIES, LANGUAGES, LICENCES, category_label, language_label, licence_label};
pub use host::{ActorUri, Host, InboxUri, KeyUri, ObjectUri};
pub use ids::{
    AccountId, ActorId, ChannelId, CommentId, FollowId, HostId, JobId, OutboxId, RenditionId,
    UserId, VideoId,
};
pub use network::{ActorKind, FollowState, Friendship, Opinion};
pub use person::{ActorName, Email, Password, Username};
pub use sets::{Privacy, Role, VideoState};
pub use size::{Quota, human_size, parse_size};
pub use text::{CommentText, Description, DisplayName, Support, Tag, VideoName, safe_filename};
pub use video_uuid::{VideoRef, VideoUuid};

/// Why a text is not one of the domain's names: a sentence for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

impl Invalid {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Implements what every text newtype shares: reading, printing, and serde through its parser.
macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text itself, owned.
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
    };
}
pub(crate) use text_type;
