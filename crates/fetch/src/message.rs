//! What is asked and what is answered, in plain words: nobody else needs an HTTP library to ask another pod something.

use crate::Error;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

impl Method {
    /// As it is written in a request (and in the text that is signed).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// What to do with redirects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// A GET is sent again to where it leads, each hop checked like the first. To another host nothing but `accept` goes along.
    Follow,
    /// The redirect is the answer. For signed requests, whose signature holds for one path only.
    Show,
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    /// An absolute address. It is sent as `names::ObjectUri` and its kin write it, which is what signatures are made over.
    pub url: String,
    /// Names in lower case. `host`, `content-length`, `user-agent` and `accept-encoding` are the client's own.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// How many bytes the answer's body may have, unpacked.
    pub limit: u64,
    pub redirects: Redirects,
    /// Who signs it, each hop anew.
    pub signer: Option<Signer>,
}

/// Adds headers to a request that depend on where it goes: a signature holds for one address and one moment, so that each redirect needs
/// another one. What is signed, and how, is the caller's business.
#[derive(Clone)]
pub struct Signer(Arc<Sign>);

type Sign = dyn Fn(&str) -> Vec<(String, String)> + Send + Sync;

impl Signer {
    /// `sign` is given the address that is about to be asked.
    pub fn new(sign: impl Fn(&str) -> Vec<(String, String)> + Send + Sync + 'static) -> Self {
        Self(Arc::new(sign))
    }

    pub(crate) fn headers(&self, url: &str) -> Vec<(String, String)> {
        (self.0)(url)
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Request {
    /// Asks for what is at an address, following redirects.
    pub fn get(url: impl Into<String>, limit: u64) -> Self {
        Self {
            method: Method::Get,
            url: url.into(),
            headers: Vec::new(),
            body: Bytes::new(),
            limit,
            redirects: Redirects::Follow,
            signer: None,
        }
    }

    /// Sends something to an address. Redirects of a POST are never followed.
    pub fn post(url: impl Into<String>, body: impl Into<Bytes>, limit: u64) -> Self {
        Self {
            method: Method::Post,
            body: body.into(),
            redirects: Redirects::Show,
            ..Self::get(url, limit)
        }
    }

    /// Has each hop signed.
    #[must_use]
    pub fn signed_by(mut self, signer: Signer) -> Self {
        self.signer = Some(signer);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case. Headers whose value is no text are left out.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// Where it came from after redirects: whoever believes an answer looks at this host, not at the one that was asked.
    pub final_url: String,
}

impl Answer {
    /// An answer as a transport makes it; the client fills in where it came from.
    pub fn new(status: u16, headers: Vec<(String, String)>, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers,
            body: body.into(),
            final_url: String::new(),
        }
    }

    /// The first header of a name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether it says that it went well.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The answer if it went well, and otherwise what the host said.
    pub fn success(self) -> Result<Self, Error> {
        if self.is_success() {
            return Ok(self);
        }
        let text = String::from_utf8_lossy(&self.body);
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = text.chars().map(plain).take(200).collect();
        Err(Error::Status {
            text: text.trim().to_owned(),
            status: self.status,
            host: host_of(&self.final_url),
        })
    }

    /// Whether it leads elsewhere, and where to.
    pub(crate) fn redirect(&self) -> Option<&str> {
        let leads = matches!(self.status, 301 | 302 | 303 | 307 | 308);
        self.header("location").filter(|_| leads)
    }
}

fn host_of(url: &str) -> String {
    match names::ObjectUri::parse(url) {
        Ok(uri) => uri.host().into_string(),
        Err(_) => "a host".to_owned(),
    }
}

/// Takes requests in the place of the internet: whole pods in one process talk to each other through a function.
pub type Transport =
    Arc<dyn Fn(Request) -> BoxFuture<'static, Result<Answer, Error>> + Send + Sync>;
