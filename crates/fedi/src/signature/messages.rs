//! HTTP Message Signatures (RFC 9421): `Signature-Input` lists the components that are covered, `Signature` holds the signatures by label.
//! Several may be sent; the first that we can judge counts. Components with parameters are refused: none of those that the RFC
//! defines is used for requests of the fediverse.

use names::KeyUri;

use super::refusal::short;
use super::structured::{Cursor, Item, List, Member, write_item, write_list};
use super::{Claim, Dialect, MAX_HEADER, Refusal, Request, Scheme};
use crate::keys::Padding;
use crate::time::parse_http_date;

pub fn read(request: &Request) -> Result<Claim, Refusal> {
    let header = |name: &str| {
        let value = request.header(name)?.ok_or(Refusal::Unsigned)?;
        if value.len() > MAX_HEADER {
            return Err(Refusal::TooLarge);
        }
        Ok(value)
    };
    let inputs = Cursor::new(header("signature-input")?)
        .dictionary(Cursor::inner_list)
        .ok_or(Refusal::Malformed(
            "the Signature-Input header is no list of components",
        ))?;
    let signatures = Cursor::new(header("signature")?)
        .dictionary(Cursor::item)
        .ok_or(Refusal::Malformed(
            "the Signature header is no list of signatures",
        ))?;
    let mut refusal = None;
    for (label, input) in inputs {
        let mut signatures = signatures.iter();
        let signature = match signatures.find(|(name, _)| *name == label) {
            Some((_, member)) => match &member.value {
                Item::Bytes(bytes) => bytes.clone(),
                _ => return Err(Refusal::Malformed("it holds no base64")),
            },
            None => continue,
        };
        match key(&input).and_then(|key| claim(request, &input, key, signature)) {
            Ok(claim) => return Ok(claim),
            Err(reason) => refusal = refusal.or(Some(reason)),
        }
    }
    Err(refusal.unwrap_or(Refusal::Malformed("no signature belongs to its components")))
}

fn key(input: &Member<List>) -> Result<KeyUri, Refusal> {
    match input.parameter("keyid") {
        Some(Item::Text(key)) => KeyUri::parse(key).map_err(|_| Refusal::Key),
        _ => Err(Refusal::Key),
    }
}

fn claim(
    request: &Request,
    input: &Member<List>,
    key: KeyUri,
    signature: Vec<u8>,
) -> Result<Claim, Refusal> {
    let paddings: &[Padding] = match input.parameter("alg") {
        Some(Item::Text(alg)) if alg == "rsa-v1_5-sha256" => &[Padding::Pkcs1Sha256],
        Some(Item::Text(alg)) if alg == "rsa-pss-sha512" => &[Padding::PssSha512],
        None => &[Padding::Pkcs1Sha256, Padding::PssSha512],
        Some(other) => {
            let Item::Text(other) = other else {
                return Err(Refusal::Malformed("the algorithm is no text"));
            };
            return Err(Refusal::Algorithm(short(other)));
        }
    };
    let mut claim = Claim::unread(key, Dialect::Messages, signature, paddings);
    if let Some(created) = input.parameter("created") {
        claim.made.push(time(created)?);
    }
    if let Some(expires) = input.parameter("expires") {
        claim.expires = Some(time(expires)?);
    }
    for component in &input.value {
        let Item::Text(name) = &component.value else {
            return Err(Refusal::Malformed("a component's name is no text"));
        };
        if !component.parameters.is_empty() {
            return Err(Refusal::Component(short(&write_item(component))));
        }
        if claim.signed(name).is_some() {
            return Err(Refusal::Malformed("it lists a component twice"));
        }
        let value = value(request, name)?;
        if name == "date" {
            claim
                .made
                .push(parse_http_date(&value).ok_or(Refusal::Date)?);
        }
        claim.base.push_str(&format!("\"{name}\": {value}\n"));
        claim.covered.push((name.clone(), value));
    }
    enough(request, &claim)?;
    let parameters = write_list(input);
    claim
        .base
        .push_str(&format!("\"@signature-params\": {parameters}"));
    Ok(claim)
}

/// The value of a component of a request (RFC 9421 section 2).
fn value(request: &Request, name: &str) -> Result<String, Refusal> {
    let scheme = match request.scheme {
        Scheme::Https => "https",
        Scheme::Http => "http",
    };
    let (path, query) = match request.target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (request.target, None),
    };
    Ok(match name {
        "@method" => request.method.to_owned(),
        "@target-uri" => format!("{scheme}://{}{}", request.host, request.target),
        "@authority" => request.host.to_string(),
        "@scheme" => scheme.to_owned(),
        "@request-target" => request.target.to_owned(),
        "@path" if path.is_empty() => "/".to_owned(),
        "@path" => path.to_owned(),
        "@query" => format!("?{}", query.unwrap_or_default()),
        other if other.starts_with('@') => return Err(Refusal::Component(short(other))),
        header if header.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            return Err(Refusal::Malformed("a component's name is in upper case"));
        }
        header => request.covered(header)?,
    })
}

/// Whether method, host, path and query are covered, by whatever components.
fn enough(request: &Request, claim: &Claim) -> Result<(), Refusal> {
    let has = |name: &str| claim.signed(name).is_some();
    let uri = has("@target-uri");
    let query = has("@query") || !request.target.contains('?');
    for (covered, what) in [
        (has("@method"), "the method"),
        (uri || has("@authority") || has("host"), "the host"),
        (
            uri || has("@request-target") || (has("@path") && query),
            "the path and query of the request",
        ),
    ] {
        if !covered {
            return Err(Refusal::Uncovered(what));
        }
    }
    Ok(())
}

fn time(item: &Item) -> Result<i64, Refusal> {
    match item {
        Item::Integer(seconds) if (0..=999_999_999_999).contains(seconds) => Ok(seconds * 1000),
        _ => Err(Refusal::Date),
    }
}

#[cfg(test)]
mod tests {
    use names::Host;

    use super::*;
    use crate::keys::PublicKey;
    use crate::signature::{Body, Window, digest};

    /// The key `test-key-rsa-pss` of RFC 9421 appendix B.1.2.
    const KEY: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2
+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+
oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq
gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W
Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4
aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI
2wIDAQAB
-----END PUBLIC KEY-----";

    /// The request of appendix B.2 and its signature of B.2.3.
    const HEADERS: [(&str, &str); 5] = [
        ("Host", "example.com"),
        ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("Content-Type", "application/json"),
        (
            "Content-Digest",
            "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
        ),
        ("Content-Length", "18"),
    ];
    const INPUT: &str = "sig-b23=(\"date\" \"@method\" \"@path\" \"@query\" \"@authority\" \"content-type\" \"content-digest\" \"content-length\");created=1618884473;keyid=\"test-key-rsa-pss\"";
    const SIGNATURE: &str = "sig-b23=:bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==:";

    /// The key of the example has no address, which is all that is put in here.
    fn example(target: &str) -> Claim {
        let host = Host::parse("example.com").unwrap();
        let request = Request {
            method: "POST",
            target,
            host: &host,
            scheme: Scheme::Https,
            headers: &HEADERS,
            body: Body::Bytes(b"{\"hello\": \"world\"}"),
        };
        let inputs = Cursor::new(INPUT).dictionary(Cursor::inner_list).unwrap();
        let signatures = Cursor::new(SIGNATURE).dictionary(Cursor::item).unwrap();
        let Item::Bytes(signature) = &signatures[0].1.value else {
            panic!("the signature is bytes");
        };
        assert_eq!(key(&inputs[0].1), Err(Refusal::Key));
        let key = KeyUri::parse("https://example.com/key").unwrap();
        let claim = claim(&request, &inputs[0].1, key, signature.clone()).unwrap();
        digest::check(&request.body, |name| claim.signed(name)).unwrap();
        claim
    }

    #[test]
    fn the_example_of_the_standard() {
        let key = PublicKey::from_pem(KEY).unwrap();
        let now = 1_618_884_475_000;
        let claim = example("/foo?param=Value&Pet=dog");
        assert_eq!(claim.verify(&key, now, Window::PODS), Ok(()));
        let wrong = example("/foo?param=Value&Pet=cat");
        assert_eq!(
            wrong.verify(&key, now, Window::PODS),
            Err(Refusal::Signature)
        );
    }

    #[test]
    fn structured_fields() {
        for text in [
            "()",
            "(\"a\" \"b\";p;q=1);created=-5;x=?0;y=token/1;z=:AQI=:",
            "(\"with \\\"quotes\\\"\");a",
        ] {
            let members = Cursor::new(text).inner_list().unwrap();
            assert_eq!(write_list(&members), text);
        }
        for text in [
            "",
            "(",
            "(\"a\"",
            "(\"a\"\"b\")",
            "(\"\u{e9}\")",
            "();A=1",
            "();a=1.5",
            "();a=1;a=2",
            "();a=:!:",
        ] {
            let whole = format!("s={text}");
            assert_eq!(
                Cursor::new(&whole).dictionary(Cursor::inner_list),
                None,
                "{text}"
            );
        }
        let many = "s=(".to_owned() + &"\"a\" ".repeat(1000) + ")";
        assert_eq!(Cursor::new(&many).dictionary(Cursor::inner_list), None);
        assert_eq!(
            Cursor::new("a=(), a=()").dictionary(Cursor::inner_list),
            None
        );
        assert_eq!(
            Cursor::new("a=() b=()").dictionary(Cursor::inner_list),
            None
        );
    }
}
