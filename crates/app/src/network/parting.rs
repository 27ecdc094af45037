//! Parting: quitting a friendship, expelling a friend, and hearing of it from the other side. What they had leaves the index. They are told by the
//! outbox like of everything else, so that nobody waits for a pod that perhaps is not there any more.

use super::{calls::Incoming, friends::entries, ours, pictures};
use crate::{Error, Pod, Result, access, access::Right};
use db::{
    hosts::{self, HostRow},
    outbox::{Audience, Message, enqueue},
    users::User,
};
use names::{Friendship, Host};
use podnet::{
    join,
    present::{Farewell, Parting},
};
use std::time::Duration;

/// Videos removed in one transaction.
const BATCH: i64 = 200;
/// How long somebody waits for videos to go.
const PATIENCE: Duration = Duration::from_secs(3);
/// The subject of a farewell in the outbox.
pub(super) const FAREWELL: &str = "farewell";

/// Ends a friendship that the other side has ended.
pub(crate) async fn let_go(pod: &Pod, row: &HostRow) -> Result<()> {
    tracing::info!(host = %row.host, "it is no friend any more, by its own word");
    end(pod, row, Friendship::Quit).await
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
    let (mut parted, mut gone) = (Vec::new(), Vec::new());
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
        let why = "Its administrator ended the friendship.";
        let mut tx = pod.db.begin().await?;
        part_in(pod, &mut tx, &row, Parting::Quit, why).await?;
        tx.commit().await?;
        gone.push(row);
        parted.push(Parted {
            message: format!("{host} is no friend any more."),
            was_friend: true,
            host,
        });
    }
    pod.network.told();
    forget_soon(pod, gone).await;
    Ok(parted)
}

/// What follows when a pod has been expelled: its videos go.
pub(crate) async fn expelled(pod: &Pod, row: &HostRow, why: &str) -> Result<()> {
    tracing::warn!(host = %row.host, why, "a friend was expelled");
    pod.network.told();
    forget(pod, row).await
}

/// Ends a friendship in the caller's transaction and leaves a farewell in the outbox. What follows is up to the caller: `forget` or
/// `expelled`, after the commit.
pub(crate) async fn part_in(
    pod: &Pod,
    tx: &mut db::Tx,
    row: &HostRow,
    reason: Parting,
    message: &str,
) -> Result<()> {
    let friendship = match reason {
        Parting::Expelled => Friendship::Expelled,
        Parting::Quit => Friendship::Quit,
    };
    end_in(pod, tx, row, friendship).await?;
    let farewell = Farewell {
        host: pod.own_host()?,
        reason,
        message: message.to_owned(),
    };
    let body = serde_json::to_string(&farewell).map_err(|why| Error::Internal(why.into()))?;
    let now = pod.now();
    let message = Message {
        subject: FAREWELL,
        verb: FAREWELL,
        body: Some(&body),
        now,
        due: now,
    };
    enqueue(tx, Audience::Host(row.id), message).await?;
    Ok(())
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
    forget_soon(pod, vec![row.clone()]).await;
    Ok(())
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
        let own = ours::own_actor_in(pod, tx).await?;
        db::follows::remove(&mut *tx, own.id, theirs).await?;
        db::follows::remove(&mut *tx, theirs, own.id).await?;
    }
    Ok(())
}

/// Has the videos of hosts removed, and waits a little for it: few are gone when whoever asked gets an answer, and nobody has to wait for a
/// hundred thousand.
async fn forget_soon(pod: &Pod, rows: Vec<HostRow>) {
    let pod = pod.clone();
    let removal = tokio::spawn(async move {
        for row in rows {
            if let Err(error) = forget(&pod, &row).await {
                tracing::error!(host = %row.host, "its videos are removed later: {error:#}");
            }
        }
    });
    // What is not done by then goes on by itself.
    let _ = tokio::time::timeout(PATIENCE, removal).await;
}

/// Removes all videos of a host, in steps that leave room for others in between, unless it has become a friend again: then its new list says
/// what is to go.
pub(crate) async fn forget(pod: &Pod, row: &HostRow) -> Result<()> {
    loop {
        let mut tx = pod.db.begin().await?;
        if hosts::lock(&mut tx, row.id).await?.friendship == Friendship::Friend {
            return Ok(());
        }
        let gone = db::remote_videos::remove_of_host(&mut tx, row.id, BATCH).await?;
        tx.commit().await?;
        pod.lists.clear();
        if (gone.len() as i64) < BATCH {
            break;
        }
    }
    while db::remote_actors::remove_of_host(&pod.db, &row.host, BATCH).await? >= BATCH as u64 {}
    hosts::has_left(&pod.db, row.id).await?;
    pictures::tidy(pod).await
}
