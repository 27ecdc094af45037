//! Whom a new pod presents itself to. It asks the entry pods that its admin named for their friends, and takes the entry pods and
//! every pod that is on more than half of the lists that came. So one entry pod that lies among three can neither bring in a pod that
//! the others do not know nor keep one out that they do know.
//!
//! A *majority* of hostile entry pods decides what is on more than half of the lists. It can put in pods of its own, up to
//! [`MAX_CANDIDATES`], and leave out honest pods that are no entry pods. That is all: the honest entry pods are presented to whatever the
//! others say, every pod on the plan still has to prove its address, nothing is believed about a pod except by itself, and each scores
//! for itself. Whoever sees that pods are missing names one more honest entry pod; making friends twice does no harm.

use std::collections::{BTreeMap, BTreeSet};

use names::Host;

/// Entries of a list that are read. A longer list is cut.
pub const MAX_LIST: usize = 10_000;
/// Entry pods that are asked at once.
pub const MAX_ENTRIES: usize = 50;
/// Pods that one round of joining presents itself to. The next round finds the others.
pub const MAX_CANDIDATES: usize = 1_000;

/// The friend list of one entry pod, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FriendList {
    /// The entry pod that gave it.
    pub owner: Host,
    /// What it says are the hosts of its friends.
    pub hosts: Vec<String>,
}

/// Why a pod is on the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The admin named it.
    Entry,
    /// It was on more than half of the lists.
    Listed {
        /// Lists that it was on.
        on: usize,
        /// Lists that came.
        of: usize,
    },
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Entry => f.write_str("entry pod"),
            Self::Listed { on, of: 1 } => write!(f, "on {on} of 1 list"),
            Self::Listed { on, of } => write!(f, "on {on} of {of} lists"),
        }
    }
}

/// A pod to present ourselves to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where it is.
    pub host: Host,
    /// Why it was taken.
    pub reason: Reason,
}

/// What is wrong with a friend list. A pod that has ourselves, or itself, on its list has done nothing wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// More entries than are read.
    TooLong,
    /// Entries that are no hosts.
    NoHost,
    /// Hosts that are on it more than once.
    Duplicate,
    /// Addresses of the machine we run on, where we are not such a pod ourselves.
    Loopback,
}

/// What was found on one list that has no place there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Junk {
    /// The entry pod that gave the list.
    pub entry: Host,
    /// What is wrong.
    pub fault: Fault,
    /// How many entries.
    pub count: usize,
}

impl std::fmt::Display for Junk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            entry,
            fault,
            count,
        } = self;
        let what = match fault {
            Fault::TooLong => "entries beyond the first 10000",
            Fault::NoHost => "entries that are no hosts",
            Fault::Duplicate => "entries twice",
            Fault::Loopback => "addresses of the reader's own machine",
        };
        write!(f, "the friend list of {entry} has {count} {what}")
    }
}

/// What joining does next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Whom to present ourselves to: the entry pods first, then those on the most lists.
    pub candidates: Vec<Candidate>,
    /// What was wrong with the lists, for the entry pods' scores.
    pub junk: Vec<Junk>,
}

/// Applies the rule. `lists` are those of the entry pods that answered; others, and a second list of the same pod, do not count.
pub fn plan(ourselves: &Host, entries: &[Host], lists: &[FriendList]) -> Plan {
    let mut plan = Plan::default();
    let mut entered = BTreeSet::new();
    for entry in entries.iter().filter(|entry| *entry != ourselves) {
        if entered.len() < MAX_ENTRIES && entered.insert(entry) {
            plan.candidates.push(Candidate {
                host: entry.clone(),
                reason: Reason::Entry,
            });
        }
    }
    let mut asked = BTreeSet::new();
    let mut votes: BTreeMap<Host, usize> = BTreeMap::new();
    for list in lists {
        if entered.contains(&list.owner) && asked.insert(&list.owner) {
            let (hosts, junk) = read(ourselves, list);
            plan.junk.extend(junk);
            for host in hosts {
                *votes.entry(host).or_default() += 1;
            }
        }
    }
    let of = asked.len();
    let mut listed: Vec<(Host, usize)> = votes
        .into_iter()
        .filter(|(host, on)| on * 2 > of && host != ourselves && !entered.contains(host))
        .collect();
    listed.sort_by_key(|(_, on)| std::cmp::Reverse(*on));
    let room = MAX_CANDIDATES.saturating_sub(plan.candidates.len());
    plan.candidates
        .extend(listed.into_iter().take(room).map(|(host, on)| Candidate {
            host,
            reason: Reason::Listed { on, of },
        }));
    plan
}

/// The hosts on a list, each once, without its owner; and what else was on it.
fn read(ourselves: &Host, list: &FriendList) -> (BTreeSet<Host>, Vec<Junk>) {
    let mut faults: BTreeMap<Fault, usize> = BTreeMap::new();
    let mut fault = |fault, count| *faults.entry(fault).or_default() += count;
    if let Some(beyond) = list.hosts.len().checked_sub(MAX_LIST + 1) {
        fault(Fault::TooLong, beyond + 1);
    }
    let mut hosts = BTreeSet::new();
    for text in list.hosts.iter().take(MAX_LIST) {
        match Host::parse(text) {
            Err(_) => fault(Fault::NoHost, 1),
            Ok(host) if host.is_loopback() && !ourselves.is_loopback() => fault(Fault::Loopback, 1),
            Ok(host) => {
                if !hosts.insert(host) {
                    fault(Fault::Duplicate, 1);
                }
            }
        }
    }
    hosts.remove(&list.owner);
    let junk = faults.into_iter().map(|(fault, count)| Junk {
        entry: list.owner.clone(),
        fault,
        count,
    });
    (hosts, junk.collect())
}

#[cfg(test)]
mod tests;
