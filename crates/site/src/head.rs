//! Tags in the head of a page: what search engines, chat programs and other sites show when somebody passes its address on.
//!
//! Pure: what the API told goes in, text comes out, and everything that people wrote is escaped here.

use serde_json::json;

use crate::shell::{escape, inside_script};
use crate::told::{Actor, Video};

/// The pod, as its pages speak of it.
#[derive(Clone)]
pub struct About {
    /// Its address, without a slash at the end.
    pub url: String,
    /// Its name.
    pub name: String,
    /// One sentence about it.
    pub description: String,
}

/// Tags under construction.
struct Head(String);

impl Head {
    fn title(title: &str) -> Head {
        Head(format!("<title>{}</title>", escape(title)))
    }

    fn tag(&mut self, attribute: &str, name: &str, content: &str) -> &mut Head {
        let content = escape(content);
        self.0.push_str(&format!(
            "<meta {attribute}=\"{name}\" content=\"{content}\">"
        ));
        self
    }

    fn meta(&mut self, name: &str, content: &str) -> &mut Head {
        self.tag("name", name, content)
    }

    fn property(&mut self, name: &str, content: &str) -> &mut Head {
        self.tag("property", name, content)
    }

    fn link(&mut self, rel: &str, rest: &str, href: &str) -> &mut Head {
        let href = escape(href);
        self.0
            .push_str(&format!("<link rel=\"{rel}\"{rest} href=\"{href}\">"));
        self
    }

    /// What every page that may be passed on has. What is at home elsewhere leads search engines there.
    fn shared(&mut self, about: &About, title: &str, text: &str, place: &Place) -> &mut Head {
        let url = format!("{}{}", about.url, place.path);
        self.meta("description", text)
            .link("canonical", "", place.home.unwrap_or(&url))
            .property("og:site_name", &about.name)
            .property("og:title", title)
            .property("og:description", text)
            .property("og:url", &url)
    }
}

/// Where a page is.
struct Place<'a> {
    /// Below this pod.
    path: &'a str,
    /// The address at which it is at home, if that is elsewhere.
    home: Option<&'a str>,
}

/// An address on another pod, if it is one that pages may lead to.
fn elsewhere(is_local: bool, url: &str) -> Option<&str> {
    let address = url.starts_with("https://") || url.starts_with("http://");
    (!is_local && address).then_some(url)
}

/// A page that is about the pod.
pub fn general(about: &About, path: &str) -> String {
    let mut head = Head::title(&about.name);
    let place = Place { path, home: None };
    head.shared(about, &about.name, &about.description, &place)
        .property("og:type", "website");
    head.0
}

/// A page that nobody else should speak of: forms, settings, what is not there.
pub fn quiet(about: &About) -> String {
    let mut head = Head::title(&about.name);
    head.meta("robots", "noindex");
    head.0
}

/// A channel's page.
pub fn channel(about: &About, channel: &Actor) -> String {
    let title = format!("{} - {}", channel.display_name, about.name);
    let text = shorten(channel.description.as_deref().unwrap_or_default());
    let path = format!("/c/{}", channel.handle());
    let place = Place {
        path: &path,
        home: elsewhere(channel.is_local, &channel.url),
    };
    let mut head = Head::title(&title);
    head.shared(about, &channel.display_name, &text, &place)
        .property("og:type", "profile");
    if let Some(avatar) = channel.avatars.last() {
        head.property("og:image", &format!("{}{}", about.url, avatar.path));
    }
    head.0
}

/// A video's page.
pub fn video(about: &About, video: &Video) -> String {
    let title = format!("{} - {}", video.name, about.name);
    let text = shorten(video.description.as_deref().unwrap_or_default());
    let path = format!("/w/{}", video.short_uuid);
    let page = format!("{}{path}", about.url);
    let embed = format!("{}/videos/embed/{}", about.url, video.short_uuid);
    let oembed = format!("{}/services/oembed?url={}", about.url, encode(&page));
    let (width, height) = video.size();
    let (width, height) = (width.to_string(), height.to_string());
    let place = Place {
        path: &path,
        home: elsewhere(video.is_local, &video.url),
    };
    let mut head = Head::title(&title);
    head.shared(about, &video.name, &text, &place)
        .property("og:type", "video.other")
        .property("og:video:url", &embed)
        .property("og:video:type", "text/html")
        .property("og:video:width", &width)
        .property("og:video:height", &height)
        .property("og:video:duration", &video.duration.to_string())
        .meta("twitter:card", "player")
        .meta("twitter:title", &video.name)
        .meta("twitter:player", &embed)
        .meta("twitter:player:width", &width)
        .meta("twitter:player:height", &height)
        .link("alternate", " type=\"application/json+oembed\"", &oembed);
    if let Some(path) = &video.preview_path {
        head.property("og:image", &format!("{}{path}", about.url));
    }
    if video.is_public() {
        let json =
            linked_data(about, video, place.home.unwrap_or(&page), &embed, &text).to_string();
        let json = inside_script(&json);
        head.0.push_str(&format!(
            "<script type=\"application/ld+json\">{json}</script>"
        ));
    } else {
        head.meta("robots", "noindex");
    }
    head.0
}

fn linked_data(
    about: &About,
    video: &Video,
    page: &str,
    embed: &str,
    text: &str,
) -> serde_json::Value {
    let picture = video
        .preview_path
        .as_ref()
        .map(|path| format!("{}{path}", about.url));
    json!({
        "@context": "https://schema.org",
        "@type": "VideoObject",
        "name": video.name,
        "description": if text.is_empty() { &video.name } else { text },
        "thumbnailUrl": picture,
        "uploadDate": video.published_at,
        "duration": format!("PT{}S", video.duration),
        "url": page,
        "embedUrl": embed,
        "contentUrl": video.plain_file().map(|file| &file.file_url),
        "isFamilyFriendly": !video.nsfw,
        "interactionStatistic": {
            "@type": "InteractionCounter",
            "interactionType": { "@type": "WatchAction" },
            "userInteractionCount": video.views,
        },
    })
}

/// The video itself, for browsers without scripts.
pub fn noscript(about: &About, video: &Video) -> String {
    let Some(file) = video.plain_file() else {
        return String::new();
    };
    let poster = video
        .preview_path
        .as_ref()
        .map(|path| format!("{}{path}", about.url));
    format!(
        "<noscript><h1>{}</h1><video controls preload=\"none\" style=\"max-width:100%\" poster=\"{}\" src=\"{}\"></video></noscript>",
        escape(&video.name),
        escape(&poster.unwrap_or_default()),
        escape(&file.file_url),
    )
}

/// The first words, on one line.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 250;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    let cut: String = line.chars().take(LONGEST).collect();
    let end = cut.rfind(' ').unwrap_or(cut.len());
    format!("{}…", &cut[..end])
}

/// A text as the value of a query's parameter.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + 20);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
