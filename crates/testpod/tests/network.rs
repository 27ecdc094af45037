//! Pods that make friends, show each other's videos, and part again.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use serde_json::{Value, json};
use testpod::{Clip, TestPod, Wires, clip, make_friends, names, network_on_both, talk};

async fn friends(pod: &TestPod) -> Vec<String> {
    let list = pod.anonymous().get("/api/v1/pods").await.expect(200).json();
    let hosts = list["data"].as_array().unwrap().iter();
    hosts
        .map(|pod| pod["host"].as_str().unwrap().to_owned())
        .collect()
}

async fn upload(pod: &TestPod, name: &str) -> (testpod::Client, String) {
    let alice = pod.user("alice").await;
    let uuid = alice
        .upload(&clip(Clip::Mp4), json!({ "name": name, "tags": ["sea"] }))
        .await;
    pod.run_jobs().await;
    (alice, uuid)
}

#[tokio::test]
async fn the_founding_story() {
    network_on_both(3, async |pods, wires: &Wires| {
        let [one, two, three] = pods else { unreachable!("three pods") };
        let (alice, uuid) = upload(three, "The sea").await;

        let made = make_friends(two, &["pod3.example"]).await;
        assert_eq!((&made[0]["outcome"], &made[0]["because"]), (&json!("friend"), &json!("entry pod")), "{made}");
        // Two knows three: with two as the entry pod, one becomes the friend of both.
        let made = make_friends(one, &["pod2.example"]).await;
        assert_eq!(made.as_array().unwrap().len(), 2, "{made}");
        assert_eq!((&made[1]["host"], &made[1]["because"]), (&json!("pod3.example"), &json!("on 1 of 1 list")));
        assert_eq!(friends(three).await, ["pod1.example", "pod2.example"]);

        talk(pods).await;
        for pod in [one, two] {
            assert_eq!(names(pod, "-publishedAt").await, ["The sea"]);
            let found = pod.anonymous().get("/api/v1/search/videos?search=sea").await.json();
            assert_eq!(found["total"], 1);
            let video = pod.anonymous().video(&uuid).await;
            assert_eq!(video["isLocal"], false);
            assert_eq!(video["channel"]["host"], "pod3.example");
            assert_eq!(video["channel"]["displayName"], "Main alice channel");
            assert_eq!(video["url"], format!("https://pod3.example/videos/watch/{uuid}"));
            let file = &video["streamingPlaylists"][0]["files"][0];
            let url = file["fileUrl"].as_str().unwrap();
            assert!(url.starts_with("https://pod3.example/static/"), "{url}");
            assert_eq!(file["infoHash"], three.anonymous().video(&uuid).await["streamingPlaylists"][0]["files"][0]["infoHash"]);
            let picture = video["thumbnailPath"].as_str().unwrap();
            assert!(picture.starts_with("/lazy-static/thumbnails/remote-"), "{picture}");
            for handle in ["accounts/alice", "video-channels/alice_channel"] {
                let path = format!("/api/v1/{handle}@pod3.example");
                let actor = pod.anonymous().get(&path).await.expect(200).json();
                assert_eq!(actor["host"], "pod3.example", "{actor}");
                let videos = pod.anonymous().get(&format!("{path}/videos")).await.expect(200).json();
                assert_eq!(videos["total"], 1);
            }
            let nobody = pod.anonymous().get("/api/v1/accounts/alice@pod9.example").await;
            nobody.expect(404);
        }

        // What changes there changes here, and what is sent cannot be read on the way.
        wires.sent();
        alice.put(&format!("/api/v1/videos/{uuid}"), json!({ "name": "The deep sea" })).await.expect(204);
        talk(pods).await;
        assert_eq!(names(one, "-publishedAt").await, ["The deep sea"]);
        let sealed = || {
            let sent = wires.sent();
            assert_eq!(sent.len(), 2, "one request to each friend");
            for (_, request) in &sent {
                let text = String::from_utf8_lossy(&request.body);
                let plain = ["deep", "alice", &uuid].iter().any(|word| text.contains(word));
                assert!(request.url.ends_with("/api/v1/pods/envelopes") && !plain, "{text}");
            }
            sent
        };
        let sent = sealed();
        // Nor sent again.
        let (from, again) = sent.into_iter().next().unwrap();
        let answer = wires.carry(from, again).await.unwrap();
        assert_eq!(answer.status, 403);
        assert!(String::from_utf8_lossy(&answer.body).contains("came before"));

        alice.put(&format!("/api/v1/videos/{uuid}"), json!({ "privacy": 2 })).await.expect(204);
        talk(pods).await;
        assert_eq!(names(two, "-publishedAt").await, Vec::<String>::new());
        wires.sent();
        alice.put(&format!("/api/v1/videos/{uuid}"), json!({ "privacy": 1 })).await.expect(204);
        talk(pods).await;
        assert_eq!(names(two, "-publishedAt").await, ["The deep sea"]);
        sealed();

        alice.delete(&format!("/api/v1/videos/{uuid}")).await.expect(204);
        talk(pods).await;
        assert_eq!((names(one, "-publishedAt").await, names(two, "-publishedAt").await), (vec![], vec![]));
        three.run_jobs().await;
    })
    .await;
}

#[tokio::test]
async fn quitting_empties_the_index() {
    network_on_both(2, async |pods, _: &Wires| {
        let [one, two] = pods else {
            unreachable!("two pods")
        };
        upload(two, "The sea").await;
        make_friends(one, &["pod2.example"]).await;
        talk(pods).await;
        assert_eq!(names(one, "-publishedAt").await, ["The sea"]);
        let root = one.root().await;
        let answer = root
            .post(
                "/api/v1/pods/quitfriends",
                json!({ "hosts": ["pod2.example"] }),
            )
            .await;
        assert_eq!(answer.expect(200).json()["results"][0]["outcome"], "quit");
        assert_eq!(names(one, "-publishedAt").await, Vec::<String>::new());
        talk(pods).await;
        assert_eq!((friends(one).await, friends(two).await), (vec![], vec![]));
        // And may begin anew.
        make_friends(two, &["pod1.example"]).await;
        talk(pods).await;
        assert_eq!(names(one, "-publishedAt").await, ["The sea"]);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_lost_while_a_pod_is_away() {
    network_on_both(2, async |pods, wires: &Wires| {
        let [one, two] = pods else {
            unreachable!("two pods")
        };
        make_friends(one, &["pod2.example"]).await;
        talk(pods).await;
        wires.cut("pod1.example");
        let (alice, uuid) = upload(two, "The sea").await;
        talk(pods).await;
        let root = two.root().await;
        let list = root.get("/api/v1/pods").await.expect(200).json();
        let away = &list["data"][0];
        assert_eq!(
            (&away["waiting"], &away["failures"]),
            (&json!(1), &json!(1)),
            "{list}"
        );
        assert!(
            away["lastError"]
                .as_str()
                .unwrap()
                .contains("pod1.example was not reached")
        );
        // A video that comes and goes meanwhile is never told of.
        let second = alice
            .upload(&clip(Clip::Mp4), json!({ "name": "Another one" }))
            .await;
        two.run_jobs().await;
        alice
            .delete(&format!("/api/v1/videos/{second}"))
            .await
            .expect(204);
        two.run_jobs().await;
        let list = root.get("/api/v1/pods").await.expect(200).json();
        assert_eq!(list["data"][0]["waiting"], 1, "{list}");
        wires.mend("pod1.example");
        wires.sent();
        root.post("/api/v1/pods/pod1.example/retry", Value::Null)
            .await
            .expect(204);
        talk(pods).await;
        assert_eq!(names(one, "-publishedAt").await, ["The sea"]);
        assert_eq!(wires.sent().len(), 1);
        let score = root
            .get("/api/v1/pods/pod1.example/score-history")
            .await
            .expect(200)
            .json();
        assert!(
            score["data"].to_string().contains("it did not answer"),
            "{score}"
        );
        drop(uuid);
    })
    .await;
}
