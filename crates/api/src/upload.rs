//! Uploading in one request: a form whose file is written to disk as it comes in, wherever it
//! stands among the fields.

use crate::{Answer, extract::SignedIn, form::Texts, views::NewVideo};
use app::{Error, Pod, uploads};
use axum::{
    Json,
    extract::{Multipart, State, multipart::MultipartRejection},
};
use futures_util::stream;

/// Uploads a video.
#[utoipa::path(post, path = "/api/v1/videos/upload", tag = "upload",
    request_body(content_type = "multipart/form-data", description = "The fields of a video and `videofile`"),
    responses((status = 200, body = NewVideo), (status = 400), (status = 401), (status = 413), (status = 422, description = "not a video"), (status = 503, description = "the disk is full")))]
pub async fn upload(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    form: Result<Multipart, MultipartRejection>,
) -> Answer<Json<NewVideo>> {
    let bad = |e: axum::extract::multipart::MultipartError| Error::invalid("body", e.body_text());
    let mut form = form.map_err(|e| Error::invalid("body", e.body_text()))?;
    let mut texts = Texts::default();
    let mut file: Option<(String, String)> = None;
    while let Some(field) = form.next_field().await.map_err(bad)? {
        match field.name() {
            Some("videofile") if file.is_none() => {
                let filename = field.file_name().unwrap_or("video").to_owned();
                let id = uploads::begin_form(&pod, &user, &filename).await?;
                let body = stream::unfold(field, |mut field| async move {
                    let chunk = field.chunk().await.transpose()?;
                    Some((chunk, field))
                });
                uploads::receive_all(&pod, &user, &id, body).await?;
                file = Some((id, filename));
            }
            Some("thumbnailfile" | "previewfile" | "videofile") => {}
            _ => texts.add(field).await?,
        }
    }
    let Some((id, filename)) = file else {
        return Err(Error::invalid("videofile", "the form has no file").into());
    };
    let draft = texts.read().and_then(|fields| fields.into_draft(&filename));
    let created = match draft {
        Ok(draft) => uploads::complete(&pod, &user, &id, &draft).await,
        Err(problem) => Err(problem.0),
    };
    match created {
        Ok(created) => Ok(Json(NewVideo::new(created))),
        Err(error) => {
            // The form is gone with this answer: nobody could go on with what has arrived.
            match uploads::cancel(&pod, &user, &id).await {
                Ok(()) | Err(Error::NotFound(_)) => {}
                Err(other) => tracing::warn!(%other, "a refused upload could not be removed"),
            }
            Err(error.into())
        }
    }
}
