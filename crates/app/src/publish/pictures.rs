//! The pictures of a video: thumbnail, preview, and the storyboard of the seek bar.

use super::{Source, finish, open, payload, run_failed};
use crate::{Pod, Result, secrets};
use db::{jobs::Job, videos::VideoChanges};
use files::{FileName, Key};
use queue::{Context, Outcome};

/// A name that nobody can guess and that a repeated job finds again, so that a pod killed before the
/// rows were written leaves no file that nobody knows.
fn name(pod: &Pod, job: &Job, what: &str) -> (FileName, String) {
    let signature = secrets::sign(&pod.secret, &format!("{what} of job {}", job.id));
    let text = format!("{}.jpg", &signature[..40]);
    let name =
        FileName::parse(&text).expect("hexadecimal digits and an extension are a plain name");
    (name, text)
}

/// Thumbnail and preview. A picture that the owner has set meanwhile stays.
pub(super) async fn thumbnails(pod: &Pod, job: &Job, context: &Context) -> Result<Outcome> {
    let Source { probe } = payload(job)?;
    let Some((video, path)) = open(pod, job).await? else {
        return Ok(Outcome::Done);
    };
    let scratch = pod.files.scratch().await?;
    let small = scratch.path().join("thumbnail.jpg");
    let large = scratch.path().join("preview.jpg");
    let command = media::images::pictures(&probe, &path, &small, &large);
    let tools = &pod.settings.transcoding.tools;
    if let Err(error) = media::run(
        tools,
        &command,
        scratch.path(),
        |_| {},
        context.cancel.clone(),
    )
    .await
    {
        return run_failed(pod, error);
    }
    let mut changes = VideoChanges::default();
    if video.thumbnail.is_none() {
        let (thumbnail, text) = name(pod, job, "thumbnail");
        pod.files.adopt(&small, &Key::Thumbnail(thumbnail)).await?;
        changes.thumbnail = Some(Some(text));
        let (preview, text) = name(pod, job, "preview");
        pod.files.adopt(&large, &Key::Preview(preview)).await?;
        changes.preview = Some(Some(text));
    }
    finish::changes(pod, job, context, &video, changes).await
}

/// The storyboard: small pictures at even distances on one sheet.
pub(super) async fn storyboard(pod: &Pod, job: &Job, context: &Context) -> Result<Outcome> {
    let Source { probe } = payload(job)?;
    let Some((video, path)) = open(pod, job).await? else {
        return Ok(Outcome::Done);
    };
    let scratch = pod.files.scratch().await?;
    let sheet = scratch.path().join("storyboard.jpg");
    let mut changes = VideoChanges::default();
    if let Some((command, board)) = media::images::storyboard(&probe, &path, &sheet) {
        let tools = &pod.settings.transcoding.tools;
        if let Err(error) = media::run(
            tools,
            &command,
            scratch.path(),
            |_| {},
            context.cancel.clone(),
        )
        .await
        {
            return run_failed(pod, error);
        }
        let (name, text) = name(pod, job, "storyboard");
        pod.files.adopt(&sheet, &Key::Storyboard(name)).await?;
        let json = serde_json::json!({
            "file": text,
            "totalWidth": board.total_width,
            "totalHeight": board.total_height,
            "spriteWidth": board.sprite_width,
            "spriteHeight": board.sprite_height,
            "spriteDuration": board.sprite_duration_s,
        });
        changes.storyboard = Some(Some(json.to_string()));
    }
    finish::changes(pod, job, context, &video, changes).await
}
