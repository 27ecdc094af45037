//! Query parameters. PeerTube's clients repeat a key for a list, with or without `[]`, which the
//! usual readers do not take; a value that does not fit is refused with its key.

use crate::Problem;
use app::Error;
use axum::{extract::FromRequestParts, http::request::Parts};

/// All parameters of a query, in order.
#[derive(Debug, Default)]
pub struct Params(Vec<(String, String)>);

/// A page: where it starts and how many it holds.
#[derive(Debug, Clone, Copy)]
pub struct Paging {
    pub start: i64,
    pub count: i64,
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .take(200)
            .collect();
        Ok(Self(pairs))
    }
}

impl Params {
    /// The values of a key that may be repeated; empty ones are left out.
    pub fn all(&self, key: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(k, v)| k.strip_suffix("[]").unwrap_or(k) == key && !v.is_empty())
            .map(|(_, v)| v.as_str())
    }

    /// The value of a key, if it is there and not empty.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.all(key).next()
    }

    /// A whole number.
    pub fn int(&self, key: &str) -> Result<Option<i64>, Problem> {
        self.text(key).map(|text| number(key, text)).transpose()
    }

    /// Whole numbers.
    pub fn ints(&self, key: &str) -> Result<Vec<i64>, Problem> {
        self.all(key).map(|text| number(key, text)).collect()
    }

    /// `true` or `false`.
    pub fn bool(&self, key: &str) -> Result<Option<bool>, Problem> {
        match self.text(key) {
            None | Some("both") => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Error::invalid(key, "true or false").into()),
        }
    }

    /// A moment, in milliseconds since 1970.
    pub fn time(&self, key: &str) -> Result<Option<i64>, Problem> {
        self.text(key)
            .map(|text| {
                crate::views::parse_time(text)
                    .ok_or_else(|| Error::invalid(key, "a time like 2026-01-31T12:00:00Z").into())
            })
            .transpose()
    }

    /// `start` and `count`: 15 to a page unless asked otherwise, 100 at most.
    pub fn paging(&self) -> Result<Paging, Problem> {
        let start = self.int("start")?.unwrap_or(0);
        let count = self.int("count")?.unwrap_or(15);
        if !(0..=10_000_000).contains(&start) {
            return Err(Error::invalid("start", "0 or more").into());
        }
        if !(0..=100).contains(&count) {
            return Err(Error::invalid("count", "0 to 100").into());
        }
        Ok(Paging { start, count })
    }
}

fn number(key: &str, text: &str) -> Result<i64, Problem> {
    text.parse()
        .map_err(|_| Error::invalid(key, "a whole number").into())
}
