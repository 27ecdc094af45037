//! What friends send: sealed envelopes with groups of activities. A group is applied in one transaction together with the nonce that came
//! with it and the number of the group, so what was acknowledged is kept, and what comes twice is applied once.

use super::{actors, calls, calls::Incoming, index, index::Applied, ours, scores};
use crate::{Error, Pod, Result};
use db::hosts::{self, HostRow};
use fedi::{
    Activity,
    signature::{Claim, Window},
};
use names::Friendship;
use podnet::{
    envelope::{self, Expected, Nonce, Opened},
    flood::Charge,
    group::{Group, GroupId, List, Outcome, Receipt, RefusedItem, Step, Token},
    score::{Event, Witness},
};

/// The header of the nonce.
pub(crate) const NONCE: &str = "shoal-nonce";
/// A key is not fetched anew more often than this (ms).
const REFRESH: i64 = 60_000;
/// Videos removed at once.
const BATCH: i64 = 200;

/// The friend that signed a request. Its key is fetched anew when the one we know does not fit: keys change, but only at home.
pub(crate) async fn friend(pod: &Pod, request: &Incoming) -> Result<(HostRow, Claim)> {
    let claim = request.claim(pod)?;
    let host = claim.key.host();
    let stranger = |code| Error::Stranger {
        code,
        reason: format!("{host} and this pod are not friends."),
    };
    if db::blocks::host_is_blocked(&pod.db, &host).await? {
        return Err(stranger("blocked"));
    }
    let row = hosts::by_host(&pod.db, &host).await?;
    let row = row.ok_or_else(|| stranger("not-friends"))?;
    let actor = match (row.friendship, row.actor_id) {
        (Friendship::Friend, Some(id)) => db::remote_actors::by_id(&pod.db, id).await?,
        // It has not heard of the end yet, and must not come back by itself.
        (Friendship::Quit, _) => return Err(stranger("quit")),
        (Friendship::Expelled, _) if !scores::may_come_back(&row, pod.now()) => {
            return Err(stranger("expelled"));
        }
        _ => None,
    };
    let actor = actor.ok_or_else(|| stranger("not-friends"))?;
    let now = pod.now();
    let key = actor.public_key.as_deref().unwrap_or_default();
    if let Err(refused) = calls::verify(&claim, key, now, Window::PODS) {
        let old = actor.refreshed_at.is_none_or(|at| now - at >= REFRESH);
        if !old || claim.fresh(now, Window::PODS).is_err() {
            return Err(refused);
        }
        let fetched = actors::fetch_pod(pod, &host).await;
        let fetched = fetched.map_err(|why| {
            Error::Forbidden(format!(
                "{refused} Its key could not be fetched anew: {why}"
            ))
        })?;
        let mut tx = pod.db.begin().await?;
        actors::put_pod(&mut tx, &fetched, now).await?;
        tx.commit().await?;
        let key = fetched.key.map(|key| key.key.to_pem()).unwrap_or_default();
        calls::verify(&claim, &key, now, Window::PODS)?;
        tracing::info!(%host, "a friend has a new key");
    }
    if let Err(too) = pod.network.admit_pod(row.id, now) {
        if too.charge == Charge::Now {
            scores::note(pod, row.id, Event::Flood, Witness::Signature).await?;
        }
        return Err(Error::TooMany {
            seconds: too.wait / 1000 + 1,
            reason: "Too many messages of this pod.".into(),
        });
    }
    Ok((row, claim))
}

/// A sealed envelope has come.
pub async fn envelope(pod: &Pod, request: &Incoming) -> Result<Receipt> {
    let (row, claim) = friend(pod, request).await?;
    let opened = match open(pod, &row, &claim, request).await? {
        Ok(opened) => opened,
        Err(refusal) => {
            if let Some(event) = refusal.event() {
                scores::note(pod, row.id, event, Witness::Signature).await?;
            }
            tracing::info!(host = %row.host, "an envelope is refused: {refusal}");
            return Err(Error::Forbidden(format!("{refusal}.")));
        }
    };
    let group = match Group::read(&opened.message) {
        Ok(group) => group,
        Err(why) => {
            scores::note(pod, row.id, Event::Junk, Witness::Signature).await?;
            return Err(Error::invalid("envelope", why));
        }
    };
    let (receipt, faults) = apply(pod, &row, &opened, &group).await?;
    scores::note(pod, row.id, Event::Success, Witness::Signature).await?;
    for (event, reason) in faults {
        tracing::warn!(host = %row.host, reason, "an activity is refused");
        scores::note(pod, row.id, event, Witness::Signature).await?;
    }
    // Whoever speaks is awake, and may be told what waits.
    if row.failures > 0 && hosts::retry_now(&pod.db, Some(row.id), pod.now()).await? > 0 {
        pod.network.told();
    }
    Ok(receipt)
}

async fn open(
    pod: &Pod,
    row: &HostRow,
    claim: &Claim,
    request: &Incoming,
) -> Result<std::result::Result<Opened, envelope::Refusal>> {
    let nonce = claim.signed(NONCE).and_then(Nonce::parse);
    let Some(nonce) = nonce else {
        return Err(Error::Forbidden(format!(
            "The signature covers no header {NONCE}."
        )));
    };
    let (key, us, them) = (
        ours::keys(pod).await?.opening.clone(),
        pod.own_host()?,
        row.host.clone(),
    );
    let (bytes, now) = (request.body.clone(), pod.now());
    // A private key's work is a millisecond.
    let opened = tokio::task::spawn_blocking(move || {
        let expected = Expected {
            receiver: &us,
            sender: &them,
            nonce,
        };
        envelope::open(&bytes, &key, expected, now)
    });
    Ok(opened.await?)
}

type Faults = Vec<(Event, String)>;

/// Applies a group, or says why not; with what in it was not as it should be.
async fn apply(
    pod: &Pod,
    row: &HostRow,
    opened: &Opened,
    group: &Group,
) -> Result<(Receipt, Faults)> {
    let now = pod.now();
    let mut tx = pod.db.begin().await?;
    let row = hosts::lock(&mut tx, row.id).await?;
    let nonce = opened.header.nonce.to_string();
    if !db::nonces::remember(&mut tx, row.id, &nonce, opened.forget_at).await? {
        return Err(Error::Forbidden(format!(
            "{}.",
            envelope::Refusal::Replayed
        )));
    }
    let last = row
        .heard_group
        .and_then(|id| u64::try_from(id).ok())
        .map(GroupId);
    if group.is_stale(last) {
        tx.commit().await?;
        return Ok((Receipt::unapplied(Outcome::Stale, last), Faults::new()));
    }
    let mut list = List {
        open: row.heard_token.as_deref().and_then(Token::parse),
    };
    let step = list.step(group.whole.as_ref());
    if step == Step::Restart {
        tx.commit().await?;
        return Ok((Receipt::unapplied(Outcome::Restart, last), Faults::new()));
    }
    // What comes by itself while the list does must not be swept away at its end.
    let token = group
        .whole
        .as_ref()
        .map(|whole| whole.token.as_str().to_owned());
    let token = token.or_else(|| row.heard_token.clone());
    let (mut refused, mut faults) = (Vec::new(), Faults::new());
    for (at, item) in group.items.iter().enumerate() {
        let activity = match Activity::parse(item.get().as_bytes()) {
            Ok(activity) => activity,
            Err(why) => {
                let event = match why {
                    fedi::Unreadable::NotTheirs(_) => Event::Lie,
                    _ => Event::Junk,
                };
                faults.push((event, why.to_string()));
                refused.push(RefusedItem {
                    index: at,
                    reason: why.to_string(),
                });
                continue;
            }
        };
        if let Applied::Refused(why) =
            index::apply(pod, &mut tx, &row, &activity, token.as_deref()).await?
        {
            if let Some(event) = why.event {
                faults.push((event, why.reason.clone()));
            }
            refused.push(RefusedItem {
                index: at,
                reason: why.reason,
            });
        }
    }
    if step == Step::ApplyAndSweep
        && let Some(whole) = &group.whole
    {
        let token = whole.token.as_str();
        while db::remote_videos::remove_unmentioned(&mut tx, row.id, token, BATCH)
            .await?
            .len() as i64
            >= BATCH
        {}
        super::pictures::sweep(pod, &mut tx).await?;
        pod.lists.clear();
    }
    let open = list.open.as_ref().map(Token::as_str);
    hosts::set_heard_token(&mut tx, row.id, open).await?;
    let number = i64::try_from(group.id.0).unwrap_or(i64::MAX);
    hosts::set_heard_group(&mut tx, row.id, number).await?;
    hosts::heard(&mut tx, row.id, now).await?;
    tx.commit().await?;
    pod.lists.clear();
    pod.queue.wake();
    pod.network.told();
    Ok((Receipt::applied(group, refused), faults))
}
