//! HTTP message signatures, RFC 9421.

use super::*;

pub const PSS: [&str; 4] = [
    "-sigopt",
    "rsa_padding_mode:pss",
    "-sigopt",
    "rsa_pss_saltlen:64",
];

/// A request in the dialect of RFC 9421, signed by openssl over the lines and the parameters.
fn message(padding: Padding, lines: &str, parameters: &str) -> Vec<(String, String)> {
    let base = format!("{lines}\"@signature-params\": {parameters}");
    let signature = STANDARD.encode(ORACLE.sign(padding, &base));
    let digest = DIGEST.replace("SHA-256=", "sha-256=:") + ":";
    headers(&[
        ("Content-Digest", &digest),
        ("Signature-Input", &format!("sig1={parameters}")),
        ("Signature", &format!("sig1=:{signature}:")),
    ])
}

#[test]
fn messages_from_openssl() {
    let digest = DIGEST.replace("SHA-256=", "sha-256=:") + ":";
    let full = format!(
        "\"@method\": POST\n\"@target-uri\": https://pod.example/inbox\n\"content-digest\": {digest}\n"
    );
    let names = "(\"@method\" \"@target-uri\" \"content-digest\")";
    let all = format!(
        "\"@method\": POST\n\"@authority\": pod.example\n\"@scheme\": https\n\"@path\": /inbox\n\"@query\": ?\n\"@request-target\": /inbox\n\"date\": {DATE}\n\"content-digest\": {digest}\n"
    );
    let all_names = "(\"@method\" \"@authority\" \"@scheme\" \"@path\" \"@query\" \"@request-target\" \"date\" \"content-digest\")";
    let time = "created=1795416300";
    let key = format!("keyid=\"{KEY_ID}\"");
    let v15 = Padding::Pkcs1Sha256;
    let pss = Padding::PssSha512;
    for (padding, lines, parameters, expected) in [
        (
            v15,
            &full,
            format!("{names};{time};{key};alg=\"rsa-v1_5-sha256\""),
            Ok(()),
        ),
        (
            pss,
            &full,
            format!("{names};{time};{key};alg=\"rsa-pss-sha512\""),
            Ok(()),
        ),
        (v15, &full, format!("{names};{time};{key}"), Ok(())),
        (pss, &full, format!("{names};{time};{key}"), Ok(())),
        (
            v15,
            &all,
            format!("{all_names};{key};tag=\"x\";nonce=\"y\""),
            Ok(()),
        ),
        (
            pss,
            &full,
            format!("{names};{time};{key};alg=\"rsa-v1_5-sha256\""),
            Err(Refusal::Signature),
        ),
        (
            v15,
            &all,
            format!("{names};{time};{key}"),
            Err(Refusal::Signature),
        ),
        (
            v15,
            &full,
            format!("{names};{time};expires=1795416340;{key}"),
            Err(Refusal::Expired),
        ),
        (
            v15,
            &full,
            format!("{names};created=1795410000;{key}"),
            Err(Refusal::Stale(6352)),
        ),
        (
            v15,
            &full,
            format!("{names};{key}"),
            Err(Refusal::Uncovered("a date")),
        ),
        (
            v15,
            &full,
            format!("{names};{time};{key};alg=\"ed25519\""),
            Err(Refusal::Algorithm("ed25519".into())),
        ),
        (
            v15,
            &full,
            format!("{names};{time};keyid=\"alice\""),
            Err(Refusal::Key),
        ),
        (v15, &full, format!("{names};{time}"), Err(Refusal::Key)),
        (
            v15,
            &full,
            format!("(\"@method\" \"@target-uri\");{time};{key}"),
            Err(Refusal::Uncovered("the digest of the body")),
        ),
        (
            v15,
            &full,
            format!("(\"@target-uri\" \"content-digest\");{time};{key}"),
            Err(Refusal::Uncovered("the method")),
        ),
        (
            v15,
            &full,
            format!("(\"@method\" \"@path\" \"content-digest\");{time};{key}"),
            Err(Refusal::Uncovered("the host")),
        ),
        (
            v15,
            &full,
            format!("(\"@method\" \"@authority\" \"content-digest\");{time};{key}"),
            Err(Refusal::Uncovered("the path and query of the request")),
        ),
        (
            v15,
            &full,
            format!("(\"@method\" \"@status\");{time};{key}"),
            Err(Refusal::Component("@status".into())),
        ),
        (
            v15,
            &full,
            format!("(\"@method\";req);{time};{key}"),
            Err(Refusal::Component("\"@method\";req".into())),
        ),
        (
            v15,
            &full,
            format!("(\"@method\" \"@method\");{time};{key}"),
            Err(Refusal::Malformed("it lists a component twice")),
        ),
        (
            v15,
            &full,
            format!("(\"Date\");{time};{key}"),
            Err(Refusal::Malformed("a component's name is in upper case")),
        ),
    ] {
        let headers = message(padding, lines, &parameters);
        assert_eq!(check(&headers), expected, "{parameters}");
    }
    // Path without query does not cover a request that has one.
    let parameters =
        format!("(\"@method\" \"@authority\" \"@path\" \"content-digest\");{time};{key}");
    let headers = message(v15, &full, &parameters);
    let read = read_at("/inbox?x=1", &headers, Body::Bytes(BODY));
    assert_eq!(
        read,
        Err(Refusal::Uncovered("the path and query of the request"))
    );
    // The digest is compared here as well, and an unknown kind is no digest.
    let parameters = format!("{names};{time};{key}");
    let mut headers = message(v15, &full, &parameters);
    assert_eq!(
        read_at("/inbox", &headers, Body::Bytes(b"{}")),
        Err(Refusal::Digest)
    );
    headers[2].1 = "md5=:AAAA:".to_owned();
    assert_eq!(check(&headers), Err(Refusal::DigestKind));
    headers[2].1 = "sha-256=text".to_owned();
    assert_eq!(check(&headers), Err(Refusal::DigestKind));
}
