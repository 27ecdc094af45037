//! The words of the listed videos. Only public, published videos are in the index, so that a
//! search needs no second look at the videos table.

use crate::{Executor, Result, videos::Video};

/// At most this many of the newest matches are ranked; more would cost every search for a
/// common word and change nothing on the first pages.
const POOL: i64 = 500;

/// Puts a listed video into the index, or takes an unlisted one out.
pub async fn refresh(mut db: impl Executor, video: &Video) -> Result<()> {
    let dialect = db.dialect();
    if !video.listed() {
        db.run(dialect.unindex_video(video.id.0)).await?;
        return Ok(());
    }
    for sql in dialect.index_video(
        video.id.0,
        &video.name,
        &video.tags().join(" "),
        &video.description,
    ) {
        db.run(sql).await?;
    }
    Ok(())
}

/// Takes a video out of the index.
pub async fn remove(mut db: impl Executor, video: names::VideoId) -> Result<()> {
    let sql = db.dialect().unindex_video(video.0);
    db.run(sql).await?;
    Ok(())
}

/// The words of a search text: letters and digits only, at most eight.
pub fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .take(8)
        .map(|w| w.chars().take(40).collect::<String>().to_lowercase())
        .collect()
}

/// The ids of the videos that hold all the words, newest first; the last word may be a beginning.
pub async fn matches(mut db: impl Executor, text: &str) -> Result<Vec<i64>> {
    let words = words(text);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let sql = db.dialect().matching_videos(&words, POOL);
    let rows: Vec<(i64,)> = db.all(sql).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
