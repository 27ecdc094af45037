//! What others say about videos. Of a comment its author's host is believed, and nobody else; whether it belongs under a video says the host
//! at which the video is at home. So a comment on a video of ours is taken from its author, and one on a remote video only when it comes from
//! that video's own host or was passed on by it.

use super::{
    fetching,
    index::{self, Applied, Refused},
    notes::{self, Place},
    saying,
};
use crate::{Pod, Result};
use db::{
    Tx,
    comments::{self, Comment, NewComment},
    remote_actors,
};
use fedi::{Activity, Note};
use names::{ActorKind, ActorUri, Host, ObjectUri, VideoState};

/// Who says that a comment belongs under a video.
#[derive(Debug, Clone)]
pub(crate) enum Voucher {
    /// Its author alone.
    Nobody,
    /// An actor has passed it on, by this activity.
    Actor(ActorUri, Option<ObjectUri>),
    /// It is on the list of comments that this host shows.
    List(Host),
}

/// Somebody tells a note.
pub(crate) async fn told(pod: &Pod, tx: &mut Tx, by: &ActorUri, note: &Note) -> Result<Applied> {
    if *by != note.attributed_to {
        let why = format!("{by} speaks in the name of {}", note.attributed_to);
        return Ok(Refused::lie(why));
    }
    put(pod, tx, note, &Voucher::Nobody).await
}

/// Keeps a note that its own host told.
pub(crate) async fn put(pod: &Pod, tx: &mut Tx, note: &Note, voucher: &Voucher) -> Result<Applied> {
    let author = &note.attributed_to;
    if db::blocks::is_blocked(&mut *tx, author).await? {
        return Ok(Refused::plainly("the author is on the block list"));
    }
    if !note.audience.is_public() {
        return Ok(Refused::plainly("the note is not for everybody"));
    }
    let place = match &note.in_reply_to {
        Some(answered) => notes::place(pod, tx, answered).await?,
        None => None,
    };
    let Some(place) = place else {
        return Ok(Refused::plainly(
            "the note answers nothing that is known here",
        ));
    };
    if let Some(why) = unwanted(tx, &place, note, voucher).await? {
        return Ok(Refused::plainly(why));
    }
    let text = notes::words(note);
    if text.is_empty() {
        return Ok(Refused::plainly("the note says nothing"));
    }
    let now = pod.now();
    let video = &place.video.video;
    if let Some(known) = comments::by_uri(&mut *tx, &note.id).await? {
        if known.deleted_at.is_some() {
            return Ok(Applied::Done);
        }
        if known.author_uri.as_ref() != Some(author) {
            let why = format!("{} is known as somebody else's", note.id);
            return Ok(Refused::plainly(why));
        }
        let at = note.updated.or(note.published).unwrap_or(now).min(now);
        if comments::edit(&mut *tx, known.id, &text, at).await?
            && !known.held
            && place.home.is_none()
        {
            saying::announce(pod, tx, video, &note.id).await?;
        }
        return Ok(Applied::Done);
    }
    let Some(actor) = index::speaker(pod, tx, author).await? else {
        return Ok(Refused::plainly("the note's author is no account"));
    };
    // What its own pod has let through needs no second look.
    let held = place.home.is_none() && video.comments_policy == 3;
    let published = note.published.unwrap_or(now).min(now);
    let comment = NewComment {
        video_id: video.id,
        actor_id: actor,
        parent: place.parent.as_ref(),
        uri: Some(&note.id),
        text: &text,
        held,
        created_at: published,
        updated_at: note.updated.unwrap_or(published).clamp(published, now),
    };
    if comments::insert(tx, &comment).await?.is_some() && place.home.is_none() && !held {
        saying::announce(pod, tx, video, &note.id).await?;
        saying::counted(pod, tx, video).await?;
    }
    pod.lists.counted(video.id);
    Ok(Applied::Done)
}

/// Why a note is not taken where it belongs.
async fn unwanted(
    tx: &mut Tx,
    place: &Place,
    note: &Note,
    voucher: &Voucher,
) -> Result<Option<&'static str>> {
    let video = &place.video.video;
    if !video.privacy.open_by_link() || video.state != VideoState::Published {
        return Ok(Some("the note answers nothing that is known here"));
    }
    if video.comments_policy == 2 {
        return Ok(Some("the video takes no comments"));
    }
    if place.parent.as_ref().is_some_and(|parent| parent.held) {
        return Ok(Some("what it answers is not shown yet"));
    }
    let Some(home) = &place.home else {
        return Ok(None);
    };
    let vouched = match voucher {
        Voucher::Nobody => note.id.host() == *home,
        Voucher::List(host) => host == home,
        Voucher::Actor(actor, _) => decides(tx, place, actor).await?,
    };
    Ok((!vouched).then_some("the video's own pod has not passed it on"))
}

/// Whether an actor decides about what is said of a video that is at home on its host: the whole pod's, or one of the video's owners.
async fn decides(tx: &mut Tx, place: &Place, actor: &ActorUri) -> Result<bool> {
    if place.home.as_ref() != Some(&actor.host()) {
        return Ok(false);
    }
    let owner = &place.video.owner;
    if [&owner.account_uri, &owner.channel_uri].contains(&&Some(actor.clone())) {
        return Ok(true);
    }
    let known = remote_actors::by_uri(&mut *tx, actor).await?;
    Ok(known.is_some_and(|known| known.kind == ActorKind::Application))
}

/// Somebody deletes something. Nothing when it is no comment that is known.
pub(crate) async fn taken_back(
    pod: &Pod,
    tx: &mut Tx,
    by: &ActorUri,
    id: &ObjectUri,
) -> Result<Option<Applied>> {
    let Some(place) = notes::place(pod, tx, id).await? else {
        return Ok(None);
    };
    let Some(comment) = place.parent.clone() else {
        return Ok(None);
    };
    if comment.deleted_at.is_some() {
        return Ok(Some(Applied::Done));
    }
    if !is_by(tx, &comment, by).await? && !decides(tx, &place, by).await? {
        let why = format!("{by} did not write {id}");
        return Ok(Some(Refused::lie(why)));
    }
    bury(pod, tx, &place, &comment).await?;
    Ok(Some(Applied::Done))
}

/// Whether a comment is an actor's, or of somebody of the pod whose actor it is.
async fn is_by(tx: &mut Tx, comment: &Comment, by: &ActorUri) -> Result<bool> {
    if comment.author_uri.as_ref() == Some(by) {
        return Ok(true);
    }
    let of_its_host = comment
        .uri
        .as_ref()
        .is_some_and(|uri| uri.host() == by.host());
    let known = remote_actors::by_uri(&mut *tx, by).await?;
    Ok(of_its_host && known.is_some_and(|known| known.kind == ActorKind::Application))
}

async fn bury(pod: &Pod, tx: &mut Tx, place: &Place, comment: &Comment) -> Result<()> {
    let video = &place.video.video;
    if comments::bury(tx, comment, pod.now()).await? && place.home.is_none() && !comment.held {
        saying::withdraw(pod, tx, video, &notes::uri(pod, comment)?).await?;
        saying::counted(pod, tx, video).await?;
    }
    pod.lists.counted(video.id);
    Ok(())
}

/// The host of a comment says that there is nothing (any more). False when it is no comment that is known.
pub(crate) async fn vanished(pod: &Pod, tx: &mut Tx, id: &ObjectUri) -> Result<bool> {
    let Some(comment) = comments::by_uri(&mut *tx, id).await? else {
        return Ok(false);
    };
    if let Some(place) = notes::place(pod, tx, id).await? {
        bury(pod, tx, &place, &comment).await?;
    }
    Ok(true)
}

/// An actor passes something on: a video, or a comment on a video of its host. It is fetched from where it lives.
pub(crate) async fn passed_on(
    pod: &Pod,
    tx: &mut Tx,
    activity: &Activity,
    id: &ObjectUri,
) -> Result<Applied> {
    let by = &activity.actor;
    if id.host() != pod.own_host()? {
        fetching::enqueue(tx, id, activity, pod.now()).await?;
        return Ok(Applied::Done);
    }
    // One of ours: the video's own pod shows it now.
    if let Some(place) = notes::place(pod, tx, id).await?
        && let Some(comment) = &place.parent
        && decides(tx, &place, by).await?
    {
        comments::set_announce(&mut *tx, comment.id, &activity.id).await?;
        if comments::release(tx, comment).await? {
            pod.lists.counted(comment.video_id);
        }
    }
    Ok(Applied::Done)
}

/// An actor does not pass something on any more: a comment is gone from under a video of its host.
pub(crate) async fn withdrawn(
    pod: &Pod,
    tx: &mut Tx,
    by: &ActorUri,
    id: &ObjectUri,
) -> Result<Applied> {
    if let Some(place) = notes::place(pod, tx, id).await?
        && let Some(comment) = place.parent.clone()
        && decides(tx, &place, by).await?
    {
        bury(pod, tx, &place, &comment).await?;
    }
    Ok(Applied::Done)
}

/// Somebody is gone: what they have said and thought goes as well.
pub(crate) async fn gone(pod: &Pod, tx: &mut Tx, actor: names::ActorId, most: i64) -> Result<bool> {
    let said = comments::of_actor(&mut *tx, actor, most).await?;
    for comment in &said {
        let place = notes::place(pod, tx, &notes::uri(pod, comment)?).await?;
        match place {
            Some(place) => bury(pod, tx, &place, comment).await?,
            None => {
                comments::bury(tx, comment, pod.now()).await?;
            }
        }
    }
    let rated = db::ratings::take_back(tx, actor, most, pod.now()).await?;
    for video in &rated {
        pod.lists.counted(*video);
    }
    Ok(said.is_empty() && rated.is_empty())
}
