//! Of which videos viewers exchange pieces: what the tracker answers, what the API says and offers, and what changes at once when the
//! owner changes their mind.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use app::terms::Terms;
use axum::{Router, body::Body, http::Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use testpod::{Client, Clip, TestPod, clip, on_both, on_both_with};
use tower::ServiceExt as _;

async fn published(pod: &TestPod, alice: &Client, fields: Value) -> String {
    let uuid = alice.upload(&clip(Clip::Mp4), fields).await;
    pod.run_jobs().await;
    uuid
}

fn file(video: &Value) -> Value {
    video["streamingPlaylists"][0]["files"][0].clone()
}

/// Whether the tracker takes a client into the swarm of the video.
async fn tracked(pod: &TestPod, video: &Value) -> bool {
    let hex = file(video)["infoHash"].as_str().unwrap().to_owned();
    let escaped: String = hex
        .as_bytes()
        .chunks(2)
        .map(|b| format!("%{}{}", b[0] as char, b[1] as char))
        .collect();
    let path = format!(
        "/tracker/announce?info_hash={escaped}&peer_id=-XX0001-abcdefghijkl&port=6881&uploaded=0&downloaded=0&left=5&compact=1"
    );
    let router: Router = peers::router(pod.pod.tracker.clone());
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    request
        .extensions_mut()
        .insert(peers::ClientAddress(std::net::IpAddr::from([192, 0, 2, 1])));
    let answer = router.oneshot(request).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    !String::from_utf8_lossy(&body).contains("failure reason")
}

/// Fails unless everything says the same: shared, or not for this reason.
async fn is(pod: &TestPod, client: &Client, uuid: &str, off: Option<&str>) {
    let video = client.video(uuid).await;
    let shared = off.is_none();
    assert_eq!(video["p2pOff"], off.map_or(Value::Null, Value::from));
    assert_eq!(tracked(pod, &video).await, shared, "{off:?}");
    let file = file(&video);
    assert_eq!(file["magnetUri"].is_string(), shared, "{off:?}");
    assert_eq!(file["torrentDownloadUrl"].is_string(), shared, "{off:?}");
    assert_eq!(video["trackerUrls"].as_array().unwrap().is_empty(), !shared);
    // The page checks by it what it plays.
    assert!(file["torrentUrl"].is_string());
}

#[tokio::test]
async fn what_is_not_for_everybody_is_not_shared_unless_the_admin_says_so() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        for (fields, off) in [
            (json!({"privacy": 2}), "unlisted"),
            (json!({"privacy": 3}), "private"),
            (json!({"nsfw": true}), "sensitive"),
            (json!({"p2pEnabled": false}), "owner"),
        ] {
            let uuid = published(pod, &alice, fields.clone()).await;
            is(pod, &alice, &uuid, Some(off)).await;
            // The owner's switch is shown as the owner left it, so that saving the form changes nothing.
            assert_eq!(alice.video(&uuid).await["p2pEnabled"], off != "owner");
            let path = format!("/api/v1/videos/{uuid}");
            let public = json!({"privacy": 1, "nsfw": false, "p2pEnabled": true});
            alice.put(&path, public).await.expect(204);
            let video = alice.video(&uuid).await;
            assert!(video["p2pOff"].is_null() && file(&video)["magnetUri"].is_string());

            let other = published(pod, &alice, json!({})).await;
            is(pod, &alice, &other, None).await;
            let path = format!("/api/v1/videos/{other}");
            alice.put(&path, fields).await.expect(204);
            is(pod, &alice, &other, Some(off)).await;
        }
    })
    .await;
    let terms = Terms {
        unlisted: true,
        sensitive: true,
        ..Terms::default()
    };
    on_both_with(
        |settings| settings.p2p = terms,
        async |pod| {
            let alice = pod.user("alice").await;
            let fields = json!({"privacy": 2, "nsfw": true});
            let uuid = published(pod, &alice, fields).await;
            is(pod, &alice, &uuid, None).await;
        },
    )
    .await;
}

#[tokio::test]
async fn nobody_shares_before_enough_watch() {
    let terms = Terms {
        least_viewers: 2,
        ..Terms::default()
    };
    on_both_with(
        |settings| settings.p2p = terms,
        async |pod| {
            let alice = pod.user("alice").await;
            let watches = async |uuid: &str, place| {
                let viewer = pod.anonymous().at([192, 0, 2, place]);
                let path = format!("/api/v1/videos/{uuid}/views");
                viewer
                    .post(&path, json!({"currentTime": 1}))
                    .await
                    .expect(204);
            };
            let uuid = published(pod, &alice, json!({})).await;
            watches(&uuid, 1).await;
            let video = alice.video(&uuid).await;
            assert_eq!(video["p2pOff"], "few");
            assert!(!tracked(pod, &video).await);
            // What is needed to begin is there already.
            assert!(!video["trackerUrls"].as_array().unwrap().is_empty());
            watches(&uuid, 2).await;
            assert_eq!(alice.video(&uuid).await["p2pOff"], Value::Null);

            let other = published(pod, &alice, json!({})).await;
            watches(&other, 1).await;
            watches(&other, 2).await;
            is(pod, &alice, &other, None).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_pod_that_does_not_share_names_no_swarm() {
    let terms = Terms {
        enabled: false,
        ..Terms::default()
    };
    on_both_with(
        |settings| settings.p2p = terms,
        async |pod| {
            let alice = pod.user("alice").await;
            let uuid = published(pod, &alice, json!({})).await;
            is(pod, &alice, &uuid, Some("pod")).await;
        },
    )
    .await;
}
