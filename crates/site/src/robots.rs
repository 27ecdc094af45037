//! For search engines: what to leave alone, and where the videos are. Those of other pods are in the sitemaps there.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::Site;
use crate::shell::escape;
use crate::told::List;

/// The sitemap holds this many lists of a hundred videos, the newest: engines come often and know the older ones.
const LISTS: usize = 5;

/// `GET /robots.txt`
pub async fn robots(State(site): State<Site>) -> String {
    format!(
        "User-agent: *\nDisallow: /api/\nDisallow: /search\nDisallow: /login\nDisallow: /signup\nDisallow: /admin/\n\
         Disallow: /my-library/\nDisallow: /my-account/\nDisallow: /static/\nDisallow: /download/\nDisallow: /tracker/\n\
         Sitemap: {}/sitemap.xml\n",
        site.about.url
    )
}

/// `GET /sitemap.xml`
pub async fn sitemap(State(site): State<Site>) -> Response {
    let mut map = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    let url = escape(&site.about.url);
    map.push_str(&format!("<url><loc>{url}/</loc></url>\n"));
    for list in 0..LISTS {
        let path = format!(
            "/api/v1/videos?start={}&count=100&sort=-publishedAt&isLocal=true",
            list * 100
        );
        let Some(videos) = site.answers.get(path, None).await.read::<List>() else {
            break;
        };
        for video in &videos.data {
            let (id, changed) = (escape(&video.short_uuid), escape(&video.updated_at));
            map.push_str(&format!(
                "<url><loc>{url}/w/{id}</loc><lastmod>{changed}</lastmod></url>\n"
            ));
        }
        if videos.data.len() < 100 {
            break;
        }
    }
    map.push_str("</urlset>\n");
    let headers = [
        (CONTENT_TYPE, "application/xml"),
        (CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, map).into_response()
}
