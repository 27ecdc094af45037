//! Signing in as PeerTube's clients do it: OAuth2 with the password and refresh grants. Tokens
//! are kept as hashes. Failed attempts are counted per address and per account.

use crate::{Error, Pod, Result, secrets};
use db::{tokens::NewToken, users::User};
use std::{net::IpAddr, time::Duration};

/// Milliseconds an access token lasts.
const ACCESS_LASTS: i64 = 24 * 3600 * 1000;
/// Milliseconds a refresh token lasts.
const REFRESH_LASTS: i64 = 14 * 24 * 3600 * 1000;
/// Failed attempts are forgotten after this long.
const WINDOW: Duration = Duration::from_secs(300);

/// Failed log-ins of the last minutes.
pub struct Attempts {
    by_address: Counter<IpAddr>,
    by_account: Counter<String>,
}

struct Counter<K> {
    counts: moka::sync::Cache<K, u32>,
    limit: u32,
}

impl<K: std::hash::Hash + Eq + Clone + Send + Sync + 'static> Counter<K> {
    fn new(limit: u32) -> Self {
        let counts = moka::sync::Cache::builder()
            .max_capacity(50_000)
            .time_to_live(WINDOW)
            .build();
        Self { counts, limit }
    }

    fn exhausted(&self, key: &K) -> bool {
        self.counts.get(key).is_some_and(|n| n >= self.limit)
    }

    fn add(&self, key: K) {
        self.counts
            .entry(key)
            .and_upsert_with(|entry| entry.map_or(1, |e| e.into_value().saturating_add(1)));
    }
}

impl Attempts {
    /// Counters with these limits.
    pub fn new(per_address: u32, per_account: u32) -> Self {
        Self {
            by_address: Counter::new(per_address),
            by_account: Counter::new(per_account),
        }
    }

    /// Counts an attempt before it is made, so that many at once do not slip through.
    fn begin(&self, address: IpAddr, account: &str) -> Result<()> {
        let account = account.to_lowercase();
        if self.by_address.exhausted(&address) || self.by_account.exhausted(&account) {
            return Err(Error::TooMany {
                seconds: WINDOW.as_secs() as i64,
                reason: "Too many attempts to log in. Wait five minutes and try again.".into(),
            });
        }
        self.by_address.add(address);
        self.by_account.add(account);
        Ok(())
    }

    /// A success wipes the slate.
    fn succeeded(&self, address: IpAddr, account: &str) {
        self.by_address.counts.invalidate(&address);
        self.by_account.counts.invalidate(&account.to_lowercase());
    }
}

/// What a client gets.
#[derive(Debug, Clone)]
pub struct Grant {
    pub access_token: String,
    pub refresh_token: String,
    /// Seconds.
    pub expires_in: i64,
    /// Seconds.
    pub refresh_token_expires_in: i64,
}

/// Refuses clients that do not present the pod's client id and secret.
pub fn check_client(pod: &Pod, id: &str, secret: &str) -> Result<()> {
    if *pod.client_id == *id && *pod.client_secret == *secret {
        return Ok(());
    }
    Err(Error::Grant {
        code: "invalid_client",
        reason: "The client is not known; ask /api/v1/oauth-clients/local for the one to use."
            .into(),
    })
}

/// Signs in with a name or an e-mail address and a password.
pub async fn by_password(pod: &Pod, address: IpAddr, login: &str, password: &str) -> Result<Grant> {
    pod.attempts.begin(address, login)?;
    let wrong = || Error::Grant {
        code: "invalid_grant",
        reason: "The user name or the password is wrong.".into(),
    };
    // Nothing longer was ever accepted, and hashing it would cost us only.
    if password.len() > 255 || login.len() > 254 {
        return Err(wrong());
    }
    let user = db::users::by_login(&pod.db, login).await?;
    // A name that does not exist takes as long as a wrong password, so that names cannot be fished.
    let hash = user
        .as_ref()
        .map_or(NOBODY, |u| &u.password_hash)
        .to_owned();
    let fits = secrets::password_fits(password.to_owned(), hash).await?;
    let Some(user) = user.filter(|_| fits) else {
        return Err(wrong());
    };
    pod.attempts.succeeded(address, login);
    refuse_blocked(&user)?;
    db::users::signed_in(&pod.db, user.id, pod.now()).await?;
    issue(pod, &user).await
}

/// An argon2id hash of a password nobody has.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn refuse_blocked(user: &User) -> Result<()> {
    if !user.blocked {
        return Ok(());
    }
    let because = user
        .blocked_reason
        .as_deref()
        .map_or(String::new(), |r| format!(": {r}"));
    Err(Error::Grant {
        code: "account_blocked",
        reason: format!("This account is blocked{because}."),
    })
}

/// Exchanges a refresh token for a new pair; the old pair ends.
pub async fn by_refresh(pod: &Pod, refresh_token: &str) -> Result<Grant> {
    let hash = secrets::token_hash(refresh_token);
    let gone = || Error::Grant {
        code: "invalid_grant",
        reason: "The session has ended. Log in again.".into(),
    };
    let id = db::tokens::take_refresh(&pod.db, &hash, pod.now())
        .await?
        .ok_or_else(gone)?;
    let user = db::users::by_id(&pod.db, id).await?.ok_or_else(gone)?;
    refuse_blocked(&user)?;
    issue(pod, &user).await
}

async fn issue(pod: &Pod, user: &User) -> Result<Grant> {
    let now = pod.now();
    let grant = Grant {
        access_token: secrets::random_token(),
        refresh_token: secrets::random_token(),
        expires_in: ACCESS_LASTS / 1000,
        refresh_token_expires_in: REFRESH_LASTS / 1000,
    };
    let token = NewToken {
        user: user.id,
        access_hash: &secrets::token_hash(&grant.access_token),
        refresh_hash: &secrets::token_hash(&grant.refresh_token),
        access_until: now + ACCESS_LASTS,
        refresh_until: now + REFRESH_LASTS,
        now,
    };
    db::tokens::insert(&pod.db, token).await?;
    Ok(grant)
}

/// Ends the session of an access token.
pub async fn revoke(pod: &Pod, access_token: &str) -> Result<()> {
    Ok(db::tokens::revoke(&pod.db, &secrets::token_hash(access_token)).await?)
}

/// Whose access token this is.
pub async fn user_of(pod: &Pod, access_token: &str) -> Result<User> {
    let refused = Error::Unauthorized("The access token is not valid or has ended. Log in again.");
    if access_token.is_empty() || access_token.len() > 256 {
        return Err(refused);
    }
    let hash = secrets::token_hash(access_token);
    match db::users::by_access_token(&pod.db, &hash, pod.now()).await? {
        Some(user) if !user.blocked => Ok(user),
        _ => Err(refused),
    }
}
