//! Uploading in parts that may be interrupted and go on: the protocol of PeerTube's clients
//! (node-uploadx), 308 with `Range` until the last part.

use crate::{
    Answer,
    extract::{Body, SignedIn},
    form::VideoFields,
    params::Params,
    views::NewVideo,
};
use app::{
    Error, Pod,
    uploads::{self, Part, Progress},
};
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

fn number_header(headers: &HeaderMap, name: &str) -> Answer<u64> {
    let bad = || Error::invalid(name, "the size of the file in bytes");
    let value = headers.get(name).ok_or_else(bad)?;
    Ok(value
        .to_str()
        .ok()
        .and_then(|v| v.trim().parse().ok())
        .ok_or_else(bad)?)
}

fn upload_id(params: &Params) -> Answer<&str> {
    Ok(params
        .text("upload_id")
        .ok_or_else(|| Error::invalid("upload_id", "which upload is meant"))?)
}

/// Begins an upload; the answer's `Location` is where the parts go.
#[utoipa::path(post, path = "/api/v1/videos/upload-resumable", tag = "upload", request_body = VideoFields,
    params(("X-Upload-Content-Length" = i64, Header), ("X-Upload-Content-Type" = Option<String>, Header)),
    responses((status = 201, description = "`Location` is the upload's address"), (status = 400), (status = 401), (status = 413), (status = 503)))]
pub async fn begin(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    headers: HeaderMap,
    Body(fields): Body<VideoFields>,
) -> Answer<Response> {
    let size = number_header(&headers, "x-upload-content-length")?;
    if fields.filename.is_none() {
        return Err(Error::invalid("filename", "the file's name is needed").into());
    }
    let draft = fields.into_draft("")?;
    let id = uploads::begin(&pod, &user, &draft, size).await?;
    let location = format!(
        "//{}/api/v1/videos/upload-resumable?upload_id={id}",
        host(&headers, &pod)
    );
    let mut response = (StatusCode::CREATED, Json(serde_json::json!({}))).into_response();
    let value = HeaderValue::from_str(&location).map_err(anyhow::Error::from)?;
    response.headers_mut().insert(header::LOCATION, value);
    Ok(response)
}

/// The host the client knows us by, so that the parts take the way the first request took.
fn host(headers: &HeaderMap, pod: &Pod) -> String {
    let sent = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    let plain = |h: &&str| {
        h.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".:-[]".contains(&b))
    };
    sent.filter(plain).unwrap_or(pod.host()).to_owned()
}

/// What a `Content-Range` asks for.
#[derive(Debug, PartialEq)]
enum Asked {
    /// `bytes */total`: how much is there?
    Status,
    Part(Part),
}

fn content_range(headers: &HeaderMap) -> Answer<Asked> {
    let bad = || Error::invalid("Content-Range", "bytes FIRST-LAST/TOTAL, or bytes */TOTAL");
    let value = headers.get(header::CONTENT_RANGE).ok_or_else(bad)?;
    let text = value.to_str().map_err(|_| bad())?.trim();
    let rest = text
        .strip_prefix("bytes")
        .ok_or_else(bad)?
        .trim_start_matches([' ', '=']);
    let (range, total) = rest.split_once('/').ok_or_else(bad)?;
    if range == "*" {
        return Ok(Asked::Status);
    }
    let (first, last) = range.split_once('-').ok_or_else(bad)?;
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| bad());
    let (start, last, total) = (number(first)?, number(last)?, number(total)?);
    let end = last.checked_add(1).ok_or_else(bad)?;
    Ok(Asked::Part(Part { start, end, total }))
}

/// Receives a part: 308 with `Range` while more is to come, 200 with the video after the last.
#[utoipa::path(put, path = "/api/v1/videos/upload-resumable", tag = "upload",
    params(("upload_id" = String, Query), ("Content-Range" = String, Header)),
    request_body(content_type = "application/octet-stream"),
    responses((status = 200, body = NewVideo), (status = 308, description = "`Range` says what has arrived"), (status = 400), (status = 401), (status = 404),
        (status = 409, description = "the part does not begin where the last ended; `Range` says where that is"), (status = 422, description = "not a video"), (status = 503)))]
pub async fn receive(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    params: Params,
    request: Request,
) -> Answer<Response> {
    let id = upload_id(&params)?;
    let asked = content_range(request.headers())?;
    let (progress, expected) = match asked {
        Asked::Status => (uploads::progress(&pod, &user, id).await?, None),
        Asked::Part(part) => {
            let body = request.into_body().into_data_stream();
            (
                uploads::receive(&pod, &user, id, part, body).await?,
                Some(part.start),
            )
        }
    };
    match progress {
        Progress::Complete(created) => Ok(Json(NewVideo::new(created)).into_response()),
        Progress::Partial(received) => Ok(partial(received, expected)),
    }
}

/// What has arrived. A part that began elsewhere was not taken, which 409 says.
fn partial(received: u64, began: Option<u64>) -> Response {
    let taken = began.is_none_or(|start| received > start);
    let status = if taken {
        StatusCode::PERMANENT_REDIRECT
    } else {
        StatusCode::CONFLICT
    };
    let mut response = status.into_response();
    if let Some(last) = received.checked_sub(1)
        && let Ok(value) = HeaderValue::from_str(&format!("bytes=0-{last}"))
    {
        response.headers_mut().insert(header::RANGE, value);
    }
    response
}

/// Cancels an upload.
#[utoipa::path(delete, path = "/api/v1/videos/upload-resumable", tag = "upload", params(("upload_id" = String, Query)),
    responses((status = 204), (status = 401), (status = 404)))]
pub async fn cancel(
    State(pod): State<Pod>,
    SignedIn(user): SignedIn,
    params: Params,
) -> Answer<StatusCode> {
    uploads::cancel(&pod, &user, upload_id(&params)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<Asked> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(text).unwrap());
        content_range(&headers).ok()
    }

    #[test]
    fn content_ranges() {
        let part = |start, end, total| Some(Asked::Part(Part { start, end, total }));
        assert_eq!(asked("bytes 0-9/100"), part(0, 10, 100));
        assert_eq!(asked("bytes=10-99/100"), part(10, 100, 100));
        assert_eq!(asked("bytes */100"), Some(Asked::Status));
        for ugly in [
            "",
            "0-9/100",
            "bytes 0-9",
            "bytes a-b/c",
            "bytes 0-18446744073709551615/1",
            "bytes -1-2/3",
        ] {
            assert_eq!(asked(ugly), None, "{ugly}");
        }
    }
}
