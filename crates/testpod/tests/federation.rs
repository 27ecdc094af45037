//! Pods that speak plain ActivityPub with each other, and what strangers cannot do.

use axum::{Router, extract::Query, routing::get};
use fetch::Request;
use serde_json::{Value, json};
use std::collections::HashMap;
use testpod::{Clip, Stranger, TestPod, Wires, clip, names, network_on_both_with, plain, settle};

async fn follow(pod: &TestPod, what: Value) {
    let root = pod.root().await;
    root.post("/api/v1/server/following", what)
        .await
        .expect(204);
}

async fn upload(pod: &TestPod, user: &testpod::Client, name: &str) -> String {
    let uuid = user.upload(&clip(Clip::Mp4), json!({ "name": name })).await;
    pod.run_jobs().await;
    uuid
}

#[tokio::test]
async fn follow_upload_update_delete() {
    network_on_both_with(2, plain, async |pods, wires: &Wires| {
        for (us, them) in [(0, 1), (1, 0)] {
            let (near, far) = (&pods[us], &pods[them]);
            let host = far.pod.host().to_owned();
            let alice = far.user(&format!("alice{us}")).await;
            let first = upload(far, &alice, "The sea").await;
            far.pass(1000);
            follow(near, json!({ "hosts": [host] })).await;
            settle(pods, 2000, 1).await;
            let list = near
                .root()
                .await
                .get("/api/v1/server/following")
                .await
                .expect(200)
                .json();
            assert_eq!(list["data"][0]["state"], "accepted", "{list}");
            assert_eq!(list["data"][0]["following"]["host"], host);
            let list = far
                .anonymous()
                .get("/api/v1/server/followers")
                .await
                .expect(200)
                .json();
            assert_eq!(
                list["data"][0]["follower"]["host"],
                near.pod.host(),
                "{list}"
            );
            // What was there before the follow comes as well.
            assert_eq!(names(near, "publishedAt").await, ["The sea"]);
            let video = near.anonymous().video(&first).await;
            assert_eq!(
                video["channel"]["displayName"],
                format!("Main alice{us} channel")
            );
            assert_eq!(
                (&video["isLocal"], &video["account"]["host"]),
                (&json!(false), &json!(host))
            );

            let second = upload(far, &alice, "The lake").await;
            settle(pods, 2000, 1).await;
            assert_eq!(names(near, "publishedAt").await, ["The sea", "The lake"]);
            far.pass(1000);
            alice
                .put(
                    &format!("/api/v1/videos/{second}"),
                    json!({ "name": "The deep lake" }),
                )
                .await
                .expect(204);
            settle(pods, 2000, 1).await;
            assert_eq!(
                names(near, "publishedAt").await,
                ["The sea", "The deep lake"]
            );
            for uuid in [first, second] {
                alice
                    .delete(&format!("/api/v1/videos/{uuid}"))
                    .await
                    .expect(204);
            }
            settle(pods, 2000, 1).await;
            assert_eq!(names(near, "publishedAt").await, Vec::<String>::new());
        }
        let sent = wires.sent();
        assert!(
            sent.iter()
                .all(|(_, request)| !request.url.contains("/pods/")),
            "all of it was plain"
        );
        let root = pods[0].root().await;
        root.delete("/api/v1/server/following/pod2.example")
            .await
            .expect(204);
        settle(pods, 2000, 1).await;
        let list = pods[1]
            .anonymous()
            .get("/api/v1/server/followers")
            .await
            .expect(200)
            .json();
        assert_eq!(list["total"], 0, "{list}");
    })
    .await;
}

#[tokio::test]
async fn a_single_channel_or_account() {
    for (name, kind, by) in [
        ("alice_channel", "Announce", "video-channels/alice_channel"),
        ("alice", "Create", "accounts/alice"),
    ] {
        network_on_both_with(2, plain, async |pods, wires: &Wires| {
            let [near, far] = pods else {
                unreachable!("two pods")
            };
            let (alice, bob) = (far.user("alice").await, far.user("bob").await);
            follow(near, json!({ "handles": [format!("{name}@pod2.example")] })).await;
            settle(pods, 2000, 1).await;
            wires.sent();
            let uuid = upload(far, &alice, "The sea").await;
            upload(far, &bob, "The moor").await;
            settle(pods, 2000, 1).await;
            assert_eq!(names(near, "publishedAt").await, ["The sea"]);
            alice
                .delete(&format!("/api/v1/videos/{uuid}"))
                .await
                .expect(204);
            settle(pods, 2000, 1).await;
            assert_eq!(names(near, "publishedAt").await, Vec::<String>::new());
            let sent = wires.sent().into_iter();
            let sent = sent.filter(|(_, request)| request.url == "https://pod1.example/inbox");
            let told: Vec<_> = sent
                .map(|(_, request)| {
                    let said: Value = serde_json::from_slice(&request.body).unwrap();
                    (said["type"].clone(), said["actor"].clone())
                })
                .collect();
            let delete = "https://pod2.example/accounts/alice";
            let expected = [
                (json!(kind), json!(format!("https://pod2.example/{by}"))),
                (json!("Delete"), json!(delete)),
            ];
            assert_eq!(told, expected);
        })
        .await;
    }
}

#[tokio::test]
async fn friends_without_envelopes_read_each_other_s_outbox() {
    network_on_both_with(2, plain, async |pods, _: &Wires| {
        let alice = pods[1].user("alice").await;
        upload(&pods[1], &alice, "The sea").await;
        let root = pods[0].root().await;
        let hosts = json!({ "hosts": ["pod2.example"] });
        root.post("/api/v1/pods/makefriends", hosts)
            .await
            .expect(200);
        settle(pods, 2000, 1).await;
        assert_eq!(names(&pods[0], "publishedAt").await, ["The sea"]);
    })
    .await;
}

/// A host with this actor, a forged video, and an outbox that never ends.
fn evil(mallory: &Stranger, forged: &Value) -> Router {
    let answer = |kind: &'static str, text: String| {
        get(move || async move { ([("content-type", kind)], text) })
    };
    let activity = "application/activity+json";
    let jrd = json!({
        "subject": "acct:mallory@evil.example",
        "links": [{ "rel": "self", "type": activity, "href": mallory.actor.as_str() }],
    });
    let endless = get(|Query(query): Query<HashMap<String, u64>>| async move {
        let at = query.get("page").copied().unwrap_or(0);
        let url = "https://evil.example/mallory/outbox";
        let page = json!({
            "type": "OrderedCollectionPage", "id": format!("{url}?page={at}"), "partOf": url,
            "next": format!("{url}?page={}", at + 1), "totalItems": 1, "orderedItems": [],
        });
        (
            [("content-type", "application/activity+json")],
            page.to_string(),
        )
    });
    Router::new()
        .route(
            "/.well-known/webfinger",
            answer("application/jrd+json", jrd.to_string()),
        )
        .route("/mallory", answer(activity, mallory.document()))
        .route("/mallory/outbox", endless)
        .route("/forged", answer(activity, forged.to_string()))
}

#[tokio::test]
async fn strangers_change_nothing() {
    network_on_both_with(2, plain, async |pods, wires: &Wires| {
        let [one, two] = pods else {
            unreachable!("two pods")
        };
        let alice = two.user("alice").await;
        let uuid = upload(two, &alice, "The sea").await;
        follow(one, json!({ "hosts": ["pod2.example"] })).await;
        settle(pods, 2000, 1).await;
        assert_eq!(names(one, "publishedAt").await, ["The sea"]);

        // The video as it is, with another name.
        let uri = format!("https://pod2.example/videos/watch/{uuid}");
        let request = Request::get(&uri, 1 << 20).header("accept", "application/activity+json");
        let answer = wires
            .carry("https://pod1.example".into(), request)
            .await
            .unwrap();
        let mut forged: Value = serde_json::from_slice(&answer.body).unwrap();
        forged["name"] = "Stolen".into();
        forged["updated"] = "2026-06-01T00:00:00.000Z".into();
        let mut own_id = forged.clone();
        own_id["id"] = "https://evil.example/forged".into();

        let mallory = Stranger::new("https://evil.example/mallory");
        wires.put("evil.example", evil(&mallory, &forged));
        let forgeries = [
            mallory.says("Update", forged.clone()),
            mallory.says("Create", forged.clone()),
            mallory.says("Delete", uri.clone()),
            mallory.says("Update", uri.clone()),
        ];
        // As a stranger, and as one who is followed.
        for round in 0..2 {
            for pod in pods {
                for forgery in &forgeries {
                    let (status, why) = mallory.swap(wires, pod, forgery, forgery).await;
                    assert_eq!(status, 403, "{round} {why}");
                }
                // A signature that is valid, but not for this.
                let harmless = mallory.says("Like", uri.clone());
                let (status, why) = mallory.swap(wires, pod, &harmless, &forgeries[0]).await;
                assert_eq!(status, 403, "{why}");
                assert!(why.contains("digest"), "{why}");
                // In the name of whom it belongs to, with a key of one's own.
                let mut posed = forgeries[0].clone();
                posed["actor"] = "https://pod2.example/accounts/alice".into();
                posed["id"] = "https://pod2.example/activities/x".into();
                assert_eq!(mallory.post(wires, pod, &posed).await, 403);
                // At the stranger's own address there is what says to be another's.
                let elsewhere = mallory.says("Announce", json!("https://evil.example/forged"));
                assert_eq!(mallory.post(wires, pod, &elsewhere).await, 202);
                // With an id of the stranger's own, but another's account.
                let half = mallory.says("Create", own_id.clone());
                assert_eq!(mallory.post(wires, pod, &half).await, 202);
            }
            settle(pods, 2000, 1).await;
            assert_eq!(
                (
                    names(one, "publishedAt").await,
                    names(two, "publishedAt").await
                ),
                (vec!["The sea".into()], vec!["The sea".into()])
            );
            follow(one, json!({ "handles": ["mallory@evil.example"] })).await;
            let list = one
                .root()
                .await
                .get("/api/v1/server/following?state=pending")
                .await
                .json();
            let us = json!("https://pod1.example/accounts/peertube");
            assert!(round > 0 || list["total"] == 1, "{list}");
            let accept = mallory.says(
                "Accept",
                json!({ "type": "Follow", "actor": us, "object": mallory.actor.as_str() }),
            );
            assert_eq!(mallory.post(wires, one, &accept).await, 202);
            wires.sent();
            settle(pods, 2000, 1).await;
            let read = wires.sent();
            let read = read
                .iter()
                .filter(|(_, request)| request.url.contains("/mallory/outbox"))
                .count();
            assert_eq!(
                read,
                if round == 0 { 250 } else { 0 },
                "an outbox that never ends is cut"
            );
        }

        // Another account of the same host has a good key, and no right.
        two.user("bob").await;
        let bob = Stranger::of(wires, two, "accounts/bob").await;
        let mut taken = forged.clone();
        taken["attributedTo"][0]["id"] = "https://pod2.example/accounts/bob".into();
        for forgery in [
            bob.says("Update", taken.clone()),
            bob.says("Update", forged.clone()),
        ] {
            assert_eq!(
                bob.post(wires, one, &forgery).await,
                202,
                "it is looked up instead"
            );
        }
        let forgery = bob.says("Delete", uri.clone());
        assert_eq!(bob.post(wires, one, &forgery).await, 403);
        settle(pods, 2000, 1).await;
        assert_eq!(names(one, "publishedAt").await, ["The sea"]);
        let video = one.anonymous().video(&uuid).await;
        assert_eq!(video["account"]["name"], "alice");
    })
    .await;
}

#[tokio::test]
async fn found_by_others() {
    network_on_both_with(1, plain, async |pods, wires: &Wires| {
        let pod = &pods[0];
        let alice = pod.user("alice").await;
        let uuid = upload(pod, &alice, "The sea").await;
        let get = async |path: &str, status: u16| {
            let request = Request::get(format!("https://pod1.example{path}"), 1 << 20);
            let request = request.header("accept", "application/activity+json");
            let answer = wires.carry("https://other.example".into(), request).await.unwrap();
            assert_eq!(answer.status, status, "{path}");
            serde_json::from_slice::<Value>(&answer.body).unwrap_or(Value::Null)
        };
        for (resource, actor) in [
            ("acct:alice@pod1.example", "accounts/alice"),
            ("acct:alice_channel@pod1.example", "video-channels/alice_channel"),
            ("acct:peertube@pod1.example", "accounts/peertube"),
            ("https://pod1.example/accounts/alice", "accounts/alice"),
        ] {
            let jrd = get(&format!("/.well-known/webfinger?resource={resource}"), 200).await;
            assert_eq!(jrd["links"][0]["href"], format!("https://pod1.example/{actor}"));
        }
        get("/.well-known/webfinger?resource=acct:nobody@pod1.example", 404).await;
        get("/.well-known/webfinger?resource=acct:alice@other.example", 404).await;
        get("/.well-known/webfinger", 400).await;
        let links = get("/.well-known/nodeinfo", 200).await;
        assert_eq!(links["links"][1]["href"], "https://pod1.example/nodeinfo/2.1.json");
        for version in ["2.0", "2.1"] {
            let node = get(&format!("/nodeinfo/{version}.json"), 200).await;
            assert_eq!((&node["software"]["name"], &node["usage"]["localPosts"]), (&json!("shoal"), &json!(1)));
            assert_eq!(node["usage"]["users"]["total"], 2);
        }
        get("/nodeinfo/9.json", 404).await;
        get("/.well-known/host-meta", 200).await;

        let uri = format!("https://pod1.example/videos/watch/{uuid}");
        for (actor, kind) in [
            ("accounts/peertube", "Announce"),
            ("accounts/alice", "Create"),
            ("video-channels/alice_channel", "Announce"),
        ] {
            let list = get(&format!("/{actor}/outbox"), 200).await;
            assert_eq!(list["totalItems"], 1, "{list}");
            let page = get(list["first"].as_str().unwrap().strip_prefix("https://pod1.example").unwrap(), 200).await;
            let item = &page["orderedItems"][0];
            assert_eq!(item["type"], kind, "{page}");
            let object = item["object"]["id"].as_str().or(item["object"].as_str());
            assert_eq!(object, Some(uri.as_str()));
            assert_eq!(get(&format!("/{actor}/followers"), 200).await["totalItems"], 0);
            assert_eq!(get(&format!("/{actor}/following?page=0"), 200).await["type"], "OrderedCollectionPage");
        }
        get("/accounts/nobody/outbox", 404).await;
        for list in ["likes", "dislikes", "announces", "comments"] {
            assert_eq!(get(&format!("/videos/watch/{uuid}/{list}"), 200).await["totalItems"], 0);
        }
        for body in [
            json!({ "username": "peertube", "password": "a-password", "email": "a@b.example" }),
            json!({ "username": "carol", "password": "a-password", "email": "a@b.example", "channel": { "name": "PeerTube", "displayName": "x" } }),
        ] {
            let answer = pod.anonymous().post("/api/v1/users/register", body).await.expect(400);
            assert!(answer.text().contains("the pod's own"), "{}", answer.text());
        }
    })
    .await;
}
