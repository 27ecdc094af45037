//! A video of a pod that there is not, as the rows that our pod keeps of it.

use anyhow::Result;
use db::remote_videos::{Counts, RemoteVideo};
use names::{AccountId, ChannelId, HostId, Privacy};
use serde::Serialize;

use super::afar::{Afar, HEIGHTS, Made};

impl Afar {
    /// Where the two pictures of a video are.
    pub fn pictures(&self, made: &Made) -> [String; 2] {
        ["thumbnails", "previews"].map(|place| {
            format!(
                "{}/lazy-static/{place}/{}.jpg",
                self.base(made.host),
                made.uuid
            )
        })
    }

    /// How a video is played.
    pub fn document(&self, made: &Made) -> Document {
        let (base, host) = (self.base(made.host), &self.hosts[made.host]);
        let folder = format!("{base}/static/streaming-playlists/hls/{}", made.uuid);
        let trackers = vec![
            format!("wss://{host}/tracker/socket"),
            format!("{base}/tracker/announce"),
        ];
        let file = |(height, infohash): (&u64, &String)| {
            let (file, height) = (made.file, *height as i64);
            let torrent = format!("{base}/lazy-static/torrents/{file}-{height}-hls.torrent");
            RemoteFile {
                url: format!("{folder}/{file}-{height}-fragmented.mp4"),
                resolution: height,
                width: height * 16 / 9,
                height,
                fps: 30,
                size: 1_000_000 + height * 50_000,
                torrent: Some(torrent),
                infohash: Some(infohash.clone()),
                has_audio: true,
                has_video: true,
            }
        };
        Document {
            page: format!("{base}/videos/watch/{}", made.uuid),
            playlist: Some(format!("{folder}/{}-master.m3u8", made.file)),
            files: HEIGHTS.iter().zip(&made.infohashes).map(file).collect(),
            trackers,
        }
    }

    /// Everything of a video that is stored, but for the rows that it refers to.
    pub fn stored(&self, made: &Made) -> Result<Stored> {
        Ok(Stored {
            document: serde_json::to_string(&self.document(made))?,
            pictures: self.pictures(made),
        })
    }
}

/// The texts of a video's rows that are made for them.
pub struct Stored {
    document: String,
    pictures: [String; 2],
}

impl Stored {
    /// A video as our pod would store it.
    pub fn row<'a>(
        &'a self,
        made: &'a Made,
        (host_id, account_id, channel_id): (HostId, AccountId, ChannelId),
        now: i64,
    ) -> RemoteVideo<'a> {
        let height = HEIGHTS[0] as i64;
        RemoteVideo {
            uri: &made.uri,
            host_id,
            uuid: made.uuid,
            account_id,
            channel_id,
            name: &made.name,
            description: &made.description,
            support: None,
            category: made.category,
            licence: made.licence,
            language: made.language,
            tags: &made.tags,
            nsfw: made.nsfw,
            privacy: Privacy::Public,
            download_enabled: true,
            comments_policy: 1,
            duration: made.duration,
            width: height * 1778 / 1000,
            height,
            counts: Counts {
                views: Some(made.views),
                ..Counts::default()
            },
            published_at: made.published,
            originally_published_at: None,
            document: &self.document,
            thumbnail_url: Some(&self.pictures[0]),
            preview_url: Some(&self.pictures[1]),
            token: None,
            origin_updated_at: made.updated,
            now,
        }
    }
}

/// What a pod keeps of how a remote video is played (`app::network::remote`); that the two are alike is checked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    pub page: String,
    pub playlist: Option<String>,
    pub files: Vec<RemoteFile>,
    pub trackers: Vec<String>,
}

/// One rendition of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoteFile {
    pub url: String,
    pub resolution: i64,
    pub width: i64,
    pub height: i64,
    pub fps: i64,
    pub size: i64,
    pub torrent: Option<String>,
    pub infohash: Option<String>,
    pub has_audio: bool,
    pub has_video: bool,
}
