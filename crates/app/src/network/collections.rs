//! The lists of this pod's actors, in pages: what they published (outbox), who follows them and whom they follow; and the lists of
//! a video, of which only the length is told.

use super::{POD_NAME, ours};
use crate::{Error, Pod, Result, videos};
use db::{
    follows::{Direction, FollowQuery, FollowSort, Party},
    videos::{Listed, Video},
};
use fedi::{Activity, Audience, Collection, Deed, Object, Page, Subject};
use names::{ActorId, ActorKind, ActorUri, CommentId, FollowState, ObjectUri, VideoId, VideoRef};
use serde_json::Value;

/// Elements on a page.
const COUNT: i64 = 20;

/// An actor of this pod, as it is named in a path.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'a> {
    /// An account, or the pod itself.
    Account(&'a str),
    Channel(&'a str),
}

struct Owner {
    uri: ActorUri,
    id: ActorId,
    listed: Listed,
}

async fn owner(pod: &Pod, whose: Whose<'_>) -> Result<Owner> {
    Ok(match whose {
        Whose::Account(POD_NAME) => Owner {
            uri: ours::pod_uri(pod)?,
            id: ours::own_actor(pod).await?.id,
            listed: Listed::Here,
        },
        Whose::Account(name) => {
            let found = db::accounts::by_name(&pod.db, name).await?;
            let account = found.ok_or(Error::NotFound("The account was"))?;
            Owner {
                uri: ours::account_uri(pod, &account.name)?,
                id: account.actor_id,
                listed: Listed::OfAccount(account.id),
            }
        }
        Whose::Channel(name) => {
            let found = db::channels::by_name(&pod.db, name).await?;
            let channel = found.ok_or(Error::NotFound("The channel was"))?;
            Owner {
                uri: ours::channel_uri(pod, &channel.name)?,
                id: channel.actor_id,
                listed: Listed::OfChannel(channel.id),
            }
        }
    })
}

fn address(text: &str) -> Result<ObjectUri> {
    ObjectUri::parse(text).map_err(|why| Error::Internal(anyhow::anyhow!("{why}")))
}

fn length(total: i64) -> u64 {
    u64::try_from(total).unwrap_or(0)
}

/// A list, or its first page's address.
fn whole(id: ObjectUri, total: i64) -> Result<Value> {
    let first = address(&format!("{id}?page=0"))?;
    let list = Collection::new(id, length(total), Some(first));
    Ok(Object::Collection(Box::new(list)).document())
}

fn page(
    id: &ObjectUri,
    at: i64,
    next: Option<i64>,
    total: i64,
    items: Vec<Subject>,
) -> Result<Value> {
    let own = address(&format!("{id}?page={at}"))?;
    let mut page = Page::new(own, id.clone(), length(total), items);
    page.next = next
        .map(|next| address(&format!("{id}?page={next}")))
        .transpose()?;
    Ok(Object::Page(Box::new(page)).document())
}

/// The public videos of an actor, the newest first. Pages are named by the last video of the page before.
pub async fn outbox(pod: &Pod, whose: Whose<'_>, at: Option<i64>) -> Result<Value> {
    let owner = owner(pod, whose).await?;
    let id = address(&format!("{}/outbox", owner.uri))?;
    let total = db::videos::count_listed(&pod.db, owner.listed).await?;
    let Some(at) = at else {
        return whole(id, total);
    };
    let before = VideoId(if at > 0 { at } else { i64::MAX });
    let ids = db::videos::listed_before(&pod.db, owner.listed, before, COUNT).await?;
    let mut items = Vec::new();
    for video in &ids {
        items.extend(published(pod, &owner, *video).await?);
    }
    let full = ids.len() as i64 == COUNT;
    let next = ids.last().filter(|_| full).map(|last| last.0);
    page(&id, at, next, total, items)
}

/// How an actor says that it published a video: an account made it, channels and the pod pass it on.
async fn published(pod: &Pod, owner: &Owner, video: VideoId) -> Result<Option<Subject>> {
    let Ok(details) = videos::show(pod, None, VideoRef::Id(video)).await else {
        return Ok(None);
    };
    if !details.video.listed() || details.video.remote {
        return Ok(None);
    }
    let uri = ours::video_uri(pod, details.video.uuid)?;
    let audience = Audience::public(&format!("{}/followers", owner.uri));
    let (id, deed) = if matches!(owner.listed, Listed::OfAccount(_)) {
        let object = Object::Video(Box::new(ours::video(pod, &details)?));
        let Some(subject) = Subject::whole(object) else {
            return Ok(None);
        };
        (address(&format!("{uri}/activity"))?, Deed::Create(subject))
    } else {
        let number = owner.id.0;
        let id = address(&format!("{uri}/announces/{number}"))?;
        (id, Deed::Announce(Subject::of(uri)))
    };
    let mut activity = Activity::new(id, owner.uri.clone(), deed).to(audience);
    activity.published = Some(details.video.published_at);
    Ok(Subject::whole(Object::Activity(Box::new(activity))))
}

/// Who follows an actor, or whom it follows.
pub async fn follows(
    pod: &Pod,
    whose: Whose<'_>,
    direction: Direction,
    at: Option<i64>,
) -> Result<Value> {
    let owner = owner(pod, whose).await?;
    let (name, total) = match (direction, db::follows::counts(&pod.db, owner.id).await?) {
        (Direction::Followers, (followers, _)) => ("followers", followers),
        (Direction::Following, (_, following)) => ("following", following),
    };
    let id = address(&format!("{}/{name}", owner.uri))?;
    let Some(at) = at else {
        return whole(id, total);
    };
    let query = FollowQuery {
        direction,
        actor: owner.id,
        state: Some(FollowState::Accepted),
        kind: None,
        search: None,
        sort: FollowSort::Oldest,
        start: at.max(0),
        count: COUNT,
    };
    let (_, rows) = db::follows::list(&pod.db, &query).await?;
    let mut items = Vec::new();
    for row in &rows {
        let other = match direction {
            Direction::Followers => &row.follower,
            Direction::Following => &row.target,
        };
        items.push(Subject::of(address(party_uri(pod, other)?.as_str())?));
    }
    let next = (rows.len() as i64 == COUNT).then_some(at.max(0) + COUNT);
    page(&id, at, next, total, items)
}

/// The id of either end of a follow.
pub fn party_uri(pod: &Pod, party: &Party) -> Result<ActorUri> {
    match (&party.uri, party.kind) {
        (Some(uri), _) => Ok(uri.clone()),
        (None, ActorKind::Channel) => ours::channel_uri(pod, &party.name),
        (None, _) => ours::account_uri(pod, &party.name),
    }
}

/// How many liked, disliked, passed on or commented a video: `what` is the last part of the list's address. Comments are listed by their ids,
/// the newest first; pages are named by the last comment of the page before.
pub async fn of_video(pod: &Pod, named: VideoRef, what: &str, at: Option<i64>) -> Result<Value> {
    let details = videos::show(pod, None, named).await?;
    if details.video.remote || !details.video.listed() {
        return Err(Error::NotFound("The video was"));
    }
    let video = &details.video;
    let id = address(&format!("{}/{what}", ours::video_uri(pod, video.uuid)?))?;
    let total = match what {
        "likes" => video.likes,
        "dislikes" => video.dislikes,
        "comments" => match at {
            Some(at) => return comments(pod, &id, video, at).await,
            None => return whole(id, video.comments),
        },
        _ => 0,
    };
    let list = Collection::new(id, length(total), None);
    Ok(Object::Collection(Box::new(list)).document())
}

async fn comments(pod: &Pod, id: &ObjectUri, video: &Video, at: i64) -> Result<Value> {
    let before = CommentId(if at > 0 { at } else { i64::MAX });
    let rows = db::comments::listed_before(&pod.db, video.id, before, COUNT).await?;
    let own = ours::video_uri(pod, video.uuid)?;
    let mut items = Vec::new();
    for (comment, uri) in &rows {
        items.push(Subject::of(match uri {
            Some(uri) => uri.clone(),
            None => address(&format!("{own}/comments/{comment}"))?,
        }));
    }
    let full = rows.len() as i64 == COUNT;
    let next = rows.last().filter(|_| full).map(|(last, _)| last.0);
    page(id, at, next, video.comments, items)
}
