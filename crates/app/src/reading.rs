//! Reading files: who may, and what a name stands for. Files of open videos are for everybody;
//! those of private ones need their owner's token, or a short-lived one made from it.

use crate::{Error, Pod, Result, playlists, secrets};
use db::users::User;
use files::{FileName, Key, Opened};
use names::{Privacy, VideoRef, VideoUuid};

/// Milliseconds a video's file token lasts.
const FILE_TOKEN_LASTS: i64 = 4 * 3600 * 1000;

/// Who may read a video's files; remembered for some seconds, since each range asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Open,
    Closed,
    Gone,
}

/// With what a reader asks.
#[derive(Clone, Copy)]
pub enum Access<'a> {
    Anonymous,
    User(&'a User),
    /// A token from [`file_token`].
    Token(&'a str),
}

/// What a name stands for.
pub enum Content {
    /// A file that never changes under its name.
    File { opened: Opened, mime: &'static str },
    /// A text made for this answer.
    Text { text: String, mime: &'static str },
}

const PLAYLIST: &str = "application/vnd.apple.mpegurl";
const TORRENT: &str = "application/x-bittorrent";

async fn reach(pod: &Pod, uuid: VideoUuid) -> Result<Reach> {
    if let Some(reach) = pod.reach.get(&uuid) {
        return Ok(reach);
    }
    let found = db::videos::find(&pod.db, VideoRef::Uuid(uuid)).await?;
    let reach = match found.map(|v| v.video.privacy) {
        None => Reach::Gone,
        Some(Privacy::Private) => Reach::Closed,
        Some(Privacy::Public | Privacy::Unlisted) => Reach::Open,
    };
    pod.reach.insert(uuid, reach);
    Ok(reach)
}

async fn may_read(pod: &Pod, uuid: VideoUuid, access: Access<'_>) -> Result<()> {
    match reach(pod, uuid).await? {
        Reach::Gone => Err(Error::NotFound("The file was")),
        Reach::Open => Ok(()),
        Reach::Closed => match access {
            Access::User(user) => crate::videos::find(pod, Some(user), VideoRef::Uuid(uuid))
                .await
                .map(drop),
            Access::Token(token) if token_fits(pod, uuid, token) => Ok(()),
            _ => Err(Error::Forbidden(
                "This file belongs to a private video.".into(),
            )),
        },
    }
}

/// A token that opens the files of one video for some hours, and when it ends.
pub async fn file_token(pod: &Pod, user: &User, named: VideoRef) -> Result<(String, i64)> {
    let video = crate::videos::find(pod, Some(user), named).await?.video;
    let until = pod.now() + FILE_TOKEN_LASTS;
    let text = format!("{}.{until}", video.uuid);
    Ok((
        format!("{until}.{}", secrets::sign(&pod.secret, &text)),
        until,
    ))
}

fn token_fits(pod: &Pod, uuid: VideoUuid, token: &str) -> bool {
    let Some((until, signature)) = token.split_once('.') else {
        return false;
    };
    let lasts = until.parse::<i64>().is_ok_and(|until| until > pod.now());
    lasts && secrets::signed(&pod.secret, &format!("{uuid}.{until}"), signature)
}

/// A rendition, a media playlist or the master playlist of a video. With `reinject` the token is put
/// into the addresses within a playlist.
pub async fn hls(
    pod: &Pod,
    video: &str,
    name: &str,
    access: Access<'_>,
    reinject: Option<&str>,
) -> Result<Content> {
    let gone = || Error::NotFound("The file was");
    let uuid = VideoUuid::parse(video).map_err(|_| gone())?;
    let name = FileName::parse(name).ok_or_else(gone)?;
    may_read(pod, uuid, access).await?;
    if name.as_str().ends_with("-master.m3u8") {
        let text = playlists::master(pod, uuid, name.as_str()).await?;
        return Ok(text_content(text, reinject));
    }
    let key = Key::Hls(uuid, name.clone());
    if name.as_str().ends_with(".m3u8") {
        let bytes = pod.files.read_small(&key).await?.ok_or_else(gone)?;
        let text = String::from_utf8(bytes).map_err(|e| Error::Internal(e.into()))?;
        return Ok(text_content(text, reinject));
    }
    let opened = pod.files.read(&key).await?.ok_or_else(gone)?;
    Ok(Content::File {
        opened,
        mime: "video/mp4",
    })
}

fn text_content(text: String, reinject: Option<&str>) -> Content {
    let text = match reinject {
        // Only what a token is made of gets into the playlist.
        Some(token)
            if token
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'.') =>
        {
            hls::with_query(&text, &format!("videoFileToken={token}"))
        }
        _ => text,
    };
    Content::Text {
        text,
        mime: PLAYLIST,
    }
}

/// A video's file by its own name, for downloads.
pub async fn rendition(pod: &Pod, name: &str, access: Access<'_>) -> Result<(Opened, String)> {
    let gone = || Error::NotFound("The file was");
    let file = FileName::parse(name).ok_or_else(gone)?;
    let rendition = db::renditions::by_file(&pod.db, name)
        .await?
        .ok_or_else(gone)?;
    let video = db::videos::by_id(&pod.db, rendition.video_id)
        .await?
        .ok_or_else(gone)?;
    may_read(pod, video.uuid, access).await?;
    may_download(&video, access)?;
    let opened = pod
        .files
        .read(&Key::Hls(video.uuid, file))
        .await?
        .ok_or_else(gone)?;
    let label = if rendition.has_video {
        format!("{}p", rendition.resolution)
    } else {
        "audio".into()
    };
    Ok((opened, format!("{} - {label}.mp4", video.name)))
}

fn may_download(video: &db::videos::Video, access: Access<'_>) -> Result<()> {
    let manages = match access {
        Access::User(user) => crate::videos::may_manage(Some(user), video),
        _ => false,
    };
    if video.download_enabled || manages {
        return Ok(());
    }
    Err(Error::Forbidden(
        "The owner of this video does not offer it for download.".into(),
    ))
}

/// A torrent, and the name to save it under.
pub async fn torrent(pod: &Pod, name: &str, access: Access<'_>) -> Result<(Content, String)> {
    let gone = || Error::NotFound("The torrent was");
    let file = FileName::parse(name).ok_or_else(gone)?;
    let rendition = db::renditions::by_torrent(&pod.db, name)
        .await?
        .ok_or_else(gone)?;
    let video = db::videos::by_id(&pod.db, rendition.video_id)
        .await?
        .ok_or_else(gone)?;
    may_read(pod, video.uuid, access).await?;
    let opened = pod
        .files
        .read(&Key::Torrent(file))
        .await?
        .ok_or_else(gone)?;
    let title = format!("{} - {}p.torrent", video.name, rendition.resolution);
    Ok((
        Content::File {
            opened,
            mime: TORRENT,
        },
        title,
    ))
}

/// Kinds of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    Thumbnail,
    Preview,
    Storyboard,
    Avatar,
}

/// A picture. Their names cannot be guessed, which is what keeps those of private videos private.
pub async fn picture(pod: &Pod, kind: Picture, name: &str) -> Result<Content> {
    let gone = || Error::NotFound("The picture was");
    let file = FileName::parse(name).ok_or_else(gone)?;
    let mime = if name.ends_with(".png") {
        "image/png"
    } else {
        "image/jpeg"
    };
    let key = match kind {
        Picture::Thumbnail => Key::Thumbnail(file),
        Picture::Preview => Key::Preview(file),
        Picture::Storyboard => Key::Storyboard(file),
        Picture::Avatar => Key::Avatar(file),
    };
    if let Some(opened) = pod.files.read(&key).await? {
        return Ok(Content::File { opened, mime });
    }
    let (Key::Thumbnail(name) | Key::Preview(name)) = &key else {
        return Err(gone());
    };
    if !crate::network::pictures::fetch(pod, name).await? {
        return Err(gone());
    }
    let opened = pod.files.read(&key).await?.ok_or_else(gone)?;
    Ok(Content::File { opened, mime })
}
