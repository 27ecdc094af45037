//! oEmbed: what another site needs to show a video of ours in its pages, from nothing but the video's address.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use serde::Deserialize;
use serde_json::json;

use crate::Site;
use crate::head::encode;
use crate::shell::escape;
use crate::told::Video;

/// What a consumer asks.
#[derive(Deserialize)]
pub struct Question {
    url: String,
    format: Option<String>,
    maxwidth: Option<u64>,
    maxheight: Option<u64>,
}

/// `GET /services/oembed`
pub async fn oembed(
    State(site): State<Site>,
    question: Result<Query<Question>, QueryRejection>,
) -> Response {
    let Ok(Query(question)) = question else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "the parameter url is missing, or another is not a number",
        );
    };
    if question
        .format
        .as_deref()
        .is_some_and(|format| format != "json")
    {
        return refuse(
            StatusCode::NOT_IMPLEMENTED,
            "only the format json is offered",
        );
    }
    let Some(id) = video_of(&question.url, &site.about.url) else {
        return refuse(
            StatusCode::NOT_FOUND,
            "this is not the address of a video of this pod",
        );
    };
    let answer = site
        .answers
        .get(format!("/api/v1/videos/{}", encode(id)), None)
        .await;
    let Some(video) = answer.read::<Video>() else {
        return refuse(
            answer.status,
            "this video is not for everybody, or not there",
        );
    };
    let (width, height) = fit(video.size(), question.maxwidth, question.maxheight);
    let embed = format!("{}/videos/embed/{}", site.about.url, video.short_uuid);
    let title = escape(&video.name);
    let html = format!(
        "<iframe title=\"{title}\" width=\"{width}\" height=\"{height}\" src=\"{embed}\" style=\"border:0\" \
         allow=\"fullscreen; picture-in-picture\" allowfullscreen></iframe>"
    );
    let picture = video
        .preview_path
        .as_ref()
        .map(|path| format!("{}{path}", site.about.url));
    let told = json!({
        "type": "video",
        "version": "1.0",
        "html": html,
        "width": width,
        "height": height,
        "title": video.name,
        "author_name": video.channel.display_name,
        "author_url": format!("{}/c/{}", site.about.url, video.channel.handle()),
        "provider_name": site.about.name,
        "provider_url": site.about.url,
        "thumbnail_url": picture,
    });
    ([(ACCESS_CONTROL_ALLOW_ORIGIN, "*")], Json(told)).into_response()
}

fn refuse(status: StatusCode, why: &'static str) -> Response {
    (status, format!("{why}\n")).into_response()
}

/// The id in an address of a video's page on this pod.
fn video_of<'a>(url: &'a str, pod: &str) -> Option<&'a str> {
    let path = url.strip_prefix(pod)?;
    let path = path.split(['?', '#']).next()?;
    let id = ["/w/", "/videos/watch/", "/videos/embed/"]
        .iter()
        .find_map(|page| path.strip_prefix(page))?;
    (!id.is_empty()
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
    .then_some(id)
}

/// The size of the frame: the video's shape, as large as allowed and at most 560 pixels wide.
fn fit((width, height): (u64, u64), max_width: Option<u64>, max_height: Option<u64>) -> (u64, u64) {
    let (width, height) = (width.max(1) as f64, height.max(1) as f64);
    let across = max_width.unwrap_or(560).clamp(1, 10_000) as f64 / width;
    let down = max_height.map_or(f64::MAX, |most| most.clamp(1, 10_000) as f64 / height);
    let scale = across.min(down);
    let scaled = |side: f64| ((side * scale).round() as u64).max(1);
    (scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_videos() {
        let pod = "https://tube.example";
        for (url, expected) in [
            ("https://tube.example/w/abc", Some("abc")),
            ("https://tube.example/w/abc?start=3s#x", Some("abc")),
            ("https://tube.example/videos/watch/a-b", Some("a-b")),
            ("https://tube.example/w/", None),
            ("https://tube.example/w/a/b", None),
            ("https://tube.example/about", None),
            ("https://tube.example.evil/w/abc", None),
            ("http://tube.example/w/abc", None),
        ] {
            assert_eq!(video_of(url, pod), expected, "{url}");
        }
    }

    #[test]
    fn frames() {
        for (size, width, height, expected) in [
            ((1920, 1080), None, None, (560, 315)),
            ((1920, 1080), Some(1920), None, (1920, 1080)),
            ((1920, 1080), Some(1920), Some(100), (178, 100)),
            ((1080, 1920), None, Some(315), (177, 315)),
            ((1280, 720), Some(0), Some(0), (1, 1)),
        ] {
            assert_eq!(fit(size, width, height), expected);
        }
    }
}
