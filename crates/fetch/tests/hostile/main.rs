//! Hosts that mean no good, and hosts that are slow, broken or gone: what each of them does to a request, and that it stays bounded.
//! Servers are real sockets on the loopback device; what only a public address can do goes through a function.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

mod answers;
mod places;
mod server;

use fetch::{
    Answer, Client, Error, Kind, Limits, Options, Policy, Request, Resolver, Signer, Transport,
};
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
        .document(Request::get(server.url("/x"), 10).header("accept", "a/b"))
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
