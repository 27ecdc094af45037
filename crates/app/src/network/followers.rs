//! Follows as servers tell them: somebody wants to hear from an actor of this pod, or not any more, and somebody answers what this pod
//! asked. Plain activities and sealed ones come to the same functions, in the transaction of the caller, when it is certain who speaks.
//!
//! Whoever wants to hear from the whole pod may have to wait until an admin has looked. Until then nothing is sent there; and whoever was
//! refused stays so until an admin lets it in or forgets it, whatever it takes back and asks anew.

use super::{
    fetching, follows as asking,
    index::{self, Applied, Refused},
    ours, sending,
};
use crate::{Pod, Result};
use db::{
    Tx,
    follows::{self, Follow},
    hosts::{self, HostRow},
    outbox::{self, Audience, Message},
    remote_actors::{self, Actor},
};
use fedi::{Activity, Deed, Followed};
use names::{ActorKind, ActorUri, FollowState, Friendship, HostId, ObjectUri};

/// Who may follow the whole pod. Single channels and accounts may be followed by everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// Everybody, at once.
    Automatic,
    /// Whom an admin lets in.
    Manual,
    /// Nobody but friends.
    Never,
}

/// Whether instances that follow this pod are followed in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowBack {
    Automatic,
    Never,
}

/// What is said to somebody who wants to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Accept,
    Wait,
    /// An admin has said so.
    Reject,
    /// The configuration says so: nothing is remembered.
    Decline,
}

fn verdict(pod: &Pod, known: Option<&Follow>, target: &Actor) -> Verdict {
    match known.map(|follow| follow.state) {
        Some(FollowState::Rejected) => Verdict::Reject,
        Some(FollowState::Accepted) => Verdict::Accept,
        _ if target.kind != ActorKind::Application => Verdict::Accept,
        _ => match pod.settings.network.followers {
            Approval::Automatic => Verdict::Accept,
            Approval::Manual => Verdict::Wait,
            Approval::Never => Verdict::Decline,
        },
    }
}

/// Somebody wants to hear from an actor of this pod.
pub(super) async fn asked(
    pod: &Pod,
    tx: &mut Tx,
    host: &HostRow,
    activity: &Activity,
    target: &ActorUri,
) -> Result<Applied> {
    let Some(followed) = ours::actor_in(pod, tx, target).await? else {
        return Ok(Refused::plainly("this pod has no such actor"));
    };
    let follower = match remote_actors::by_uri(&mut *tx, &activity.actor).await? {
        Some(known) => known,
        None => {
            index::speaker(pod, tx, &activity.actor).await?;
            match remote_actors::by_uri(&mut *tx, &activity.actor).await? {
                Some(met) => met,
                None => return Ok(Refused::plainly("whoever follows is no actor")),
            }
        }
    };
    // Held, so that two who ask at a time and an admin who answers take turns.
    hosts::lock(tx, host.id).await?;
    let mut inboxes = [&follower.shared_inbox, &follower.inbox]
        .into_iter()
        .flatten();
    let facts = hosts::HostFacts {
        // Nobody has a third party called.
        shared_inbox: inboxes.find(|inbox| inbox.host() == host.host).cloned(),
        ..hosts::HostFacts::default()
    };
    hosts::set_facts(&mut *tx, host.id, &facts).await?;
    let known = follows::between(&mut *tx, follower.id, followed.id).await?;
    let verdict = verdict(pod, known.as_ref(), &followed);
    let (now, id) = (pod.now(), Some(&activity.id));
    let state = match verdict {
        Verdict::Accept => Some(FollowState::Accepted),
        Verdict::Wait => Some(FollowState::Pending),
        Verdict::Reject => Some(FollowState::Rejected),
        Verdict::Decline => None,
    };
    if let Some(state) = state {
        follows::put(&mut *tx, follower.id, followed.id, state, id, now).await?;
    }
    tracing::info!(follower = %activity.actor, %target, ?verdict, "somebody wants to follow");
    let told = match verdict {
        Verdict::Accept => "accept",
        Verdict::Wait => return Ok(Applied::Done),
        Verdict::Reject | Verdict::Decline => "reject",
    };
    let parties = (&activity.actor, target);
    answer(pod, tx, host.id, parties, Some(activity.id.clone()), told).await?;
    if verdict == Verdict::Accept && followed.kind == ActorKind::Application {
        follow_back(pod, tx, host, &follower).await?;
    }
    Ok(Applied::Done)
}

/// Tells a follower what became of its follow: `accept` or `reject`.
pub(super) async fn answer(
    pod: &Pod,
    tx: &mut Tx,
    host: HostId,
    (follower, target): (&ActorUri, &ActorUri),
    id: Option<ObjectUri>,
    verb: &'static str,
) -> Result<()> {
    let followed = Followed {
        id,
        follower: Some(follower.clone()),
        followed: Some(target.clone()),
    };
    let deed = match verb {
        "accept" => Deed::Accept(followed),
        _ => Deed::Reject(followed),
    };
    let subject = format!("follow-of:{follower}:{target}");
    say(pod, tx, host, (&subject, verb), target.clone(), deed).await
}

/// Leaves an activity in the outbox for one host.
pub(super) async fn say(
    pod: &Pod,
    tx: &mut Tx,
    host: HostId,
    (subject, verb): (&str, &'static str),
    actor: ActorUri,
    deed: Deed,
) -> Result<()> {
    let id = ours::activity_uri(pod, verb)?;
    let body = Activity::new(id, actor, deed).document().to_string();
    let now = pod.now();
    let message = Message {
        subject,
        verb,
        body: Some(&body),
        now,
        due: now,
    };
    outbox::enqueue(tx, Audience::Host(host), message).await?;
    Ok(())
}

/// Follows an instance that follows this pod, unless that was tried before: whoever has refused is not asked again and again.
pub(super) async fn follow_back(
    pod: &Pod,
    tx: &mut Tx,
    host: &HostRow,
    follower: &Actor,
) -> Result<()> {
    let wanted = pod.settings.network.follow_back == FollowBack::Automatic
        && follower.kind == ActorKind::Application
        && host.friendship != Friendship::Friend;
    let own = ours::own_actor_in(pod, tx).await?;
    if let Some(uri) = follower.uri.as_ref().filter(|_| wanted)
        && follows::between(&mut *tx, own.id, follower.id)
            .await?
            .is_none()
    {
        asking::ask_in(pod, tx, host.id, follower.id, uri).await?;
    }
    Ok(())
}

/// Somebody does not want to hear from an actor of this pod any more.
pub(super) async fn left(
    pod: &Pod,
    tx: &mut Tx,
    by: &ActorUri,
    target: &ActorUri,
) -> Result<Applied> {
    if let Some(follower) = remote_actors::by_uri(&mut *tx, by).await?
        && let Some(target) = ours::actor_in(pod, tx, target).await?
    {
        follows::withdraw(&mut *tx, follower.id, target.id).await?;
    }
    Ok(Applied::Done)
}

/// The follow of theirs by this pod that an answer is about, with the one who answers. Nothing when nobody has asked them.
async fn meant(
    pod: &Pod,
    tx: &mut Tx,
    by: &ActorUri,
    answered: &Followed,
) -> Result<Option<(Follow, Actor)>> {
    let Some(them) = remote_actors::by_uri(&mut *tx, by).await? else {
        return Ok(None);
    };
    let own = ours::own_actor_in(pod, tx).await?;
    let ours = ours::pod_uri(pod)?;
    let follow = follows::between(&mut *tx, own.id, them.id).await?;
    let meant = |follow: &Follow| match (&answered.follower, &answered.followed) {
        (None, None) => answered.id.is_some() && answered.id == follow.uri,
        (asker, of) => {
            asker.as_ref().is_none_or(|asker| *asker == ours) && (of.is_none() || *of == them.uri)
        }
    };
    Ok(follow.filter(meant).map(|follow| (follow, them)))
}

/// A follow of ours was accepted: what they have is fetched, unless they are a friend that sends it anyway.
pub(super) async fn accepted(
    pod: &Pod,
    tx: &mut Tx,
    host: &HostRow,
    by: &ActorUri,
    answered: &Followed,
) -> Result<Applied> {
    let Some((follow, them)) = meant(pod, tx, by, answered).await? else {
        return Ok(Refused::plainly("nobody here has asked for that"));
    };
    if follow.state == FollowState::Accepted {
        return Ok(Applied::Done);
    }
    let (now, state) = (pod.now(), FollowState::Accepted);
    follows::set_state(&mut *tx, follow.follower_id, follow.target_id, state, now).await?;
    if let Some(outbox) = them.outbox.filter(|_| !sending::is_sealed(pod, host)) {
        fetching::crawl(tx, &outbox, now).await?;
    }
    Ok(Applied::Done)
}

/// A follow of ours was refused, or ended by the other side. What nobody here follows any more has to be forgotten after the commit.
pub(super) async fn rejected(
    pod: &Pod,
    tx: &mut Tx,
    by: &ActorUri,
    answered: &Followed,
) -> Result<Applied> {
    let Some((follow, _)) = meant(pod, tx, by, answered).await? else {
        return Ok(Refused::plainly("nobody here has asked for that"));
    };
    let (now, state) = (pod.now(), FollowState::Rejected);
    follows::set_state(&mut *tx, follow.follower_id, follow.target_id, state, now).await?;
    Ok(Applied::Done)
}
