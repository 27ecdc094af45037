//! What a pod remembers of videos that everybody may see: the ids of lists, rows, and what the API
//! made of them. It is kept for seconds, and within this process never longer than it is true:
//! every change is noted here after its commit, and what was read before the change is not used
//! again. (Processes that share a PostgreSQL database see each other's changes within the seconds.)
//!
//! There is one count of changes. Whoever reads notes the count first and keeps it beside what was
//! read; a change raises the count and marks its video with it. What is kept is good as long as its
//! count is not below the marks. So nothing has to be found and removed, and an answer that was being
//! put together while something changed is never taken for a newer one. The marks are few numbers
//! that videos share: at worst something is read again that did not change.

use bytes::Bytes;
use db::{
    video_list::VideoQuery,
    videos::{OwnedVideo, Video},
};
use moka::sync::Cache;
use names::{Privacy, VideoId, VideoState, VideoUuid};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How long something is remembered that only another process could have changed.
const ROWS_LAST: Duration = Duration::from_secs(5);
/// Lists and totals also go out of date by themselves: views are counted without a note here.
const LISTS_LAST: Duration = Duration::from_secs(2);
const TOTALS_LAST: Duration = Duration::from_secs(10);

/// Nobody misses one of so many, and counting them takes as long as a thousand lists: the total of a list this long stays for minutes, whatever
/// changes meanwhile.
const MANY: i64 = db::video_list::COUNTED;
const MANY_LAST: Duration = Duration::from_secs(300);

const LISTS: u64 = 1000;
const ROWS: u64 = 8192;
/// Bytes of whole answers about one video each.
const ANSWERS: u64 = 48 << 20;

/// Marks that videos share.
const MARKS: usize = 1024;

/// The count of changes at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Moment(u64);

/// A video's row, and how lists show it.
pub struct Kept {
    pub video: OwnedVideo,
    read: Moment,
    shown: OnceLock<Bytes>,
}

/// The whole answer about a video, as everybody gets it.
#[derive(Clone)]
struct Answer {
    read: Moment,
    body: Bytes,
}

/// The memory of a pod.
pub struct Memory {
    changes: AtomicU64,
    /// The latest change that concerns all videos: of a person or a channel shown beside them.
    all: AtomicU64,
    /// The latest change of what is in lists, and in which order.
    lists: AtomicU64,
    videos: Vec<AtomicU64>,
    rows: Cache<VideoId, Arc<Kept>>,
    ids: Cache<VideoUuid, VideoId>,
    answers: Cache<VideoId, Answer>,
    pages: Cache<(u64, VideoQuery), Arc<Ids>>,
    totals: Cache<VideoQuery, Total>,
    config: OnceLock<Bytes>,
}

/// How long a list was, at which change and when.
#[derive(Debug, Clone, Copy)]
struct Total {
    change: u64,
    read: Instant,
    total: i64,
}

/// Ids of a list, and how long the whole is.
#[derive(Debug)]
pub(crate) struct Ids {
    pub total: i64,
    pub ids: Vec<VideoId>,
}

impl Kept {
    /// How lists show the video, made the first time it is asked for. There is one way to show it.
    pub fn shown(&self, make: impl FnOnce(&OwnedVideo) -> Bytes) -> &Bytes {
        self.shown.get_or_init(|| make(&self.video))
    }
}

/// Whether a video may be remembered: everybody may see it, and it is not being worked on.
fn lasts(video: &Video) -> bool {
    matches!(video.privacy, Privacy::Public | Privacy::Unlisted)
        && video.state == VideoState::Published
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            changes: AtomicU64::new(1),
            all: AtomicU64::new(0),
            lists: AtomicU64::new(0),
            videos: (0..MARKS).map(|_| AtomicU64::new(0)).collect(),
            rows: for_some_time(ROWS_LAST, ROWS),
            ids: Cache::new(4 * ROWS),
            answers: Cache::builder()
                .time_to_live(ROWS_LAST)
                .max_capacity(ANSWERS)
                .weigher(|_, answer: &Answer| {
                    u32::try_from(answer.body.len() + 200).unwrap_or(u32::MAX)
                })
                .build(),
            pages: for_some_time(LISTS_LAST, LISTS),
            totals: for_some_time(MANY_LAST, LISTS),
            config: OnceLock::new(),
        }
    }

    /// The moment before something is read.
    pub(crate) fn now(&self) -> Moment {
        Moment(self.changes.load(Ordering::SeqCst))
    }

    /// Everything may have changed: a person, a channel, several videos.
    pub fn clear(&self) {
        let change = self.next();
        self.all.fetch_max(change, Ordering::SeqCst);
        self.lists.fetch_max(change, Ordering::SeqCst);
    }

    /// A video has changed, and with it the lists it is or was in.
    pub(crate) fn changed(&self, video: VideoId) {
        let change = self.next();
        self.mark(video).fetch_max(change, Ordering::SeqCst);
        self.lists.fetch_max(change, Ordering::SeqCst);
    }

    /// A number on a video has changed; lists may learn of it later.
    pub(crate) fn counted(&self, video: VideoId) {
        let change = self.next();
        self.mark(video).fetch_max(change, Ordering::SeqCst);
    }

    fn next(&self) -> u64 {
        self.changes.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn mark(&self, video: VideoId) -> &AtomicU64 {
        &self.videos[video.0.unsigned_abs() as usize % MARKS]
    }

    fn holds(&self, video: VideoId, read: Moment) -> bool {
        let mark = self.mark(video).load(Ordering::SeqCst);
        read.0 >= mark && read.0 >= self.all.load(Ordering::SeqCst)
    }

    /// The row, if it is remembered and still true.
    pub(crate) fn row(&self, video: VideoId) -> Option<Arc<Kept>> {
        let kept = self.rows.get(&video)?;
        self.holds(video, kept.read).then_some(kept)
    }

    /// The number behind a uuid, which never changes.
    pub(crate) fn id(&self, uuid: VideoUuid) -> Option<VideoId> {
        self.ids.get(&uuid)
    }

    /// Remembers a row that was read after `read`, unless it is not for everybody.
    pub(crate) fn keep_row(&self, read: Moment, video: OwnedVideo) -> Arc<Kept> {
        let (id, uuid) = (video.video.id, video.video.uuid);
        let remember = lasts(&video.video);
        let kept = Arc::new(Kept {
            video,
            read,
            shown: OnceLock::new(),
        });
        if remember {
            self.rows.insert(id, kept.clone());
            self.ids.insert(uuid, id);
        }
        kept
    }

    /// The whole answer about a video, if it is remembered and still true.
    pub(crate) fn answer(&self, video: VideoId) -> Option<Bytes> {
        let answer = self.answers.get(&video)?;
        self.holds(video, answer.read).then_some(answer.body)
    }

    /// Remembers an answer that was made of a row and of what was read after it, unless it is not for
    /// everybody. It is as old as the row.
    pub(crate) fn keep_answer(&self, row: &Kept, body: &Bytes) {
        let video = &row.video.video;
        if lasts(video) {
            let answer = Answer {
                read: row.read,
                body: body.clone(),
            };
            self.answers.insert(video.id, answer);
        }
    }

    /// The ids of a list, remembered or read anew.
    pub(crate) async fn page<F>(&self, query: VideoQuery, read: F) -> crate::Result<Arc<Ids>>
    where
        F: AsyncFnOnce(&VideoQuery) -> crate::Result<Ids>,
    {
        let key = (self.lists.load(Ordering::SeqCst), query);
        if let Some(page) = self.pages.get(&key) {
            return Ok(page);
        }
        let page = Arc::new(read(&key.1).await?);
        self.pages.insert(key, page.clone());
        Ok(page)
    }

    /// How long a list is, remembered or read anew.
    pub(crate) async fn total<F>(&self, query: VideoQuery, read: F) -> crate::Result<i64>
    where
        F: AsyncFnOnce(&VideoQuery) -> crate::Result<i64>,
    {
        let change = self.lists.load(Ordering::SeqCst);
        if let Some(kept) = self.totals.get(&query)
            && (kept.total >= MANY || kept.change == change && kept.read.elapsed() < TOTALS_LAST)
        {
            return Ok(kept.total);
        }
        let total = read(&query).await?;
        let kept = Total {
            change,
            read: Instant::now(),
            total,
        };
        self.totals.insert(query, kept);
        Ok(total)
    }

    /// The API's answer about the pod itself, which is the same as long as the pod runs.
    pub fn config(&self, make: impl FnOnce() -> Bytes) -> Bytes {
        self.config.get_or_init(make).clone()
    }

    /// Gives back the memory of what is too old to be used.
    pub fn sweep(&self) {
        self.rows.run_pending_tasks();
        self.answers.run_pending_tasks();
        self.pages.run_pending_tasks();
        self.totals.run_pending_tasks();
    }
}

fn for_some_time<K, V>(time: Duration, capacity: u64) -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder()
        .time_to_live(time)
        .max_capacity(capacity)
        .build()
}

#[cfg(test)]
mod tests;
