//! What is said of a video elsewhere, asked where it is at home when somebody here first looks: pods hear of each new comment, but not of those
//! from before they met. It is a job, it is bounded, and it is not repeated for ten minutes.

use super::{calls, fetching, fetching::Tried, remote::Document, said::Voucher};
use crate::{Error, Pod, Result};
use db::{jobs::Job, remote_videos, remote_videos::Counts, videos::Video};
use fedi::Object;
use names::{Host, ObjectUri, VideoId};
use queue::{Outcome, Priority};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The kind of the job.
pub(crate) const COMMENTS: &str = "fetch-comments";

/// A video is not asked about again for this long (ms).
const PAUSE: i64 = 600_000;
/// Pages of a list of comments that are read, and comments that are fetched, in one job.
const PAGES: usize = 5;
const NOTES: usize = 100;
/// How long a job may take.
const TIME: Duration = Duration::from_secs(120);

#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    video: i64,
}

/// Somebody looks at what is said of a video.
pub(crate) async fn looked_at(pod: &Pod, video: &Video) -> Result<()> {
    if !video.remote {
        return Ok(());
    }
    let (now, row) = (pod.now(), remote_videos::by_id(&pod.db, video.id).await?);
    let Some(row) = row.filter(|row| row.talked_at.is_none_or(|at| at < now - PAUSE)) else {
        return Ok(());
    };
    if !pod.network.numbers.may_ask(row.host_id, now) {
        return Ok(());
    }
    let mut tx = pod.db.begin().await?;
    if remote_videos::is_to_be_asked(&mut tx, video.id, now - PAUSE, now).await? {
        let asked = Asked { video: video.id.0 };
        queue::enqueue(&mut tx, COMMENTS, &asked, None, Priority::Soon, now).await?;
    }
    tx.commit().await?;
    pod.queue.wake();
    Ok(())
}

/// The job.
pub(crate) async fn run(pod: &Pod, job: &Job, context: &queue::Context) -> Result<Outcome> {
    let asked: Asked =
        serde_json::from_str(&job.payload).map_err(|why| Error::Internal(why.into()))?;
    match tokio::time::timeout(TIME, ask(pod, VideoId(asked.video))).await {
        Ok(done) => {
            if let Err(why) = done? {
                tracing::info!("what is said of a video was not read: {why}");
            }
        }
        Err(_) => tracing::info!("reading what is said of a video took too long and is cut"),
    }
    db::jobs::complete(&pod.db, job.id, &context.owner, pod.now()).await?;
    Ok(Outcome::Done)
}

async fn ask(pod: &Pod, id: VideoId) -> Result<Tried<()>> {
    let Some(row) = remote_videos::by_id(&pod.db, id).await? else {
        return Ok(Ok(()));
    };
    if !fetching::is_open(pod, &row.host).await? {
        return Ok(Ok(()));
    }
    // The video itself tells how often it was watched, and more if its pod is one like ours.
    if let Err(why) = fetching::video(pod, &row.uri).await? {
        return Ok(Err(why));
    }
    let document = Document::read(&row.document);
    let list = |uri: &Option<String>| {
        let uri = ObjectUri::parse(uri.as_deref()?).ok()?;
        (uri.host() == row.host).then_some(uri)
    };
    let mut counts = Counts::default();
    if let Some(uri) = list(&document.likes) {
        counts.likes = length(pod, &uri).await;
    }
    if let Some(uri) = list(&document.dislikes) {
        counts.dislikes = length(pod, &uri).await;
    }
    if let Some(uri) = list(&document.comments) {
        if let Err(why) = read(pod, &row.host, &uri).await? {
            return Ok(Err(why));
        }
        counts.comments = length(pod, &uri).await;
    }
    if remote_videos::count(&pod.db, id, counts).await? {
        pod.lists.counted(id);
    }
    Ok(Ok(()))
}

/// How long a list says it is.
async fn length(pod: &Pod, uri: &ObjectUri) -> Option<i64> {
    let got = calls::get(pod, uri.as_str(), calls::ACCEPT, calls::OBJECT).await;
    let (bytes, from) = got.ok()?;
    match Object::parse(&bytes) {
        Ok(Object::Collection(list)) if from.host() == uri.host() => {
            i64::try_from(list.total?).ok()
        }
        _ => None,
    }
}

/// Fetches the comments on a list that are not known yet, each from where it lives.
async fn read(pod: &Pod, home: &Host, list: &ObjectUri) -> Result<Tried<()>> {
    let (mut at, mut notes) = (list.clone(), 0);
    for _ in 0..PAGES {
        let page = match fetching::page(pod, &at).await {
            Ok(page) => page,
            Err(why) => return Ok(Err(why)),
        };
        for item in page.items.iter().take(NOTES) {
            let id = item.id();
            if notes >= NOTES || super::notes::is_known(pod, id).await? {
                continue;
            }
            notes += 1;
            let voucher = Voucher::List(home.clone());
            if let Err(why) = fetching::bring(pod, id, voucher).await? {
                tracing::info!("{id} was not fetched: {why}");
            }
        }
        match page.next {
            Some(next) if next.host() == *home && next != at => at = next,
            _ => break,
        }
    }
    Ok(Ok(()))
}
