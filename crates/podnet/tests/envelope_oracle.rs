//! Another program opens our envelopes and seals some for us: node's cryptography, by RFC 7516 and nothing of ours. Node is one of the
//! two toolchains of this repository, so it is always there; a test that cannot start it fails.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail wherever something is not as it must be"
)]

use std::io::Write;
use std::process::{Command, Stdio};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use names::Host;
use podnet::Protocol;
use podnet::envelope::{Expected, Fresh, Header, Nonce, OpeningKey, SealingKey, open, seal};

const NOW: i64 = 1_800_000_000_000;
const MESSAGE: &str = r#"{"id":1,"items":[{"type":"Create","name":"Ä – 魚"}]}"#;

/// Runs a script that gets `input` as the array `input` of buffers, and gives what it prints.
fn node(script: &str, input: &[&[u8]]) -> Vec<u8> {
    let before = "const c = require('crypto'), b64 = (b) => Buffer.from(b, 'base64url'), url = (b) => Buffer.from(b).toString('base64url');
        const input = JSON.parse(require('fs').readFileSync(0)).map((i) => Buffer.from(i));\n";
    let mut child = Command::new("node")
        .args(["-e", &format!("{before}{script}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is installed");
    let input = serde_json::to_vec(input).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

fn keys() -> (Vec<u8>, Vec<u8>) {
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let own: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    (own.as_ref().to_vec(), public.as_ref().to_vec())
}

fn host(text: &str) -> Host {
    Host::parse(text).unwrap()
}

#[test]
fn another_program_opens_what_we_seal() {
    let (own, public) = keys();
    let header = Header {
        sender: host("a.example"),
        receiver: host("b.example:9001"),
        protocol: Protocol(1),
        nonce: Nonce::new(*b"0123456789abcdef"),
        sent_at: NOW,
    };
    let key = SealingKey::from_der(&public).unwrap();
    let random = std::array::from_fn(|n| u8::try_from(n * 5).unwrap());
    let envelope = seal(MESSAGE.as_bytes(), &key, &header, Fresh::new(random)).unwrap();
    let opened = node(
        "const key = c.createPrivateKey({ key: input[0], format: 'der', type: 'pkcs8' });
        const e = JSON.parse(input[1]);
        const cek = c.privateDecrypt({ key, padding: c.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, b64(e.encrypted_key));
        const d = c.createDecipheriv('aes-256-gcm', cek, b64(e.iv));
        d.setAAD(Buffer.from(e.protected, 'ascii'));
        d.setAuthTag(b64(e.tag));
        const plain = Buffer.concat([d.update(b64(e.ciphertext)), d.final()]);
        console.log(Object.keys(e).join() + '\\n' + b64(e.protected) + '\\n' + plain);",
        &[&own, &envelope],
    );
    let expected = format!(
        "protected,encrypted_key,iv,ciphertext,tag\n{}\n{MESSAGE}\n",
        r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","typ":"shoal-envelope","from":"a.example","to":"b.example:9001","protocol":1,"nonce":"MDEyMzQ1Njc4OWFiY2RlZg","sentAt":1800000000000}"#
    );
    assert_eq!(String::from_utf8(opened).unwrap(), expected);
}

#[test]
fn we_open_what_another_program_seals() {
    let (own, public) = keys();
    // With its members in another order, and a parameter and a member that we do not know.
    let envelope = node(
        "const key = c.createPublicKey({ key: input[0], format: 'der', type: 'spki' });
        const cek = c.randomBytes(32), iv = c.randomBytes(12);
        const protected = url(JSON.stringify({ new: [1], sentAt: 1800000000000, nonce: url('0123456789abcdef'), protocol: 1, to: 'b.example', from: 'a.example',
            typ: 'shoal-envelope', enc: 'A256GCM', alg: 'RSA-OAEP-256' }));
        const e = c.createCipheriv('aes-256-gcm', cek, iv);
        e.setAAD(Buffer.from(protected));
        const ciphertext = url(Buffer.concat([e.update(input[1]), e.final()]));
        const encrypted_key = url(c.publicEncrypt({ key, padding: c.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, cek));
        console.log(JSON.stringify({ tag: url(e.getAuthTag()), later: true, ciphertext, iv: url(iv), encrypted_key, protected }, null, 2));",
        &[&public, MESSAGE.as_bytes()],
    );
    let expected = Expected {
        receiver: &host("b.example"),
        sender: &host("a.example"),
        nonce: Nonce::new(*b"0123456789abcdef"),
    };
    let key = OpeningKey::from_pkcs8(&own).unwrap();
    let opened = open(&envelope, &key, expected, NOW).unwrap();
    assert_eq!(opened.message, MESSAGE.as_bytes());
}
