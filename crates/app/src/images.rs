//! Pictures that people send: avatars and thumbnails. Decoded within bounds, scaled, and written
//! anew, so that nothing of the file that was sent (metadata, tricks) is passed on.

use crate::{Error, Pod, Result, secrets};
use bytes::Bytes;
use files::{FileName, Key};
use image::{DynamicImage, ImageFormat, ImageReader, Limits, imageops::FilterType};
use std::io::Cursor;

/// A picture that is sent has at most this many bytes.
pub const MAX_PICTURE: usize = 8 << 20;
const AVATAR_SIDE: u32 = 240;
const THUMBNAIL: (u32, u32) = (560, 315);
const PREVIEW: (u32, u32) = (1280, 720);

/// A thumbnail and its larger preview, by their file names.
pub struct Pictures {
    pub thumbnail: String,
    pub preview: String,
}

fn decode(bytes: &[u8]) -> Result<DynamicImage> {
    let bad = |why: String| Error::invalid("picture", why);
    if bytes.len() > MAX_PICTURE {
        return Err(Error::TooLarge("A picture has at most 8 MB.".into()));
    }
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|e| bad(e.to_string()))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(8192);
    limits.max_image_height = Some(8192);
    limits.max_alloc = Some(256 << 20);
    reader.limits(limits);
    reader
        .decode()
        .map_err(|_| bad("not a picture that can be read; send a JPEG, PNG, WebP or GIF up to 8192 pixels a side".into()))
}

fn encode(image: &DynamicImage, format: ImageFormat) -> Result<Bytes> {
    let mut out = Cursor::new(Vec::new());
    image
        .write_to(&mut out, format)
        .map_err(|e| Error::Internal(e.into()))?;
    Ok(out.into_inner().into())
}

fn new_name(extension: &str) -> (FileName, String) {
    let text = format!("{}.{extension}", secrets::random_token());
    let name =
        FileName::parse(&text).expect("hexadecimal digits and an extension are a plain name");
    (name, text)
}

/// Stores a square avatar; its file name.
pub async fn store_avatar(pod: &Pod, bytes: Bytes) -> Result<String> {
    let png = tokio::task::spawn_blocking(move || {
        let image =
            decode(&bytes)?.resize_to_fill(AVATAR_SIDE, AVATAR_SIDE, FilterType::CatmullRom);
        encode(
            &DynamicImage::ImageRgba8(image.to_rgba8()),
            ImageFormat::Png,
        )
    })
    .await??;
    let (name, text) = new_name("png");
    pod.files.write(&Key::Avatar(name), png).await?;
    Ok(text)
}

/// A picture in both sizes, made anew.
async fn both_sizes(bytes: Bytes) -> Result<(Bytes, Bytes)> {
    tokio::task::spawn_blocking(move || {
        let image = decode(&bytes)?;
        let scaled = |(width, height)| {
            let image = image.resize_to_fill(width, height, FilterType::CatmullRom);
            encode(&DynamicImage::ImageRgb8(image.to_rgb8()), ImageFormat::Jpeg)
        };
        Ok((scaled(THUMBNAIL)?, scaled(PREVIEW)?))
    })
    .await?
}

/// Stores both sizes of a picture under a name that is given.
pub(crate) async fn store_as(pod: &Pod, bytes: Bytes, name: &FileName) -> Result<()> {
    let (small, large) = both_sizes(bytes).await?;
    pod.files
        .write(&Key::Thumbnail(name.clone()), small)
        .await?;
    pod.files.write(&Key::Preview(name.clone()), large).await?;
    Ok(())
}

/// Stores a video's picture in both sizes.
pub async fn store_thumbnail(pod: &Pod, bytes: Bytes) -> Result<Pictures> {
    let (small, large) = both_sizes(bytes).await?;
    let (name, thumbnail) = new_name("jpg");
    pod.files.write(&Key::Thumbnail(name), small).await?;
    let (name, preview) = new_name("jpg");
    pod.files.write(&Key::Preview(name), large).await?;
    Ok(Pictures { thumbnail, preview })
}
