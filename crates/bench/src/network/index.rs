//! The index of a pod with many friends: rows of other pods, their people and channels, and their videos, in bulk. Filling goes on where it
//! was broken off, because a million videos take minutes.

use std::time::Instant;

use anyhow::{Context as _, Result};
use db::{Db, Executor as _, Sql, Tx, hosts::HostFacts, remote_actors::RemoteActor};
use names::{AccountId, ActorId, ActorKind, ChannelId, Friendship, HostId, InboxUri};

use super::afar::{Afar, CHANNELS, CHANNELS_OF_AN_ACCOUNT, Made, OF_THE_LARGEST};
use crate::place::Place;

/// Videos that are written in one statement, and in one transaction. (SQLite takes the square of the values of a statement to read it.)
const STATEMENT: usize = 40;
const BATCH: usize = 5000;

/// The rows of a pod that there is not: its own, and its channels with their accounts.
pub struct Rows {
    pub host: HostId,
    pub channels: Vec<(AccountId, ChannelId)>,
}

/// Puts the pods and their channels into a database, all of them friends, and gives their rows.
pub async fn pods(db: &Db, afar: &Afar, now: i64) -> Result<Vec<Rows>> {
    let mut all = Vec::with_capacity(afar.hosts.len());
    let key = afar.key.public().to_pem();
    let mut tx = db.begin().await?;
    for (number, host) in afar.hosts.iter().enumerate() {
        let row = db::hosts::get_or_insert(&mut tx, host, now).await?;
        // Also when it is there: each run has a key of its own.
        meet(&mut tx, afar, (number, row.id), &key, Friendship::Friend).await?;
        let mut channels = Vec::new();
        for channel in 0..CHANNELS {
            channels.push(owned(&mut tx, afar, number, channel, now).await?);
        }
        all.push(Rows {
            host: row.id,
            channels,
        });
    }
    settle(&mut tx, now).await?;
    tx.commit().await?;
    Ok(all)
}

/// Nobody is to be greeted while something is measured.
pub async fn settle(tx: &mut Tx, now: i64) -> Result<()> {
    { tx }
        .run(Sql::new("UPDATE hosts SET last_sent_at = $1, due_at = NULL").bind(now))
        .await?;
    Ok(())
}

/// Puts a pod's own actor beside its host, as what it is to us. A friend opens envelopes.
pub async fn meet(
    tx: &mut Tx,
    afar: &Afar,
    (number, id): (usize, HostId),
    key: &str,
    tie: Friendship,
) -> Result<ActorId> {
    let now = super::now();
    let uri = afar.pod(number)?;
    let inbox = InboxUri::parse(&format!("{uri}/inbox"))?;
    let actor = RemoteActor {
        uri: &uri,
        kind: ActorKind::Application,
        name: "peertube",
        display_name: "A pod",
        description: "",
        inbox: Some(&inbox),
        shared_inbox: Some(&inbox),
        outbox: None,
        public_key: Some(key),
        picture_url: None,
        created_at: now,
        now,
    };
    let actor = db::remote_actors::upsert(&mut *tx, &actor).await?;
    let facts = HostFacts {
        actor_id: actor,
        software: Some("shoal".into()),
        protocol: Some(1),
        oldest_protocol: Some(1),
        capabilities: (tie == Friendship::Friend).then(|| "[\"envelope\"]".into()),
        ..HostFacts::default()
    };
    db::hosts::set_facts(&mut *tx, id, &facts).await?;
    if tie == Friendship::Friend {
        db::hosts::set_friendship(&mut *tx, id, tie, now).await?;
    }
    actor.context("the actor of a pod was refused")
}

/// A channel and its account, as they are stored when they have described themselves.
async fn owned(
    tx: &mut Tx,
    afar: &Afar,
    host: usize,
    channel: usize,
    now: i64,
) -> Result<(AccountId, ChannelId)> {
    let account = afar.account(host, channel)?;
    let described = afar.description(&account, None)?;
    let key = afar.key.public().to_pem();
    let row = |actor: &fedi::Actor| -> (String, String) {
        let text = |it: &Option<String>| it.clone().unwrap_or_default();
        (text(&actor.display_name), text(&actor.summary))
    };
    let (shown, about) = row(&described);
    let actor =
        |it: &'_ fedi::Actor, kind| (it.id.clone(), it.inbox.clone(), it.name.clone(), kind);
    let (uri, inbox, name, kind) = actor(&described, ActorKind::Account);
    let created_at = described.published.unwrap_or(now);
    let stored = RemoteActor {
        uri: &uri,
        kind,
        name: &name,
        display_name: &shown,
        description: &about,
        inbox: Some(&inbox),
        shared_inbox: None,
        outbox: None,
        public_key: Some(&key),
        picture_url: None,
        created_at,
        now,
    };
    let owner = if channel.is_multiple_of(CHANNELS_OF_AN_ACCOUNT) {
        db::remote_actors::upsert_account(tx, &stored).await?
    } else {
        let known = db::remote_actors::by_uri(&mut *tx, &account).await?;
        known.and_then(|known| known.account_id)
    };
    let owner = owner.context("an account was refused")?;
    let described = afar.description(&afar.channel(host, channel)?, Some(&account))?;
    let (shown, about) = row(&described);
    let (uri, inbox, name, kind) = actor(&described, ActorKind::Channel);
    let stored = RemoteActor {
        uri: &uri,
        kind,
        name: &name,
        display_name: &shown,
        description: &about,
        inbox: Some(&inbox),
        ..stored
    };
    let channel = db::remote_actors::upsert_channel(tx, &stored, owner, None).await?;
    Ok((owner, channel.context("a channel was refused")?))
}

/// Stores the videos of these numbers in bulk.
pub async fn store(
    db: &Db,
    afar: &Afar,
    pods: &[Rows],
    numbers: impl Iterator<Item = usize>,
    now: i64,
) -> Result<()> {
    let mut tx = db.begin().await?;
    let made: Vec<Made> = numbers
        .map(|number| afar.video(number))
        .collect::<Result<_>>()?;
    for made in made.chunks(STATEMENT) {
        let stored = made
            .iter()
            .map(|made| afar.stored(made))
            .collect::<Result<Vec<_>>>()?;
        let rows: Vec<_> = made
            .iter()
            .zip(&stored)
            .map(|(made, stored)| {
                let pod = &pods[made.host];
                let (account, channel) = pod.channels[made.channel];
                stored.row(made, (pod.host, account, channel), now)
            })
            .collect();
        db::filling::add_remote_videos(&mut tx, &rows).await?;
    }
    Ok(tx.commit().await?)
}

/// Whether this video is stored; those of the largest pod are not after it was left.
async fn is_there(db: &Db, afar: &Afar, number: usize) -> Result<bool> {
    let mut sql = Sql::new("SELECT count(*) FROM videos WHERE uuid = ");
    sql.push_value(afar.video(number)?.uuid);
    let (count,): (i64,) = { db }.one(sql).await?;
    Ok(count > 0)
}

/// Fills a database up to so many videos, and tidies it as the pod and its engine would. What was written now, and how long it took.
pub async fn fill(place: &Place, db: &Db, afar: &Afar, videos: usize) -> Result<()> {
    let now = super::now();
    let began = Instant::now();
    let pods = pods(db, afar, now).await?;
    let mut written = 0;
    for first in (0..videos).step_by(BATCH) {
        // A batch is stored as a whole or not at all.
        if !is_there(db, afar, first + 1).await? {
            let numbers = first..(first + BATCH).min(videos);
            written += numbers.len();
            store(db, afar, &pods, numbers, now).await?;
        }
    }
    if !is_there(db, afar, 0).await? {
        let numbers = (0..videos).step_by(OF_THE_LARGEST);
        written += numbers.len();
        store(db, afar, &pods, numbers, now).await?;
    }
    if written == 0 {
        return Ok(());
    }
    let seconds = began.elapsed().as_secs_f64();
    if place.processes.is_empty() {
        db::search::tidy(db).await?;
    } else {
        // What PostgreSQL's own cleaning does within an hour of so large a change.
        { db }.run(Sql::new("VACUUM ANALYZE")).await?;
    }
    println!(
        "{}: {written} videos of {} pods stored in bulk in {seconds:.0} s ({:.0} a second), tidied in {:.0} s, {:.0} MB",
        place.engine,
        pods.len(),
        written as f64 / seconds,
        began.elapsed().as_secs_f64() - seconds,
        place.size(db).await? as f64 / 1e6
    );
    Ok(())
}
