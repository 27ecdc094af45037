//! From an uploaded file to a video people watch: a chain of jobs, each safe to repeat. What
//! already fits is published as it is within seconds; encodings, pictures and the storyboard
//! follow. Each job writes its rows and completes itself in one transaction, so that a pod
//! that dies at any point goes on where it was, and nothing is published twice.

mod finish;
mod pictures;
mod render;

use crate::{
    Error, Pod, Result,
    network::{asking, fetching, pictures as remote_pictures},
    removal,
};
use db::{Tx, jobs::Job, videos::Video};
use files::{FileName, Key};
use media::{Plan, Probe, RunError, Step};
use names::{VideoId, VideoUuid};
use queue::{Context, Handler, Outcome, Priority};
use serde::{Deserialize, Serialize};

const REMUX: &str = "publish-remux";
const AUDIO: &str = "publish-audio";
const TRANSCODE: &str = "publish-transcode";
const PICTURES: &str = "publish-pictures";
const STORYBOARD: &str = "publish-storyboard";

/// A disk with fewer bytes left is full.
const NO_ROOM: u64 = 1 << 20;
/// How long a job waits when the disk is full.
const NO_ROOM_PAUSE: i64 = 15_000;

/// What every job of the chain knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Source {
    probe: Probe,
}

/// Renditions to be made by one run of ffmpeg, and what comes after.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Group {
    kind: String,
    priority: i64,
    targets: Vec<Target>,
    /// Enqueued when this is done: they copy the sound that this one makes.
    #[serde(default)]
    then: Vec<Group>,
}

/// One rendition and the name its files will have, fixed here so that a repeated job replaces its own files.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Target {
    rendition: media::Rendition,
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct RenderJob {
    source: Source,
    group: Group,
}

/// The word that tells people what a job does.
pub(crate) fn step_name(kind: &str) -> &'static str {
    match kind {
        REMUX => "remux",
        AUDIO => "audio",
        TRANSCODE => "transcode",
        PICTURES => "thumbnail",
        STORYBOARD => "storyboard",
        _ => "other",
    }
}

/// Decides what is made of a video that has just arrived, and enqueues it with the video's row.
pub(crate) async fn begin(pod: &Pod, tx: &mut Tx, video: VideoId, probe: &Probe) -> Result<()> {
    let plan = media::plan(probe, &pod.settings.transcoding.ladder);
    let groups = groups(plan);
    if groups.is_empty() {
        return Err(Error::Unprocessable(
            "The file has neither pictures nor sound that can be published.".into(),
        ));
    }
    let (width, height) = probe.video.as_ref().map_or((0, 0), |v| (v.width, v.height));
    let changes = db::videos::VideoChanges {
        duration: Some(probe.duration_s.round().max(1.0) as i64),
        width: Some(i64::from(width)),
        height: Some(i64::from(height)),
        playlist: Some(Some(format!("{}-master.m3u8", uuid::Uuid::new_v4()))),
        ..Default::default()
    };
    db::videos::update(&mut *tx, video, &changes, pod.now()).await?;
    let source = Source {
        probe: probe.clone(),
    };
    for group in groups {
        enqueue_group(pod, tx, video, &source, group).await?;
    }
    let now = pod.now();
    queue::enqueue(
        &mut *tx,
        PICTURES,
        &source,
        Some(video),
        Priority::Soon,
        now,
    )
    .await?;
    if probe.has_moving_pictures() {
        queue::enqueue(
            &mut *tx,
            STORYBOARD,
            &source,
            Some(video),
            Priority::Later,
            now,
        )
        .await?;
    }
    Ok(())
}

/// Which renditions are made together and in which order: what makes the video watchable soonest
/// first; the rest of the ladder in one run, which decodes the upload once for all of them.
fn groups(plan: Plan) -> Vec<Group> {
    let group = |priority: Priority, renditions: Vec<media::Rendition>| {
        let kind = match renditions.first().map(media::Rendition::step) {
            Some(Step::Remux) => REMUX,
            Some(Step::Audio) => AUDIO,
            _ => TRANSCODE,
        };
        Group {
            kind: kind.to_owned(),
            priority: priority as i64,
            targets: renditions
                .into_iter()
                .map(|rendition| Target {
                    rendition,
                    name: uuid::Uuid::new_v4().to_string(),
                })
                .collect(),
            then: Vec::new(),
        }
    };
    let mut early = Vec::new();
    let mut late = Vec::new();
    if let Some(remux) = plan.remux {
        let place = if remux.needs_audio_file() {
            &mut late
        } else {
            &mut early
        };
        place.push(group(Priority::Now, vec![remux]));
    }
    let mut ladder = plan.ladder;
    if early.is_empty() && late.is_empty() {
        // Nothing can be copied: the smallest encoding is ready soonest.
        if let Some(smallest) = ladder.pop() {
            late.push(group(Priority::Now, vec![smallest]));
        }
    }
    if !ladder.is_empty() {
        late.push(group(Priority::Later, ladder));
    }
    match plan.audio {
        Some(audio) => {
            let priority = if early.is_empty() {
                Priority::Now
            } else {
                Priority::Soon
            };
            let mut audio = group(priority, vec![audio]);
            audio.then = late;
            early.push(audio);
        }
        None => early.extend(late),
    }
    early
}

async fn enqueue_group(
    pod: &Pod,
    tx: &mut Tx,
    video: VideoId,
    source: &Source,
    group: Group,
) -> Result<()> {
    let priority = match group.priority {
        10 => Priority::Now,
        20 => Priority::Soon,
        _ => Priority::Later,
    };
    let kind = group.kind.clone();
    let job = RenderJob {
        source: source.clone(),
        group,
    };
    queue::enqueue(tx, &kind, &job, Some(video), priority, pod.now()).await?;
    Ok(())
}

/// Gives the uploaded file its place. Does nothing when it is there already: the upload's request and the first job may
/// both get here at once, and a pod that died between the rows and the file does it in the job, through the upload's row.
pub(crate) async fn take_source(
    pod: &Pod,
    video: VideoUuid,
    upload: Option<&FileName>,
) -> Result<()> {
    let key = Key::Source(video);
    if let Some(upload) = upload {
        let from = pod.files.path(&Key::Upload(upload.clone()));
        pod.files.adopt_once(&from, &key).await?;
    } else if !tokio::fs::try_exists(pod.files.path(&key)).await? {
        return Err(Error::NotFound("The uploaded file was"));
    }
    Ok(())
}

/// The jobs of this pod.
pub(crate) struct Jobs(pub Pod);

impl Handler for Jobs {
    async fn run(&self, job: Job, context: Context) -> Outcome {
        let pod = &self.0;
        let result = match job.kind.as_str() {
            REMUX | AUDIO | TRANSCODE => render::run(pod, &job, &context).await,
            PICTURES => pictures::thumbnails(pod, &job, &context).await,
            STORYBOARD => pictures::storyboard(pod, &job, &context).await,
            remote_pictures::REMOVE => remote_pictures::run(pod, &job, &context).await,
            removal::REMOVE_FILES => removal::run(pod, &job, &context).await,
            fetching::VIDEO | fetching::OUTBOX => fetching::run(pod, &job, &context).await,
            asking::COMMENTS => asking::run(pod, &job, &context).await,
            other => Err(Error::Internal(anyhow::anyhow!("no job is called {other}"))),
        };
        result.unwrap_or_else(|error| match error {
            Error::Unavailable(reason) => Outcome::Wait {
                milliseconds: NO_ROOM_PAUSE,
                reason,
            },
            Error::Internal(cause) => Outcome::Retry(format!("{cause:#}")),
            other => Outcome::Retry(other.to_string()),
        })
    }

    async fn give_up(&self, job: Job, reason: String) -> db::Result<()> {
        finish::give_up(&self.0, &job, &reason).await
    }
}

/// What a run of ffmpeg that did not succeed means for its job. With no room left every failure is
/// the disk's: some outputs then end empty without a word about it.
fn run_failed(pod: &Pod, error: RunError) -> Result<Outcome> {
    let full = pod.files.free_space().is_ok_and(|free| free < NO_ROOM);
    match error {
        RunError::Cancelled => Ok(Outcome::GiveBack),
        RunError::DiskFull => Err(Error::no_space()),
        _ if full => Err(Error::no_space()),
        other => Err(Error::Internal(anyhow::anyhow!("{other}"))),
    }
}

/// The video of a job and its source file.
async fn open(pod: &Pod, job: &Job) -> Result<Option<(Video, std::path::PathBuf)>> {
    let Some(id) = job.video_id else {
        return Ok(None);
    };
    let Some(video) = db::videos::by_id(&pod.db, id).await? else {
        return Ok(None);
    };
    let upload = db::uploads::of_video(&pod.db, id).await?;
    let file = upload.and_then(|id| FileName::parse(&id));
    take_source(pod, video.uuid, file.as_ref()).await?;
    let source = pod.files.path(&Key::Source(video.uuid));
    Ok(Some((video, source)))
}

fn payload<'a, T: Deserialize<'a>>(job: &'a Job) -> Result<T> {
    serde_json::from_str(&job.payload)
        .map_err(|e| Error::Internal(anyhow::anyhow!("the job's payload cannot be read: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::{AudioWork, VideoWork};

    fn rendition(resolution: u32, video: VideoWork, audio: AudioWork) -> media::Rendition {
        media::Rendition {
            resolution,
            width: 0,
            height: resolution,
            fps: None,
            video,
            audio,
        }
    }

    fn kinds(groups: &[Group]) -> Vec<(&str, usize, usize)> {
        groups
            .iter()
            .map(|g| (g.kind.as_str(), g.targets.len(), g.then.len()))
            .collect()
    }

    #[test]
    fn what_fits_comes_first() {
        let plan = Plan {
            remux: Some(rendition(720, VideoWork::Copy, AudioWork::CopySource)),
            audio: Some(rendition(0, VideoWork::None, AudioWork::CopySource)),
            ladder: Vec::new(),
        };
        assert_eq!(kinds(&groups(plan)), [(REMUX, 1, 0), (AUDIO, 1, 0)]);
    }

    #[test]
    fn sound_that_must_be_encoded_comes_before_what_copies_it() {
        let plan = Plan {
            remux: Some(rendition(720, VideoWork::Copy, AudioWork::CopyFile)),
            audio: Some(rendition(0, VideoWork::None, AudioWork::CopySource)),
            ladder: Vec::new(),
        };
        assert_eq!(kinds(&groups(plan)), [(AUDIO, 1, 1)]);
    }
}
