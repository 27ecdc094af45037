//! Groups for friends that open envelopes: what goes into the next one, sealing and posting it, and what its receipt says.

use super::{Failed, Sent, is_greeted, number, writing::Writer};
use crate::{
    Error, Pod, Result,
    network::{calls, hearing::NONCE, ours},
};
use db::{
    hosts::{self, HostRow},
    outbox,
};
use names::{ObjectUri, VideoId};
use podnet::{
    envelope::{self, Fresh, Header, SealingKey},
    group::{Group, GroupId, MAX_RECEIPT, Outcome, Receipt, Token, Whole},
    outbox::fit,
    present::Code,
};
use serde_json::value::RawValue;

/// Videos in a group: with an account and a channel each they are as many activities as a group may have.
const VIDEOS: i64 = 33;

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
pub(super) async fn sealed(pod: &Pod, host: &HostRow) -> Result<Sent> {
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
    let nonce = crate::network::nonce();
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
