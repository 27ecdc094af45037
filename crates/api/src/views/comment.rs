//! Comments, in PeerTube's shape.

use super::{Account, time};
use app::{Pod, Result, comments::Threads, comments::Tree, network::notes};
use db::comments::Comment as Row;
use serde::Serialize;

/// A comment.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    pub id: i64,
    pub url: String,
    /// Plain text; empty when it is deleted.
    pub text: String,
    pub thread_id: i64,
    pub in_reply_to_comment_id: Option<i64>,
    pub video_id: i64,
    pub created_at: String,
    pub updated_at: String,
    pub deleted_at: Option<String>,
    pub is_deleted: bool,
    /// Only its author and the video's owner see it so far.
    pub held_for_review: bool,
    pub total_replies_from_video_author: i64,
    pub total_replies: i64,
    /// Nobody any more when it is deleted.
    pub account: Option<Account>,
}

/// A page of threads.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadList {
    pub total: i64,
    pub total_not_deleted_comments: i64,
    pub data: Vec<Comment>,
}

/// A comment with what answers it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Thread {
    pub comment: Comment,
    #[schema(no_recursion)]
    pub children: Vec<Thread>,
}

/// A comment that was written.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NewComment {
    pub comment: Comment,
}

impl Comment {
    pub fn new(pod: &Pod, row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.id.0,
            url: notes::uri(pod, row)?.to_string(),
            text: row.text.clone(),
            thread_id: row.thread().0,
            in_reply_to_comment_id: row.parent_id.map(|id| id.0),
            video_id: row.video_id.0,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
            deleted_at: row.deleted_at.map(time),
            is_deleted: row.deleted_at.is_some(),
            held_for_review: row.held,
            total_replies_from_video_author: row.owner_replies,
            total_replies: row.replies,
            account: Account::of_comment(pod, row),
        })
    }
}

impl ThreadList {
    pub fn new(pod: &Pod, page: &Threads) -> Result<Self> {
        let rows = page.threads.iter();
        Ok(Self {
            total: page.total,
            total_not_deleted_comments: page.comments,
            data: rows
                .map(|row| Comment::new(pod, row))
                .collect::<Result<_>>()?,
        })
    }
}

impl Thread {
    pub fn new(pod: &Pod, tree: &Tree) -> Result<Self> {
        let children = tree.children.iter();
        Ok(Self {
            comment: Comment::new(pod, &tree.comment)?,
            children: children
                .map(|child| Self::new(pod, child))
                .collect::<Result<_>>()?,
        })
    }
}
