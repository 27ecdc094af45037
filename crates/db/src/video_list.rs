//! Lists of videos: the ids of a page from one lean index. The rows behind the ids are another
//! step (`videos::hydrate`), which use cases spare for those they remember. Ids come as one text
//! in one row, because every row that leaves SQLite's thread by itself costs more than to find it.
//! The total is a count over the same lean index and never over a join.

use crate::{Executor, Result, Sql, search};
use names::{AccountId, ChannelId, VideoId};

/// Orders of a list; each ends in the id, so that it is never ambiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum VideoSort {
    #[default]
    Newest,
    Oldest,
    MostViewed,
    LeastViewed,
    MostLiked,
    Longest,
    Shortest,
    Name,
    NameDown,
    /// By upload instead of publication (a creator's own list).
    LastCreated,
    FirstCreated,
}

impl VideoSort {
    fn order(self) -> &'static str {
        match self {
            Self::Newest => " ORDER BY v.published_at DESC, v.id DESC",
            Self::Oldest => " ORDER BY v.published_at, v.id",
            Self::MostViewed => " ORDER BY v.views DESC, v.id DESC",
            Self::LeastViewed => " ORDER BY v.views, v.id",
            Self::MostLiked => " ORDER BY v.likes DESC, v.id DESC",
            Self::Longest => " ORDER BY v.duration DESC, v.id DESC",
            Self::Shortest => " ORDER BY v.duration, v.id",
            Self::Name => " ORDER BY v.name, v.id",
            Self::NameDown => " ORDER BY v.name DESC, v.id DESC",
            Self::LastCreated => " ORDER BY v.created_at DESC, v.id DESC",
            Self::FirstCreated => " ORDER BY v.created_at, v.id",
        }
    }
}

/// Whose videos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scope {
    /// What everybody may see.
    #[default]
    Listed,
    ListedOfChannel(ChannelId),
    ListedOfAccount(AccountId),
    /// All videos of an account, for its owner.
    Mine(AccountId),
}

/// Where something is at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Origin {
    #[default]
    Any,
    /// On this pod.
    Local,
    /// On another.
    Remote,
}

/// A list of videos. Empty lists of values mean "any".
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct VideoQuery {
    pub scope: Scope,
    pub origin: Origin,
    pub sort: VideoSort,
    pub categories: Vec<i64>,
    pub licences: Vec<i64>,
    pub languages: Vec<String>,
    /// Lower case.
    pub tags_any: Vec<String>,
    /// Lower case.
    pub tags_all: Vec<String>,
    pub nsfw: Option<bool>,
    pub duration_min: Option<i64>,
    pub duration_max: Option<i64>,
    pub published_after: Option<i64>,
    pub published_before: Option<i64>,
    pub channel: Option<ChannelId>,
    /// Words to be found (listed videos), or a part of the name (an owner's list).
    pub search: Option<String>,
    pub start: i64,
    pub count: i64,
}

impl VideoQuery {
    fn filters(&self, sql: &mut Sql) {
        match self.scope {
            Scope::Listed => {
                sql.push(" WHERE v.privacy = 1 AND v.state = 1");
            }
            Scope::ListedOfChannel(id) => {
                sql.push(" WHERE v.privacy = 1 AND v.state = 1 AND v.channel_id = ")
                    .push_value(id);
            }
            Scope::ListedOfAccount(id) => {
                sql.push(" WHERE v.privacy = 1 AND v.state = 1 AND v.account_id = ")
                    .push_value(id);
            }
            Scope::Mine(id) => {
                sql.push(" WHERE v.account_id = ").push_value(id);
            }
        }
        match self.origin {
            Origin::Any => {}
            Origin::Local => {
                sql.push(" AND v.remote = FALSE");
            }
            Origin::Remote => {
                sql.push(" AND v.remote = TRUE");
            }
        }
        if !self.categories.is_empty() {
            sql.push(" AND v.category IN ")
                .push_list(self.categories.iter().copied());
        }
        if !self.licences.is_empty() {
            sql.push(" AND v.licence IN ")
                .push_list(self.licences.iter().copied());
        }
        if !self.languages.is_empty() {
            sql.push(" AND v.language IN ").push_list(&self.languages);
        }
        if !self.tags_any.is_empty() && !self.is_newest_of_a_tag() {
            sql.push(
                " AND EXISTS (SELECT 1 FROM video_tags t WHERE t.video_id = v.id AND t.tag IN ",
            )
            .push_list(&self.tags_any)
            .push(")");
        }
        for tag in &self.tags_all {
            sql.push(
                " AND EXISTS (SELECT 1 FROM video_tags t WHERE t.video_id = v.id AND t.tag = ",
            )
            .push_value(tag)
            .push(")");
        }
        if let Some(nsfw) = self.nsfw {
            sql.push(" AND v.nsfw = ").push_value(nsfw);
        }
        if let Some(seconds) = self.duration_min {
            sql.push(" AND v.duration >= ").push_value(seconds);
        }
        if let Some(seconds) = self.duration_max {
            sql.push(" AND v.duration <= ").push_value(seconds);
        }
        if let Some(time) = self.published_after {
            sql.push(" AND v.published_at >= ").push_value(time);
        }
        if let Some(time) = self.published_before {
            sql.push(" AND v.published_at <= ").push_value(time);
        }
        if let Some(channel) = self.channel {
            sql.push(" AND v.channel_id = ").push_value(channel);
        }
        if let (Scope::Mine(_), Some(text)) = (self.scope, &self.search) {
            sql.push(" AND lower(v.name) LIKE ")
                .push_value(crate::users::like_pattern(text))
                .push(" ESCAPE '!'");
        }
    }

    /// Whether it is the newest of one tag that are in lists, which an index of the tags gives by itself: without it a rare tag is looked for
    /// among all videos.
    fn is_newest_of_a_tag(&self) -> bool {
        let listed = !matches!(self.scope, Scope::Mine(_));
        listed && self.tags_any.len() == 1 && self.sort == VideoSort::Newest
    }

    /// The table, or that of the tags before it or instead of it, and the filters.
    fn source(&self, sql: &mut Sql) {
        let Some(tag) = self.tags_any.first().filter(|_| self.is_newest_of_a_tag()) else {
            sql.push(" FROM videos v");
            self.filters(sql);
            return;
        };
        let without = Self {
            tags_any: Vec::new(),
            ..self.clone()
        };
        if without.plain() && self.scope == Scope::Listed {
            sql.push(" FROM video_tags g WHERE TRUE");
        } else {
            sql.push(" FROM video_tags g JOIN videos v ON v.id = g.video_id");
            self.filters(sql);
        }
        sql.push(" AND g.listed_at IS NOT NULL AND g.tag = ")
            .push_value(tag);
    }

    /// What a row's number is called, and the order.
    fn order(&self) -> (&'static str, &'static str) {
        if self.is_newest_of_a_tag() {
            let order = " ORDER BY g.listed_at DESC, g.video_id DESC";
            ("g.video_id", order)
        } else {
            ("v.id", self.sort.order())
        }
    }

    /// Whether nothing but the scope decides what is in the list.
    pub fn plain(&self) -> bool {
        let same = Self {
            scope: self.scope,
            sort: self.sort,
            start: self.start,
            count: self.count,
            ..Self::default()
        };
        *self == same
    }
}

/// A list with filters is counted so far and no further: nobody pages to its end, and counting it all takes as long as a thousand lists.
pub const COUNTED: i64 = 10_000;

/// How many videos the list has in all; of one with filters at most `COUNTED`.
pub async fn total(mut db: impl Executor, query: &VideoQuery) -> Result<i64> {
    let anywhere = VideoQuery {
        origin: Origin::Any,
        ..query.clone()
    };
    if !anywhere.plain() {
        let mut sql = Sql::new("SELECT count(*) FROM (SELECT 1");
        query.source(&mut sql);
        sql.push(" LIMIT ").push_value(COUNTED).push(") counted");
        let (total,) = db.one(sql).await?;
        return Ok(total);
    }
    if query.origin != Origin::Remote {
        return total_of(&mut db, query).await;
    }
    // No index counts what is remote alone, but there are indexes of everything and of what is ours.
    let of = |origin| VideoQuery {
        origin,
        ..query.clone()
    };
    let everything = total_of(&mut db, &of(Origin::Any)).await?;
    Ok(everything - total_of(&mut db, &of(Origin::Local)).await?)
}

async fn total_of(db: &mut impl Executor, query: &VideoQuery) -> Result<i64> {
    let mut sql = Sql::new("SELECT count(*)");
    query.source(&mut sql);
    let (total,) = db.one(sql).await?;
    Ok(total)
}

/// The ids of one page.
pub async fn page_ids(mut db: impl Executor, query: &VideoQuery) -> Result<Vec<VideoId>> {
    let (id, order) = query.order();
    let mut sql = Sql::new("SELECT string_agg(CAST(id AS TEXT), ',') FROM (SELECT ");
    sql.push(id).push(" AS id");
    query.source(&mut sql);
    sql.push(order);
    sql.push(" LIMIT ").push_value(query.count);
    sql.push(" OFFSET ").push_value(query.start);
    sql.push(") page");
    let (text,): (Option<String>,) = db.one(sql).await?;
    Ok(ids_of(text.as_deref()).map(VideoId).collect())
}

/// The ids of a text that was put together by `string_agg`.
pub(crate) fn ids_of(text: Option<&str>) -> impl Iterator<Item = i64> {
    text.unwrap_or_default()
        .split(',')
        .filter_map(|id| id.parse().ok())
}

/// The ids of one page of the listed videos that hold the query's words, and how many there are
/// (of the pool that is looked at). Without a sort of its own a search shows the newest first.
pub async fn search_ids(db: &crate::Db, query: &VideoQuery) -> Result<(i64, Vec<VideoId>)> {
    let text = query.search.as_deref().unwrap_or_default();
    let mut among = VideoQuery {
        search: None,
        ..query.clone()
    };
    let page = |found: Vec<i64>| {
        let start = usize::try_from(query.start).unwrap_or(usize::MAX);
        let count = usize::try_from(query.count).unwrap_or(0);
        let ids = found.iter().copied().skip(start).take(count);
        (found.len() as i64, ids.map(VideoId).collect())
    };
    if among.plain() && among.sort == VideoSort::Newest {
        // The index gives newest first and holds listed videos only: nothing is left to ask.
        let pool = search::pool(query.start.saturating_add(query.count));
        return Ok(page(search::matches(db, text, pool).await?));
    }
    let found = search::matches(db, text, search::LARGEST_POOL).await?;
    if among.tags_any.len() == 1 {
        // Each is asked for its tag, not the tag for its videos.
        among.tags_all.append(&mut among.tags_any);
    }
    Ok(page(sifted(db, &among, &found).await?))
}

/// Those of the found that are in the list, in its order. SQLite is made to go from what was found to the rows: by itself it went through all
/// videos of a language for a few hundred of them.
async fn sifted(mut db: impl Executor, list: &VideoQuery, found: &[i64]) -> Result<Vec<i64>> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("SELECT string_agg(CAST(id AS TEXT), ',') FROM (WITH found(id) AS (");
    let mut before = "VALUES (";
    for id in found {
        sql.push(before).push_value(*id).push(")");
        before = ", (";
    }
    sql.push(") SELECT v.id FROM found CROSS JOIN videos v");
    list.filters(&mut sql);
    sql.push(" AND v.id = found.id").push(list.sort.order());
    sql.push(" LIMIT ")
        .push_value(search::LARGEST_POOL)
        .push(") page");
    let (text,): (Option<String>,) = db.one(sql).await?;
    Ok(ids_of(text.as_deref()).collect())
}
