//! Making renditions: one run of ffmpeg, then one pass over each file that finds its segments
//! and hashes its pieces, then playlist, torrent and rows.

use super::{AUDIO, Group, RenderJob, Target, finish, open, payload, run_failed};
use crate::{Error, Pod, Result};
use bittorrent::{Hasher, Torrent};
use bytes::Bytes;
use db::{jobs::Job, renditions::Rendition, videos::Video};
use files::{FileName, Key};
use hls::{Index, Indexer};
use media::render::Target as Output;
use queue::{Context, Outcome};
use std::{io::Read as _, path::Path};

/// A finished file and all that is known of it.
struct Made {
    row: Rendition,
    playlist: String,
    torrent: Torrent,
}

pub(super) async fn run(pod: &Pod, job: &Job, context: &Context) -> Result<Outcome> {
    let RenderJob { source, group } = payload(job)?;
    let Some((video, path)) = open(pod, job).await? else {
        return Ok(Outcome::Done);
    };
    let scratch = pod.files.scratch().await?;
    let outputs: Vec<_> = group
        .targets
        .iter()
        .map(|t| scratch.path().join(mp4_name(t)))
        .collect();
    let targets: Vec<_> = group
        .targets
        .iter()
        .zip(&outputs)
        .map(|(target, output)| Output {
            rendition: &target.rendition,
            output,
        })
        .collect();
    let audio = audio_file(pod, &video, &group).await?;
    let command = media::render::render(&source.probe, &path, audio.as_deref(), &targets);
    let tools = &pod.settings.transcoding.tools;
    let progress = |part: f32| context.progress((part * 95.0) as i64);
    if let Err(error) = media::run(
        tools,
        &command,
        scratch.path(),
        progress,
        context.cancel.clone(),
    )
    .await
    {
        return run_failed(pod, error);
    }

    let mut made = Vec::new();
    for (target, output) in group.targets.iter().zip(&outputs) {
        made.push(look_at(pod, &video, target, output).await?);
    }
    for (made, output) in made.iter().zip(&outputs) {
        keep(pod, &video, made, output).await?;
    }
    finish::renditions(
        pod,
        job,
        context,
        &video,
        made.into_iter().map(|m| m.row).collect(),
        (source, group.then),
    )
    .await
}

fn mp4_name(target: &Target) -> String {
    format!(
        "{}-{}-fragmented.mp4",
        target.name, target.rendition.resolution
    )
}

/// The finished audio rendition, when a target copies its sound.
async fn audio_file(pod: &Pod, video: &Video, group: &Group) -> Result<Option<std::path::PathBuf>> {
    if group.kind == AUDIO || !group.targets.iter().any(|t| t.rendition.needs_audio_file()) {
        return Ok(None);
    }
    let renditions = db::renditions::of_video(&pod.db, video.id).await?;
    let audio = renditions.into_iter().find(|r| !r.has_video);
    let name = audio
        .and_then(|r| FileName::parse(&r.file))
        .ok_or_else(|| Error::Internal(anyhow::anyhow!("the sound to be copied is not there")))?;
    Ok(Some(pod.files.path(&Key::Hls(video.uuid, name))))
}

/// Finds the segments of a file and hashes its pieces, in one pass.
fn read_through(path: &Path) -> anyhow::Result<(Index, Hasher)> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Hasher::for_size(file.metadata()?.len());
    let mut indexer = Indexer::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        indexer.feed(&buffer[..length])?;
        hasher.update(&buffer[..length]);
    }
    Ok((indexer.finish()?, hasher))
}

async fn look_at(pod: &Pod, video: &Video, target: &Target, output: &Path) -> Result<Made> {
    let path = output.to_owned();
    let (index, hasher) = tokio::task::spawn_blocking(move || read_through(&path)).await??;
    let file = mp4_name(target);
    let torrent = hasher
        .finish(&file, &pod.tracker_urls())
        .map_err(|e| Error::Internal(e.into()))?;
    let resolution = target.rendition.resolution;
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let row = Rendition {
        id: names::RenditionId(0),
        video_id: video.id,
        resolution: i64::from(resolution),
        width: i64::from(index.width),
        height: i64::from(index.height),
        fps: index.fps.round() as i64,
        size: number(index.file_size),
        bandwidth: number(index.peak_bandwidth()),
        bandwidth_average: number(index.average_bandwidth()),
        codecs: index.codecs.clone(),
        has_audio: index.has_audio,
        has_video: index.has_video,
        playlist: format!("{}-{resolution}.m3u8", target.name),
        torrent: format!("{}-{resolution}-hls.torrent", target.name),
        infohash: torrent.infohash.to_string(),
        pieces_root: torrent.root.to_string(),
        piece_length: i64::from(torrent.piece_length),
        created_at: pod.now(),
        file: file.clone(),
    };
    Ok(Made {
        row,
        playlist: hls::media_playlist(&index, &file),
        torrent,
    })
}

/// Puts the files of a rendition in their places. Nobody is told of them before the rows are written.
async fn keep(pod: &Pod, video: &Video, made: &Made, output: &Path) -> Result<()> {
    let plain = |name: &str| {
        FileName::parse(name)
            .ok_or_else(|| Error::Internal(anyhow::anyhow!("{name} is no plain name")))
    };
    let playlist = Key::Hls(video.uuid, plain(&made.row.playlist)?);
    pod.files
        .write(&playlist, Bytes::from(made.playlist.clone()))
        .await?;
    let torrent = Key::Torrent(plain(&made.row.torrent)?);
    pod.files
        .write(&torrent, Bytes::from(made.torrent.bytes.clone()))
        .await?;
    let file = Key::Hls(video.uuid, plain(&made.row.file)?);
    Ok(pod.files.adopt(output, &file).await?)
}
