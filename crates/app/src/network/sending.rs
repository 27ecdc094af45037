//! The outbox on its way. Hosts that have something to hear are leased one at a time, by at most ten senders, so that each hears things
//! in order and a host that does not answer costs one pause and nobody else's time. A pod gets its rows in groups, sealed; everybody
//! else gets plain activities, one each.

mod plain;
mod sealed;
mod writing;

use super::{Envelopes, ours, parting, presenting, scores};
use crate::{Error, Pod, Result};
use db::{
    hosts::{self, HostRow},
    outbox,
};
use names::Friendship;
use plain::plain;
use podnet::{
    Capability,
    group::GroupId,
    outbox::{Failure, PARALLEL, Verdict, is_dead, pause, verdict},
    present::{Code, Parting},
    score::{Event, Witness, is_our_own_fault},
};
use sealed::sealed;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long a sender may take for one group before somebody else may take over (ms).
const LEASE: i64 = 120_000;
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
                return parting::let_go(pod, host).await;
            }
            // The first time it may just not have read yet that we are friends.
            Some(Code::NotFriends) if failures > 1 => {
                return presenting::ask_again(pod, host).await;
            }
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
        let why = "It has taken nothing for a week.";
        parting::part_in(pod, &mut tx, host, Parting::Expelled, why).await?;
        tx.commit().await?;
        return parting::expelled(pod, host, why).await;
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

pub(super) fn is_sealed(pod: &Pod, host: &HostRow) -> bool {
    let can: Vec<String> = serde_json::from_str(&host.capabilities).unwrap_or_default();
    host.friendship == Friendship::Friend
        && pod.settings.network.envelopes == Envelopes::Used
        && can.iter().any(|name| name == Capability::Envelope.name())
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
