//! Signing what we send, in the dialect that everybody understands: cavage-12 with `rsa-sha256`, over
//! `(request-target) host date digest` and whatever else is to be protected.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use names::{Host, KeyUri};

use super::digest;
use crate::keys::PrivateKey;
use crate::time::http_date;

/// A request that is to be signed.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query as they will be sent, encoded.
    pub target: &'a str,
    /// The host it goes to, which is also the `Host` header.
    pub host: &'a Host,
    /// The body, if there is one.
    pub body: Option<&'a [u8]>,
    /// Further headers to send and to sign, such as `shoal-nonce`; names in lower case, values on one line.
    pub extra: &'a [(&'a str, &'a str)],
}

/// The headers to send with the request: `date`, `digest` if there is a body, the extra ones, `signature`. `Host` is signed as well, and
/// is sent by whoever opens the connection. `now` is in milliseconds since 1970.
pub fn sign(
    request: &Outgoing,
    key: &PrivateKey,
    name: &KeyUri,
    now: i64,
) -> Vec<(String, String)> {
    let mut headers = vec![("date".to_owned(), http_date(now))];
    if let Some(body) = request.body {
        headers.push(("digest".to_owned(), digest::write(body)));
    }
    for (name, value) in request.extra {
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let method = request.method.to_ascii_lowercase();
    let mut names = "(request-target) host".to_owned();
    let mut base = format!(
        "(request-target): {method} {}\nhost: {}",
        request.target, request.host
    );
    for (name, value) in &headers {
        names.push_str(&format!(" {name}"));
        base.push_str(&format!("\n{name}: {value}"));
    }
    let signature = STANDARD.encode(key.sign(base.as_bytes()));
    let signature = format!(
        "keyId=\"{name}\",algorithm=\"rsa-sha256\",headers=\"{names}\",signature=\"{signature}\""
    );
    headers.push(("signature".to_owned(), signature));
    headers
}
