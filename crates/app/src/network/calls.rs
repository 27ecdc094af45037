//! Asking other pods: documents fetched, messages posted with the pod's signature, and requests of others checked.

use super::{Network, ours};
use crate::{Error, Pod, Result};
use db::hosts::HostRow;
use fedi::{
    keys::{PrivateKey, PublicKey},
    signature::{Body, Claim, Outgoing, Request as Signed, Scheme, Window, sign},
};
use fetch::{Answer, Request, Signer};
use names::{Host, KeyUri, ObjectUri};
use std::net::IpAddr;

/// What other servers answer with an object instead of a page for.
pub(crate) const ACCEPT: &str = "application/activity+json, application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";
pub(crate) const ACTIVITY: &str = "application/activity+json";
/// Bytes of an actor, a video or another single object that are read.
pub(crate) const OBJECT: u64 = 1 << 20;

/// A request that another pod sent us, as far as its signature goes.
pub struct Incoming {
    /// In upper case.
    pub method: &'static str,
    /// Path and query as they came.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: bytes::Bytes,
    pub client: Option<IpAddr>,
}

impl Incoming {
    /// The claim of who sent it. It is well-formed and true of the body, and nothing else is known of it.
    pub(crate) fn claim(&self, pod: &Pod) -> Result<Claim> {
        let host = pod.own_host()?;
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let scheme = if pod.settings.public_url.starts_with("https:") {
            Scheme::Https
        } else {
            Scheme::Http
        };
        Claim::read(&Signed {
            method: self.method,
            target: &self.target,
            host: &host,
            scheme,
            headers: &headers,
            body: Body::Bytes(&self.body),
        })
        .map_err(|why| Error::Forbidden(format!("The signature is not accepted: {why}.")))
    }
}

impl Network {
    /// Whether somebody at this address may send yet another message.
    pub(crate) fn admit(&self, client: Option<IpAddr>, now: i64) -> Result<()> {
        self.admit_stranger(prefix(client), now)
    }
}

/// What counts as one address.
pub(crate) fn prefix(client: Option<IpAddr>) -> String {
    match client {
        Some(IpAddr::V4(address)) => address.to_string(),
        // A subscriber has a whole /64.
        Some(IpAddr::V6(address)) => format!("{:?}", &address.segments()[..4]),
        None => String::new(),
    }
}

/// Checks who sent a message against the key we know of a host.
pub(crate) fn verify(claim: &Claim, key: &str, now: i64, window: Window) -> Result<()> {
    let refused = |why: String| Error::Forbidden(format!("The signature is not accepted: {why}."));
    if let Err(why) = claim.fresh(now, window) {
        return Err(refused(format!("{why}; check the clocks of both pods")));
    }
    let key = PublicKey::from_pem(key).map_err(|why| refused(why.to_string()))?;
    claim
        .verify(&key, now, window)
        .map_err(|why| refused(why.to_string()))
}

/// Where on its host an address is.
fn target(url: &ObjectUri) -> &str {
    let after = url.as_str().split_once("://").map_or("", |(_, rest)| rest);
    after.find('/').map_or("/", |at| &after[at..])
}

/// Signs each hop of a request in the name of the pod: some hosts show what they have to nobody whom they cannot block.
async fn signer(pod: &Pod) -> Result<Signer> {
    let keys = ours::keys(pod).await?;
    let (key, id, clock) = (keys.private.clone(), keys.id.clone(), pod.clock.clone());
    Ok(Signer::new(move |url| {
        let Ok(url) = ObjectUri::parse(url) else {
            return Vec::new();
        };
        let outgoing = Outgoing {
            method: "GET",
            target: target(&url),
            host: &url.host(),
            body: None,
            extra: &[],
        };
        sign(&outgoing, &key, &id, clock.now())
    }))
}

/// Fetches a document; its bytes, and where they really came from. Signed by the pod, on each hop anew.
pub(crate) async fn get(
    pod: &Pod,
    url: &str,
    accept: &str,
    limit: u64,
) -> std::result::Result<(bytes::Bytes, ObjectUri), fetch::Error> {
    let mut request = Request::get(url, limit).header("accept", accept);
    match signer(pod).await {
        Ok(signer) => request = request.signed_by(signer),
        Err(why) => tracing::error!("{url} is asked without a signature: {why}"),
    }
    pod.network.fetch.document(request).await
}

/// Posts bytes with a signature.
pub(crate) async fn post(
    pod: &Pod,
    url: &ObjectUri,
    body: Vec<u8>,
    media_type: &str,
    extra: &[(&str, &str)],
    (key, key_id): (&PrivateKey, &KeyUri),
    limit: u64,
) -> std::result::Result<Answer, fetch::Error> {
    let outgoing = Outgoing {
        method: "POST",
        target: target(url),
        host: &url.host(),
        body: Some(&body),
        extra,
    };
    let headers = sign(&outgoing, key, key_id, pod.now());
    let mut request = Request::post(url.as_str(), body, limit)
        .header("content-type", media_type)
        .header("accept", "application/json");
    request.headers.extend(headers);
    pod.network.fetch.send(request).await
}

/// Posts JSON in the name of the pod to one of the paths of the pod network, and gives the answer if it is a success.
pub(crate) async fn tell(
    pod: &Pod,
    host: &Host,
    path: &str,
    body: &impl serde::Serialize,
) -> Result<std::result::Result<Answer, fetch::Error>> {
    let body = serde_json::to_vec(body).map_err(|why| Error::Internal(why.into()))?;
    let url = format!("{}{path}", pod.base_of(host));
    let url = ObjectUri::parse(&url).map_err(|why| Error::Internal(anyhow::anyhow!("{why}")))?;
    let keys = ours::keys(pod).await?;
    let sent = post(
        pod,
        &url,
        body,
        "application/json",
        &[],
        (&keys.private, &keys.id),
        podnet::present::MAX_MESSAGE as u64,
    )
    .await;
    Ok(sent.and_then(Answer::success))
}

/// The inbox for everybody on a host.
pub(crate) fn inbox_of(pod: &Pod, host: &HostRow) -> String {
    match &host.shared_inbox {
        Some(inbox) => inbox.to_string(),
        None => format!("{}/inbox", pod.base_of(&host.host)),
    }
}
