//! Keys and signatures against an independent implementation: the `openssl` program makes keys and signatures over texts that are written out
//! here by hand, and judges ours. Without the program these tests fail; they are not skipped.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail wherever something is not as it must be"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fedi::keys::{BadKey, Padding, PrivateKey, PublicKey};
use fedi::signature::{Body, Claim, Dialect, Outgoing, Refusal, Request, Scheme, Window, sign};
use names::{Host, KeyUri};

const NOW: i64 = 1_795_416_352_000;
const DATE: &str = "Mon, 23 Nov 2026 06:45:52 GMT";
const KEY_ID: &str = "https://far.example/accounts/alice#main-key";
const BODY: &[u8] = b"{\"type\":\"Like\"}";
/// `openssl dgst -sha256 -binary | base64` over the body.
const DIGEST: &str = "SHA-256=fQLcyuiC5b53id2wfhThCI+LFjFoCGXZfRwgMiR7Fp0=";
const PSS: [&str; 4] = [
    "-sigopt",
    "rsa_padding_mode:pss",
    "-sigopt",
    "rsa_pss_saltlen:64",
];

/// Runs openssl in a folder; its output.
fn openssl(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("these tests need the program openssl");
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// A key that openssl made, and the folder that it is in.
struct Oracle {
    folder: tempfile::TempDir,
    public: PublicKey,
}

static ORACLE: LazyLock<Oracle> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let make = "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem";
    let arguments: Vec<&str> = make.split(' ').collect();
    openssl(folder.path(), &arguments).unwrap();
    openssl(
        folder.path(),
        &["pkey", "-in", "key.pem", "-pubout", "-out", "pub.pem"],
    )
    .unwrap();
    let public = std::fs::read_to_string(folder.path().join("pub.pem")).unwrap();
    let public = PublicKey::from_pem(&public).unwrap();
    Oracle { folder, public }
});

impl Oracle {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sign(&self, padding: Padding, message: &str) -> Vec<u8> {
        let scratch = tempfile::tempdir_in(self.folder.path()).unwrap();
        std::fs::write(scratch.path().join("message"), message).unwrap();
        let mut arguments = match padding {
            Padding::Pkcs1Sha256 => vec!["dgst", "-sha256"],
            Padding::PssSha512 => [&["dgst", "-sha512"][..], &PSS].concat(),
        };
        arguments.extend(["-sign", "../key.pem", "message"]);
        openssl(scratch.path(), &arguments).unwrap()
    }
}

/// A request in the cavage dialect, signed by openssl over `base`.
fn cavage(algorithm: &str, covered: &str, base: &str) -> Vec<(String, String)> {
    let signature = ORACLE.sign(Padding::Pkcs1Sha256, base);
    let signature = STANDARD.encode(signature);
    let header =
        format!("keyId=\"{KEY_ID}\",{algorithm}headers=\"{covered}\",signature=\"{signature}\"");
    headers(&[("Digest", DIGEST), ("Signature", &header)])
}

fn headers(extra: &[(&str, &str)]) -> Vec<(String, String)> {
    let usual = [("Host", "pod.example"), ("Date", DATE)];
    let all = usual.iter().chain(extra);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn read_at(target: &str, headers: &[(String, String)], body: Body) -> Result<Claim, Refusal> {
    let host = Host::parse("pod.example").unwrap();
    let headers: Vec<(&str, &str)> = headers.iter().map(|(k, v)| (&**k, &**v)).collect();
    Claim::read(&Request {
        method: "POST",
        target,
        host: &host,
        scheme: Scheme::Https,
        headers: &headers,
        body,
    })
}

fn check(headers: &[(String, String)]) -> Result<(), Refusal> {
    let claim = read_at("/inbox", headers, Body::Bytes(BODY))?;
    assert_eq!(claim.key.as_str(), KEY_ID);
    claim.verify(&ORACLE.public, NOW, Window::PODS)
}

const COVERED: &str = "(request-target) host date digest";

fn base() -> String {
    format!("(request-target): post /inbox\nhost: pod.example\ndate: {DATE}\ndigest: {DIGEST}")
}

#[test]
fn keys_go_both_ways() {
    let folder = ORACLE.folder.path();
    let read = |name: &str| std::fs::read_to_string(ORACLE.file(name)).unwrap();
    let key = PrivateKey::from_pem(&read("key.pem")).unwrap();
    assert_eq!(key.public(), &ORACLE.public);
    assert_eq!(key.public().to_pem(), read("pub.pem"));
    // The older forms.
    openssl(
        folder,
        &["rsa", "-in", "key.pem", "-traditional", "-out", "old.pem"],
    )
    .unwrap();
    assert!(read("old.pem").contains("BEGIN RSA PRIVATE KEY"));
    let old = PrivateKey::from_pem(&read("old.pem")).unwrap();
    assert_eq!(old.public(), &ORACLE.public);
    openssl(
        folder,
        &[
            "rsa",
            "-in",
            "key.pem",
            "-RSAPublicKey_out",
            "-out",
            "oldpub.pem",
        ],
    )
    .unwrap();
    assert!(read("oldpub.pem").contains("BEGIN RSA PUBLIC KEY"));
    assert_eq!(
        PublicKey::from_pem(&read("oldpub.pem")),
        Ok(ORACLE.public.clone())
    );
    // One of ours.
    let ours = PrivateKey::generate().unwrap();
    let again = PrivateKey::from_pem(&ours.to_pem()).unwrap();
    assert_eq!(again.der(), ours.der());
    assert_eq!(
        PublicKey::from_der(ours.public().der()).as_ref(),
        Ok(ours.public())
    );
    std::fs::write(ORACLE.file("ours.pem"), ours.to_pem()).unwrap();
    let public = openssl(folder, &["pkey", "-in", "ours.pem", "-pubout"]).unwrap();
    assert_eq!(String::from_utf8(public).unwrap(), ours.public().to_pem());
    assert_eq!(format!("{ours:?}"), "PrivateKey");
}

#[test]
fn keys_that_are_not_taken() {
    let folder = ORACLE.folder.path();
    let make = |arguments: &str| {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        openssl(folder, &arguments).unwrap();
        openssl(
            folder,
            &["pkey", "-in", "odd.pem", "-pubout", "-out", "oddpub.pem"],
        )
        .unwrap();
        let public = std::fs::read_to_string(ORACLE.file("oddpub.pem")).unwrap();
        PublicKey::from_pem(&public).err()
    };
    let short = make("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out odd.pem");
    assert_eq!(short, Some(BadKey::Size));
    let curve = make("genpkey -algorithm ED25519 -out odd.pem");
    assert_eq!(curve, Some(BadKey::Form));
    let pem = ORACLE.public.to_pem();
    for (text, expected) in [
        ("", BadKey::Pem),
        ("-----BEGIN PUBLIC KEY-----", BadKey::Pem),
        (
            "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----",
            BadKey::Pem,
        ),
        (
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            BadKey::Form,
        ),
        (&pem.repeat(100), BadKey::Size),
    ] {
        assert_eq!(PublicKey::from_pem(text).err(), Some(expected));
    }
    // Broken lines and text around it do no harm.
    let odd = format!("hello\n{}", pem.replace('\n', "\r\n"));
    assert_eq!(PublicKey::from_pem(&odd), Ok(ORACLE.public.clone()));
}

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

#[test]
fn refusals_are_sentences() {
    assert_eq!(
        Refusal::Stale(301).to_string(),
        "the request was signed 301 s ago, which is too long"
    );
    assert_eq!(
        Refusal::Uncovered("the host").to_string(),
        "the signature does not cover the host"
    );
}
