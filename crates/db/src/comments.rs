//! Comments. A thread is a comment on the video itself; everything below it names it as its root, so that a thread is read with one query.
//! What is deleted keeps its place without words and author. The numbers beside it (how many comments a video has, how many answers a
//! thread) are changed here and nowhere else, in the transaction of what they count.

use crate::{
    Executor, Result, Sql, Tx,
    column::row,
    sql::{select, sql},
};
use names::{AccountId, ActorId, ActorUri, CommentId, ObjectUri, UserId, VideoId, VideoUuid};

row! {
    /// A comment with its author.
    pub struct Comment {
        id: CommentId = "c.id",
        video_id: VideoId = "c.video_id",
        video_uuid: VideoUuid = "v.uuid",
        /// Nobody any more when it is deleted.
        actor_id: Option<ActorId> = "c.actor_id",
        /// The thread; nothing for a thread itself.
        root_id: Option<CommentId> = "c.root_id",
        /// What it answers.
        parent_id: Option<CommentId> = "c.parent_id",
        /// Nothing for one of this pod.
        uri: Option<ObjectUri> = "c.uri",
        /// Plain text: what others write in HTML has been made into text.
        text: String = "c.text",
        held: bool = "c.held",
        replies: i64 = "c.replies",
        /// Answers of the video's owner in the thread.
        owner_replies: i64 = "(SELECT count(*) FROM comments r JOIN accounts o ON o.actor_id = r.actor_id WHERE r.root_id = c.id AND o.id = v.account_id)",
        created_at: i64 = "c.created_at",
        updated_at: i64 = "c.updated_at",
        deleted_at: Option<i64> = "c.deleted_at",
        account_id: Option<AccountId> = "a.id",
        user_id: Option<UserId> = "a.user_id",
        author_name: Option<String> = "x.name",
        /// Empty: of this pod.
        author_host: Option<String> = "x.host",
        author_uri: Option<ActorUri> = "x.uri",
        author_display_name: Option<String> = "x.display_name",
        author_description: Option<String> = "x.description",
        author_avatar: Option<String> = "x.avatar",
        author_created_at: Option<i64> = "x.created_at",
        author_updated_at: Option<i64> = "x.updated_at",
    }
}

impl Comment {
    /// The thread it is in, which may be itself.
    pub fn thread(&self) -> CommentId {
        self.root_id.unwrap_or(self.id)
    }
}

/// What a comment starts with.
#[derive(Debug, Clone)]
pub struct NewComment<'a> {
    pub video_id: VideoId,
    pub actor_id: ActorId,
    /// What it answers; nothing for a thread.
    pub parent: Option<&'a Comment>,
    /// Nothing for one of this pod.
    pub uri: Option<&'a ObjectUri>,
    pub text: &'a str,
    pub held: bool,
    pub created_at: i64,
    pub updated_at: i64,
}

/// Adds a comment; nothing when its uri is known already.
pub async fn insert(tx: &mut Tx, comment: &NewComment<'_>) -> Result<Option<CommentId>> {
    let root = comment.parent.map(Comment::thread);
    let row: Option<(CommentId,)> = { &mut *tx }
        .opt(
            sql!(
                "INSERT INTO comments (video_id, actor_id, root_id, parent_id, uri, text, held, created_at, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (uri) DO NOTHING RETURNING id"
            )
            .bind(comment.video_id)
            .bind(comment.actor_id)
            .bind(root)
            .bind(comment.parent.map(|parent| parent.id))
            .bind(comment.uri)
            .bind(comment.text)
            .bind(comment.held)
            .bind(comment.created_at)
            .bind(comment.updated_at),
        )
        .await?;
    let id = row.map(|(id,)| id);
    if id.is_some() && !comment.held {
        count(tx, comment.video_id, root, 1).await?;
    }
    Ok(id)
}

async fn count(tx: &mut Tx, video: VideoId, root: Option<CommentId>, by: i64) -> Result<()> {
    { &mut *tx }
        .run(
            sql!(
                "UPDATE videos SET comments = CASE WHEN comments + $2 < 0 THEN 0 ELSE comments + $2 END WHERE id = $1"
            )
            .bind(video)
            .bind(by),
        )
        .await?;
    if let Some(root) = root {
        { tx }
            .run(
                sql!("UPDATE comments SET replies = replies + $2 WHERE id = $1")
                    .bind(root)
                    .bind(by),
            )
            .await?;
    }
    Ok(())
}

/// Shows a comment that was held back to everybody; false when it is not held back (any more).
pub async fn release(tx: &mut Tx, comment: &Comment) -> Result<bool> {
    let released = { &mut *tx }
        .run(
            sql!(
                "UPDATE comments SET held = FALSE WHERE id = $1 AND held = TRUE AND deleted_at IS NULL"
            )
            .bind(comment.id),
        )
        .await?;
    if released > 0 {
        count(tx, comment.video_id, comment.root_id, 1).await?;
    }
    Ok(released > 0)
}

/// Deletes a comment: its words and its author go, its place stays. False when it is deleted already.
pub async fn bury(tx: &mut Tx, comment: &Comment, now: i64) -> Result<bool> {
    let row: Option<(bool,)> = { &mut *tx }
        .opt(
            sql!(
                "UPDATE comments SET text = '', actor_id = NULL, deleted_at = $2, updated_at = $2 \
                 WHERE id = $1 AND deleted_at IS NULL RETURNING held"
            )
            .bind(comment.id)
            .bind(now),
        )
        .await?;
    if let Some((false,)) = row {
        count(tx, comment.video_id, comment.root_id, -1).await?;
    }
    Ok(row.is_some())
}

/// Gives a comment other words, unless what is known is newer; false when nothing changed.
pub async fn edit(
    mut db: impl Executor,
    id: CommentId,
    text: &str,
    updated_at: i64,
) -> Result<bool> {
    let edited = db
        .run(
            sql!(
                "UPDATE comments SET text = $2, updated_at = $3 WHERE id = $1 AND deleted_at IS NULL AND updated_at <= $3 AND text <> $2"
            )
            .bind(id)
            .bind(text)
            .bind(updated_at),
        )
        .await?;
    Ok(edited > 0)
}

/// The comment of an id.
pub async fn by_id(mut db: impl Executor, id: CommentId) -> Result<Option<Comment>> {
    db.opt(
        select!(
            Comment,
            "FROM comments c JOIN videos v ON v.id = c.video_id LEFT JOIN actors x ON x.id = c.actor_id \
             LEFT JOIN accounts a ON a.actor_id = x.id WHERE c.id = $1"
        )
        .bind(id),
    )
    .await
}

/// The comment of another host that is known by this uri.
pub async fn by_uri(mut db: impl Executor, uri: &ObjectUri) -> Result<Option<Comment>> {
    db.opt(
        select!(
            Comment,
            "FROM comments c JOIN videos v ON v.id = c.video_id LEFT JOIN actors x ON x.id = c.actor_id \
             LEFT JOIN accounts a ON a.actor_id = x.id WHERE c.uri = $1"
        )
        .bind(uri),
    )
    .await
}

/// Notes by which activity a comment was passed on.
pub async fn set_announce(mut db: impl Executor, id: CommentId, by: &ObjectUri) -> Result<()> {
    db.run(
        sql!("UPDATE comments SET announce = $2 WHERE id = $1")
            .bind(id)
            .bind(by),
    )
    .await?;
    Ok(())
}

/// The comment that an activity passed on.
pub async fn announced_by(mut db: impl Executor, uri: &ObjectUri) -> Result<Option<CommentId>> {
    let row: Option<(CommentId,)> = db
        .opt(sql!("SELECT id FROM comments WHERE announce = $1 ORDER BY id LIMIT 1").bind(uri))
        .await?;
    Ok(row.map(|(id,)| id))
}

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eyes {
    /// Everybody: nothing that is held back.
    Everybody,
    /// Somebody, who also sees what is held back of their own.
    Of(ActorId),
    /// Who decides about what is held back.
    Owner,
}

impl Eyes {
    fn filter(self, sql: &mut Sql) {
        match self {
            Self::Everybody => {
                sql.push(" AND c.held = FALSE");
            }
            Self::Of(actor) => {
                sql.push(" AND (c.held = FALSE OR c.actor_id = ")
                    .push_value(actor)
                    .push(")");
            }
            Self::Owner => {}
        }
        // What blocked actors and hosts have said is not shown to anybody.
        sql.push(
            " AND NOT EXISTS (SELECT 1 FROM blocks b JOIN actors y ON y.host = b.host OR y.uri = b.actor WHERE y.id = c.actor_id)",
        );
    }
}

/// The order of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadSort {
    Newest,
    Oldest,
    MostReplies,
}

impl ThreadSort {
    fn order(self) -> &'static str {
        match self {
            Self::Newest => " ORDER BY c.created_at DESC, c.id DESC",
            Self::Oldest => " ORDER BY c.created_at, c.id",
            Self::MostReplies => " ORDER BY c.replies DESC, c.created_at DESC, c.id DESC",
        }
    }
}

/// One page of the threads of a video, and how many there are. A deleted one is there as long as it has answers.
pub async fn threads(
    mut db: impl Executor,
    video: VideoId,
    eyes: Eyes,
    sort: ThreadSort,
    (start, many): (i64, i64),
) -> Result<(i64, Vec<Comment>)> {
    let mut total = sql!(
        "SELECT count(*) FROM comments c WHERE c.video_id = $1 AND c.root_id IS NULL AND (c.deleted_at IS NULL OR c.replies > 0)"
    )
    .bind(video);
    eyes.filter(&mut total);
    let (total,) = db.one(total).await?;
    let mut page = select!(
        Comment,
        "FROM comments c JOIN videos v ON v.id = c.video_id LEFT JOIN actors x ON x.id = c.actor_id \
         LEFT JOIN accounts a ON a.actor_id = x.id \
         WHERE c.video_id = $1 AND c.root_id IS NULL AND (c.deleted_at IS NULL OR c.replies > 0)"
    )
    .bind(video);
    eyes.filter(&mut page);
    page.push(sort.order());
    page.push(" LIMIT ").push_value(many);
    page.push(" OFFSET ").push_value(start);
    Ok((total, db.all(page).await?))
}

/// What is below a thread, at most `most`, in the order in which it was said here.
pub async fn below(
    mut db: impl Executor,
    thread: CommentId,
    eyes: Eyes,
    most: i64,
) -> Result<Vec<Comment>> {
    let mut sql = select!(
        Comment,
        "FROM comments c JOIN videos v ON v.id = c.video_id LEFT JOIN actors x ON x.id = c.actor_id \
         LEFT JOIN accounts a ON a.actor_id = x.id WHERE c.root_id = $1"
    )
    .bind(thread);
    eyes.filter(&mut sql);
    sql.push(" ORDER BY c.id LIMIT ").push_value(most);
    db.all(sql).await
}

/// Comments of a video that everybody may read below an id, the newest first: a page that stays the same while others are added.
pub async fn listed_before(
    mut db: impl Executor,
    video: VideoId,
    before: CommentId,
    count: i64,
) -> Result<Vec<(CommentId, Option<ObjectUri>)>> {
    db.all(
        sql!(
            "SELECT id, uri FROM comments WHERE video_id = $1 AND id < $2 AND held = FALSE AND deleted_at IS NULL ORDER BY id DESC LIMIT $3"
        )
        .bind(video)
        .bind(before)
        .bind(count),
    )
    .await
}

/// What an actor has said, at most `most`.
pub async fn of_actor(mut db: impl Executor, actor: ActorId, most: i64) -> Result<Vec<Comment>> {
    db.all(
        select!(
            Comment,
            "FROM comments c JOIN videos v ON v.id = c.video_id LEFT JOIN actors x ON x.id = c.actor_id \
             LEFT JOIN accounts a ON a.actor_id = x.id WHERE c.actor_id = $1 ORDER BY c.id LIMIT $2"
        )
        .bind(actor)
        .bind(most),
    )
    .await
}
