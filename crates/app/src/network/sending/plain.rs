//! Plain activities for hosts that take no envelopes: one request each, signed by whoever says it.

use super::{
    Failed, Sent, is_greeted, number,
    writing::{Writer, activity, public},
};
use crate::{
    Error, Pod, Result,
    network::{calls, ours, parting::FAREWELL, telling},
};
use db::{
    follows,
    hosts::{self, HostRow},
    outbox::{self, OutboxRow},
};
use fedi::{Activity, Deed, Subject};
use names::ObjectUri;
use podnet::{
    group::GroupId,
    outbox::{Verdict, verdict},
    present::{Farewell, Parting},
};

/// An expelled friend is told within this time or not at all (ms).
const SOON: i64 = 60_000;
/// Plain activities sent in one lease.
const PLAIN: i64 = 20;

/// Sends plain activities to the inbox of a host that takes no envelopes.
pub(super) async fn plain(pod: &Pod, host: &HostRow) -> Result<Sent> {
    // The whole list is fetched by whoever follows, from our outbox.
    if let Some(token) = &host.whole_token {
        hosts::end_whole(&pod.db, host.id, token).await?;
    }
    let last = host
        .sent_group
        .and_then(|id| u64::try_from(id).ok())
        .map(GroupId);
    let fresh = GroupId::after(last, pod.now());
    let mut tx = pod.db.begin().await?;
    let taken = outbox::take_group(&mut tx, host.id, &fresh.0.to_string(), PLAIN).await?;
    number(&mut tx, host, fresh).await?;
    tx.commit().await?;
    let Some(taken) = taken else {
        return greet(pod, host).await;
    };
    let url = ObjectUri::parse(&calls::inbox_of(pod, host))
        .map_err(|why| Error::Internal(anyhow::anyhow!("{why}")))?;
    let left = taken.rows.len();
    for (at, row) in taken.rows.iter().enumerate() {
        let sent = match row.subject.as_str() {
            FAREWELL => farewell(pod, host, row).await?,
            _ => post(pod, &url, row).await?,
        };
        if let Err(error) = sent {
            let failed = Failed::new(1, &error);
            let tries = u32::try_from(host.failures + 1).unwrap_or(u32::MAX);
            let verdict = failed.failure.map(|failure| verdict(failure, 1, tries));
            if verdict != Some(Verdict::EndRows) {
                return Ok(Sent::Failed(Failed {
                    rows: left - at,
                    ..failed
                }));
            }
            tracing::warn!(host = %host.host, subject = row.subject, "not taken, and not sent again: {error}");
        }
        outbox::acknowledge_one(&pod.db, row.id).await?;
    }
    Ok(Sent::Something)
}

type Posted = std::result::Result<(), fetch::Error>;

/// Posts what a row says, if there is anything to say (any more).
async fn post(pod: &Pod, url: &ObjectUri, row: &OutboxRow) -> Result<Posted> {
    let Some((body, key, key_id)) = plainly(pod, row).await? else {
        return Ok(Ok(()));
    };
    let signer = (&key, &key_id);
    let sent = calls::post(pod, url, body, calls::ACTIVITY, &[], signer, 64 << 10);
    Ok(sent.await.and_then(fetch::Answer::success).map(drop))
}

/// Says farewell. A pod that does not know us as a friend any more needs none. One that was expelled because it was silent must not hear of it when
/// it is back: it would take it for the end, and not ask to be a friend again.
async fn farewell(pod: &Pod, host: &HostRow, row: &OutboxRow) -> Result<Posted> {
    let body = row.body.as_deref().unwrap_or_default();
    let Ok(farewell) = Farewell::read(body.as_bytes(), &pod.own_host()?) else {
        return Ok(Ok(()));
    };
    if farewell.reason == Parting::Expelled && pod.now() - row.created_at > SOON {
        return Ok(Ok(()));
    }
    let body = &farewell;
    match calls::tell(pod, &host.host, "/api/v1/pods/farewell", body).await? {
        Ok(_) => Ok(Ok(())),
        Err(fetch::Error::Status {
            status: 400..=407 | 410,
            ..
        }) => Ok(Ok(())),
        Err(why) => Ok(Err(why)),
    }
}

/// Sees whether a friend that takes no envelopes is still there.
async fn greet(pod: &Pod, host: &HostRow) -> Result<Sent> {
    use crate::network::actors::Missing;
    if !is_greeted(pod, host) {
        return Ok(Sent::Nothing);
    }
    Ok(
        match crate::network::actors::fetch_pod(pod, &host.host).await {
            Ok(_) => Sent::Something,
            Err(Missing::Fetch(why)) => Sent::Failed(Failed::new(0, &why)),
            Err(Missing::Wrong(why)) => Sent::Failed(Failed::junk(why)),
        },
    )
}

type Signed = (Vec<u8>, fedi::keys::PrivateKey, names::KeyUri);

/// A row as one activity with the key of whoever says it.
async fn plainly(pod: &Pod, row: &OutboxRow) -> Result<Option<Signed>> {
    let Some(uuid) = telling::video_of(&row.subject) else {
        // It names who says it; an account that is gone meanwhile says nothing.
        let Some(body) = row.body.clone() else {
            return Ok(None);
        };
        let Ok(activity) = Activity::parse(body.as_bytes()) else {
            return Ok(None);
        };
        let signer = ours::signer(pod, &activity.actor).await?;
        return Ok(signer.map(|(key, id)| (body.into_bytes(), key, id)));
    };
    let found = db::videos::find(&pod.db, names::VideoRef::Uuid(uuid)).await?;
    let found = found.filter(|found| found.video.listed() && !found.video.remote);
    let activity = match found {
        Some(found) if row.verb == "update" => {
            let account = ours::account_uri(pod, &found.owner.account_name)?;
            activity(pod, found, account).await?
        }
        Some(found) => published(pod, row.host_id, found).await?,
        None => {
            let mut activity = Writer::new(pod).gone(uuid)?;
            if let Some(name) = &row.body
                && let Ok(account) = ours::account_uri(pod, name)
                && ours::actor_of(pod, &account).await?.is_some()
            {
                activity.actor = account;
            }
            activity
        }
    };
    let body =
        serde_json::to_vec(&activity.document()).map_err(|why| Error::Internal(why.into()))?;
    let signer = ours::signer(pod, &activity.actor).await?;
    Ok(signer.map(|(key, id)| (body, key, id)))
}

/// A new video, told by whom somebody on the host follows: followers of the whole instance hear of it from the pod, as PeerTube's
/// do, and fetch it; those of a channel from the channel; those of an account get it from the account.
async fn published(
    pod: &Pod,
    host: names::HostId,
    found: db::videos::OwnedVideo,
) -> Result<Activity> {
    let channel = ours::channel_uri(pod, &found.owner.channel_name)?;
    let own = ours::own_actor(pod).await?.id;
    let by = if follows::has_follower_on(&pod.db, own, host).await? {
        ours::pod_uri(pod)?
    } else if follows::has_follower_on(&pod.db, found.owner.channel_actor, host).await? {
        channel
    } else {
        let account = ours::account_uri(pod, &found.owner.account_name)?;
        let mut activity = activity(pod, found, account).await?;
        if let Deed::Update(video) = activity.deed {
            activity.deed = Deed::Create(video);
        }
        return Ok(activity);
    };
    let id = ours::activity_uri(pod, "announce")?;
    let subject = Subject::of(ours::video_uri(pod, found.video.uuid)?);
    Ok(Activity::new(id, by.clone(), Deed::Announce(subject)).to(public(&by)))
}
