//! Fetching videos from where they live: one that somebody passed on, one that was last heard of long ago, and all that an outbox tells of.
//! These are jobs, so that nobody who posts something has this pod fetch while they wait, and they are bounded: an outbox that never
//! ends is cut.

use super::{actors, calls, index, index::Applied, said, said::Voucher};
use crate::{Error, Pod, Result, abreast::abreast};
use db::{
    Tx, hosts,
    jobs::Job,
    remote_actors::{self, Actor},
    remote_videos::{self, RemoteRow},
};
use fedi::{Activity, Deed, Note, Object, Page, Subject, Told, Video};
use names::{ActorUri, Friendship, Host, ObjectUri};
use queue::{Outcome, Priority};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The kind of the job that fetches a video.
pub(crate) const VIDEO: &str = "fetch-video";
/// The kind of the job that reads an outbox.
pub(crate) const OUTBOX: &str = "fetch-outbox";

/// Pages of an outbox that are read in one job, and altogether.
const PAGES: u32 = 10;
const ALL_PAGES: u32 = 250;
/// Elements of a page that are looked at.
const ITEMS: usize = 100;
/// How long a job may take.
const TIME: Duration = Duration::from_secs(300);
/// Videos of one host that are fetched at the same time.
const PARALLEL: usize = 4;
/// Videos of somebody who was looked up and whom nobody follows.
const GLANCE: usize = 20;
/// A video that nothing was heard of for so long is fetched anew when somebody opens it (ms).
const STALE: i64 = 2 * 24 * 3600 * 1000;

#[derive(Debug, Serialize, Deserialize)]
struct One {
    uri: String,
    /// Who has passed it on.
    #[serde(default)]
    by: Option<String>,
    /// By which activity.
    #[serde(default)]
    activity: Option<String>,
}

/// Notes that are climbed from one to what it answers, until something is known.
const CLIMB: usize = 20;

#[derive(Debug, Serialize, Deserialize)]
struct Walk {
    /// Where to go on.
    at: String,
    /// Pages that were read.
    pages: u32,
    /// How far it is read.
    #[serde(default)]
    reach: Reach,
}

/// How much of an outbox is read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Reach {
    /// All, for as long as its host is followed.
    #[default]
    All,
    /// What is newest, of somebody who was looked up.
    Glance,
}

/// Has a video fetched from where it lives.
pub(crate) async fn later(pod: &Pod, uri: &ObjectUri) -> Result<()> {
    let one = One {
        uri: uri.to_string(),
        by: None,
        activity: None,
    };
    queue::enqueue(&pod.db, VIDEO, &one, None, Priority::Soon, pod.now()).await?;
    pod.queue.wake();
    Ok(())
}

/// Has what an actor passed on fetched from where it lives. Wake the queue after the commit.
pub(crate) async fn enqueue(tx: &mut Tx, uri: &ObjectUri, by: &Activity, now: i64) -> Result<()> {
    let one = One {
        uri: uri.to_string(),
        by: Some(by.actor.to_string()),
        activity: Some(by.id.to_string()),
    };
    queue::enqueue(tx, VIDEO, &one, None, Priority::Soon, now).await?;
    Ok(())
}

/// Has a video fetched anew if it is long ago that it was heard of. Friends tell of every change, and need not be asked.
pub(crate) async fn refresh(pod: &Pod, row: &RemoteRow) -> Result<()> {
    let now = pod.now();
    if row.friendship == Friendship::Friend || now - row.refreshed_at < STALE {
        return Ok(());
    }
    // One of all who open it at the same time asks.
    if remote_videos::claim_refresh(&pod.db, row.video_id, now - STALE, now).await? {
        later(pod, &row.uri).await?;
    }
    Ok(())
}

/// Has an outbox read. Wake the queue after the commit.
pub(crate) async fn crawl(tx: &mut Tx, outbox: &ObjectUri, now: i64) -> Result<()> {
    read_later(tx, outbox, Reach::All, now).await
}

async fn read_later(tx: &mut Tx, outbox: &ObjectUri, reach: Reach, now: i64) -> Result<()> {
    let walk = Walk {
        at: outbox.to_string(),
        pages: 0,
        reach,
    };
    queue::enqueue(tx, OUTBOX, &walk, None, Priority::Later, now).await?;
    Ok(())
}

/// Runs one of these jobs.
pub(crate) async fn run(pod: &Pod, job: &Job, context: &queue::Context) -> Result<Outcome> {
    let bad = |why: serde_json::Error| Error::Internal(why.into());
    let mut next = None;
    if job.kind == VIDEO {
        let one: One = serde_json::from_str(&job.payload).map_err(bad)?;
        let activity = one.activity.and_then(|id| ObjectUri::parse(&id).ok());
        let voucher = match one.by.and_then(|by| ActorUri::parse(&by).ok()) {
            Some(by) => Voucher::Actor(by, activity),
            None => Voucher::Nobody,
        };
        if let Ok(uri) = ObjectUri::parse(&one.uri)
            && let Err(why) = bring(pod, &uri, voucher).await?
        {
            return Ok(Outcome::Retry(why));
        }
    } else {
        let walk: Walk = serde_json::from_str(&job.payload).map_err(bad)?;
        match tokio::time::timeout(TIME, pages(pod, &walk)).await {
            Ok(walked) => match walked? {
                Ok(walked) => next = walked,
                Err(why) => return Ok(Outcome::Retry(why)),
            },
            Err(_) => tracing::warn!("reading {} took too long and is cut", walk.at),
        }
    }
    let now = pod.now();
    let mut tx = pod.db.begin().await?;
    if db::jobs::complete(&mut tx, job.id, &context.owner, now).await? {
        if let Some(next) = next {
            queue::enqueue(&mut tx, OUTBOX, &next, None, Priority::Later, now).await?;
        }
        tx.commit().await?;
        pod.queue.wake();
    }
    Ok(Outcome::Done)
}

pub(super) type Tried<T> = std::result::Result<T, String>;

/// Whether anything is fetched from a host.
pub(crate) async fn is_open(pod: &Pod, host: &Host) -> Result<bool> {
    let row = hosts::by_host(&pod.db, host).await?;
    let out = row.is_some_and(|row| row.blocked || row.friendship == Friendship::Expelled);
    Ok(!out && *host != pod.own_host()? && !db::blocks::host_is_blocked(&pod.db, host).await?)
}

/// Why an object was not got.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Missing {
    #[error("it is not there (any more)")]
    Gone,
    #[error(transparent)]
    Fetch(fetch::Error),
    #[error("{0}")]
    Wrong(String),
}

/// Fetches an object from where it lives. One that calls itself by another address is fetched again there, so that what somebody has put on
/// a host as a file does not pass for what the host says.
pub(crate) async fn object(
    pod: &Pod,
    uri: &ObjectUri,
) -> Result<std::result::Result<Object, Missing>> {
    let mut at = uri.clone();
    for _ in 0..2 {
        let closed = |host: &Host| Ok(Err(Missing::Wrong(format!("{host} is not asked"))));
        if !is_open(pod, &at.host()).await? {
            return closed(&at.host());
        }
        let (bytes, from) = match calls::get(pod, at.as_str(), calls::ACCEPT, calls::OBJECT).await {
            Ok(got) => got,
            Err(fetch::Error::Status {
                status: 404 | 410, ..
            }) => return Ok(Err(Missing::Gone)),
            Err(why) => return Ok(Err(Missing::Fetch(why))),
        };
        if !is_open(pod, &from.host()).await? {
            return closed(&from.host());
        }
        let object = match Object::fetched(&bytes, &from) {
            Ok(Object::Tombstone(_)) => return Ok(Err(Missing::Gone)),
            Ok(object) => object,
            Err(why) => return Ok(Err(Missing::Wrong(why.to_string()))),
        };
        match object.id() {
            Some(id) if id == from || id == at => return Ok(Ok(object)),
            Some(id) => at = id,
            None => break,
        }
    }
    let why = format!("{uri} calls itself by another address each time");
    Ok(Err(Missing::Wrong(why)))
}

/// Fetches a video and keeps what its host says of it.
pub(crate) async fn video(pod: &Pod, uri: &ObjectUri) -> Result<Tried<()>> {
    bring(pod, uri, Voucher::Nobody).await
}

/// Fetches a video or a comment and keeps what its host says of it. Tried again if the host does not answer.
pub(crate) async fn bring(pod: &Pod, uri: &ObjectUri, voucher: Voucher) -> Result<Tried<()>> {
    match object(pod, uri).await? {
        Ok(Object::Video(found)) => {
            learn(pod, &found).await?;
            believe(pod, *found).await?;
        }
        Ok(Object::Note(note)) => return climb(pod, *note, &voucher).await,
        Ok(_) => tracing::info!("{uri} is neither a video nor a comment"),
        Err(Missing::Gone) => gone(pod, uri).await?,
        Err(Missing::Fetch(why)) => return Ok(Err(why.to_string())),
        Err(Missing::Wrong(why)) => tracing::warn!("{uri} is refused: {why}"),
    }
    Ok(Ok(()))
}

/// Keeps a comment, after those it answers as far as they are not known yet. What leads nowhere, or in a circle, is left.
async fn climb(pod: &Pod, note: Note, voucher: &Voucher) -> Result<Tried<()>> {
    let mut chain = vec![note];
    while let Some(answered) = chain.last().and_then(|note| note.in_reply_to.clone()) {
        if super::notes::is_known(pod, &answered).await? {
            break;
        }
        let circle = chain.iter().any(|note| note.id == answered);
        if circle || chain.len() >= CLIMB {
            return Ok(Ok(()));
        }
        match object(pod, &answered).await? {
            Ok(Object::Note(note)) if note.id == answered => chain.push(*note),
            Err(Missing::Fetch(why)) => return Ok(Err(why.to_string())),
            _ => return Ok(Ok(())),
        }
    }
    let announced = match voucher {
        Voucher::Actor(_, activity) => activity.as_ref(),
        _ => None,
    };
    for (above, note) in chain.iter().enumerate().rev() {
        let author = &note.attributed_to;
        let known = remote_actors::by_uri(&pod.db, author).await?;
        if known.is_none_or(|known| known.public_key.is_none()) {
            meet(pod, author).await?;
        }
        let mut tx = pod.db.begin().await?;
        match said::put(pod, &mut tx, note, voucher).await? {
            Applied::Done => {
                if let Some(activity) = announced.filter(|_| above == 0)
                    && let Some(kept) = db::comments::by_uri(&mut tx, &note.id).await?
                {
                    db::comments::set_announce(&mut tx, kept.id, activity).await?;
                }
                tx.commit().await?;
            }
            Applied::Refused(why) => {
                tracing::info!("{} is not kept: {}", note.id, why.reason);
                return Ok(Ok(()));
            }
        }
        pod.network.told();
    }
    Ok(Ok(()))
}

/// A video or a comment is not there any more.
async fn gone(pod: &Pod, uri: &ObjectUri) -> Result<()> {
    let mut tx = pod.db.begin().await?;
    if said::vanished(pod, &mut tx, uri).await? {
        tx.commit().await?;
        pod.network.told();
        return Ok(());
    }
    drop(tx);
    let Some(row) = remote_videos::by_uri(&pod.db, uri).await? else {
        return Ok(());
    };
    let mut tx = pod.db.begin().await?;
    remote_videos::remove(&mut tx, uri, row.host_id).await?;
    super::pictures::sweep(pod, &mut tx).await?;
    tx.commit().await?;
    pod.lists.clear();
    Ok(())
}

/// Keeps a video as it was found on its own host: that its account says so is what the document itself says.
pub(crate) async fn believe(pod: &Pod, video: Video) -> Result<()> {
    let (id, owner) = (video.id.clone(), video.account().cloned());
    let subject = Subject::whole(Object::Video(Box::new(video)));
    if let (Some(owner), Some(subject)) = (owner, subject) {
        keep(pod, &Activity::new(id, owner, Deed::Update(subject))).await?;
    }
    Ok(())
}

async fn keep(pod: &Pod, activity: &Activity) -> Result<()> {
    let mut tx = pod.db.begin().await?;
    let row = hosts::get_or_insert(&mut tx, &activity.host(), pod.now()).await?;
    let token = row.heard_token.as_deref();
    match index::apply(pod, &mut tx, &row, activity, token).await? {
        Applied::Done => {
            tx.commit().await?;
            pod.lists.clear();
        }
        Applied::Refused(why) => tracing::warn!(host = %row.host, "refused: {}", why.reason),
    }
    Ok(())
}

/// Fetches the account and the channel of a video that are not known yet, so that they have more than an address.
pub(crate) async fn learn(pod: &Pod, video: &Video) -> Result<()> {
    for uri in [video.account(), video.channel()].into_iter().flatten() {
        let known = remote_actors::by_uri(&pod.db, uri).await?;
        if uri.host() == video.id.host() && known.is_none_or(|known| known.public_key.is_none()) {
            meet(pod, uri).await?;
        }
    }
    Ok(())
}

/// Keeps an account or a channel that was looked up, with the account it belongs to, and has a few of its newest videos fetched.
pub(crate) async fn get_to_know(pod: &Pod, actor: &fedi::Actor) -> Result<Option<Actor>> {
    let has_key = actor.key.as_ref().is_some_and(|key| key.owner == actor.id);
    if !has_key || actor.kind == fedi::ActorKind::Application {
        return Ok(None);
    }
    if let Some(owner) = actor.account()
        && owner.host() == actor.id.host()
        && remote_actors::by_uri(&pod.db, owner).await?.is_none()
    {
        meet(pod, owner).await?;
    }
    let now = pod.now();
    let mut tx = pod.db.begin().await?;
    if actors::put(&mut tx, actor, now).await?.is_none() {
        return Ok(None);
    }
    let at_home = |outbox: &&ObjectUri| outbox.host() == actor.id.host();
    if let Some(outbox) = actor.outbox.as_ref().filter(at_home) {
        read_later(&mut tx, outbox, Reach::Glance, now).await?;
    }
    tx.commit().await?;
    pod.queue.wake();
    pod.lists.clear();
    Ok(remote_actors::by_uri(&pod.db, &actor.id).await?)
}

async fn meet(pod: &Pod, uri: &ActorUri) -> Result<()> {
    match actors::fetch(pod, uri).await {
        Ok(actor) if actor.id == *uri => {
            let mut tx = pod.db.begin().await?;
            actors::put(&mut tx, &actor, pod.now()).await?;
            tx.commit().await?;
        }
        Ok(actor) => tracing::info!("{uri} calls itself {}", actor.id),
        Err(why) => tracing::info!("{uri} was not fetched: {why}"),
    }
    Ok(())
}

/// Reads pages of an outbox; where to go on, if there is more.
async fn pages(pod: &Pod, walk: &Walk) -> Result<Tried<Option<Walk>>> {
    let (mut at, mut pages) = (walk.at.clone(), walk.pages);
    for _ in 0..PAGES {
        let Ok(uri) = ObjectUri::parse(&at) else {
            return Ok(Ok(None));
        };
        let host = uri.host();
        // The follow may have ended meanwhile.
        let followed = super::inbox::is_followed(pod, &host).await?;
        if !is_open(pod, &host).await? || (walk.reach == Reach::All && !followed) {
            return Ok(Ok(None));
        }
        let page = match page(pod, &uri).await {
            Ok(page) => page,
            Err(why) => return Ok(Err(why)),
        };
        pages += 1;
        read(pod, &host, page.items, walk.reach).await?;
        match page.next {
            _ if walk.reach == Reach::Glance => return Ok(Ok(None)),
            Some(next) if next.host() == host && pages < ALL_PAGES => at = next.to_string(),
            Some(_) if pages >= ALL_PAGES => {
                tracing::warn!(%host, pages, "the outbox is longer than is read");
                return Ok(Ok(None));
            }
            _ => return Ok(Ok(None)),
        }
    }
    let reach = walk.reach;
    Ok(Ok(Some(Walk { at, pages, reach })))
}

/// A page of a list; of a whole list, its first.
pub(super) async fn page(pod: &Pod, uri: &ObjectUri) -> Tried<Page> {
    let mut at = uri.clone();
    for _ in 0..2 {
        let got = calls::get(pod, at.as_str(), calls::ACCEPT, calls::OBJECT).await;
        let (bytes, from) = got.map_err(|why| why.to_string())?;
        if from.host() != uri.host() {
            return Err(format!("{uri} leads to another host"));
        }
        match Object::parse(&bytes).map_err(|why| why.to_string())? {
            Object::Page(page) => return Ok(*page),
            Object::Collection(list) => match (list.page, list.first) {
                (Some(page), _) => return Ok(*page),
                (None, Some(first)) if first.host() == uri.host() => at = first,
                _ => {
                    let items = list.items;
                    return Ok(Page::new(at.clone(), at, 0, items));
                }
            },
            _ => return Err(format!("{at} is no list")),
        }
    }
    Err(format!("{uri} has no first page"))
}

/// Keeps what a page tells of; videos that are only named are fetched.
async fn read(pod: &Pod, host: &Host, items: Vec<Subject>, reach: Reach) -> Result<()> {
    let mut named = Vec::new();
    let most = match reach {
        Reach::All => ITEMS,
        Reach::Glance => GLANCE,
    };
    for item in items.iter().take(most) {
        match item.told_by(host) {
            Told::Here(Object::Activity(activity)) => match (&activity.deed, activity.object()) {
                (Deed::Create(_), Some(Told::Here(Object::Video(video)))) => {
                    learn(pod, video).await?;
                    keep(pod, activity).await?;
                }
                (Deed::Create(subject) | Deed::Announce(subject), _) => {
                    named.push(subject.id().clone());
                }
                _ => {}
            },
            Told::Here(Object::Video(_)) => named.push(item.id().clone()),
            _ => {}
        }
    }
    if reach == Reach::Glance {
        // Whom nobody follows does not send this pod to others.
        named.retain(|uri| uri.host() == *host);
    }
    let fetched = abreast(PARALLEL, named, |uri| {
        let pod = pod.clone();
        async move {
            match remote_videos::by_uri(&pod.db, &uri).await {
                Ok(None) => video(&pod, &uri).await,
                Ok(Some(_)) => Ok(Ok(())),
                Err(why) => Err(why.into()),
            }
        }
    });
    for outcome in fetched.await? {
        if let Err(why) = outcome? {
            tracing::info!(%host, "a video was not fetched: {why}");
        }
    }
    Ok(())
}
