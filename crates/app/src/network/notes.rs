//! Comments in the words of ActivityPub: where one lives, what it answers, and how this pod writes its own. PeerTube calls a comment by
//! its video's address, and others have learnt that.

use super::ours;
use crate::{Error, Pod, Result};
use db::{Tx, comments, comments::Comment, remote_videos, videos::OwnedVideo};
use fedi::{Audience, Mention, Note, Object, PUBLIC, Tombstone};
use names::{ActorUri, CommentId, Host, ObjectUri, VideoRef, VideoUuid};
use serde_json::Value;

/// The id of a comment of this pod.
fn own_uri(pod: &Pod, video: VideoUuid, id: CommentId) -> Result<ObjectUri> {
    ours::below(pod, &format!("/videos/watch/{video}/comments/{id}"))
}

/// The id of a comment.
pub fn uri(pod: &Pod, comment: &Comment) -> Result<ObjectUri> {
    match &comment.uri {
        Some(uri) => Ok(uri.clone()),
        None => own_uri(pod, comment.video_uuid, comment.id),
    }
}

/// What an address of this pod stands for.
enum Local {
    Video(VideoUuid),
    Comment(VideoUuid, CommentId),
}

fn local(pod: &Pod, uri: &ObjectUri) -> Option<Local> {
    let path = uri.as_str().strip_prefix(&pod.settings.public_url)?;
    let mut parts = path.strip_prefix("/videos/watch/")?.split('/');
    let video = VideoUuid::parse(parts.next()?).ok()?;
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => Some(Local::Video(video)),
        (Some("comments"), Some(id), None) => {
            Some(Local::Comment(video, CommentId(id.parse().ok()?)))
        }
        _ => None,
    }
}

/// The uuid of a video of this pod.
pub(crate) fn own_video(pod: &Pod, uri: &ObjectUri) -> Option<VideoUuid> {
    match local(pod, uri)? {
        Local::Video(uuid) => Some(uuid),
        Local::Comment(..) => None,
    }
}

/// The comment that is known by an id, wherever it lives.
pub(crate) async fn by_uri(pod: &Pod, tx: &mut Tx, uri: &ObjectUri) -> Result<Option<Comment>> {
    Ok(match local(pod, uri) {
        Some(Local::Comment(video, id)) => {
            let found = comments::by_id(&mut *tx, id).await?;
            found.filter(|found| found.uri.is_none() && found.video_uuid == video)
        }
        Some(Local::Video(_)) => None,
        None => comments::by_uri(&mut *tx, uri).await?,
    })
}

/// Whether an id is that of a video of ours, or of any video or comment that is known. It asks no more than it has to, because nobody has
/// proved anything yet.
pub(crate) async fn is_known(pod: &Pod, uri: &ObjectUri) -> Result<bool> {
    Ok(match local(pod, uri) {
        Some(Local::Comment(_, id)) => comments::by_id(&pod.db, id).await?.is_some(),
        Some(Local::Video(uuid)) => {
            let found = db::videos::find(&pod.db, VideoRef::Uuid(uuid)).await?;
            found.is_some()
        }
        None => {
            comments::by_uri(&pod.db, uri).await?.is_some()
                || remote_videos::by_uri(&pod.db, uri).await?.is_some()
        }
    })
}

/// What is answered.
pub(crate) struct Place {
    pub video: OwnedVideo,
    /// Where the video is at home; nothing for one of this pod.
    pub home: Option<Host>,
    /// Nothing when the video itself is answered.
    pub parent: Option<Comment>,
}

/// What an id stands for, if it can be answered.
pub(crate) async fn place(pod: &Pod, tx: &mut Tx, uri: &ObjectUri) -> Result<Option<Place>> {
    let (named, parent) = match by_uri(pod, tx, uri).await? {
        Some(comment) => (VideoRef::Id(comment.video_id), Some(comment)),
        None => match own_video(pod, uri) {
            Some(uuid) => (VideoRef::Uuid(uuid), None),
            None => match remote_videos::by_uri(&mut *tx, uri).await? {
                Some(row) => (VideoRef::Id(row.video_id), None),
                None => return Ok(None),
            },
        },
    };
    let Some(video) = db::videos::find(&mut *tx, named).await? else {
        return Ok(None);
    };
    let home = remote_videos::by_id(&mut *tx, video.video.id).await?;
    Ok(Some(Place {
        home: home.map(|row| row.host),
        video,
        parent,
    }))
}

/// The id of a video, wherever it lives.
pub(crate) async fn video_uri(pod: &Pod, tx: &mut Tx, video: &OwnedVideo) -> Result<ObjectUri> {
    match remote_videos::by_id(&mut *tx, video.video.id).await? {
        Some(row) => Ok(row.uri),
        None => ours::video_uri(pod, video.video.uuid),
    }
}

/// The actor of whoever wrote a comment; nobody when it is deleted.
pub(crate) fn author(pod: &Pod, comment: &Comment) -> Result<Option<ActorUri>> {
    match (&comment.author_uri, &comment.author_name) {
        (Some(uri), _) => Ok(Some(uri.clone())),
        (None, Some(name)) => ours::account_uri(pod, name).map(Some),
        (None, None) => Ok(None),
    }
}

/// A comment of this pod as an object. Whoever is answered is mentioned, so that their server tells them.
pub(crate) async fn note(
    pod: &Pod,
    tx: &mut Tx,
    video: &OwnedVideo,
    comment: &Comment,
) -> Result<Option<Note>> {
    let Some(author) = author(pod, comment)? else {
        return Ok(None);
    };
    let (answered, mentioned) = match comment.parent_id {
        None => (video_uri(pod, tx, video).await?, None),
        Some(id) => {
            let parent = comments::by_id(&mut *tx, id).await?;
            let Some(parent) = parent else {
                return Ok(None);
            };
            let mention = self::author(pod, &parent)?.map(|actor| Mention {
                name: parent
                    .author_name
                    .as_ref()
                    .map(|name| format!("@{name}@{}", actor.host())),
                actor,
            });
            (uri(pod, &parent)?, mention)
        }
    };
    let owner = match &video.owner.account_uri {
        Some(uri) => uri.clone(),
        None => ours::account_uri(pod, &video.owner.account_name)?,
    };
    let id = uri(pod, comment)?;
    let mut note = Note::new(id.clone(), author.clone(), html(&comment.text));
    note.in_reply_to = Some(answered);
    note.published = Some(comment.created_at);
    note.updated = (comment.updated_at > comment.created_at).then_some(comment.updated_at);
    note.url = fedi::Link::parse(id.as_str()).ok();
    let mut cc = vec![format!("{author}/followers"), owner.to_string()];
    let others = mentioned.iter().map(|mention| mention.actor.to_string());
    cc.extend(others.filter(|other| *other != owner.as_str()));
    note.audience = Audience {
        to: vec![PUBLIC.to_owned()],
        cc,
    };
    note.mentions = mentioned.into_iter().collect();
    Ok(Some(note))
}

/// Text as HTML, which is what notes are made of.
fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 20);
    for paragraph in text.split("\n\n").filter(|part| !part.trim().is_empty()) {
        html.push_str("<p>");
        for c in paragraph.trim_matches('\n').chars() {
            match c {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '\n' => html.push_str("<br>"),
                '\r' => {}
                c => html.push(c),
            }
        }
        html.push_str("</p>");
    }
    html
}

/// A comment of this pod as a program sees it that asks for its address; what is left of it when it is deleted.
pub async fn document(pod: &Pod, video: VideoUuid, id: i64) -> Result<Found> {
    let mut tx = pod.db.begin().await?;
    let uri = own_uri(pod, video, CommentId(id))?;
    let place = place(pod, &mut tx, &uri).await?;
    let missing = || Error::NotFound("The comment was");
    let (video, comment) = match place {
        Some(Place {
            video,
            parent: Some(comment),
            ..
        }) if video.video.privacy.open_by_link() && !comment.held => (video, comment),
        _ => return Err(missing()),
    };
    if let Some(deleted) = comment.deleted_at {
        let tombstone = Tombstone {
            id: uri,
            former_type: Some("Note".into()),
            in_reply_to: None,
            published: Some(comment.created_at),
            updated: None,
            deleted: Some(deleted),
        };
        let object = Object::Tombstone(Box::new(tombstone));
        return Ok(Found::Gone(object.document()));
    }
    let note = note(pod, &mut tx, &video, &comment).await?;
    let note = note.ok_or_else(missing)?;
    Ok(Found::There(Object::Note(Box::new(note)).document()))
}

/// What is at the address of a comment.
pub enum Found {
    There(Value),
    Gone(Value),
}

/// What a note says, as text within our limits; empty when it says nothing.
pub(crate) fn words(note: &Note) -> String {
    let most = names::CommentText::MAX;
    let kind = note.media_type.as_deref().unwrap_or("text/html");
    let text = |text: &str| match kind {
        "text/html" => super::remote::plain(text, most),
        _ => {
            let kept = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
            text.trim().chars().filter(kept).take(most).collect()
        }
    };
    let said = text(&note.content);
    match note.summary.as_deref().map(text) {
        Some(warning) if !warning.is_empty() && !said.is_empty() => {
            format!("{warning}\n\n{said}").chars().take(most).collect()
        }
        _ => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_there_and_back() {
        for text in [
            "one",
            "a & b <c> \"d\"",
            "one\ntwo\n\nthree",
            "<script>alert(1)</script>",
            "&amp;lt;",
        ] {
            assert_eq!(super::super::remote::plain(&html(text), 1000), text);
        }
    }

    #[test]
    fn words_are_bounded() {
        let id: ObjectUri = "https://a.example/1".parse().expect("an id");
        let author: ActorUri = "https://a.example/bob".parse().expect("an id");
        for (content, summary, expected) in [
            ("<p>Hello <b>all</b></p>", None, "Hello all"),
            ("<script>alert(1)</script>", None, "alert(1)"),
            ("<p>plot</p>", Some("spoiler"), "spoiler\n\nplot"),
            ("<img src=x>", Some("spoiler"), ""),
        ] {
            let mut note = Note::new(id.clone(), author.clone(), content.into());
            note.summary = summary.map(str::to_owned);
            assert_eq!(words(&note), expected, "{content}");
        }
        let long = Note::new(id, author, "é".repeat(40_000));
        assert_eq!(words(&long).chars().count(), 10_000);
    }
}
