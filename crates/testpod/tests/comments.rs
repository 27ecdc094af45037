//! What people say about videos, at home and between pods.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use axum::{Router, routing::get};
use serde_json::{Value, json};
use testpod::{
    Client, Clip, Stranger, TestPod, Wires, clip, network_on_both_with, on_both, plain, settle,
};

async fn upload(pod: &TestPod, user: &Client, fields: Value) -> String {
    let uuid = user.upload(&clip(Clip::Mp4), fields).await;
    pod.run_jobs().await;
    uuid
}

/// A note that answers something.
fn note_by(by: &Stranger, id: &str, answered: &str, text: &str) -> Value {
    json!({
        "type": "Note", "id": id, "attributedTo": by.actor.as_str(), "content": text,
        "inReplyTo": answered, "published": "2026-01-01T00:00:00Z",
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
    })
}

async fn say(user: &Client, video: &str, above: Option<i64>, text: &str) -> i64 {
    let path = match above {
        None => format!("/api/v1/videos/{video}/comment-threads"),
        Some(id) => format!("/api/v1/videos/{video}/comments/{id}"),
    };
    let said = user.post(&path, json!({ "text": text })).await.expect(200);
    said.json()["comment"]["id"].as_i64().unwrap()
}

async fn threads(user: &Client, video: &str) -> Value {
    let path = format!("/api/v1/videos/{video}/comment-threads?sort=createdAt");
    user.get(&path).await.expect(200).json()
}

/// The texts of threads, the oldest first.
async fn texts(pod: &TestPod, video: &str) -> Vec<String> {
    let list = threads(&pod.anonymous(), video).await;
    let texts = list["data"].as_array().unwrap().iter();
    texts
        .map(|it| it["text"].as_str().unwrap().to_owned())
        .collect()
}

async fn tree(user: &Client, video: &str, thread: i64) -> Value {
    let path = format!("/api/v1/videos/{video}/comment-threads/{thread}");
    user.get(&path).await.expect(200).json()
}

async fn counts(pod: &TestPod, video: &str) -> (i64, i64, i64, i64) {
    let video = pod.anonymous().video(video).await;
    let number = |name: &str| video[name].as_i64().unwrap();
    (
        number("comments"),
        number("likes"),
        number("dislikes"),
        number("views"),
    )
}

async fn rate(user: &Client, video: &str, rating: &str) {
    let path = format!("/api/v1/videos/{video}/rate");
    user.put(&path, json!({ "rating": rating }))
        .await
        .expect(204);
}

#[tokio::test]
async fn at_home() {
    on_both(async |pod| {
        let (alice, bob, carol) = (
            pod.user("alice").await,
            pod.user("bob").await,
            pod.user("carol").await,
        );
        let video = upload(pod, &alice, json!({})).await;
        let path = format!("/api/v1/videos/{video}/comment-threads");
        pod.anonymous()
            .post(&path, json!({ "text": "x" }))
            .await
            .expect(401);
        for text in ["", "  ", &"x".repeat(10_001)] {
            bob.post(&path, json!({ "text": text })).await.expect(400);
        }
        let thread = say(&bob, &video, None, " <b>First</b> ").await;
        let answer = say(&alice, &video, Some(thread), "Thanks").await;
        let deeper = say(&bob, &video, Some(answer), "Welcome").await;
        let list = threads(&pod.anonymous(), &video).await;
        let first = &list["data"][0];
        assert_eq!(
            (&list["total"], &list["totalNotDeletedComments"]),
            (&json!(1), &json!(3))
        );
        assert_eq!(
            (&first["text"], &first["totalReplies"]),
            (&json!("<b>First</b>"), &json!(2))
        );
        assert_eq!(
            (
                &first["totalRepliesFromVideoAuthor"],
                &first["account"]["name"]
            ),
            (&json!(1), &json!("bob"))
        );
        let whole = tree(&carol, &video, thread).await;
        let below = &whole["children"][0];
        assert_eq!(
            (
                &below["comment"]["text"],
                &below["children"][0]["comment"]["id"]
            ),
            (&json!("Thanks"), &json!(deeper))
        );
        assert_eq!(counts(pod, &video).await.0, 3);

        // Others delete nothing; the author does, and what answers stays.
        let one = format!("/api/v1/videos/{video}/comments/{thread}");
        carol.delete(&one).await.expect(403);
        bob.delete(&one).await.expect(204);
        bob.delete(&one).await.expect(403);
        alice.delete(&one).await.expect(409);
        let whole = tree(&carol, &video, thread).await;
        assert_eq!(
            (
                &whole["comment"]["isDeleted"],
                &whole["comment"]["text"],
                &whole["comment"]["account"]
            ),
            (&json!(true), &json!(""), &Value::Null)
        );
        // The owner of the video and the admin delete as well.
        let last = format!("/api/v1/videos/{video}/comments/{deeper}");
        alice.delete(&last).await.expect(204);
        let answer = format!("/api/v1/videos/{video}/comments/{answer}");
        pod.root().await.delete(&answer).await.expect(204);
        assert_eq!(counts(pod, &video).await.0, 0);
        assert_eq!(threads(&carol, &video).await["total"], 0);

        for (rating, expected) in [
            ("like", (1, 0)),
            ("like", (1, 0)),
            ("dislike", (0, 1)),
            ("none", (0, 0)),
            ("like", (1, 0)),
        ] {
            rate(&bob, &video, rating).await;
            let (_, likes, dislikes, _) = counts(pod, &video).await;
            assert_eq!((likes, dislikes), expected, "{rating}");
            let mine = bob
                .get(&format!("/api/v1/users/me/videos/{video}/rating"))
                .await;
            assert_eq!(mine.expect(200).json()["rating"], rating);
        }
        bob.put(
            &format!("/api/v1/videos/{video}/rate"),
            json!({ "rating": "love" }),
        )
        .await
        .expect(400);

        // Held back until the owner has looked, and not at all.
        let edit = format!("/api/v1/videos/{video}");
        alice
            .put(&edit, json!({ "commentsPolicy": 3 }))
            .await
            .expect(204);
        let held = say(&bob, &video, None, "May I?").await;
        assert_eq!(texts(pod, &video).await, Vec::<String>::new());
        assert_eq!(
            threads(&bob, &video).await["data"][0]["heldForReview"],
            true
        );
        let approve = format!("/api/v1/videos/{video}/comments/{held}/approve");
        bob.post(&approve, Value::Null).await.expect(403);
        alice.post(&approve, Value::Null).await.expect(204);
        assert_eq!(texts(pod, &video).await, ["May I?"]);
        alice
            .put(&edit, json!({ "commentsPolicy": 2 }))
            .await
            .expect(204);
        carol.post(&path, json!({ "text": "x" })).await.expect(403);
        alice
            .put(&edit, json!({ "commentsPolicy": 1 }))
            .await
            .expect(204);
        // Whoever writes too fast waits.
        let mut last = 200;
        for _ in 0..12 {
            let said = carol.post(&path, json!({ "text": "x" })).await;
            last = said.status.as_u16();
        }
        assert_eq!(last, 429);
        // Who goes takes what they have said and thought with them.
        carol.delete("/api/v1/users/me").await.expect(204);
        bob.delete("/api/v1/users/me").await.expect(204);
        assert_eq!(counts(pod, &video).await, (0, 0, 0, 0));
        while pod.pod.run_jobs().await > 0 {}
    })
    .await;
}

/// A comment there and back, an answer, likes, a view and deletions, from pod `us` about a video of pod `them`.
async fn there_and_back(pods: &[TestPod], us: usize, them: usize) {
    let (near, far) = (&pods[us], &pods[them]);
    let alice = far.user(&format!("alice{us}")).await;
    let bob = near.user(&format!("bob{us}")).await;
    let video = upload(far, &alice, json!({ "name": "The sea" })).await;
    settle(pods, 60_000, 60_000).await;
    let thread = say(&bob, &video, None, "From <afar> &\nbeyond").await;
    settle(pods, 60_000, 60_000).await;
    assert_eq!(texts(far, &video).await, ["From <afar> &\nbeyond"]);
    let list = threads(&alice, &video).await;
    let there = list["data"][0]["id"].as_i64().unwrap();
    let account = &list["data"][0]["account"];
    assert_eq!(
        (&account["name"], &account["host"]),
        (&json!(format!("bob{us}")), &json!(near.pod.host()))
    );
    // The answer comes back, below what it answers.
    say(&alice, &video, Some(there), "Welcome").await;
    settle(pods, 60_000, 60_000).await;
    let whole = tree(&bob, &video, thread).await;
    assert_eq!(
        whole["children"][0]["comment"]["text"], "Welcome",
        "{whole}"
    );
    for pod in pods {
        assert_eq!(counts(pod, &video).await.0, 2, "{}", pod.pod.host());
    }
    // Everybody has the same numbers, however often it is told.
    for (rating, likes, dislikes) in [
        ("like", 1, 0),
        ("dislike", 0, 1),
        ("none", 0, 0),
        ("like", 1, 0),
    ] {
        rate(&bob, &video, rating).await;
        settle(pods, 60_000, 60_000).await;
        for pod in pods {
            let (_, l, d, _) = counts(pod, &video).await;
            assert_eq!((l, d), (likes, dislikes), "{rating} {}", pod.pod.host());
        }
    }
    let view = json!({ "currentTime": 5 });
    let path = format!("/api/v1/videos/{video}/views");
    near.anonymous().post(&path, view).await.expect(204);
    near.pass(600_000);
    settle(pods, 60_000, 60_000).await;
    near.pass(600_000);
    settle(pods, 60_000, 60_000).await;
    for pod in pods {
        assert_eq!(counts(pod, &video).await.3, 1, "{}", pod.pod.host());
    }
    // The author deletes; what answered stays.
    bob.delete(&format!("/api/v1/videos/{video}/comments/{thread}"))
        .await
        .expect(204);
    settle(pods, 60_000, 60_000).await;
    for pod in pods {
        let list = threads(&pod.anonymous(), &video).await;
        assert_eq!(list["data"][0]["isDeleted"], true, "{list}");
        assert_eq!(counts(pod, &video).await.0, 1, "{}", pod.pod.host());
    }
    // The owner of the video deletes what was said elsewhere.
    say(&bob, &video, None, "Rude").await;
    settle(pods, 60_000, 60_000).await;
    let list = threads(&alice, &video).await;
    let rude = list["data"][1]["id"].as_i64().unwrap();
    alice
        .delete(&format!("/api/v1/videos/{video}/comments/{rude}"))
        .await
        .expect(204);
    settle(pods, 60_000, 60_000).await;
    for pod in pods {
        assert_eq!(texts(pod, &video).await, [""], "{}", pod.pod.host());
    }
}

#[tokio::test]
async fn between_pods_in_plain_activitypub() {
    network_on_both_with(3, plain, async |pods, wires: &Wires| {
        for pod in pods {
            let hosts: Vec<_> = pods.iter().map(|other| other.pod.host()).collect();
            let others: Vec<_> = hosts
                .iter()
                .filter(|host| **host != pod.pod.host())
                .collect();
            let root = pod.root().await;
            root.post("/api/v1/server/following", json!({ "hosts": others }))
                .await
                .expect(204);
        }
        settle(pods, 60_000, 60_000).await;
        there_and_back(pods, 0, 1).await;
        there_and_back(pods, 1, 0).await;
        let sent = wires.sent();
        assert!(
            sent.iter()
                .all(|(_, request)| !request.url.contains("/pods/"))
        );
    })
    .await;
}

#[tokio::test]
async fn between_friends() {
    network_on_both_with(
        3,
        |_| {},
        async |pods, wires: &Wires| {
            for (us, them) in [
                (0, vec!["pod2.example", "pod3.example"]),
                (1, vec!["pod3.example"]),
            ] {
                let root = pods[us].root().await;
                let hosts = json!({ "hosts": them });
                root.post("/api/v1/pods/makefriends", hosts)
                    .await
                    .expect(200);
            }
            settle(pods, 60_000, 60_000).await;
            there_and_back(pods, 0, 1).await;
            let sent = wires.sent();
            assert!(
                sent.iter()
                    .all(|(_, request)| !request.url.ends_with("/inbox"))
            );
            let list = pods[1].root().await.get("/api/v1/pods").await.json();
            let scores = list["data"].as_array().unwrap().iter();
            assert!(scores.clone().all(|pod| pod["score"] == 100), "{list}");
        },
    )
    .await;
}

#[tokio::test]
async fn strangers_say_only_what_is_theirs() {
    network_on_both_with(1, plain, async |pods, wires: &Wires| {
        let pod = &pods[0];
        let alice = pod.user("alice").await;
        let video = upload(pod, &alice, json!({})).await;
        let uri = format!("https://pod1.example/videos/watch/{video}");
        let eve = Stranger::new("https://eve.example/eve");
        let mallory = Stranger::new("https://eve.example/mallory");
        let dan = Stranger::new("https://dan.example/dan");
        let page = |text: String| {
            get(move || async move { ([("content-type", "application/activity+json")], text) })
        };
        wires.put(
            "eve.example",
            Router::new()
                .route("/eve", page(eve.document()))
                .route("/mallory", page(mallory.document())),
        );
        wires.put(
            "dan.example",
            Router::new().route("/dan", page(dan.document())),
        );
        let note = "https://eve.example/notes/1";

        // A like counts once, and is taken back by who gave it.
        for (who, kind, likes) in [(&eve, "Like", 1), (&eve, "Like", 1), (&dan, "Like", 2)] {
            assert_eq!(
                who.post(wires, pod, &who.says(kind, uri.clone())).await,
                202
            );
            assert_eq!(counts(pod, &video).await.1, likes);
        }
        let like = json!({ "type": "Like", "actor": eve.actor.as_str(), "object": uri });
        assert_eq!(
            dan.post(wires, pod, &dan.says("Undo", like.clone())).await,
            403
        );
        assert_eq!(eve.post(wires, pod, &eve.says("Undo", like)).await, 202);
        assert_eq!(counts(pod, &video).await.1, 1);
        // Views of hosts that nobody here deals with are not counted.
        assert_eq!(
            eve.post(wires, pod, &eve.says("View", uri.clone())).await,
            202
        );
        assert_eq!(counts(pod, &video).await.3, 0);

        let script = "<p>Hi <script>alert(1)</script><img src=x onerror=y></p>";
        let first = note_by(&eve, note, &uri, script);
        // In another's name, of the same host and of another.
        assert_eq!(
            mallory
                .post(wires, pod, &mallory.says("Create", first.clone()))
                .await,
            403
        );
        assert_eq!(
            dan.post(wires, pod, &dan.says("Create", first.clone()))
                .await,
            403
        );
        // An answer to nothing that is known, one in a circle, one that is not public, one that says nothing.
        let unknown = format!("https://pod1.example/videos/watch/{}", uuid::Uuid::new_v4());
        let mut secret = note_by(&eve, "https://eve.example/notes/4", &uri, "secret");
        secret["to"] = json!([alice_uri()]);
        for other in [
            note_by(&eve, "https://eve.example/notes/2", &unknown, "x"),
            note_by(
                &eve,
                "https://eve.example/notes/3",
                "https://eve.example/notes/3",
                "x",
            ),
            secret,
            note_by(&eve, "https://eve.example/notes/5", &uri, "<img src=x>"),
        ] {
            assert_eq!(eve.post(wires, pod, &eve.says("Create", other)).await, 202);
        }
        assert_eq!(texts(pod, &video).await, Vec::<String>::new());

        for _ in 0..2 {
            assert_eq!(
                eve.post(wires, pod, &eve.says("Create", first.clone()))
                    .await,
                202
            );
        }
        assert_eq!(texts(pod, &video).await, ["Hi alert(1)"]);
        // Nobody else changes or deletes it.
        let mut other = first.clone();
        other["content"] = "Stolen".into();
        other["updated"] = "2026-01-01T00:00:01Z".into();
        for (who, kind, object) in [
            (&mallory, "Update", other.clone()),
            (&dan, "Update", other.clone()),
            (&mallory, "Delete", note.into()),
            (&dan, "Delete", note.into()),
        ] {
            assert_eq!(
                who.post(wires, pod, &who.says(kind, object)).await,
                403,
                "{kind}"
            );
        }
        assert_eq!(texts(pod, &video).await, ["Hi alert(1)"]);
        assert_eq!(eve.post(wires, pod, &eve.says("Update", other)).await, 202);
        assert_eq!(texts(pod, &video).await, ["Stolen"]);
        // An answer to it by somebody third, and one of a megabyte.
        let answer = note_by(
            &dan,
            "https://dan.example/notes/1",
            note,
            &"x".repeat(900_000),
        );
        assert_eq!(dan.post(wires, pod, &dan.says("Create", answer)).await, 202);
        let thread = threads(&alice, &video).await["data"][0]["id"]
            .as_i64()
            .unwrap();
        let whole = tree(&alice, &video, thread).await;
        let text = whole["children"][0]["comment"]["text"].as_str().unwrap();
        assert!(text.len() <= 10_000, "{}", text.len());
        let huge = note_by(
            &dan,
            "https://dan.example/notes/2",
            note,
            &"x".repeat(1_100_000),
        );
        assert!(dan.post(wires, pod, &dan.says("Create", huge)).await >= 400);

        // Deleted is deleted, whatever comes after.
        assert_eq!(eve.post(wires, pod, &eve.says("Delete", note)).await, 202);
        assert_eq!(eve.post(wires, pod, &eve.says("Create", first)).await, 202);
        assert_eq!(texts(pod, &video).await, [""]);
        // A whole person goes.
        assert_eq!(
            dan.post(wires, pod, &dan.says("Delete", dan.actor.as_str()))
                .await,
            202
        );
        assert_eq!(counts(pod, &video).await, (0, 0, 0, 0));
        // Where comments are off nobody comments.
        let edit = format!("/api/v1/videos/{video}");
        alice
            .put(&edit, json!({ "commentsPolicy": 2 }))
            .await
            .expect(204);
        let late = note_by(&eve, "https://eve.example/notes/9", &uri, "late");
        assert_eq!(eve.post(wires, pod, &eve.says("Create", late)).await, 202);
        assert_eq!(counts(pod, &video).await.0, 0);
    })
    .await;
}

#[tokio::test]
async fn a_third_pod_believes_the_pod_of_the_video() {
    network_on_both_with(2, plain, async |pods, wires: &Wires| {
        let [near, far] = pods else {
            unreachable!("two pods")
        };
        let alice = far.user("alice").await;
        let video = upload(far, &alice, json!({})).await;
        let root = near.root().await;
        let hosts = json!({ "hosts": ["pod2.example"] });
        root.post("/api/v1/server/following", hosts)
            .await
            .expect(204);
        settle(pods, 60_000, 60_000).await;
        let uri = format!("https://pod2.example/videos/watch/{video}");
        let eve = Stranger::new("https://eve.example/eve");
        let id = "https://eve.example/notes/1";
        let note = note_by(&eve, id, &uri, "Hi");
        let page = |text: String| {
            get(move || async move { ([("content-type", "application/activity+json")], text) })
        };
        let router = Router::new().route("/eve", page(eve.document()));
        wires.put(
            "eve.example",
            router.route("/notes/1", page(note.to_string())),
        );
        let create = eve.says("Create", note);
        for said in [&create, &eve.says("Announce", id)] {
            assert_eq!(eve.post(wires, near, said).await, 202);
            settle(pods, 60_000, 60_000).await;
            assert_eq!(texts(near, &video).await, Vec::<String>::new());
        }
        assert_eq!(eve.post(wires, far, &create).await, 202);
        settle(pods, 60_000, 60_000).await;
        let announced = json!({ "type": "Announce", "actor": eve.actor.as_str(), "object": id });
        for undo in [eve.says("Undo", announced), eve.says("Announce", id)] {
            assert_eq!(texts(near, &video).await, ["Hi"]);
            assert_eq!(eve.post(wires, near, &undo).await, 202);
            settle(pods, 60_000, 60_000).await;
        }
        assert_eq!(texts(near, &video).await, ["Hi"]);
    })
    .await;
}

fn alice_uri() -> &'static str {
    "https://pod1.example/accounts/alice"
}
