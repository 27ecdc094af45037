//! What others think of videos of this pod, and that they watch them: likes, dislikes and views. An opinion is a row, so that it counts once
//! however often it is told; a view is counted when it comes from a host that we deal with, once for each message and not faster than
//! people watch.

use super::{
    index::{self, Applied, Refused},
    notes, saying,
};
use crate::{Pod, Result};
use db::{Tx, follows, hosts::HostRow, ratings, videos::Video};
use fedi::{Activity, Deed};
use moka::sync::Cache;
use names::{
    ActorId, ActorUri, Friendship, HostId, ObjectUri, Opinion, VideoId, VideoRef, VideoState,
};
use podnet::flood::{Flood, MOST, Rate};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Views that one host may report of one video.
const VIEWS: Rate = Rate {
    per_second: 1.0,
    burst: 300.0,
};
/// Videos of one host that are asked for their threads.
const ASKED: Rate = Rate {
    per_second: 0.2,
    burst: 20.0,
};
/// A message cannot come again after that, because its signature is too old.
const REMEMBERED: Duration = Duration::from_secs(7200);

/// Numbers that are kept in memory: losing them costs a count and nothing else.
pub(crate) struct Numbers {
    views: Mutex<Flood<(HostId, VideoId)>>,
    asked: Mutex<Flood<HostId>>,
    /// Views that were counted, by their activities.
    counted: Cache<ObjectUri, ()>,
    /// Videos of which others will be told soon how often they were watched.
    pub told: Cache<VideoId, ()>,
    next: AtomicU64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            views: Mutex::new(Flood::new(VIEWS, MOST)),
            asked: Mutex::new(Flood::new(ASKED, MOST)),
            counted: Cache::builder()
                .max_capacity(200_000)
                .time_to_live(REMEMBERED)
                .build(),
            told: Cache::builder()
                .max_capacity(100_000)
                .time_to_live(Duration::from_secs(600))
                .build(),
            next: AtomicU64::new(0),
        }
    }
}

impl Numbers {
    /// Whether a host may be asked about yet another video.
    pub(crate) fn may_ask(&self, host: HostId, now: i64) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.pass(host, 1.0, now).is_ok()
    }

    fn is_view(&self, host: HostId, video: VideoId, activity: &ObjectUri, now: i64) -> bool {
        if self.counted.contains_key(activity) {
            return false;
        }
        self.counted.insert(activity.clone(), ());
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        views.pass((host, video), 1.0, now).is_ok()
    }

    /// A number between 0 and `below`, each in turn.
    pub(crate) fn turn(&self, below: u64) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) % below
    }
}

/// Applies what an actor thinks or does, in the transaction of the caller.
pub(crate) async fn apply(
    pod: &Pod,
    tx: &mut Tx,
    host: &HostRow,
    activity: &Activity,
) -> Result<Applied> {
    match &activity.deed {
        Deed::Like(id) => rate(pod, tx, activity, id, Opinion::Like).await,
        Deed::Dislike(id) => rate(pod, tx, activity, id, Opinion::Dislike).await,
        Deed::View(view) if view.viewers.is_some() => Ok(Applied::Done),
        Deed::View(view) => viewed(pod, tx, host, &activity.id, &view.video).await,
        _ => Ok(Refused::plainly("this pod does nothing about that")),
    }
}

/// A video of this pod that everybody with its link may see.
async fn video_of(pod: &Pod, tx: &mut Tx, id: &ObjectUri) -> Result<Option<Video>> {
    let Some(uuid) = notes::own_video(pod, id) else {
        return Ok(None);
    };
    let found = db::videos::find(&mut *tx, VideoRef::Uuid(uuid)).await?;
    let open =
        |v: &Video| !v.remote && v.privacy.open_by_link() && v.state == VideoState::Published;
    Ok(found.map(|found| found.video).filter(open))
}

async fn rate(
    pod: &Pod,
    tx: &mut Tx,
    activity: &Activity,
    id: &ObjectUri,
    opinion: Opinion,
) -> Result<Applied> {
    let Some(video) = video_of(pod, tx, id).await? else {
        return Ok(Refused::plainly("this pod has no such video"));
    };
    let Some(actor) = index::speaker(pod, tx, &activity.actor).await? else {
        return Ok(Refused::plainly("whoever rates it is no account"));
    };
    think(pod, tx, &video, actor, opinion).await?;
    ratings::set_uri(&mut *tx, video.id, actor, &activity.id).await?;
    Ok(Applied::Done)
}

async fn think(
    pod: &Pod,
    tx: &mut Tx,
    video: &Video,
    actor: ActorId,
    opinion: Opinion,
) -> Result<()> {
    let changed = ratings::set(tx, video.id, actor, opinion, pod.now()).await?;
    if changed.is_some() {
        saying::counted(pod, tx, video).await?;
        pod.lists.counted(video.id);
    }
    Ok(())
}

/// Somebody thinks something of a video no more.
pub(super) async fn take_back(
    pod: &Pod,
    tx: &mut Tx,
    by: &ActorUri,
    id: &ObjectUri,
    opinion: Opinion,
) -> Result<Applied> {
    let Some(video) = video_of(pod, tx, id).await? else {
        return Ok(Refused::plainly("this pod has no such video"));
    };
    let known = db::remote_actors::by_uri(&mut *tx, by).await?;
    // What was said since holds.
    if let Some(actor) = known
        && ratings::of(&mut *tx, video.id, actor.id).await? == opinion
    {
        think(pod, tx, &video, actor.id, Opinion::None).await?;
    }
    Ok(Applied::Done)
}

async fn viewed(
    pod: &Pod,
    tx: &mut Tx,
    host: &HostRow,
    activity: &ObjectUri,
    id: &ObjectUri,
) -> Result<Applied> {
    let Some(video) = video_of(pod, tx, id).await? else {
        return Ok(Refused::plainly("this pod has no such video"));
    };
    let mut related = host.friendship == Friendship::Friend;
    if !related {
        let (account, channel) = (video.account_id, video.channel_id);
        for herald in follows::heralds(&mut *tx, super::POD_NAME, account, channel).await? {
            related = related || follows::has_follower_on(&mut *tx, herald, host.id).await?;
        }
    }
    if !related {
        return Ok(Refused::plainly(
            "views are counted of friends and followers",
        ));
    }
    if pod
        .network
        .numbers
        .is_view(host.id, video.id, activity, pod.now())
    {
        db::videos::add_views(&mut *tx, video.id, 1).await?;
        saying::watched_in(pod, tx, &video).await?;
        pod.lists.counted(video.id);
    }
    Ok(Applied::Done)
}
