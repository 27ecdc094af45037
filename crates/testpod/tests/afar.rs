//! What lives on other hosts is found by its address or handle, is kept and grows old; and what hosts may try when they are asked.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use axum::{Router, response::Redirect, routing::get};
use serde_json::{Value, json};
use testpod::{Client, Clip, TestPod, Wires, clip, network_on_both, network_on_both_with};

const DAY: i64 = 24 * 3600 * 1000;

async fn upload(pod: &TestPod, user: &Client, name: &str) -> String {
    let uuid = user.upload(&clip(Clip::Mp4), json!({ "name": name })).await;
    pod.run_jobs().await;
    uuid
}

async fn search(client: &Client, what: &str, text: &str) -> Value {
    let path = format!("/api/v1/search/{what}?search={text}");
    client.get(&path).await.expect(200).json()
}

fn names(list: &Value) -> Vec<&str> {
    let data = list["data"].as_array().unwrap().iter();
    data.map(|it| it["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_video_is_found_by_its_address_and_grows_old() {
    network_on_both(2, async |pods, wires: &Wires| {
        let [near, far] = pods else {
            unreachable!("two pods")
        };
        let (alice, bob) = (far.user("alice").await, near.user("bob").await);
        let uuid = upload(far, &alice, "The sea").await;
        let short = far.anonymous().video(&uuid).await["shortUUID"].clone();
        let page = format!("https://pod2.example/w/{}", short.as_str().unwrap());
        let id = format!("https://pod2.example/videos/watch/{uuid}");
        wires.sent();
        for text in [&page, &id] {
            assert_eq!(search(&near.anonymous(), "videos", text).await["total"], 0);
        }
        assert_eq!(
            wires.sent().len(),
            0,
            "who is not signed in has nothing fetched"
        );
        let found = search(&bob, "videos", &page).await;
        assert_eq!(names(&found), ["The sea"], "{found}");
        assert_eq!(found["data"][0]["isLocal"], false);
        assert!(!wires.sent().is_empty());
        for text in [&page, &id] {
            for client in [&bob, &near.anonymous()] {
                assert_eq!(names(&search(client, "videos", text).await), ["The sea"]);
            }
        }
        assert_eq!(search(&bob, "video-channels", &page).await["total"], 0);
        assert_eq!(wires.sent().len(), 0, "what is known is not fetched again");
        assert_eq!(names(&search(&bob, "videos", "sea").await), ["The sea"]);
        // Our own page of it leads to it as well.
        let ours = format!("https://pod1.example/w/{}", short.as_str().unwrap());
        assert_eq!(names(&search(&bob, "videos", &ours).await), ["The sea"]);

        // Nobody tells us that it changes.
        let change = json!({ "name": "The deep sea" });
        far.pass(DAY);
        let alice = far.sign_in("alice", "alice-password").await;
        alice
            .put(&format!("/api/v1/videos/{uuid}"), change)
            .await
            .expect(204);
        // What visitors are answered is remembered for seconds of the machine's clock, so somebody signed in opens it.
        near.root().await.video(&uuid).await;
        assert_eq!(near.pod.run_jobs().await, 0, "it is not old yet");
        far.pass(DAY);
        let root = near.root().await;
        for _ in 0..3 {
            root.video(&uuid).await;
        }
        assert_eq!(near.pod.run_jobs().await, 1, "one asks for all");
        let video = root.video(&uuid).await;
        assert_eq!(video["name"], "The deep sea");
        let alice = far.sign_in("alice", "alice-password").await;
        alice
            .delete(&format!("/api/v1/videos/{uuid}"))
            .await
            .expect(204);
        far.pass(2 * DAY);
        let root = near.root().await;
        root.video(&uuid).await;
        near.run_jobs().await;
        root.get(&format!("/api/v1/videos/{uuid}"))
            .await
            .expect(404);
    })
    .await;
}

#[tokio::test]
async fn a_channel_is_found_by_its_handle() {
    // On this machine, ports tell pods apart.
    for (near_url, far_url) in [
        ("https://pod1.example", "https://pod2.example"),
        ("http://localhost:9001", "http://localhost:9002"),
    ] {
        let change = |settings: &mut app::Settings| {
            let near = settings.public_url.ends_with("pod1.example");
            settings.public_url = if near { near_url } else { far_url }.into();
        };
        network_on_both_with(2, change, async |pods, wires: &Wires| {
            let [near, far] = pods else {
                unreachable!("two pods")
            };
            let host = far.pod.host();
            let (alice, bob) = (far.user("alice").await, near.user("bob").await);
            upload(far, &alice, "The sea").await;
            wires.sent();
            for text in ["alice_channel", "@alice_channel"] {
                let text = format!("{text}@{host}");
                assert_eq!(
                    search(&near.anonymous(), "video-channels", &text).await["total"],
                    0
                );
            }
            assert_eq!(wires.sent().len(), 0);
            let handle = format!("@alice_channel@{host}");
            let found = search(&bob, "video-channels", &handle).await;
            assert_eq!(names(&found), ["alice_channel"], "{found}");
            assert_eq!(found["data"][0]["host"], host);
            assert_eq!(found["data"][0]["ownerAccount"]["displayName"], "alice");
            near.run_jobs().await;
            wires.sent();
            for text in [
                handle.clone(),
                handle[1..].to_owned(),
                format!("{far_url}/c/alice_channel"),
                format!("{far_url}/video-channels/alice_channel"),
                format!("{far_url}/accounts/alice"),
                format!("alice@{host}"),
            ] {
                let found = search(&near.anonymous(), "video-channels", &text).await;
                assert_eq!(names(&found), ["alice_channel"], "{text}: {found}");
            }
            assert_eq!(wires.sent().len(), 0);
            let path = format!("/api/v1/video-channels/alice_channel@{host}/videos");
            let videos = near.anonymous().get(&path).await.expect(200).json();
            assert_eq!(names(&videos), ["The sea"], "its newest videos come along");
            // Our own are found by handle, too.
            let own = format!("bob_channel@{}", near.pod.host());
            assert_eq!(
                names(&search(&near.anonymous(), "video-channels", &own).await),
                ["bob_channel"]
            );
        })
        .await;
    }
}

#[tokio::test]
async fn searches_on_other_hosts_are_counted_and_failures_remembered() {
    let open = |settings: &mut app::Settings| settings.network.anonymous_fetch = true;
    network_on_both_with(1, open, async |pods, wires: &Wires| {
        let [pod] = pods else { unreachable!("one pod") };
        let visitor = pod.anonymous();
        let text = |n: usize| format!("https://gone{n}.example/w/x");
        for n in 0..20 {
            assert_eq!(search(&visitor, "videos", &text(n)).await["total"], 0);
        }
        assert_eq!(wires.sent().len(), 20);
        assert_eq!(search(&visitor, "videos", &text(0)).await["total"], 0);
        assert_eq!(wires.sent().len(), 0, "nobody knocks again within a minute");
        let path = format!("/api/v1/search/videos?search={}", text(20));
        visitor.get(&path).await.expect(429);
        // Somebody else is not held responsible.
        let bob = pod.user("bob").await;
        assert_eq!(search(&bob, "videos", &text(21)).await["total"], 0);
        assert_eq!(search(&visitor, "videos", "words").await["total"], 0);
        pod.pass(61_000);
        wires.sent();
        search(&visitor, "videos", &text(0)).await;
        assert_eq!(wires.sent().len(), 1);
        // What is blocked is not asked.
        let blocked = json!({ "host": "gone99.example" });
        pod.root()
            .await
            .post("/api/v1/server/blocklist/servers", blocked)
            .await
            .expect(204);
        search(&bob, "videos", &text(99)).await;
        assert_eq!(wires.sent().len(), 0);
    })
    .await;
}

#[tokio::test]
async fn what_hosts_may_try_when_they_are_asked() {
    network_on_both(2, async |pods, wires: &Wires| {
        let [near, far] = pods else {
            unreachable!("two pods")
        };
        let (alice, bob) = (far.user("alice").await, near.user("bob").await);
        let uuid = upload(far, &alice, "The sea").await;
        let fetched = async |path: &str| {
            let request = fetch::Request::get(format!("https://pod2.example{path}"), 1 << 20);
            let request = request.header("accept", "application/activity+json");
            let answer = wires.carry("https://pod1.example".into(), request).await;
            serde_json::from_slice::<Value>(&answer.unwrap().body).unwrap()
        };
        let video = fetched(&format!("/videos/watch/{uuid}")).await;
        let channel = fetched("/video-channels/alice_channel").await;
        let here = |document: &Value| document.to_string().replace("pod2.example", "evil.example");
        let evil_video = serde_json::from_str::<Value>(&here(&video)).unwrap();
        let mut stolen = evil_video.clone();
        stolen["attributedTo"] = video["attributedTo"].clone();
        let mut adopted = serde_json::from_str::<Value>(&here(&channel)).unwrap();
        adopted["attributedTo"] =
            json!([{ "type": "Person", "id": "https://pod2.example/accounts/alice" }]);
        let jrd = |name: &str, actor: &str| {
            let link = json!({ "rel": "self", "type": "application/activity+json", "href": actor });
            json!({ "subject": format!("acct:{name}@evil.example"), "links": [link] }).to_string()
        };
        let text = |text: String| {
            get(move || async move { ([("content-type", "application/activity+json")], text) })
        };
        let endless = format!(
            "{{\"type\":\"Person\",\"summary\":\"{}",
            "a".repeat(2 << 20)
        );
        let evil = Router::new()
            .route(
                "/.well-known/webfinger",
                text(jrd(
                    "sea",
                    "https://pod2.example/video-channels/alice_channel",
                )),
            )
            .route(
                "/home",
                get(|| async { Redirect::temporary("http://127.0.0.1:9000/accounts/root") }),
            )
            .route(
                "/cloud",
                get(|| async { Redirect::temporary("https://169.254.169.254/latest/meta-data") }),
            )
            .route("/round", get(|| async { Redirect::temporary("/round") }))
            .route("/theirs", text(video.to_string()))
            .route("/channel", text(channel.to_string()))
            .route("/stolen", text(stolen.to_string()))
            .route("/adopted", text(adopted.to_string()))
            // A file that somebody has put there, and what the host itself says.
            .route("/uploads/file.json", text(evil_video.to_string()))
            .route(
                &format!("/videos/watch/{uuid}"),
                text(json!({ "type": "Note", "id": evil_video["id"] }).to_string()),
            )
            .route("/endless", text(endless))
            .route("/deep", text("[".repeat(100_000)))
            .route("/junk", text("<html>".into()));
        wires.put("evil.example", evil);
        let seen = async || {
            let list = near.anonymous().get("/api/v1/videos").await.json();
            let channels = near.anonymous().get("/api/v1/video-channels").await.json();
            let accounts = near.anonymous().get("/api/v1/accounts").await.json();
            (
                list["total"].clone(),
                channels["total"].clone(),
                accounts["total"].clone(),
            )
        };
        let before = seen().await;
        for what in [
            "home",
            "cloud",
            "round",
            "theirs",
            "channel",
            "stolen",
            "adopted",
            "uploads/file.json",
            "endless",
            "deep",
            "junk",
            "nothing",
        ] {
            let address = format!("https://evil.example/{what}");
            let found = search(&bob, "videos", &address).await;
            assert_eq!(found["total"], 0, "{what}: {found}");
            let found = search(&bob, "video-channels", &address).await;
            assert_eq!(found["total"], 0, "{what}: {found}");
        }
        for text in [
            "@sea@evil.example",
            "http://127.0.0.1:9000/w/x",
            "https://10.0.0.1/w/x",
            "sea@localhost:9001",
            "https://[::1]/w/x",
        ] {
            let found = search(&bob, "video-channels", text).await;
            assert_eq!(found["total"], 0, "{text}: {found}");
        }
        near.pod.run_jobs().await;
        assert_eq!(seen().await, before, "nothing of it is kept");
        let asked = wires.sent();
        assert!(
            asked
                .iter()
                .all(|(from, request)| from != "https://pod1.example"
                    || request.url.contains(".example/"))
        );
    })
    .await;
}
