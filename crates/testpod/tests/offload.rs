//! How much of the load viewers carry, from the counters to the answers: for the owner and the admin and for nobody else, by hours
//! and by days, and gone with the video.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use app::offload::{Reading, read, write};
use serde_json::{Value, json};
use testpod::{Client, Clip, TestPod, clip, on_both};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

async fn published(alice: &Client, pod: &TestPod) -> (String, bittorrent::InfoHash) {
    let uuid = alice.upload(&clip(Clip::Mp4), json!({})).await;
    pod.run_jobs().await;
    let video = alice.video(&uuid).await;
    let infohash = &video["streamingPlaylists"][0]["files"][0]["infoHash"];
    (uuid, infohash.as_str().unwrap().parse().unwrap())
}

/// A page says what it got since it said so last: from the pod over HTTP, from the pod as a peer, from viewers.
async fn reports(pod: &TestPod, uuid: &str, (http, by_peer, from_viewers): (i64, i64, i64)) {
    let report = json!({"playerMode": "p2p-media-loader", "p2pEnabled": true, "resolutionChanges": 0, "errors": 0,
        "downloadedBytesP2P": from_viewers, "downloadedBytesHTTP": http + by_peer, "downloadedBytesPodPeer": by_peer,
        "uploadedBytesP2P": 0, "videoId": uuid});
    let page = pod.anonymous();
    page.post("/api/v1/metrics/playback", report)
        .await
        .expect(204);
}

/// The swarm is looked at (the pod has sent so much as a peer), and what has come is written.
async fn counted(pod: &TestPod, infohash: bittorrent::InfoHash, sent: u64) {
    let reading = Reading {
        infohash,
        sent,
        viewers: 3,
    };
    read(&pod.pod, &[reading]).await.unwrap();
    write(&pod.pod).await.unwrap();
}

/// Points that are not empty: `(date, from the pod, from viewers, viewers)`.
fn points(answer: &Value) -> Vec<(String, i64, i64, i64)> {
    let all = answer["data"].as_array().unwrap().iter();
    let number = |point: &Value, key: &str| point[key].as_i64().unwrap();
    all.map(|p| {
        let date = p["date"].as_str().unwrap()[..13].to_owned();
        let bytes = (number(p, "fromPod"), number(p, "fromViewers"));
        (date, bytes.0, bytes.1, number(p, "viewers"))
    })
    .filter(|(_, a, b, c)| a + b + c > 0)
    .collect()
}

fn is(found: &[(String, i64, i64, i64)], expected: &[(&str, i64, i64, i64)]) {
    let found: Vec<_> = found
        .iter()
        .map(|(d, a, b, c)| (&d[..], *a, *b, *c))
        .collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn the_owner_and_the_admin_see_who_carried_a_video() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let (uuid, infohash) = published(&alice, pod).await;
        let path = format!("/api/v1/videos/{uuid}/stats/offload");
        let server = "/api/v1/server/stats/offload";
        let root = pod.root().await;

        let empty = alice.get(&path).await.expect(200).json();
        assert_eq!(empty["groupInterval"], "1 day");
        assert_eq!(empty["data"].as_array().unwrap().len(), 31);
        assert_eq!(
            empty["total"],
            json!({"fromPod": 0, "fromViewers": 0, "viewers": 0})
        );

        reports(pod, &uuid, (400, 50, 4000)).await;
        counted(pod, infohash, 600).await;
        pod.pass(60_000);
        reports(pod, &uuid, (100, 0, 1000)).await;
        counted(pod, infohash, 600).await;
        pod.pass(2 * HOUR);
        reports(pod, &uuid, (0, 0, 1000)).await;
        counted(pod, infohash, 600).await;
        // Nothing has come since, and nothing is written.
        counted(pod, infohash, 600).await;

        let hours = "?startDate=2026-01-01T00:00:00Z&endDate=2026-01-02";
        for (client, path) in [(&alice, &path[..]), (&root, &path), (&root, server)] {
            let answer = client
                .get(&format!("{path}{hours}"))
                .await
                .expect(200)
                .json();
            assert_eq!(answer["groupInterval"], "1 hour");
            is(
                &points(&answer),
                &[
                    ("2026-01-01T00", 1100, 5000, 3),
                    ("2026-01-01T02", 0, 1000, 3),
                ],
            );
            let days = client.get(path).await.expect(200).json();
            is(&points(&days), &[("2026-01-01T00", 1100, 6000, 3)]);
            assert_eq!(
                days["total"],
                json!({"fromPod": 1100, "fromViewers": 6000, "viewers": 3})
            );
        }

        // Months later the hours are days, and the sums are what they were.
        pod.pass(45 * DAY);
        app::removal::sweep(&pod.pod).await.unwrap();
        app::removal::sweep(&pod.pod).await.unwrap();
        let (alice, root) = (
            pod.sign_in("alice", "alice-password").await,
            pod.root().await,
        );
        for (client, path) in [(&alice, &path[..]), (&root, server)] {
            let answer = client
                .get(&format!("{path}?startDate=2025-12-01"))
                .await
                .expect(200)
                .json();
            is(&points(&answer), &[("2026-01-01T00", 1100, 6000, 3)]);
        }

        // The pod's past outlasts the video, and so does what is heard of its swarm last.
        alice
            .delete(&format!("/api/v1/videos/{uuid}"))
            .await
            .expect(204);
        pod.run_jobs().await;
        counted(pod, infohash, 1500).await;
        alice.get(&path).await.expect(404);
        let answer = root
            .get(&format!("{server}?startDate=2025-12-01"))
            .await
            .expect(200)
            .json();
        is(
            &points(&answer),
            &[
                ("2026-01-01T00", 1100, 6000, 3),
                ("2026-02-15T00", 900, 0, 3),
            ],
        );
    })
    .await;
}

#[tokio::test]
async fn nobody_else_sees_it_and_wrong_times_are_refused() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let bob = pod.user("bob").await;
        let (uuid, _) = published(&alice, pod).await;
        let path = format!("/api/v1/videos/{uuid}/stats/offload");
        let server = "/api/v1/server/stats/offload";
        for path in [&path[..], server] {
            pod.anonymous().get(path).await.expect(401);
            bob.get(path).await.expect(403);
        }
        alice.get(server).await.expect(403);
        for query in [
            "startDate=yesterday",
            "endDate=2026-13-01",
            "startDate=2026-01-01&endDate=2025-12-31",
            "startDate=9999-01-01",
        ] {
            alice.get(&format!("{path}?{query}")).await.expect(400);
        }
    })
    .await;
}

#[tokio::test]
async fn viewers_who_do_not_share_are_counted_by_their_views() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let (uuid, _) = published(&alice, pod).await;
        for place in 1..=2 {
            let viewer = pod.anonymous().at([192, 0, 2, place]);
            let path = format!("/api/v1/videos/{uuid}/views");
            viewer.post(&path, json!({"currentTime": 1})).await.expect(204);
        }
        reports(pod, &uuid, (700, 0, 0)).await;
        // More from the pod as a peer than from the pod is no report.
        let wrong = json!({"playerMode": "web-video", "p2pEnabled": false, "resolutionChanges": 0, "errors": 0, "downloadedBytesP2P": 0,
            "downloadedBytesHTTP": 5, "downloadedBytesPodPeer": 6, "uploadedBytesP2P": 0, "videoId": uuid});
        pod.anonymous().post("/api/v1/metrics/playback", wrong).await.expect(400);
        read(&pod.pod, &[]).await.unwrap();
        write(&pod.pod).await.unwrap();
        let path = format!("/api/v1/videos/{uuid}/stats/offload");
        let answer = alice.get(&path).await.expect(200).json();
        assert_eq!(answer["total"], json!({"fromPod": 700, "fromViewers": 0, "viewers": 2}));
    })
    .await;
}
