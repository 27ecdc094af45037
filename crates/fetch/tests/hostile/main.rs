//! Hosts that mean no good, and hosts that are slow, broken or gone: what each of them does to a request, and that it stays bounded.
//! Servers are real sockets on the loopback device; what only a public address can do goes through a function.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

mod server;

use fetch::{Answer, Client, Error, Kind, Limits, Options, Policy, Request, Resolver, Transport};
use server::{Seen, serve};
use std::{
    io::Write as _,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::io::AsyncWriteExt as _;

fn limits() -> Limits {
    Limits {
        total: Duration::from_secs(20),
        first_byte: Duration::from_secs(10),
        ..Limits::default()
    }
}

fn options(limits: Limits) -> Options {
    Options {
        limits,
        ..Options::new(Policy::Loopback, "Shoal/test")
    }
}

fn client() -> Client {
    Client::new(options(limits()))
}

/// A resolver that answers each call with the next address, and with the last one from then on.
fn resolver(addresses: &'static [&'static str]) -> (Resolver, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let resolver: Resolver = Arc::new(move |_| {
        let call = counted.fetch_add(1, Ordering::Relaxed);
        let address: IpAddr = addresses[call.min(addresses.len() - 1)].parse().unwrap();
        Box::pin(async move { Ok(vec![address]) })
    });
    (resolver, calls)
}

async fn kind_of(client: &Client, url: &str) -> (Kind, String) {
    let error = client.send(Request::get(url, 100_000)).await.unwrap_err();
    (error.kind(), error.to_string())
}

#[tokio::test]
async fn a_document_is_fetched_and_the_connection_kept() {
    let server = serve(async |stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/activity+json\r\ncontent-length: 2\r\n\r\n{}").await
    })
    .await;
    let client = client();
    for _ in 0..3 {
        let request = Request::get(server.url("/a?b#c"), 10).header("accept", "application/json");
        let answer = client.send(request).await.unwrap();
        assert_eq!((answer.status, &answer.body[..]), (200, &b"{}"[..]));
        assert_eq!(
            answer.header("content-type"),
            Some("application/activity+json")
        );
        assert_eq!(answer.final_url, server.url("/a?b"));
    }
    let heard = server.heard();
    assert_eq!((server.connections(), heard.len()), (1, 3));
    let head = heard[0].to_lowercase();
    assert!(head.starts_with("get /a?b http/1.1\r\n"), "{head}");
    for line in [
        format!("host: 127.0.0.1:{}", server.port),
        "accept: application/json".into(),
        "user-agent: shoal/test".into(),
        "accept-encoding: gzip".into(),
    ] {
        assert!(
            head.contains(&format!("\r\n{line}\r\n")),
            "{line} in {head}"
        );
    }
    let (body, from) = client
        .get_json_bytes(&server.url("/x"), "a/b", 10)
        .await
        .unwrap();
    assert_eq!(
        (&body[..], from.as_str()),
        (&b"{}"[..], server.url("/x").as_str())
    );
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_replaced() {
    let server = serve(async |stream, _| {
        stream
            .write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
            .await?;
        stream.shutdown().await
    })
    .await;
    let client = Client::new(options(Limits {
        idle_for_post: Duration::ZERO,
        ..limits()
    }));
    for _ in 0..5 {
        let answer = client.send(Request::get(server.url("/"), 10)).await;
        assert_eq!(answer.unwrap().status, 202);
    }
    for n in 0..5 {
        let request = Request::post(server.url("/inbox"), format!("number {n}"), 10)
            // What would contradict the client's own words is left out.
            .header("content-length", "7000")
            .header("host", "other.example")
            .header("transfer-encoding", "chunked");
        assert_eq!(client.send(request).await.unwrap().status, 202);
    }
    let heard = server.heard();
    let last = heard.last().unwrap();
    assert!(last.ends_with("\r\n\r\nnumber 4"), "{last}");
    assert!(!last.contains("7000") && !last.contains("other.example"));
}

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
async fn bodies_without_end() {
    let server = serve(async |stream, head: Seen| match head.path.as_str() {
        "/gigabyte" => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n")
                .await?;
            server::endlessly(stream, &[b'x'; 65536]).await
        }
        "/chunks" => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                .await?;
            server::endlessly(
                stream,
                format!("1000\r\n{}\r\n", "x".repeat(4096)).as_bytes(),
            )
            .await
        }
        "/until-closed" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            server::endlessly(stream, &[b'x'; 65536]).await
        }
        "/bomb" => {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            for _ in 0..128 {
                packed.write_all(&[0; 65536])?;
            }
            let packed = packed.finish()?;
            assert!(packed.len() < 20_000);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
                packed.len()
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&packed).await
        }
        "/headers" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            server::endlessly(
                stream,
                format!("x-more: {}\r\n", "x".repeat(1000)).as_bytes(),
            )
            .await
        }
        "/long-header" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nx-long: ").await?;
            server::endlessly(stream, &[b'x'; 65536]).await
        }
        "/informed" => server::endlessly(stream, b"HTTP/1.1 103 Early Hints\r\n\r\n").await,
        "/error" => {
            stream.write_all(b"HTTP/1.1 500 No\r\n\r\n").await?;
            server::endlessly(stream, &[b'x'; 65536]).await
        }
        _ => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n")
                .await?;
            server::endlessly(
                stream,
                format!("x-trailer: {}\r\n", "x".repeat(1000)).as_bytes(),
            )
            .await
        }
    })
    .await;
    let client = Client::new(options(Limits {
        first_byte: Duration::from_secs(1),
        ..limits()
    }));
    for (path, expected) in [
        ("/gigabyte", Kind::Excessive),
        ("/chunks", Kind::Excessive),
        ("/until-closed", Kind::Excessive),
        ("/bomb", Kind::Excessive),
        ("/headers", Kind::Broken),
        ("/long-header", Kind::Broken),
        ("/informed", Kind::Slow),
        ("/trailers", Kind::Broken),
    ] {
        let (kind, sentence) = kind_of(&client, &server.url(path)).await;
        assert_eq!(kind, expected, "{path}: {sentence}");
    }
    // Of what is no success the beginning is read, for the reason.
    let answer = client
        .send(Request::get(server.url("/error"), 100_000))
        .await
        .unwrap();
    assert_eq!((answer.status, answer.body.len()), (500, 4096));
}

#[tokio::test]
async fn packed_answers() {
    let server = serve(async |stream, head: Seen| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&[b'x'; 5000])?;
        let mut packed = packed.finish()?;
        let coding = if head.path == "/br" { "br" } else { "GZip" };
        match head.path.as_str() {
            "/cut" => packed.truncate(20),
            "/wrong" => packed[10] ^= 0xff,
            _ => {}
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n",
            packed.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&packed).await
    })
    .await;
    let client = client();
    let answer = client
        .send(Request::get(server.url("/"), 5000))
        .await
        .unwrap();
    assert_eq!(&answer.body[..], [b'x'; 5000]);
    let error = client
        .send(Request::get(server.url("/"), 4999))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Excessive);
    for path in ["/cut", "/wrong", "/br"] {
        assert_eq!(
            kind_of(&client, &server.url(path)).await.0,
            Kind::Broken,
            "{path}"
        );
    }
}

#[tokio::test]
async fn slow_ones_are_given_up() {
    let server = serve(async |stream, head: Seen| match head.path.as_str() {
        "/trickle" => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
                .await?;
            server::trickle(stream).await
        }
        "/trickling-head" => server::trickle(stream).await,
        _ => std::future::pending().await,
    })
    .await;
    let client = Client::new(options(Limits {
        first_byte: Duration::from_millis(400),
        pace_over: Duration::from_millis(400),
        ..limits()
    }));
    for (path, expected) in [
        ("/trickle", "sends less than 1024 bytes per second"),
        ("/trickling-head", "did not answer in time"),
        ("/silence", "did not answer in time"),
    ] {
        let (kind, sentence) = kind_of(&client, &server.url(path)).await;
        assert_eq!(
            (kind, sentence.ends_with(expected)),
            (Kind::Slow, true),
            "{sentence}"
        );
    }
    // Whatever the pace, the whole has an end.
    let patient = Client::new(options(Limits {
        least_pace: 0,
        total: Duration::from_millis(400),
        ..limits()
    }));
    let (kind, sentence) = kind_of(&patient, &server.url("/trickle")).await;
    assert_eq!(kind, Kind::Slow);
    assert!(sentence.ends_with("did not finish in time"), "{sentence}");
}

#[tokio::test]
async fn broken_and_absent_ones() {
    let server = serve(async |stream, head: Seen| match head.path.as_str() {
        "/garbage" => stream.write_all(b"220 mail.example ESMTP\r\n").await,
        "/cut" => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
                .await?;
            stream.shutdown().await
        }
        "/two-lengths" => {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx";
            stream.write_all(answer).await
        }
        _ => stream.shutdown().await,
    })
    .await;
    let client = client();
    for path in ["/garbage", "/cut", "/two-lengths", "/nothing"] {
        let (kind, sentence) = kind_of(&client, &server.url(path)).await;
        assert_eq!(kind, Kind::Broken, "{path}: {sentence}");
    }
    // A port where nobody listens, a name that nobody knows.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let (kind, sentence) = kind_of(&client, &format!("http://127.0.0.1:{port}/")).await;
    assert_eq!(kind, Kind::Unreachable, "{sentence}");
    let nobody: Resolver =
        Arc::new(|_| Box::pin(async { Err(std::io::Error::other("no such name")) }));
    let client = Client::new(Options {
        resolver: Some(nobody),
        ..options(limits())
    });
    let (kind, sentence) = kind_of(&client, "https://pod.example/").await;
    assert_eq!(
        (kind, sentence.as_str()),
        (
            Kind::Unreachable,
            "the name pod.example was not found: no such name"
        )
    );
    // What cannot be sent is not sent.
    let request = Request::get("https://pod.example/", 10).header("x", "a\r\nhost: evil.example");
    assert_eq!(client.send(request).await.unwrap_err().kind(), Kind::Ours);
}

#[tokio::test]
async fn certificates_are_checked() {
    let port = server::serve_tls().await;
    let trusting = |resolver: Option<Resolver>| {
        Client::new(Options {
            roots: vec![include_bytes!("localhost.cert.der").to_vec()],
            resolver,
            ..options(limits())
        })
    };
    let (to_loopback, _) = resolver(&["127.0.0.1"]);
    let get = |host: &str| Request::get(format!("https://{host}:{port}/"), 100);
    for host in ["127.0.0.1", "localhost"] {
        let client = trusting(Some(to_loopback.clone()));
        let answer = client.send(get(host)).await.unwrap();
        assert_eq!(&answer.body[..], b"safe");
    }
    // Another name, a certificate of nobody, and no TLS at all.
    let error = trusting(Some(to_loopback))
        .send(get("pod.example"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Unsafe, "{error}");
    let error = client().send(get("127.0.0.1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unsafe, "{error}");
    let plain = serve(async |stream, _| stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await).await;
    let url = plain.url("/").replace("http:", "https:");
    let client = Client::new(options(Limits {
        connect: Duration::from_millis(500),
        ..limits()
    }));
    let (kind, sentence) = kind_of(&client, &url).await;
    assert!(matches!(kind, Kind::Unsafe | Kind::Slow), "{sentence}");
}

#[tokio::test]
async fn turns_are_bounded_for_each_host_and_in_all() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, highest) = (now.clone(), most.clone());
    let transport: Transport = Arc::new(move |request: Request| {
        let (now, most) = (counted.clone(), highest.clone());
        Box::pin(async move {
            if request.url.contains("stuck") {
                std::future::pending::<()>().await;
            }
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(Answer::new(200, vec![], "x".repeat(50)))
        })
    });
    let few = Limits {
        parallel: 5,
        parallel_per_host: 2,
        turn: Duration::from_millis(300),
        total: Duration::from_millis(800),
        ..Limits::default()
    };
    let client = Client::wired_with(Policy::Public, few, transport);
    for (hosts, expected) in [(1, 2), (20, 5)] {
        most.store(0, Ordering::SeqCst);
        let all = (0..60).map(|n| {
            let client = client.clone();
            let url = format!("https://pod{}.example/", n % hosts);
            async move { client.send(Request::get(url, 50)).await.unwrap() }
        });
        futures_util::future::join_all(all).await;
        assert_eq!(most.load(Ordering::SeqCst), expected, "{hosts} hosts");
    }
    // A larger answer than was wanted is refused here as well.
    let error = client
        .send(Request::get("https://pod.example/", 49))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Excessive);
    // A host that never answers takes its own turns, and nobody else's.
    let stuck = || client.send(Request::get("https://stuck.example/", 10));
    let (first, second, third, other) = tokio::join!(
        stuck(),
        stuck(),
        stuck(),
        client.send(Request::get("https://pod.example/", 50))
    );
    let kinds = [first, second, third].map(|outcome| outcome.unwrap_err().kind());
    assert_eq!(kinds, [Kind::Slow, Kind::Slow, Kind::Ours]);
    assert!(other.is_ok());
}
