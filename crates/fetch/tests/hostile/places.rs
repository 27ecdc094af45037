//! Where a request may lead: addresses, names, redirects.

use super::*;

#[tokio::test]
async fn addresses_that_are_nobodys_business() {
    let public = Client::new(Options::new(Policy::Public, "Shoal/test"));
    let loopback = client();
    for (url, also_for_loopback) in [
        ("http://pod.example/", false),
        ("https://127.0.0.1/", false),
        ("https://localhost/", false),
        ("https://pod.localhost:9000/", false),
        ("https://[::1]/", false),
        ("https://[::ffff:127.0.0.1]/", false),
        ("https://0x7f.1/", false),
        ("https://2130706433/", false),
        ("https://169.254.169.254/latest/meta-data/", true),
        ("https://10.0.0.1/", true),
        ("https://192.168.1.1:8443/", true),
        ("https://100.64.0.1/", true),
        ("https://[fd00::1]/", true),
        ("https://[fe80::1]/", true),
        ("https://[64:ff9b::a9fe:a9fe]/", true),
        ("https://[2002:0a00:0001::]/", true),
        ("https://0.0.0.0/", true),
        ("https://user:word@pod.example/", true),
        ("ftp://pod.example/", true),
        ("file:///etc/passwd", true),
        ("//pod.example/", true),
        ("", true),
    ] {
        assert_eq!(kind_of(&public, url).await.0, Kind::BadAddress, "{url}");
        if also_for_loopback {
            assert_eq!(kind_of(&loopback, url).await.0, Kind::BadAddress, "{url}");
        }
    }
}

#[tokio::test]
async fn names_that_lead_to_private_addresses() {
    for (address, policies) in [
        ("127.0.0.1", &[Policy::Public][..]),
        ("::1", &[Policy::Public]),
        ("169.254.169.254", &[Policy::Public, Policy::Loopback]),
        ("10.1.2.3", &[Policy::Public, Policy::Loopback]),
        ("::ffff:192.168.0.1", &[Policy::Public, Policy::Loopback]),
    ] {
        for policy in policies {
            let address: IpAddr = address.parse().unwrap();
            let resolver: Resolver = Arc::new(move |_| Box::pin(async move { Ok(vec![address]) }));
            let client = Client::new(Options {
                resolver: Some(resolver),
                ..Options::new(*policy, "Shoal/test")
            });
            let error = client.send(Request::get("https://pod.example/", 10)).await;
            let error = error.unwrap_err();
            assert!(
                matches!(&error, Error::Refused { host, address: found, .. } if host == "pod.example" && *found == address),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn a_name_that_changes_its_address_is_judged_for_each_connection() {
    let server = serve(async |stream, _| {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            .await
    })
    .await;
    let (resolver, calls) = resolver(&["127.0.0.1", "10.0.0.1"]);
    let client = Client::new(Options {
        resolver: Some(resolver),
        ..options(limits())
    });
    let url = format!("http://pod.example:{}/", server.port);
    assert_eq!(
        client.send(Request::get(&url, 10)).await.unwrap().status,
        200
    );
    assert_eq!(
        calls.load(Ordering::Relaxed),
        1,
        "one name, one look-up, one connection"
    );
    assert_eq!(kind_of(&client, &url).await.0, Kind::BadAddress);
}

#[tokio::test]
async fn redirects_are_checked_at_each_hop() {
    let server = serve(async |stream, head: Seen| {
        let to = match head.path.as_str() {
            "/moved" => "/there",
            "/metadata" => "http://169.254.169.254/latest/meta-data/",
            "/private" => "https://192.168.1.1/",
            "/script" => "javascript:alert(1)",
            "/round" => "/round",
            _ => {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nthere";
                return stream.write_all(answer).await;
            }
        };
        let answer = format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await
    })
    .await;
    let client = client();
    let answer = client
        .send(Request::get(server.url("/moved"), 10))
        .await
        .unwrap();
    assert_eq!(
        (&answer.body[..], answer.final_url),
        (&b"there"[..], server.url("/there"))
    );
    for (path, expected) in [
        ("/metadata", Kind::BadAddress),
        ("/private", Kind::BadAddress),
        ("/script", Kind::BadAddress),
        ("/round", Kind::Excessive),
    ] {
        let (kind, sentence) = kind_of(&client, &server.url(path)).await;
        assert_eq!(kind, expected, "{sentence}");
        assert!(sentence.contains("redirects"), "{sentence}");
    }
    assert_eq!(
        server
            .heard()
            .iter()
            .filter(|head| head.contains("/round"))
            .count(),
        4
    );
    // A POST is never sent elsewhere.
    let answer = client
        .send(Request::post(server.url("/moved"), "x", 10))
        .await
        .unwrap();
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, Some("/there"))
    );
}

#[tokio::test]
async fn under_the_public_policy_redirects_lead_only_to_public_addresses() {
    for (location, expected) in [
        ("https://127.0.0.1/", Kind::BadAddress),
        ("https://localhost/", Kind::BadAddress),
        ("https://169.254.169.254/", Kind::BadAddress),
        ("https://[::ffff:10.0.0.1]/", Kind::BadAddress),
        ("http://other.example/", Kind::BadAddress),
        ("https://other.example/", Kind::Status(410)),
    ] {
        let transport: Transport = Arc::new(move |request: Request| {
            let answer = match request.url.as_str() {
                "https://pod.example/" => {
                    Answer::new(301, vec![("location".into(), location.into())], "")
                }
                "https://other.example/" => Answer::new(410, vec![], "gone\nfor good"),
                other => panic!("{other} was asked"),
            };
            Box::pin(async move { Ok(answer) })
        });
        let client = Client::wired(transport);
        let got = client.send(Request::get("https://pod.example", 100)).await;
        let error = got.and_then(Answer::success).unwrap_err();
        assert_eq!(error.kind(), expected, "{error}");
        if expected == Kind::Status(410) {
            assert_eq!(
                error.to_string(),
                "other.example answered with status 410: gone for good"
            );
        }
    }
}

#[tokio::test]
async fn what_says_who_asks_stays_with_the_host_that_was_asked() {
    let second = serve(async |stream, _| {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await
    })
    .await;
    let to = second.url("/there");
    let first = serve(async move |stream, _| {
        let answer = format!("HTTP/1.1 307 x\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await
    })
    .await;
    let request = Request::get(first.url("/"), 10)
        .header("accept", "application/json")
        .header("signature", "secret")
        .header("authorization", "secret")
        .header("Cookie", "secret");
    let answer = client().send(request).await.unwrap();
    assert_eq!(answer.final_url, second.url("/there"));
    assert_eq!(first.heard()[0].matches("secret").count(), 3);
    let heard = second.heard()[0].to_lowercase();
    assert!(
        heard.contains("accept: application/json") && !heard.contains("secret"),
        "{heard}"
    );
}

#[tokio::test]
async fn each_hop_is_signed_for_itself() {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = seen.clone();
    let transport: Transport = Arc::new(move |request| {
        let signature = request
            .headers
            .iter()
            .filter(|(name, _)| name == "signature");
        let signatures: Vec<_> = signature.map(|(_, value)| value.clone()).collect();
        heard
            .lock()
            .unwrap()
            .push((request.url.clone(), signatures));
        let next = match request.url.as_str() {
            "https://pod.example/a" => Some("/b?c=d"),
            "https://pod.example/b?c=d" => Some("https://other.example/e"),
            _ => None,
        };
        let location = next.map(|next| ("location".to_owned(), next.to_owned()));
        let status = if next.is_some() { 302 } else { 200 };
        let answer = Answer::new(status, location.into_iter().collect(), "{}");
        Box::pin(async move { Ok(answer) })
    });
    let signer = Signer::new(|url| vec![("signature".to_owned(), format!("of {url}"))]);
    let request = Request::get("https://pod.example/a", 100).signed_by(signer);
    let (_, from) = Client::wired(transport).document(request).await.unwrap();
    assert_eq!(from.as_str(), "https://other.example/e");
    let expected = [
        "https://pod.example/a",
        "https://pod.example/b?c=d",
        "https://other.example/e",
    ];
    let expected = expected.map(|url| (url.to_owned(), vec![format!("of {url}")]));
    assert_eq!(*seen.lock().unwrap(), expected);
}
