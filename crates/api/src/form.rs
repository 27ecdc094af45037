//! The fields of a video, as JSON or as a form with files. Forms only know texts; they are turned
//! into the JSON they stand for, so that one reader checks both.

use crate::{Problem, extract};
use app::{Error, images::MAX_PICTURE, uploads::Draft, videos::Edit};
use axum::extract::{FromRequest, Multipart, Request, multipart::Field};
use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Text fields of a form may have this many bytes together.
const MAX_TEXTS: usize = 100_000;

/// The fields of a video that a creator sends. Only what is there is changed.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VideoFields {
    /// 3-120 characters.
    pub name: Option<String>,
    pub channel_id: Option<i64>,
    /// The file's name (when a resumable upload begins).
    pub filename: Option<String>,
    /// 1 public, 2 unlisted, 3 private.
    pub privacy: Option<i64>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>)]
    pub category: Option<Option<i64>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>)]
    pub licence: Option<Option<i64>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub language: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub description: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub support: Option<Option<String>>,
    /// At most five.
    pub tags: Option<Vec<String>>,
    pub nsfw: Option<bool>,
    pub wait_transcoding: Option<bool>,
    pub download_enabled: Option<bool>,
    /// 1 everybody, 2 nobody, 3 after approval.
    pub comments_policy: Option<i64>,
    /// The older form of `commentsPolicy`.
    pub comments_enabled: Option<bool>,
    /// Whether viewers of this video share the load.
    pub p2p_enabled: Option<bool>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub originally_published_at: Option<Option<String>>,
}

/// Tells "not there" (`None`) from "null" (`Some(None)`).
fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    d: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(d).map(Some)
}

fn time_of(text: Option<String>) -> Result<Option<i64>, Problem> {
    text.filter(|t| !t.is_empty())
        .map(|t| {
            crate::views::parse_time(&t).ok_or_else(|| {
                Error::invalid("originallyPublishedAt", "a time like 2026-01-31T12:00:00Z").into()
            })
        })
        .transpose()
}

impl VideoFields {
    fn policy(&self) -> Option<i64> {
        self.comments_policy
            .or_else(|| self.comments_enabled.map(|on| if on { 1 } else { 2 }))
    }

    /// As the draft of a new video whose file has this name unless the fields say another.
    pub fn into_draft(self, filename: &str) -> Result<Draft, Problem> {
        let channel_id = self
            .channel_id
            .ok_or_else(|| Error::invalid("channelId", "the channel of the video is needed"))?;
        Ok(Draft {
            channel_id,
            comments_policy: self.policy(),
            filename: self.filename.unwrap_or_else(|| filename.to_owned()),
            name: self.name,
            description: self.description.flatten(),
            support: self.support.flatten(),
            category: self.category.flatten(),
            licence: self.licence.flatten(),
            language: self.language.flatten().filter(|l| !l.is_empty()),
            tags: self.tags.unwrap_or_default(),
            nsfw: self.nsfw.unwrap_or_default(),
            privacy: self.privacy,
            wait_transcoding: self.wait_transcoding.unwrap_or_default(),
            download_enabled: self.download_enabled,
            p2p_enabled: self.p2p_enabled,
            originally_published_at: time_of(self.originally_published_at.flatten())?,
        })
    }

    /// As changes to a video.
    pub fn into_edit(self, thumbnail: Option<Bytes>) -> Result<Edit, Problem> {
        Ok(Edit {
            comments_policy: self.policy(),
            channel_id: self.channel_id,
            name: self.name,
            description: self.description,
            support: self.support,
            category: self.category,
            licence: self.licence,
            language: self.language.map(|l| l.filter(|l| !l.is_empty())),
            tags: self.tags,
            nsfw: self.nsfw,
            privacy: self.privacy,
            wait_transcoding: self.wait_transcoding,
            download_enabled: self.download_enabled,
            p2p_enabled: self.p2p_enabled,
            originally_published_at: match self.originally_published_at {
                None => None,
                Some(text) => Some(time_of(text)?),
            },
            thumbnail,
        })
    }
}

/// Collects the text fields of a form.
#[derive(Default)]
pub struct Texts {
    object: Map<String, Value>,
    size: usize,
}

impl Texts {
    /// Adds a field. `tags[]`, `tags[0]` and a repeated `tags` make a list.
    pub async fn add(&mut self, field: Field<'_>) -> Result<(), Problem> {
        let name = field.name().unwrap_or_default().to_owned();
        let key = name.split('[').next().unwrap_or_default().to_owned();
        let bytes = read_bounded(field, &key, MAX_TEXTS - self.size).await?;
        self.size += bytes.len() + key.len();
        if self.size >= MAX_TEXTS {
            return Err(Error::TooLarge("The form's texts are too long.".into()).into());
        }
        let text = String::from_utf8(bytes).map_err(|_| Error::invalid(&*key, "not UTF-8"))?;
        let value = typed(&key, &text);
        if key == "tags" {
            let list = self
                .object
                .entry(key)
                .or_insert_with(|| Value::Array(Vec::new()));
            if let (Value::Array(list), Value::String(_)) = (list, &value) {
                list.push(value);
            }
        } else {
            self.object.insert(key, value);
        }
        Ok(())
    }

    /// What the fields say.
    pub fn read(self) -> Result<VideoFields, Problem> {
        let bytes = serde_json::to_vec(&Value::Object(self.object)).map_err(anyhow::Error::from)?;
        extract::json(&bytes)
    }
}

/// The JSON a form's text stands for, by the field's name.
fn typed(key: &str, text: &str) -> Value {
    match key {
        _ if text == "null" => Value::Null,
        "channelId" | "privacy" | "category" | "licence" | "commentsPolicy" => {
            if text.is_empty() {
                return Value::Null;
            }
            text.parse::<i64>()
                .map_or_else(|_| text.into(), Value::from)
        }
        "nsfw" | "waitTranscoding" | "downloadEnabled" | "commentsEnabled" | "p2pEnabled" => {
            match text {
                "true" | "1" => true.into(),
                "false" | "0" => false.into(),
                other => other.into(),
            }
        }
        _ => text.into(),
    }
}

/// The bytes of a form's field, refused when there are more than `max`.
pub async fn read_bounded(
    mut field: Field<'_>,
    name: &str,
    max: usize,
) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field
        .chunk()
        .await
        .map_err(|e| Error::invalid(name, e.body_text()))?
    {
        if bytes.len() + chunk.len() > max {
            return Err(Error::TooLarge(format!("{name} is too long.")).into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The changes of a video from either kind of body.
pub async fn read_edit<S: Send + Sync>(request: Request, state: &S) -> Result<Edit, Problem> {
    let kind = request
        .headers()
        .get("content-type")
        .and_then(|v| v.to_str().ok());
    if !kind.is_some_and(|k| k.starts_with("multipart/form-data")) {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|e| Error::invalid("body", e))?;
        return extract::json::<VideoFields>(&bytes)?.into_edit(None);
    }
    let mut form = Multipart::from_request(request, state)
        .await
        .map_err(|e| Error::invalid("body", e.body_text()))?;
    let (mut texts, mut picture) = (Texts::default(), None);
    while let Some(field) = form
        .next_field()
        .await
        .map_err(|e| Error::invalid("body", e.body_text()))?
    {
        match field.name() {
            Some("thumbnailfile" | "previewfile") => {
                picture = Some(
                    read_bounded(field, "thumbnailfile", MAX_PICTURE)
                        .await?
                        .into(),
                );
            }
            _ => texts.add(field).await?,
        }
    }
    texts.read()?.into_edit(picture)
}

/// The one file of a form.
pub async fn read_file<S: Send + Sync>(
    request: Request,
    state: &S,
    name: &str,
) -> Result<Bytes, Problem> {
    let mut form = Multipart::from_request(request, state)
        .await
        .map_err(|e| Error::invalid("body", e.body_text()))?;
    while let Some(field) = form
        .next_field()
        .await
        .map_err(|e| Error::invalid("body", e.body_text()))?
    {
        if field.name() == Some(name) {
            return Ok(read_bounded(field, name, MAX_PICTURE).await?.into());
        }
    }
    Err(Error::invalid(name, "the form has no such file").into())
}
