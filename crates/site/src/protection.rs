//! Headers that take rights away from a page: what it may load, who may frame it, what it tells others.
//!
//! Scripts come from the pod only. Styles may stand in elements, because the player's controls bring theirs along. Pictures come from the
//! pod's public address as well as from the one in the address bar, which differ when somebody opens the pod under another name.
//!
//! Media and connections may go to every pod, encrypted: a video of another pod is played from there and shared through its tracker,
//! and one page is many videos, since moving to the next loads no new page with a policy of its own. What that gives away is little.
//! Nothing that comes over such a connection is ever run, because scripts, frames and forms stay with the pod; whoever could run a script
//! here despite that could carry things away by a link as well. The visitor's token goes to the pod alone (web/src/api/http.ts).
//! Only a pod on a loopback address, which is one for trying things out, may also ask without encryption, for its friends are like it.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue};
use names::Host;

/// The headers of pages, made once.
#[derive(Clone)]
pub struct Protection {
    page: HeaderValue,
    embedded: HeaderValue,
}

impl Protection {
    /// For a pod at this address.
    pub fn new(url: &str) -> Protection {
        let socket = url.replacen("http", "ws", 1);
        let plain = Host::parse(url).is_ok_and(|host| host.is_loopback());
        let (media, connect) = match plain {
            true => ("https: http:", "https: wss: http: ws:"),
            false => ("https:", "https: wss:"),
        };
        let policy = |framed_by: &str| {
            let policy = format!(
                "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; manifest-src 'self'; \
                 img-src 'self' data: blob: {url}; media-src 'self' blob: {url} {media}; connect-src 'self' {url} {socket} {connect}; \
                 worker-src 'self' blob:; frame-ancestors {framed_by}; base-uri 'none'; form-action 'self'"
            );
            // An address that cannot stand in a header cannot be a pod's; the strictest rule is then right.
            HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'self'"))
        };
        Protection {
            page: policy("'self'"),
            embedded: policy("*"),
        }
    }

    /// Puts the headers on a page; an embeddable one may be framed by everybody.
    pub fn protect(&self, headers: &mut HeaderMap, embeddable: bool) {
        let policy = if embeddable {
            &self.embedded
        } else {
            &self.page
        };
        headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let referrer = HeaderValue::from_static("strict-origin-when-cross-origin");
        headers.insert(REFERRER_POLICY, referrer);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
}
