//! How much of the load viewers carry, hour by hour: what left the pod for a video, and what its viewers got from each other. Pages say
//! themselves what they took over HTTP and from whom they got the rest; what the pod sends as a peer, to stock clients too, its
//! seeder counts. (The conductors' accounts are no source: they count what was granted, taken or not, end with their swarm, and know
//! nothing of pages that do not share.) It is summed up in memory, and what changed is written at most once a minute. It is no
//! accounting to the byte: a pod that is killed loses the last minute, and a page may lie.

use crate::{
    Error, Pod, Result,
    access::{self, Right},
    secrets,
};
use bittorrent::InfoHash;
use db::{offload::Offload, users::User};
use names::{VideoId, VideoRef};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

mod series;
pub use series::{Series, Step};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Hours are kept for so long, then they become days.
const HOURS_LAST: i64 = 30 * DAY;
/// And those for so long.
const DAYS_LAST: i64 = 5 * 365 * DAY;

/// How often the counters are read.
const READ_EVERY: Duration = Duration::from_secs(10);
/// After so many readings what changed is written.
const WRITE_AFTER: u32 = 6;
/// Swarms whose members are counted.
const BUSIEST: usize = 1000;
/// Videos that wait to be written at a time; of more only the pod's own sums are kept.
const MOST_WAITING: usize = 20_000;

/// A swarm at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    pub infohash: InfoHash,
    /// Bytes that the pod has sent as a peer; a counter that may begin anew.
    pub sent: u64,
    /// Browsers in the swarm.
    pub viewers: u64,
}

/// The sums since they were written last.
#[derive(Default)]
pub struct Ledger(Mutex<Book>);

#[derive(Default)]
struct Book {
    /// What the pod had sent when it was read last.
    sent: HashMap<InfoHash, u64>,
    videos: HashMap<InfoHash, VideoId>,
    /// By the hour's beginning.
    by_video: HashMap<(VideoId, i64), Sum>,
    by_pod: HashMap<i64, Sum>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    from_pod: u64,
    from_viewers: u64,
    viewers: u64,
}

impl Sum {
    fn add(&mut self, more: Self) {
        self.from_pod = self.from_pod.saturating_add(more.from_pod);
        self.from_viewers = self.from_viewers.saturating_add(more.from_viewers);
        self.viewers = self.viewers.max(more.viewers);
    }

    fn row(self, start_at: i64) -> Offload {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Offload {
            start_at,
            hours: 1,
            from_pod: number(self.from_pod),
            from_viewers: number(self.from_viewers),
            viewers: number(self.viewers),
        }
    }
}

impl Book {
    fn add(&mut self, video: VideoId, hour: i64, more: Sum) {
        let waiting = self.by_video.len();
        if waiting < MOST_WAITING || self.by_video.contains_key(&(video, hour)) {
            self.by_video.entry((video, hour)).or_default().add(more);
        }
        let pod = self.by_pod.entry(hour).or_default();
        pod.add(Sum { viewers: 0, ..more });
    }

    /// Infohashes that something is known of now and whose video is not known yet.
    fn strangers(&self, readings: &[Reading]) -> Vec<InfoHash> {
        let last = |reading: &Reading| self.sent.get(&reading.infohash).copied().unwrap_or(0);
        let matters = |reading: &&Reading| reading.viewers > 0 || reading.sent != last(reading);
        let strangers = readings
            .iter()
            .filter(matters)
            .map(|reading| reading.infohash)
            .filter(|infohash| !self.videos.contains_key(infohash));
        strangers.collect()
    }

    /// Adds what was sent since the last reading; the browsers in the swarms of each video.
    fn note(&mut self, hour: i64, readings: &[Reading]) -> HashMap<VideoId, u64> {
        let mut present: HashMap<VideoId, u64> = HashMap::new();
        let mut sent = HashMap::with_capacity(readings.len());
        for reading in readings {
            let last = self.sent.get(&reading.infohash).copied().unwrap_or(0);
            sent.insert(reading.infohash, reading.sent);
            let Some(video) = self.videos.get(&reading.infohash).copied() else {
                continue;
            };
            *present.entry(video).or_default() += reading.viewers;
            // A counter that has gone back began anew.
            let from_pod = reading.sent.checked_sub(last).unwrap_or(reading.sent);
            if from_pod > 0 {
                let more = Sum {
                    from_pod,
                    ..Sum::default()
                };
                self.add(video, hour, more);
            }
        }
        self.videos
            .retain(|infohash, _| sent.contains_key(infohash));
        self.sent = sent;
        present
    }
}

impl Ledger {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page has got so many bytes from the pod over HTTP, and from viewers.
    pub(crate) fn reported(&self, now: i64, video: VideoId, from_pod: u64, from_viewers: u64) {
        if from_pod > 0 || from_viewers > 0 {
            let more = Sum {
                from_pod,
                from_viewers,
                viewers: 0,
            };
            self.book().add(video, Step::Hour.floor(now), more);
        }
    }
}

/// Adds what has come since the last reading.
pub async fn read(pod: &Pod, readings: &[Reading]) -> Result<()> {
    let strangers = pod.offload.book().strangers(readings);
    let mut known = Vec::new();
    // A statement takes so many values and not any number.
    for part in strangers.chunks(500) {
        let hex: Vec<String> = part.iter().map(|hash| secrets::hex(&hash.0)).collect();
        known.extend(db::offload::videos_of(&pod.db, &hex).await?);
    }
    let (now, mut book) = (pod.now(), pod.offload.book());
    let hour = Step::Hour.floor(now);
    for (hex, video) in known {
        if let Ok(infohash) = hex.parse::<InfoHash>() {
            book.videos.insert(infohash, video);
        }
    }
    let present = book.note(hour, readings);
    // Pages that do not share are no members of a swarm; they are known by their views.
    for ((video, _), sum) in book.by_video.iter_mut().filter(|((_, at), _)| *at == hour) {
        let watching = u64::try_from(pod.viewers.watching(*video, now)).unwrap_or(0);
        let members = present.get(video).copied().unwrap_or(0);
        sum.viewers = sum.viewers.max(watching).max(members);
    }
    let members: u64 = present.values().sum();
    let all = members.max(pod.viewers.watching_anything(now));
    if let Some(sum) = book.by_pod.get_mut(&hour) {
        sum.viewers = sum.viewers.max(all);
    }
    Ok(())
}

/// Writes what has come since it was written last.
pub async fn write(pod: &Pod) -> Result<()> {
    let (by_video, by_pod) = {
        let mut book = pod.offload.book();
        (
            std::mem::take(&mut book.by_video),
            std::mem::take(&mut book.by_pod),
        )
    };
    if by_pod.is_empty() {
        return Ok(());
    }
    let written = async {
        let mut tx = pod.db.begin().await?;
        for ((video, hour), sum) in &by_video {
            db::offload::add_to_video(&mut tx, *video, &sum.row(*hour)).await?;
        }
        for (hour, sum) in &by_pod {
            db::offload::add_to_pod(&mut tx, &sum.row(*hour)).await?;
        }
        tx.commit().await
    };
    if let Err(error) = written.await {
        let mut book = pod.offload.book();
        for (key, sum) in by_video {
            book.by_video.entry(key).or_default().add(sum);
        }
        for (hour, sum) in by_pod {
            book.by_pod.entry(hour).or_default().add(sum);
        }
        return Err(error.into());
    }
    Ok(())
}

/// Reads and writes until `stop`, and once more then.
pub async fn keep(pod: Pod, stop: CancellationToken) {
    let mut readings = 0;
    loop {
        let stopped = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(READ_EVERY) => false,
        };
        readings += 1;
        let done = async {
            read(&pod, &swarms(&pod)).await?;
            if stopped || readings >= WRITE_AFTER {
                readings = 0;
                write(&pod).await?;
            }
            Result::Ok(())
        };
        if let Err(error) = done.await {
            tracing::warn!(%error, "what viewers carried could not be noted; it is tried again");
        }
        if stopped {
            return;
        }
    }
}

/// All swarms of which the pod has sent something, and those with the most members.
fn swarms(pod: &Pod) -> Vec<Reading> {
    let empty = |infohash| Reading {
        infohash,
        sent: 0,
        viewers: 0,
    };
    let mut readings: HashMap<InfoHash, Reading> = HashMap::new();
    for (infohash, taken) in pod.seeder.taken() {
        let reading = readings.entry(infohash);
        reading.or_insert_with(|| empty(infohash)).sent = taken.total();
    }
    for (infohash, counts) in pod.tracker.busiest(BUSIEST) {
        let reading = readings.entry(infohash);
        reading.or_insert_with(|| empty(infohash)).viewers = counts.browsers.into();
    }
    readings.into_values().collect()
}

/// Makes days of old hours and removes old days.
pub(crate) async fn tidy(pod: &Pod) -> Result<()> {
    let now = pod.now();
    let mut tx = pod.db.begin().await?;
    db::offload::tidy(&mut tx, now - HOURS_LAST, now - DAYS_LAST).await?;
    Ok(tx.commit().await?)
}

/// Who carried a video, for those who manage it. Without a time it is the last 30 days.
pub async fn of_video(
    pod: &Pod,
    user: &User,
    named: VideoRef,
    start: Option<i64>,
    end: Option<i64>,
) -> Result<Series> {
    let video = crate::videos::managed(pod, user, named).await?.video.id;
    let (step, from, to) = span(pod.now(), start, end)?;
    let rows = db::offload::of_video(&pod.db, video, from, to).await?;
    Ok(Series::new(step, from, to, &rows))
}

/// Who carried everything, for those who run the pod.
pub async fn of_pod(
    pod: &Pod,
    user: &User,
    start: Option<i64>,
    end: Option<i64>,
) -> Result<Series> {
    access::require(user, Right::ManageSwarms)?;
    let (step, from, to) = span(pod.now(), start, end)?;
    let rows = db::offload::of_pod(&pod.db, from, to).await?;
    Ok(Series::new(step, from, to, &rows))
}

/// From when until when, and in which steps: hours up to three days, as long as there are hours, else days.
fn span(now: i64, start: Option<i64>, end: Option<i64>) -> Result<(Step, i64, i64)> {
    let end = end.unwrap_or(now).clamp(now - DAYS_LAST, now);
    let start = start.unwrap_or(end - 30 * DAY).max(now - DAYS_LAST);
    if start > end {
        return Err(Error::invalid("startDate", "it must be before endDate"));
    }
    let step = match end - start <= 3 * DAY && start >= now - HOURS_LAST + DAY {
        true => Step::Hour,
        false => Step::Day,
    };
    Ok((step, step.floor(start), step.floor(end) + step.length()))
}

#[cfg(test)]
mod tests;
