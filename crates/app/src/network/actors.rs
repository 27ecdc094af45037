//! Actors of other pods: fetched from where they live, kept as rows, and fetched again when they are old or their key has changed.

use super::calls::{self, ACCEPT, OBJECT};
use crate::{Error, Pod, Result};
use db::{Tx, remote_actors as rows, remote_actors::RemoteActor};
use fedi::{Actor, ActorKind as Kind};
use names::{AccountId, ActorId, ActorKind, ActorUri, ChannelId, DisplayName, Host};

/// Why an actor was not got.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Missing {
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    #[error("{0}")]
    Wrong(String),
}

/// Fetches an actor from where it lives.
pub(crate) async fn fetch(pod: &Pod, uri: &ActorUri) -> std::result::Result<Actor, Missing> {
    let (bytes, from) = calls::get(pod, uri.as_str(), ACCEPT, OBJECT).await?;
    // The document counts for where it came from, not for where it was looked for.
    let from = ActorUri::parse(from.as_str()).map_err(|why| Missing::Wrong(why.to_string()))?;
    let actor = Actor::fetched(&bytes, &from).map_err(|why| Missing::Wrong(why.to_string()))?;
    if actor.id.host() != uri.host() {
        let why = format!("{uri} is a document of {}", actor.id.host());
        return Err(Missing::Wrong(why));
    }
    Ok(actor)
}

/// Fetches the actor of a whole pod.
pub(crate) async fn fetch_pod(pod: &Pod, host: &Host) -> std::result::Result<Actor, Missing> {
    let uri = format!("{}/accounts/{}", pod.base_of(host), super::POD_NAME);
    let uri = ActorUri::parse(&uri).map_err(|why| Missing::Wrong(why.to_string()))?;
    let actor = fetch(pod, &uri).await?;
    if actor.kind != Kind::Application || actor.key.is_none() {
        let why = format!("{host} has no actor with a key for the whole pod");
        return Err(Missing::Wrong(why));
    }
    Ok(actor)
}

/// What is kept of an actor.
fn row<'a>(actor: &'a Actor, kind: ActorKind, texts: &'a Texts, now: i64) -> RemoteActor<'a> {
    RemoteActor {
        uri: &actor.id,
        kind,
        name: &actor.name,
        display_name: &texts.display_name,
        description: &texts.description,
        inbox: Some(&actor.inbox),
        shared_inbox: actor.shared_inbox.as_ref(),
        outbox: actor.outbox.as_ref(),
        public_key: texts.key.as_deref(),
        picture_url: actor.icons.last().map(|icon| icon.url.as_str()),
        created_at: actor.published.unwrap_or(now),
        now,
    }
}

/// The texts of an actor as this pod shows them: other servers write HTML and have other limits.
struct Texts {
    display_name: String,
    description: String,
    key: Option<String>,
}

impl Texts {
    fn of(actor: &Actor) -> Self {
        let shown = actor.display_name.as_deref().unwrap_or(&actor.name);
        let shown: String = shown
            .chars()
            .filter(|c| !c.is_control())
            .take(120)
            .collect();
        let display_name = DisplayName::parse(&shown).map(DisplayName::into_string);
        Self {
            display_name: display_name.unwrap_or_else(|_| actor.name.clone()),
            description: super::remote::plain(actor.summary.as_deref().unwrap_or_default(), 10_000),
            key: actor.key.as_ref().map(|key| key.key.to_pem()),
        }
    }
}

/// Keeps the actor of a pod.
pub(crate) async fn put_pod(tx: &mut Tx, actor: &Actor, now: i64) -> Result<ActorId> {
    let texts = Texts::of(actor);
    let kept = rows::upsert(&mut *tx, &row(actor, ActorKind::Application, &texts, now)).await?;
    kept.ok_or_else(|| Error::Forbidden(format!("{} is known as something else.", actor.id)))
}

/// Keeps an account.
pub(crate) async fn put_account(tx: &mut Tx, actor: &Actor, now: i64) -> Result<Option<AccountId>> {
    let texts = Texts::of(actor);
    Ok(rows::upsert_account(tx, &row(actor, ActorKind::Account, &texts, now)).await?)
}

/// Keeps a channel of an account.
pub(crate) async fn put_channel(
    tx: &mut Tx,
    actor: &Actor,
    account: AccountId,
    now: i64,
) -> Result<Option<ChannelId>> {
    let texts = Texts::of(actor);
    let support = actor
        .support
        .as_deref()
        .map(|text| super::remote::plain(text, 1000));
    let row = row(actor, ActorKind::Channel, &texts, now);
    Ok(rows::upsert_channel(tx, &row, account, support.as_deref()).await?)
}

/// Keeps an actor of whatever kind. Nothing when it is known as something else, or is a channel without an account.
pub(crate) async fn put(tx: &mut Tx, actor: &Actor, now: i64) -> Result<Option<ActorId>> {
    match actor.kind {
        Kind::Application => return put_pod(tx, actor, now).await.map(Some),
        Kind::Group => {
            // Of an account elsewhere nothing is written down on a stranger's word, not even that it exists.
            let at_home = |owner: &&ActorUri| owner.host() == actor.id.host();
            let Some(owner) = actor.account().filter(at_home) else {
                return Ok(None);
            };
            let owner = match rows::by_uri(&mut *tx, owner).await? {
                Some(known) => known.account_id,
                None => match super::index::unknown(owner, Kind::Person) {
                    Some(owner) => put_account(tx, &owner, now).await?,
                    None => None,
                },
            };
            let Some(owner) = owner else {
                return Ok(None);
            };
            put_channel(tx, actor, owner, now).await?;
        }
        _ => {
            put_account(tx, actor, now).await?;
        }
    }
    let kept = rows::by_uri(&mut *tx, &actor.id).await?;
    Ok(kept
        .filter(|kept| kept.public_key.is_some())
        .map(|kept| kept.id))
}
