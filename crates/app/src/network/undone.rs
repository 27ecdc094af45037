//! What others take back. Some repeat what it was, others name only the activity: that is enough for what this pod has kept the name of.

use super::{
    followers,
    index::{Applied, Refused},
    notes, ours, rated, said,
};
use crate::{Pod, Result};
use db::{Tx, comments, follows, ratings, remote_actors};
use fedi::{Deed, Undone};
use names::{ActorUri, ObjectUri, Opinion};

/// Somebody takes something back, in the transaction of the caller.
pub(super) async fn apply(
    pod: &Pod,
    tx: &mut Tx,
    by: &ActorUri,
    undone: &Undone,
) -> Result<Applied> {
    match (undone.deed.as_deref(), &undone.id) {
        (Some(Deed::Follow(target)), _) => followers::left(pod, tx, by, target).await,
        (Some(Deed::Like(id)), _) => rated::take_back(pod, tx, by, id, Opinion::Like).await,
        (Some(Deed::Dislike(id)), _) => rated::take_back(pod, tx, by, id, Opinion::Dislike).await,
        (Some(Deed::Announce(subject)), _) => said::withdrawn(pod, tx, by, subject.id()).await,
        (None, Some(id)) => named(pod, tx, by, id).await,
        _ => Ok(Refused::plainly("this pod does nothing about that")),
    }
}

/// Takes back what an activity of this actor did; nothing, when nobody here remembers it.
async fn named(pod: &Pod, tx: &mut Tx, by: &ActorUri, id: &ObjectUri) -> Result<Applied> {
    let Some(actor) = remote_actors::by_uri(&mut *tx, by).await? else {
        return Ok(Applied::Done);
    };
    if let Some(target) = follows::target_of(&mut *tx, actor.id, id).await? {
        follows::withdraw(&mut *tx, actor.id, target).await?;
    } else if let Some((video, opinion)) = ratings::by_uri(&mut *tx, actor.id, id).await? {
        let video = ours::video_uri(pod, video)?;
        return rated::take_back(pod, tx, by, &video, opinion).await;
    } else if let Some(comment) = comments::announced_by(&mut *tx, id).await?
        && let Some(comment) = comments::by_id(&mut *tx, comment).await?
    {
        return said::withdrawn(pod, tx, by, &notes::uri(pod, &comment)?).await;
    }
    Ok(Applied::Done)
}
