//! Somebody who talks to the pod's API, through the real router and without a network.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::{net::Ipv4Addr, path::Path};
use tower::ServiceExt as _;

/// A person or a program; cheap to clone.
#[derive(Clone)]
pub struct Client {
    router: Router,
    token: Option<String>,
    refresh: Option<String>,
    address: Ipv4Addr,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
    }

    /// Fails unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }
}

impl Client {
    pub(crate) fn new(router: Router) -> Self {
        Self {
            router,
            token: None,
            refresh: None,
            address: Ipv4Addr::LOCALHOST,
        }
    }

    /// The same client from another address.
    pub fn at(mut self, address: [u8; 4]) -> Self {
        self.address = address.into();
        self
    }

    /// The access token.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// The refresh token.
    pub fn refresh_token(&self) -> &str {
        self.refresh.as_deref().unwrap_or_default()
    }

    /// The same client with another access token.
    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// Sends a request as it is, with address and token added.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        request
            .extensions_mut()
            .insert(peers::ClientAddress(self.address.into()));
        if let Some(token) = &self.token {
            let value = format!("Bearer {token}")
                .parse()
                .expect("a token is plain text");
            request.headers_mut().insert("authorization", value);
        }
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("the router never fails");
        let (parts, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .expect("the body can be read")
            .to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_vec(),
        }
    }

    /// A request with a JSON body (none when it is `null`).
    pub async fn request(&self, method: &str, path: &str, body: Value) -> Answer {
        let bytes = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("host", "pod.example:9000")
            .body(Body::from(bytes))
            .expect("the request is well formed");
        self.send(request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path, body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.request("PUT", path, body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path, Value::Null).await
    }

    /// Asks for tokens with the form PeerTube's clients send.
    pub async fn token_request(&self, fields: &[(&str, &str)]) -> Answer {
        let client = self.get("/api/v1/oauth-clients/local").await.json();
        let mut form = format!(
            "client_id={}&client_secret={}",
            client["client_id"].as_str().unwrap_or_default(),
            client["client_secret"].as_str().unwrap_or_default()
        );
        for (name, value) in fields {
            form.push_str(&format!("&{name}={value}"));
        }
        let request = Request::builder()
            .method("POST")
            .uri("/api/v1/users/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form))
            .expect("the request is well formed");
        self.send(request).await
    }

    /// Signs in; the password must be right.
    pub async fn sign_in(&self, name: &str, password: &str) -> Self {
        let fields = [
            ("grant_type", "password"),
            ("username", name),
            ("password", password),
        ];
        let pair = self.token_request(&fields).await.expect(200).json();
        let mut signed_in = self.clone();
        signed_in.token = pair["access_token"].as_str().map(str::to_owned);
        signed_in.refresh = pair["refresh_token"].as_str().map(str::to_owned);
        signed_in
    }

    /// The id of the client's first channel.
    pub async fn channel(&self) -> i64 {
        let me = self.get("/api/v1/users/me").await.expect(200).json();
        me["videoChannels"][0]["id"]
            .as_i64()
            .expect("everybody has a channel")
    }

    /// Begins a resumable upload; the answer and the address of its parts.
    pub async fn begin_upload(&self, size: u64, draft: Value) -> (Answer, String) {
        let request = Request::builder()
            .method("POST")
            .uri("/api/v1/videos/upload-resumable")
            .header("content-type", "application/json")
            .header("host", "pod.example:9000")
            .header("x-upload-content-length", size)
            .header("x-upload-content-type", "video/mp4")
            .body(Body::from(draft.to_string()))
            .expect("the request is well formed");
        let answer = self.send(request).await;
        let location = answer.header("location").to_owned();
        let path = location
            .split_once("/api/")
            .map(|(_, p)| format!("/api/{p}"));
        (answer, path.unwrap_or_default())
    }

    /// Sends a part of an upload.
    pub async fn send_part(&self, path: &str, range: &str, bytes: Vec<u8>) -> Answer {
        let request = Request::builder()
            .method("PUT")
            .uri(path)
            .header("content-range", range)
            .header("content-type", "application/octet-stream")
            .body(Body::from(bytes))
            .expect("the request is well formed");
        self.send(request).await
    }

    /// Uploads a file in one part; the answer to that part.
    pub async fn try_upload(&self, file: &Path, fields: Value) -> Answer {
        let bytes = std::fs::read(file).expect("the file is there");
        let mut draft = json!({
            "channelId": self.channel().await,
            "name": "A video of the tests",
            "privacy": 1,
            "filename": file.file_name().and_then(|n| n.to_str()).unwrap_or("clip.mp4"),
        });
        if let (Value::Object(draft), Value::Object(fields)) = (&mut draft, fields) {
            draft.extend(fields);
        }
        let (answer, path) = self.begin_upload(bytes.len() as u64, draft).await;
        if answer.status != StatusCode::CREATED {
            return answer;
        }
        let range = format!("bytes 0-{}/{}", bytes.len() - 1, bytes.len());
        self.send_part(&path, &range, bytes).await
    }

    /// Uploads a file, which must succeed; the video's uuid.
    pub async fn upload(&self, file: &Path, fields: Value) -> String {
        let answer = self.try_upload(file, fields).await.expect(200).json();
        let uuid = answer["video"]["uuid"]
            .as_str()
            .expect("a video has a uuid");
        uuid.to_owned()
    }

    /// The video as this client sees it; it must be there.
    pub async fn video(&self, uuid: &str) -> Value {
        self.get(&format!("/api/v1/videos/{uuid}"))
            .await
            .expect(200)
            .json()
    }
}
