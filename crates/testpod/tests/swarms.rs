//! The swarms of a pod, from the whole pod's side: what is shared can be taken by a BitTorrent client and is in the admin's list, and
//! what is shared no more leaves its swarm at once.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use std::{net::SocketAddr, time::Duration};

use axum::body::Body;
use bittorrent::{
    InfoHash, PeerId,
    wire::{HANDSHAKE, Handshake, Reserved},
};
use http_body_util::BodyExt as _;
use peers::seeder::{Bind, Transport};
use serde_json::{Value, json};
use testpod::{Client, Clip, TestPod, clip, on_both};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tower::ServiceExt as _;

/// What "at once" means for a peer.
const SECONDS: Duration = Duration::from_secs(5);

/// Opens the seeder's door for desktop clients.
async fn open(pod: &TestPod) -> SocketAddr {
    let seeder = pod.pod.seeder.clone();
    tokio::spawn(async move {
        let anywhere = Bind::Exactly(([127, 0, 0, 1], 0).into());
        seeder.serve_tcp(anywhere).await
    });
    loop {
        if let Some(address) = pod.pod.seeder.transports()[Transport::Tcp as usize].address {
            return address;
        }
        tokio::task::yield_now().await;
    }
}

/// A client that has said which torrent it wants.
async fn call(door: SocketAddr, infohash: InfoHash) -> TcpStream {
    let mut stream = TcpStream::connect(door).await.unwrap();
    let handshake = Handshake {
        reserved: Reserved::default().with_fast(),
        infohash,
        peer_id: PeerId(*b"-XX0001-bbbbbbbbbbbb"),
    };
    stream.write_all(&handshake.to_bytes()).await.unwrap();
    stream
}

/// Whether the pod answers the handshake, rather than hanging up.
async fn is_greeted(stream: &mut TcpStream) -> bool {
    let mut greeting = [0; HANDSHAKE];
    let read = tokio::time::timeout(SECONDS, stream.read_exact(&mut greeting));
    read.await.unwrap().is_ok()
}

/// Waits until the pod has hung up, whatever it says before.
async fn hears_the_end(mut stream: TcpStream) {
    let mut rest = Vec::new();
    let end = tokio::time::timeout(SECONDS, stream.read_to_end(&mut rest));
    let _ = end.await.unwrap();
}

/// What the tracker answers to a desktop client over HTTP.
async fn announce(pod: &TestPod, infohash: InfoHash, port: u16) -> String {
    let escaped: String = infohash.0.iter().map(|b| format!("%{b:02x}")).collect();
    let uri = format!(
        "/tracker/announce?info_hash={escaped}&peer_id=-XX0001-bbbbbbbbbbbb&port={port}&left=1"
    );
    let mut request = axum::http::Request::new(Body::empty());
    *request.uri_mut() = uri.parse().unwrap();
    let address = peers::ClientAddress([192, 0, 2, 1].into());
    request.extensions_mut().insert(address);
    let router = peers::router::<()>(pod.pod.tracker.clone());
    let response = router.oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    body.escape_ascii().to_string()
}

/// A published video, and the infohashes of its renditions.
async fn publish(pod: &TestPod, owner: &Client) -> (String, Vec<InfoHash>) {
    let uuid = owner.upload(&clip(Clip::Mp4), json!({})).await;
    pod.run_jobs().await;
    let video = owner.video(&uuid).await;
    let files = video["streamingPlaylists"][0]["files"].as_array().unwrap();
    let infohash = |file: &Value| file["infoHash"].as_str().unwrap().parse().unwrap();
    (uuid, files.iter().map(infohash).collect())
}

async fn listed(admin: &Client) -> Vec<(String, u64, u64)> {
    let list = admin.get("/api/v1/server/swarms").await.expect(200).json();
    let data = list["data"].as_array().unwrap();
    assert_eq!(list["total"], data.len());
    let row = |swarm: &Value| {
        let hex = swarm["infoHash"].as_str().unwrap().to_owned();
        let number = |value: &Value| value.as_u64().unwrap();
        (
            hex,
            number(&swarm["clients"]),
            number(&swarm["peers"]["tcp"]),
        )
    };
    data.iter().map(row).collect()
}

#[tokio::test]
async fn swarms_that_only_meet_at_the_tracker_are_in_the_admins_list_too() {
    on_both(async |pod| {
        let (alice, root) = (pod.user("alice").await, pod.root().await);
        let (_, infohashes) = publish(pod, &alice).await;
        let door = open(pod).await;
        assert_eq!(listed(&root).await, []);
        for (port, infohash) in [(1, 0), (1, 1), (2, 1)] {
            let heard = announce(pod, infohashes[infohash], port).await;
            assert!(heard.contains("8:interval"), "{heard}");
        }
        let row = |n: usize, clients, peers| (infohashes[n].to_string(), clients, peers);
        assert_eq!(listed(&root).await, [row(1, 2, 0), row(0, 1, 0)]);
        let mut client = call(door, infohashes[0]).await;
        assert!(is_greeted(&mut client).await);
        assert_eq!(listed(&root).await, [row(0, 1, 1), row(1, 2, 0)]);
        alice.get("/api/v1/server/swarms").await.expect(403);
    })
    .await;
}

#[tokio::test]
async fn what_is_shared_no_more_leaves_its_swarms_within_seconds() {
    on_both(async |pod| {
        let (alice, root) = (pod.user("alice").await, pod.root().await);
        let door = open(pod).await;
        for change in [
            json!({"privacy": 3}),
            json!({"p2pEnabled": false}),
            Value::Null,
        ] {
            let (uuid, infohashes) = publish(pod, &alice).await;
            let mut clients = Vec::new();
            for infohash in &infohashes {
                let heard = announce(pod, *infohash, 1).await;
                assert!(heard.contains("8:interval"), "{heard}");
                let mut client = call(door, *infohash).await;
                assert!(is_greeted(&mut client).await);
                clients.push(client);
            }
            assert_eq!(listed(&root).await.len(), infohashes.len());

            let path = format!("/api/v1/videos/{uuid}");
            match change {
                Value::Null => alice.delete(&path).await.expect(204),
                change => alice.put(&path, change).await.expect(204),
            };
            for client in clients {
                hears_the_end(client).await;
            }
            assert_eq!(listed(&root).await, []);
            assert_eq!(pod.pod.tracker.totals().peers, 0);
            for infohash in infohashes {
                let refused = announce(pod, infohash, 1).await;
                assert!(refused.contains("failure reason"), "{refused}");
                assert!(!is_greeted(&mut call(door, infohash).await).await);
            }
        }
        pod.run_jobs().await;
    })
    .await;
}
