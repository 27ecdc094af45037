//! Videos: one row each, and what a list or a page shows beside it (its channel and account).

use crate::{
    Executor, FromRow, Result, Row, Sql,
    column::row,
    sql::{select, sql},
};
use names::{
    AccountId, ActorId, ActorUri, ChannelId, Privacy, UserId, VideoId, VideoRef, VideoState,
    VideoUuid,
};

row! {
    /// A video.
    pub struct Video {
        id: VideoId = "v.id",
        uuid: VideoUuid = "v.uuid",
        account_id: AccountId = "v.account_id",
        channel_id: ChannelId = "v.channel_id",
        name: String = "v.name",
        description: String = "v.description",
        support: Option<String> = "v.support",
        category: Option<i64> = "v.category",
        licence: Option<i64> = "v.licence",
        language: Option<String> = "v.language",
        /// A JSON array of texts; read it with `tags()`.
        tags_json: String = "v.tags",
        nsfw: bool = "v.nsfw",
        privacy: Privacy = "v.privacy",
        state: VideoState = "v.state",
        /// Why it could not be published, for its owner.
        failure: Option<String> = "v.failure",
        wait_transcoding: bool = "v.wait_transcoding",
        download_enabled: bool = "v.download_enabled",
        comments_policy: i64 = "v.comments_policy",
        p2p_enabled: bool = "v.p2p_enabled",
        /// Seconds.
        duration: i64 = "v.duration",
        width: i64 = "v.width",
        height: i64 = "v.height",
        views: i64 = "v.views",
        likes: i64 = "v.likes",
        dislikes: i64 = "v.dislikes",
        /// How many there are to read.
        comments: i64 = "v.comments",
        thumbnail: Option<String> = "v.thumbnail",
        preview: Option<String> = "v.preview",
        /// The storyboard's file and measures, as JSON.
        storyboard: Option<String> = "v.storyboard",
        /// The master playlist's file.
        playlist: Option<String> = "v.playlist",
        source_name: String = "v.source_name",
        source_size: i64 = "v.source_size",
        source_kept: bool = "v.source_kept",
        created_at: i64 = "v.created_at",
        updated_at: i64 = "v.updated_at",
        published_at: i64 = "v.published_at",
        originally_published_at: Option<i64> = "v.originally_published_at",
        /// It is at home on another pod; what it has beside this row is in `remote_videos`.
        remote: bool = "v.remote",
    }
}

row! {
    /// What is shown of a video's channel and account.
    pub struct Owner {
        channel_actor: ActorId = "cx.id",
        channel_name: String = "cx.name",
        /// Empty: of this pod.
        channel_host: String = "cx.host",
        channel_uri: Option<ActorUri> = "cx.uri",
        channel_display_name: String = "cx.display_name",
        channel_description: String = "cx.description",
        channel_support: Option<String> = "c.support",
        channel_avatar: Option<String> = "cx.avatar",
        channel_picture_url: Option<String> = "cx.picture_url",
        channel_created_at: i64 = "cx.created_at",
        channel_updated_at: i64 = "cx.updated_at",
        account_actor: ActorId = "ax.id",
        account_user: Option<UserId> = "a.user_id",
        account_name: String = "ax.name",
        /// Empty: of this pod.
        account_host: String = "ax.host",
        account_uri: Option<ActorUri> = "ax.uri",
        account_display_name: String = "ax.display_name",
        account_description: String = "ax.description",
        account_avatar: Option<String> = "ax.avatar",
        account_picture_url: Option<String> = "ax.picture_url",
        account_created_at: i64 = "ax.created_at",
        account_updated_at: i64 = "ax.updated_at",
    }
}

/// A video with its owner.
#[derive(Debug, Clone)]
pub struct OwnedVideo {
    pub video: Video,
    pub owner: Owner,
}

impl FromRow for OwnedVideo {
    const WIDTH: usize = Video::WIDTH + Owner::WIDTH;

    fn columns() -> String {
        format!("{}, {}", Video::columns(), Owner::columns())
    }

    fn read_at(row: &Row, start: usize) -> Result<Self> {
        Ok(Self {
            video: Video::read_at(row, start)?,
            owner: Owner::read_at(row, start + Video::WIDTH)?,
        })
    }
}

impl Video {
    /// Whether everybody finds it in lists.
    pub fn listed(&self) -> bool {
        self.privacy == Privacy::Public && self.state == VideoState::Published
    }

    /// The tags.
    pub fn tags(&self) -> Vec<String> {
        serde_json::from_str(&self.tags_json).unwrap_or_default()
    }
}

/// What a new video starts with.
#[derive(Debug, Clone)]
pub struct NewVideo<'a> {
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
    pub wait_transcoding: bool,
    pub download_enabled: bool,
    pub comments_policy: i64,
    pub p2p_enabled: bool,
    pub source_name: &'a str,
    pub source_size: i64,
    pub originally_published_at: Option<i64>,
    pub now: i64,
}

/// Adds a video that is yet to be worked on.
pub async fn insert(mut db: impl Executor, v: NewVideo<'_>) -> Result<VideoId> {
    let tags = serde_json::to_string(v.tags).unwrap_or_else(|_| "[]".to_owned());
    let (id,) = db
        .one(
            sql!(
                "INSERT INTO videos (uuid, account_id, channel_id, name, description, support, category, licence, \
                 language, tags, nsfw, privacy, state, wait_transcoding, download_enabled, comments_policy, \
                 p2p_enabled, source_name, source_size, originally_published_at, created_at, updated_at, published_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
                 $21, $22, $23) RETURNING id"
            )
            .bind(v.uuid)
            .bind(v.account_id)
            .bind(v.channel_id)
            .bind(v.name)
            .bind(v.description)
            .bind(v.support)
            .bind(v.category)
            .bind(v.licence)
            .bind(v.language)
            .bind(tags)
            .bind(v.nsfw)
            .bind(v.privacy)
            .bind(VideoState::ToTranscode)
            .bind(v.wait_transcoding)
            .bind(v.download_enabled)
            .bind(v.comments_policy)
            .bind(v.p2p_enabled)
            .bind(v.source_name)
            .bind(v.source_size)
            .bind(v.originally_published_at)
            .bind(v.now)
            .bind(v.now)
            .bind(v.now),
        )
        .await?;
    put_tags(db, id, v.tags).await?;
    Ok(id)
}

/// Sets the tags of a video.
pub(crate) async fn put_tags(mut db: impl Executor, id: VideoId, tags: &[String]) -> Result<()> {
    db.run(sql!("DELETE FROM video_tags WHERE video_id = $1").bind(id))
        .await?;
    for tag in tags {
        db.run(
            sql!("INSERT INTO video_tags (video_id, tag) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(id)
                .bind(tag.to_lowercase()),
        )
        .await?;
    }
    list_tags(db, id).await
}

/// Notes beside the tags of a video whether and since when it is in lists, because lists of a tag are read from them alone.
async fn list_tags(mut db: impl Executor, id: VideoId) -> Result<()> {
    db.run(
        sql!(
            "UPDATE video_tags SET listed_at = (SELECT v.published_at FROM videos v WHERE v.id = $1 AND v.privacy = 1 AND v.state = 1) \
             WHERE video_id = $1"
        )
        .bind(id),
    )
    .await?;
    Ok(())
}

/// The video of an id.
pub async fn by_id(mut db: impl Executor, id: VideoId) -> Result<Option<Video>> {
    db.opt(select!(Video, "FROM videos v WHERE v.id = $1").bind(id))
        .await
}

/// The video with its owner, by whatever a URL named it with.
pub async fn find(mut db: impl Executor, named: VideoRef) -> Result<Option<OwnedVideo>> {
    let sql = match named {
        VideoRef::Id(id) => select!(
            OwnedVideo,
            "FROM videos v JOIN channels c ON c.id = v.channel_id JOIN actors cx ON cx.id = c.actor_id \
             JOIN accounts a ON a.id = v.account_id JOIN actors ax ON ax.id = a.actor_id WHERE v.id = $1"
        )
        .bind(id),
        VideoRef::Uuid(uuid) => select!(
            OwnedVideo,
            "FROM videos v JOIN channels c ON c.id = v.channel_id JOIN actors cx ON cx.id = c.actor_id \
             JOIN accounts a ON a.id = v.account_id JOIN actors ax ON ax.id = a.actor_id WHERE v.uuid = $1"
        )
        .bind(uuid),
    };
    db.opt(sql).await
}

/// The videos of these ids with their owners, in the order of the ids.
pub async fn hydrate(mut db: impl Executor, ids: &[VideoId]) -> Result<Vec<OwnedVideo>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql: Sql = select!(
        OwnedVideo,
        "FROM videos v JOIN channels c ON c.id = v.channel_id JOIN actors cx ON cx.id = c.actor_id \
         JOIN accounts a ON a.id = v.account_id JOIN actors ax ON ax.id = a.actor_id WHERE v.id IN "
    );
    sql.push_list(ids.iter().copied());
    let mut found: Vec<OwnedVideo> = db.all(sql).await?;
    let place = |v: &OwnedVideo| ids.iter().position(|id| *id == v.video.id);
    found.sort_by_key(place);
    Ok(found)
}

/// What can be changed on a video; `None` leaves a field alone, `Some(None)` empties it.
#[derive(Debug, Clone, Default)]
pub struct VideoChanges {
    pub channel_id: Option<ChannelId>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub support: Option<Option<String>>,
    pub category: Option<Option<i64>>,
    pub licence: Option<Option<i64>>,
    pub language: Option<Option<String>>,
    pub tags: Option<Vec<String>>,
    pub nsfw: Option<bool>,
    pub privacy: Option<Privacy>,
    pub state: Option<VideoState>,
    pub failure: Option<Option<String>>,
    pub wait_transcoding: Option<bool>,
    pub download_enabled: Option<bool>,
    pub comments_policy: Option<i64>,
    pub p2p_enabled: Option<bool>,
    pub duration: Option<i64>,
    pub width: Option<i64>,
    pub height: Option<i64>,
    pub thumbnail: Option<Option<String>>,
    pub preview: Option<Option<String>>,
    pub storyboard: Option<Option<String>>,
    pub playlist: Option<Option<String>>,
    pub source_kept: Option<bool>,
    pub published_at: Option<i64>,
    pub originally_published_at: Option<Option<i64>>,
}

/// Changes a video of this pod.
pub async fn update(
    mut db: impl Executor,
    id: VideoId,
    changes: &VideoChanges,
    now: i64,
) -> Result<()> {
    let mut sql = sql!("UPDATE videos SET updated_at = ");
    sql.push_value(now);
    macro_rules! set {
        ($($field:ident $text:literal),* $(,)?) => {$(
            if let Some(value) = &changes.$field {
                sql.push($text).push_value(value.clone());
            }
        )*};
    }
    set!(
        channel_id ", channel_id = ", name ", name = ", description ", description = ",
        support ", support = ", category ", category = ", licence ", licence = ",
        language ", language = ", nsfw ", nsfw = ", privacy ", privacy = ", state ", state = ",
        failure ", failure = ", wait_transcoding ", wait_transcoding = ",
        download_enabled ", download_enabled = ", comments_policy ", comments_policy = ",
        p2p_enabled ", p2p_enabled = ", duration ", duration = ", width ", width = ",
        height ", height = ", thumbnail ", thumbnail = ", preview ", preview = ",
        storyboard ", storyboard = ", playlist ", playlist = ", source_kept ", source_kept = ",
        published_at ", published_at = ", originally_published_at ", originally_published_at = ",
    );
    if let Some(tags) = &changes.tags {
        let json = serde_json::to_string(tags).unwrap_or_else(|_| "[]".to_owned());
        sql.push(", tags = ").push_value(json);
    }
    sql.push(" WHERE remote = FALSE AND id = ").push_value(id);
    if db.run(sql).await? == 0 {
        return Ok(());
    }
    if let Some(tags) = &changes.tags {
        put_tags(db, id, tags).await?;
    } else if changes.privacy.is_some() || changes.state.is_some() || changes.published_at.is_some()
    {
        list_tags(db, id).await?;
    }
    Ok(())
}

/// Adds views to a video of this pod; those of a remote one are counted where it is at home.
pub async fn add_views(mut db: impl Executor, id: VideoId, views: i64) -> Result<()> {
    db.run(
        sql!("UPDATE videos SET views = views + $2 WHERE id = $1 AND remote = FALSE")
            .bind(id)
            .bind(views),
    )
    .await?;
    Ok(())
}

/// Removes a video of this pod with its renditions and jobs.
pub async fn delete(mut db: impl Executor, id: VideoId) -> Result<()> {
    db.run(sql!("DELETE FROM videos WHERE id = $1 AND remote = FALSE").bind(id))
        .await?;
    Ok(())
}

/// Every video of a channel or, with no channel, of an account (to be deleted with it).
pub async fn all_of(
    mut db: impl Executor,
    account: AccountId,
    channel: Option<ChannelId>,
) -> Result<Vec<Video>> {
    match channel {
        Some(channel) => {
            db.all(
                select!(
                    Video,
                    "FROM videos v WHERE v.account_id = $1 AND v.channel_id = $2 ORDER BY v.id"
                )
                .bind(account)
                .bind(channel),
            )
            .await
        }
        None => {
            db.all(
                select!(Video, "FROM videos v WHERE v.account_id = $1 ORDER BY v.id").bind(account),
            )
            .await
        }
    }
}

/// Which of these uuids are videos (to find folders left behind by a crash).
pub async fn existing(mut db: impl Executor, uuids: &[VideoUuid]) -> Result<Vec<VideoUuid>> {
    let mut sql = sql!("SELECT uuid FROM videos WHERE uuid IN ");
    sql.push_list(uuids.iter().copied());
    let rows: Vec<(VideoUuid,)> = db.all(sql).await?;
    Ok(rows.into_iter().map(|(uuid,)| uuid).collect())
}

/// The listed videos of this pod after `after`, in the order of their ids (the whole list that friends receive).
pub async fn listed_here(
    mut db: impl Executor,
    after: VideoId,
    count: i64,
) -> Result<Vec<VideoId>> {
    let rows: Vec<(VideoId,)> = db
        .all(
            sql!(
                "SELECT id FROM videos WHERE privacy = 1 AND state = 1 AND remote = FALSE AND id > $1 ORDER BY id LIMIT $2"
            )
            .bind(after)
            .bind(count),
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Whose public videos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// All of this pod.
    Here,
    OfAccount(AccountId),
    OfChannel(ChannelId),
}

impl Listed {
    fn filter(self, sql: &mut Sql) {
        match self {
            Self::Here => {}
            Self::OfAccount(id) => {
                sql.push(" AND account_id = ").push_value(id);
            }
            Self::OfChannel(id) => {
                sql.push(" AND channel_id = ").push_value(id);
            }
        }
    }
}

/// Public videos of this pod below an id, the newest first: a page that stays the same while others are added.
pub async fn listed_before(
    mut db: impl Executor,
    whose: Listed,
    before: VideoId,
    count: i64,
) -> Result<Vec<VideoId>> {
    let mut sql =
        sql!("SELECT id FROM videos WHERE privacy = 1 AND state = 1 AND remote = FALSE AND id < ");
    sql.push_value(before);
    whose.filter(&mut sql);
    sql.push(" ORDER BY id DESC LIMIT ").push_value(count);
    let rows: Vec<(VideoId,)> = db.all(sql).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// How many public videos of this pod there are.
pub async fn count_listed(mut db: impl Executor, whose: Listed) -> Result<i64> {
    let mut sql =
        sql!("SELECT count(*) FROM videos WHERE privacy = 1 AND state = 1 AND remote = FALSE");
    whose.filter(&mut sql);
    let (count,) = db.one(sql).await?;
    Ok(count)
}
