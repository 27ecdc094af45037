//! Rows of the outbox as activities: what a pod says of its videos and people. A video is written as it is when it is sent, so that what was
//! changed twice is told once.

use crate::{
    Error, Pod, Result,
    network::{ours, telling},
    videos::Details,
};
use db::outbox::OutboxRow;
use fedi::{Activity, Audience, Deed, Object, Subject};
use names::{ActorUri, VideoId, VideoUuid};
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// Writes activities. Accounts and channels go before the first video of theirs in a group.
pub(super) struct Writer<'a> {
    pod: &'a Pod,
    described: BTreeSet<ActorUri>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(pod: &'a Pod) -> Self {
        Self {
            pod,
            described: BTreeSet::new(),
        }
    }

    /// What is said of a row of the outbox. It may be nothing, when there is nothing to be said any more.
    pub(super) async fn row(&mut self, row: &OutboxRow) -> Result<Vec<Box<RawValue>>> {
        let Some(uuid) = telling::video_of(&row.subject) else {
            let body = row
                .body
                .clone()
                .and_then(|body| RawValue::from_string(body).ok());
            let mut written = Vec::new();
            if let Some(body) = body {
                written.extend(self.speaker(&body).await?);
                written.push(body);
            }
            return Ok(written);
        };
        match db::videos::find(&self.pod.db, names::VideoRef::Uuid(uuid)).await? {
            Some(found) if found.video.listed() && !found.video.remote => self.video(found).await,
            _ => Ok(vec![raw(&self.gone(uuid)?)?]),
        }
    }

    /// The account that says something, described before it is heard for the first time in a group.
    async fn speaker(&mut self, body: &RawValue) -> Result<Option<Box<RawValue>>> {
        let Ok(activity) = Activity::parse(body.get().as_bytes()) else {
            return Ok(None);
        };
        let accounts = format!("{}/accounts/", self.pod.settings.public_url);
        let name = activity.actor.as_str().strip_prefix(&accounts);
        let told = matches!(
            activity.deed,
            Deed::Create(_) | Deed::Like(_) | Deed::Dislike(_)
        );
        let Some(name) = name.filter(|name| told && *name != crate::network::POD_NAME) else {
            return Ok(None);
        };
        if self.described.contains(&activity.actor) {
            return Ok(None);
        }
        let Some(row) = db::accounts::by_name(&self.pod.db, name).await? else {
            return Ok(None);
        };
        let actor = ours::account_actor(self.pod, &row).await?;
        self.described.insert(activity.actor);
        describe(self.pod, actor).map(Some)
    }

    /// A video of the whole list, if it is still there.
    pub(super) async fn listed(&mut self, id: VideoId) -> Result<Vec<Box<RawValue>>> {
        match db::videos::find(&self.pod.db, names::VideoRef::Id(id)).await? {
            Some(found) if found.video.listed() => self.video(found).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Takes back a video in the name of the pod: whose it was is gone as well.
    pub(super) fn gone(&self, uuid: VideoUuid) -> Result<Activity> {
        let id = ours::activity_uri(self.pod, "delete")?;
        let deed = Deed::Delete(ours::video_uri(self.pod, uuid)?);
        Ok(Activity::new(id, ours::pod_uri(self.pod)?, deed).to(public(&ours::pod_uri(self.pod)?)))
    }

    async fn video(&mut self, found: db::videos::OwnedVideo) -> Result<Vec<Box<RawValue>>> {
        let (pod, mut written) = (self.pod, Vec::new());
        let account = ours::account_uri(pod, &found.owner.account_name)?;
        let channel = ours::channel_uri(pod, &found.owner.channel_name)?;
        if !self.described.contains(&account)
            && let Some(row) = db::accounts::by_name(&pod.db, &found.owner.account_name).await?
        {
            let actor = ours::account_actor(pod, &row).await?;
            written.push(describe(pod, actor)?);
            self.described.insert(account.clone());
        }
        if !self.described.contains(&channel)
            && let Some(row) = db::channels::by_name(&pod.db, &found.owner.channel_name).await?
        {
            let actor = ours::channel_actor(pod, &row, &found.owner.account_name).await?;
            written.push(describe(pod, actor)?);
            self.described.insert(channel.clone());
        }
        let activity = activity(pod, found, account).await?;
        written.push(raw(&activity)?);
        Ok(written)
    }
}

pub(super) fn public(actor: &ActorUri) -> Audience {
    Audience::public(&format!("{actor}/followers"))
}

fn raw(activity: &Activity) -> Result<Box<RawValue>> {
    let text = serde_json::to_string(activity).map_err(|why| Error::Internal(why.into()))?;
    RawValue::from_string(text).map_err(|why| Error::Internal(why.into()))
}

/// An actor of this pod describes itself.
fn describe(pod: &Pod, actor: fedi::Actor) -> Result<Box<RawValue>> {
    let id = ours::activity_uri(pod, "update")?;
    let who = actor.id.clone();
    let subject = Subject::whole(Object::Actor(Box::new(actor)));
    let subject =
        subject.ok_or_else(|| Error::Internal(anyhow::anyhow!("an actor without an id")))?;
    raw(&Activity::new(id, who.clone(), Deed::Update(subject)).to(public(&who)))
}

/// A video as its account tells it.
pub(super) async fn activity(
    pod: &Pod,
    found: db::videos::OwnedVideo,
    account: ActorUri,
) -> Result<Activity> {
    let renditions = db::renditions::of_video(&pod.db, found.video.id).await?;
    let details = Details {
        renditions,
        video: found.video,
        owner: found.owner,
        jobs: None,
        remote: None,
    };
    let video = ours::video(pod, &details)?;
    let audience = video.audience.clone();
    let subject = Subject::whole(Object::Video(Box::new(video)));
    let subject =
        subject.ok_or_else(|| Error::Internal(anyhow::anyhow!("a video without an id")))?;
    let id = ours::activity_uri(pod, "update")?;
    Ok(Activity::new(id, account, Deed::Update(subject)).to(audience))
}
