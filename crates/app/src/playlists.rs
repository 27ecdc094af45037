//! The master playlist of a video, written anew for each answer: it grows as renditions are
//! finished, and a text made from the rows can never be out of step with them.

use crate::{Error, Pod, Result};
use db::renditions::Rendition;
use hls::Variant;
use names::{VideoRef, VideoUuid};

/// The master playlist, if `name` is its name.
pub(crate) async fn master(pod: &Pod, video: VideoUuid, name: &str) -> Result<String> {
    let gone = || Error::NotFound("The playlist was");
    let found = crate::videos::known(pod, VideoRef::Uuid(video)).await?;
    let video = &found.video.video;
    if video.playlist.as_deref() != Some(name) {
        return Err(gone());
    }
    let renditions = db::renditions::of_video(&pod.db, video.id).await?;
    if renditions.is_empty() {
        return Err(gone());
    }
    Ok(hls::master_playlist(
        &renditions.iter().map(variant).collect::<Vec<_>>(),
    ))
}

fn variant(rendition: &Rendition) -> Variant {
    let size = |n: i64| u32::try_from(n).unwrap_or(0);
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    Variant {
        uri: rendition.playlist.clone(),
        bandwidth: number(rendition.bandwidth),
        average_bandwidth: number(rendition.bandwidth_average),
        codecs: rendition.codecs.clone(),
        width: size(rendition.width),
        height: size(rendition.height),
        fps: rendition.fps as f64,
        name: if rendition.has_video {
            format!("{}p", rendition.resolution)
        } else {
            "Audio only".to_owned()
        },
    }
}

/// The magnet link of a rendition, with the pod's trackers; none for videos that are not shared.
pub fn magnet(pod: &Pod, video: &db::videos::Video, rendition: &Rendition) -> Option<String> {
    if pod.settings.p2p.off(video.into()).is_some() {
        return None;
    }
    let magnet = bittorrent::Magnet {
        infohash: rendition.infohash.parse().ok()?,
        source: Some(format!(
            "{}/lazy-static/torrents/{}",
            pod.settings.public_url, rendition.torrent
        )),
        name: Some(rendition.file.clone()),
        length: u64::try_from(rendition.size).ok(),
        trackers: pod.tracker_urls(),
    };
    Some(magnet.to_string())
}
