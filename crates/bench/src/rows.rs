//! A database as a large pod has it: 1000 channels, many videos with names, texts, tags and views that are spread as in life, all of
//! them in the search index. Written through the pod's own database crate, so that rows are what the pod itself would write.

use std::time::Instant;

use anyhow::Result;
use db::{Db, Executor as _, Tx, renditions::Rendition, videos::VideoChanges};
use names::{
    AccountId, CATEGORIES, ChannelId, Privacy, RenditionId, Role, VideoId, VideoState, VideoUuid,
};

use crate::{chance::Chance, place::Place, words::Words};

const CHANNELS: usize = 1000;
const CHANNELS_OF_AN_ACCOUNT: usize = 4;

/// Every so many videos there is one that has renditions and is asked for.
const ASKED: usize = 25;

/// Rows that are written in one transaction.
const BATCH: usize = 2000;

/// 2026-01-01, when the newest video is published.
pub const NOW: i64 = 1_767_225_600_000;
/// How long the videos have been coming.
const YEARS: i64 = 5 * 365 * 86_400_000;

/// A filled database.
#[derive(Clone)]
pub struct Filled {
    pub place: Place,
    /// Videos with renditions, and their names.
    pub asked: Vec<(VideoUuid, String)>,
}

/// Makes a database with this many videos.
pub fn fill(place: Place, videos: usize) -> Result<Filled> {
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let asked = runtime.block_on(async {
        let db = place.open_anew().await?;
        let asked = all(&db, videos).await?;
        // What the engines (PostgreSQL's autovacuum, the pod's own sweep) do within an hour of so large a change.
        if !place.processes.is_empty() {
            { &db }.run(db::Sql::new("VACUUM ANALYZE")).await?;
        }
        db::search::tidy(&db).await?;
        db.close().await;
        anyhow::Ok(asked)
    })?;
    println!(
        "{}: {videos} videos written in {:.0} s",
        place.engine,
        began.elapsed().as_secs_f64()
    );
    Ok(Filled { place, asked })
}

async fn all(db: &Db, videos: usize) -> Result<Vec<(VideoUuid, String)>> {
    let (words, mut chance) = (Words::new(), Chance::new(7));
    let channels = channels(db, &words, &mut chance).await?;
    let mut asked = Vec::new();
    for first in (0..videos).step_by(BATCH) {
        let mut tx = db.begin().await?;
        for n in first..(first + BATCH).min(videos) {
            let owner = channels[chance.skewed(channels.len())];
            let published = NOW - YEARS / videos as i64 * (videos - n) as i64;
            let (id, uuid, name) = video(&mut tx, owner, &words, &mut chance, published).await?;
            if n % ASKED == 0 {
                renditions(&mut tx, id, &mut chance, published).await?;
                asked.push((uuid, name));
            }
        }
        tx.commit().await?;
    }
    Ok(asked)
}

async fn channels(
    db: &Db,
    words: &Words,
    chance: &mut Chance,
) -> Result<Vec<(AccountId, ChannelId)>> {
    let mut tx = db.begin().await?;
    let mut channels = Vec::new();
    let mut account = AccountId(0);
    for n in 0..CHANNELS {
        if n % CHANNELS_OF_AN_ACCOUNT == 0 {
            let name = format!("person{n}");
            let user = db::users::NewUser {
                username: &name,
                email: &format!("{name}@people.example"),
                password_hash: "",
                role: Role::User,
                quota: -1,
                quota_daily: -1,
                now: NOW - YEARS,
            };
            let user = db::users::insert(&mut tx, user).await?;
            let shown = words.title(chance);
            let about = words.text(chance, 20);
            let actor =
                db::accounts::insert_actor(&mut tx, "account", &name, &shown, &about, NOW - YEARS)
                    .await?;
            account = db::accounts::insert(&mut tx, actor, user).await?;
        }
        let (shown, about) = (words.title(chance), words.text(chance, 30));
        let name = format!("channel{n}");
        let actor =
            db::accounts::insert_actor(&mut tx, "channel", &name, &shown, &about, NOW - YEARS)
                .await?;
        let channel = db::channels::insert(&mut tx, actor, account, None).await?;
        channels.push((account, channel));
    }
    tx.commit().await?;
    Ok(channels)
}

/// A public, published video in the search index.
pub async fn video(
    tx: &mut Tx,
    (account_id, channel_id): (AccountId, ChannelId),
    words: &Words,
    chance: &mut Chance,
    published: i64,
) -> Result<(VideoId, VideoUuid, String)> {
    let uuid = VideoUuid(chance.uuid());
    let name = words.title(chance);
    let length = 10 + chance.below(60);
    let description = words.text(chance, length);
    let tags: Vec<String> = (0..chance.below(4))
        .map(|_| words.word(chance).to_owned())
        .collect();
    let video = db::videos::NewVideo {
        uuid,
        account_id,
        channel_id,
        name: &name,
        description: &description,
        support: None,
        category: Some(chance.pick(CATEGORIES).0),
        licence: Some(1 + chance.below(7) as i64),
        language: Some(["en", "fr", "de", "es"][chance.below(4) as usize]),
        tags: &tags,
        nsfw: false,
        privacy: Privacy::Public,
        wait_transcoding: false,
        download_enabled: true,
        comments_policy: 1,
        p2p_enabled: true,
        source_name: "clip.mp4",
        source_size: 50_000_000,
        originally_published_at: None,
        now: published,
    };
    let id = db::videos::insert(&mut *tx, video).await?;
    let picture = || Some(Some(format!("{}.jpg", uuid.0)));
    let changes = VideoChanges {
        state: Some(VideoState::Published),
        duration: Some(20 + chance.below(3600) as i64),
        width: Some(1920),
        height: Some(1080),
        thumbnail: picture(),
        preview: picture(),
        playlist: Some(Some(format!("{}-master.m3u8", chance.uuid()))),
        ..VideoChanges::default()
    };
    db::videos::update(&mut *tx, id, &changes, published).await?;
    db::videos::add_views(&mut *tx, id, chance.skewed(1_000_000) as i64).await?;
    if let Some(video) = db::videos::by_id(&mut *tx, id).await? {
        db::search::refresh(&mut *tx, &video).await?;
    }
    Ok((id, uuid, name))
}

/// How many renditions a video has.
pub const RENDITIONS: usize = 6;

/// The six renditions of a 1080p video.
pub async fn renditions(tx: &mut Tx, video: VideoId, chance: &mut Chance, now: i64) -> Result<()> {
    for height in [1080, 720, 480, 360, 240, 0] as [i64; RENDITIONS] {
        let file = chance.uuid();
        let row = Rendition {
            id: RenditionId(0),
            video_id: video,
            resolution: height,
            width: height * 16 / 9,
            height,
            fps: 30,
            size: 1_000_000 + height * 50_000,
            bandwidth: 200_000 + height * 4000,
            bandwidth_average: 150_000 + height * 3000,
            codecs: "avc1.640028,mp4a.40.2".into(),
            has_audio: true,
            has_video: height > 0,
            file: format!("{file}-{height}-fragmented.mp4"),
            playlist: format!("{file}-{height}.m3u8"),
            torrent: format!("{file}-{height}-hls.torrent"),
            infohash: chance.hex(40),
            pieces_root: chance.hex(64),
            piece_length: 65_536,
            created_at: now,
        };
        db::renditions::insert(&mut *tx, &row).await?;
    }
    Ok(())
}

/// Fills a new database with public videos, of which the first `shared` have six renditions, each a torrent.
pub fn torrents(address: &str, videos: usize, shared: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let db = Db::open(address).await?;
        let (words, mut chance) = (Words::new(), Chance::new(5));
        let channels = channels(&db, &words, &mut chance).await?;
        for first in (0..videos).step_by(BATCH) {
            let mut tx = db.begin().await?;
            for n in first..(first + BATCH).min(videos) {
                let owner = channels[n % channels.len()];
                let (id, ..) = video(&mut tx, owner, &words, &mut chance, NOW).await?;
                if n < shared {
                    renditions(&mut tx, id, &mut chance, NOW).await?;
                }
            }
            tx.commit().await?;
        }
        db::search::tidy(&db).await?;
        db.close().await;
        Ok(())
    })
}

/// Adds a public video with renditions to a new database; the video and the name of its largest file.
pub fn one_video(address: &str) -> Result<(VideoUuid, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let db = Db::open(address).await?;
        let (words, mut chance) = (Words::new(), Chance::new(3));
        let channels = channels(&db, &words, &mut chance).await?;
        let mut tx = db.begin().await?;
        let (id, uuid, _) = video(&mut tx, channels[0], &words, &mut chance, NOW).await?;
        renditions(&mut tx, id, &mut chance, NOW).await?;
        tx.commit().await?;
        let largest = db::renditions::of_video(&db, id).await?.swap_remove(0);
        db.close().await;
        Ok((uuid, largest.file))
    })
}
