//! The hosts this pod deals with, for everybody (who its friends are) and for its admin (how it goes with each).

use super::scores;
use crate::{Error, Pod, Result, access, access::Right};
use db::{
    hosts::{self, HostQuery, HostRow, ScoreChange},
    users::User,
};
use names::{Friendship, Host};
use podnet::join;

/// Reasons of a score that are shown.
const REASONS: i64 = 200;

/// How it goes with one pod.
#[derive(Debug, Clone)]
pub struct Known {
    pub row: HostRow,
    /// 0 to 100.
    pub score: i64,
    /// Messages that wait for it.
    pub waiting: i64,
    /// Its videos in our index.
    pub videos: i64,
    pub url: String,
}

/// One page of our friends, as every pod may read it before it joins.
pub async fn friends(pod: &Pod, start: i64, count: i64) -> Result<(i64, Vec<HostRow>)> {
    let query = HostQuery {
        friendships: vec![Friendship::Friend],
        start,
        count: count.min(join::MAX_LIST as i64),
        ..HostQuery::default()
    };
    Ok(hosts::list(&pod.db, &query).await?)
}

/// One page of the pods this pod has or had to do with.
pub async fn all(pod: &Pod, user: &User, start: i64, count: i64) -> Result<(i64, Vec<Known>)> {
    access::require(user, Right::ManageNetwork)?;
    use Friendship::{Asked, Expelled, Friend, Quit};
    let query = HostQuery {
        friendships: vec![Friend, Asked, Expelled, Quit],
        start,
        count,
        ..HostQuery::default()
    };
    let (total, rows) = hosts::list(&pod.db, &query).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let waiting = if ids.is_empty() {
        Vec::new()
    } else {
        db::outbox::waiting(&pod.db, &ids).await?
    };
    let now = pod.now();
    let mut known = Vec::new();
    for row in rows {
        let of_it = waiting.iter().find(|waiting| waiting.host_id == row.id);
        known.push(Known {
            score: scores::of(&row, now).points().into(),
            waiting: of_it.map_or(0, |waiting| waiting.messages),
            videos: db::remote_videos::count_of_host(&pod.db, row.id).await?,
            url: pod.base_of(&row.host),
            row,
        });
    }
    Ok((total, known))
}

async fn row(pod: &Pod, user: &User, host: &str) -> Result<HostRow> {
    access::require(user, Right::ManageNetwork)?;
    let host = Host::parse(host).map_err(|why| Error::invalid("host", why))?;
    let row = hosts::by_host(&pod.db, &host).await?;
    row.ok_or(Error::NotFound("The pod was"))
}

/// Why a pod's score is what it is, newest first.
pub async fn reasons(pod: &Pod, user: &User, host: &str) -> Result<Vec<ScoreChange>> {
    let row = row(pod, user, host).await?;
    Ok(hosts::scores(&pod.db, row.id, REASONS).await?)
}

/// Sends what waits for a pod now, without waiting for the end of its pause.
pub async fn retry(pod: &Pod, user: &User, host: &str) -> Result<()> {
    let row = row(pod, user, host).await?;
    hosts::retry_now(&pod.db, Some(row.id), pod.now()).await?;
    pod.network.told();
    Ok(())
}

/// One page of blocked hosts.
pub async fn blocked(
    pod: &Pod,
    user: &User,
    start: i64,
    count: i64,
) -> Result<(i64, Vec<(Host, i64)>)> {
    access::require(user, Right::ManageNetwork)?;
    let (total, blocks) =
        db::blocks::list(&pod.db, db::blocks::Blocked::Hosts, None, start, count).await?;
    let hosts = blocks
        .into_iter()
        .filter_map(|block| Some((block.host?, block.created_at)));
    Ok((total, hosts.collect()))
}

/// Neither hears nor tells a host anything from now on. Its videos leave the index.
pub async fn block(pod: &Pod, user: &User, host: &str) -> Result<()> {
    access::require(user, Right::ManageNetwork)?;
    let host = Host::parse(host).map_err(|why| Error::invalid("host", why))?;
    if host == pod.own_host()? {
        return Err(Error::invalid("host", "a pod does not block itself"));
    }
    db::blocks::add_host(&pod.db, &host, pod.now()).await?;
    if let Some(row) = hosts::by_host(&pod.db, &host).await? {
        super::parting::end(pod, &row, Friendship::Quit).await?;
    }
    Ok(())
}

/// Lifts a block.
pub async fn unblock(pod: &Pod, user: &User, host: &str) -> Result<()> {
    access::require(user, Right::ManageNetwork)?;
    let host = Host::parse(host).map_err(|why| Error::invalid("host", why))?;
    if db::blocks::remove_host(&pod.db, &host).await? {
        return Ok(());
    }
    Err(Error::NotFound("The block was"))
}
