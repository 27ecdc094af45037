//! Somebody who asks for a file: the request, and what it brings to be let in.

use app::reading::Access;
use axum::extract::{FromRequestParts, Query};
use db::users::User;
use http::header::AUTHORIZATION;
use http::request::Parts;
use serde::Deserialize;

use crate::Site;
use crate::refusal::Refusal;
use crate::serve_file::Asker;

/// The request for a file.
pub struct Reader {
    parts: Parts,
    user: Option<User>,
    query: ReaderQuery,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReaderQuery {
    video_file_token: Option<String>,
    reinject_video_file_token: Option<String>,
}

impl Reader {
    /// With what the reader asks; a user's own token counts more than one for a video.
    pub fn access(&self) -> Access<'_> {
        match (&self.user, &self.query.video_file_token) {
            (Some(user), _) => Access::User(user),
            (None, Some(token)) => Access::Token(token),
            (None, None) => Access::Anonymous,
        }
    }

    /// True when the reader brought nothing.
    pub fn is_anonymous(&self) -> bool {
        matches!(self.access(), Access::Anonymous)
    }

    /// The token that is to be put into the addresses of a playlist.
    pub fn reinject(&self) -> Option<&str> {
        let wanted = self.query.reinject_video_file_token.as_deref();
        let token = self.query.video_file_token.as_deref();
        token.filter(|_| matches!(wanted, Some("true" | "1")))
    }

    /// What matters to the response.
    pub fn asker(&self) -> Asker<'_> {
        Asker::from(&self.parts)
    }
}

impl FromRequestParts<Site> for Reader {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Reader, Refusal> {
        let query = Query::try_from_uri(&parts.uri)
            .map_or_else(|_| ReaderQuery::default(), |Query(query)| query);
        let bearer = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let user = match bearer {
            Some(token) => Some(app::login::user_of(&site.pod, token.trim()).await?),
            None => None,
        };
        Ok(Reader {
            parts: parts.clone(),
            user,
            query,
        })
    }
}
