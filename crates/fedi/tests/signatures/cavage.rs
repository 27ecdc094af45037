//! Signatures as all send them today, in the dialect of draft-cavage-http-signatures-12.

use super::*;

#[test]
fn what_we_send_openssl_verifies() {
    let folder = ORACLE.folder.path();
    let pem = std::fs::read_to_string(ORACLE.file("key.pem")).unwrap();
    let key = PrivateKey::from_pem(&pem).unwrap();
    let host = Host::parse("far.example:9001").unwrap();
    let outgoing = Outgoing {
        method: "POST",
        target: "/inbox?x=1",
        host: &host,
        body: Some(BODY),
        extra: &[("shoal-nonce", "abc")],
    };
    let name = KeyUri::parse("https://pod.example/accounts/peertube#main-key").unwrap();
    let sent = sign(&outgoing, &key, &name, NOW);
    let header = |name: &str| &sent.iter().find(|(key, _)| key == name).unwrap().1;
    assert_eq!((&**header("date"), &**header("digest")), (DATE, DIGEST));
    let (front, signature) = header("signature").split_once("signature=\"").unwrap();
    assert_eq!(
        front,
        "keyId=\"https://pod.example/accounts/peertube#main-key\",algorithm=\"rsa-sha256\",\
         headers=\"(request-target) host date digest shoal-nonce\","
    );
    let base = format!(
        "(request-target): post /inbox?x=1\nhost: far.example:9001\ndate: {DATE}\ndigest: {DIGEST}\nshoal-nonce: abc"
    );
    std::fs::write(ORACLE.file("base"), base).unwrap();
    let signature = STANDARD.decode(signature.trim_end_matches('"')).unwrap();
    std::fs::write(ORACLE.file("base.sig"), signature).unwrap();
    let arguments = "dgst -sha256 -verify pub.pem -signature base.sig base";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let said = openssl(folder, &arguments).unwrap();
    assert_eq!(String::from_utf8(said).unwrap().trim(), "Verified OK");
    // And we understand ourselves.
    let headers: Vec<(&str, &str)> = sent.iter().map(|(k, v)| (&**k, &**v)).collect();
    let claim = Claim::read(&Request {
        method: "POST",
        target: "/inbox?x=1",
        host: &host,
        scheme: Scheme::Https,
        headers: &headers,
        body: Body::Bytes(BODY),
    })
    .unwrap();
    assert_eq!(claim.verify(&ORACLE.public, NOW, Window::PODS), Ok(()));
    assert_eq!(claim.signed("shoal-nonce"), Some("abc"));
    assert_eq!(claim.signed("content-type"), None);
    assert_eq!(claim.dialect, Dialect::Cavage);
}

#[test]
fn cavage_from_openssl() {
    for (algorithm, covered, base, expected) in [
        ("algorithm=\"rsa-sha256\",", COVERED, base(), Ok(())),
        ("algorithm=\"hs2019\",", COVERED, base(), Ok(())),
        ("", COVERED, base(), Ok(())),
        (
            "algorithm=\"hs2019\",created=1795416300,expires=1795416400,",
            "(request-target) (created) (expires) host digest",
            format!(
                "(request-target): post /inbox\n(created): 1795416300\n(expires): 1795416400\nhost: pod.example\ndigest: {DIGEST}"
            ),
            Ok(()),
        ),
        (
            "created=1795416300,expires=1795416340,",
            "(request-target) (created) (expires) host digest",
            format!(
                "(request-target): post /inbox\n(created): 1795416300\n(expires): 1795416340\nhost: pod.example\ndigest: {DIGEST}"
            ),
            Err(Refusal::Expired),
        ),
        (
            "algorithm=\"rsa-sha256\",created=1795416300,",
            "(request-target) (created) host digest",
            String::new(),
            Err(Refusal::Component("(created)".into())),
        ),
        (
            "algorithm=\"hmac-sha256\",",
            COVERED,
            base(),
            Err(Refusal::Algorithm("hmac-sha256".into())),
        ),
        (
            "algorithm=\"rsa-sha1\",",
            COVERED,
            base(),
            Err(Refusal::Algorithm("rsa-sha1".into())),
        ),
        (
            "",
            "(request-target) host date",
            String::new(),
            Err(Refusal::Uncovered("the digest of the body")),
        ),
        (
            "",
            "host date digest",
            String::new(),
            Err(Refusal::Uncovered("the method and path of the request")),
        ),
        (
            "",
            "(request-target) date digest",
            String::new(),
            Err(Refusal::Uncovered("the host")),
        ),
        (
            "",
            "(request-target) host digest",
            String::new(),
            Err(Refusal::Uncovered("a date")),
        ),
        (
            "",
            "(request-target) host date digest x-lost",
            String::new(),
            Err(Refusal::Missing("x-lost".into())),
        ),
        (
            "",
            "(request-target) host date date digest",
            String::new(),
            Err(Refusal::Malformed("it lists a header twice")),
        ),
        (
            "",
            COVERED,
            base().replace("/inbox", "/other"),
            Err(Refusal::Signature),
        ),
        (
            "",
            COVERED,
            base().replace("pod.example", "other.example"),
            Err(Refusal::Signature),
        ),
    ] {
        assert_eq!(
            check(&cavage(algorithm, covered, &base)),
            expected,
            "{algorithm} {covered}"
        );
    }
}

#[test]
fn what_was_changed_on_the_way() {
    let good = cavage("", COVERED, &base());
    assert_eq!(check(&good), Ok(()));
    // A valid signature over another digest.
    let read = |body| read_at("/inbox", &good, body).map(|_| ());
    assert_eq!(read(Body::Bytes(b"{}")), Err(Refusal::Digest));
    assert_eq!(read(Body::Sha256([0; 32])), Err(Refusal::Digest));
    let hash = STANDARD.decode(&DIGEST["SHA-256=".len()..]).unwrap();
    assert_eq!(read(Body::Sha256(hash.try_into().unwrap())), Ok(()));
    // Another path, another key.
    let other = read_at("/other", &good, Body::Bytes(BODY)).unwrap();
    assert_eq!(
        other.verify(&ORACLE.public, NOW, Window::PODS),
        Err(Refusal::Signature)
    );
    let claim = read_at("/inbox", &good, Body::Bytes(BODY)).unwrap();
    let stranger = PrivateKey::generate().unwrap();
    assert_eq!(
        claim.verify(stranger.public(), NOW, Window::PODS),
        Err(Refusal::Signature)
    );
    // Clocks an hour apart.
    for (now, window, expected) in [
        (NOW + 299_000, Window::PODS, Ok(())),
        (NOW + 301_000, Window::PODS, Err(Refusal::Stale(301))),
        (NOW - 301_000, Window::PODS, Err(Refusal::Early(301))),
        (NOW + 3_599_000, Window::ACTIVITYPUB, Ok(())),
        (
            NOW + 3_601_000,
            Window::ACTIVITYPUB,
            Err(Refusal::Stale(3601)),
        ),
        (
            NOW - 3_601_000,
            Window::ACTIVITYPUB,
            Err(Refusal::Early(3601)),
        ),
    ] {
        assert_eq!(claim.verify(&ORACLE.public, now, window), expected, "{now}");
    }
    // Headers that come twice, signatures that come twice, and a proxy that changes the host.
    let with = |name: &str, value: &str| {
        let mut headers = good.clone();
        headers.push((name.to_owned(), value.to_owned()));
        check(&headers)
    };
    for name in ["Date", "DIGEST", "Host", "Signature"] {
        assert_eq!(
            with(name, "x"),
            Err(Refusal::Twice(name.to_ascii_lowercase()))
        );
    }
    assert_eq!(with("X-Other", "x"), Ok(()));
    let mut proxied = good.clone();
    proxied[0].1 = "127.0.0.1:9000".to_owned();
    assert_eq!(check(&proxied), Ok(()));
}

#[test]
fn what_is_no_signature() {
    let long = format!("keyId=\"{}\"", "a".repeat(10_000));
    let many = format!(
        "keyId=\"{KEY_ID}\",signature=\"AA==\",headers=\"{}\"",
        "x ".repeat(3000)
    );
    let missing = |field: &'static str| Refusal::Malformed(field);
    for (header, expected) in [
        (&*long, Refusal::TooLarge),
        (&*many, Refusal::Missing("x".into())),
        ("", missing("a parameter has no value")),
        ("keyId", missing("a parameter has no value")),
        ("keyId=\"x", missing("a quote is not closed")),
        (
            "keyId=\"x\" a=1",
            missing("parameters are not separated by commas"),
        ),
        (
            "keyId=\"x\",keyId=\"y\"",
            missing("it says something twice"),
        ),
        ("signature=\"AA==\"", Refusal::Key),
        ("keyId=\"alice\",signature=\"AA==\"", Refusal::Key),
        (
            "keyId=\"file:///etc/passwd\",signature=\"AA==\"",
            Refusal::Key,
        ),
        (
            "keyId=\"https://a.example/k\"",
            missing("it holds no base64"),
        ),
        (
            "keyId=\"https://a.example/k\",signature=\"!\"",
            missing("it holds no base64"),
        ),
    ] {
        let read = read_at("/inbox", &headers(&[("Signature", header)]), Body::None);
        assert_eq!(read, Err(expected), "{header:.60}");
    }
    assert_eq!(
        read_at("/inbox", &headers(&[]), Body::None),
        Err(Refusal::Unsigned)
    );
    let names: String = (0..40).map(|i| format!("x{i} ")).collect();
    let header = format!("keyId=\"{KEY_ID}\",signature=\"AA==\",headers=\"{names}\"");
    let given: Vec<(String, String)> = (0..40).map(|i| (format!("x{i}"), String::new())).collect();
    let all = [headers(&[("Signature", &header)]), given].concat();
    assert_eq!(read_at("/inbox", &all, Body::None), Err(Refusal::TooLarge));
}
