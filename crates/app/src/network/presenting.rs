//! Presenting the pod to another one, and being presented to. Whoever is presented to fetches the actor from the address that is claimed, so
//! nobody joins under another's name. A friendship is a mutual follow of the two pods' actors, and begins with the whole list of public
//! videos, both ways.

use super::{actors, calls, calls::Incoming, friends::Outcome, ours, parting::let_go, scores};
use crate::{Error, Pod, Result};
use db::hosts::{self, HostFacts, HostRow};
use fedi::signature::Window;
use names::{FollowState, Friendship, Host};
use podnet::{
    Agreement,
    present::{Answer, Code, Presentation, Refused, Software, Welcome},
};

/// Whoever was presented to hears of us only when it has read the answer and knows that we are friends (ms).
const AFTER_ANSWER: i64 = 500;

fn software(pod: &Pod) -> Software {
    Software {
        name: "shoal".into(),
        version: pod.settings.version.into(),
    }
}

/// What a pod that we presented ourselves to said.
pub(super) struct Told {
    pub outcome: Outcome,
    pub message: String,
    /// Why it refused, if it did.
    code: Option<Code>,
}

impl Told {
    pub fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            outcome,
            message: message.into(),
            code: None,
        }
    }
}

/// A friend says that we are none. It may have lost its memory or expelled us while we were away: present ourselves again, and let the
/// friendship go if that is refused for good.
pub(crate) async fn ask_again(pod: &Pod, row: &HostRow) -> Result<()> {
    let told = present(pod, &row.host).await?;
    tracing::info!(host = %row.host, "it did not know us as a friend; presented ourselves again: {}", told.message);
    match told.code {
        Some(Code::Expelled | Code::Blocked | Code::Closed | Code::Quit) => let_go(pod, row).await,
        _ => Ok(()),
    }
}

/// Says if this is a friend under another name.
async fn same_pod(pod: &Pod, host: &Host, actor: &fedi::Actor) -> Result<Option<String>> {
    let key = actor.key.as_ref().map(|key| key.key.to_pem());
    let other = match key {
        Some(key) => hosts::friend_with_key(&pod.db, &key, host).await?,
        None => None,
    };
    Ok(other.map(|other| {
        format!(
            "{host} is the same pod as {other}, which is a friend already: it has the same key."
        )
    }))
}

/// Presents the pod to another one.
pub(super) async fn present(pod: &Pod, host: &Host) -> Result<Told> {
    if db::blocks::host_is_blocked(&pod.db, host).await? {
        let why = "It is on this pod's block list; unblock it first.";
        return Ok(Told::new(Outcome::Refused, why));
    }
    let known = hosts::by_host(&pod.db, host).await?;
    let before = known.map(|row| row.friendship);
    // Its key is needed before anything can be sealed for it, and a pod without an actor is none.
    let actor = match actors::fetch_pod(pod, host).await {
        Ok(actor) => actor,
        Err(why) => return Ok(Told::new(Outcome::Unreachable, why.to_string())),
    };
    if let Some(why) = same_pod(pod, host, &actor).await? {
        return Ok(Told::new(Outcome::Refused, why));
    }
    let speaks = pod.speaks();
    let presentation = Presentation {
        host: pod.own_host()?,
        public_url: pod.settings.public_url.clone(),
        speaks: speaks.clone(),
        software: software(pod),
    };
    let answer = match calls::tell(pod, host, "/api/v1/pods/present", &presentation).await? {
        Ok(answer) => answer,
        Err(fetch::Error::Status {
            status: 404 | 405, ..
        }) => {
            let why = format!("{host} is no Shoal pod. Follow it under “Following” instead.");
            return Ok(Told::new(Outcome::Incompatible, why));
        }
        Err(why) => return Ok(Told::new(Outcome::Unreachable, why.to_string())),
    };
    let welcome = match Answer::read(&answer.body, host) {
        Ok(Answer::Friend(welcome)) => welcome,
        Ok(Answer::Refused(refused)) => {
            let outcome = match refused.code {
                Code::UpgradeOurs | Code::UpgradeYours => Outcome::Incompatible,
                Code::Ourselves => Outcome::Ourselves,
                _ => Outcome::Refused,
            };
            return Ok(Told {
                code: Some(refused.code),
                ..Told::new(outcome, refused.message)
            });
        }
        Err(why) => {
            let why = format!("{host} did not answer as a pod: {why}");
            return Ok(Told::new(Outcome::Refused, why));
        }
    };
    let agreement = match welcome.agreement(&speaks) {
        Ok(agreement) => agreement,
        Err(why) => {
            let why = why.sentence(&pod.own_host()?, host);
            return Ok(Told::new(Outcome::Incompatible, why));
        }
    };
    befriend(pod, host, &actor, &agreement, &welcome.software, pod.now()).await?;
    Ok(match before {
        Some(Friendship::Friend) => Told::new(
            Outcome::Already,
            format!("{host} was a friend already; both lists of videos are exchanged anew."),
        ),
        _ => Told::new(Outcome::Friend, format!("{host} is a friend now.")),
    })
}

/// Another pod presents itself.
pub async fn presented(pod: &Pod, request: &Incoming) -> Result<Answer> {
    pod.network.admit(request.client, pod.now())?;
    let us = pod.own_host()?;
    let speaks = pod.speaks();
    let refused = |code, why: &str| Ok(Answer::Refused(Refused::new(code, why, speaks.clone())));
    let presentation = match Presentation::read(&request.body) {
        Ok(presentation) => presentation,
        Err(why) => return refused(Code::Malformed, &why.to_string()),
    };
    let host = &presentation.host;
    if *host == us {
        return refused(Code::Ourselves, "This is the pod itself.");
    }
    if db::blocks::host_is_blocked(&pod.db, host).await? {
        return refused(Code::Blocked, &format!("{us} does not talk with {host}."));
    }
    let known = hosts::by_host(&pod.db, host).await?;
    if known.as_ref().is_some_and(|row| {
        row.friendship == Friendship::Expelled && !scores::may_come_back(row, pod.now())
    }) {
        let why = format!(
            "{us} has expelled {host}. Its administrator has to make friends with {host} again."
        );
        return refused(Code::Expelled, &why);
    }
    let agreement = match podnet::negotiate(&speaks, &presentation.speaks) {
        Ok(agreement) => agreement,
        Err(why) => {
            let refused = Refused::incompatible(why, speaks, &us, host);
            return Ok(Answer::Refused(refused));
        }
    };
    let claim = match request.claim(pod) {
        Ok(claim) => claim,
        Err(why) => return refused(Code::BadSignature, &why.to_string()),
    };
    if let Err(why) = claim.fresh(pod.now(), Window::PODS) {
        let why = format!("{why}: check the clocks of both pods.");
        return refused(Code::Clock, &why);
    }
    // The proof of the address: what is found there has the key that signed.
    let uri = match presentation.actor() {
        Ok(uri) if claim.key.host() == *host => uri,
        Ok(_) => {
            return refused(
                Code::BadSignature,
                "The presentation was signed by another host.",
            );
        }
        Err(why) => return refused(Code::Malformed, &why.to_string()),
    };
    let actor = match actors::fetch(pod, &uri).await {
        Ok(actor) => actor,
        Err(why) => {
            let why = format!("The address could not be proved by fetching {uri}: {why}");
            return refused(Code::AddressNotProven, &why);
        }
    };
    let key = actor.key.as_ref().map(|key| key.key.to_pem());
    let Some(key) = key.filter(|_| actor.kind == fedi::ActorKind::Application) else {
        return refused(
            Code::AddressNotProven,
            "The actor found there is no pod with a key.",
        );
    };
    if let Err(why) = calls::verify(&claim, &key, pod.now(), Window::PODS) {
        return refused(Code::BadSignature, &why.to_string());
    }
    if let Some(why) = same_pod(pod, host, &actor).await? {
        return refused(Code::AddressNotProven, &why);
    }
    let due = pod.now() + AFTER_ANSWER;
    befriend(pod, host, &actor, &agreement, &presentation.software, due).await?;
    tracing::info!(%host, "made friends");
    Ok(Answer::Friend(Welcome {
        host: us,
        speaks,
        software: software(pod),
    }))
}

/// Writes down a friendship: the other pod's actor and abilities, the mutual follow, and that it is to get the whole list at `due`.
async fn befriend(
    pod: &Pod,
    host: &Host,
    actor: &fedi::Actor,
    agreement: &Agreement,
    software: &Software,
    due: i64,
) -> Result<()> {
    let now = pod.now();
    ours::keys(pod).await?;
    let capabilities: Vec<_> = agreement.capabilities.iter().map(|it| it.name()).collect();
    let capabilities =
        serde_json::to_string(&capabilities).map_err(|why| Error::Internal(why.into()))?;
    let mut tx = pod.db.begin().await?;
    let own =
        db::remote_actors::of_this_pod(&mut tx, super::POD_NAME, &pod.settings.name, now).await?;
    let row = hosts::get_or_insert(&mut tx, host, now).await?;
    let row = hosts::lock(&mut tx, row.id).await?;
    let theirs = actors::put_pod(&mut tx, actor, now).await?;
    hosts::set_facts(
        &mut tx,
        row.id,
        &HostFacts {
            actor_id: Some(theirs),
            software: Some(software.name.clone()),
            version: Some(software.version.clone()),
            protocol: Some(i64::from(agreement.protocol.0)),
            oldest_protocol: None,
            capabilities: Some(capabilities),
            shared_inbox: actor.shared_inbox.clone(),
        },
    )
    .await?;
    for (follower, target) in [(own.id, theirs), (theirs, own.id)] {
        db::follows::put(&mut tx, follower, target, FollowState::Accepted, None, now).await?;
        db::follows::set_state(&mut tx, follower, target, FollowState::Accepted, now).await?;
    }
    let score = scores::fresh(&row, now);
    let state = serde_json::to_string(&score).map_err(|why| Error::Internal(why.into()))?;
    hosts::set_score(&mut tx, row.id, i64::from(score.points()), &state, now).await?;
    hosts::set_friendship(&mut tx, row.id, Friendship::Friend, now).await?;
    hosts::heard(&mut tx, row.id, now).await?;
    // Everything that waits is in the whole list, or gone from it.
    db::outbox::clear(&mut tx, row.id).await?;
    hosts::begin_anew(&mut tx, row.id, due).await?;
    hosts::begin_whole(&mut tx, row.id, &crate::secrets::random_token(), due).await?;
    // Without envelopes nobody sends a whole list: each reads the other's outbox.
    if !agreement
        .capabilities
        .contains(&podnet::Capability::Envelope)
        && let Some(outbox) = &actor.outbox
    {
        super::fetching::crawl(&mut tx, outbox, now).await?;
    }
    tx.commit().await?;
    pod.queue.wake();
    pod.network.wake.notify_one();
    Ok(())
}
