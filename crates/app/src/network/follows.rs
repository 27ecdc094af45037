//! Whom this pod follows and who follows it, in plain ActivityPub: PeerTube instances, single channels, anybody. An admin asks, the
//! outbox carries the question, and the answer comes to the inbox.

use super::{POD_NAME, actors, calls, followers, inbox, ours, parting};
use crate::{Error, Pod, Result, abreast::abreast, access, access::Right};
use db::{
    Tx,
    follows::{self as rows, Direction, FollowOfBoth, FollowQuery},
    hosts,
    outbox::{Audience, Message, enqueue},
    remote_actors::{self, Actor},
    users::User,
};
use fedi::{
    ActorKind as Kind, Deed, Undone,
    webfinger::{Handle, JRD_TYPE, Jrd},
};
use names::{ActorId, ActorKind, ActorUri, FollowState, Friendship, Host, HostId};

pub use db::follows::FollowSort;

/// Actors that are asked at the same time, and in one request.
const PARALLEL: usize = 5;
const MOST: usize = 50;
/// Bytes of a webfinger answer.
const ANSWER: u64 = 64 << 10;

/// What a list of follows shows.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub direction: Direction,
    pub state: Option<FollowState>,
    /// What the other side is.
    pub kind: Option<ActorKind>,
    pub sort: FollowSort,
    pub search: Option<String>,
    pub start: i64,
    pub count: i64,
}

/// One page of this pod's follows. Only admins see those that are not accepted.
pub async fn list(
    pod: &Pod,
    user: Option<&User>,
    wanted: Wanted,
) -> Result<(i64, Vec<FollowOfBoth>)> {
    let admin = user.is_some_and(|user| access::has(user.role, Right::ManageNetwork));
    let query = FollowQuery {
        direction: wanted.direction,
        actor: ours::own_actor(pod).await?.id,
        state: if admin {
            wanted.state
        } else {
            Some(FollowState::Accepted)
        },
        kind: wanted.kind,
        search: wanted.search,
        sort: wanted.sort,
        start: wanted.start,
        count: wanted.count,
    };
    Ok(rows::list(&pod.db, &query).await?)
}

/// Follows whole instances by host, and channels or accounts by handle.
pub async fn follow(pod: &Pod, user: &User, hosts: &[String], handles: &[String]) -> Result<()> {
    access::require(user, Right::ManageNetwork)?;
    let (us, mut wanted) = (pod.own_host()?, Vec::new());
    for text in hosts {
        let host = Host::parse(text).map_err(|why| Error::invalid("hosts", why))?;
        wanted.extend(Handle::new(POD_NAME, host));
    }
    for text in handles {
        let wrong = || Error::invalid("handles", "write name@host");
        wanted.push(Handle::parse(text).ok_or_else(wrong)?);
    }
    if wanted.is_empty() || wanted.len() > MOST {
        let why = format!("name 1 to {MOST} hosts or handles");
        return Err(Error::invalid("hosts", why));
    }
    if wanted.iter().any(|handle| *handle.host() == us) {
        return Err(Error::invalid("hosts", "a pod does not follow itself"));
    }
    let asked = abreast(PARALLEL, wanted, |handle| {
        let pod = pod.clone();
        async move { (ask(&pod, &handle).await, handle) }
    });
    let mut failed = Vec::new();
    for (asked, handle) in asked.await? {
        match asked {
            Ok(()) => {}
            Err(Error::Internal(why)) => return Err(Error::Internal(why)),
            Err(why) => failed.push(format!("{handle}: {why}")),
        }
    }
    pod.network.told();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Error::invalid("hosts", failed.join(" ")))
}

/// Asks one actor whether this pod may follow it.
async fn ask(pod: &Pod, handle: &Handle) -> Result<()> {
    let host = handle.host();
    if db::blocks::host_is_blocked(&pod.db, host).await? {
        return Err(Error::Forbidden("It is on this pod's block list.".into()));
    }
    let actor = find(pod, handle)
        .await
        .map_err(|why| Error::invalid("hosts", why))?;
    let now = pod.now();
    let mut tx = pod.db.begin().await?;
    let row = hosts::get_or_insert(&mut tx, host, now).await?;
    let target = actors::put(&mut tx, &actor, now).await?;
    let target = target.ok_or_else(|| Error::invalid("hosts", "it cannot be followed"))?;
    let inboxes = [actor.shared_inbox.as_ref(), Some(&actor.inbox)];
    let facts = hosts::HostFacts {
        actor_id: (actor.kind == Kind::Application && handle.name() == POD_NAME).then_some(target),
        shared_inbox: inboxes
            .into_iter()
            .flatten()
            .find(|inbox| inbox.host() == *host)
            .cloned(),
        ..hosts::HostFacts::default()
    };
    hosts::set_facts(&mut tx, row.id, &facts).await?;
    ask_in(pod, &mut tx, row.id, target, &actor.id).await?;
    tx.commit().await?;
    Ok(())
}

/// Asks an actor that is known, in the transaction of the caller.
pub(super) async fn ask_in(
    pod: &Pod,
    tx: &mut Tx,
    host: HostId,
    target: ActorId,
    uri: &ActorUri,
) -> Result<()> {
    let own = ours::own_actor_in(pod, tx).await?;
    let id = ours::activity_uri(pod, "follow")?;
    let (now, state) = (pod.now(), FollowState::Pending);
    let follow = rows::put(&mut *tx, own.id, target, state, Some(&id), now).await?;
    if follow.state == FollowState::Accepted {
        return Ok(());
    }
    let deed = Deed::Follow(uri.clone());
    let body = fedi::Activity::new(id, ours::pod_uri(pod)?, deed).document();
    let message = Message {
        subject: &subject(uri),
        verb: "follow",
        body: Some(&body.to_string()),
        now,
        due: now,
    };
    enqueue(tx, Audience::Host(host), message).await?;
    Ok(())
}

fn subject(target: &ActorUri) -> String {
    format!("follow:{target}")
}

/// Finds the actor of a handle. Only its own host is asked, and only an actor of that host is taken.
pub(super) async fn find(pod: &Pod, handle: &Handle) -> std::result::Result<fedi::Actor, String> {
    let url = format!("{}{}", pod.base_of(handle.host()), handle.question());
    let accept = format!("{JRD_TYPE}, application/json");
    let (bytes, from) = calls::get(pod, &url, &accept, ANSWER)
        .await
        .map_err(|why| why.to_string())?;
    let jrd = Jrd::parse(&bytes).map_err(|why| why.to_string())?;
    let uri = jrd.actor().ok_or("its webfinger answer names no actor")?;
    if from.host() != *handle.host() || uri.host() != *handle.host() {
        return Err(format!("its webfinger answer leads to another host: {uri}"));
    }
    let actor = actors::fetch(pod, &uri)
        .await
        .map_err(|why| why.to_string())?;
    if actor.id != uri || actor.key.as_ref().is_none_or(|key| key.owner != uri) {
        return Err(format!("{uri} has no key of its own"));
    }
    Ok(actor)
}

/// The known actors of a handle, or of a host as a whole.
async fn named(pod: &Pod, text: &str) -> Result<Vec<Actor>> {
    let text = if text.contains('@') {
        text.to_owned()
    } else {
        format!("{POD_NAME}@{text}")
    };
    let handle = Handle::parse(&text).ok_or_else(|| Error::invalid("handle", "write name@host"))?;
    Ok(remote_actors::by_handle(&pod.db, handle.name(), handle.host()).await?)
}

/// Follows somebody no more. What nobody here follows any more leaves the index.
pub async fn unfollow(pod: &Pod, user: &User, host_or_handle: &str) -> Result<()> {
    access::require(user, Right::ManageNetwork)?;
    let own = ours::own_actor(pod).await?;
    for target in named(pod, host_or_handle).await? {
        let follow = rows::between(&pod.db, own.id, target.id).await?;
        let (Some(follow), Some(uri)) = (follow, target.uri) else {
            continue;
        };
        let host = uri.host();
        let us = ours::pod_uri(pod)?;
        let mut tx = pod.db.begin().await?;
        let row = hosts::get_or_insert(&mut tx, &host, pod.now()).await?;
        rows::remove(&mut tx, own.id, target.id).await?;
        let undone = Undone {
            id: follow.uri,
            deed: Some(Box::new(Deed::Follow(uri.clone()))),
        };
        let about = (subject(&uri), "undo");
        let deed = Deed::Undo(undone);
        followers::say(pod, &mut tx, row.id, (&about.0, about.1), us, deed).await?;
        tx.commit().await?;
        pod.network.told();
        return forget_unfollowed(pod, &host).await;
    }
    Err(Error::NotFound("The follow was"))
}

/// Removes the videos of a host that is neither a friend nor followed.
pub(crate) async fn forget_unfollowed(pod: &Pod, host: &Host) -> Result<()> {
    if inbox::is_followed(pod, host).await? {
        return Ok(());
    }
    match hosts::by_host(&pod.db, host).await? {
        Some(row) => parting::forget(pod, &row).await,
        None => Ok(()),
    }
}

/// What an admin says to a follower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Accept,
    Reject,
    /// It follows no more.
    Remove,
}

/// Answers a follower of this pod. Who is refused hears nothing more and may not ask again; who is removed may.
pub async fn answer(pod: &Pod, user: &User, handle: &str, answer: Answer) -> Result<()> {
    access::require(user, Right::ManageNetwork)?;
    let own = ours::own_actor(pod).await?.id;
    let us = ours::pod_uri(pod)?;
    for follower in named(pod, handle).await? {
        let (now, mut tx) = (pod.now(), pod.db.begin().await?);
        let host = Host::parse(&follower.host).map_err(|why| Error::Internal(why.into()))?;
        let row = hosts::get_or_insert(&mut tx, &host, now).await?;
        let row = hosts::lock(&mut tx, row.id).await?;
        let follow = rows::between(&mut tx, follower.id, own).await?;
        let (Some(follow), Some(uri)) = (follow, &follower.uri) else {
            continue;
        };
        if row.friendship == Friendship::Friend {
            let why = "It is a friend: end the friendship instead.";
            return Err(Error::Forbidden(why.into()));
        }
        let (verb, state) = match answer {
            Answer::Accept if follow.state == FollowState::Accepted => return Ok(()),
            Answer::Accept => ("accept", Some(FollowState::Accepted)),
            Answer::Reject => ("reject", Some(FollowState::Rejected)),
            Answer::Remove => ("reject", None),
        };
        match state {
            Some(state) => rows::set_state(&mut tx, follower.id, own, state, now).await?,
            None => rows::remove(&mut tx, follower.id, own).await?,
        };
        followers::answer(pod, &mut tx, row.id, (uri, &us), follow.uri, verb).await?;
        if answer == Answer::Accept {
            followers::follow_back(pod, &mut tx, &row, &follower).await?;
        }
        tx.commit().await?;
        pod.network.told();
        return Ok(());
    }
    Err(Error::NotFound("The follower was"))
}
