//! What others post to the inboxes of this pod in plain ActivityPub. Nothing is done that the actor itself has not signed, and nothing
//! is believed of an object but what its own host says: what lives elsewhere is fetched there. All inboxes are one, because an
//! activity says by itself whom it is about.

use super::{
    actors, calls, calls::Incoming, fetching, index, index::Applied, notes, ours, said, scores,
};
use crate::{Error, Pod, Result};
use db::{
    follows, hosts,
    remote_actors::{self, Actor},
    remote_videos,
};
use fedi::{
    Activity, Deed, Object, Subject, Told, Unreadable, View,
    signature::{Claim, Window},
};
use names::{ActorUri, Friendship, Host, HostId, ObjectUri};
use podnet::score::Witness;

/// A key is not fetched anew more often than this (ms).
const REFRESH: i64 = 60_000;
/// Videos removed at once.
const BATCH: i64 = 200;

/// Somebody has posted something.
pub async fn received(pod: &Pod, request: &Incoming) -> Result<()> {
    let now = pod.now();
    let claim = request.claim(pod)?;
    let activity = match Activity::parse(&request.body) {
        Ok(activity) => activity,
        // A kind of activity that this pod has nothing to do with.
        Err(Unreadable::Unexpected { .. }) => return pod.network.admit(request.client, now),
        Err(Unreadable::NotTheirs(why)) => return Err(forbidden(format!("Refused: {why}."))),
        Err(why) => return Err(Error::invalid("body", why)),
    };
    let host = activity.host();
    if claim.key.host() != host {
        let why = format!(
            "{} does not sign with the key {}.",
            activity.actor, claim.key
        );
        return Err(forbidden(why));
    }
    let known_host = hosts::by_host(&pod.db, &host).await?;
    let expelled = known_host
        .as_ref()
        .is_some_and(|row| row.friendship == Friendship::Expelled);
    if host == pod.own_host()?
        || expelled
        || db::blocks::is_blocked(&pod.db, &activity.actor).await?
    {
        return Err(forbidden(format!("This pod hears nothing from {host}.")));
    }
    if let Some(id) = another_s(&activity).filter(|id| id.host() != host)
        && !is_said_here(pod, &activity, id).await?
    {
        tracing::warn!(%host, "refused: {} is about {id}", activity.deed.kind());
        return Err(forbidden(format!("{id} is not of {host}.")));
    }
    let known = remote_actors::by_uri(&pod.db, &activity.actor).await?;
    if !is_wanted(pod, &activity, known.is_some()).await? {
        return pod.network.admit(request.client, now);
    }
    let host_id = known_host.map(|row| row.id);
    let actor = prove(pod, request, &claim, &activity.actor, known, host_id).await?;
    match &activity.deed {
        Deed::Follow(target) if ours::actor_of(pod, target).await?.is_none() => {
            Err(Error::NotFound("The actor was"))
        }
        Deed::Reject(_) => {
            apply(pod, &activity).await?;
            super::follows::forget_unfollowed(pod, &host).await
        }
        Deed::Create(subject) | Deed::Update(subject) => match subject.told_by(&host) {
            // Whose it is now is for its own page to say: one of the same host may have signed this.
            Told::Here(Object::Video(video)) if is_others(pod, &activity, &video.id).await? => {
                fetching::later(pod, &video.id).await
            }
            Told::Here(Object::Video(video)) => {
                fetching::learn(pod, video).await?;
                apply(pod, &activity).await
            }
            Told::Here(Object::Actor(described)) => describe(pod, &actor, &described.id).await,
            Told::Here(Object::Note(_)) => apply(pod, &activity).await,
            Told::Here(_) => Ok(()),
            Told::Elsewhere(id) => fetching::later(pod, id).await,
        },
        Deed::Delete(id) if id.as_str() == activity.actor.as_str() => gone(pod, &actor).await,
        Deed::Flag(_) => Ok(()),
        _ => apply(pod, &activity).await,
    }
}

/// Whether a host deletes what somebody elsewhere has said of a video of its own.
async fn is_said_here(pod: &Pod, activity: &Activity, id: &ObjectUri) -> Result<bool> {
    if !matches!(activity.deed, Deed::Delete(_)) || !notes::is_known(pod, id).await? {
        return Ok(false);
    }
    let mut tx = pod.db.begin().await?;
    let place = notes::place(pod, &mut tx, id).await?;
    Ok(place.is_some_and(|place| {
        place.parent.is_some() && place.home.as_ref() == Some(&activity.host())
    }))
}

fn forbidden(why: String) -> Error {
    Error::Forbidden(why)
}

/// What an activity would change, which must be of its own host.
fn another_s(activity: &Activity) -> Option<&ObjectUri> {
    match &activity.deed {
        Deed::Create(subject) | Deed::Update(subject) => Some(subject.id()),
        Deed::Delete(id) => Some(id),
        _ => None,
    }
}

/// Whether anything would come of an activity. If not, no key is fetched for it.
async fn is_wanted(pod: &Pod, activity: &Activity, known: bool) -> Result<bool> {
    let kept = async |id: &ObjectUri| -> Result<bool> {
        Ok(remote_videos::by_uri(&pod.db, id).await?.is_some())
    };
    Ok(match &activity.deed {
        Deed::Follow(target) => target.host() == pod.own_host()?,
        Deed::Undo(_) | Deed::Accept(_) | Deed::Reject(_) => known,
        Deed::Create(subject) => {
            is_followed(pod, &activity.host()).await? || is_said(pod, activity, subject).await?
        }
        Deed::Announce(subject) => {
            is_followed(pod, &activity.host()).await? || notes::is_known(pod, subject.id()).await?
        }
        Deed::Update(subject) => {
            is_followed(pod, &activity.host()).await?
                || kept(subject.id()).await?
                || is_said(pod, activity, subject).await?
        }
        Deed::Delete(id) => {
            kept(id).await?
                || notes::is_known(pod, id).await?
                || (known && id.as_str() == activity.actor.as_str())
        }
        Deed::Like(id) | Deed::Dislike(id) | Deed::View(View { video: id, .. }) => {
            notes::own_video(pod, id).is_some() && notes::is_known(pod, id).await?
        }
        Deed::Flag(_) => false,
    })
}

/// Whether a note answers something that is known here, or is known itself.
async fn is_said(pod: &Pod, activity: &Activity, subject: &Subject) -> Result<bool> {
    match subject.told_by(&activity.host()) {
        Told::Here(Object::Note(note)) => match &note.in_reply_to {
            Some(answered) => notes::is_known(pod, answered).await,
            None => Ok(false),
        },
        _ => Ok(false),
    }
}

/// Whether this pod wants to hear of a host's videos.
pub(crate) async fn is_followed(pod: &Pod, host: &Host) -> Result<bool> {
    let row = hosts::by_host(&pod.db, host).await?;
    if row.is_some_and(|row| row.friendship == Friendship::Friend) {
        return Ok(true);
    }
    let own = ours::own_actor(pod).await?;
    Ok(follows::reaches_host(&pod.db, own.id, host).await?)
}

/// Checks that the actor itself has signed. Its key is fetched when it is not known, and when the one we know does not fit any more.
async fn prove(
    pod: &Pod,
    request: &Incoming,
    claim: &Claim,
    uri: &ActorUri,
    known: Option<Actor>,
    host: Option<HostId>,
) -> Result<Actor> {
    let now = pod.now();
    if let Some(actor) = known
        && let Some(key) = actor.public_key.as_deref()
    {
        match calls::verify(claim, key, now, Window::ACTIVITYPUB) {
            Ok(()) => {
                if host.is_some_and(|host| pod.network.admit_pod(host, now).is_err()) {
                    return Err(Error::TooMany {
                        seconds: 10,
                        reason: "Too many messages of this host.".into(),
                    });
                }
                return Ok(actor);
            }
            Err(refused) if actor.refreshed_at.is_some_and(|at| now - at < REFRESH) => {
                return Err(refused);
            }
            Err(_) => {}
        }
    }
    pod.network.admit(request.client, now)?;
    claim
        .fresh(now, Window::ACTIVITYPUB)
        .map_err(|why| forbidden(format!("The signature is not accepted: {why}.")))?;
    let fetched = actors::fetch(pod, uri)
        .await
        .map_err(|why| forbidden(format!("The key of {uri} was not found: {why}")))?;
    let key = fetched.key.as_ref().filter(|key| key.owner == fetched.id);
    let key = key.filter(|_| fetched.id == *uri);
    let key = key.ok_or_else(|| forbidden(format!("{uri} has no key.")))?;
    calls::verify(claim, &key.key.to_pem(), now, Window::ACTIVITYPUB)?;
    let mut tx = pod.db.begin().await?;
    actors::put(&mut tx, &fetched, now).await?;
    let actor = remote_actors::by_uri(&mut tx, uri).await?;
    tx.commit().await?;
    actor.ok_or_else(|| forbidden(format!("{uri} is of no kind that this pod keeps.")))
}

/// Whether a video is known as that of other actors than the one that speaks.
async fn is_others(pod: &Pod, activity: &Activity, video: &ObjectUri) -> Result<bool> {
    let Some(row) = remote_videos::by_uri(&pod.db, video).await? else {
        return Ok(false);
    };
    let known = db::videos::hydrate(&pod.db, &[row.video_id]).await?;
    let mut owners = known
        .into_iter()
        .flat_map(|known| [known.owner.account_uri, known.owner.channel_uri])
        .flatten();
    Ok(!owners.any(|owner| owner == activity.actor))
}

/// Whether everything that is remembered may have changed, and not just a number or a comment.
fn is_about_videos(activity: &Activity) -> bool {
    matches!(
        activity.deed,
        Deed::Create(_) | Deed::Update(_) | Deed::Delete(_)
    )
}

/// Applies what a host says of its own video, or of one of ours.
async fn apply(pod: &Pod, activity: &Activity) -> Result<()> {
    let mut tx = pod.db.begin().await?;
    let row = hosts::get_or_insert(&mut tx, &activity.host(), pod.now()).await?;
    let token = row.heard_token.as_deref();
    match index::apply(pod, &mut tx, &row, activity, token).await? {
        Applied::Done => {
            hosts::heard(&mut tx, row.id, pod.now()).await?;
            tx.commit().await?;
            if is_about_videos(activity) {
                pod.lists.clear();
            }
            pod.queue.wake();
            pod.network.told();
            Ok(())
        }
        Applied::Refused(refused) => {
            drop(tx);
            let reason = refused.reason;
            tracing::warn!(host = %row.host, reason, "an activity is refused");
            let Some(event) = refused.event else {
                return Ok(());
            };
            scores::note(pod, row.id, event, Witness::Signature).await?;
            Err(forbidden(format!("Refused: {reason}.")))
        }
    }
}

/// Somebody has changed. It is fetched, because a key changes by that alone.
async fn describe(pod: &Pod, actor: &Actor, described: &ActorUri) -> Result<()> {
    if actor.uri.as_ref() != Some(described) {
        return Err(forbidden(format!("{described} speaks for itself alone.")));
    }
    let now = pod.now();
    if actor.refreshed_at.is_some_and(|at| now - at < REFRESH) {
        return Ok(());
    }
    match actors::fetch(pod, described).await {
        Ok(fetched) if fetched.id == *described => {
            let mut tx = pod.db.begin().await?;
            actors::put(&mut tx, &fetched, now).await?;
            tx.commit().await?;
            pod.lists.clear();
        }
        Ok(_) => {}
        Err(why) => tracing::info!("{described} was not fetched: {why}"),
    }
    Ok(())
}

/// Somebody is gone with everything they had here.
async fn gone(pod: &Pod, actor: &Actor) -> Result<()> {
    let Some(uri) = &actor.uri else {
        return Ok(());
    };
    loop {
        let mut tx = pod.db.begin().await?;
        let gone = remote_videos::remove_of_actor(&mut tx, uri, BATCH).await?;
        tx.commit().await?;
        pod.lists.clear();
        if (gone.len() as i64) < BATCH {
            break;
        }
    }
    loop {
        let mut tx = pod.db.begin().await?;
        let done = said::gone(pod, &mut tx, actor.id, BATCH).await?;
        tx.commit().await?;
        if done {
            break;
        }
    }
    remote_actors::remove(&pod.db, uri).await?;
    super::pictures::tidy(pod).await?;
    pod.network.told();
    Ok(())
}
