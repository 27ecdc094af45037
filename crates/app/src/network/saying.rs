//! What is told of comments, opinions and views, as rows of the outbox in the transaction of the change. About a video of another pod only
//! that pod is told, because it decides and passes on; about one of ours everybody who hears of the video. All of it are plain activities
//! that the people concerned would sign themselves, whether they travel alone or sealed.

use super::{notes, ours, telling};
use crate::{Error, Pod, Result};
use db::{
    Tx,
    comments::{self, Comment},
    hosts,
    outbox::{Audience, Message, enqueue},
    remote_actors, remote_videos,
    videos::{OwnedVideo, Video},
};
use fedi::{Activity, Deed, Object, Subject, Undone, View};
use names::{ActorUri, Friendship, Host, HostId, ObjectUri, Opinion};

/// Counts that change within this time are told together (ms).
const COUNTED: i64 = 30_000;
/// And how often something was watched, which changes all the time (ms).
const WATCHED: i64 = 600_000;
/// Views of a video that wait for its pod at most.
const VIEWS: u64 = 100;

fn document(pod: &Pod, what: &str, by: ActorUri, deed: Deed) -> Result<String> {
    let audience = fedi::Audience::public(&format!("{by}/followers"));
    let id = ours::activity_uri(pod, what)?;
    Ok(Activity::new(id, by, deed)
        .to(audience)
        .document()
        .to_string())
}

async fn put(
    pod: &Pod,
    tx: &mut Tx,
    audience: Audience<'_>,
    (subject, verb): (&str, &str),
    body: &str,
) -> Result<()> {
    let now = pod.now();
    let message = Message {
        subject,
        verb,
        body: Some(body),
        now,
        due: now,
    };
    enqueue(tx, audience, message).await?;
    Ok(())
}

/// The actors whose followers hear of a video of this pod.
async fn heralds(tx: &mut Tx, video: &Video) -> Result<Vec<names::ActorId>> {
    let (account, channel) = (video.account_id, video.channel_id);
    Ok(db::follows::heralds(&mut *tx, super::POD_NAME, account, channel).await?)
}

/// Everybody who hears of a video of this pod is told of a comment that somebody elsewhere has made on it.
pub(crate) async fn announce(
    pod: &Pod,
    tx: &mut Tx,
    video: &Video,
    note: &ObjectUri,
) -> Result<()> {
    if !video.listed() {
        return Ok(());
    }
    let deed = Deed::Announce(Subject::of(note.clone()));
    let body = document(pod, "announce", ours::pod_uri(pod)?, deed)?;
    let heralds = heralds(tx, video).await?;
    let subject = format!("comment-there:{note}");
    put(
        pod,
        tx,
        Audience::Network(&heralds),
        (&subject, "announced"),
        &body,
    )
    .await
}

/// They are told that it is not there any more.
pub(crate) async fn withdraw(
    pod: &Pod,
    tx: &mut Tx,
    video: &Video,
    note: &ObjectUri,
) -> Result<()> {
    if !video.listed() {
        return Ok(());
    }
    let body = document(pod, "undo", ours::pod_uri(pod)?, withdrawal(note))?;
    let heralds = heralds(tx, video).await?;
    let subject = format!("comment-there:{note}");
    put(
        pod,
        tx,
        Audience::Network(&heralds),
        (&subject, "withdrawn"),
        &body,
    )
    .await
}

fn withdrawal(note: &ObjectUri) -> Deed {
    let announced = Deed::Announce(Subject::of(note.clone()));
    Deed::Undo(Undone {
        id: None,
        deed: Some(Box::new(announced)),
    })
}

/// The row of a host that may be told something.
async fn reachable(pod: &Pod, tx: &mut Tx, host: &Host) -> Result<Option<hosts::HostRow>> {
    let row = hosts::get_or_insert(&mut *tx, host, pod.now()).await?;
    let out = row.blocked || row.friendship == Friendship::Expelled;
    Ok((!out).then_some(row))
}

/// The host of somebody elsewhere, with the inbox where they hear.
async fn host_of(pod: &Pod, tx: &mut Tx, actor: &ActorUri) -> Result<Option<hosts::HostRow>> {
    let host = actor.host();
    if host == pod.own_host()? {
        return Ok(None);
    }
    let Some(row) = reachable(pod, tx, &host).await? else {
        return Ok(None);
    };
    if row.shared_inbox.is_none()
        && let Some(known) = remote_actors::by_uri(&mut *tx, actor).await?
    {
        let mut inboxes = [known.shared_inbox, known.inbox].into_iter().flatten();
        let facts = hosts::HostFacts {
            // Nobody has a third party called.
            shared_inbox: inboxes.find(|inbox| inbox.host() == host),
            ..hosts::HostFacts::default()
        };
        hosts::set_facts(&mut *tx, row.id, &facts).await?;
    }
    Ok(Some(row))
}

/// Hosts of those who are answered: of what a comment answers, and of the thread.
async fn answered(pod: &Pod, tx: &mut Tx, comment: &Comment) -> Result<Vec<HostId>> {
    let mut found = Vec::new();
    for id in [comment.parent_id, comment.root_id].into_iter().flatten() {
        if let Some(above) = comments::by_id(&mut *tx, id).await?
            && let Some(author) = notes::author(pod, &above)?
            && let Some(row) = host_of(pod, tx, &author).await?
            && !found.contains(&row.id)
        {
            found.push(row.id);
        }
    }
    Ok(found)
}

/// Tells whom it concerns something about a comment of this pod.
async fn tell(
    pod: &Pod,
    tx: &mut Tx,
    video: &Video,
    comment: &Comment,
    verb: &str,
    body: &str,
) -> Result<()> {
    let subject = format!("comment:{}", comment.id);
    if let Some(home) = remote_videos::by_id(&mut *tx, video.id).await? {
        if reachable(pod, tx, &home.host).await?.is_some() {
            let audience = Audience::Host(home.host_id);
            put(pod, tx, audience, (&subject, verb), body).await?;
        }
        return Ok(());
    }
    for host in answered(pod, tx, comment).await? {
        put(pod, tx, Audience::Host(host), (&subject, verb), body).await?;
    }
    if video.listed() {
        let heralds = heralds(tx, video).await?;
        put(pod, tx, Audience::Network(&heralds), (&subject, verb), body).await?;
    }
    Ok(())
}

/// Somebody of this pod has said something.
pub(crate) async fn said(
    pod: &Pod,
    tx: &mut Tx,
    video: &OwnedVideo,
    comment: &Comment,
) -> Result<()> {
    let Some(note) = notes::note(pod, tx, video, comment).await? else {
        return Ok(());
    };
    let (author, audience) = (note.attributed_to.clone(), note.audience.clone());
    let subject = Subject::whole(Object::Note(Box::new(note)));
    let subject =
        subject.ok_or_else(|| Error::Internal(anyhow::anyhow!("a comment without an id")))?;
    let id = ours::activity_uri(pod, "create")?;
    let activity = Activity::new(id, author, Deed::Create(subject)).to(audience);
    let body = activity.document().to_string();
    tell(pod, tx, &video.video, comment, "create", &body).await
}

/// A comment of this pod is deleted. The pod says so, because its author may be gone as well.
pub(crate) async fn unsaid(
    pod: &Pod,
    tx: &mut Tx,
    video: &Video,
    comment: &Comment,
    by: ActorUri,
) -> Result<()> {
    let deed = Deed::Delete(notes::uri(pod, comment)?);
    let body = document(pod, "delete", by, deed)?;
    tell(pod, tx, video, comment, "delete", &body).await
}

/// A comment from elsewhere is deleted here by whoever looks after its video, which is one of ours.
pub(crate) async fn removed(
    pod: &Pod,
    tx: &mut Tx,
    video: &OwnedVideo,
    comment: &Comment,
) -> Result<()> {
    let uri = notes::uri(pod, comment)?;
    withdraw(pod, tx, &video.video, &uri).await?;
    let Some(author) = &comment.author_uri else {
        return Ok(());
    };
    if let Some(row) = host_of(pod, tx, author).await? {
        // PeerTube lets the owner of a video delete what is below it; friends are told as everybody is.
        let (by, deed) = match row.friendship {
            Friendship::Friend => (ours::pod_uri(pod)?, withdrawal(&uri)),
            _ => {
                let owner = ours::account_uri(pod, &video.owner.account_name)?;
                (owner, Deed::Delete(uri.clone()))
            }
        };
        let body = document(pod, "delete", by, deed)?;
        let subject = format!("comment-there:{uri}");
        put(
            pod,
            tx,
            Audience::Host(row.id),
            (&subject, "withdrawn"),
            &body,
        )
        .await?;
    }
    Ok(())
}

/// Somebody of this pod thinks something else of a video of another pod than before.
pub(crate) async fn rated(
    pod: &Pod,
    tx: &mut Tx,
    account: &str,
    video: &Video,
    (before, opinion): (Opinion, Opinion),
) -> Result<()> {
    let Some(home) = remote_videos::by_id(&mut *tx, video.id).await? else {
        return Ok(());
    };
    if reachable(pod, tx, &home.host).await?.is_none() {
        return Ok(());
    }
    let deed = |opinion, uri| match opinion {
        Opinion::Dislike => Deed::Dislike(uri),
        _ => Deed::Like(uri),
    };
    let deed = match opinion {
        Opinion::None => Deed::Undo(Undone {
            id: None,
            deed: Some(Box::new(deed(before, home.uri))),
        }),
        opinion => deed(opinion, home.uri),
    };
    let by = ours::account_uri(pod, account)?;
    let body = document(pod, opinion.as_str(), by, deed)?;
    let subject = format!("rating:{account}:{}", video.uuid);
    // What it is now takes the place of what waits: what was told before may have been something else.
    put(
        pod,
        tx,
        Audience::Host(home.host_id),
        (&subject, "rate"),
        &body,
    )
    .await
}

/// Numbers of a video of this pod have changed.
pub(crate) async fn counted(pod: &Pod, tx: &mut Tx, video: &Video) -> Result<()> {
    update(pod, tx, video, COUNTED).await
}

async fn update(pod: &Pod, tx: &mut Tx, video: &Video, within: i64) -> Result<()> {
    if video.remote || !video.listed() {
        return Ok(());
    }
    let heralds = heralds(tx, video).await?;
    let now = pod.now();
    let message = Message {
        subject: &telling::subject(video.uuid),
        verb: "update",
        body: None,
        now,
        due: now + within,
    };
    enqueue(tx, Audience::Network(&heralds), message).await?;
    Ok(())
}

/// A video of this pod was watched; others are told in a while, with all who watch it until then.
pub(crate) async fn watched_in(pod: &Pod, tx: &mut Tx, video: &Video) -> Result<()> {
    let told = &pod.network.numbers.told;
    if told.contains_key(&video.id) {
        return Ok(());
    }
    told.insert(video.id, ());
    update(pod, tx, video, WATCHED).await
}

/// A video was watched here: the pod at which it is at home counts it.
pub(crate) async fn watched(pod: &Pod, video: &Video) -> Result<()> {
    if !video.remote && (!video.listed() || pod.network.numbers.told.contains_key(&video.id)) {
        return Ok(());
    }
    let mut tx = pod.db.begin().await?;
    match remote_videos::by_id(&mut tx, video.id).await? {
        None => watched_in(pod, &mut tx, video).await?,
        Some(home) => {
            if reachable(pod, &mut tx, &home.host).await?.is_some() {
                let deed = Deed::View(View {
                    video: home.uri,
                    viewers: None,
                    expires: None,
                });
                let body = document(pod, "view", ours::pod_uri(pod)?, deed)?;
                let turn = pod.network.numbers.turn(VIEWS);
                let subject = format!("view:{}:{turn}", video.uuid);
                let audience = Audience::Host(home.host_id);
                put(pod, &mut tx, audience, (&subject, "view"), &body).await?;
            }
        }
    }
    tx.commit().await?;
    pod.network.told();
    Ok(())
}
