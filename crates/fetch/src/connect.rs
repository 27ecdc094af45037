//! To one host and back: a name becomes addresses, the addresses are judged, and the connection goes to one of exactly those. A
//! name that resolves differently a moment later changes nothing, because it is not asked again for this connection.

use crate::{
    Answer, Error, Limits, Method, Options, Policy, Request, body,
    client::Target,
    limits::{HEAD, HEADERS},
    pool::{Pool, Sender},
};
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use http_body_util::Full;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use names::Host;
use rustls::pki_types::{CertificateDer, ServerName};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// Finds the addresses of a name.
pub type Resolver =
    Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Of the addresses of a name so many are tried.
const TRIED: usize = 4;
/// An address that is not the last to be tried has this long.
const TRY: Duration = Duration::from_secs(2);

/// The way to the internet.
pub(crate) struct Net {
    policy: Policy,
    user_agent: String,
    resolver: Resolver,
    tls: TlsConnector,
    pool: Pool,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Net {
    pub(crate) fn new(options: Options) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        roots.add_parsable_certificates(options.roots.into_iter().map(CertificateDer::from));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self {
            policy: options.policy,
            user_agent: options.user_agent,
            resolver: options.resolver.unwrap_or_else(of_the_system),
            tls: TlsConnector::from(Arc::new(tls)),
            pool: Pool::default(),
        }
    }

    /// One request, one answer.
    pub(crate) async fn ask(
        &self,
        request: &Request,
        target: &Target,
        limits: &Limits,
    ) -> Result<Answer, Error> {
        let host = target.host.as_str();
        let key = target.url.origin().ascii_serialization();
        let message = self.message(request, target)?;
        let head = timeout(
            limits.first_byte,
            self.head(request.method, &message, target, &key, limits),
        );
        let (response, sender) = head.await.map_err(|_| timed_out(host, "answer"))??;
        let (head, incoming) = response.into_parts();
        let read = body::read(incoming, &head, request.limit, limits, host).await?;
        if read.complete {
            self.pool.put(key, sender, limits);
        }
        Ok(Answer::new(
            head.status.as_u16(),
            texts(&head.headers),
            read.body,
        ))
    }

    /// Sends a request on a connection that is there, or on a new one, and waits for the answer's head.
    async fn head(
        &self,
        method: Method,
        message: &http::Request<Full<bytes::Bytes>>,
        target: &Target,
        key: &str,
        limits: &Limits,
    ) -> Result<(Response<Incoming>, Sender), Error> {
        let waited = match method {
            Method::Get => limits.idle_for,
            Method::Post => limits.idle_for_post,
        };
        while let Some(mut sender) = self.pool.take(key, waited, limits) {
            if sender.ready().await.is_err() {
                continue;
            }
            match sender.try_send_request(message.clone()).await {
                Ok(response) => return Ok((response, sender)),
                // The host closed a kept connection just now. What may have been heard is not said twice, unless it only asks.
                Err(mut failed) => {
                    if method != Method::Get && failed.take_message().is_none() {
                        return Err(broken(target, failed.error()));
                    }
                    break;
                }
            }
        }
        let mut sender = self.connect(target, limits).await?;
        let response = sender.send_request(message.clone()).await;
        Ok((response.map_err(|why| broken(target, &why))?, sender))
    }

    async fn connect(&self, target: &Target, limits: &Limits) -> Result<Sender, Error> {
        let host = target.host.as_str();
        let stream = timeout(limits.connect, self.stream(target))
            .await
            .map_err(|_| timed_out(host, "take the connection"))??;
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD)
            .max_headers(HEADERS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|why| broken(target, &why))?;
        // Ends with the connection, or when the sender is dropped. Its error is the request's as well.
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn stream(&self, target: &Target) -> Result<Box<dyn Stream>, Error> {
        let tcp = self.tcp(target).await?;
        if target.url.scheme() == "http" {
            return Ok(Box::new(tcp));
        }
        let unsafe_because = |reason: String| Error::Tls {
            host: target.host.to_string(),
            reason,
        };
        let name = ServerName::try_from(target.host.name().to_owned())
            .map_err(|why| unsafe_because(why.to_string()))?;
        let tls = self.tls.connect(name, tcp).await;
        Ok(Box::new(
            tls.map_err(|why| unsafe_because(why.to_string()))?,
        ))
    }

    async fn tcp(&self, target: &Target) -> Result<TcpStream, Error> {
        let addresses = self.addresses(&target.host).await?;
        let port = target.url.port_or_known_default().unwrap_or(443);
        let mut reason = "it has no address".to_owned();
        for (place, address) in addresses.iter().enumerate() {
            let connecting = TcpStream::connect(SocketAddr::new(*address, port));
            let last = place + 1 == addresses.len();
            let outcome = if last {
                connecting.await
            } else {
                let late = || io::Error::from(io::ErrorKind::TimedOut);
                timeout(TRY, connecting)
                    .await
                    .unwrap_or_else(|_| Err(late()))
            };
            match outcome {
                Ok(stream) => {
                    // Requests are one write each: waiting for more to send gains nothing.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(why) => reason = why.to_string(),
            }
        }
        Err(Error::Connect {
            host: target.host.to_string(),
            reason,
        })
    }

    /// The addresses of a host that may be asked.
    async fn addresses(&self, host: &Host) -> Result<Vec<IpAddr>, Error> {
        let all = match host.name().parse() {
            Ok(address) => vec![address],
            Err(_) => {
                let found = (self.resolver)(host.name().to_owned()).await;
                found.map_err(|why| Error::NameNotFound {
                    host: host.to_string(),
                    reason: why.to_string(),
                })?
            }
        };
        let mut refused = None;
        let mut good = Vec::new();
        for address in all {
            match self.policy.refuses(address) {
                Some(reason) => refused = refused.or(Some((address, reason))),
                None if good.len() < TRIED && !good.contains(&address) => good.push(address),
                None => {}
            }
        }
        match refused {
            Some((address, reason)) if good.is_empty() => Err(Error::Refused {
                host: host.to_string(),
                address,
                reason,
            }),
            _ => Ok(good),
        }
    }

    fn message(
        &self,
        request: &Request,
        target: &Target,
    ) -> Result<http::Request<Full<bytes::Bytes>>, Error> {
        let unsendable = |why: &dyn std::fmt::Display| Error::Unsendable(why.to_string());
        let path = &target.url[url::Position::BeforePath..];
        let mut message = http::Request::builder()
            .method(request.method.as_str())
            .uri(path)
            .body(Full::new(request.body.clone()))
            .map_err(|why| unsendable(&why))?;
        let headers = message.headers_mut();
        for (name, value) in &request.headers {
            let name = HeaderName::try_from(name).map_err(|why| unsendable(&why))?;
            let value = HeaderValue::try_from(value).map_err(|why| unsendable(&why))?;
            headers.append(name, value);
        }
        // Hyper writes the length; whoever says another one, or another host, would speak with two tongues.
        headers.remove(header::CONTENT_LENGTH);
        headers.remove(header::TRANSFER_ENCODING);
        headers.remove(header::CONNECTION);
        let host = HeaderValue::try_from(target.host.as_str()).map_err(|why| unsendable(&why))?;
        headers.insert(header::HOST, host);
        let agent = HeaderValue::try_from(&self.user_agent).map_err(|why| unsendable(&why))?;
        headers.insert(header::USER_AGENT, agent);
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        Ok(message)
    }
}

fn of_the_system() -> Resolver {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)))
        .collect()
}

fn timed_out(host: &str, what: &'static str) -> Error {
    Error::TimedOut {
        host: host.to_owned(),
        what,
    }
}

fn broken(target: &Target, why: &dyn std::error::Error) -> Error {
    let mut reason = why.to_string();
    if let Some(cause) = why.source() {
        reason = format!("{reason}: {cause}");
    }
    Error::Broken {
        host: target.host.to_string(),
        reason,
    }
}
