//! What a browser sees beside the API: pages, assets, files of videos, and what other sites ask a page about itself.
//!
//! It holds no rule about who may see what and no view of a video: pages carry the API's own answers, and files are opened by the pod.

pub mod file_body;
pub mod lane;
pub mod ranges;
pub mod serve_file;

mod answers;
mod assets;
mod collections;
mod cors;
mod head;
mod inboxes;
mod made;
mod objects;
mod oembed;
mod pages;
mod protection;
mod reader;
mod refusal;
mod robots;
mod shell;
mod told;
mod video_files;
mod webfinger;

use app::Pod;
use axum::Router;
use axum::routing::get;

use answers::Answers;
use head::About;
use made::Made;
use protection::Protection;

/// What the handlers of this crate share.
#[derive(Clone)]
struct Site {
    pod: Pod,
    answers: Answers,
    made: Made,
    about: About,
    protection: Protection,
}

/// All routes of the site, and what is answered where nobody else has a route. `api` is asked for the answers that pages carry.
pub fn router(pod: Pod, api: Router) -> Router {
    let about = About {
        url: pod.settings.public_url.clone(),
        name: pod.settings.name.clone(),
        description: pod.settings.description.clone(),
    };
    let site = Site {
        protection: Protection::new(&about.url),
        answers: Answers::new(api),
        made: Made::new(),
        about,
        pod,
    };
    Router::new()
        .merge(pages::routes())
        .merge(objects::routes())
        .merge(collections::routes())
        .merge(inboxes::routes())
        .merge(webfinger::routes())
        .merge(video_files::routes())
        .route("/services/oembed", get(oembed::oembed))
        .route("/robots.txt", get(robots::robots))
        .route("/sitemap.xml", get(robots::sitemap))
        .fallback(pages::elsewhere)
        .with_state(site)
}

#[cfg(test)]
mod tests;
