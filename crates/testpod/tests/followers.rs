//! Who may follow a pod: at once, after an admin has looked, or not at all; and what others try around that.

use app::network::followers::{Approval, FollowBack};
use axum::{Router, routing::get};
use serde_json::{Value, json};
use testpod::{
    Clip, Stranger, TestPod, Wires, clip, make_friends, names, network_on_both,
    network_on_both_with, plain, settle,
};

const POD1: &str = "https://pod1.example/accounts/peertube";
const POD2: &str = "https://pod2.example/accounts/peertube";

/// An admin of pod 2 looks at followers first.
fn careful(settings: &mut app::Settings) {
    plain(settings);
    if settings.public_url.contains("pod2") {
        settings.network.followers = Approval::Manual;
    }
}

async fn follow(pod: &TestPod, what: Value) {
    let root = pod.root().await;
    root.post("/api/v1/server/following", what)
        .await
        .expect(204);
}

async fn upload(pod: &TestPod, name: &str) -> String {
    let alice = pod.sign_in("alice", "alice-password").await;
    let uuid = alice
        .upload(&clip(Clip::Mp4), json!({ "name": name }))
        .await;
    pod.run_jobs().await;
    uuid
}

async fn list(pod: &TestPod, query: &str) -> Value {
    let path = format!("/api/v1/server/{query}");
    pod.root().await.get(&path).await.expect(200).json()
}

/// The state of the only follow of a list; empty when there is none.
async fn state(pod: &TestPod, which: &str) -> String {
    let list = list(pod, which).await;
    list["data"][0]["state"].as_str().unwrap_or("").to_owned()
}

async fn say(pod: &TestPod, follower: &str, word: &str) {
    let (root, path) = (
        pod.root().await,
        format!("/api/v1/server/followers/{follower}"),
    );
    let answer = match word {
        "delete" => root.delete(&path).await,
        word => root.post(&format!("{path}/{word}"), Value::Null).await,
    };
    answer.expect(204);
}

/// What was said from one host to another: its kinds.
fn kinds(wires: &Wires, from: &str, to: &str) -> Vec<String> {
    let sent = wires.sent().into_iter();
    sent.filter(|(by, request)| by.contains(from) && request.url.contains(to))
        .filter_map(|(_, request)| serde_json::from_slice::<Value>(&request.body).ok())
        .filter_map(|said| Some(said["type"].as_str()?.to_owned()))
        .collect()
}

#[tokio::test]
async fn an_admin_looks_first() {
    network_on_both_with(2, careful, async |pods, wires: &Wires| {
        let [near, far] = pods else {
            unreachable!("two pods")
        };
        far.user("alice").await;
        let hosts = json!({ "hosts": ["pod2.example"] });
        upload(far, "The sea").await;
        follow(near, hosts.clone()).await;
        settle(pods, 2000, 1).await;
        for (query, total) in [
            ("followers", 1),
            ("followers?state=pending&actorType=Application&search=pod1&sort=-createdAt&start=0&count=5", 1),
            ("followers?state=accepted", 0),
            ("followers?actorType=Person", 0),
            ("followers?actorType=Service", 0),
            ("followers?search=elsewhere", 0),
            ("followers?start=1", 1),
        ] {
            assert_eq!(list(far, query).await["total"], total, "{query}");
        }
        for bad in ["state=x", "actorType=x", "sort=x", "count=101"] {
            let path = format!("/api/v1/server/followers?{bad}");
            far.root().await.get(&path).await.expect(400);
        }
        // Nobody else sees who waits, or answers.
        let path = "/api/v1/server/followers?state=pending";
        let seen = far.anonymous().get(path).await.expect(200).json();
        assert_eq!(seen["total"], 0);
        let alice = far.sign_in("alice", "alice-password").await;
        for word in ["accept", "reject"] {
            let path = format!("/api/v1/server/followers/peertube@pod1.example/{word}");
            alice.post(&path, Value::Null).await.expect(403);
            far.anonymous().post(&path, Value::Null).await.expect(401);
            let nobody = path.replace("pod1", "pod7");
            far.root().await.post(&nobody, Value::Null).await.expect(404);
        }
        assert_eq!(state(near, "following").await, "pending");
        wires.sent();
        upload(far, "The lake").await;
        settle(pods, 2000, 1).await;
        assert_eq!(wires.sent().len(), 0, "who waits is told nothing");
        assert_eq!(names(near, "publishedAt").await, Vec::<String>::new());

        say(far, "peertube@pod1.example", "accept").await;
        settle(pods, 2000, 1).await;
        assert_eq!(kinds(wires, "pod2", "pod1"), ["Accept"]);
        assert_eq!(state(near, "following").await, "accepted");
        far.pass(1000);
        upload(far, "The moor").await;
        settle(pods, 2000, 1).await;
        assert_eq!(names(near, "publishedAt").await, ["The sea", "The lake", "The moor"]);
        wires.sent();
        say(far, "peertube@pod1.example", "accept").await;
        settle(pods, 2000, 1).await;
        assert_eq!(wires.sent().len(), 0, "it was accepted already");

        // Rejected, it asks again, takes it back, and asks again.
        say(far, "peertube@pod1.example", "reject").await;
        settle(pods, 2000, 1).await;
        assert_eq!(names(near, "publishedAt").await, Vec::<String>::new());
        for round in 0..3 {
            assert_eq!(state(far, "followers").await, "rejected", "{round}");
            assert_eq!(state(near, "following").await, "rejected", "{round}");
            wires.sent();
            if round == 1 {
                let path = "/api/v1/server/following/pod2.example";
                near.root().await.delete(path).await.expect(204);
                settle(pods, 2000, 1).await;
            }
            follow(near, hosts.clone()).await;
            settle(pods, 2000, 1).await;
            assert_eq!(kinds(wires, "pod2", "pod1"), ["Reject"], "{round}");
        }
        upload(far, "The hill").await;
        settle(pods, 2000, 1).await;
        assert_eq!(names(near, "publishedAt").await, Vec::<String>::new());
        // Removed, it is forgotten and may ask like anybody; a rejection can be taken back as well.
        say(far, "peertube@pod1.example", "delete").await;
        settle(pods, 2000, 1).await;
        assert_eq!(list(far, "followers").await["total"], 0);
        follow(near, hosts).await;
        settle(pods, 2000, 1).await;
        assert_eq!(state(far, "followers").await, "pending");
        say(far, "peertube@pod1.example", "reject").await;
        say(far, "peertube@pod1.example", "accept").await;
        settle(pods, 2000, 1).await;
        assert_eq!(state(near, "following").await, "accepted");
        assert_eq!(names(near, "publishedAt").await.len(), 4);
        // Channels are not the whole pod: nobody has to look.
        say(far, "peertube@pod1.example", "delete").await;
        settle(pods, 2000, 1).await;
        follow(near, json!({ "handles": ["alice_channel@pod2.example"] })).await;
        settle(pods, 2000, 1).await;
        assert_eq!(list(near, "following?state=accepted&actorType=Group").await["total"], 1);
    })
    .await;
}

#[tokio::test]
async fn nobody_may_follow() {
    let closed = |settings: &mut app::Settings| {
        plain(settings);
        settings.network.followers = Approval::Never;
    };
    network_on_both_with(2, closed, async |pods, _: &Wires| {
        follow(&pods[0], json!({ "hosts": ["pod2.example"] })).await;
        settle(pods, 2000, 1).await;
        assert_eq!(state(&pods[0], "following").await, "rejected");
        assert_eq!(list(&pods[1], "followers").await["total"], 0);
        // Friends are asked by the admins themselves.
        make_friends(&pods[0], &["pod2.example"]).await;
        settle(pods, 2000, 1).await;
        assert_eq!(state(&pods[0], "followers").await, "accepted");
    })
    .await;
}

#[tokio::test]
async fn who_follows_is_followed_back_once() {
    for approval in [Approval::Automatic, Approval::Manual] {
        let back = |settings: &mut app::Settings| {
            plain(settings);
            settings.network.follow_back = FollowBack::Automatic;
            if settings.public_url.contains("pod2") {
                settings.network.followers = approval;
            }
        };
        network_on_both_with(2, back, async |pods, wires: &Wires| {
            let [near, far] = pods else {
                unreachable!("two pods")
            };
            let hosts = json!({ "hosts": ["pod2.example"] });
            follow(near, hosts.clone()).await;
            settle(pods, 2000, 1).await;
            if approval == Approval::Manual {
                assert_eq!(list(far, "following").await["total"], 0);
                say(far, "peertube@pod1.example", "accept").await;
                settle(pods, 2000, 1).await;
            }
            for pod in pods {
                assert_eq!(state(pod, "following").await, "accepted");
                assert_eq!(state(pod, "followers").await, "accepted");
            }
            // Whoever does not want to be followed back is not asked again.
            say(near, "peertube@pod2.example", "reject").await;
            settle(pods, 2000, 1).await;
            wires.sent();
            let path = "/api/v1/server/following/pod2.example";
            near.root().await.delete(path).await.expect(204);
            follow(near, hosts).await;
            settle(pods, 2000, 1).await;
            let said = kinds(wires, "pod2", "pod1");
            assert!(!said.contains(&"Follow".to_owned()), "{said:?}");
            assert_eq!(state(far, "following").await, "rejected");
        })
        .await;
    }
}

/// Somebody at a host that says who they are.
fn somebody(wires: &Wires, name: &str) -> Stranger {
    let stranger = Stranger::new(&format!("https://{name}.example/{name}"));
    let document = stranger.document();
    let kind = [("content-type", "application/activity+json")];
    let answer = get(move || async move { (kind, document) });
    let router = Router::new().route(&format!("/{name}"), answer);
    wires.put(&format!("{name}.example"), router);
    stranger
}

#[tokio::test]
async fn answers_that_nobody_asked_for() {
    network_on_both_with(2, careful, async |pods, wires: &Wires| {
        let [near, far] = pods else {
            unreachable!("two pods")
        };
        far.user("alice").await;
        let mallory = somebody(wires, "mallory");
        let alice = Stranger::of(wires, far, "accounts/alice").await;
        let pod2 = Stranger::of(wires, far, "accounts/peertube").await;
        let asked = json!({ "type": "Follow", "actor": POD1, "object": POD2 });
        // Before anything was asked.
        for word in ["Accept", "Reject"] {
            for by in [&mallory, &alice, &pod2] {
                assert_eq!(
                    by.post(wires, near, &by.says(word, asked.clone())).await,
                    202
                );
            }
        }
        assert_eq!(list(near, "following").await["total"], 0);
        follow(near, json!({ "hosts": ["pod2.example"] })).await;
        settle(pods, 2000, 1).await;
        let sent = wires.sent();
        let (_, request) = sent
            .iter()
            .find(|(_, request)| request.url == "https://pod2.example/inbox")
            .unwrap();
        let id = serde_json::from_slice::<Value>(&request.body).unwrap()["id"].clone();
        // Those who are known here, too.
        near.user("alice").await;
        let video = upload(near, "The hill").await;
        let video = format!("https://pod1.example/videos/watch/{video}");
        for by in [&mallory, &alice] {
            by.post(wires, near, &by.says("Like", video.clone())).await;
        }
        // It waits. Others answer in pod 2's place, and pod 2 answers what somebody else has asked.
        let of_mallory =
            json!({ "type": "Follow", "actor": mallory.actor.as_str(), "object": POD2 });
        for word in ["Accept", "Reject"] {
            for (by, what) in [
                (&mallory, asked.clone()),
                (&mallory, id.clone()),
                (&alice, asked.clone()),
                (&alice, id.clone()),
                (&pod2, of_mallory.clone()),
                (
                    &pod2,
                    json!("https://pod1.example/activities/follow/of-another"),
                ),
            ] {
                by.post(wires, near, &by.says(word, what)).await;
                assert_eq!(state(near, "following").await, "pending", "{word}");
            }
        }
        // Nobody takes back another's follow, and a follow of what is not there is none.
        for what in [asked.clone(), id.clone()] {
            assert_eq!(
                mallory.post(wires, far, &mallory.says("Undo", what)).await,
                403
            );
        }
        assert_eq!(state(far, "followers").await, "pending");
        let nobody = mallory.says("Follow", "https://pod2.example/accounts/nobody");
        assert_eq!(mallory.post(wires, far, &nobody).await, 404);
        // By its id alone, the one who was asked may answer.
        assert_eq!(pod2.post(wires, near, &pod2.says("Accept", id)).await, 202);
        assert_eq!(state(near, "following").await, "accepted");
        settle(pods, 2000, 1).await;
    })
    .await;
}

#[tokio::test]
async fn a_friend_follows_a_channel() {
    network_on_both(2, async |pods, wires: &Wires| {
        let [near, far] = pods else {
            unreachable!("two pods")
        };
        far.user("alice").await;
        upload(far, "The sea").await;
        make_friends(near, &["pod2.example"]).await;
        settle(pods, 2000, 1).await;
        wires.sent();
        for handle in ["alice_channel@pod2.example", "alice@pod2.example"] {
            follow(near, json!({ "handles": [handle] })).await;
        }
        settle(pods, 2000, 1).await;
        assert_eq!(list(near, "following?state=accepted").await["total"], 3);
        let read = wires.sent();
        let read = read
            .iter()
            .filter(|(_, request)| request.url.contains("/outbox"));
        assert_eq!(read.count(), 0, "a friend has it all already");
        far.pass(1000);
        upload(far, "The lake").await;
        settle(pods, 2000, 1).await;
        assert_eq!(names(near, "publishedAt").await, ["The sea", "The lake"]);
        let sent = wires.sent();
        let told: Vec<_> = sent
            .iter()
            .filter(|(from, request)| from.contains("pod2") && !request.body.is_empty())
            .map(|(_, request)| request.url.as_str())
            .collect();
        assert_eq!(told, ["https://pod1.example/api/v1/pods/envelopes"], "once");
        // The follow ends, and the friendship does not.
        let path = "/api/v1/server/following/alice_channel@pod2.example";
        near.root().await.delete(path).await.expect(204);
        settle(pods, 2000, 1).await;
        let alice = db::remote_actors::local_by_name(&far.pod.db, "alice_channel");
        let alice = alice.await.unwrap().unwrap();
        assert_eq!(
            db::follows::counts(&far.pod.db, alice.id).await.unwrap(),
            (0, 0)
        );
        assert_eq!(names(near, "publishedAt").await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn taken_back_by_the_activity_s_id() {
    network_on_both_with(2, plain, async |pods, wires: &Wires| {
        let [near, far] = pods else {
            unreachable!("two pods")
        };
        far.user("alice").await;
        let uuid = upload(far, "The sea").await;
        let video = format!("https://pod2.example/videos/watch/{uuid}");
        let (mallory, eve) = (somebody(wires, "mallory"), somebody(wires, "eve"));
        let number = async |what: &str| far.anonymous().video(&uuid).await[what].clone();
        // The last word about an opinion holds, and each takes back their own.
        let like = mallory.says("Like", video.clone());
        let dislike = mallory.says("Dislike", video.clone());
        let other = eve.says("Like", video.clone());
        for (by, said, likes, dislikes) in [
            (&mallory, like.clone(), 1, 0),
            (&eve, other.clone(), 2, 0),
            (&mallory, mallory.says("Undo", "https://mallory.example/unknown"), 2, 0),
            (&eve, eve.says("Undo", like["id"].clone()), 2, 0),
            (&mallory, dislike.clone(), 1, 1),
            (&mallory, mallory.says("Undo", like["id"].clone()), 1, 1),
            (&mallory, mallory.says("Undo", dislike["id"].clone()), 1, 0),
            (&eve, eve.says("Undo", other["id"].clone()), 0, 0),
            (&eve, eve.says("Undo", other["id"].clone()), 0, 0),
        ] {
            by.post(wires, far, &said).await;
            assert_eq!((number("likes").await, number("dislikes").await), (json!(likes), json!(dislikes)), "{said}");
        }
        // A follow.
        let wanted = mallory.says("Follow", POD2);
        assert_eq!(mallory.post(wires, far, &wanted).await, 202);
        assert_eq!(list(far, "followers").await["total"], 1);
        eve.post(wires, far, &eve.says("Undo", wanted["id"].clone())).await;
        assert_eq!(list(far, "followers").await["total"], 1);
        mallory.post(wires, far, &mallory.says("Undo", wanted["id"].clone())).await;
        assert_eq!(list(far, "followers").await["total"], 0);
        // A comment that was passed on.
        follow(near, json!({ "hosts": ["pod2.example"] })).await;
        settle(pods, 2000, 1).await;
        wires.sent();
        let note = json!({
            "type": "Note", "id": "https://mallory.example/note", "attributedTo": mallory.actor.as_str(), "content": "Beautiful",
            "inReplyTo": video, "published": "2026-01-01T00:00:00Z", "to": ["https://www.w3.org/ns/activitystreams#Public"],
        });
        let (document, written) = (mallory.document(), note.to_string());
        let answer = |text: String| get(move || async move { ([("content-type", "application/activity+json")], text) });
        let router = Router::new().route("/mallory", answer(document)).route("/note", answer(written));
        wires.put("mallory.example", router);
        assert_eq!(mallory.post(wires, far, &mallory.says("Create", note)).await, 202);
        settle(pods, 2000, 1).await;
        let comments = async || {
            let path = format!("/api/v1/videos/{uuid}/comment-threads");
            let list = near.anonymous().get(&path).await.json();
            let shown = list["data"].as_array().unwrap().iter();
            shown.filter(|it| it["text"] == "Beautiful").count()
        };
        assert_eq!(comments().await, 1);
        let sent = wires.sent();
        let announce = sent
            .iter()
            .filter(|(_, request)| request.url == "https://pod1.example/inbox")
            .filter_map(|(_, request)| serde_json::from_slice::<Value>(&request.body).ok())
            .find(|said| said["type"] == "Announce")
            .unwrap();
        let pod2 = Stranger::of(wires, far, "accounts/peertube").await;
        far.user("bob").await;
        let bob = Stranger::of(wires, far, "accounts/bob").await;
        for (by, left) in [(&mallory, 1), (&bob, 1), (&pod2, 0)] {
            by.post(wires, near, &by.says("Undo", announce["id"].clone())).await;
            assert_eq!(comments().await, left);
        }
    })
    .await;
}
