//! The outbox on its way. Hosts that have something to hear are leased one at a time, by at most ten senders, so that each hears things
//! in order and a host that does not answer costs one pause and nobody else's time. A pod gets its rows in groups, sealed; everybody
//! else gets plain activities, one each.

use super::{Envelopes, calls, friends, hearing::NONCE, ours, scores, telling};
use crate::{Error, Pod, Result, videos::Details};
use db::{
    follows,
    hosts::{self, HostRow},
    outbox::{self, OutboxRow},
};
use fedi::{Activity, Audience, Deed, Object, Subject};
use names::{ActorUri, Friendship, ObjectUri, VideoId, VideoUuid};
use podnet::{
    Capability,
    envelope::{self, Fresh, Header, SealingKey},
    group::{Group, GroupId, MAX_RECEIPT, Outcome, Receipt, Token, Whole},
    outbox::{Failure, PARALLEL, Verdict, fit, is_dead, pause, verdict},
    present::Code,
    score::{Event, Witness, is_our_own_fault},
};
use serde_json::value::RawValue;
use std::{collections::BTreeSet, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long a sender may take for one group before somebody else may take over (ms).
const LEASE: i64 = 120_000;
/// Videos in a group: with an account and a channel each they are as many activities as a group may have.
const VIDEOS: i64 = 33;
/// Plain activities sent in one lease.
const PLAIN: i64 = 20;
/// The pause before the same is sent in another way (ms).
const AGAIN: i64 = 10_000;
/// Looked for work at least so often.
const IDLE: Duration = Duration::from_secs(60);

/// Sends until `stop`.
pub async fn work(pod: Pod, stop: CancellationToken) {
    let owner = crate::secrets::random_token();
    if let Err(error) = hosts::release_at_start(&pod.db, pod.now()).await {
        tracing::error!("the outbox: {error:#}");
    }
    // The pod's key is made at the first start, and not when the first friend waits for it.
    if let Err(error) = ours::keys(&pod).await {
        tracing::error!("the pod's key: {error:#}");
    }
    while !stop.is_cancelled() {
        let done = tokio::select! {
            done = drain(&pod, &owner) => done,
            () = stop.cancelled() => break,
        };
        if let Err(error) = done {
            tracing::error!("the outbox: {error:#}");
        }
        let wait = match hosts::next_due(&pod.db).await {
            Ok(Some(due)) => {
                Duration::from_millis(u64::try_from(due - pod.now()).unwrap_or(0).max(50))
            }
            _ => IDLE,
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = pod.network.wake.notified() => {}
            () = tokio::time::sleep(wait.min(IDLE)) => {}
        }
    }
    // What was not acknowledged is sent again by whoever comes next.
    if let Err(error) = hosts::release(&pod.db, &owner).await {
        tracing::error!("the outbox: {error:#}");
    }
}

/// Sends everything that is due, and what becomes due meanwhile. How many deliveries that were.
pub async fn drain(pod: &Pod, owner: &str) -> Result<usize> {
    // Tasks, because one that waits for its turn at the database must not keep another from finishing with it.
    let mut running = JoinSet::new();
    let mut count = 0;
    loop {
        while running.len() < PARALLEL {
            let now = pod.now();
            let Some(host) = hosts::lease(&pod.db, owner, now, now + LEASE).await? else {
                break;
            };
            count += 1;
            let (pod, owner) = (pod.clone(), owner.to_owned());
            running.spawn(async move { deliver(&pod, host, &owner).await });
        }
        match running.join_next().await {
            Some(done) => done??,
            None => return Ok(count),
        }
    }
}

/// A delivery that did not work.
struct Failed {
    /// Nothing when it is this pod's own trouble.
    failure: Option<Failure>,
    /// Rows it was about.
    rows: usize,
    reason: String,
    /// What the other pod says we are to it.
    code: Option<Code>,
}

impl Failed {
    fn new(rows: usize, error: &fetch::Error) -> Self {
        use fetch::Kind;
        let failure = match error.kind() {
            Kind::Slow => Failure::TimeOut,
            Kind::Status(status) => Failure::Status(status),
            Kind::Excessive | Kind::Broken => Failure::BadReceipt,
            Kind::Ours | Kind::BadAddress | Kind::Unreachable | Kind::Unsafe => {
                Failure::Unreachable
            }
        };
        Self {
            failure: Some(failure),
            rows,
            reason: error.to_string(),
            code: None,
        }
    }

    /// Something that was answered is no answer.
    fn junk(reason: String) -> Self {
        Self {
            failure: Some(Failure::BadReceipt),
            rows: 1,
            reason,
            code: None,
        }
    }

    /// Whether only these rows are refused, so that the next ones go on without them.
    fn ends_rows(&self, failures: i64) -> bool {
        // Who does not believe that it is us does not refuse the rows.
        let status = match self.failure {
            Some(Failure::Status(401 | 403 | 404 | 405)) | None => return false,
            Some(failure) => failure,
        };
        let tries = u32::try_from(failures + 1).unwrap_or(u32::MAX);
        verdict(status, self.rows, tries) == Verdict::EndRows
    }
}

/// What a delivery came to.
enum Sent {
    Nothing,
    Something,
    /// It was taken note of, and has to be sent in another way.
    Again,
    Failed(Failed),
}

async fn deliver(pod: &Pod, host: HostRow, owner: &str) -> Result<()> {
    let sent = if is_sealed(pod, &host) {
        sealed(pod, &host).await
    } else {
        plain(pod, &host).await
    };
    // What goes wrong here with one host must not keep the others waiting.
    let sent = sent.unwrap_or_else(|why| {
        let why = match why {
            Error::Internal(why) => format!("{why:#}"),
            other => other.to_string(),
        };
        tracing::error!(host = %host.host, "sending: {why}");
        Sent::Failed(Failed {
            failure: None,
            rows: 0,
            reason: "Something went wrong in this pod; its log says more.".into(),
            code: None,
        })
    });
    let now = pod.now();
    match sent {
        Sent::Nothing | Sent::Something | Sent::Again => {
            // Who wants everything anew gets it at a walk.
            let next = match sent {
                Sent::Again => now + AGAIN,
                Sent::Something => now + pod.network.pace(host.id, now),
                _ => now,
            };
            let mut tx = pod.db.begin().await?;
            hosts::sent(&mut tx, host.id, owner, now, next).await?;
            tx.commit().await?;
            if matches!(sent, Sent::Something) {
                scores::note(pod, host.id, Event::Success, Witness::Ourselves).await?;
            }
        }
        Sent::Failed(failed) => fail(pod, &host, owner, failed).await?,
    }
    Ok(())
}

async fn fail(pod: &Pod, host: &HostRow, owner: &str, failed: Failed) -> Result<()> {
    let now = pod.now();
    let failures = u32::try_from(host.failures + 1).unwrap_or(u32::MAX);
    let chance = u32::from_le_bytes(crate::secrets::random());
    let next = now + i64::try_from(pause(failures, chance).as_millis()).unwrap_or(i64::MAX / 2);
    tracing::info!(host = %host.host, failures, "not delivered: {}", failed.reason);
    hosts::failed(&pod.db, host.id, owner, &failed.reason, (now, next)).await?;
    let Some(failure) = failed.failure else {
        return Ok(());
    };
    if host.friendship == Friendship::Friend {
        match failed.code {
            Some(Code::Expelled | Code::Quit | Code::Blocked) => {
                return friends::let_go(pod, host).await;
            }
            // The first time it may just not have read yet that we are friends.
            Some(Code::NotFriends) if failures > 1 => return friends::ask_again(pod, host).await,
            _ => {}
        }
    }
    if verdict(failure, failed.rows, failures) == Verdict::RefreshAndRetry
        && let Ok(actor) = super::actors::fetch_pod(pod, &host.host).await
    {
        let mut tx = pod.db.begin().await?;
        super::actors::put_pod(&mut tx, &actor, now).await?;
        tx.commit().await?;
    }
    let (silent, friends) = hosts::silent_friends(&pod.db).await?;
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    let ours = is_our_own_fault(count(silent), count(friends));
    if host.failing_since.is_some_and(|since| is_dead(since, now)) {
        return give_up(pod, host, ours).await;
    }
    match failure.event() {
        Some(Event::Silence) if ours => {
            tracing::warn!("no friend answers: it is probably this pod that is cut off")
        }
        Some(event) => scores::note(pod, host.id, event, Witness::Ourselves).await?,
        None => {}
    }
    Ok(())
}

/// A host has taken nothing for a week: nothing is kept for it any more. A friend is none any more, unless it is we who are cut off: then
/// it gets the whole list in the end, in place of the rows.
async fn give_up(pod: &Pod, host: &HostRow, ours: bool) -> Result<()> {
    let friend = host.friendship == Friendship::Friend;
    let mut tx = pod.db.begin().await?;
    if friend && !ours {
        friends::end_in(pod, &mut tx, host, Friendship::Expelled).await?;
        tx.commit().await?;
        return friends::expelled(pod, host, "It has taken nothing for a week.").await;
    }
    let dropped = outbox::clear(&mut tx, host.id).await?;
    hosts::stop_whole(&mut tx, host.id).await?;
    if friend {
        hosts::begin_whole(&mut tx, host.id, &crate::secrets::random_token(), pod.now()).await?;
    }
    tx.commit().await?;
    tracing::warn!(host = %host.host, dropped, "it has not answered for a week: what waited for it is dropped");
    Ok(())
}

fn is_sealed(pod: &Pod, host: &HostRow) -> bool {
    let can: Vec<String> = serde_json::from_str(&host.capabilities).unwrap_or_default();
    host.friendship == Friendship::Friend
        && pod.settings.network.envelopes == Envelopes::Used
        && can.iter().any(|name| name == Capability::Envelope.name())
}

/// A group in the making.
struct Parcel {
    group: Group,
    what: What,
    /// Rows or videos that are in it.
    rows: usize,
}

/// Where the activities of a group come from.
enum What {
    /// Rows of the outbox under this group.
    Rows(String),
    /// A page of the whole list; the last video in it.
    Page {
        token: String,
        after: Option<VideoId>,
    },
    /// From nowhere: an empty group says that we are here, and its receipt that they are.
    Greeting,
}

/// Sends one group, and keeps book of what became of it.
async fn sealed(pod: &Pod, host: &HostRow) -> Result<Sent> {
    let Some(parcel) = next(pod, host).await? else {
        return Ok(Sent::Nothing);
    };
    let Parcel { group, what, rows } = parcel;
    if !group.items.is_empty() || !matches!(what, What::Rows(_)) {
        match post(pod, host, &group).await? {
            Ok(answer) => match receipt(pod, host, &group, &answer.body).await? {
                Sent::Something => {}
                other => return Ok(other),
            },
            Err(failed) => {
                let failed = Failed { rows, ..failed };
                if !failed.ends_rows(host.failures) {
                    return Ok(Sent::Failed(failed));
                }
                tracing::warn!(host = %host.host, "not taken, and not sent again: {}", failed.reason);
            }
        }
    }
    match what {
        What::Greeting => {}
        What::Rows(group) => {
            outbox::acknowledge(&pod.db, host.id, &group).await?;
        }
        What::Page { token, after } => {
            match after.filter(|_| !group.whole.is_some_and(|whole| whole.last)) {
                Some(after) => {
                    hosts::advance_whole(&pod.db, host.id, &token, after).await?;
                }
                None => hosts::end_whole(&pod.db, host.id, &token).await?,
            }
        }
    }
    Ok(Sent::Something)
}

/// Reads what became of a group; `Something` if it was applied.
async fn receipt(pod: &Pod, host: &HostRow, group: &Group, body: &[u8]) -> Result<Sent> {
    let junk = |why: &str| {
        let why = format!("{} did not answer with a receipt: {why}", host.host);
        Ok(Sent::Failed(Failed::junk(why)))
    };
    let receipt = match Receipt::read(body, group) {
        Ok(receipt) => receipt,
        Err(why) => return junk(&why.to_string()),
    };
    for item in &receipt.refused {
        tracing::warn!(host = %host.host, "an activity was refused: {}", item.reason);
    }
    match receipt.outcome {
        Outcome::Applied => Ok(Sent::Something),
        Outcome::Stale if receipt.last >= group.id => {
            let last = i64::try_from(receipt.last.0).unwrap_or(i64::MAX);
            hosts::set_sent_group(&pod.db, host.id, last).await?;
            Ok(Sent::Again)
        }
        Outcome::Restart if group.whole.as_ref().is_some_and(|whole| !whole.first) => {
            let token = crate::secrets::random_token();
            let mut tx = pod.db.begin().await?;
            hosts::begin_whole(&mut tx, host.id, &token, pod.now()).await?;
            tx.commit().await?;
            Ok(Sent::Again)
        }
        Outcome::Stale | Outcome::Restart => junk("it does not fit what was sent"),
    }
}

/// How many videos go into one group: fewer with each failure, until the one that is refused stands alone.
fn most(host: &HostRow) -> usize {
    let halved = u32::try_from(host.failures).map_or(0, |failures| VIDEOS >> failures.min(16));
    usize::try_from(halved).unwrap_or(1).max(1)
}

/// What is to be sent next: what was not acknowledged, then the whole list, then what is new.
async fn next(pod: &Pod, host: &HostRow) -> Result<Option<Parcel>> {
    let last = host
        .sent_group
        .and_then(|id| u64::try_from(id).ok())
        .map(GroupId);
    let fresh = GroupId::after(last, pod.now());
    if let Some(token) = &host.whole_token
        && !outbox::is_under_way(&pod.db, host.id).await?
    {
        return page(pod, host, token, fresh).await.map(Some);
    }
    let mut tx = pod.db.begin().await?;
    let taken = outbox::take_group(&mut tx, host.id, &fresh.0.to_string(), VIDEOS).await?;
    number(&mut tx, host, fresh).await?;
    tx.commit().await?;
    let Some(taken) = taken else {
        return Ok(is_greeted(pod, host).then(|| Parcel {
            group: Group {
                id: fresh,
                whole: None,
                items: Vec::new(),
            },
            what: What::Greeting,
            rows: 0,
        }));
    };
    let mut writer = Writer::new(pod);
    let mut written = Vec::new();
    for row in taken.rows.iter().take(most(host)) {
        written.push(writer.row(row).await?);
    }
    let (items, fitting) = combine(written);
    if let Some(left) = taken.rows.get(fitting) {
        let mut tx = pod.db.begin().await?;
        outbox::give_back(&mut tx, host.id, &taken.id, left.id).await?;
        tx.commit().await?;
    }
    // A new number also when the rows were sent before: a late copy of then must not put the old state over this one.
    let group = Group {
        id: fresh,
        whole: None,
        items,
    };
    Ok(Some(Parcel {
        group,
        what: What::Rows(taken.id),
        rows: fitting,
    }))
}

/// Whether a friend that there is nothing new for is to be told that we are here.
fn is_greeted(pod: &Pod, host: &HostRow) -> bool {
    let long_ago = |at| pod.now() - at >= super::GREETING;
    host.friendship == Friendship::Friend && host.last_sent_at.is_none_or(long_ago)
}

/// Notes the number of the group that is about to be sent.
async fn number(tx: &mut db::Tx, host: &HostRow, id: GroupId) -> Result<()> {
    hosts::set_sent_group(&mut *tx, host.id, i64::try_from(id.0).unwrap_or(i64::MAX)).await?;
    Ok(())
}

/// A page of the whole list.
async fn page(pod: &Pod, host: &HostRow, token: &str, id: GroupId) -> Result<Parcel> {
    let mut tx = pod.db.begin().await?;
    number(&mut tx, host, id).await?;
    tx.commit().await?;
    let after = host.whole_after;
    let count = most(host);
    let ids = db::videos::listed_here(&pod.db, after, count as i64).await?;
    let mut writer = Writer::new(pod);
    let mut written = Vec::new();
    for video in &ids {
        written.push(writer.listed(*video).await?);
    }
    let (items, fitting) = combine(written);
    let is_last = fitting == ids.len() && ids.len() < count;
    let whole = Token::parse(token).map(|token| Whole {
        token,
        first: after == VideoId(0),
        last: is_last,
    });
    let group = Group { id, whole, items };
    Ok(Parcel {
        group,
        what: What::Page {
            token: token.to_owned(),
            after: fitting.checked_sub(1).and_then(|at| ids.get(at)).copied(),
        },
        rows: fitting,
    })
}

/// As many rows as fit, in order, and how many those are. A row that fits into no group at all is left out.
fn combine(written: Vec<Vec<Box<RawValue>>>) -> (Vec<Box<RawValue>>, usize) {
    let mut items: Vec<Box<RawValue>> = Vec::new();
    let count = written.len();
    for (at, row) in written.into_iter().enumerate() {
        let sizes = items.iter().chain(&row).map(|item| item.get().len());
        let all = items.len() + row.len();
        match fit(sizes) {
            Ok(fitting) if fitting == all => items.extend(row),
            _ if items.is_empty() => tracing::warn!("a video is too large to be told"),
            _ => return (items, at),
        }
        if all >= podnet::group::MAX_ITEMS {
            return (items, at + 1);
        }
    }
    (items, count)
}

/// Seals and posts a group.
async fn post(
    pod: &Pod,
    host: &HostRow,
    group: &Group,
) -> Result<std::result::Result<fetch::Answer, Failed>> {
    let internal =
        |why: String| Error::Internal(anyhow::anyhow!("a group for {}: {why}", host.host));
    let actor = match host.actor_id {
        Some(id) => db::remote_actors::by_id(&pod.db, id).await?,
        None => None,
    };
    let key = actor.and_then(|actor| actor.public_key);
    let key = key.ok_or_else(|| internal("its key is not known".into()))?;
    let key = fedi::keys::PublicKey::from_pem(&key).map_err(|why| internal(why.to_string()))?;
    let nonce = super::nonce();
    let header = Header {
        sender: pod.own_host()?,
        receiver: host.host.clone(),
        protocol: podnet::Protocol(u32::try_from(host.protocol).unwrap_or(podnet::PROTOCOL.0)),
        nonce,
        sent_at: pod.now(),
    };
    let message = group.write().map_err(|why| internal(why.to_string()))?;
    let sealed = tokio::task::spawn_blocking(move || {
        let key = SealingKey::from_der(key.der())?;
        envelope::seal(
            &message,
            &key,
            &header,
            Fresh::new(crate::secrets::random()),
        )
    });
    let sealed = sealed.await?.map_err(|why| internal(why.to_string()))?;
    let url = format!("{}/api/v1/pods/envelopes", pod.base_of(&host.host));
    let url = ObjectUri::parse(&url).map_err(|why| internal(why.to_string()))?;
    let keys = ours::keys(pod).await?;
    let nonce = nonce.to_string();
    let extra = [(NONCE, nonce.as_str())];
    let sent = calls::post(
        pod,
        &url,
        sealed,
        envelope::MEDIA_TYPE,
        &extra,
        (&keys.private, &keys.id),
        MAX_RECEIPT as u64,
    );
    let sent = sent.await;
    let code = sent.as_ref().ok().and_then(code);
    Ok(sent
        .and_then(fetch::Answer::success)
        .map_err(|error| Failed {
            code,
            ..Failed::new(1, &error)
        }))
}

/// What a refusal says that we are to the other pod.
fn code(answer: &fetch::Answer) -> Option<Code> {
    #[derive(serde::Deserialize)]
    struct Problem {
        code: String,
    }
    let problem = serde_json::from_slice::<Problem>(&answer.body);
    let problem = problem.ok().filter(|_| answer.status == 403)?;
    Some(Code::read(&problem.code))
}

/// Writes activities. Accounts and channels go before the first video of theirs in a group.
struct Writer<'a> {
    pod: &'a Pod,
    described: BTreeSet<ActorUri>,
}

impl<'a> Writer<'a> {
    fn new(pod: &'a Pod) -> Self {
        Self {
            pod,
            described: BTreeSet::new(),
        }
    }

    /// What is said of a row of the outbox. It may be nothing, when there is nothing to be said any more.
    async fn row(&mut self, row: &OutboxRow) -> Result<Vec<Box<RawValue>>> {
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
        let Some(name) = name.filter(|name| told && *name != super::POD_NAME) else {
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
    async fn listed(&mut self, id: VideoId) -> Result<Vec<Box<RawValue>>> {
        match db::videos::find(&self.pod.db, names::VideoRef::Id(id)).await? {
            Some(found) if found.video.listed() => self.video(found).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Takes back a video in the name of the pod: whose it was is gone as well.
    fn gone(&self, uuid: VideoUuid) -> Result<Activity> {
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

fn public(actor: &ActorUri) -> Audience {
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
async fn activity(pod: &Pod, found: db::videos::OwnedVideo, account: ActorUri) -> Result<Activity> {
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

/// Sends plain activities to the inbox of a host that takes no envelopes.
async fn plain(pod: &Pod, host: &HostRow) -> Result<Sent> {
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
        if let Some((body, key, key_id)) = plainly(pod, row).await? {
            let sent = calls::post(
                pod,
                &url,
                body,
                calls::ACTIVITY,
                &[],
                (&key, &key_id),
                64 << 10,
            );
            if let Err(error) = sent.await.and_then(fetch::Answer::success) {
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
        }
        outbox::acknowledge_one(&pod.db, row.id).await?;
    }
    Ok(Sent::Something)
}

/// Sees whether a friend that takes no envelopes is still there.
async fn greet(pod: &Pod, host: &HostRow) -> Result<Sent> {
    use super::actors::Missing;
    if !is_greeted(pod, host) {
        return Ok(Sent::Nothing);
    }
    Ok(match super::actors::fetch_pod(pod, &host.host).await {
        Ok(_) => Sent::Something,
        Err(Missing::Fetch(why)) => Sent::Failed(Failed::new(0, &why)),
        Err(Missing::Wrong(why)) => Sent::Failed(Failed::junk(why)),
    })
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
