//! Errors as the API tells them: RFC 7807 with PeerTube's `code`, `error` and `invalid-params`.
//! The one place where a use case's error becomes a status.

use app::Error;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// An error on its way to the client.
#[derive(Debug)]
pub struct Problem(pub Error);

impl<E: Into<Error>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::Unauthorized(_) => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) | Error::Stranger { .. } => StatusCode::FORBIDDEN,
        Error::Invalid { .. } | Error::Grant { .. } => StatusCode::BAD_REQUEST,
        Error::Conflict { .. } => StatusCode::CONFLICT,
        Error::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
        Error::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Error::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn code(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::Grant { code, .. } | Error::Stranger { code, .. } => code,
        Error::Unauthorized(_) => "invalid_token",
        Error::TooLarge(_) => "quota_reached",
        Error::TooMany { .. } => "too_many_requests",
        Error::Unavailable(_) => "unavailable",
        Error::Unprocessable(_) => "video_unreadable",
        _ => return None,
    })
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let error = self.0;
        if let Error::Internal(cause) = &error {
            tracing::error!(cause = format!("{cause:#}"), "a request failed");
        }
        let status = status(&error);
        let detail = match &error {
            Error::Internal(_) => "Something went wrong on the pod. Its log says more.".to_owned(),
            other => other.to_string(),
        };
        let mut body = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or("Error"),
            "detail": detail,
            "status": status.as_u16(),
            "error": detail,
        });
        if let Some(code) = code(&error) {
            body["code"] = json!(code);
            body["type"] = json!(format!(
                "https://docs.joinpeertube.org/api-rest-reference.html#section/Errors/{code}"
            ));
        }
        let field = match &error {
            Error::Invalid { field, reason } => Some((field.as_str(), reason)),
            Error::Conflict { field, reason } => Some((*field, reason)),
            _ => None,
        };
        if let Some((field, reason)) = field {
            body["invalid-params"] =
                json!({ field: { "type": "field", "path": field, "msg": reason } });
        }
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json; charset=utf-8"),
        );
        match &error {
            Error::TooMany { seconds, .. } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
            Error::Unavailable(_) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(30));
            }
            Error::TooSlow(_) => {
                // What may still come of the body is nobody's request (RFC 9110, 15.5.9).
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Error::Unauthorized(_) => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}
