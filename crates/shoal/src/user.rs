//! Users from the command line, for the first steps and for locked-out administrators.

use anyhow::{Context, Result};
use app::users::Draft;
use app::{Clock, Pod};
use db::Db;
use names::Role;

use crate::command::User;
use crate::config::Config;
use crate::{lock, serve, settings};

/// Does what was asked, and prints a password that was made up.
pub fn user(config: Config, what: &User) -> Result<()> {
    serve::runtime()?.block_on(async {
        match what {
            User::Create {
                username,
                email,
                role,
                password,
            } => create(&config, username, email, role, password.clone()).await,
            User::ResetPassword { login, password } => {
                reset_password(&config, login, password.clone()).await
            }
        }
    })
}

async fn create(
    config: &Config,
    username: &str,
    email: &str,
    role: &str,
    password: Option<String>,
) -> Result<()> {
    let role = match role {
        "admin" => Role::Admin,
        "moderator" => Role::Moderator,
        "user" => Role::User,
        other => anyhow::bail!("--role {other} is not allowed. Allowed: admin, moderator, user."),
    };
    let _lock = config
        .database
        .is_sqlite()
        .then(|| lock::take(&config.data))
        .transpose()?;
    let pod = Pod::open(settings::settings(config, None), Clock::System).await?;
    let (password, made_up) = given_or_made_up(password);
    let draft = Draft {
        username: username.into(),
        email: email.into(),
        password: Some(password),
        role,
        display_name: None,
        channel_name: None,
        channel_display_name: None,
        quota: None,
        quota_daily: None,
    };
    app::users::insert(&pod, draft).await?;
    println!("user {username} was created");
    tell(made_up);
    pod.db.close().await;
    Ok(())
}

/// Works beside a running pod: it touches the database only, and only one row of it.
async fn reset_password(config: &Config, login: &str, password: Option<String>) -> Result<()> {
    let db = Db::open(&config.database_url())
        .await
        .context("the database cannot be opened")?;
    let (password, made_up) = given_or_made_up(password);
    app::users::reset_password(&db, login, &password).await?;
    println!("{login} has a new password and is signed out everywhere");
    tell(made_up);
    db.close().await;
    Ok(())
}

fn given_or_made_up(password: Option<String>) -> (String, Option<String>) {
    match password {
        Some(password) => (password, None),
        None => {
            let password = app::random_password();
            (password.clone(), Some(password))
        }
    }
}

fn tell(made_up: Option<String>) {
    if let Some(password) = made_up {
        println!("password: {password}");
    }
}
