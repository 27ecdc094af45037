//! Users and their accounts: made by an admin or by registration, changed, blocked, deleted.

use crate::{
    Error, Pod, Result, SignUp,
    access::{self, Right},
    error::InField as _,
    removal, secrets,
};
use db::{
    Db, Tx,
    users::{NewUser, User, UserChanges, UserQuery},
};
use names::{ActorName, Description, DisplayName, Email, Password, Quota, Role, UserId, Username};

/// What a new user shall be.
#[derive(Debug, Clone)]
pub struct Draft {
    pub username: String,
    pub email: String,
    pub password: Option<String>,
    pub display_name: Option<String>,
    /// The first channel's name; `{username}_channel` when not given.
    pub channel_name: Option<String>,
    pub channel_display_name: Option<String>,
    pub role: Role,
    pub quota: Option<Quota>,
    pub quota_daily: Option<Quota>,
}

/// Makes `root` if there is no user yet; the password, if it was made up here.
pub async fn first_admin(pod: &Pod, password: Option<String>) -> Result<Option<String>> {
    if db::users::count(&pod.db).await? > 0 {
        return Ok(None);
    }
    let made_up = password.is_none().then(secrets::random_password);
    let draft = Draft {
        username: "root".into(),
        email: "root@localhost".into(),
        password: password.or_else(|| made_up.clone()),
        display_name: None,
        channel_name: None,
        channel_display_name: Some("Main root channel".into()),
        role: Role::Admin,
        quota: Some(Quota::Unlimited),
        quota_daily: Some(Quota::Unlimited),
    };
    insert(pod, draft).await?;
    Ok(made_up)
}

/// Registers whoever asks, where the admin allows it.
pub async fn register(pod: &Pod, mut draft: Draft) -> Result<UserId> {
    if pod.settings.sign_up == SignUp::Closed {
        return Err(Error::Forbidden(
            "Registration is closed on this pod.".into(),
        ));
    }
    draft.role = Role::User;
    (draft.quota, draft.quota_daily) = (None, None);
    insert(pod, draft).await
}

/// Makes a user for an admin or a moderator (who can make ordinary users only).
pub async fn create(pod: &Pod, admin: &User, draft: Draft) -> Result<UserId> {
    access::require(admin, Right::ManageUsers)?;
    if admin.role != Role::Admin && draft.role != Role::User {
        return Err(Error::Forbidden(
            "Moderators may make ordinary users only.".into(),
        ));
    }
    insert(pod, draft).await
}

/// Makes a user with account and first channel.
pub async fn insert(pod: &Pod, draft: Draft) -> Result<UserId> {
    let username = Username::parse(&draft.username).field("username")?;
    let email = Email::parse(&draft.email).field("email")?;
    let password = match &draft.password {
        Some(text) if !text.is_empty() => Password::parse(text).field("password")?,
        // Without a mail to set one, an empty password means "nobody signs in until it is reset".
        _ => Password::parse(&secrets::random_password()).field("password")?,
    };
    let display_name = draft
        .display_name
        .as_deref()
        .filter(|n| !n.trim().is_empty());
    let display_name =
        DisplayName::parse(display_name.unwrap_or(username.as_str())).field("displayName")?;
    let channel = draft
        .channel_name
        .unwrap_or_else(|| format!("{username}_channel"));
    let channel = ActorName::parse(&channel).field("channelName")?;
    if channel.as_str() == username.as_str() {
        return Err(Error::invalid(
            "channelName",
            "a channel is not called like its user",
        ));
    }
    let channel_title = draft
        .channel_display_name
        .unwrap_or_else(|| format!("Main {username} channel"));
    let channel_title = DisplayName::parse(&channel_title).field("channel.displayName")?;
    let hash = secrets::hash_password(password.reveal().to_owned()).await?;

    let mut tx = pod.db.begin().await?;
    let now = pod.now();
    for (field, name) in [
        ("username", username.as_str()),
        ("channelName", channel.as_str()),
    ] {
        if db::accounts::name_taken(&mut tx, name).await? {
            return Err(Error::Conflict {
                field,
                reason: format!("The name {name} is taken."),
            });
        }
    }
    let user = NewUser {
        username: username.as_str(),
        email: email.as_str(),
        password_hash: &hash,
        role: draft.role,
        quota: draft.quota.unwrap_or(pod.settings.quota).number(),
        quota_daily: draft
            .quota_daily
            .unwrap_or(pod.settings.quota_daily)
            .number(),
        now,
    };
    let id = db::users::insert(&mut tx, user).await.map_err(taken)?;
    let actor = db::accounts::insert_actor(
        &mut tx,
        "account",
        username.as_str(),
        display_name.as_str(),
        "",
        now,
    )
    .await
    .map_err(taken)?;
    let account = db::accounts::insert(&mut tx, actor, id).await?;
    let actor = db::accounts::insert_actor(
        &mut tx,
        "channel",
        channel.as_str(),
        channel_title.as_str(),
        "",
        now,
    )
    .await
    .map_err(taken)?;
    db::channels::insert(&mut tx, actor, account, None).await?;
    tx.commit().await?;
    tracing::info!(user = %username, role = ?draft.role, "user made");
    Ok(id)
}

fn taken(error: db::Error) -> Error {
    match error {
        db::Error::Conflict(_) => Error::Conflict {
            field: "username",
            reason: "The name or the e-mail address is taken.".into(),
        },
        other => other.into(),
    }
}

/// One page of users for admins and moderators.
pub async fn list(pod: &Pod, admin: &User, query: &UserQuery) -> Result<(i64, Vec<User>)> {
    access::require(admin, Right::SeeUsers)?;
    Ok(db::users::list(&pod.db, query).await?)
}

/// One user, for admins and moderators.
pub async fn show(pod: &Pod, admin: &User, id: UserId) -> Result<User> {
    access::require(admin, Right::SeeUsers)?;
    db::users::by_id(&pod.db, id)
        .await?
        .ok_or(Error::NotFound("The user was"))
}

/// What an admin may change on a user.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    pub email: Option<String>,
    pub password: Option<String>,
    pub role: Option<Role>,
    pub quota: Option<Quota>,
    pub quota_daily: Option<Quota>,
}

/// Changes a user; a new password or role signs them out everywhere.
pub async fn edit(pod: &Pod, admin: &User, id: UserId, edit: Edit) -> Result<()> {
    let user = show(pod, admin, id).await?;
    access::require_above(admin, &user)?;
    if edit.role.is_some_and(|role| role != user.role) {
        if admin.role != Role::Admin {
            return Err(Error::Forbidden("Only administrators change roles.".into()));
        }
        if user.username == "root" {
            return Err(Error::Forbidden("root stays an administrator.".into()));
        }
    }
    let email = edit
        .email
        .map(|e| Email::parse(&e))
        .transpose()
        .field("email")?;
    let password = edit.password.filter(|p| !p.is_empty());
    let password = password
        .map(|p| Password::parse(&p))
        .transpose()
        .field("password")?;
    let signs_out = password.is_some() || edit.role.is_some_and(|role| role != user.role);
    let password_hash = match password {
        Some(p) => Some(secrets::hash_password(p.reveal().to_owned()).await?),
        None => None,
    };
    let changes = UserChanges {
        email: email.map(Email::into_string),
        password_hash,
        role: edit.role,
        quota: edit.quota.map(Quota::number),
        quota_daily: edit.quota_daily.map(Quota::number),
        ..UserChanges::default()
    };
    let mut tx = pod.db.begin().await?;
    db::users::update(&mut tx, id, &changes)
        .await
        .map_err(taken)?;
    if signs_out {
        db::tokens::revoke_all(&mut tx, id).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Blocks a user: signed out at once, kept out until unblocked.
pub async fn block(pod: &Pod, admin: &User, id: UserId, reason: Option<&str>) -> Result<()> {
    let user = show(pod, admin, id).await?;
    access::require_above(admin, &user)?;
    if user.username == "root" || user.id == admin.id {
        return Err(Error::Forbidden(
            "Neither root nor oneself can be blocked.".into(),
        ));
    }
    if reason.is_some_and(|r| r.chars().count() > 3000) {
        return Err(Error::invalid(
            "reason",
            "a reason has at most 3000 characters",
        ));
    }
    let mut tx = pod.db.begin().await?;
    db::users::set_blocked(&mut tx, id, true, reason.filter(|r| !r.is_empty())).await?;
    db::tokens::revoke_all(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}

/// Lets a blocked user in again.
pub async fn unblock(pod: &Pod, admin: &User, id: UserId) -> Result<()> {
    let user = show(pod, admin, id).await?;
    access::require_above(admin, &user)?;
    Ok(db::users::set_blocked(&pod.db, id, false, None).await?)
}

/// Deletes a user with account, channels and videos.
pub async fn delete(pod: &Pod, admin: &User, id: UserId) -> Result<()> {
    let user = show(pod, admin, id).await?;
    access::require_above(admin, &user)?;
    delete_all_of(pod, &user).await
}

/// Deletes one's own account.
pub async fn delete_me(pod: &Pod, user: &User) -> Result<()> {
    delete_all_of(pod, user).await
}

async fn delete_all_of(pod: &Pod, user: &User) -> Result<()> {
    if user.username == "root" {
        return Err(Error::Forbidden("root cannot be deleted.".into()));
    }
    let mut tx = pod.db.begin().await?;
    let videos = db::videos::all_of(&mut tx, user.account_id, None).await?;
    let removed = removal::videos_in(pod, &mut tx, &videos).await?;
    crate::comments::forget(pod, &mut tx, user).await?;
    delete_actors(&mut tx, user).await?;
    db::users::delete(&mut tx, user.id).await?;
    tx.commit().await?;
    removed.after_commit(pod);
    tracing::info!(user = user.username, videos = videos.len(), "user deleted");
    Ok(())
}

async fn delete_actors(tx: &mut Tx, user: &User) -> Result<()> {
    for channel in db::channels::of_account(&mut *tx, user.account_id).await? {
        db::accounts::delete_actor(&mut *tx, channel.actor_id).await?;
    }
    Ok(db::accounts::delete_actor(&mut *tx, user.actor_id).await?)
}

/// What users may change on themselves.
#[derive(Debug, Clone, Default)]
pub struct EditMe {
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub email: Option<String>,
    pub password: Option<String>,
    /// Needed to change the password or the address.
    pub current_password: Option<String>,
    pub p2p_enabled: Option<bool>,
    pub auto_play: Option<bool>,
    pub nsfw_policy: Option<String>,
    pub theme: Option<String>,
    pub language: Option<String>,
}

/// Changes oneself. Password and address need the current password.
pub async fn edit_me(pod: &Pod, user: &User, edit: EditMe) -> Result<()> {
    let email = edit
        .email
        .map(|e| Email::parse(&e))
        .transpose()
        .field("email")?;
    let password = edit
        .password
        .map(|p| Password::parse(&p))
        .transpose()
        .field("password")?;
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
    if let Some(policy) = &edit.nsfw_policy
        && !["do_not_list", "blur", "warn", "display"].contains(&policy.as_str())
    {
        return Err(Error::invalid(
            "nsfwPolicy",
            "do_not_list, blur, warn or display",
        ));
    }
    for (field, text) in [("theme", &edit.theme), ("language", &edit.language)] {
        if text.as_ref().is_some_and(|t| t.len() > 50) {
            return Err(Error::invalid(field, "at most 50 characters"));
        }
    }
    if password.is_some() || email.as_ref().is_some_and(|e| e.as_str() != user.email) {
        let current = edit.current_password.unwrap_or_default();
        if !secrets::password_fits(current, user.password_hash.clone()).await? {
            return Err(Error::Unauthorized("The current password is wrong."));
        }
    }
    let password_hash = match password {
        Some(p) => Some(secrets::hash_password(p.reveal().to_owned()).await?),
        None => None,
    };
    let changes = UserChanges {
        email: email.map(Email::into_string),
        password_hash,
        p2p_enabled: edit.p2p_enabled,
        auto_play: edit.auto_play,
        nsfw_policy: edit.nsfw_policy,
        theme: edit.theme,
        language: edit.language,
        ..UserChanges::default()
    };
    let mut tx = pod.db.begin().await?;
    db::users::update(&mut tx, user.id, &changes)
        .await
        .map_err(taken)?;
    if display.is_some() || description.is_some() {
        let (display, description) = (
            display.as_ref().map(DisplayName::as_str),
            description.as_ref().map(Description::as_str),
        );
        db::accounts::update_actor(&mut tx, user.actor_id, display, description, pod.now()).await?;
    }
    tx.commit().await?;
    pod.lists.clear();
    Ok(())
}

/// How much of a user's quota is used: in all, and within the last 24 hours.
pub async fn used(pod: &Pod, user: UserId) -> Result<(i64, i64)> {
    Ok(db::users::used(&pod.db, user, pod.now() - 24 * 3600 * 1000).await?)
}

/// Sets a user's password from the command line, on a pod that need not run.
pub async fn reset_password(db: &Db, login: &str, password: &str) -> Result<()> {
    let password = Password::parse(password).field("password")?;
    let user = db::users::by_login(db, login)
        .await?
        .ok_or(Error::NotFound("The user was"))?;
    let changes = UserChanges {
        password_hash: Some(secrets::hash_password(password.reveal().to_owned()).await?),
        ..UserChanges::default()
    };
    db::users::update(db, user.id, &changes).await?;
    Ok(db::tokens::revoke_all(db, user.id).await?)
}
