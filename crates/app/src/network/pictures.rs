//! Pictures of remote videos: fetched from their pod when somebody first looks, made anew within our limits, and kept like our own. Their
//! names follow from the videos', so nothing has to be written down about them.

use crate::{Error, Pod, Result, images};
use db::videos::Video;
use fetch::{Answer, Request};
use files::FileName;
use names::{VideoRef, VideoUuid};

/// How the names begin.
const REMOTE: &str = "remote-";

/// The name under which both pictures of a remote video are asked for.
pub fn name(video: &Video) -> String {
    format!("{REMOTE}{}.jpg", video.uuid)
}

/// The video whose picture has this name.
fn video_of(name: &str) -> Option<VideoUuid> {
    VideoUuid::parse(name.strip_prefix(REMOTE)?.strip_suffix(".jpg")?).ok()
}

/// Fetches the picture of this name, if it is that of a remote video. False when there is none.
pub(crate) async fn fetch(pod: &Pod, name: &FileName) -> Result<bool> {
    let Some(uuid) = video_of(name.as_str()) else {
        return Ok(false);
    };
    let found = db::videos::find(&pod.db, VideoRef::Uuid(uuid)).await?;
    let Some(found) = found.filter(|found| found.video.remote) else {
        return Ok(false);
    };
    let remote = db::remote_videos::by_id(&pod.db, found.video.id).await?;
    let Some(url) = remote.and_then(|remote| remote.preview_url.or(remote.thumbnail_url)) else {
        return Ok(false);
    };
    let request = Request::get(url, images::MAX_PICTURE as u64);
    let fetched = pod
        .network
        .fetch
        .send(request)
        .await
        .and_then(Answer::success);
    let picture = fetched
        .map_err(|why| Error::Unavailable(format!("The picture could not be fetched: {why}.")))?;
    images::store_as(pod, picture.body, name).await?;
    Ok(true)
}
