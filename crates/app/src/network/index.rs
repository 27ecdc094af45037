//! What other pods say of their videos, applied to our index. A pod is believed about what lives on its own host and about nothing else:
//! `apply` is given the host whose signature was checked, and everything in an activity is held against it.

use super::{actors, followers, pictures, rated, remote, said, undone};
use crate::{Error, Pod, Result};
use db::{
    Tx,
    hosts::HostRow,
    remote_actors,
    remote_videos::{self, Counts, RemoteVideo, Upsert},
};
use fedi::{Activity, Actor, ActorKind as Kind, Attribution, Deed, Object, Told, Video};
use names::{
    AccountId, ActorId, ActorKind, ActorUri, ChannelId, InboxUri, ObjectUri, Privacy, Tag,
    VideoName, VideoUuid, category_label, language_label, licence_label,
};
use podnet::score::Event;

/// What is said of a change that was not made.
#[derive(Debug)]
pub(crate) struct Refused {
    pub reason: String,
    /// What it costs whoever said it.
    pub event: Option<Event>,
}

impl Refused {
    pub(super) fn lie(reason: impl Into<String>) -> Applied {
        Applied::Refused(Self {
            reason: reason.into(),
            event: Some(Event::Lie),
        })
    }

    pub(super) fn plainly(reason: impl Into<String>) -> Applied {
        Applied::Refused(Self {
            reason: reason.into(),
            event: None,
        })
    }
}

/// What became of an activity.
#[derive(Debug)]
pub(crate) enum Applied {
    Done,
    Refused(Refused),
}

/// Applies what a host says of its own, in the transaction of the caller. `token` is that of the whole list it is part of.
pub(crate) async fn apply(
    pod: &Pod,
    tx: &mut Tx,
    host: &HostRow,
    activity: &Activity,
    token: Option<&str>,
) -> Result<Applied> {
    if activity.host() != host.host {
        let why = format!("{} speaks for {}", host.host, activity.actor);
        return Ok(Refused::lie(why));
    }
    if db::blocks::is_blocked(&mut *tx, &activity.actor).await? {
        return Ok(Refused::plainly("the actor is on the block list"));
    }
    match &activity.deed {
        Deed::Create(subject) | Deed::Update(subject) => match subject.told_by(&host.host) {
            Told::Here(Object::Video(video)) => {
                put_video(pod, tx, host, activity, video, token).await
            }
            Told::Here(Object::Actor(actor)) => put_actor(pod, tx, actor).await,
            Told::Here(Object::Note(note)) => said::told(pod, tx, &activity.actor, note).await,
            Told::Here(_) => Ok(Refused::plainly("this pod keeps no such object")),
            Told::Elsewhere(id) if id.host() == host.host && subject.is_whole() => {
                Ok(Refused::lie(format!("{id} is said to be of another host")))
            }
            Told::Elsewhere(id) if id.host() == host.host => {
                Ok(Refused::plainly("the object itself is missing"))
            }
            Told::Elsewhere(id) => Ok(Refused::lie(format!(
                "{} changes {id}, which is not its own",
                host.host
            ))),
        },
        Deed::Delete(id) => match said::taken_back(pod, tx, &activity.actor, id).await? {
            Some(applied) => Ok(applied),
            None => delete(pod, tx, host, activity, id).await,
        },
        Deed::Announce(subject) => said::passed_on(pod, tx, activity, subject.id()).await,
        Deed::Like(_) | Deed::Dislike(_) | Deed::View(_) => {
            rated::apply(pod, tx, host, activity).await
        }
        Deed::Undo(undone) => undone::apply(pod, tx, &activity.actor, undone).await,
        Deed::Follow(target) => followers::asked(pod, tx, host, activity, target).await,
        Deed::Accept(followed) => {
            followers::accepted(pod, tx, host, &activity.actor, followed).await
        }
        Deed::Reject(followed) => followers::rejected(pod, tx, &activity.actor, followed).await,
        _ => Ok(Refused::plainly("this pod does nothing about that")),
    }
}

async fn delete(
    pod: &Pod,
    tx: &mut Tx,
    host: &HostRow,
    activity: &Activity,
    id: &ObjectUri,
) -> Result<Applied> {
    if id.host() != host.host {
        let why = format!("{} deletes {id}, which is not its own", host.host);
        return Ok(Refused::lie(why));
    }
    let Some(row) = remote_videos::by_uri(&mut *tx, id).await? else {
        // It was never here, or is gone already.
        return Ok(Applied::Done);
    };
    let known = db::videos::hydrate(&mut *tx, &[row.video_id]).await?;
    let owners = known
        .into_iter()
        .flat_map(|known| [known.owner.account_uri, known.owner.channel_uri]);
    let mut owners: Vec<ActorUri> = owners.flatten().collect();
    // A pod may take down what is on it.
    if let Some(theirs) = host.actor_id {
        owners.extend(
            remote_actors::by_id(&mut *tx, theirs)
                .await?
                .and_then(|actor| actor.uri),
        );
    }
    if !activity.is_by(&owners) {
        let why = format!("{} does not own {id}", activity.actor);
        return Ok(Refused::lie(why));
    }
    if let Some(video) = remote_videos::remove(tx, id, host.id).await? {
        pictures::sweep(pod, tx).await?;
        pod.lists.changed(video);
    }
    Ok(Applied::Done)
}

/// Keeps an account or a channel as its pod describes it.
async fn put_actor(pod: &Pod, tx: &mut Tx, actor: &Actor) -> Result<Applied> {
    let kept = match actor.kind {
        Kind::Group => {
            let Some(owner) = actor.account() else {
                return Ok(Refused::plainly("the channel has no account"));
            };
            let account = account(pod, tx, owner).await?;
            match account {
                Some(account) => actors::put_channel(tx, actor, account, pod.now())
                    .await?
                    .is_some(),
                None => false,
            }
        }
        _ => actors::put_account(tx, actor, pod.now()).await?.is_some(),
    };
    if kept {
        Ok(Applied::Done)
    } else {
        Ok(Refused::plainly(format!(
            "{} is known as something else",
            actor.id
        )))
    }
}

/// An actor of whom nothing is known but the address: enough for a row, until it is described.
pub(crate) fn unknown(uri: &ActorUri, kind: Kind) -> Option<Actor> {
    let path = uri.as_str().split(['?', '#']).next().unwrap_or_default();
    let name = path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .filter(|name| !name.is_empty())?;
    let inbox = InboxUri::parse(&format!("{path}/inbox")).ok()?;
    Some(Actor::new(
        kind,
        uri.clone(),
        name.chars().take(120).collect(),
        inbox,
    ))
}

pub(super) async fn account(pod: &Pod, tx: &mut Tx, uri: &ActorUri) -> Result<Option<AccountId>> {
    match remote_actors::by_uri(&mut *tx, uri).await? {
        Some(actor) if actor.kind == ActorKind::Account => Ok(actor.account_id),
        Some(_) => Ok(None),
        None => match unknown(uri, Kind::Person) {
            Some(actor) => actors::put_account(tx, &actor, pod.now()).await,
            None => Ok(None),
        },
    }
}

/// The account of a uri as an actor: whoever speaks is one. It gets a row when it is not known yet.
pub(super) async fn speaker(pod: &Pod, tx: &mut Tx, uri: &ActorUri) -> Result<Option<ActorId>> {
    if account(pod, tx, uri).await?.is_none() {
        return Ok(None);
    }
    let actor = remote_actors::by_uri(&mut *tx, uri).await?;
    Ok(actor.map(|actor| actor.id))
}

async fn channel(
    pod: &Pod,
    tx: &mut Tx,
    uri: &ActorUri,
    account: AccountId,
) -> Result<Option<ChannelId>> {
    match remote_actors::by_uri(&mut *tx, uri).await? {
        Some(actor) if actor.kind == ActorKind::Channel => Ok(actor.channel_id),
        Some(_) => Ok(None),
        None => match unknown(uri, Kind::Group) {
            Some(actor) => actors::put_channel(tx, &actor, account, pod.now()).await,
            None => Ok(None),
        },
    }
}

/// Keeps a video, or removes it when it is not for everybody any more.
async fn put_video(
    pod: &Pod,
    tx: &mut Tx,
    host: &HostRow,
    activity: &Activity,
    video: &Video,
    token: Option<&str>,
) -> Result<Applied> {
    let actor = |to: &Attribution| to.actor.clone();
    let owners: Vec<ActorUri> = video.attributed_to.iter().map(actor).collect();
    if !activity.is_by(&owners) {
        let why = format!("{} does not own {}", activity.actor, video.id);
        return Ok(Refused::lie(why));
    }
    if !video.audience.is_listed() || video.state.is_some_and(|state| state != 1) {
        if let Some(id) = remote_videos::remove(tx, &video.id, host.id).await? {
            pictures::sweep(pod, tx).await?;
            pod.lists.changed(id);
        }
        return Ok(Applied::Done);
    }
    let (Some(account_uri), Some(channel_uri)) = (video.account(), video.channel()) else {
        return Ok(Refused::plainly(
            "the video does not say which account and channel it is of",
        ));
    };
    let Some(account) = account(pod, tx, account_uri).await? else {
        return Ok(Refused::plainly("the video's account is none"));
    };
    let Some(channel) = channel(pod, tx, channel_uri, account).await? else {
        return Ok(Refused::plainly("the video's channel is none"));
    };
    let texts = Texts::of(video);
    let document = serde_json::to_string(&remote::Document::of(video))
        .map_err(|why| Error::Internal(why.into()))?;
    let now = pod.now();
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let home = |icon: &&fedi::Image| icon.url.host() == host.host;
    let mut pictures = video.icons.iter().filter(home);
    let thumbnail = pictures.next().map(|icon| icon.url.as_str());
    let preview = pictures
        .next_back()
        .map_or(thumbnail, |icon| Some(icon.url.as_str()));
    let aspect = video
        .aspect_ratio
        .filter(|ratio| *ratio > 0)
        .unwrap_or(1778);
    let height = video
        .links
        .playlists
        .iter()
        .flat_map(|list| &list.files)
        .map(|file| file.height)
        .max();
    let height = height.unwrap_or(0).min(10_000);
    let mut row = RemoteVideo {
        uri: &video.id,
        host_id: host.id,
        uuid: video
            .uuid
            .unwrap_or_else(|| VideoUuid(uuid::Uuid::new_v4())),
        account_id: account,
        channel_id: channel,
        name: &texts.name,
        description: &texts.description,
        support: texts.support.as_deref(),
        category: video
            .category
            .map(number)
            .filter(|id| category_label(*id).is_some()),
        licence: video
            .licence
            .map(number)
            .filter(|id| licence_label(*id).is_some()),
        language: video
            .language
            .as_deref()
            .filter(|code| language_label(code).is_some()),
        tags: &texts.tags,
        nsfw: video.sensitive,
        privacy: Privacy::Public,
        download_enabled: video.download_enabled,
        comments_policy: match video.comments_policy {
            fedi::CommentsPolicy::Enabled => 1,
            fedi::CommentsPolicy::Disabled => 2,
            fedi::CommentsPolicy::RequiresApproval => 3,
        },
        duration: number(video.duration).min(1_000_000),
        width: number((height * aspect) / 1000),
        height: number(height),
        counts: Counts {
            views: Some(number(video.views)),
            likes: video.counts.map(|counts| number(counts.likes)),
            dislikes: video.counts.map(|counts| number(counts.dislikes)),
            comments: video.counts.map(|counts| number(counts.comments)),
        },
        // Nobody stays on top of our lists by a date that has not come.
        published_at: video.published.unwrap_or(now).min(now),
        originally_published_at: video.originally_published,
        document: &document,
        thumbnail_url: thumbnail,
        preview_url: preview,
        token,
        origin_updated_at: video.updated.or(video.published).unwrap_or(now).min(now),
        now,
    };
    let mut outcome = remote_videos::upsert(tx, &row).await?;
    if outcome == Upsert::UuidTaken {
        // A uuid that another video has: this one is found by one of ours.
        row.uuid = VideoUuid(uuid::Uuid::new_v4());
        outcome = remote_videos::upsert(tx, &row).await?;
    }
    match outcome {
        Upsert::Inserted(id) | Upsert::Updated(id) => {
            pod.lists.changed(id);
            Ok(Applied::Done)
        }
        Upsert::Unchanged(_) => Ok(Applied::Done),
        Upsert::NotItsOwn => Ok(Refused::lie(format!(
            "{} and its channel and account are not all of {}",
            video.id, host.host
        ))),
        Upsert::UuidTaken => Ok(Refused::plainly("the video's uuid is taken")),
    }
}

/// The texts of a video as this pod shows them: within our limits, without HTML.
struct Texts {
    name: String,
    description: String,
    support: Option<String>,
    tags: Vec<String>,
}

impl Texts {
    fn of(video: &Video) -> Self {
        let name: String = video
            .name
            .chars()
            .filter(|c| !c.is_control())
            .take(120)
            .collect();
        let name = VideoName::parse(&name).unwrap_or_else(|_| VideoName::from_filename(""));
        let is_html = video.description.media_type.as_deref() == Some("text/html");
        let text = |text: &str, most| {
            if is_html {
                return remote::plain(text, most);
            }
            let kept = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
            text.trim().chars().filter(kept).take(most).collect()
        };
        let tags = video.tags.iter().filter_map(|tag| Tag::parse(tag).ok());
        Self {
            name: name.into_string(),
            description: text(
                video.description.content.as_deref().unwrap_or_default(),
                10_000,
            ),
            support: video.support.as_deref().map(|support| text(support, 1000)),
            tags: tags.take(Tag::MAX).map(Tag::into_string).collect(),
        }
    }
}
