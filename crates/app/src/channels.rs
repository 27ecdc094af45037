//! Channels of an account.

use crate::{
    Error, Pod, Result,
    access::{self, Right},
    error::InField as _,
    removal,
};
use db::{accounts::Account, channels::Channel, remote_actors, users::User};
use names::{ActorName, ChannelId, Description, DisplayName, Host, Support};

/// An account has at most this many channels.
const MAX_CHANNELS: usize = 20;

/// What a new channel shall be.
#[derive(Debug, Clone)]
pub struct Draft {
    pub name: String,
    pub display_name: String,
    pub description: Option<String>,
    pub support: Option<String>,
}

/// What may be changed; `None` leaves a text alone.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub support: Option<String>,
}

/// The channel of this name or handle, of this pod or in our index.
pub async fn show(pod: &Pod, name: &str) -> Result<Channel> {
    let found = match elsewhere(pod, name).await? {
        Some(actors) => match actors.iter().find_map(|actor| actor.channel_id) {
            Some(id) => db::channels::by_id(&pod.db, id).await?,
            None => None,
        },
        None => db::channels::by_name(&pod.db, local_name(pod, name)?).await?,
    };
    found.ok_or(Error::NotFound("The channel was"))
}

/// The account of this name or handle, of this pod or in our index.
pub async fn account(pod: &Pod, name: &str) -> Result<Account> {
    let found = match elsewhere(pod, name).await? {
        Some(actors) => match actors.iter().find_map(|actor| actor.account_id) {
            Some(id) => db::accounts::by_id(&pod.db, id).await?,
            None => None,
        },
        None => db::accounts::by_name(&pod.db, local_name(pod, name)?).await?,
    };
    found.ok_or(Error::NotFound("The account was"))
}

/// The actors that a handle of another host may mean; nothing for a name of this pod.
async fn elsewhere(pod: &Pod, handle: &str) -> Result<Option<Vec<remote_actors::Actor>>> {
    let Some((name, host)) = handle.split_once('@') else {
        return Ok(None);
    };
    let Ok(host) = Host::parse(host) else {
        return Ok(None);
    };
    if host == pod.own_host()? {
        return Ok(None);
    }
    Ok(Some(remote_actors::by_handle(&pod.db, name, &host).await?))
}

/// A handle without our own host: `name@our.host` is `name`.
pub(crate) fn local_name<'a>(pod: &Pod, handle: &'a str) -> Result<&'a str> {
    match handle.split_once('@') {
        None => Ok(handle),
        Some((name, host)) if host == pod.host() => Ok(name),
        Some(_) => Err(Error::NotFound("The account or channel was")),
    }
}

/// Makes a channel.
pub async fn create(pod: &Pod, user: &User, draft: Draft) -> Result<ChannelId> {
    let name = ActorName::parse(&draft.name).field("name")?;
    let display_name = DisplayName::parse(&draft.display_name).field("displayName")?;
    let description =
        Description::parse(&draft.description.unwrap_or_default()).field("description")?;
    let support = support_text(draft.support)?;
    let mut tx = pod.db.begin().await?;
    if db::channels::of_account(&mut tx, user.account_id)
        .await?
        .len()
        >= MAX_CHANNELS
    {
        return Err(Error::Forbidden(format!(
            "An account has at most {MAX_CHANNELS} channels."
        )));
    }
    let taken = || Error::Conflict {
        field: "name",
        reason: format!("The name {name} is taken."),
    };
    if db::accounts::name_taken(&mut tx, name.as_str()).await? {
        return Err(taken());
    }
    let actor = db::accounts::insert_actor(
        &mut tx,
        "channel",
        name.as_str(),
        display_name.as_str(),
        description.as_str(),
        pod.now(),
    )
    .await
    .map_err(|e| match e {
        db::Error::Conflict(_) => taken(),
        other => other.into(),
    })?;
    let id = db::channels::insert(&mut tx, actor, user.account_id, support.as_deref()).await?;
    tx.commit().await?;
    Ok(id)
}

fn support_text(text: Option<String>) -> Result<Option<String>> {
    let text = text.filter(|t| !t.trim().is_empty());
    Ok(text
        .map(|t| Support::parse(&t))
        .transpose()
        .field("support")?
        .map(Support::into_string))
}

/// The channel, if the user may change it.
pub async fn mine(pod: &Pod, user: &User, name: &str) -> Result<Channel> {
    let channel = show(pod, name).await?;
    if channel.account_id != user.account_id && !access::has(user.role, Right::ManageVideos) {
        return Err(Error::Forbidden(
            "This channel belongs to somebody else.".into(),
        ));
    }
    Ok(channel)
}

/// Changes a channel's texts.
pub async fn edit(pod: &Pod, user: &User, name: &str, edit: Edit) -> Result<()> {
    let channel = mine(pod, user, name).await?;
    let display = edit
        .display_name
        .map(|t| DisplayName::parse(&t))
        .transpose()
        .field("displayName")?;
    let description = edit
        .description
        .map(|t| Description::parse(&t))
        .transpose()
        .field("description")?;
    let mut tx = pod.db.begin().await?;
    db::accounts::update_actor(
        &mut tx,
        channel.actor_id,
        display.as_ref().map(DisplayName::as_str),
        description.as_ref().map(Description::as_str),
        pod.now(),
    )
    .await?;
    if edit.support.is_some() {
        let support = support_text(edit.support)?;
        db::channels::set_support(&mut tx, channel.id, support.as_deref()).await?;
    }
    tx.commit().await?;
    pod.lists.clear();
    Ok(())
}

/// Deletes a channel with its videos. An account keeps at least one channel.
pub async fn delete(pod: &Pod, user: &User, name: &str) -> Result<()> {
    let channel = mine(pod, user, name).await?;
    let mut tx = pod.db.begin().await?;
    if db::channels::of_account(&mut tx, channel.account_id)
        .await?
        .len()
        < 2
    {
        return Err(Error::Conflict {
            field: "name",
            reason: "An account keeps at least one channel; make another one first.".into(),
        });
    }
    let videos = db::videos::all_of(&mut tx, channel.account_id, Some(channel.id)).await?;
    let removed = removal::videos_in(pod, &mut tx, &videos).await?;
    db::accounts::delete_actor(&mut tx, channel.actor_id).await?;
    tx.commit().await?;
    removed.after_commit(pod);
    Ok(())
}
