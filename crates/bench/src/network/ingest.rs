//! What it costs to hear of videos, told through the pod's own inboxes by hundreds of pods: plain activities, each signed by its account, and
//! sealed groups. And whether the rows that come of it are those of the index that was stored in bulk.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use db::{Db, Executor as _, Sql};
use names::ObjectUri;
use podnet::group::{Group, GroupId};

use super::{
    afar::{Afar, Made},
    index,
    post::Told,
};
use crate::{client::Client, place::Place, pod::Pod, usage};

/// Videos that are told in each way.
pub const TOLD: usize = 10_000;
/// Videos in a group, as the pod's own sender fills them.
const GROUP: usize = 33;
/// Pods that speak at the same time.
const SPEAKERS: usize = 4;

/// How videos are told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Plain,
    Sealed,
}

/// What it came to.
pub struct Heard {
    pub videos: usize,
    pub requests: usize,
    pub bytes: usize,
    pub seconds: f64,
    /// Processor time of the pod and of its database's server, and of the server alone.
    pub cpu: f64,
    pub database: f64,
}

/// Tells a pod of videos from this number on.
pub fn tell(place: &Place, pod: &Pod, afar: &Afar, first: usize, way: Way) -> Result<Heard> {
    let told = Told::new(pod)?;
    let letters = letters(afar, first, way)?;
    let cost = || {
        (
            usage::cpu_seconds(&[pod.process()]),
            usage::cpu_seconds(&place.processes),
        )
    };
    let (before, began) = (cost(), Instant::now());
    let speak = |letters: &[Letter]| -> Result<usize> {
        let mut client = pod.client()?;
        let posted = letters
            .iter()
            .map(|letter| letter.post(&told, afar, &mut client));
        posted.sum()
    };
    let bytes = std::thread::scope(|scope| {
        let speakers = letters.each_ref().map(|its| scope.spawn(|| speak(its)));
        let bytes = speakers.map(|it| it.join().ok().context("a speaker broke off")?);
        bytes.into_iter().sum::<Result<usize>>()
    })?;
    let (seconds, after) = (began.elapsed().as_secs_f64(), cost());
    Ok(Heard {
        videos: TOLD,
        requests: letters.iter().map(Vec::len).sum(),
        bytes,
        seconds,
        cpu: after.0 + after.1 - before.0 - before.1,
        database: after.1 - before.1,
    })
}

/// What one pod posts at once.
struct Letter {
    way: Way,
    made: Vec<Made>,
}

/// What each speaker posts, one after the other. A pod has one speaker, because it waits for the receipt of one group before it sends the next.
fn letters(afar: &Afar, first: usize, way: Way) -> Result<[Vec<Letter>; SPEAKERS]> {
    let mut of_host: BTreeMap<usize, Vec<Made>> = BTreeMap::new();
    for number in first..first + TOLD {
        let made = afar.video(number)?;
        of_host.entry(made.host).or_default().push(made);
    }
    let size = match way {
        Way::Plain => 1,
        Way::Sealed => GROUP,
    };
    let mut letters = [const { Vec::new() }; SPEAKERS];
    for (host, made) in of_host {
        let mut made = made.into_iter().peekable();
        while made.peek().is_some() {
            let made = made.by_ref().take(size).collect();
            letters[host % SPEAKERS].push(Letter { way, made });
        }
    }
    Ok(letters)
}

impl Letter {
    fn post(&self, told: &Told, afar: &Afar, client: &mut Client) -> Result<usize> {
        let first = self.made.first().context("a letter without videos")?;
        if self.way == Way::Plain {
            let account = afar.account(first.host, first.channel)?;
            return told.plain(client, (&account, &afar.key), &afar.told(first)?);
        }
        let (mut items, mut described) = (Vec::new(), BTreeSet::new());
        for made in &self.made {
            let account = afar.account(made.host, made.channel)?;
            let channel = afar.channel(made.host, made.channel)?;
            for (actor, owner) in [(&account, None), (&channel, Some(&account))] {
                if described.insert(actor.clone()) {
                    items.push(afar.described(actor, owner)?);
                }
            }
            items.push(afar.told(made)?);
        }
        let group = Group {
            id: GroupId::after(None, super::now()),
            whole: None,
            items,
        };
        told.sealed(client, (&afar.pod(first.host)?, &afar.key), &group)
    }
}

/// Whether videos that were told are stored as those that are written in bulk: every column but row ids and the time of hearing is compared.
pub async fn compare(heard: &Db, afar: &Afar, numbers: &[usize]) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("shoal-bench-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder)?;
    let place = Place::sqlite(&folder, "compared")?;
    let stored = place.open().await?;
    let now = super::now();
    let pods = index::pods(&stored, afar, now).await?;
    for number in numbers {
        index::store(&stored, afar, &pods, *number..number + 1, now).await?;
        let uri = afar.video(*number)?.uri;
        let (one, other) = (row(heard, &uri).await?, row(&stored, &uri).await?);
        if one != other {
            bail!("{uri} was told as\n{one:?}\nand stored in bulk as\n{other:?}");
        }
    }
    stored.close().await;
    Ok(std::fs::remove_dir_all(&folder)?)
}

/// Columns of a video that must not depend on how it came.
const COLUMNS: [&str; 28] = [
    "v.uuid",
    "a.uri",
    "c.uri",
    "v.name",
    "v.description",
    "v.support",
    "v.category",
    "v.licence",
    "v.language",
    "v.tags",
    "v.nsfw",
    "v.privacy",
    "v.state",
    "v.download_enabled",
    "v.comments_policy",
    "v.duration",
    "v.width",
    "v.height",
    "v.views",
    "v.updated_at",
    "v.published_at",
    "v.source_kept",
    "v.remote",
    "h.host",
    "r.document",
    "r.thumbnail_url",
    "r.preview_url",
    "r.origin_updated_at",
];

/// Everything that is kept of a video, as one text.
async fn row(db: &Db, uri: &ObjectUri) -> Result<Vec<String>> {
    let mut sql = Sql::new("SELECT ''");
    for column in COLUMNS {
        sql.push(" || ' | ' || coalesce(CAST(")
            .push(column)
            .push(" AS TEXT), 'nothing')");
    }
    sql.push(
            " FROM remote_videos r JOIN videos v ON v.id = r.video_id JOIN hosts h ON h.id = r.host_id \
             JOIN accounts o ON o.id = v.account_id JOIN actors a ON a.id = o.actor_id \
             JOIN channels n ON n.id = v.channel_id JOIN actors c ON c.id = n.actor_id WHERE r.uri = ",
    )
    .push_value(uri);
    let mut rows = vec![{ db }.one::<(String,)>(sql).await?.0];
    let mut sql = Sql::new(
        "SELECT t.tag || ' ' || CAST(t.listed_at AS TEXT) FROM video_tags t JOIN remote_videos r ON r.video_id = t.video_id WHERE r.uri = ",
    );
    sql.push_value(uri).push(" ORDER BY t.tag");
    let tags: Vec<(String,)> = { db }.all(sql).await?;
    rows.extend(tags.into_iter().map(|(tag,)| tag));
    // SQLite writes truth as a number.
    Ok(rows
        .into_iter()
        .map(|row| row.replace("| true ", "| 1 ").replace("| false ", "| 0 "))
        .collect())
}
