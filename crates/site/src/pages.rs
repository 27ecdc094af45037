//! The pages: which addresses there are, what each is about, and which answers it carries.
//!
//! All of them are the same program in the browser. The server adds what cannot wait for it: tags for those who pass addresses on, the
//! first answers of the API, and a status that tells machines whether there is something at this address.

use app::network::documents;
use app::reading::{self, Access, Content};
use axum::Router;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, StatusCode, Uri};
use names::VideoRef;
use peers::ClientAddress;
use serde_json::Value;

use crate::Site;
use crate::answers::Answer;
use crate::head;
use crate::objects;
use crate::shell::{self, Filling};
use crate::told::{Actor, Video};
use crate::video_files;

/// How many videos the first list of a page has.
const FIRST: &str = "start=0&count=24";

/// How many bytes of playlists a page carries: eight minutes in one rendition. What a viewer will not read should not cost more than
/// the request that it saves.
const CARRIED: usize = 16 << 10;

/// Pages that are about nothing that others could speak of.
const QUIET: [&str; 13] = [
    "/search",
    "/a/{name}/video-channels",
    "/login",
    "/signup",
    "/videos/upload",
    "/videos/update/{id}",
    "/my-library/videos",
    "/my-library/video-channels",
    "/my-account/settings",
    "/admin/users",
    "/admin/jobs",
    "/admin/network",
    "/admin/swarms",
];

/// What matters of a request for a page.
pub struct Visit {
    uri: Uri,
    headers: HeaderMap,
    client: Option<ClientAddress>,
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Visit, Self::Rejection> {
        Ok(Visit {
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
            client: parts.extensions.get().copied(),
        })
    }
}

/// All pages.
pub fn routes() -> Router<Site> {
    let pages = Router::new()
        .route("/", get(home))
        .route("/videos/browse", get(home))
        .route("/about", get(about))
        .route("/w/{id}", get(watch))
        .route("/videos/watch/{id}", get(watch))
        .route("/videos/embed/{id}", get(watch))
        .route("/c/{name}", get(channel))
        .route("/c/{name}/videos", get(channel))
        .route("/a/{name}", get(account));
    QUIET
        .iter()
        .fold(pages, |pages, path| pages.route(path, get(quiet)))
}

async fn home(State(site): State<Site>, visit: Visit) -> Response {
    let query = visit.uri.query().unwrap_or_default();
    let sort = query.split('&').find_map(|part| part.strip_prefix("sort="));
    let plain = |sort: &&str| {
        sort.bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
    };
    let sort = sort.filter(plain).unwrap_or("-publishedAt");
    let list = site
        .ask(&visit, format!("/api/v1/videos?{FIRST}&sort={sort}"))
        .await;
    let path = visit.uri.path();
    let head = head::general(&site.about, path);
    site.page(&visit, StatusCode::OK, head, String::new(), &[list])
        .await
}

async fn about(State(site): State<Site>, visit: Visit) -> Response {
    let head = head::general(&site.about, "/about");
    site.page(&visit, StatusCode::OK, head, String::new(), &[])
        .await
}

async fn watch(State(site): State<Site>, Path(id): Path<String>, visit: Visit) -> Response {
    if objects::wanted(&visit.headers)
        && let Ok(named) = VideoRef::parse(&id)
    {
        return objects::answer(documents::video(&site.pod, named).await);
    }
    let answer = site
        .ask(&visit, format!("/api/v1/videos/{}", head::encode(&id)))
        .await;
    let path = visit.uri.path();
    if answer.status.is_success()
        && let Some(page) = site.made.get(path, &answer.body)
    {
        return site.send(&visit, StatusCode::OK, page);
    }
    let Some(video) = answer.read::<Video>() else {
        return site.nothing_for_all(&visit, &answer).await;
    };
    let of = answer.body.clone();
    let mut answers = vec![answer];
    answers.extend(site.playlists(&video).await);
    let mut to_fetch = video.first_files();
    to_fetch.retain(|url| !answers.iter().any(|carried| carried.path == *url));
    let filling = Filling {
        head: head::video(&site.about, &video) + &shell::fetch_player(&to_fetch),
        noscript: head::noscript(&site.about, &video),
        data: site.data(&visit, &answers).await,
    };
    let page = Bytes::from(shell::page(&filling));
    site.made.keep(path, of, page.clone());
    site.send(&visit, StatusCode::OK, page)
}

async fn channel(State(site): State<Site>, Path(name): Path<String>, visit: Visit) -> Response {
    let name = head::encode(&name);
    let answer = site
        .ask(&visit, format!("/api/v1/video-channels/{name}"))
        .await;
    let Some(channel) = answer.read::<Actor>() else {
        return site.nothing_for_all(&visit, &answer).await;
    };
    let list = format!("/api/v1/video-channels/{name}/videos?{FIRST}&sort=-publishedAt");
    let list = site.ask(&visit, list).await;
    let head = head::channel(&site.about, &channel);
    site.page(&visit, StatusCode::OK, head, String::new(), &[answer, list])
        .await
}

async fn account(State(site): State<Site>, Path(name): Path<String>, visit: Visit) -> Response {
    let answer = site
        .ask(&visit, format!("/api/v1/accounts/{}", head::encode(&name)))
        .await;
    if !answer.status.is_success() {
        return site.nothing_for_all(&visit, &answer).await;
    }
    let head = head::quiet(&site.about);
    site.page(&visit, StatusCode::OK, head, String::new(), &[answer])
        .await
}

async fn quiet(State(site): State<Site>, visit: Visit) -> Response {
    let head = head::quiet(&site.about);
    site.page(&visit, StatusCode::OK, head, String::new(), &[])
        .await
}

/// Any other address: an asset, or nothing.
pub async fn elsewhere(State(site): State<Site>, visit: Visit) -> Response {
    let path = visit.uri.path();
    if path.starts_with("/api/") {
        return no_such_operation();
    }
    if let Some(asset) = crate::assets::serve(path.trim_start_matches('/'), &visit.headers) {
        return asset;
    }
    if path.starts_with("/assets/") {
        return (StatusCode::NOT_FOUND, "there is no such file\n").into_response();
    }
    let head = head::quiet(&site.about);
    site.page(&visit, StatusCode::NOT_FOUND, head, String::new(), &[])
        .await
}

/// In the API's own form, for clients that ask for operations we do not have.
fn no_such_operation() -> Response {
    let problem = r#"{"type":"about:blank","title":"Not Found","detail":"There is no such operation.","status":404,"error":"There is no such operation."}"#;
    let kind = [(http::header::CONTENT_TYPE, "application/problem+json")];
    (StatusCode::NOT_FOUND, kind, problem).into_response()
}

impl Site {
    /// What the API answers to a visitor of this page who is not signed in.
    async fn ask(&self, visit: &Visit, path: String) -> Answer {
        self.answers.get(path, visit.client).await
    }

    /// The playlists of a video that its page carries, so that the player need not ask for them: each request costs both sides more
    /// than these few bytes. Those of long films with many renditions are left to be asked for as they are needed.
    async fn playlists(&self, video: &Video) -> Vec<Answer> {
        let mut room = CARRIED;
        let mut carried = Vec::new();
        for url in video.playlists() {
            let path = url.strip_prefix(self.about.url.as_str());
            let names = path.and_then(|path| path.strip_prefix(video_files::PLAYLISTS));
            let Some((id, file)) = names.and_then(|names| names.split_once('/')) else {
                break;
            };
            let Ok(Content::Text { text, .. }) =
                reading::hls(&self.pod, id, file, Access::Anonymous, None).await
            else {
                break;
            };
            if text.len() > room {
                break;
            }
            room -= text.len();
            carried.push(Answer {
                path: url.to_owned(),
                status: StatusCode::OK,
                body: Value::from(text).to_string().into(),
            });
        }
        carried
    }

    /// A page about something that is not there, or not for everybody: whoever signed in may still see it.
    async fn nothing_for_all(&self, visit: &Visit, answer: &Answer) -> Response {
        let status = match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => StatusCode::OK,
            StatusCode::SERVICE_UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
            status if status.is_server_error() => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::NOT_FOUND,
        };
        self.page(visit, status, head::quiet(&self.about), String::new(), &[])
            .await
    }

    async fn page(
        &self,
        visit: &Visit,
        status: StatusCode,
        head: String,
        noscript: String,
        answers: &[Answer],
    ) -> Response {
        let data = self.data(visit, answers).await;
        let page = shell::page(&Filling {
            head,
            data,
            noscript,
        });
        self.send(visit, status, page.into())
    }

    /// What the page reads at its start.
    async fn data(&self, visit: &Visit, answers: &[Answer]) -> String {
        let config = self.ask(visit, "/api/v1/config".into()).await;
        first_data(&config, answers)
    }

    fn send(&self, visit: &Visit, status: StatusCode, page: Bytes) -> Response {
        let mut response = (status, Html(page)).into_response();
        let embeddable = visit.uri.path().starts_with("/videos/embed/");
        self.protection.protect(response.headers_mut(), embeddable);
        response
    }
}

/// The JSON that the page reads at its start. Only good answers go in: the page asks for the others itself, and says what is wrong.
fn first_data(config: &Answer, answers: &[Answer]) -> String {
    fn text(answer: &Answer) -> &str {
        std::str::from_utf8(&answer.body).unwrap_or("null")
    }
    let mut data = String::from("{");
    if config.status.is_success() {
        data.push_str("\"config\":");
        data.push_str(text(config));
        data.push(',');
    }
    data.push_str("\"answers\":{");
    let good = answers.iter().filter(|answer| answer.status.is_success());
    for (at, answer) in good.enumerate() {
        if at > 0 {
            data.push(',');
        }
        data.push_str(&Value::from(answer.path.as_str()).to_string());
        data.push(':');
        data.push_str(text(answer));
    }
    data.push_str("}}");
    data
}
