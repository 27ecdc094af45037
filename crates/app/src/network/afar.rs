//! What somebody enters into the search that lives elsewhere: the address of a video, a channel or an account, or a handle. It is looked
//! up in our index first, and for whoever may it is fetched from where it lives. Nothing is believed here that is not believed elsewhere:
//! a handle leads to its own host alone, and a document counts for the address it names, at which it has to be found.

use super::{fetching, follows, ours};
use crate::{Error, Pod, Result};
use db::{remote_actors, remote_actors::Actor, remote_videos, users::User};
use fedi::{Object, webfinger::Query};
use names::{AccountId, ChannelId, Host, ObjectUri, VideoId, VideoRef};
use podnet::flood::Rate;
use std::{collections::HashMap, net::IpAddr, time::Duration};

/// What one person may have fetched: some at once, then one every ten seconds.
pub(crate) const RATE: Rate = Rate {
    per_second: 0.1,
    burst: 20.0,
};
/// What was found, or not found, is good for this long (ms).
const REMEMBERED: i64 = 60_000;
/// Answers that are remembered.
const MOST: usize = 5000;
/// A visitor waits no longer.
const TIME: Duration = Duration::from_secs(20);

/// Who looks for something.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    pub user: Option<&'a User>,
    pub address: IpAddr,
}

/// What an address or a handle means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    Video(VideoId),
    Channel(ChannelId),
    Account(AccountId),
}

/// What became of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It is neither an address nor a handle: words are looked for.
    Words,
    /// It means nothing here, nor where it leads.
    Nothing,
    Thing(Thing),
}

/// What was found lately, and what was not.
#[derive(Debug, Default)]
pub(crate) struct Memory(HashMap<String, (i64, Option<Thing>)>);

impl Memory {
    pub(super) fn get(&self, text: &str, now: i64) -> Option<Option<Thing>> {
        let (at, found) = self.0.get(text)?;
        (now - at < REMEMBERED).then_some(*found)
    }

    pub(super) fn put(&mut self, text: &str, found: Option<Thing>, now: i64) {
        if self.0.len() >= MOST {
            self.0.retain(|_, (at, _)| now - *at < REMEMBERED);
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(text.to_owned(), (now, found));
    }
}

/// Looks up an address (of a video, an account or a channel).
pub async fn by_address(pod: &Pod, asker: Asker<'_>, text: &str) -> Result<Found> {
    match Query::parse(text) {
        Some(query @ Query::Url(_)) => look_up(pod, asker, &query).await,
        _ => Ok(Found::Words),
    }
}

/// Looks up an address or a handle.
pub async fn by_address_or_handle(pod: &Pod, asker: Asker<'_>, text: &str) -> Result<Found> {
    match Query::parse(text) {
        Some(query) => look_up(pod, asker, &query).await,
        None => Ok(Found::Words),
    }
}

async fn look_up(pod: &Pod, asker: Asker<'_>, query: &Query) -> Result<Found> {
    let found = |thing: Option<Thing>| thing.map_or(Found::Nothing, Found::Thing);
    let (text, host) = match query {
        Query::Handle(handle) => (handle.to_string(), handle.host().clone()),
        Query::Url(uri) => (uri.to_string(), uri.host()),
    };
    if host == pod.own_host()? {
        return Ok(found(here(pod, query).await?));
    }
    if let Some(thing) = known(pod, query).await? {
        return Ok(Found::Thing(thing));
    }
    let terms = &pod.settings.network;
    let allowed = match asker.user {
        Some(_) => terms.users_fetch,
        None => terms.anonymous_fetch,
    };
    if !allowed || !fetching::is_open(pod, &host).await? {
        return Ok(Found::Nothing);
    }
    let now = pod.now();
    if let Some(remembered) = pod.network.remembers(&text, now) {
        return Ok(found(remembered));
    }
    let who = match asker.user {
        Some(user) => format!("user {}", user.id.0),
        None => super::calls::prefix(Some(asker.address)),
    };
    pod.network.admit_search(who, now)?;
    // Whatever goes wrong out there is remembered as nothing, so that nobody has us knock at the same door again and again.
    let fetched = match tokio::time::timeout(TIME, fetch(pod, query)).await {
        Ok(Ok(fetched)) => fetched,
        Ok(Err(Error::Internal(why))) => return Err(Error::Internal(why)),
        Ok(Err(why)) => {
            tracing::info!("{text} was not found: {why}");
            None
        }
        Err(_) => {
            tracing::info!("{text} was not found: it took too long");
            None
        }
    };
    pod.network.remember(&text, fetched, pod.now());
    Ok(found(fetched))
}

/// The last part of an address, when it is that of a page of ours or of our like.
enum Page<'a> {
    Video(VideoRef),
    Channel(&'a str),
    Account(&'a str),
}

fn page(uri: &ObjectUri) -> Option<Page<'_>> {
    let path = uri.as_str().split(['?', '#']).next()?.split_once("://")?.1;
    let (_, path) = path.split_once('/')?;
    let (kind, name) = path.trim_end_matches('/').rsplit_once('/')?;
    match kind {
        "w" | "videos/watch" | "videos/embed" => VideoRef::parse(name).ok().map(Page::Video),
        "c" | "video-channels" => Some(Page::Channel(name)),
        "a" | "accounts" => Some(Page::Account(name)),
        _ => None,
    }
}

/// What lives on this pod, or is shown on one of its pages.
async fn here(pod: &Pod, query: &Query) -> Result<Option<Thing>> {
    let channel = async |name: &str| match crate::channels::show(pod, name).await {
        Ok(channel) => Ok(Some(Thing::Channel(channel.id))),
        Err(Error::NotFound(_)) => Ok(None),
        Err(why) => Err(why),
    };
    let account = async |name: &str| match crate::channels::account(pod, name).await {
        Ok(account) => Ok(Some(Thing::Account(account.id))),
        Err(Error::NotFound(_)) => Ok(None),
        Err(why) => Err(why),
    };
    match query {
        Query::Handle(handle) => match channel(handle.name()).await? {
            None => account(handle.name()).await,
            found => Ok(found),
        },
        Query::Url(uri) => match page(uri) {
            Some(Page::Video(named)) => {
                let found = db::videos::find(&pod.db, named).await?;
                Ok(found
                    .filter(|found| found.video.listed())
                    .map(|found| Thing::Video(found.video.id)))
            }
            Some(Page::Channel(name)) => channel(name).await,
            Some(Page::Account(name)) => account(name).await,
            None => Ok(None),
        },
    }
}

fn thing(actor: &Actor) -> Option<Thing> {
    let channel = actor.channel_id.map(Thing::Channel);
    channel.or(actor.account_id.map(Thing::Account))
}

/// Where a person and a group share a name, the channel is meant: that is what has videos.
fn best(actors: &[Actor]) -> Option<Thing> {
    let mut things: Vec<_> = actors.iter().filter_map(thing).collect();
    things.sort_by_key(|thing| matches!(thing, Thing::Account(_)));
    things.first().copied()
}

/// What is in our index already.
async fn known(pod: &Pod, query: &Query) -> Result<Option<Thing>> {
    let by_handle = async |name: &str, host: &Host, wanted: fn(&Thing) -> bool| {
        let mut actors = remote_actors::by_handle(&pod.db, name, host).await?;
        actors.retain(|actor| thing(actor).is_some_and(|thing| wanted(&thing)));
        Ok::<_, Error>(best(&actors))
    };
    let uri = match query {
        Query::Handle(handle) => {
            return by_handle(handle.name(), handle.host(), |_| true).await;
        }
        Query::Url(uri) => uri,
    };
    if let Some(row) = remote_videos::by_uri(&pod.db, uri).await? {
        return Ok(Some(Thing::Video(row.video_id)));
    }
    if let Ok(uri) = names::ActorUri::parse(uri.as_str())
        && let Some(actor) = remote_actors::by_uri(&pod.db, &uri).await?
    {
        return Ok(thing(&actor));
    }
    let host = uri.host();
    match page(uri) {
        Some(Page::Video(named @ VideoRef::Uuid(_))) => {
            let Some(found) = db::videos::find(&pod.db, named).await? else {
                return Ok(None);
            };
            let row = remote_videos::by_id(&pod.db, found.video.id).await?;
            Ok(row
                .filter(|row| row.host == host)
                .map(|row| Thing::Video(row.video_id)))
        }
        Some(Page::Channel(name)) if !name.contains('@') => {
            by_handle(name, &host, |thing| matches!(thing, Thing::Channel(_))).await
        }
        Some(Page::Account(name)) if !name.contains('@') => {
            by_handle(name, &host, |thing| matches!(thing, Thing::Account(_))).await
        }
        _ => Ok(None),
    }
}

/// Fetches what is meant from where it lives, and keeps it.
async fn fetch(pod: &Pod, query: &Query) -> Result<Option<Thing>> {
    let not_there = |why: String| Error::invalid("search", why);
    let actor = match query {
        Query::Handle(handle) => follows::find(pod, handle).await.map_err(not_there)?,
        Query::Url(uri) => match fetching::object(pod, uri).await? {
            Ok(Object::Actor(actor)) => *actor,
            Ok(Object::Video(video)) => {
                let id = video.id.clone();
                fetching::learn(pod, &video).await?;
                fetching::believe(pod, *video).await?;
                let row = remote_videos::by_uri(&pod.db, &id).await?;
                return Ok(row.map(|row| Thing::Video(row.video_id)));
            }
            Ok(_) => return Err(not_there("it is neither a video nor somebody".into())),
            Err(why) => return Err(not_there(why.to_string())),
        },
    };
    if actor.id == ours::pod_uri(pod)? || db::blocks::is_blocked(&pod.db, &actor.id).await? {
        return Ok(None);
    }
    Ok(fetching::get_to_know(pod, &actor)
        .await?
        .and_then(|kept| thing(&kept)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_our_like() {
        for (address, expected) in [
            (
                "https://pod.example/w/9c9de5e8-0a1e-484a-b099-e80766180a6d",
                "video",
            ),
            (
                "https://pod.example/videos/watch/9c9de5e8-0a1e-484a-b099-e80766180a6d?start=3s",
                "video",
            ),
            ("https://pod.example/c/sea/", "channel sea"),
            ("https://pod.example/video-channels/sea", "channel sea"),
            (
                "https://pod.example/a/alice@other.example",
                "account alice@other.example",
            ),
            ("https://pod.example/a/alice/videos", "nothing"),
            ("https://pod.example/w/", "nothing"),
            ("https://pod.example/@alice", "nothing"),
            ("https://pod.example", "nothing"),
        ] {
            let uri = ObjectUri::parse(address).unwrap();
            let found = match page(&uri) {
                Some(Page::Video(_)) => "video".to_owned(),
                Some(Page::Channel(name)) => format!("channel {name}"),
                Some(Page::Account(name)) => format!("account {name}"),
                None => "nothing".to_owned(),
            };
            assert_eq!(found, expected, "{address}");
        }
    }

    #[test]
    fn memory_is_bounded_and_short() {
        let mut memory = Memory::default();
        memory.put("a", None, 0);
        assert_eq!(memory.get("a", REMEMBERED - 1), Some(None));
        assert_eq!(memory.get("a", REMEMBERED), None);
        assert_eq!(memory.get("b", 0), None);
        for n in 0..3 * MOST {
            memory.put(&n.to_string(), None, 0);
        }
        assert!(memory.0.len() <= MOST);
    }
}
