//! The closed sets of the network, by the words they have in the database and in the API.

use crate::Invalid;

macro_rules! worded {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// Reads the word.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(Invalid::new(concat!("it is none of", $(" ", $word),*))),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

worded! {
    /// What another pod is to ours.
    Friendship {
        /// Known, and no more.
        None = "none",
        /// We presented ourselves and have no answer yet.
        Asked = "asked",
        /// In mutual relation.
        Friend = "friend",
        /// Its score came to 0; only an admin takes it back.
        Expelled = "expelled",
        /// One of the two ended it.
        Quit = "quit",
    }
}

worded! {
    /// How far a follow has come.
    FollowState {
        /// It waits for the followed side.
        Pending = "pending",
        Accepted = "accepted",
        Rejected = "rejected",
    }
}

worded! {
    /// What an actor is.
    ActorKind {
        Account = "account",
        Channel = "channel",
        /// A whole pod or instance.
        Application = "application",
    }
}

worded! {
    /// What somebody thinks of a video.
    Opinion {
        Like = "like",
        Dislike = "dislike",
        /// Nothing (any more).
        None = "none",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for state in Friendship::ALL {
            assert_eq!(Friendship::parse(state.as_str()), Ok(*state));
        }
        for state in FollowState::ALL {
            assert_eq!(FollowState::parse(state.as_str()), Ok(*state));
        }
        for kind in ActorKind::ALL {
            assert_eq!(ActorKind::parse(kind.as_str()), Ok(*kind));
        }
        assert_eq!(
            FollowState::parse("'; DROP").unwrap_err().to_string(),
            "it is none of pending accepted rejected"
        );
    }
}
