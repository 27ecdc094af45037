//! The site as visitors meet it, over an API that answers what the test says.

use app::{Clock, Settings, SignUp, Transcoding};
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode};
use names::Quota;
use serde_json::{Value, json};
use tower::Service;

use super::*;

fn video(privacy: u64) -> Value {
    json!({
        "shortUUID": "abc", "name": "A </script> name", "description": null, "duration": 1,
        "privacy": { "id": privacy }, "publishedAt": "2026-01-02T03:04:05.000Z",
        "updatedAt": "2026-01-02T03:04:05.000Z", "previewPath": null,
        "channel": { "name": "chan", "displayName": "Channel" },
        "streamingPlaylists": [{ "files": [
            { "resolution": { "id": 720 }, "fileUrl": "http://pod/720.mp4", "width": 1280, "height": 720 },
        ] }],
    })
}

/// An API of a few answers; everything else is not found, and a private video is refused.
fn api() -> Router {
    let list = json!({ "total": 1, "data": [{ "shortUUID": "abc", "updatedAt": "2026-01-02T03:04:05.000Z" }] });
    let answer = |value: Value| get(move || async move { Json(value) });
    Router::new()
        .route(
            "/api/v1/config",
            answer(json!({ "instance": { "name": "Tube" } })),
        )
        .route("/api/v1/videos", answer(list.clone()))
        .route("/api/v1/videos/abc", answer(video(1)))
        .route(
            "/api/v1/videos/private",
            get(|| async { StatusCode::UNAUTHORIZED }),
        )
        .route(
            "/api/v1/video-channels/chan",
            answer(json!({ "name": "chan", "displayName": "Channel" })),
        )
        .route("/api/v1/video-channels/chan/videos", answer(list))
}

struct Visitor {
    site: Router,
    _folder: Folder,
}

struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

impl Visitor {
    async fn new(name: &str) -> Visitor {
        let folder = std::env::temp_dir().join(format!("shoal-site-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let settings = Settings {
            public_url: "http://pod".into(),
            name: "Tube".into(),
            description: "Videos".into(),
            database: format!("sqlite:{}", folder.join("db").display()),
            files: folder.join("files"),
            sign_up: SignUp::Closed,
            quota: Quota::Unlimited,
            quota_daily: Quota::Unlimited,
            login_attempts_per_address: 10,
            login_attempts_per_account: 10,
            transcoding: Transcoding {
                tools: media::Tools::new("ffmpeg", "ffprobe"),
                ladder: media::Ladder::default(),
                max_upload: 1,
                jobs: 1,
                keep_original: false,
            },
            network: app::network::Terms::default(),
            p2p: app::terms::Terms::default(),
            sharing: app::swarms::Sharing::default(),
            version: "0",
        };
        let pod = Pod::open(settings, Clock::System).await.unwrap();
        Visitor {
            site: router(pod, api()),
            _folder: Folder(folder),
        }
    }

    async fn get(&self, path: &str) -> (Response, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = self.site.clone().call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        (parts.into_response(), text)
    }

    /// The page at `path`, its status and the data it carries.
    async fn page(&self, path: &str) -> (StatusCode, String, Value) {
        let (response, text) = self.get(path).await;
        let data = text.split("id=\"first-data\">").nth(1).unwrap();
        let data = serde_json::from_str(data.split("</script>").next().unwrap()).unwrap();
        (response.status(), text, data)
    }
}

#[tokio::test]
async fn pages_carry_their_first_answers() {
    let visitor = Visitor::new("answers").await;
    let list = "/api/v1/videos?start=0&count=24&sort=-publishedAt";
    let trending = "/api/v1/videos?start=0&count=24&sort=-trending";
    let channel = "/api/v1/video-channels/chan";
    let of_channel = "/api/v1/video-channels/chan/videos?start=0&count=24&sort=-publishedAt";
    for (path, status, title, answers) in [
        ("/", 200, "<title>Tube</title>", &[list][..]),
        (
            "/videos/browse?sort=-trending",
            200,
            "<title>Tube</title>",
            &[trending],
        ),
        (
            "/videos/browse?sort=%22evil",
            200,
            "<title>Tube</title>",
            &[list],
        ),
        (
            "/w/abc",
            200,
            "<title>A &lt;/script&gt; name - Tube</title>",
            &["/api/v1/videos/abc"],
        ),
        (
            "/videos/watch/abc?a=b",
            200,
            "<title>A &lt;",
            &["/api/v1/videos/abc"],
        ),
        (
            "/videos/embed/abc",
            200,
            "<title>A &lt;",
            &["/api/v1/videos/abc"],
        ),
        (
            "/c/chan",
            200,
            "<title>Channel - Tube</title>",
            &[channel, of_channel],
        ),
        ("/w/private", 200, "noindex", &[]),
        ("/w/other", 404, "noindex", &[]),
        ("/w/%22%3C", 404, "noindex", &[]),
        ("/c/other", 404, "noindex", &[]),
        ("/login", 200, "noindex", &[]),
        ("/no/such/page", 404, "noindex", &[]),
    ] {
        let (found, text, data) = visitor.page(path).await;
        assert_eq!(found.as_u16(), status, "{path}");
        assert!(text.contains(title), "{path}: {text}");
        assert_eq!(data["config"]["instance"]["name"], "Tube");
        let mut carried: Vec<&str> = data["answers"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        carried.sort_by_key(|path| path.len());
        assert_eq!(carried, answers, "{path}");
    }
    let (_, text, data) = visitor.page("/w/abc").await;
    assert_eq!(data["answers"]["/api/v1/videos/abc"], video(1));
    assert!(text.contains("<noscript><h1>A &lt;/script&gt; name</h1><video"));
}

#[tokio::test]
async fn who_may_frame_a_page() {
    let visitor = Visitor::new("frames").await;
    let policy = async |path: &str| {
        let (response, _) = visitor.get(path).await;
        response.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert!(policy("/w/abc").await.contains("frame-ancestors 'self';"));
    assert!(
        policy("/videos/embed/abc")
            .await
            .contains("frame-ancestors *;")
    );
    assert!(
        policy("/")
            .await
            .contains("connect-src 'self' http://pod ws://pod https: wss:;")
    );
}

#[test]
fn what_pages_may_connect_to() {
    for (url, media, connect) in [
        (
            "https://pod.example",
            "media-src 'self' blob: https://pod.example https:;",
            "connect-src 'self' https://pod.example wss://pod.example https: wss:;",
        ),
        // A pod of everybody's that happens to be without TLS does not send viewers to others like it.
        (
            "http://pod.example",
            "media-src 'self' blob: http://pod.example https:;",
            "connect-src 'self' http://pod.example ws://pod.example https: wss:;",
        ),
        (
            "http://localhost:9001",
            "media-src 'self' blob: http://localhost:9001 https: http:;",
            "connect-src 'self' http://localhost:9001 ws://localhost:9001 https: wss: http: ws:;",
        ),
        (
            "http://[::1]:9001",
            "media-src 'self' blob: http://[::1]:9001 https: http:;",
            "https: wss: http: ws:;",
        ),
    ] {
        let mut headers = http::HeaderMap::new();
        Protection::new(url).protect(&mut headers, false);
        let policy = headers["content-security-policy"].to_str().unwrap();
        for expected in [media, connect, "default-src 'none'; script-src 'self';"] {
            assert!(policy.contains(expected), "{expected} in {policy}");
        }
    }
}

#[tokio::test]
async fn what_other_programs_ask() {
    let visitor = Visitor::new("programs").await;
    let (response, text) = visitor
        .get("/services/oembed?url=http%3A%2F%2Fpod%2Fw%2Fabc&maxwidth=640")
        .await;
    assert_eq!(response.status(), 200);
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&told["width"], &told["height"]),
        (&json!(640), &json!(360))
    );
    assert!(
        told["html"]
            .as_str()
            .unwrap()
            .contains("src=\"http://pod/videos/embed/abc\"")
    );
    for (query, status) in [
        ("", 400),
        ("?url=x&maxwidth=wide", 400),
        ("?url=http://pod/w/abc&format=xml", 501),
        ("?url=http://elsewhere/w/abc", 404),
        ("?url=http://pod/w/private", 401),
    ] {
        let (response, _) = visitor.get(&format!("/services/oembed{query}")).await;
        assert_eq!(response.status(), status, "{query}");
    }
    let (_, robots) = visitor.get("/robots.txt").await;
    assert!(robots.contains("Sitemap: http://pod/sitemap.xml\n"));
    let (_, map) = visitor.get("/sitemap.xml").await;
    assert!(map.contains(
        "<url><loc>http://pod/w/abc</loc><lastmod>2026-01-02T03:04:05.000Z</lastmod></url>"
    ));
}

#[tokio::test]
async fn what_is_not_there() {
    let visitor = Visitor::new("nothing").await;
    for (path, status) in [
        ("/api/v1/nothing", 404),
        ("/assets/nothing.js", 404),
        ("/index.html", 404),
        ("/static/streaming-playlists/hls/x/y.mp4", 404),
        (
            "/static/streaming-playlists/hls/00000000-0000-4000-8000-000000000000/y.mp4",
            404,
        ),
        (
            "/static/streaming-playlists/hls/00000000-0000-4000-8000-000000000000/..%2F..%2Fdb",
            404,
        ),
        ("/lazy-static/thumbnails/nothing.jpg", 404),
        ("/lazy-static/avatars/..%2f..%2fdb", 404),
        ("/lazy-static/torrents/nothing.torrent", 404),
        ("/download/streaming-playlists/hls/videos/nothing.mp4", 404),
    ] {
        let (response, _) = visitor.get(path).await;
        assert_eq!(response.status(), status, "{path}");
    }
    let (_, problem) = visitor.get("/api/v1/nothing").await;
    assert_eq!(
        serde_json::from_str::<Value>(&problem).unwrap()["status"],
        404
    );
}

#[tokio::test]
async fn pictures_are_kept_for_ever() {
    let visitor = Visitor::new("pictures").await;
    let folder = visitor._folder.0.join("files/thumbnails");
    std::fs::write(folder.join("a.jpg"), "a picture").unwrap();
    let (response, text) = visitor.get("/lazy-static/thumbnails/a.jpg").await;
    assert_eq!(text, "a picture");
    let headers = response.headers();
    assert_eq!(headers["content-type"], "image/jpeg");
    assert_eq!(
        headers["cache-control"],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert!(headers.contains_key("etag"));
}

#[tokio::test]
async fn pages_of_other_pods_may_read_files() {
    let visitor = Visitor::new("others").await;
    let folder = visitor._folder.0.join("files/thumbnails");
    std::fs::write(folder.join("a.jpg"), "0123456789").unwrap();
    let ask = async |method: &str, path: &str, headers: &[(&str, &str)]| {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in [("origin", "https://other.example")].iter().chain(headers) {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = visitor.site.clone().call(request).await.unwrap();
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        // With "*" this would be refused by browsers anyway; without it they send no cookies.
        let credentials = "access-control-allow-credentials";
        assert!(!response.headers().contains_key(credentials), "{path}");
        response
    };
    let picture = "/lazy-static/thumbnails/a.jpg";
    let part = ask("GET", picture, &[("range", "bytes=2-5")]).await;
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], "bytes 2-5/10");
    assert_eq!(
        part.headers()["access-control-expose-headers"],
        "Accept-Ranges, Content-Length, Content-Range, ETag"
    );
    // Players try again when a file is not there yet, so they must be able to see that.
    let missing = "/static/streaming-playlists/hls/00000000-0000-4000-8000-000000000000/y.mp4";
    assert_eq!(ask("GET", missing, &[]).await.status(), 404);
    for path in [
        missing,
        "/static/streaming-playlists/hls/private/00000000-0000-4000-8000-000000000000/y.mp4",
        "/download/streaming-playlists/hls/videos/y.mp4",
        "/lazy-static/torrents/y.torrent",
        "/download/torrents/y.torrent",
        picture,
        "/lazy-static/previews/y.jpg",
        "/lazy-static/storyboards/y.jpg",
        "/lazy-static/avatars/y.jpg",
    ] {
        let wants = [
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "range"),
        ];
        let response = ask("OPTIONS", path, &wants).await;
        assert_eq!(response.status(), 204, "{path}");
        let headers = response.headers();
        assert_eq!(headers["access-control-allow-methods"], "GET, HEAD");
        let allowed = headers["access-control-allow-headers"].to_str().unwrap();
        assert!(allowed.starts_with("Range, "), "{path}: {allowed}");
    }
}
