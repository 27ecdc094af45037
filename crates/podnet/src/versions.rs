//! Which version two pods speak with each other, and what both can do. A pod speaks its own protocol and the one before, so pods can be
//! upgraded one after another and there is no day on which all must be. An incompatible pod is told who has to upgrade to what; it has
//! done nothing wrong, so nothing here ever touches a score.

use std::collections::BTreeSet;

use names::Host;
use serde::{Deserialize, Deserializer, Serialize};

/// A version of the pod network's messages. It is not the version of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Protocol(pub u32);

/// What this program speaks.
pub const PROTOCOL: Protocol = Protocol(1);

impl Protocol {
    /// The oldest protocol that a pod of this one still speaks: the one before.
    pub fn oldest(self) -> Self {
        Self(self.0.saturating_sub(1).max(1))
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Something a pod can do that others need not be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// It takes groups of activities in sealed envelopes.
    Envelope,
}

impl Capability {
    /// All there are.
    pub const ALL: [Self; 1] = [Self::Envelope];

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
        }
    }

    /// The one of this name, if we know it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

impl Serialize for Capability {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

/// Reads a list of capabilities. What a newer pod can do and we have not heard of is passed over.
fn known<'a, D: Deserializer<'a>>(from: D) -> Result<BTreeSet<Capability>, D::Error> {
    let names = Vec::<std::borrow::Cow<'_, str>>::deserialize(from)?;
    Ok(names
        .iter()
        .filter_map(|name| Capability::named(name))
        .collect())
}

/// The protocols and capabilities that a pod announces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Speaks {
    /// The newest protocol it speaks.
    pub protocol: Protocol,
    /// The oldest protocol it still speaks.
    pub oldest_protocol: Protocol,
    /// What it can do beyond that.
    #[serde(default, deserialize_with = "known")]
    pub capabilities: BTreeSet<Capability>,
}

impl Speaks {
    /// What this program says of itself, with the capabilities its admin has left on.
    pub fn ours(capabilities: impl IntoIterator<Item = Capability>) -> Self {
        Self {
            protocol: PROTOCOL,
            oldest_protocol: PROTOCOL.oldest(),
            capabilities: capabilities.into_iter().collect(),
        }
    }
}

/// What two pods have in common. Both sides come to the same by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// The newest protocol that both speak.
    pub protocol: Protocol,
    /// What both can do.
    pub capabilities: BTreeSet<Capability>,
}

/// One of the two pods that talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// This pod.
    Us,
    /// The other one.
    Them,
}

/// Why two pods have no protocol in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incompatible {
    /// One side is too old for the other.
    Upgrade {
        /// Whose admin has to do something.
        who: Side,
        /// The oldest protocol that is good enough.
        to: Protocol,
        /// What that side speaks now.
        from: Protocol,
    },
    /// They announce an oldest protocol that is newer than their newest, or none.
    Nonsense,
}

impl Incompatible {
    /// What to do, in words that both admins understand.
    pub fn sentence(self, us: &Host, them: &Host) -> String {
        match self {
            Self::Upgrade { who, to, from } => {
                let (old, new) = match who {
                    Side::Us => (us, them),
                    Side::Them => (them, us),
                };
                format!(
                    "{old} speaks protocol {from} of the pod network and {new} none older than {to}: upgrade {old} to a version of Shoal that speaks protocol {to}"
                )
            }
            Self::Nonsense => format!("{them} does not say which protocols it speaks"),
        }
    }
}

/// Finds what two pods have in common.
pub fn negotiate(ours: &Speaks, theirs: &Speaks) -> Result<Agreement, Incompatible> {
    if theirs.protocol < theirs.oldest_protocol || theirs.oldest_protocol.0 == 0 {
        return Err(Incompatible::Nonsense);
    }
    let upgrade = |who, from: &Speaks, to: &Speaks| Incompatible::Upgrade {
        who,
        to: to.oldest_protocol,
        from: from.protocol,
    };
    if theirs.protocol < ours.oldest_protocol {
        return Err(upgrade(Side::Them, theirs, ours));
    }
    if ours.protocol < theirs.oldest_protocol {
        return Err(upgrade(Side::Us, ours, theirs));
    }
    Ok(Agreement {
        protocol: ours.protocol.min(theirs.protocol),
        capabilities: &ours.capabilities & &theirs.capabilities,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaks(oldest: u32, newest: u32) -> Speaks {
        Speaks {
            protocol: Protocol(newest),
            oldest_protocol: Protocol(oldest),
            capabilities: BTreeSet::new(),
        }
    }

    #[test]
    fn a_pod_speaks_with_its_predecessor() {
        let upgrade = |who, from, to| {
            Err(Incompatible::Upgrade {
                who,
                to: Protocol(to),
                from: Protocol(from),
            })
        };
        for (ours, theirs, expected) in [
            ((1, 1), (1, 1), Ok(1)),
            ((4, 5), (3, 4), Ok(4)),
            ((4, 5), (5, 6), Ok(5)),
            ((4, 5), (2, 9), Ok(5)),
            ((4, 5), (2, 3), upgrade(Side::Them, 3, 4)),
            ((4, 5), (6, 7), upgrade(Side::Us, 5, 6)),
            ((4, 5), (6, 4), Err(Incompatible::Nonsense)),
            ((4, 5), (0, 9), Err(Incompatible::Nonsense)),
        ] {
            let (ours, theirs) = (speaks(ours.0, ours.1), speaks(theirs.0, theirs.1));
            let agreed = negotiate(&ours, &theirs).map(|agreement| agreement.protocol.0);
            assert_eq!(agreed, expected);
        }
        assert_eq!(Protocol(1).oldest(), Protocol(1));
        assert_eq!(Protocol(7).oldest(), Protocol(6));
    }

    #[test]
    fn a_refusal_says_who_must_upgrade_to_what() {
        let (us, them) = ("a.example".parse().unwrap(), "b.example".parse().unwrap());
        let why = negotiate(&speaks(4, 5), &speaks(2, 3)).unwrap_err();
        assert_eq!(
            why.sentence(&us, &them),
            "b.example speaks protocol 3 of the pod network and a.example none older than 4: upgrade b.example to a version of Shoal that speaks protocol 4"
        );
    }

    #[test]
    fn unknown_capabilities_are_passed_over() {
        let text = r#"{"protocol":1,"oldestProtocol":1,"capabilities":["telepathy","envelope"]}"#;
        let theirs: Speaks = serde_json::from_str(text).unwrap();
        assert_eq!(theirs, Speaks::ours([Capability::Envelope]));
        let common = negotiate(&Speaks::ours([]), &theirs).unwrap();
        assert_eq!(common.capabilities, BTreeSet::new());
    }
}
