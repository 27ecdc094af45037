//! Keys and signatures against an independent implementation: the `openssl` program makes keys and signatures over texts that are written out
//! here by hand, and judges ours. Without the program these tests fail; they are not skipped.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail wherever something is not as it must be"
)]

mod cavage;
mod keys;
mod messages;

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
            Padding::PssSha512 => [&["dgst", "-sha512"][..], &messages::PSS].concat(),
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
