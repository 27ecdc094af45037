//! The closed sets. Their numbers are PeerTube's, in the database and in the API alike.

use crate::Invalid;

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal $label:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant = $number),* }

        impl $name {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The number in the database and the API.
            pub fn id(self) -> i64 {
                self as i64
            }

            /// The English label the API shows.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),* }
            }

            /// Reads the number.
            pub fn from_id(id: i64) -> Result<Self, Invalid> {
                match id {
                    $($number => Ok(Self::$variant),)*
                    _ => Err(Invalid::new(format!(
                        concat!("{} is none of", $(" ", $number, " (", $label, ")"),*), id
                    ))),
                }
            }
        }
    };
}

numbered! {
    /// Who may see a video.
    Privacy {
        /// Listed and found.
        Public = 1 "Public",
        /// Seen by whoever has the link.
        Unlisted = 2 "Unlisted",
        /// Seen by its owner (and moderators).
        Private = 3 "Private",
    }
}

numbered! {
    /// Where a video is on its way to the public.
    VideoState {
        /// Every rendition is there, or enough to watch.
        Published = 1 "Published",
        /// Being worked on; not yet shown to others.
        ToTranscode = 2 "To transcode",
        /// It cannot be published; the reason is beside it.
        TranscodingFailed = 7 "Transcoding failed",
    }
}

numbered! {
    /// What a user may do; the table of rights is in docs/rights.md.
    Role {
        /// Everything.
        Admin = 0 "Administrator",
        /// Other people's videos, and blocking ordinary users.
        Moderator = 1 "Moderator",
        /// What is one's own.
        User = 2 "User",
    }
}

impl Privacy {
    /// Whether anybody who knows the address may watch.
    pub fn open_by_link(self) -> bool {
        self != Self::Private
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(Privacy::from_id(2), Ok(Privacy::Unlisted));
        assert_eq!(
            Privacy::from_id(9).unwrap_err().to_string(),
            "9 is none of 1 (Public) 2 (Unlisted) 3 (Private)"
        );
        assert!(Role::ALL.iter().all(|r| Role::from_id(r.id()) == Ok(*r)));
    }
}
