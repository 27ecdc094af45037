//! What pods say to each other about being friends: *presenting* oneself and the answer, *quitting*, and the page of friends that a new
//! pod asks for. They are small JSON messages over signed HTTP; who signed, and whether the address is really theirs, is checked
//! before and around them. Everything read here is bounded; unknown members are passed over, because newer pods have more to say.

use names::{ActorUri, Host};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::json::{self, Malformed, cut};
use crate::{Agreement, Incompatible, Side, Speaks, negotiate};

/// Bytes of a presentation, an answer or a farewell that are read.
pub const MAX_MESSAGE: usize = 16 << 10;
/// Bytes of a page of friends that are read: room for the longest list of long names.
pub const MAX_FRIENDS: usize = 4 << 20;

/// The program of a pod, for the admin's page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Software {
    /// Its name.
    #[serde(deserialize_with = "json::sentence")]
    pub name: String,
    /// Its version.
    #[serde(deserialize_with = "json::sentence")]
    pub version: String,
}

/// A pod presents itself: it wants to be friends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Presentation {
    /// The host it claims to be. Believed only after its actor was fetched from there.
    #[serde(with = "json::host")]
    pub host: Host,
    /// The address under which its pages and actors are.
    pub public_url: String,
    /// Protocols and capabilities.
    #[serde(flatten)]
    pub speaks: Speaks,
    /// What it runs.
    #[serde(default)]
    pub software: Software,
}

impl Presentation {
    /// Reads what another pod posted. The public address must be one of the host that it claims.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut presentation: Self = json::read(bytes, MAX_MESSAGE)?;
        let url = presentation.public_url.trim_end_matches('/').to_owned();
        presentation.public_url = url;
        let actor = presentation.actor()?;
        if actor.host() != presentation.host {
            return Err(Malformed::Contradiction(format!(
                "it claims to be {} and names the public address of {}",
                presentation.host,
                actor.host()
            )));
        }
        if actor.as_str().starts_with("http:") && !presentation.host.is_loopback() {
            return Err(Malformed::Contradiction(
                "its public address is not https".to_owned(),
            ));
        }
        Ok(presentation)
    }

    /// Where its actor must be found, with the key that signed: the proof that the address is its own.
    pub fn actor(&self) -> Result<ActorUri, Malformed> {
        if self.public_url.contains(['?', '#']) {
            let why = "its public address has a query";
            return Err(Malformed::Contradiction(why.to_owned()));
        }
        ActorUri::parse(&format!("{}/accounts/peertube", self.public_url))
            .map_err(|why| Malformed::Contradiction(why.to_string()))
    }
}

/// Why a pod was refused, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The pod that was refused must be upgraded.
    UpgradeYours,
    /// The pod that refuses must be upgraded.
    UpgradeOurs,
    /// The pod is on the block list.
    Blocked,
    /// It was expelled, and an admin has to let it in again.
    Expelled,
    /// Its actor could not be fetched from the address it claims, or has another key.
    AddressNotProven,
    /// It presented itself to itself.
    Ourselves,
    /// The message is none.
    Malformed,
    /// The signature is wrong or missing.
    BadSignature,
    /// The clocks of the two pods are too far apart.
    Clock,
    /// Too many messages; come back later.
    TooFast,
    /// The pods are not friends, so there is nothing to be said. Whoever thinks otherwise presents itself again.
    NotFriends,
    /// The admin has ended the friendship.
    Quit,
    /// This pod makes no friends, or not now.
    Closed,
    /// What a newer pod has invented.
    #[serde(other)]
    Other,
}

impl Code {
    /// Its word in JSON, where it stands in a refusal that is none of a presentation.
    pub fn read(word: &str) -> Self {
        serde_json::from_value(word.into()).unwrap_or(Self::Other)
    }
}

/// A pod is refused, and told why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// For programs.
    pub code: Code,
    /// For people.
    #[serde(default, deserialize_with = "json::sentence")]
    pub message: String,
    /// What the refusing pod speaks, so that the other one sees what to do.
    #[serde(flatten)]
    pub speaks: Speaks,
}

impl Refused {
    /// A refusal over versions, in the words of the pod that refuses. It costs nobody any score.
    pub fn incompatible(why: Incompatible, speaks: Speaks, us: &Host, them: &Host) -> Self {
        let code = match why {
            Incompatible::Upgrade { who: Side::Us, .. } => Code::UpgradeOurs,
            Incompatible::Upgrade { .. } => Code::UpgradeYours,
            Incompatible::Nonsense => Code::Malformed,
        };
        let message = why.sentence(us, them);
        Self {
            code,
            message,
            speaks,
        }
    }

    /// Any other refusal.
    pub fn new(code: Code, message: &str, speaks: Speaks) -> Self {
        let message = cut(message, 500);
        Self {
            code,
            message,
            speaks,
        }
    }
}

/// A pod is a friend now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Welcome {
    /// The host of the pod that welcomes.
    #[serde(with = "json::host")]
    pub host: Host,
    /// Its protocols and capabilities.
    #[serde(flatten)]
    pub speaks: Speaks,
    /// What it runs.
    #[serde(default)]
    pub software: Software,
}

/// What a pod says to a presentation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Answer {
    /// Yes.
    Friend(Welcome),
    /// No.
    Refused(Refused),
}

impl Answer {
    /// Reads what the pod at `from` answered.
    pub fn read(bytes: &[u8], from: &Host) -> Result<Self, Malformed> {
        let answer = json::read(bytes, MAX_MESSAGE)?;
        match &answer {
            Self::Friend(welcome) if welcome.host != *from => Err(Malformed::Contradiction(
                format!("{from} answered as {}", welcome.host),
            )),
            _ => Ok(answer),
        }
    }
}

impl Welcome {
    /// What both pods do from now on. The pod that presented itself checks it too, so an answer cannot talk it into a version.
    pub fn agreement(&self, ours: &Speaks) -> Result<Agreement, Incompatible> {
        negotiate(ours, &self.speaks)
    }
}

/// Why a friendship ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Parting {
    /// The admin wants it so. Both may make friends again.
    Quit,
    /// The score is at 0.
    Expelled,
}

/// The last message between two friends. Whoever gets it removes the other's videos from its index and sends nothing more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Farewell {
    /// Who says it. Must be who signed it.
    #[serde(with = "json::host")]
    pub host: Host,
    /// Why.
    pub reason: Parting,
    /// Why, for the admin.
    #[serde(default, deserialize_with = "json::sentence")]
    pub message: String,
}

impl Farewell {
    /// Reads a farewell that the pod at `signer` has signed: nobody ends the friendships of others.
    pub fn read(bytes: &[u8], signer: &Host) -> Result<Self, Malformed> {
        let farewell: Self = json::read(bytes, MAX_MESSAGE)?;
        if farewell.host == *signer {
            return Ok(farewell);
        }
        Err(Malformed::Contradiction(format!(
            "{signer} signed the farewell of {}",
            farewell.host
        )))
    }
}

/// A page of friends, as `GET /api/v1/pods` answers it: only what joining needs. The entries stay the text they are until each is
/// looked at, so junk among them costs no memory.
#[derive(Debug, Deserialize)]
struct Friends<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Friend {
    host: String,
}

/// Reads the friend list of an entry pod. Entries are texts here, because [`join::plan`](crate::join::plan) counts the junk among them.
pub fn read_friends(bytes: &[u8]) -> Result<Vec<String>, Malformed> {
    let friends: Friends<'_> = json::read(bytes, MAX_FRIENDS)?;
    let host = |entry: &&RawValue| {
        let friend: Option<Friend> = serde_json::from_str(entry.get()).ok();
        friend.map_or_else(String::new, |friend| cut(&friend.host, 300))
    };
    Ok(friends.data.iter().map(host).collect())
}

#[cfg(test)]
mod tests;
