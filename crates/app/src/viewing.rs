//! Who watches: views, viewers of the moment, where a viewer stopped, and where the bytes came
//! from as the pages report it.

use crate::{Error, Pod, Result};
use db::{traffic::Traffic, users::User, videos::Video};
use names::{VideoId, VideoRef};
use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::Mutex,
};

/// Watching this long counts as a view.
const COUNTED_AFTER: i64 = 10_000;
/// The same viewer is counted again after this long.
const COUNTED_AGAIN: i64 = 3600 * 1000;
/// A viewer whose page is silent for this long has gone.
const GONE_AFTER: i64 = 60_000;
/// Viewers remembered at a time; beyond it views are not told apart and not counted.
const MAX_VIEWERS: usize = 200_000;

/// The viewers of the last hour, in memory only: addresses are never stored.
#[derive(Default)]
pub struct Viewers(Mutex<Table>);

#[derive(Default)]
struct Table {
    seen: HashMap<VideoId, HashMap<IpAddr, Seen>>,
    count: usize,
    next_sweep: i64,
    /// Videos that had enough viewers, and still have one.
    busy: HashSet<VideoId>,
}

struct Seen {
    first: i64,
    last: i64,
    counted: bool,
}

impl Viewers {
    /// Notes a sign of life; whether it makes a view.
    fn seen(&self, video: VideoId, who: IpAddr, enough: bool, now: i64) -> bool {
        let mut table = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        table.sweep(now);
        let full = table.count >= MAX_VIEWERS;
        let table = &mut *table;
        let viewers = table.seen.entry(video).or_default();
        if !viewers.contains_key(&who) {
            if full {
                return false;
            }
            table.count += 1;
        }
        let seen = viewers.entry(who).or_insert(Seen {
            first: now,
            last: now,
            counted: false,
        });
        seen.last = now;
        if seen.counted && now - seen.first > COUNTED_AGAIN {
            *seen = Seen {
                first: now,
                last: now,
                counted: false,
            };
        }
        let counts = !seen.counted && (enough || now - seen.first >= COUNTED_AFTER);
        seen.counted |= counts;
        counts
    }

    /// How many watch a video right now.
    pub fn watching(&self, video: VideoId, now: i64) -> i64 {
        let table = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        table.seen.get(&video).map_or(0, |viewers| {
            viewers
                .values()
                .filter(|s| now - s.last < GONE_AFTER)
                .count() as i64
        })
    }

    /// Whether at least so many watch a video. It stays so until nobody does, so that nothing begins and ends with each viewer.
    pub(crate) fn enough(&self, video: VideoId, least: u32, now: i64) -> bool {
        if least <= 1 {
            return true;
        }
        let watching = self.watching(video, now);
        let mut table = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if watching == 0 {
            table.busy.remove(&video);
        } else if watching >= i64::from(least) {
            table.busy.insert(video);
        }
        table.busy.contains(&video)
    }

    /// How many watch something right now; who watches two videos counts twice.
    pub(crate) fn watching_anything(&self, now: i64) -> u64 {
        let table = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let viewers = table.seen.values().flat_map(HashMap::values);
        viewers.filter(|s| now - s.last < GONE_AFTER).count() as u64
    }
}

impl Table {
    fn sweep(&mut self, now: i64) {
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now + GONE_AFTER;
        for viewers in self.seen.values_mut() {
            viewers.retain(|_, s| now - s.last < COUNTED_AGAIN);
        }
        self.seen.retain(|_, viewers| !viewers.is_empty());
        self.busy.retain(|video| {
            let viewers = self.seen.get(video).into_iter().flat_map(HashMap::values);
            viewers.into_iter().any(|s| now - s.last < GONE_AFTER)
        });
        self.count = self.seen.values().map(HashMap::len).sum();
    }
}

/// Notes that somebody is at `seconds` of a video.
pub async fn view(
    pod: &Pod,
    viewer: Option<&User>,
    address: IpAddr,
    named: VideoRef,
    seconds: i64,
) -> Result<()> {
    let video = crate::videos::find(pod, viewer, named).await?.video;
    if seconds < 0 || seconds > video.duration.max(1) + 60 {
        return Err(Error::invalid("currentTime", "beyond the end of the video"));
    }
    let now = pod.now();
    let enough = seconds * 1000 >= COUNTED_AFTER.min(video.duration * 500);
    if pod.viewers.seen(video.id, address, enough, now) {
        db::videos::add_views(&pod.db, video.id, 1).await?;
        crate::network::saying::watched(pod, &video).await?;
        pod.lists.counted(video.id);
        metrics::counter!("shoal_views_total").increment(1);
    }
    if let Some(user) = viewer {
        db::traffic::stopped_at(&pod.db, user.id, video.id, seconds, now).await?;
    }
    Ok(())
}

/// What a page reports: bytes since its last report.
#[derive(Debug, Clone, Copy, Default)]
pub struct Playback {
    pub from_pod: i64,
    pub from_peers: i64,
    pub to_peers: i64,
    /// The part of `from_pod` that the pod sent as a peer, which it has counted itself.
    pub from_pod_by_peer: i64,
    /// Peers connected.
    pub peers: f64,
    pub stalls: i64,
    pub errors: i64,
    pub resolution_changes: i64,
}

/// A report claims at most this many bytes of each kind (a minute at 1 Gbit/s).
const MAX_REPORT: i64 = 8_000_000_000;
/// And at most so many stalls, errors and changes.
const MAX_EVENTS: i64 = 10_000;

/// Adds a page's report to the sums of its video and of the pod.
pub async fn playback(
    pod: &Pod,
    viewer: Option<&User>,
    named: VideoRef,
    report: Playback,
) -> Result<()> {
    for (field, bytes) in [
        ("downloadedBytesHTTP", report.from_pod),
        ("downloadedBytesP2P", report.from_peers),
        ("uploadedBytesP2P", report.to_peers),
    ] {
        if !(0..=MAX_REPORT).contains(&bytes) {
            return Err(Error::invalid(field, "not a believable number of bytes"));
        }
    }
    if !(0..=report.from_pod).contains(&report.from_pod_by_peer) {
        let reason = "not a part of downloadedBytesHTTP";
        return Err(Error::invalid("downloadedBytesPodPeer", reason));
    }
    for (field, count) in [
        ("bufferStalls", report.stalls),
        ("errors", report.errors),
        ("resolutionChanges", report.resolution_changes),
    ] {
        if !(0..=MAX_EVENTS).contains(&count) {
            return Err(Error::invalid(field, "not a believable number"));
        }
    }
    let video: Video = crate::videos::find(pod, viewer, named).await?.video;
    metrics::counter!("shoal_playback_bytes_total", "source" => "pod")
        .increment(report.from_pod as u64);
    metrics::counter!("shoal_playback_bytes_total", "source" => "peers")
        .increment(report.from_peers as u64);
    metrics::counter!("shoal_playback_stalls_total").increment(report.stalls as u64);
    metrics::counter!("shoal_playback_errors_total").increment(report.errors as u64);
    metrics::counter!("shoal_playback_resolution_changes_total")
        .increment(report.resolution_changes as u64);
    metrics::histogram!("shoal_playback_peers").record(report.peers.clamp(0.0, 10_000.0));
    let over_http = (report.from_pod - report.from_pod_by_peer) as u64;
    (pod.offload).reported(pod.now(), video.id, over_http, report.from_peers as u64);
    let day = Traffic {
        day: pod.now() / 86_400_000,
        from_pod: report.from_pod,
        from_peers: report.from_peers,
        to_peers: report.to_peers,
    };
    Ok(db::traffic::add(&pod.db, video.id, &day).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_counts_once_an_hour() {
        let viewers = Viewers::default();
        let (video, who) = (VideoId(1), IpAddr::from([127, 0, 0, 1]));
        let at = |now, enough| viewers.seen(video, who, enough, now);
        assert!(!at(0, false));
        assert!(!at(5_000, false));
        assert!(at(10_000, false));
        assert!(!at(20_000, true));
        assert_eq!(viewers.watching(video, 30_000), 1);
        assert_eq!(viewers.watching(video, 90_000), 0);
        assert_eq!(viewers.watching_anything(30_000), 1);
        assert_eq!(viewers.watching_anything(90_000), 0);
        assert!(at(COUNTED_AGAIN + 20_000, true));
    }

    #[test]
    fn enough_is_enough_until_nobody_watches() {
        let viewers = Viewers::default();
        let video = VideoId(1);
        let at = |place, now| viewers.seen(video, IpAddr::from([127, 0, 0, place]), false, now);
        assert!(viewers.enough(video, 1, 0));
        for (place, now, enough) in [
            (1, 0, false),
            (1, 1_000, false),
            (2, 2_000, true),
            (1, 50_000, true),
            (1, 100_000, true),
            (2, 200_000, false),
            (1, 201_000, true),
        ] {
            at(place, now);
            assert_eq!(viewers.enough(video, 2, now), enough, "{now}");
        }
    }
}
