//! Videos of other pods. Each is a row among the videos, so that lists and search find it like our own, and a row beside it with what
//! only a remote one has. Everything about one video is written in one transaction, and writing it again changes nothing: what
//! arrives twice, or late, does no harm. A row belongs to the host of its uri, and only what that host says changes it.

use crate::{
    Executor, Result, Tx,
    column::row,
    filling::add_remote_videos,
    search,
    sql::{select, sql},
    videos::put_tags,
};
use names::{
    AccountId, ActorId, ActorUri, ChannelId, Friendship, Host, HostId, ObjectUri, Privacy, VideoId,
    VideoUuid,
};

row! {
    /// What a remote video has beside its row among the videos.
    pub struct RemoteRow {
        video_id: VideoId = "r.video_id",
        uri: ObjectUri = "r.uri",
        host_id: HostId = "r.host_id",
        host: Host = "h.host",
        /// What that host is to ours.
        friendship: Friendship = "h.friendship",
        /// What playing needs, as JSON.
        document: String = "r.document",
        thumbnail_url: Option<String> = "r.thumbnail_url",
        preview_url: Option<String> = "r.preview_url",
        /// The whole list it was last mentioned in.
        token: Option<String> = "r.token",
        origin_updated_at: i64 = "r.origin_updated_at",
        refreshed_at: i64 = "r.refreshed_at",
        /// When its comments and counts were last asked for at home.
        talked_at: Option<i64> = "r.talked_at",
    }
}

/// A remote video as its host describes it.
#[derive(Debug, Clone)]
pub struct RemoteVideo<'a> {
    pub uri: &'a ObjectUri,
    pub host_id: HostId,
    pub uuid: VideoUuid,
    pub account_id: AccountId,
    pub channel_id: ChannelId,
    pub name: &'a str,
    pub description: &'a str,
    pub support: Option<&'a str>,
    pub category: Option<i64>,
    pub licence: Option<i64>,
    pub language: Option<&'a str>,
    pub tags: &'a [String],
    pub nsfw: bool,
    pub privacy: Privacy,
    pub download_enabled: bool,
    pub comments_policy: i64,
    /// Seconds.
    pub duration: i64,
    pub width: i64,
    pub height: i64,
    pub counts: Counts,
    pub published_at: i64,
    pub originally_published_at: Option<i64>,
    /// What playing needs, as JSON.
    pub document: &'a str,
    pub thumbnail_url: Option<&'a str>,
    pub preview_url: Option<&'a str>,
    /// The whole list it is mentioned in.
    pub token: Option<&'a str>,
    /// When its host changed it last: only something newer replaces it.
    pub origin_updated_at: i64,
    pub now: i64,
}

/// What became of a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upsert {
    Inserted(VideoId),
    Updated(VideoId),
    /// This or something newer was known.
    Unchanged(VideoId),
    /// The uri, the channel and the account are not all of the host that speaks, or the uri is known of another host.
    NotItsOwn,
    /// Another video has that uuid; this one needs another.
    UuidTaken,
}

/// Adds a remote video or brings it up to date: its row, tags and words, and what is beside it.
pub async fn upsert(tx: &mut Tx, video: &RemoteVideo<'_>) -> Result<Upsert> {
    if !is_its_own(tx, video).await? {
        return Ok(Upsert::NotItsOwn);
    }
    let known: Option<(VideoId, HostId, i64)> = { &mut *tx }
        .opt(
            sql!("SELECT video_id, host_id, origin_updated_at FROM remote_videos WHERE uri = $1")
                .bind(video.uri),
        )
        .await?;
    match known {
        Some((_, host, _)) if host != video.host_id => Ok(Upsert::NotItsOwn),
        Some((id, _, updated_at)) if updated_at >= video.origin_updated_at => {
            mention(tx, id, video).await?;
            Ok(Upsert::Unchanged(id))
        }
        Some((id, _, _)) => {
            update(tx, id, video).await?;
            if video.privacy == Privacy::Public {
                search::put(&mut *tx, id, video.name, video.tags, video.description).await?;
            } else {
                search::remove(&mut *tx, id).await?;
            }
            Ok(Upsert::Updated(id))
        }
        None => {
            let added = add_remote_videos(tx, std::slice::from_ref(video)).await?;
            let added = added.get(&video.uuid).copied();
            Ok(added.map_or(Upsert::UuidTaken, Upsert::Inserted))
        }
    }
}

/// Whether uri, channel and account are all of the host that speaks.
async fn is_its_own(tx: &mut Tx, video: &RemoteVideo<'_>) -> Result<bool> {
    let row: Option<(i64,)> = { tx }
        .opt(
            sql!(
                "SELECT h.id FROM hosts h JOIN channels c ON c.id = $1 JOIN actors cx ON cx.id = c.actor_id \
                 JOIN accounts a ON a.id = c.account_id JOIN actors ax ON ax.id = a.actor_id \
                 WHERE h.id = $2 AND h.host = $3 AND a.id = $4 AND cx.host = h.host AND ax.host = h.host"
            )
            .bind(video.channel_id)
            .bind(video.host_id)
            .bind(&video.uri.host())
            .bind(video.account_id),
        )
        .await?;
    Ok(row.is_some())
}

pub(crate) fn tags_json(tags: &[String]) -> String {
    serde_json::to_string(tags).unwrap_or_else(|_| "[]".to_owned())
}

async fn update(tx: &mut Tx, id: VideoId, v: &RemoteVideo<'_>) -> Result<()> {
    { &mut *tx }
        .run(
            sql!(
                "UPDATE videos SET account_id = $2, channel_id = $3, name = $4, description = $5, support = $6, category = $7, \
                 licence = $8, language = $9, tags = $10, nsfw = $11, privacy = $12, download_enabled = $13, \
                 comments_policy = $14, duration = $15, width = $16, height = $17, views = coalesce($18, views), likes = coalesce($19, likes), \
                 dislikes = coalesce($20, dislikes), comments = coalesce($21, comments), \
                 updated_at = $22, published_at = $23, originally_published_at = $24 WHERE id = $1 AND remote = TRUE"
            )
            .bind(id)
            .bind(v.account_id)
            .bind(v.channel_id)
            .bind(v.name)
            .bind(v.description)
            .bind(v.support)
            .bind(v.category)
            .bind(v.licence)
            .bind(v.language)
            .bind(tags_json(v.tags))
            .bind(v.nsfw)
            .bind(v.privacy)
            .bind(v.download_enabled)
            .bind(v.comments_policy)
            .bind(v.duration)
            .bind(v.width)
            .bind(v.height)
            .bind(v.counts.views)
            .bind(v.counts.likes)
            .bind(v.counts.dislikes)
            .bind(v.counts.comments)
            .bind(v.origin_updated_at)
            .bind(v.published_at)
            .bind(v.originally_published_at),
        )
        .await?;
    put_tags(&mut *tx, id, v.tags).await?;
    { tx }
        .run(
            sql!(
                "UPDATE remote_videos SET document = $2, thumbnail_url = $3, preview_url = $4, token = coalesce($5, token), \
                 origin_updated_at = $6, refreshed_at = $7 WHERE video_id = $1"
            )
            .bind(id)
            .bind(v.document)
            .bind(v.thumbnail_url)
            .bind(v.preview_url)
            .bind(v.token)
            .bind(v.origin_updated_at)
            .bind(v.now),
        )
        .await?;
    Ok(())
}

/// Notes that a video is still there, and which whole list says so. Its counts change without the video being changed.
async fn mention(tx: &mut Tx, id: VideoId, video: &RemoteVideo<'_>) -> Result<()> {
    { &mut *tx }
        .run(
            sql!(
                "UPDATE remote_videos SET token = coalesce($2, token), refreshed_at = $3 WHERE video_id = $1"
            )
            .bind(id)
            .bind(video.token)
            .bind(video.now),
        )
        .await?;
    count(tx, id, video.counts).await?;
    Ok(())
}

/// Takes it upon the caller to fetch a video anew that nothing was heard of since `before`; false when somebody else has done so.
pub async fn claim_refresh(
    mut db: impl Executor,
    id: VideoId,
    before: i64,
    now: i64,
) -> Result<bool> {
    let touched = db
        .run(
            sql!("UPDATE remote_videos SET refreshed_at = $3 WHERE video_id = $1 AND refreshed_at <= $2")
                .bind(id)
                .bind(before)
                .bind(now),
        )
        .await?;
    Ok(touched > 0)
}

/// How often a video was watched, liked and commented, as its host counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Nothing where the host does not say: what is known stays.
    pub views: Option<i64>,
    pub likes: Option<i64>,
    pub dislikes: Option<i64>,
    pub comments: Option<i64>,
}

/// Sets the counts of a remote video; false when they are so already.
pub async fn count(mut db: impl Executor, id: VideoId, counts: Counts) -> Result<bool> {
    let touched = db
        .run(
            sql!(
                "UPDATE videos SET views = coalesce($2, views), likes = coalesce($3, likes), dislikes = coalesce($4, dislikes), \
                 comments = coalesce($5, comments) WHERE id = $1 AND remote = TRUE AND (views <> coalesce($2, views) OR likes <> coalesce($3, likes) \
                 OR dislikes <> coalesce($4, dislikes) OR comments <> coalesce($5, comments))"
            )
            .bind(id)
            .bind(counts.views)
            .bind(counts.likes)
            .bind(counts.dislikes)
            .bind(counts.comments),
        )
        .await?;
    Ok(touched > 0)
}

/// Whether the threads of a remote video are to be read where it is at home, because that was not done since `before`. Who is told so does it.
pub async fn is_to_be_asked(
    mut db: impl Executor,
    id: VideoId,
    before: i64,
    now: i64,
) -> Result<bool> {
    let touched = db
        .run(
            sql!(
                "UPDATE remote_videos SET talked_at = $2 WHERE video_id = $1 AND (talked_at IS NULL OR talked_at < $3)"
            )
            .bind(id)
            .bind(now)
            .bind(before),
        )
        .await?;
    Ok(touched > 0)
}

/// What is beside the video of a uri.
pub async fn by_uri(mut db: impl Executor, uri: &ObjectUri) -> Result<Option<RemoteRow>> {
    db.opt(
        select!(
            RemoteRow,
            "FROM remote_videos r JOIN hosts h ON h.id = r.host_id WHERE r.uri = $1"
        )
        .bind(uri),
    )
    .await
}

/// What is beside a video; nothing for a video of this pod.
pub async fn by_id(mut db: impl Executor, id: VideoId) -> Result<Option<RemoteRow>> {
    db.opt(
        select!(
            RemoteRow,
            "FROM remote_videos r JOIN hosts h ON h.id = r.host_id WHERE r.video_id = $1"
        )
        .bind(id),
    )
    .await
}

/// What is beside each of these videos; those of this pod are left out.
pub async fn of_videos(mut db: impl Executor, ids: &[VideoId]) -> Result<Vec<RemoteRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = select!(
        RemoteRow,
        "FROM remote_videos r JOIN hosts h ON h.id = r.host_id WHERE r.video_id IN "
    );
    sql.push_list(ids.iter().copied());
    sql.push(" ORDER BY r.video_id");
    db.all(sql).await
}

/// How many videos a host has in our index.
pub async fn count_of_host(mut db: impl Executor, host: HostId) -> Result<i64> {
    let (count,) = db
        .one(sql!("SELECT count(*) FROM remote_videos WHERE host_id = $1").bind(host))
        .await?;
    Ok(count)
}

/// One page of the uris of a host's videos in our index with when their host changed them, from the oldest row on.
pub async fn uris_of_host(
    mut db: impl Executor,
    host: HostId,
    after: VideoId,
    count: i64,
) -> Result<Vec<(VideoId, ObjectUri, i64)>> {
    db.all(
        sql!(
            "SELECT video_id, uri, origin_updated_at FROM remote_videos WHERE host_id = $1 AND video_id > $2 \
             ORDER BY video_id LIMIT $3"
        )
        .bind(host)
        .bind(after)
        .bind(count),
    )
    .await
}

/// Removes the video of a uri if it is that host's; which one it was.
pub async fn remove(tx: &mut Tx, uri: &ObjectUri, host: HostId) -> Result<Option<VideoId>> {
    let found = { &mut *tx }
        .all(
            sql!("SELECT video_id FROM remote_videos WHERE uri = $1 AND host_id = $2")
                .bind(uri)
                .bind(host),
        )
        .await?;
    Ok(remove_these(tx, found).await?.pop())
}

/// Removes at most `most` videos of a host; which. Fewer than `most` when that were the last.
pub async fn remove_of_host(tx: &mut Tx, host: HostId, most: i64) -> Result<Vec<VideoId>> {
    let found = { &mut *tx }
        .all(
            sql!(
                "SELECT video_id FROM remote_videos WHERE host_id = $1 ORDER BY video_id LIMIT $2"
            )
            .bind(host)
            .bind(most),
        )
        .await?;
    remove_these(tx, found).await
}

/// Removes at most `most` videos of a host that its whole list `token` did not mention; which. To be called when the list has
/// come to its end, until fewer than `most` are removed. What came in by itself while the list did is mentioned by having its token.
pub async fn remove_unmentioned(
    tx: &mut Tx,
    host: HostId,
    token: &str,
    most: i64,
) -> Result<Vec<VideoId>> {
    let found = { &mut *tx }
        .all(
            sql!(
                "SELECT video_id FROM remote_videos WHERE host_id = $1 AND (token IS NULL OR token <> $2) \
                 ORDER BY video_id LIMIT $3"
            )
            .bind(host)
            .bind(token)
            .bind(most),
        )
        .await?;
    remove_these(tx, found).await
}

/// Removes at most `most` videos of a remote account or channel; which.
pub async fn remove_of_actor(tx: &mut Tx, actor: &ActorUri, most: i64) -> Result<Vec<VideoId>> {
    let known: Option<(ActorId,)> = { &mut *tx }
        .opt(sql!("SELECT id FROM actors WHERE uri = $1 AND host <> ''").bind(actor))
        .await?;
    let Some((actor,)) = known else {
        return Ok(Vec::new());
    };
    let found = { &mut *tx }
        .all(
            sql!(
                "SELECT v.id FROM videos v WHERE v.remote = TRUE AND (v.channel_id IN (SELECT c.id FROM channels c WHERE c.actor_id = $1) \
                 OR v.account_id IN (SELECT a.id FROM accounts a WHERE a.actor_id = $2)) ORDER BY v.id LIMIT $3"
            )
            .bind(actor)
            .bind(actor)
            .bind(most),
        )
        .await?;
    remove_these(tx, found).await
}

async fn remove_these(tx: &mut Tx, found: Vec<(VideoId,)>) -> Result<Vec<VideoId>> {
    let ids: Vec<VideoId> = found.into_iter().map(|(id,)| id).collect();
    if ids.is_empty() {
        return Ok(ids);
    }
    for id in &ids {
        search::remove(&mut *tx, *id).await?;
    }
    let mut sql = sql!("DELETE FROM videos WHERE remote = TRUE AND id IN ");
    sql.push_list(ids.iter().copied());
    { tx }.run(sql).await?;
    Ok(ids)
}
