//! Making friends and parting. Joining the network takes three steps: ask the entry pods whom they know, choose by the more-than-half rule,
//! and present ourselves to each. Whoever is presented to fetches our actor from the address we claim, so nobody joins under another's
//! name. A friendship is a mutual follow of the two pods' actors, and begins with the whole list of public videos, both ways.

use super::{actors, calls, calls::Incoming, ours, scores};
use crate::{Error, Pod, Result, abreast::abreast, access, access::Right};
use db::{
    hosts::{self, HostFacts, HostRow},
    users::User,
};
use fedi::signature::Window;
use names::{FollowState, Friendship, Host};
use podnet::{
    Agreement, join,
    present::{self, Answer, Code, Farewell, Parting, Presentation, Refused, Software, Welcome},
    score::{Event, Witness},
};

/// Pods that are asked at the same time.
const PARALLEL: usize = 10;
/// Videos removed in one transaction.
const BATCH: i64 = 200;
/// Whoever was presented to hears of us only when it has read the answer and knows that we are friends (ms).
const AFTER_ANSWER: i64 = 500;

/// What became of one pod that we presented ourselves to.
#[derive(Debug, Clone)]
pub struct Made {
    pub host: Host,
    pub outcome: Outcome,
    pub message: String,
    /// Why it was asked: an entry pod, or on how many lists.
    pub because: String,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Friend,
    /// They were friends before; both lists are exchanged anew.
    Already,
    Refused,
    Unreachable,
    Incompatible,
    Ourselves,
}

/// Reads what an admin typed; the configured entry pods when that is nothing.
fn entries(pod: &Pod, hosts: Option<&[String]>) -> Result<Vec<Host>> {
    let Some(texts) = hosts else {
        let known = pod.settings.network.entry_pods.clone();
        if known.is_empty() {
            let why = "Name at least one pod, or set network.entry_pods in the configuration.";
            return Err(Error::invalid("hosts", why));
        }
        return Ok(known);
    };
    if texts.is_empty() || texts.len() > join::MAX_ENTRIES {
        let why = format!("Name 1 to {} pods.", join::MAX_ENTRIES);
        return Err(Error::invalid("hosts", why));
    }
    let parse = |(at, text): (usize, &String)| {
        Host::parse(text).map_err(|why| Error::invalid(format!("hosts[{at}]"), why))
    };
    let mut hosts = texts
        .iter()
        .enumerate()
        .map(parse)
        .collect::<Result<Vec<_>>>()?;
    let mut seen = std::collections::BTreeSet::new();
    hosts.retain(|host| seen.insert(host.clone()));
    Ok(hosts)
}

/// Joins the network through these pods, or through the configured entry pods.
pub async fn make(pod: &Pod, user: &User, hosts: Option<&[String]>) -> Result<Vec<Made>> {
    access::require(user, Right::ManageNetwork)?;
    let entries = entries(pod, hosts)?;
    let ourselves = pod.own_host()?;
    let asked: Vec<Host> = entries
        .iter()
        .filter(|host| **host != ourselves)
        .cloned()
        .collect();
    let answers = abreast(PARALLEL, asked, |host| {
        let pod = pod.clone();
        async move { (ask_for_friends(&pod, &host).await, host) }
    })
    .await?;
    let lists: Vec<_> = answers
        .into_iter()
        .filter_map(|(list, owner)| {
            Some(join::FriendList {
                owner,
                hosts: list?,
            })
        })
        .collect();
    let plan = join::plan(&ourselves, &entries, &lists);
    for junk in &plan.junk {
        tracing::warn!("{junk}");
        if let Some(row) = hosts::by_host(&pod.db, &junk.entry).await? {
            scores::note(pod, row.id, Event::Junk, Witness::Ourselves).await?;
        }
    }
    let mut made: Vec<Made> = entries
        .iter()
        .filter(|host| **host == ourselves)
        .map(|host| Made {
            host: host.clone(),
            outcome: Outcome::Ourselves,
            message: "This is the pod itself.".into(),
            because: "entry pod".into(),
        })
        .collect();
    let presented = abreast(PARALLEL, plan.candidates, |candidate| {
        let pod = pod.clone();
        async move {
            let told = match present(&pod, &candidate.host).await {
                Ok(told) => told,
                Err(why) => Told::new(Outcome::Unreachable, internal(why)),
            };
            Made {
                host: candidate.host,
                outcome: told.outcome,
                message: told.message,
                because: candidate.reason.to_string(),
            }
        }
    });
    made.extend(presented.await?);
    pod.network.wake.notify_one();
    Ok(made)
}

fn internal(why: Error) -> String {
    match why {
        Error::Internal(why) => {
            tracing::error!("making friends: {why:#}");
            "Something went wrong in this pod; its log says more.".into()
        }
        other => other.to_string(),
    }
}

/// The friend list of an entry pod, if it gives one.
async fn ask_for_friends(pod: &Pod, host: &Host) -> Option<Vec<String>> {
    let url = format!("{}/api/v1/pods?start=0&count=10000", pod.base_of(host));
    let got = calls::get(pod, &url, "application/json", present::MAX_FRIENDS as u64).await;
    let (bytes, from) = got
        .inspect_err(|why| tracing::info!("{host} gives no list of its friends: {why}"))
        .ok()?;
    if from.host() != *host {
        return None;
    }
    present::read_friends(&bytes)
        .inspect_err(|why| tracing::info!("{host} gives no list of its friends: {why}"))
        .ok()
}

fn software(pod: &Pod) -> Software {
    Software {
        name: "shoal".into(),
        version: pod.settings.version.into(),
    }
}

/// What a pod that we presented ourselves to said.
struct Told {
    outcome: Outcome,
    message: String,
    /// Why it refused, if it did.
    code: Option<Code>,
}

impl Told {
    fn new(outcome: Outcome, message: impl Into<String>) -> Self {
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

/// Ends a friendship that the other side has ended.
pub(crate) async fn let_go(pod: &Pod, row: &HostRow) -> Result<()> {
    tracing::info!(host = %row.host, "it is no friend any more, by its own word");
    end(pod, row, Friendship::Quit).await
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
async fn present(pod: &Pod, host: &Host) -> Result<Told> {
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

/// What became of one friendship that was to be ended.
#[derive(Debug, Clone)]
pub struct Parted {
    pub host: Host,
    /// False: they were no friends.
    pub was_friend: bool,
    pub message: String,
}

/// Ends friendships: with these pods, or with all. What they had in the index is removed.
pub async fn quit(pod: &Pod, user: &User, hosts: Option<&[String]>) -> Result<Vec<Parted>> {
    access::require(user, Right::ManageNetwork)?;
    let rows = match hosts {
        Some(_) => {
            let mut rows = Vec::new();
            for host in entries(pod, hosts)? {
                rows.push((hosts::by_host(&pod.db, &host).await?, host));
            }
            rows
        }
        None => {
            let all = hosts::friends(&pod.db, join::MAX_LIST as i64).await?;
            all.into_iter()
                .map(|row| (Some(row.clone()), row.host))
                .collect()
        }
    };
    let mut parted = Vec::new();
    for (row, host) in rows {
        let friend =
            row.filter(|row| matches!(row.friendship, Friendship::Friend | Friendship::Asked));
        let Some(row) = friend else {
            parted.push(Parted {
                message: format!("{host} was no friend."),
                was_friend: false,
                host,
            });
            continue;
        };
        end(pod, &row, Friendship::Quit).await?;
        // It hears of it now or, if it does not answer, by our refusal of its next message.
        let told = say_farewell(
            pod,
            &row,
            Parting::Quit,
            "Its administrator ended the friendship.",
        )
        .await;
        parted.push(Parted {
            message: match told {
                Ok(()) => format!("{host} is no friend any more."),
                Err(why) => format!("{host} is no friend any more. It could not be told: {why}"),
            },
            was_friend: true,
            host,
        });
    }
    Ok(parted)
}

/// What follows when a pod has been expelled: its videos go, and it is told why.
pub(crate) async fn expelled(pod: &Pod, row: &HostRow, why: &str) -> Result<()> {
    tracing::warn!(host = %row.host, why, "a friend was expelled");
    forget(pod, row).await?;
    if let Err(why) = say_farewell(pod, row, Parting::Expelled, why).await {
        tracing::info!(host = %row.host, "it could not be told that it was expelled: {why}");
    }
    Ok(())
}

async fn say_farewell(
    pod: &Pod,
    row: &HostRow,
    reason: Parting,
    message: &str,
) -> std::result::Result<(), String> {
    let farewell = Farewell {
        host: pod.own_host().map_err(|why| why.to_string())?,
        reason,
        message: message.to_owned(),
    };
    match calls::tell(pod, &row.host, "/api/v1/pods/farewell", &farewell).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(why)) => Err(why.to_string()),
        Err(why) => Err(why.to_string()),
    }
}

/// Another pod ends the friendship.
pub async fn farewell(pod: &Pod, request: &Incoming) -> Result<()> {
    pod.network.admit(request.client, pod.now())?;
    let (row, _) = super::hearing::friend(pod, request).await?;
    let farewell =
        Farewell::read(&request.body, &row.host).map_err(|why| Error::invalid("body", why))?;
    tracing::info!(host = %row.host, reason = ?farewell.reason, message = farewell.message, "a friend has gone");
    end(pod, &row, Friendship::Quit).await
}

/// The end of a friendship, on our side: nothing is sent any more, and its videos leave the index.
pub(crate) async fn end(pod: &Pod, row: &HostRow, friendship: Friendship) -> Result<()> {
    let mut tx = pod.db.begin().await?;
    end_in(pod, &mut tx, row, friendship).await?;
    tx.commit().await?;
    forget(pod, row).await
}

/// The same in the caller's transaction, but for the videos: those are marked, and `forget` removes them after the commit or after a
/// restart.
pub(crate) async fn end_in(
    pod: &Pod,
    tx: &mut db::Tx,
    row: &HostRow,
    friendship: Friendship,
) -> Result<()> {
    let now = pod.now();
    hosts::lock(tx, row.id).await?;
    hosts::set_friendship(&mut *tx, row.id, friendship, now).await?;
    db::outbox::clear(tx, row.id).await?;
    hosts::stop_whole(&mut *tx, row.id).await?;
    hosts::set_leaving(&mut *tx, row.id).await?;
    if let Some(theirs) = row.actor_id {
        let own =
            db::remote_actors::of_this_pod(tx, super::POD_NAME, &pod.settings.name, now).await?;
        db::follows::remove(&mut *tx, own.id, theirs).await?;
        db::follows::remove(&mut *tx, theirs, own.id).await?;
    }
    Ok(())
}

/// Removes all videos of a host, in steps that leave room for others in between.
pub(crate) async fn forget(pod: &Pod, row: &HostRow) -> Result<()> {
    loop {
        let mut tx = pod.db.begin().await?;
        let gone = db::remote_videos::remove_of_host(&mut tx, row.id, BATCH).await?;
        tx.commit().await?;
        pod.lists.clear();
        if (gone.len() as i64) < BATCH {
            break;
        }
    }
    while db::remote_actors::remove_of_host(&pod.db, &row.host, BATCH).await? >= BATCH as u64 {}
    hosts::has_left(&pod.db, row.id).await?;
    Ok(())
}
