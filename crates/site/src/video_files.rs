//! Files of videos under the addresses that PeerTube's clients know: renditions, playlists, torrents and pictures.
//!
//! Who may have what is decided by the pod (`app::reading`); here are addresses, tokens and headers. Everything may be fetched from
//! other sites' pages (`cors`), because other pods show our videos and files of open videos are for everybody.

use app::reading::{self, Content, Picture};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::Site;
use crate::cors::{self, preflight};
use crate::reader::Reader;
use crate::refusal::Refusal;
use crate::serve_file::{Cache, Offer, serve_file};

type Answer = Result<Response, Refusal>;

/// Before the video and the file in the path of a playlist that everybody may read.
pub const PLAYLISTS: &str = "/static/streaming-playlists/hls/";

/// All files of videos.
pub fn routes() -> Router<Site> {
    let hls = || get(hls).options(preflight);
    Router::new()
        .route("/static/streaming-playlists/hls/{video}/{file}", hls())
        .route(
            "/static/streaming-playlists/hls/private/{video}/{file}",
            hls(),
        )
        .route(
            "/download/streaming-playlists/hls/videos/{file}",
            get(download).options(preflight),
        )
        .route(
            "/lazy-static/torrents/{file}",
            get(torrent).options(preflight),
        )
        .route(
            "/download/torrents/{file}",
            get(torrent_download).options(preflight),
        )
        .route(
            "/lazy-static/thumbnails/{file}",
            pictures(Picture::Thumbnail),
        )
        .route("/lazy-static/previews/{file}", pictures(Picture::Preview))
        .route(
            "/lazy-static/storyboards/{file}",
            pictures(Picture::Storyboard),
        )
        .route("/lazy-static/avatars/{file}", pictures(Picture::Avatar))
}

async fn hls(
    State(site): State<Site>,
    Path((video, file)): Path<(String, String)>,
    reader: Reader,
) -> Answer {
    let content =
        reading::hls(&site.pod, &video, &file, reader.access(), reader.reinject()).await?;
    Ok(give(&reader, content, None))
}

async fn download(State(site): State<Site>, Path(file): Path<String>, reader: Reader) -> Answer {
    let (opened, name) = reading::rendition(&site.pod, &file, reader.access()).await?;
    let content = Content::File {
        opened,
        mime: "video/mp4",
    };
    Ok(give(&reader, content, Some(&name)))
}

async fn torrent(State(site): State<Site>, Path(file): Path<String>, reader: Reader) -> Answer {
    let (content, _) = reading::torrent(&site.pod, &file, reader.access()).await?;
    Ok(give(&reader, content, None))
}

async fn torrent_download(
    State(site): State<Site>,
    Path(file): Path<String>,
    reader: Reader,
) -> Answer {
    let (content, name) = reading::torrent(&site.pod, &file, reader.access()).await?;
    Ok(give(&reader, content, Some(&name)))
}

fn pictures(kind: Picture) -> MethodRouter<Site> {
    let give = move |State(site): State<Site>, Path(file): Path<String>, reader: Reader| async move {
        let content = reading::picture(&site.pod, kind, &file).await?;
        Answer::Ok(give(&reader, content, None))
    };
    get(give).options(preflight)
}

fn give(reader: &Reader, content: Content, save_as: Option<&str>) -> Response {
    match content {
        Content::File { opened, mime } => {
            let offer = Offer {
                file: opened.file,
                size: opened.size,
                content_type: mime,
                version: &opened.etag,
                // What needed a token must not stay with a proxy that does not ask for it.
                cache: if reader.is_anonymous() {
                    Cache::Immutable
                } else {
                    Cache::Private
                },
                save_as,
            };
            serve_file(reader.asker(), offer)
        }
        Content::Text { text, mime } => {
            let headers = [
                (CONTENT_TYPE, HeaderValue::from_static(mime)),
                (CACHE_CONTROL, Cache::Revalidate.header()),
            ];
            let mut response = (headers, text).into_response();
            cors::open(response.headers_mut());
            response
        }
    }
}
