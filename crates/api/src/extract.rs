//! What handlers take: the signed-in user, the client's address, bodies and paths that were
//! checked, each refused in the API's own error format.

use crate::Problem;
use app::{Error, Pod};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, header, request::Parts},
};
use db::users::User;
use names::VideoRef;
use serde::de::DeserializeOwned;
use std::net::{IpAddr, Ipv4Addr};

/// The user whose token the request carries; 401 without.
pub struct SignedIn(pub User);

/// The user if the request carries a token (which must then be valid).
pub struct Viewer(pub Option<User>);

/// The client's address, as the listener found it out.
pub struct Address(pub IpAddr);

/// The access token as it was sent.
pub struct AccessToken(pub String);

/// A JSON body, with the field named when it does not fit.
pub struct Body<T>(pub T);

/// `{id}` of a video: number, uuid or short uuid.
pub struct Named(pub VideoRef);

/// `{id}` of anything else.
pub struct Number(pub i64);

/// A name in the path: of an account or a channel.
pub struct Name(pub String);

impl FromRequestParts<Pod> for Number {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, pod: &Pod) -> Result<Self, Problem> {
        let path = Path::<i64>::from_request_parts(parts, pod).await;
        path.map(|Path(id)| Self(id))
            .map_err(|_| Error::invalid("id", "a whole number").into())
    }
}

impl FromRequestParts<Pod> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, pod: &Pod) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, pod).await;
        path.map(|Path(name)| Self(name))
            .map_err(|e| Error::invalid("name", e).into())
    }
}

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl FromRequestParts<Pod> for AccessToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Pod) -> Result<Self, Problem> {
        bearer(&parts.headers)
            .map(|token| Self(token.to_owned()))
            .ok_or_else(|| Error::Unauthorized("This needs an access token. Log in first.").into())
    }
}

impl FromRequestParts<Pod> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, pod: &Pod) -> Result<Self, Problem> {
        let AccessToken(token) = AccessToken::from_request_parts(parts, pod).await?;
        Ok(Self(app::login::user_of(pod, &token).await?))
    }
}

impl FromRequestParts<Pod> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, pod: &Pod) -> Result<Self, Problem> {
        match bearer(&parts.headers) {
            None => Ok(Self(None)),
            Some(token) => Ok(Self(Some(app::login::user_of(pod, token).await?))),
        }
    }
}

impl FromRequestParts<Pod> for Address {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Pod) -> Result<Self, Problem> {
        let found = parts.extensions.get::<peers::ClientAddress>().map(|a| a.0);
        Ok(Self(found.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}

impl FromRequestParts<Pod> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, pod: &Pod) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, pod)
            .await
            .map_err(|e| Error::invalid("id", e))?;
        Ok(Self(
            VideoRef::parse(&text).map_err(|e| Error::invalid("id", e))?,
        ))
    }
}

impl<T: DeserializeOwned> FromRequest<Pod> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, pod: &Pod) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, pod)
            .await
            .map_err(|e| Error::invalid("body", e))?;
        json(&bytes).map(Self)
    }
}

/// Reads JSON, naming the field that does not fit. An empty body is an empty object.
pub(crate) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." || path.is_empty() {
            "body".to_owned()
        } else {
            path
        };
        Error::invalid(field, error.inner()).into()
    })
}
