//! Logging in and out as PeerTube's clients do it.

use crate::{
    Answer,
    extract::{AccessToken, Address},
};
use app::{Error, Pod, login};
use axum::{Json, body::Bytes, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The client every program presents.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Client {
    pub client_id: String,
    pub client_secret: String,
}

/// The client id and secret that a log-in needs.
#[utoipa::path(get, path = "/api/v1/oauth-clients/local", tag = "session", responses((status = 200, body = Client)))]
pub async fn local_client(State(pod): State<Pod>) -> Json<Client> {
    Json(Client {
        client_id: pod.client_id.to_string(),
        client_secret: pod.client_secret.to_string(),
    })
}

/// The form of a log-in.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct TokenForm {
    pub client_id: String,
    pub client_secret: String,
    /// `password` or `refresh_token`.
    pub grant_type: String,
    /// With `password`: the user's name or e-mail address.
    pub username: Option<String>,
    pub password: Option<String>,
    /// With `refresh_token`.
    pub refresh_token: Option<String>,
}

/// A pair of tokens.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TokenPair {
    pub token_type: &'static str,
    pub access_token: String,
    pub refresh_token: String,
    /// Seconds.
    pub expires_in: i64,
    /// Seconds.
    pub refresh_token_expires_in: i64,
}

fn read_form(bytes: &[u8]) -> Answer<TokenForm> {
    // Some clients send JSON; the field names are the same.
    if bytes.first() == Some(&b'{') {
        return crate::extract::json(bytes);
    }
    let mut fields: HashMap<String, String> = form_urlencoded::parse(bytes)
        .into_owned()
        .take(20)
        .collect();
    let mut needed = |name: &str| {
        fields.remove(name).ok_or_else(|| Error::Grant {
            code: "invalid_request",
            reason: format!("{name} is missing"),
        })
    };
    Ok(TokenForm {
        client_id: needed("client_id")?,
        client_secret: needed("client_secret")?,
        grant_type: needed("grant_type")?,
        username: fields.remove("username"),
        password: fields.remove("password"),
        refresh_token: fields.remove("refresh_token"),
    })
}

/// Logs in (`password`) or prolongs a session (`refresh_token`).
#[utoipa::path(post, path = "/api/v1/users/token", tag = "session",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = TokenPair), (status = 400, description = "`invalid_grant`, `invalid_client`"), (status = 429)))]
pub async fn token(
    State(pod): State<Pod>,
    Address(address): Address,
    bytes: Bytes,
) -> Answer<Json<TokenPair>> {
    let form = read_form(&bytes)?;
    login::check_client(&pod, &form.client_id, &form.client_secret)?;
    let missing = |name: &str| Error::Grant {
        code: "invalid_request",
        reason: format!("{name} is missing"),
    };
    let grant = match form.grant_type.as_str() {
        "password" => {
            let user = form.username.ok_or_else(|| missing("username"))?;
            let password = form.password.ok_or_else(|| missing("password"))?;
            login::by_password(&pod, address, &user, &password).await?
        }
        "refresh_token" => {
            let token = form.refresh_token.ok_or_else(|| missing("refresh_token"))?;
            login::by_refresh(&pod, &token).await?
        }
        _ => {
            return Err(Error::Grant {
                code: "unsupported_grant_type",
                reason: "grant_type is password or refresh_token".into(),
            }
            .into());
        }
    };
    Ok(Json(TokenPair {
        token_type: "Bearer",
        access_token: grant.access_token,
        refresh_token: grant.refresh_token,
        expires_in: grant.expires_in,
        refresh_token_expires_in: grant.refresh_token_expires_in,
    }))
}

/// Logs out.
#[utoipa::path(post, path = "/api/v1/users/revoke-token", tag = "session", responses((status = 200)))]
pub async fn revoke_token(
    State(pod): State<Pod>,
    AccessToken(token): AccessToken,
) -> Answer<Json<Value>> {
    login::revoke(&pod, &token).await?;
    Ok(Json(json!({})))
}
