//! Posting to a pod as other pods do: signed activities of their people, and sealed groups of themselves.

use anyhow::{Context as _, Result, bail};
use fedi::{
    keys::{PrivateKey, PublicKey},
    signature::{Outgoing, sign},
};
use names::{ActorUri, Host, KeyUri};
use podnet::{
    PROTOCOL,
    envelope::{self, Fresh, Header, Nonce, SealingKey},
    group::{Group, Outcome, Receipt},
};
use serde_json::value::RawValue;

use crate::{client::Client, pod::Pod};

/// A pod that is told things.
pub struct Told {
    host: Host,
    key: SealingKey,
}

impl Told {
    /// Asks a pod who it is.
    pub fn new(pod: &Pod) -> Result<Self> {
        let accept = "accept: application/activity+json\r\n";
        let mut client = pod.client()?;
        let actor = client
            .send("GET", "/accounts/peertube", accept, &[])?
            .json()?;
        let pem = actor["publicKey"]["publicKeyPem"].as_str();
        let key = PublicKey::from_pem(pem.context("the pod has no key")?)?;
        Ok(Self {
            host: pod.host.clone(),
            key: SealingKey::from_der(key.der())?,
        })
    }

    /// Posts an activity that its actor has signed. How many bytes it has.
    pub fn plain(
        &self,
        client: &mut Client,
        (actor, key): (&ActorUri, &PrivateKey),
        activity: &RawValue,
    ) -> Result<usize> {
        let body = activity.get().as_bytes();
        let kind = "application/activity+json";
        self.post(client, "/inbox", (actor, key), (kind, body), &[])?;
        Ok(body.len())
    }

    /// Posts a group in an envelope in the name of a pod, and reads the receipt: everything must have been applied. How many bytes it has.
    pub fn sealed(
        &self,
        client: &mut Client,
        (actor, key): (&ActorUri, &PrivateKey),
        group: &Group,
    ) -> Result<usize> {
        let nonce = Nonce::new(random());
        let header = Header {
            sender: actor.host(),
            receiver: self.host.clone(),
            protocol: PROTOCOL,
            nonce,
            sent_at: super::now(),
        };
        let fresh = Fresh::new(random());
        let sealed = envelope::seal(&group.write()?, &self.key, &header, fresh)?;
        let nonce = nonce.to_string();
        let (path, extra) = ("/api/v1/pods/envelopes", [("shoal-nonce", nonce.as_str())]);
        let body = (envelope::MEDIA_TYPE, sealed.as_slice());
        let answer = self.post(client, path, (actor, key), body, &extra)?;
        let receipt = Receipt::read(&answer, group)?;
        if receipt.outcome != Outcome::Applied || !receipt.refused.is_empty() {
            bail!("a group was not applied: {receipt:?}");
        }
        Ok(sealed.len())
    }

    fn post(
        &self,
        client: &mut Client,
        path: &str,
        (actor, key): (&ActorUri, &PrivateKey),
        (kind, body): (&str, &[u8]),
        extra: &[(&str, &str)],
    ) -> Result<Vec<u8>> {
        let outgoing = Outgoing {
            method: "POST",
            target: path,
            host: &self.host,
            body: Some(body),
            extra,
        };
        let id = KeyUri::parse(&format!("{actor}#main-key"))?;
        let mut headers = format!("content-type: {kind}\r\n");
        for (name, value) in sign(&outgoing, key, &id, super::now()) {
            headers.push_str(&format!("{name}: {value}\r\n"));
        }
        let answer = client.send("POST", path, &headers, body)?;
        if !(200..300).contains(&answer.status) {
            let said = String::from_utf8_lossy(&answer.body);
            bail!("{path} answered {}: {said}", answer.status);
        }
        Ok(answer.body)
    }
}

/// Random bytes, as many as are wanted.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    for chunk in bytes.chunks_mut(16) {
        chunk.copy_from_slice(&uuid::Uuid::new_v4().as_bytes()[..chunk.len()]);
    }
    bytes
}
