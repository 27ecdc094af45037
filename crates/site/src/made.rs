//! Pages of videos that were made already. What is kept here is never asked whether it is still true: the API is, each time, and a page
//! is used again only while the API hands out the very bytes that it was made of (which it does while nothing has changed).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache;

/// Bytes of pages, with the answers they were made of.
const SIZE: u64 = 32 << 20;
/// A page that nobody has asked for in this time is let go.
const IDLE: Duration = Duration::from_secs(10);

/// The pages.
#[derive(Clone)]
pub struct Made(Cache<Arc<str>, Page>);

#[derive(Clone)]
struct Page {
    of: Bytes,
    text: Bytes,
}

impl Made {
    pub fn new() -> Made {
        let weight = |path: &Arc<str>, page: &Page| {
            let bytes = path.len() + page.of.len() + page.text.len() + 200;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        let pages = Cache::builder().max_capacity(SIZE).weigher(weight);
        Made(pages.time_to_idle(IDLE).build())
    }

    /// The page at this path, if it was made of these bytes and not only of equal ones.
    pub fn get(&self, path: &str, of: &Bytes) -> Option<Bytes> {
        let page = self.0.get(path)?;
        // `of` is held, so its place in memory cannot be another answer's by now.
        (page.of.as_ptr() == of.as_ptr() && page.of.len() == of.len()).then_some(page.text)
    }

    pub fn keep(&self, path: &str, of: Bytes, text: Bytes) {
        self.0.insert(path.into(), Page { of, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_of_the_bytes_it_was_made_of() {
        let made = Made::new();
        let answer = Bytes::from(b"{\"views\":1}".to_vec());
        made.keep("/w/1", answer.clone(), Bytes::from_static(b"one view"));
        assert_eq!(made.get("/w/1", &answer.clone()).unwrap(), "one view");
        let equal = Bytes::from(b"{\"views\":1}".to_vec());
        assert_eq!(made.get("/w/1", &equal), None);
        assert_eq!(made.get("/w/1", &answer.slice(1..)), None);
        assert_eq!(made.get("/w/2", &answer), None);
    }
}
