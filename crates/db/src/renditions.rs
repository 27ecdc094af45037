//! Renditions: the encodings of a video.

use crate::{
    Executor, Result, Sql,
    column::row,
    sql::{select, sql},
};
use names::{Privacy, RenditionId, VideoId, VideoUuid};

row! {
    /// One encoding of a video.
    pub struct Rendition {
        id: RenditionId = "r.id",
        video_id: VideoId = "r.video_id",
        /// The short side in pixels; 0 is sound alone.
        resolution: i64 = "r.resolution",
        width: i64 = "r.width",
        height: i64 = "r.height",
        fps: i64 = "r.fps",
        /// Bytes.
        size: i64 = "r.size",
        /// Bits per second of the largest segment.
        bandwidth: i64 = "r.bandwidth",
        bandwidth_average: i64 = "r.bandwidth_average",
        codecs: String = "r.codecs",
        has_audio: bool = "r.has_audio",
        has_video: bool = "r.has_video",
        file: String = "r.file",
        playlist: String = "r.playlist",
        torrent: String = "r.torrent",
        /// 40 hexadecimal digits.
        infohash: String = "r.infohash",
        /// The root of the hash tree over the file, 64 hexadecimal digits.
        pieces_root: String = "r.pieces_root",
        piece_length: i64 = "r.piece_length",
        created_at: i64 = "r.created_at",
    }
}

/// Adds a rendition; its `id` is ignored. `Conflict` when the video has that resolution.
pub async fn insert(mut db: impl Executor, r: &Rendition) -> Result<()> {
    db.run(
        sql!(
            "INSERT INTO renditions (video_id, resolution, width, height, fps, size, bandwidth, bandwidth_average, \
             codecs, has_audio, has_video, file, playlist, torrent, infohash, pieces_root, piece_length, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
        )
        .bind(r.video_id)
        .bind(r.resolution)
        .bind(r.width)
        .bind(r.height)
        .bind(r.fps)
        .bind(r.size)
        .bind(r.bandwidth)
        .bind(r.bandwidth_average)
        .bind(&r.codecs)
        .bind(r.has_audio)
        .bind(r.has_video)
        .bind(&r.file)
        .bind(&r.playlist)
        .bind(&r.torrent)
        .bind(&r.infohash)
        .bind(&r.pieces_root)
        .bind(r.piece_length)
        .bind(r.created_at),
    )
    .await?;
    Ok(())
}

/// The renditions of a video, largest first.
pub async fn of_video(mut db: impl Executor, video: VideoId) -> Result<Vec<Rendition>> {
    db.all(
        select!(
            Rendition,
            "FROM renditions r WHERE r.video_id = $1 ORDER BY r.resolution DESC"
        )
        .bind(video),
    )
    .await
}

/// The rendition a torrent file is of.
pub async fn by_torrent(mut db: impl Executor, torrent: &str) -> Result<Option<Rendition>> {
    db.opt(select!(Rendition, "FROM renditions r WHERE r.torrent = $1").bind(torrent))
        .await
}

/// The rendition a video file is of.
pub async fn by_file(mut db: impl Executor, file: &str) -> Result<Option<Rendition>> {
    db.opt(select!(Rendition, "FROM renditions r WHERE r.file = $1").bind(file))
        .await
}

row! {
    /// The files behind an infohash.
    pub struct Shared {
        video_id: VideoId = "v.id",
        video: VideoUuid = "v.uuid",
        privacy: Privacy = "v.privacy",
        nsfw: bool = "v.nsfw",
        p2p_enabled: bool = "v.p2p_enabled",
        file: String = "r.file",
        torrent: String = "r.torrent",
        /// Bytes.
        size: i64 = "r.size",
        piece_length: i64 = "r.piece_length",
        /// Seconds.
        duration: i64 = "v.duration",
    }
}

/// The files behind an infohash, and what decides whether they are shared.
pub async fn shared(mut db: impl Executor, infohash: &str) -> Result<Option<Shared>> {
    db.opt(
        select!(
            Shared,
            "FROM renditions r JOIN videos v ON v.id = r.video_id \
             WHERE r.infohash = $1"
        )
        .bind(infohash),
    )
    .await
}

row! {
    /// What an infohash is of, for people.
    pub struct Named {
        infohash: String = "r.infohash",
        resolution: i64 = "r.resolution",
        size: i64 = "r.size",
        video: VideoUuid = "v.uuid",
        name: String = "v.name",
    }
}

/// What these infohashes are of; those that are not hosted are left out.
pub async fn named(mut db: impl Executor, infohashes: &[String]) -> Result<Vec<Named>> {
    if infohashes.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql: Sql = select!(
        Named,
        "FROM renditions r JOIN videos v ON v.id = r.video_id WHERE r.infohash IN "
    );
    sql.push_list(infohashes.iter().map(String::as_str));
    db.all(sql).await
}

/// Infohashes of videos, to be forgotten by the tracker.
pub async fn infohashes(mut db: impl Executor, videos: &[VideoId]) -> Result<Vec<String>> {
    let mut sql: Sql = sql!("SELECT infohash FROM renditions WHERE video_id IN ");
    sql.push_list(videos.iter().copied());
    let rows: Vec<(String,)> = db.all(sql).await?;
    Ok(rows.into_iter().map(|(infohash,)| infohash).collect())
}
