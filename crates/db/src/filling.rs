//! New videos of other pods: their rows, tags and words, for one that was just told and for the hundreds of a list alike.

use crate::{
    Executor, Result, Sql, Tx,
    remote_videos::{RemoteVideo, tags_json},
};
use names::{Privacy, VideoId, VideoState, VideoUuid};
use std::collections::HashMap;

/// Adds these videos and gives their numbers; nothing is done about one whose uuid is taken. It asks nothing first: each must be new, and its
/// channel and account of its own host. A few dozen at most, since a statement takes only so many values, and SQLite the square of their number to
/// read it.
pub async fn add_remote_videos(
    tx: &mut Tx,
    videos: &[RemoteVideo<'_>],
) -> Result<HashMap<VideoUuid, VideoId>> {
    let mut rows = Sql::new(
        "INSERT INTO videos (uuid, account_id, channel_id, name, description, support, category, licence, language, \
         tags, nsfw, privacy, state, download_enabled, comments_policy, duration, width, height, views, likes, \
         dislikes, comments, created_at, updated_at, published_at, originally_published_at, source_kept, remote) VALUES ",
    );
    let mut open = "(";
    for v in videos {
        rows.push(open).push_value(v.uuid);
        macro_rules! values {
            ($($value:expr),* $(,)?) => {$(rows.push(", ").push_value($value);)*};
        }
        values!(
            v.account_id,
            v.channel_id,
            v.name,
            v.description,
            v.support,
            v.category,
            v.licence,
            v.language,
            tags_json(v.tags),
            v.nsfw,
            v.privacy,
            VideoState::Published,
            v.download_enabled,
            v.comments_policy,
            v.duration,
            v.width,
            v.height,
            v.counts.views.unwrap_or(0),
            v.counts.likes.unwrap_or(0),
            v.counts.dislikes.unwrap_or(0),
            v.counts.comments.unwrap_or(0),
            v.now,
            v.origin_updated_at,
            v.published_at,
            v.originally_published_at,
        );
        rows.push(", FALSE, TRUE)");
        open = ", (";
    }
    rows.push(" ON CONFLICT (uuid) DO NOTHING RETURNING id, uuid");
    let ids: Vec<(VideoId, VideoUuid)> = { &mut *tx }.all(rows).await?;
    let ids: HashMap<VideoUuid, VideoId> = ids.into_iter().map(|(id, uuid)| (uuid, id)).collect();
    if ids.is_empty() {
        return Ok(ids);
    }

    let mut beside = Sql::new(
        "INSERT INTO remote_videos (video_id, uri, host_id, document, thumbnail_url, preview_url, token, \
         origin_updated_at, refreshed_at) VALUES ",
    );
    let mut tags = Sql::new("INSERT INTO video_tags (video_id, tag, listed_at) VALUES ");
    let (mut open, mut open_tag) = ("(", "(");
    let mut words = Vec::with_capacity(videos.len());
    for v in videos {
        let Some(id) = ids.get(&v.uuid).copied() else {
            continue;
        };
        beside.push(open).push_value(id);
        macro_rules! values {
            ($($value:expr),* $(,)?) => {$(beside.push(", ").push_value($value);)*};
        }
        values!(
            v.uri,
            v.host_id,
            v.document,
            v.thumbnail_url,
            v.preview_url,
            v.token,
            v.origin_updated_at,
            v.now,
        );
        beside.push(")");
        open = ", (";
        for tag in v.tags {
            tags.push(open_tag).push_value(id).push(", ");
            tags.push_value(tag.to_lowercase()).push(", ");
            tags.push_value((v.privacy == Privacy::Public).then_some(v.published_at))
                .push(")");
            open_tag = ", (";
        }
        if v.privacy == Privacy::Public {
            words.push((id, v.name, v.tags.join(" "), v.description));
        }
    }
    { &mut *tx }.run(beside).await?;
    if open_tag != "(" {
        tags.push(" ON CONFLICT DO NOTHING");
        { &mut *tx }.run(tags).await?;
    }
    // In the order of their ids, which is the only one that the index takes at its best.
    words.sort_by_key(|(id, ..)| *id);
    let words: Vec<_> = words
        .iter()
        .map(|(id, name, tags, text)| (id.0, *name, tags.as_str(), *text))
        .collect();
    if !words.is_empty() {
        let dialect = tx.dialect();
        { tx }.run(dialect.index_new_videos(&words)).await?;
    }
    Ok(ids)
}
