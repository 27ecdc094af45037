//! The words of the listed videos. Only public, published videos are in the index, so that a
//! search needs no second look at the videos table.

use crate::{Executor, Result, dialect::LastWord, video_list::ids_of, videos::Video};
use names::VideoId;

/// At most this many of the newest matches are looked at; more would cost every search for a
/// common word and change nothing on the first pages.
pub(crate) const LARGEST_POOL: i64 = 500;

/// The first pages are answered from this many.
const SMALLEST_POOL: i64 = 50;

/// With so many matches of the last word as a whole nobody misses those that begin with it.
const ENOUGH: usize = 20;

/// How many matches a page that ends at `end` needs: more than it shows, so that whoever pages
/// on sees that there is more. Pages deeper in look at more, up to the largest pool.
pub(crate) fn pool(end: i64) -> i64 {
    let rounded = end.saturating_add(SMALLEST_POOL) / SMALLEST_POOL * SMALLEST_POOL;
    rounded.clamp(SMALLEST_POOL, LARGEST_POOL)
}

/// Puts a listed video into the index, or takes an unlisted one out.
pub async fn refresh(mut db: impl Executor, video: &Video) -> Result<()> {
    if !video.listed() {
        let sql = db.dialect().unindex_video(video.id.0);
        db.run(sql).await?;
        return Ok(());
    }
    put(db, video.id, &video.name, &video.tags(), &video.description).await
}

/// Puts the words of a listed video into the index, in place of older ones.
pub(crate) async fn put(
    mut db: impl Executor,
    video: VideoId,
    name: &str,
    tags: &[String],
    description: &str,
) -> Result<()> {
    let dialect = db.dialect();
    for sql in dialect.index_video(video.0, name, &tags.join(" "), description) {
        db.run(sql).await?;
    }
    Ok(())
}

/// Takes a video out of the index.
pub async fn remove(mut db: impl Executor, video: VideoId) -> Result<()> {
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

/// Whether the last word may also be the beginning of one. All words that begin so are many in a large index; with one or two letters they are
/// thousands, which nobody waits for.
fn may_be_a_beginning(words: &[String]) -> bool {
    words
        .last()
        .is_some_and(|last| !last.is_ascii() || last.len() >= 3)
}

/// The ids of at most `pool` videos that hold all the words, newest first; the last word may be a beginning.
pub(crate) async fn matches(mut db: impl Executor, text: &str, pool: i64) -> Result<Vec<i64>> {
    let words = words(text);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let newest = match db.dialect().newest_searchable() {
        Some(sql) => db.one::<(i64,)>(sql).await?.0,
        None => 0,
    };
    let whole = newest_of(&mut db, (&words, LastWord::Whole), newest, pool).await?;
    if whole.len() >= ENOUGH || !may_be_a_beginning(&words) {
        return Ok(whole);
    }
    newest_of(&mut db, (&words, LastWord::Beginning), newest, pool).await
}

/// The newest of those that hold the words, from the smallest part of the index that has enough of them.
async fn newest_of(
    db: &mut impl Executor,
    words: (&[String], LastWord),
    newest: i64,
    pool: i64,
) -> Result<Vec<i64>> {
    let dialect = db.dialect();
    let shelves = dialect.shelves(newest);
    let mut at = 0;
    loop {
        let sql = dialect.matching_videos(words, &shelves[at], pool);
        let (ids,): (Option<String>,) = db.one(sql).await?;
        let found: Vec<i64> = ids_of(ids.as_deref()).collect();
        let count = found.len() as i64;
        if count >= pool || at + 1 == shelves.len() {
            return Ok(found);
        }
        // On to the one that has enough if the words are as frequent there: a rare word is looked for in two parts, not in all.
        let wanted = shelves[at].videos.saturating_mul(pool) / (count + 1);
        let larger = shelves[at + 1..].iter();
        let next = larger.take_while(|shelf| shelf.videos < wanted).count();
        at = (at + 1 + next).min(shelves.len() - 1);
    }
}

/// Puts parts of the index together that were written one by one, since each search looks into every
/// part. Little at a time, so that nobody else who writes has to wait.
pub async fn tidy(db: &crate::Db) -> Result<()> {
    loop {
        let mut tx = db.begin().await?;
        let dialect = tx.dialect();
        let Some(merge) = dialect.merge_search_index() else {
            return Ok(());
        };
        let (before,): (i64,) = (&mut tx).one(dialect.changes()).await?;
        (&mut tx).run(merge).await?;
        let (after,): (i64,) = (&mut tx).one(dialect.changes()).await?;
        tx.commit().await?;
        // The statement itself counts as one change.
        if after - before < 2 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools() {
        for (end, expected) in [
            (0, 50),
            (15, 50),
            (49, 50),
            (50, 100),
            (399, 400),
            (400, 450),
            (450, 500),
            (10_000_100, 500),
            (i64::MAX, 500),
        ] {
            assert_eq!(pool(end), expected, "{end}");
        }
    }
}
