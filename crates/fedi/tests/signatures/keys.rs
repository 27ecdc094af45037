//! Keys from and for others.

use super::*;

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
