//! Pictures: avatars, banners, thumbnails, and the storyboard of a video.

use serde_json::Value;

use crate::fields::{Fields, Link, Writer};
use crate::time;

/// The most pictures of one object that are kept.
const MAX_IMAGES: usize = 10;

/// A picture somewhere on the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Where it is.
    pub url: Link,
    /// Its media type.
    pub media_type: Option<String>,
    /// Its width in pixels.
    pub width: Option<u64>,
    /// Its height in pixels.
    pub height: Option<u64>,
}

impl Image {
    pub(crate) fn read_all(fields: &mut Fields, key: &str) -> Vec<Self> {
        fields.objects(key, MAX_IMAGES, Self::read)
    }

    fn read(mut fields: Fields) -> Option<Self> {
        Some(Self {
            media_type: fields.line("mediaType"),
            width: fields.number("width"),
            height: fields.number("height"),
            url: fields.uri("url").or_else(|| fields.uri("href"))?,
        })
    }

    pub(crate) fn write(&self) -> Value {
        Writer::new("Image")
            .with("url", self.url.as_str())
            .maybe("mediaType", self.media_type.clone())
            .maybe("width", self.width)
            .maybe("height", self.height)
            .done()
    }
}

/// Many small pictures of a video in one, for the preview while seeking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storyboard {
    /// Where the picture is.
    pub url: Link,
    /// Its media type.
    pub media_type: String,
    /// Its width in pixels.
    pub width: u64,
    /// Its height in pixels.
    pub height: u64,
    /// The width of one small picture.
    pub tile_width: u64,
    /// The height of one small picture.
    pub tile_height: u64,
    /// How many seconds each small picture stands for.
    pub tile_seconds: u64,
}

impl Storyboard {
    pub(crate) fn read(fields: &mut Fields) -> Option<Self> {
        let read = |mut preview: Fields| {
            let rel = preview.lines("rel", 8);
            let urls = preview.objects("url", 1, |mut url| {
                Some(Self {
                    media_type: url.line("mediaType")?,
                    width: url.number("width")?,
                    height: url.number("height")?,
                    tile_width: url.number("tileWidth")?,
                    tile_height: url.number("tileHeight")?,
                    tile_seconds: url.duration("tileDuration")?,
                    url: url.uri("href")?,
                })
            });
            let is = rel.iter().any(|rel| rel == "storyboard");
            urls.into_iter().next().filter(|_| is)
        };
        fields.objects("preview", 1, read).into_iter().next()
    }

    pub(crate) fn write(&self) -> Value {
        let url = Writer::default()
            .with("mediaType", self.media_type.clone())
            .with("href", self.url.as_str())
            .with("width", self.width)
            .with("height", self.height)
            .with("tileWidth", self.tile_width)
            .with("tileHeight", self.tile_height)
            .with("tileDuration", time::duration(self.tile_seconds));
        Writer::new("Image")
            .list("rel", ["storyboard"])
            .list("url", [url.done()])
            .done()
    }
}
