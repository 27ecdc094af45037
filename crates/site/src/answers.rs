//! Answers of the REST API, asked for inside of the process.
//!
//! A page carries the answers it would ask for first. Asking the API itself, without a network between, makes them the same to the
//! letter, with the same rules about who may see what: nobody is signed in here.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use http::{Request, StatusCode};
use serde::de::DeserializeOwned;
use tower::Service;

/// Where answers come from.
#[derive(Clone)]
pub struct Answers {
    api: Router,
}

/// One answer.
pub struct Answer {
    /// What was asked: path and query.
    pub path: String,
    /// How it went.
    pub status: StatusCode,
    /// JSON.
    pub body: Bytes,
}

impl Answers {
    /// Asks this router.
    pub fn new(api: Router) -> Answers {
        Answers { api }
    }

    /// The answer to a GET of `path`, a path with its query.
    pub async fn get(&self, path: String, client: Option<peers::ClientAddress>) -> Answer {
        let mut request = Request::new(Body::empty());
        let Ok(uri) = path.parse() else {
            return Answer {
                path,
                status: StatusCode::BAD_REQUEST,
                body: Bytes::new(),
            };
        };
        *request.uri_mut() = uri;
        if let Some(client) = client {
            request.extensions_mut().insert(client);
        }
        let response = match self.api.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        // Bodies of the API are in memory already.
        match to_bytes(response.into_body(), usize::MAX).await {
            Ok(body) => Answer { path, status, body },
            Err(_) => Answer {
                path,
                status: StatusCode::INTERNAL_SERVER_ERROR,
                body: Bytes::new(),
            },
        }
    }
}

impl Answer {
    /// What the answer says, if it is a good one.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        if !self.status.is_success() {
            return None;
        }
        serde_json::from_slice(&self.body).ok()
    }
}
