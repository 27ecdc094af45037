//! Somebody with a key on a host of their own, who speaks plain ActivityPub.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use crate::{TestPod, Wires};
use fedi::{
    Actor, ActorKey, ActorKind,
    keys::PrivateKey,
    signature::{Outgoing, sign},
};
use fetch::Request;
use names::{ActorUri, Host, InboxUri, KeyUri};
use serde_json::{Value, json};

/// The actor is as its address says; what its host answers is the story's business.
pub struct Stranger {
    pub actor: ActorUri,
    pub key: PrivateKey,
}

impl Stranger {
    pub fn new(actor: &str) -> Self {
        Self {
            actor: ActorUri::parse(actor).unwrap(),
            key: PrivateKey::generate().unwrap(),
        }
    }

    /// An actor of a pod, such as `accounts/alice`, in the hands of somebody who has got hold of its key.
    pub async fn of(wires: &Wires, pod: &TestPod, path: &str) -> Self {
        let actor = format!("https://{}/{path}", pod.pod.host());
        // The key is made when somebody first looks.
        let ask = Request::get(&actor, 1 << 20).header("accept", "application/activity+json");
        wires
            .carry("https://other.example".into(), ask)
            .await
            .unwrap();
        let name = path.rsplit('/').next().unwrap();
        let row = db::remote_actors::local_by_name(&pod.pod.db, name).await;
        let row = row.unwrap().unwrap();
        let keys = db::remote_actors::keys(&pod.pod.db, row.id).await;
        Self {
            actor: ActorUri::parse(&actor).unwrap(),
            key: PrivateKey::from_pem(&keys.unwrap().unwrap().private).unwrap(),
        }
    }

    fn key_id(&self) -> KeyUri {
        KeyUri::parse(&format!("{}#main-key", self.actor)).unwrap()
    }

    /// What its host says of it.
    pub fn document(&self) -> String {
        let inbox = InboxUri::parse(&format!("{}/inbox", self.actor)).unwrap();
        let name = self.actor.as_str().rsplit('/').next().unwrap().to_owned();
        let mut actor = Actor::new(ActorKind::Person, self.actor.clone(), name, inbox);
        actor.outbox = format!("{}/outbox", self.actor).parse().ok();
        actor.key = Some(ActorKey {
            id: self.key_id(),
            owner: self.actor.clone(),
            key: self.key.public().clone(),
        });
        actor.document().to_string()
    }

    /// Says something to a pod; the status that comes back.
    pub async fn post(&self, wires: &Wires, pod: &TestPod, said: &Value) -> u16 {
        self.swap(wires, pod, said, said).await.0
    }

    /// Signs one body and sends another.
    pub async fn swap(
        &self,
        wires: &Wires,
        pod: &TestPod,
        signed: &Value,
        sent: &Value,
    ) -> (u16, String) {
        let host = Host::parse(pod.pod.host()).unwrap();
        let body = signed.to_string();
        let outgoing = Outgoing {
            method: "POST",
            target: "/inbox",
            host: &host,
            body: Some(body.as_bytes()),
            extra: &[],
        };
        let headers = sign(&outgoing, &self.key, &self.key_id(), pod.pod.now());
        let url = format!("https://{host}/inbox");
        let mut request = Request::post(url, sent.to_string(), 64 << 10);
        request.headers.extend(headers);
        let answer = wires.carry(self.actor.to_string(), request).await.unwrap();
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        (answer.status, text)
    }

    /// An activity of it.
    pub fn says(&self, kind: &str, object: impl Into<Value>) -> Value {
        let host = self.actor.host();
        json!({
            "@context": "https://www.w3.org/ns/activitystreams", "type": kind,
            "id": format!("https://{host}/activities/{}", uuid::Uuid::new_v4()),
            "actor": self.actor.as_str(), "object": object.into(),
            "to": ["https://www.w3.org/ns/activitystreams#Public"],
        })
    }
}
