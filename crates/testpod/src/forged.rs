//! A pod made by hand: it has a name, a key and an actor like any other, and says whatever a test wants. What it sends is signed and
//! sealed as it should be unless the test asks for something else, so that a refusal is for the one thing that is wrong.

use crate::Wires;
use fedi::{Actor, ActorKey, ActorKind, keys::PrivateKey, signature};
use fetch::{Answer, Error, Method, Request};
use names::{ActorUri, Host, InboxUri, KeyUri};
use podnet::envelope::{self, Fresh, Header, Nonce, SealingKey};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

/// A pod made by hand.
pub struct Forged {
    pub host: Host,
    pub key: PrivateKey,
    /// How far its clock is ahead of everybody's (ms).
    pub ahead: AtomicI64,
    wires: Wires,
    count: AtomicU64,
}

type Answers = Box<dyn Fn(&Request) -> Option<Result<Answer, Error>> + Send + Sync>;

impl Forged {
    /// A pod that shows its actor, welcomes everybody and is too busy for anything else.
    pub fn new(wires: &Wires, host: &str) -> Self {
        Self::answering(wires, host, Box::new(|_| None))
    }

    /// The same, but for what it answers in its own way.
    pub fn answering(wires: &Wires, host: &str, answers: Answers) -> Self {
        let made = Self {
            host: Host::parse(host).expect("a host"),
            key: PrivateKey::generate().expect("a key"),
            ahead: AtomicI64::new(0),
            wires: wires.clone(),
            count: AtomicU64::new(0),
        };
        let actor = made.actor(&made.host).document();
        let host = made.host.clone();
        let usual = move |request: &Request| {
            let path = request.url.split_once("://").map_or("", |(_, rest)| rest);
            let path = path.split_once('/').map_or("", |(_, path)| path);
            let say = |status, body: Value| {
                let headers = vec![("content-type".into(), "application/activity+json".into())];
                Answer::new(status, headers, body.to_string())
            };
            match (request.method, path.split('?').next().unwrap_or_default()) {
                (Method::Get, "accounts/peertube") => say(200, actor.clone()),
                (Method::Get, "api/v1/pods") => say(200, json!({ "total": 0, "data": [] })),
                (Method::Post, "api/v1/pods/present") => say(
                    200,
                    json!({ "outcome": "friend", "host": host.as_str(), "protocol": 1, "oldestProtocol": 1, "capabilities": ["envelope"] }),
                ),
                _ => say(503, json!({})),
            }
        };
        let transport = move |request: Request| -> fetch::BoxFuture<'static, _> {
            let answer = answers(&request).unwrap_or_else(|| Ok(usual(&request)));
            Box::pin(async move { answer })
        };
        wires.plug_forged(&made.host, Arc::new(transport));
        made
    }

    /// An actor of a pod at `host` with this pod's key.
    pub fn actor(&self, host: &Host) -> Actor {
        let id = ActorUri::parse(&format!("https://{host}/accounts/peertube")).expect("an actor");
        let inbox = InboxUri::parse(&format!("{id}/inbox")).expect("an inbox");
        Actor {
            key: Some(ActorKey {
                id: KeyUri::parse(&format!("{id}#main-key")).expect("a key"),
                owner: id.clone(),
                key: self.key.public().clone(),
            }),
            ..Actor::new(ActorKind::Application, id, "peertube".into(), inbox)
        }
    }

    fn now(&self) -> i64 {
        self.wires.clock().load(Ordering::SeqCst) + self.ahead.load(Ordering::SeqCst)
    }

    fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// A request with a body, signed in the name of `signer`.
    pub fn signed(
        &self,
        signer: &Host,
        to: &str,
        path: &str,
        body: Vec<u8>,
        extra: &[(&str, &str)],
    ) -> Request {
        let key = KeyUri::parse(&format!("https://{signer}/accounts/peertube#main-key"));
        let outgoing = signature::Outgoing {
            method: "POST",
            target: path,
            host: &Host::parse(to).expect("a host"),
            body: Some(&body),
            extra,
        };
        let headers = signature::sign(&outgoing, &self.key, &key.expect("a key"), self.now());
        let mut request = Request::post(format!("https://{to}{path}"), body, 1 << 20)
            .header("content-type", "application/json");
        request.headers.extend(headers);
        request
    }

    /// Sends a request; the status, and what was answered.
    pub async fn send(&self, request: Request) -> (u16, Value) {
        let from = format!("https://{}", self.host);
        let answer = self.wires.carry(from, request).await.expect("an answer");
        let said = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        (answer.status, said)
    }

    /// What it says of itself.
    pub fn presentation(&self) -> Value {
        json!({
            "host": self.host.as_str(), "publicUrl": format!("https://{}", self.host),
            "protocol": 1, "oldestProtocol": 1, "capabilities": ["envelope"],
        })
    }

    /// Presents itself with these words; the answer.
    pub async fn present(&self, to: &str, words: &Value) -> Value {
        let body = words.to_string().into_bytes();
        let request = self.signed(&self.host, to, "/api/v1/pods/present", body, &[]);
        self.send(request).await.1
    }

    /// A sealed envelope for `receiver` with this inside, on its way to `to`.
    pub async fn envelope(&self, to: &str, receiver: &str, message: &[u8]) -> Request {
        let actor = format!("https://{receiver}/accounts/peertube");
        let get = Request::get(&actor, 1 << 20).header("accept", "application/activity+json");
        let from = format!("https://{}", self.host);
        let answer = self.wires.carry(from, get).await.expect("an actor");
        let uri = ActorUri::parse(&actor).expect("an actor");
        let actor = Actor::fetched(&answer.body, &uri).expect("an actor");
        let nonce = Nonce::new(uuid::Uuid::new_v4().into_bytes());
        let header = Header {
            sender: self.host.clone(),
            receiver: Host::parse(receiver).expect("a host"),
            protocol: podnet::PROTOCOL,
            nonce,
            sent_at: self.now(),
        };
        let key = SealingKey::from_der(actor.key.expect("a key").key.der()).expect("a key");
        let mut chance = Vec::new();
        for _ in 0..3 {
            chance.extend(uuid::Uuid::new_v4().into_bytes());
        }
        let chance = chance[..44].try_into().expect("44 bytes");
        let sealed = envelope::seal(message, &key, &header, Fresh::new(chance)).expect("sealed");
        let nonce = nonce.to_string();
        let extra = [("shoal-nonce", nonce.as_str())];
        self.signed(&self.host, to, "/api/v1/pods/envelopes", sealed, &extra)
    }

    /// The text of a group of activities with the next number.
    pub fn group(&self, items: &[Value]) -> Vec<u8> {
        let id = self.now() as u64 + self.next();
        json!({ "id": id, "items": items }).to_string().into_bytes()
    }

    /// Tells a pod these activities; the status, and what was answered.
    pub async fn tell(&self, to: &str, items: &[Value]) -> (u16, Value) {
        let group = self.group(items);
        self.send(self.envelope(to, to, &group).await).await
    }

    /// An activity of this pod's account `eve`.
    pub fn activity(&self, deed: &str, object: Value) -> Value {
        json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": format!("https://{}/activities/{}", self.host, self.next()),
            "type": deed, "actor": format!("https://{}/accounts/eve", self.host),
            "to": ["https://www.w3.org/ns/activitystreams#Public"], "object": object,
        })
    }

    /// A public video of `eve` on a host.
    pub fn video(&self, host: &str, uuid: &str) -> Value {
        json!({
            "type": "Video", "id": format!("https://{host}/videos/watch/{uuid}"), "uuid": uuid,
            "name": "A video of eve", "duration": "PT10S", "state": 1,
            "published": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z",
            "to": ["https://www.w3.org/ns/activitystreams#Public"],
            "attributedTo": [
                { "type": "Person", "id": format!("https://{host}/accounts/eve") },
                { "type": "Group", "id": format!("https://{host}/video-channels/eve") },
            ],
        })
    }
}
