//! Making friends. Joining the network takes three steps: ask the entry pods whom they know, choose by the more-than-half rule, and present
//! ourselves to each (`presenting`). How friends part is beside (`parting`).

use super::{
    calls,
    presenting::{Told, present},
    scores,
};
use crate::{Error, Pod, Result, abreast::abreast, access, access::Right};
use db::{hosts, users::User};
use names::Host;
use podnet::{
    join,
    present::{MAX_FRIENDS, read_friends},
    score::{Event, Witness},
};

/// Pods that are asked at the same time.
const PARALLEL: usize = 10;

/// What became of one pod that we presented ourselves to.
#[derive(Debug, Clone)]
pub struct Made {
    pub host: Host,
    pub outcome: Outcome,
    pub message: String,
    /// Why it was asked: an entry pod, or on how many lists.
    pub because: String,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Friend,
    /// They were friends before; both lists are exchanged anew.
    Already,
    Refused,
    Unreachable,
    Incompatible,
    Ourselves,
}

/// Reads what an admin typed; the configured entry pods when that is nothing.
pub(super) fn entries(pod: &Pod, hosts: Option<&[String]>) -> Result<Vec<Host>> {
    let Some(texts) = hosts else {
        let known = pod.settings.network.entry_pods.clone();
        if known.is_empty() {
            let why = "Name at least one pod, or set network.entry_pods in the configuration.";
            return Err(Error::invalid("hosts", why));
        }
        return Ok(known);
    };
    if texts.is_empty() || texts.len() > join::MAX_ENTRIES {
        let why = format!("Name 1 to {} pods.", join::MAX_ENTRIES);
        return Err(Error::invalid("hosts", why));
    }
    let parse = |(at, text): (usize, &String)| {
        Host::parse(text).map_err(|why| Error::invalid(format!("hosts[{at}]"), why))
    };
    let mut hosts = texts
        .iter()
        .enumerate()
        .map(parse)
        .collect::<Result<Vec<_>>>()?;
    let mut seen = std::collections::BTreeSet::new();
    hosts.retain(|host| seen.insert(host.clone()));
    Ok(hosts)
}

/// Joins the network through these pods, or through the configured entry pods.
pub async fn make(pod: &Pod, user: &User, hosts: Option<&[String]>) -> Result<Vec<Made>> {
    access::require(user, Right::ManageNetwork)?;
    let entries = entries(pod, hosts)?;
    let ourselves = pod.own_host()?;
    let asked: Vec<Host> = entries
        .iter()
        .filter(|host| **host != ourselves)
        .cloned()
        .collect();
    let answers = abreast(PARALLEL, asked, |host| {
        let pod = pod.clone();
        async move { (ask_for_friends(&pod, &host).await, host) }
    })
    .await?;
    let lists: Vec<_> = answers
        .into_iter()
        .filter_map(|(list, owner)| {
            Some(join::FriendList {
                owner,
                hosts: list?,
            })
        })
        .collect();
    let plan = join::plan(&ourselves, &entries, &lists);
    for junk in &plan.junk {
        tracing::warn!("{junk}");
        if let Some(row) = hosts::by_host(&pod.db, &junk.entry).await? {
            scores::note(pod, row.id, Event::Junk, Witness::Ourselves).await?;
        }
    }
    let mut made: Vec<Made> = entries
        .iter()
        .filter(|host| **host == ourselves)
        .map(|host| Made {
            host: host.clone(),
            outcome: Outcome::Ourselves,
            message: "This is the pod itself.".into(),
            because: "entry pod".into(),
        })
        .collect();
    let presented = abreast(PARALLEL, plan.candidates, |candidate| {
        let pod = pod.clone();
        async move {
            let told = match present(&pod, &candidate.host).await {
                Ok(told) => told,
                Err(why) => Told::new(Outcome::Unreachable, internal(why)),
            };
            Made {
                host: candidate.host,
                outcome: told.outcome,
                message: told.message,
                because: candidate.reason.to_string(),
            }
        }
    });
    made.extend(presented.await?);
    pod.network.wake.notify_one();
    Ok(made)
}

fn internal(why: Error) -> String {
    match why {
        Error::Internal(why) => {
            tracing::error!("making friends: {why:#}");
            "Something went wrong in this pod; its log says more.".into()
        }
        other => other.to_string(),
    }
}

/// The friend list of an entry pod, if it gives one.
async fn ask_for_friends(pod: &Pod, host: &Host) -> Option<Vec<String>> {
    let url = format!("{}/api/v1/pods?start=0&count=10000", pod.base_of(host));
    let got = calls::get(pod, &url, "application/json", MAX_FRIENDS as u64).await;
    let (bytes, from) = got
        .inspect_err(|why| tracing::info!("{host} gives no list of its friends: {why}"))
        .ok()?;
    if from.host() != *host {
        return None;
    }
    read_friends(&bytes)
        .inspect_err(|why| tracing::info!("{host} gives no list of its friends: {why}"))
        .ok()
}
