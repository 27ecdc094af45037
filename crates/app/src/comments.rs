//! What people say about videos, here: reading threads, writing, answering, deleting, letting through. What others hear of it is
//! `network::saying`; what they say is `network::said`.

use crate::{
    Error, Pod, Result,
    error::InField as _,
    network::{asking, ours, saying},
    videos,
};
use db::{
    comments::{self, Comment, Eyes, NewComment, ThreadSort},
    users::User,
    videos::{OwnedVideo, Video},
};
use names::{AccountId, CommentId, CommentText, VideoRef, VideoState};
use podnet::flood::{Flood, MOST, Rate};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Comments of one account.
const COMMENTS: Rate = Rate {
    per_second: 0.05,
    burst: 10.0,
};
/// Likes, dislikes and changes of mind of one account.
const RATINGS: Rate = Rate {
    per_second: 0.5,
    burst: 30.0,
};
/// Answers of a thread that are shown.
const ANSWERS: i64 = 1000;
/// How deep a tree is shown; what is deeper stands beside what it answers.
const DEPTH: usize = 20;

/// How much everybody writes.
pub struct Writing {
    comments: Mutex<Flood<AccountId>>,
    ratings: Mutex<Flood<AccountId>>,
}

impl Default for Writing {
    fn default() -> Self {
        Self {
            comments: Mutex::new(Flood::new(COMMENTS, MOST)),
            ratings: Mutex::new(Flood::new(RATINGS, MOST)),
        }
    }
}

impl Writing {
    fn comment(&self, account: AccountId, now: i64) -> Result<()> {
        pass(
            &self.comments,
            account,
            now,
            "You write very fast. Wait a moment.",
        )
    }

    pub(crate) fn rating(&self, account: AccountId, now: i64) -> Result<()> {
        pass(
            &self.ratings,
            account,
            now,
            "You change your mind very fast. Wait a moment.",
        )
    }
}

fn pass(flood: &Mutex<Flood<AccountId>>, who: AccountId, now: i64, why: &str) -> Result<()> {
    let mut flood = flood.lock().unwrap_or_else(PoisonError::into_inner);
    flood.pass(who, 1.0, now).map_err(|too| Error::TooMany {
        seconds: too.wait / 1000 + 1,
        reason: why.into(),
    })
}

/// A page of threads.
pub struct Threads {
    /// How many threads there are.
    pub total: i64,
    /// How many comments there are, in all threads.
    pub comments: i64,
    pub threads: Vec<Comment>,
}

/// A comment with what answers it.
pub struct Tree {
    pub comment: Comment,
    pub children: Vec<Tree>,
}

fn eyes(viewer: Option<&User>, video: &Video) -> Eyes {
    match viewer {
        Some(_) if videos::may_manage(viewer, video) => Eyes::Owner,
        Some(user) => Eyes::Of(user.actor_id),
        None => Eyes::Everybody,
    }
}

/// One page of the threads of a video.
pub async fn threads(
    pod: &Pod,
    viewer: Option<&User>,
    named: VideoRef,
    sort: ThreadSort,
    page: (i64, i64),
) -> Result<Threads> {
    let video = videos::find(pod, viewer, named).await?.video;
    asking::looked_at(pod, &video).await?;
    let eyes = eyes(viewer, &video);
    let (total, threads) = comments::threads(&pod.db, video.id, eyes, sort, page).await?;
    Ok(Threads {
        total,
        comments: video.comments,
        threads,
    })
}

/// The comment of an id, if it is one on this video that somebody with these eyes sees.
async fn known(pod: &Pod, video: &Video, id: CommentId) -> Result<Comment> {
    let found = comments::by_id(&pod.db, id).await?;
    let found = found.filter(|found| found.video_id == video.id);
    found.ok_or(Error::NotFound("The comment was"))
}

/// A thread with all that is below it.
pub async fn thread(
    pod: &Pod,
    viewer: Option<&User>,
    named: VideoRef,
    id: CommentId,
) -> Result<Tree> {
    let video = videos::find(pod, viewer, named).await?.video;
    let root = known(pod, &video, id).await?;
    let eyes = eyes(viewer, &video);
    let seen = match eyes {
        Eyes::Owner => true,
        Eyes::Of(actor) => !root.held || root.actor_id == Some(actor),
        Eyes::Everybody => !root.held,
    };
    if root.root_id.is_some() || !seen {
        return Err(Error::NotFound("The thread was"));
    }
    let below = comments::below(&pod.db, root.id, eyes, ANSWERS).await?;
    Ok(tree(root, below))
}

/// Puts answers below what they answer. Whoever answers something that is not shown, or is too deep, stands below the next above.
fn tree(root: Comment, below: Vec<Comment>) -> Tree {
    // Where each comment is hung, and how deep it is. A parent is always older, so it has been met before.
    let mut places: HashMap<CommentId, (CommentId, usize)> = HashMap::new();
    places.insert(root.id, (root.id, 0));
    let mut children: HashMap<CommentId, Vec<Comment>> = HashMap::new();
    for comment in below {
        let above = comment.parent_id.filter(|id| places.contains_key(id));
        let above = above.unwrap_or(root.id);
        let (higher, depth) = places.get(&above).copied().unwrap_or((root.id, 0));
        let (above, depth) = if depth >= DEPTH {
            (higher, depth)
        } else {
            (above, depth + 1)
        };
        places.insert(comment.id, (above, depth));
        children.entry(above).or_default().push(comment);
    }
    hang(root, &mut children)
}

fn hang(comment: Comment, children: &mut HashMap<CommentId, Vec<Comment>>) -> Tree {
    let own = children.remove(&comment.id).unwrap_or_default();
    Tree {
        children: own.into_iter().map(|child| hang(child, children)).collect(),
        comment,
    }
}

/// Says something about a video, or answers what was said.
pub async fn write(
    pod: &Pod,
    user: &User,
    named: VideoRef,
    answered: Option<CommentId>,
    text: &str,
) -> Result<Comment> {
    let text = CommentText::parse(text).field("text")?;
    let found = videos::find(pod, Some(user), named).await?;
    let video = &found.video;
    if video.comments_policy == 2 || video.state != VideoState::Published {
        return Err(Error::Forbidden("This video takes no comments.".into()));
    }
    let parent = match answered {
        Some(id) => Some(known(pod, video, id).await?),
        None => None,
    };
    let manages = videos::may_manage(Some(user), video) && !video.remote;
    if parent
        .as_ref()
        .is_some_and(|p| p.deleted_at.is_some() || p.held && !manages)
    {
        return Err(Error::NotFound("The comment that is answered was"));
    }
    let now = pod.now();
    pod.writing.comment(user.account_id, now)?;
    let held = video.comments_policy == 3 && !manages;
    let comment = NewComment {
        video_id: video.id,
        actor_id: user.actor_id,
        parent: parent.as_ref(),
        uri: None,
        text: text.as_str(),
        held,
        created_at: now,
        updated_at: now,
    };
    let mut tx = pod.db.begin().await?;
    let id = comments::insert(&mut tx, &comment).await?;
    let written = match id {
        Some(id) => comments::by_id(&mut tx, id).await?,
        None => None,
    };
    let written = written.ok_or(Error::NotFound("The comment was"))?;
    // Of a video elsewhere its own pod decides.
    if !held || video.remote {
        tell(pod, &mut tx, &found, &written).await?;
    }
    tx.commit().await?;
    pod.lists.counted(video.id);
    pod.network.told();
    Ok(written)
}

async fn tell(pod: &Pod, tx: &mut db::Tx, video: &OwnedVideo, comment: &Comment) -> Result<()> {
    if !video.video.privacy.open_by_link() {
        return Ok(());
    }
    if comment.uri.is_some() {
        let uri = crate::network::notes::uri(pod, comment)?;
        saying::announce(pod, tx, &video.video, &uri).await?;
    } else {
        saying::said(pod, tx, video, comment).await?;
    }
    saying::counted(pod, tx, &video.video).await
}

/// Deletes a comment: one's own, one on one's own video, or as who looks after all.
pub async fn delete(pod: &Pod, user: &User, named: VideoRef, id: CommentId) -> Result<()> {
    let found = videos::find(pod, Some(user), named).await?;
    let video = &found.video;
    let comment = known(pod, video, id).await?;
    let own = comment.actor_id == Some(user.actor_id);
    if !own && !videos::may_manage(Some(user), video) {
        return Err(Error::Forbidden("This comment is somebody else's.".into()));
    }
    let mut tx = pod.db.begin().await?;
    if !comments::bury(&mut tx, &comment, pod.now()).await? {
        return Err(Error::Conflict {
            field: "commentId",
            reason: "the comment is deleted already".into(),
        });
    }
    if comment.uri.is_none() {
        let author = comment.author_name.as_deref().unwrap_or_default();
        let by = ours::account_uri(pod, author)?;
        saying::unsaid(pod, &mut tx, video, &comment, by).await?;
    } else if !video.remote {
        saying::removed(pod, &mut tx, &found, &comment).await?;
    }
    saying::counted(pod, &mut tx, video).await?;
    tx.commit().await?;
    pod.lists.counted(video.id);
    pod.network.told();
    Ok(())
}

/// Shows a comment that was held back to everybody.
pub async fn approve(pod: &Pod, user: &User, named: VideoRef, id: CommentId) -> Result<()> {
    let found = videos::find(pod, Some(user), named).await?;
    let video = &found.video;
    if video.remote || !videos::may_manage(Some(user), video) {
        return Err(Error::Forbidden("This video is somebody else's.".into()));
    }
    let comment = known(pod, video, id).await?;
    let mut tx = pod.db.begin().await?;
    if comments::release(&mut tx, &comment).await? {
        tell(pod, &mut tx, &found, &comment).await?;
    }
    tx.commit().await?;
    pod.lists.counted(video.id);
    pod.network.told();
    Ok(())
}

/// Deletes what a user who is about to be deleted has said, and takes back what they thought. The pod tells it in its own name.
pub(crate) async fn forget(pod: &Pod, tx: &mut db::Tx, user: &User) -> Result<()> {
    loop {
        let said = comments::of_actor(&mut *tx, user.actor_id, ANSWERS).await?;
        for comment in &said {
            comments::bury(tx, comment, pod.now()).await?;
            if let Some(video) = db::videos::by_id(&mut *tx, comment.video_id).await? {
                let by = ours::pod_uri(pod)?;
                saying::unsaid(pod, tx, &video, comment, by).await?;
            }
        }
        let rated = db::ratings::take_back(tx, user.actor_id, ANSWERS, pod.now()).await?;
        if said.is_empty() && rated.is_empty() {
            return Ok(());
        }
    }
}
