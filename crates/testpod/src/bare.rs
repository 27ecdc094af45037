//! Videos that nobody uploaded, for stories in which only their rows matter.

use db::videos::NewVideo;
use names::{AccountId, ChannelId, Privacy, VideoUuid};

/// A video of which nothing is said but its name.
pub fn bare_video(
    uuid: VideoUuid,
    (account_id, channel_id): (AccountId, ChannelId),
    name: &str,
    privacy: Privacy,
    now: i64,
) -> NewVideo<'_> {
    NewVideo {
        uuid,
        account_id,
        channel_id,
        name,
        description: "",
        support: None,
        category: None,
        licence: None,
        language: None,
        tags: &[],
        nsfw: false,
        privacy,
        wait_transcoding: false,
        download_enabled: true,
        comments_policy: 1,
        p2p_enabled: true,
        source_name: "clip.mp4",
        source_size: 1,
        originally_published_at: None,
        now,
    }
}
