//! Receiving the whole list of a friend, page by page: which page is the next one, and when what was not mentioned is to be removed.
//! The state is one token on the friend's row; which videos were mentioned is noted with the videos.

use serde::{Deserialize, Serialize};

use super::Whole;

/// Tells one whole list from another: 1 to 64 characters of letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Token(String);

impl Token {
    /// The text, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let good = (1..=64).contains(&text.len()) && text.chars().all(plain);
        good.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Token {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a token is 1 to 64 letters, digits, hyphens and underscores")
    }
}

impl From<Token> for String {
    fn from(token: Token) -> Self {
        token.0
    }
}

/// The whole list that is being received from one friend, if one is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// Its token. Whatever is applied while it is set is marked as mentioned under it.
    pub open: Option<Token>,
}

/// What a group means for the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Apply it; mark what it mentions if a list is open.
    Apply,
    /// Apply it, then remove what of this friend was not mentioned under the token.
    ApplyAndSweep,
    /// It is a page of a list whose beginning is not here. Apply nothing, ask for the list anew.
    Restart,
}

impl List {
    /// Takes note of a group. For [`Step::ApplyAndSweep`] the token to sweep by is the one in the group.
    pub fn step(&mut self, whole: Option<&Whole>) -> Step {
        let Some(whole) = whole else {
            return Step::Apply;
        };
        if whole.first {
            self.open = Some(whole.token.clone());
        } else if self.open.as_ref() != Some(&whole.token) {
            return Step::Restart;
        }
        if !whole.last {
            return Step::Apply;
        }
        self.open = None;
        Step::ApplyAndSweep
    }
}
