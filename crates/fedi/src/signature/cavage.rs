//! Signatures of draft-cavage-http-signatures-12, as Mastodon, PeerTube and nearly everybody else sends them: one `Signature` header that lists
//! the headers it covers, and a text of `name: value` lines that is signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use names::KeyUri;

use super::refusal::short;
use super::{Claim, Dialect, MAX_COVERED, MAX_HEADER, Refusal, Request};
use crate::keys::Padding;
use crate::time::parse_http_date;

/// What the parameters of a `Signature` header say.
#[derive(Default)]
struct Parameters {
    key: Option<String>,
    algorithm: Option<String>,
    headers: Option<String>,
    signature: Option<String>,
    created: Option<String>,
    expires: Option<String>,
}

pub fn read(request: &Request) -> Result<Claim, Refusal> {
    let header = request.header("signature")?.ok_or(Refusal::Unsigned)?;
    let parameters = Parameters::read(header)?;
    let key = parameters.key.as_deref().ok_or(Refusal::Key)?;
    let key = KeyUri::parse(key).map_err(|_| Refusal::Key)?;
    // Only with the algorithm left open may the pseudo headers for times be used (section 2.3 of the draft).
    let (paddings, open): (&[Padding], bool) = match parameters.algorithm.as_deref() {
        Some("rsa-sha256") => (&[Padding::Pkcs1Sha256], false),
        // The draft means PSS by it, everybody who sends it means what they always did.
        None | Some("hs2019") => (&[Padding::Pkcs1Sha256, Padding::PssSha512], true),
        Some(other) => return Err(Refusal::Algorithm(short(other))),
    };
    let signature = parameters.signature.as_deref();
    let signature = signature.and_then(|text| STANDARD.decode(text).ok());
    let signature = signature.ok_or(Refusal::Malformed("it holds no base64"))?;
    let names = parameters.headers.as_deref().unwrap_or("date");
    let mut claim = Claim::unread(key, Dialect::Cavage, signature, paddings);
    for name in names.split(' ').filter(|name| !name.is_empty()) {
        let name = name.to_ascii_lowercase();
        if claim.covered.len() == MAX_COVERED {
            return Err(Refusal::TooLarge);
        }
        if claim.signed(&name).is_some() {
            return Err(Refusal::Malformed("it lists a header twice"));
        }
        let value = match name.as_str() {
            "(request-target)" => {
                format!("{} {}", request.method.to_ascii_lowercase(), request.target)
            }
            "(created)" if open => {
                let (text, time) = seconds(parameters.created.as_deref())?;
                claim.made.push(time);
                text
            }
            "(expires)" if open => {
                let (text, time) = seconds(parameters.expires.as_deref())?;
                claim.expires = Some(time);
                text
            }
            pseudo if pseudo.starts_with('(') => return Err(Refusal::Component(short(pseudo))),
            "date" => {
                let date = request.covered("date")?;
                claim
                    .made
                    .push(parse_http_date(&date).ok_or(Refusal::Date)?);
                date
            }
            header => request.covered(header)?,
        };
        claim.covered.push((name, value));
    }
    for (needed, what) in [
        ("(request-target)", "the method and path of the request"),
        ("host", "the host"),
    ] {
        claim.signed(needed).ok_or(Refusal::Uncovered(what))?;
    }
    let lines = claim.covered.iter();
    let lines = lines.map(|(name, value)| format!("{name}: {value}"));
    claim.base = lines.collect::<Vec<_>>().join("\n");
    Ok(claim)
}

/// A time in seconds since 1970, as it is signed and in milliseconds. A fraction is allowed in `expires`.
fn seconds(text: Option<&str>) -> Result<(String, i64), Refusal> {
    let text = text.ok_or(Refusal::Date)?;
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let digits = !whole.is_empty() && whole.len() <= 12;
    if !digits || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(Refusal::Date);
    }
    let seconds: i64 = whole.parse().map_err(|_| Refusal::Date)?;
    Ok((text.to_owned(), seconds * 1000))
}

impl Parameters {
    /// `name="value"` or `name=number`, separated by commas.
    fn read(header: &str) -> Result<Self, Refusal> {
        if header.len() > MAX_HEADER {
            return Err(Refusal::TooLarge);
        }
        let mut parameters = Self::default();
        let mut rest = header;
        loop {
            let (name, after) = rest
                .split_once('=')
                .ok_or(Refusal::Malformed("a parameter has no value"))?;
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted
                    .split_once('"')
                    .ok_or(Refusal::Malformed("a quote is not closed"))?,
                None => after.split_at(after.find([',', ' ']).unwrap_or(after.len())),
            };
            parameters.set(name.trim(), value)?;
            let after = after.trim_start();
            if after.is_empty() {
                return Ok(parameters);
            }
            rest = after
                .strip_prefix(',')
                .ok_or(Refusal::Malformed("parameters are not separated by commas"))?;
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        let place = match name {
            "keyId" => &mut self.key,
            "algorithm" => &mut self.algorithm,
            "headers" => &mut self.headers,
            "signature" => &mut self.signature,
            "created" => &mut self.created,
            "expires" => &mut self.expires,
            _ => return Ok(()),
        };
        if place.replace(value.to_owned()).is_some() {
            return Err(Refusal::Malformed("it says something twice"));
        }
        Ok(())
    }
}
