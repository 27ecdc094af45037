//! How much of the load viewers carry, hour by hour: what left the pod for a video, and what its viewers got from each other. The
//! conductors of the swarms count it as long as a swarm lives; desktop clients' bytes come from the seeder, and pages that do not
//! share say themselves what they took. Here the counters are read every few seconds, the differences are summed up in memory, and
//! what changed is written at most once a minute. It is no accounting to the byte: a pod that is killed loses the last minute.

use crate::{
    Error, Pod, Result,
    access::{self, Right},
    secrets,
};
use bittorrent::InfoHash;
use db::{offload::Offload, users::User};
use names::{VideoId, VideoRef};
use std::{
    collections::{HashMap, HashSet},
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
/// Videos that wait to be written at a time; of more only the pod's own sums are kept.
const MOST_WAITING: usize = 20_000;

/// Who counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The conductor of a swarm of browsers.
    Conductor,
    /// The seeder, for desktop clients.
    Seeder,
}

/// A swarm's counters, which only grow as long as its counter lives.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    pub source: Source,
    pub infohash: InfoHash,
    /// Bytes that left the pod.
    pub from_pod: u64,
    /// Bytes that viewers have got in all, from whomever.
    pub delivered: u64,
    /// Viewers at the moment.
    pub viewers: u64,
    /// Nothing more will come: the counter is gone, and another may begin at nothing.
    pub over: bool,
}

/// The sums since they were written last.
#[derive(Default)]
pub struct Ledger(Mutex<Book>);

#[derive(Default)]
struct Book {
    /// The counters as they were read last.
    read: HashMap<(Source, InfoHash), Counters>,
    videos: HashMap<InfoHash, VideoId>,
    /// By the hour's beginning.
    by_video: HashMap<(VideoId, i64), Sum>,
    by_pod: HashMap<i64, Sum>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counters {
    from_pod: u64,
    delivered: u64,
    from_viewers: u64,
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

impl Counters {
    /// What has come since these; they become the new ones. A counter that has gone back began anew.
    fn advance(&mut self, reading: &Reading) -> Sum {
        if reading.from_pod < self.from_pod || reading.delivered < self.delivered {
            *self = Self::default();
        }
        // What was granted counts before it has arrived, so the difference may shrink for a while.
        let from_viewers = reading.delivered.saturating_sub(reading.from_pod);
        let more = Sum {
            from_pod: reading.from_pod - self.from_pod,
            from_viewers: from_viewers.saturating_sub(self.from_viewers),
            viewers: reading.viewers,
        };
        *self = Self {
            from_pod: reading.from_pod,
            delivered: reading.delivered,
            from_viewers: self.from_viewers.max(from_viewers),
        };
        more
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

    /// Infohashes that have moved and whose video is not known yet.
    fn strangers(&self, readings: &[Reading]) -> Vec<InfoHash> {
        let moved = readings.iter().filter(|reading| {
            let last = self.read.get(&(reading.source, reading.infohash));
            let last = last.copied().unwrap_or_default();
            (reading.from_pod, reading.delivered) != (last.from_pod, last.delivered)
        });
        let strangers = moved.filter(|reading| !self.videos.contains_key(&reading.infohash));
        let strangers: HashSet<InfoHash> = strangers.map(|reading| reading.infohash).collect();
        strangers.into_iter().collect()
    }

    fn note(&mut self, hour: i64, readings: &[Reading]) -> HashMap<VideoId, u64> {
        let mut present: HashMap<VideoId, u64> = HashMap::new();
        for reading in readings {
            let key = (reading.source, reading.infohash);
            let more = self.read.entry(key).or_default().advance(reading);
            if reading.over {
                self.read.remove(&key);
            }
            if let Some(video) = self.videos.get(&reading.infohash).copied() {
                *present.entry(video).or_default() += reading.viewers;
                if more.from_pod > 0 || more.from_viewers > 0 {
                    self.add(video, hour, more);
                }
            }
        }
        let living: HashSet<(Source, InfoHash)> =
            readings.iter().map(|r| (r.source, r.infohash)).collect();
        self.read.retain(|key, _| living.contains(key));
        let swarms: HashSet<InfoHash> = self.read.keys().map(|(_, infohash)| *infohash).collect();
        self.videos.retain(|infohash, _| swarms.contains(infohash));
        present
    }
}

impl Ledger {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page that does not share took so many bytes from the pod.
    pub(crate) fn taken(&self, now: i64, video: VideoId, bytes: u64) {
        if bytes > 0 {
            let more = Sum {
                from_pod: bytes,
                ..Sum::default()
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
    // Pages of ours that do not share are no members of a swarm; they are known by their views.
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
            read(&pod, &pod_readings(&pod)).await?;
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

/// The counters of all swarms.
fn pod_readings(pod: &Pod) -> Vec<Reading> {
    let seeder = pod.seeder.taken().into_iter().map(|(infohash, taken)| {
        let sent = taken.sent[peers::seeder::Transport::Tcp as usize];
        Reading {
            source: Source::Seeder,
            infohash,
            from_pod: sent,
            delivered: sent,
            viewers: 0,
            over: false,
        }
    });
    seeder.collect()
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
