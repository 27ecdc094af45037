//! What may come back: too much, packed, late, broken, or from somebody else.

use super::*;

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
