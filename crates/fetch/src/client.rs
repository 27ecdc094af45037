//! The client: checks each address, follows redirects by hand, and holds every request to its bounds, whether it goes out to
//! the internet or, in tests of whole pods, to a function.

use crate::{
    Answer, Error, Limits, Method, Policy, Redirects, Request, Resolver, Transport, connect::Net,
    gate::Gate, limits::REASON,
};
use bytes::Bytes;
use names::{Host, ObjectUri};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};
use url::Url;

/// What follows a redirect to another host: nothing that says who asks.
const GOES_ALONG: &[&str] = &["accept", "accept-language"];

/// Fetches from other pods; cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    policy: Policy,
    limits: Limits,
    gate: Gate,
    wire: Wire,
}

enum Wire {
    Net(Box<Net>),
    Function(Transport),
}

/// What a client is made from.
#[derive(Clone)]
pub struct Options {
    pub policy: Policy,
    pub limits: Limits,
    /// Who asks, like `Shoal/1.0 (+https://pod.example)`.
    pub user_agent: String,
    /// Whom names are resolved by; the system when it is nobody.
    pub resolver: Option<Resolver>,
    /// Certificates (DER) that are trusted besides those of the web.
    pub roots: Vec<Vec<u8>>,
}

impl Options {
    /// The usual ones.
    pub fn new(policy: Policy, user_agent: impl Into<String>) -> Self {
        Self {
            policy,
            limits: Limits::default(),
            user_agent: user_agent.into(),
            resolver: None,
            roots: Vec::new(),
        }
    }
}

/// Where a request goes, checked.
pub(crate) struct Target {
    pub(crate) url: Url,
    pub(crate) host: Host,
}

impl Client {
    /// A client for the internet.
    pub fn new(options: Options) -> Self {
        Self(Arc::new(Inner {
            policy: options.policy,
            limits: options.limits.clone(),
            gate: Gate::new(&options.limits),
            wire: Wire::Net(Box::new(Net::new(options))),
        }))
    }

    /// A client whose requests go to a function, with the usual bounds: pods in one process talk to each other this way.
    pub fn wired(transport: Transport) -> Self {
        Self::wired_with(Policy::Public, Limits::default(), transport)
    }

    /// The same with other bounds.
    pub fn wired_with(policy: Policy, limits: Limits, transport: Transport) -> Self {
        Self(Arc::new(Inner {
            policy,
            gate: Gate::new(&limits),
            limits,
            wire: Wire::Function(transport),
        }))
    }

    /// Asks. An answer of whatever status is an answer; that of no success is cut after 4 KiB.
    pub async fn send(&self, request: Request) -> Result<Answer, Error> {
        let limits = &self.0.limits;
        let first = self.target(&request.url)?;
        let asked = first.host.to_string();
        let mut target = first;
        let mut request = request;
        let mut left = limits.total;
        for hop in 0..=limits.redirects {
            let mut signed = request.clone();
            if let Some(signer) = &request.signer {
                signed.headers.extend(signer.headers(target.url.as_str()));
            }
            let answer = self.hop(&signed, &target, &mut left).await;
            let answer = answer.map_err(|error| redirected(hop, &asked, error))?;
            let follow = request.method == Method::Get && request.redirects == Redirects::Follow;
            let Some(location) = answer.redirect().filter(|_| follow) else {
                return Ok(answer);
            };
            let next = target.url.join(location).map_err(|_| Error::Address {
                url: shown(location),
                reason: "it is not an address".to_owned(),
            });
            let next = next
                .and_then(|url| self.target(url.as_str()))
                .map_err(|error| redirected(hop + 1, &asked, error))?;
            if next.url.origin() != target.url.origin() {
                request
                    .headers
                    .retain(|(name, _)| GOES_ALONG.contains(&name.to_ascii_lowercase().as_str()));
            }
            target = next;
        }
        Err(Error::TooManyRedirects {
            host: asked,
            limit: limits.redirects,
        })
    }

    /// The body of a document if the host gives it, and where it came from in the end.
    pub async fn document(&self, request: Request) -> Result<(Bytes, ObjectUri), Error> {
        let answer = self.send(request).await?.success()?;
        let from = ObjectUri::parse(&answer.final_url).map_err(|why| Error::Address {
            url: shown(&answer.final_url),
            reason: why.to_string(),
        })?;
        Ok((answer.body, from))
    }

    /// One request and its answer, in its turn and in the time that is left.
    async fn hop(
        &self,
        request: &Request,
        target: &Target,
        left: &mut Duration,
    ) -> Result<Answer, Error> {
        let Inner {
            limits, gate, wire, ..
        } = &*self.0;
        let host = target.host.as_str();
        let _turn = gate.enter(host, limits).await?;
        let began = Instant::now();
        let answer = timeout(*left, async {
            match wire {
                Wire::Net(net) => net.ask(request, target, limits).await,
                Wire::Function(transport) => {
                    let request = Request {
                        url: target.url.to_string(),
                        ..request.clone()
                    };
                    bounded(transport(request.clone()).await?, &request, host)
                }
            }
        });
        let timed_out = |_| Error::TimedOut {
            host: host.to_owned(),
            what: "finish",
        };
        let mut answer = answer.await.map_err(timed_out)??;
        *left = left.saturating_sub(began.elapsed());
        answer.final_url = target.url.to_string();
        Ok(answer)
    }

    /// Checks what can be checked before a name is resolved.
    fn target(&self, text: &str) -> Result<Target, Error> {
        let policy = self.0.policy;
        let wrong = |reason: String| Error::Address {
            url: shown(text),
            reason,
        };
        let uri = ObjectUri::parse(text).map_err(|why| wrong(why.to_string()))?;
        let mut url = Url::parse(uri.as_str()).map_err(|why| wrong(why.to_string()))?;
        url.set_fragment(None);
        let host = uri.host();
        if url.scheme() != "https" && !policy.allows_http() {
            return Err(wrong("it does not begin with https://".to_owned()));
        }
        let address = match url.host() {
            Some(url::Host::Ipv4(address)) => Some(address.into()),
            Some(url::Host::Ipv6(address)) => Some(address.into()),
            _ => None,
        };
        if let Some(address) = address
            && let Some(reason) = policy.refuses(address)
        {
            return Err(Error::Refused {
                host: host.into_string(),
                address,
                reason,
            });
        }
        if host.is_loopback() && policy == Policy::Public {
            return Err(wrong("it is this machine itself".to_owned()));
        }
        Ok(Target { url, host })
    }
}

/// Holds an answer that a function gave to what the internet's are held to.
fn bounded(mut answer: Answer, request: &Request, host: &str) -> Result<Answer, Error> {
    let limit = if answer.is_success() {
        request.limit
    } else {
        request.limit.min(REASON)
    };
    if answer.body.len() as u64 > limit {
        if answer.is_success() {
            return Err(Error::TooLarge {
                host: host.to_owned(),
                limit,
            });
        }
        answer.body.truncate(limit as usize);
    }
    Ok(answer)
}

fn redirected(hop: usize, from: &str, error: Error) -> Error {
    if hop == 0 {
        return error;
    }
    Error::Redirected {
        from: from.to_owned(),
        error: Box::new(error),
    }
}

fn shown(url: &str) -> String {
    url.chars().filter(|c| !c.is_control()).take(200).collect()
}
