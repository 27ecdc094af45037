//! What a person is called: user names, the names of accounts and channels, addresses.

use crate::{Invalid, text_type};

/// The name of the pod's own actor: other servers find a pod by it.
const OF_THE_POD: &str = "peertube";

fn not_of_the_pod(name: &str) -> Result<(), Invalid> {
    if name.eq_ignore_ascii_case(OF_THE_POD) {
        return Err(Invalid::new(
            "the name peertube is the pod's own: other servers find it by that",
        ));
    }
    Ok(())
}

/// A user's name: 1-50 characters of `a-z 0-9 . _`. It is the account's name as well.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Username(String);
text_type!(Username);

impl Username {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'_';
        if text.is_empty() || text.len() > 50 || !text.bytes().all(ok) {
            return Err(Invalid::new(
                "a user name has 1 to 50 characters: lower case letters, digits, dots and underscores",
            ));
        }
        not_of_the_pod(text)?;
        Ok(Self(text.to_owned()))
    }
}

/// The name of an account or a channel in URLs and handles: 1-50 characters of `a-z A-Z 0-9 . _ -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ActorName(String);
text_type!(ActorName);

impl ActorName {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let ok = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if text.is_empty() || text.len() > 50 || !text.bytes().all(ok) {
            return Err(Invalid::new(
                "a name has 1 to 50 characters: letters, digits, dots, underscores and hyphens",
            ));
        }
        not_of_the_pod(text)?;
        Ok(Self(text.to_owned()))
    }
}

/// An e-mail address: something, an at sign, a domain. Only a mail can prove more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);
text_type!(Email);

impl Email {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let bad = || Invalid::new("an e-mail address looks like name@example.org");
        let (local, domain) = text.rsplit_once('@').ok_or_else(bad)?;
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>(),;\"".contains(c);
        if local.is_empty()
            || domain.is_empty()
            || text.len() > 254
            || !text.chars().all(plain)
            || domain.starts_with('.')
            || domain.ends_with('.')
        {
            return Err(bad());
        }
        Ok(Self(text.to_lowercase()))
    }
}

/// A password that is being set: 6-255 characters. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.chars().count() < 6 || text.len() > 255 {
            return Err(Invalid::new("a password has 6 to 255 characters"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text, to be hashed at once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["root", "a", "jean.dupont_2"] {
            assert!(Username::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "Root", "a b", "é", "../x", "a/b", &"a".repeat(51)] {
            assert!(Username::parse(bad).is_err(), "{bad}");
        }
        assert!(ActorName::parse("root_channel-2").is_ok());
        assert!(ActorName::parse("root@pod").is_err());
        assert!(Username::parse("peertube").is_err());
        assert!(ActorName::parse("PeerTube").is_err());
    }

    #[test]
    fn emails() {
        for good in ["a@b", "Some.One+tag@example.org"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a b@c", "a@b\n", "a@.b", "<a@b>"] {
            // Surrounding white space is forgiven, white space inside is not.
            assert_eq!(Email::parse(bad).is_ok(), bad.trim() == "a@b", "{bad}");
        }
    }
}
