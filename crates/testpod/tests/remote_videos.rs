//! What a pod keeps and shows of other pods' videos beside their rows: pictures, downloads, the places where search engines look. And hosts that
//! show what they have only to whom they know, and farewells that nobody waits for.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use axum::{
    Router,
    extract::Request as Call,
    http::{Method, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use fedi::{
    Actor,
    signature::{Body, Claim, Request as Signed, Scheme, Window},
};
use fetch::Request;
use names::{ActorUri, Host};
use serde_json::{Value, json};
use std::path::Path;
use testpod::{
    Clip, TestPod, Wires, clip, make_friends, names, network_on_both, network_on_both_with, plain,
    settle, talk,
};

async fn upload(pod: &TestPod, name: &str) -> String {
    let alice = pod.sign_in("alice", "alice-password").await;
    let fields = json!({ "name": name });
    let uuid = alice.upload(&clip(Clip::Mp4), fields).await;
    pod.run_jobs().await;
    uuid
}

/// Files of remote videos' pictures below a folder.
fn pictures(folder: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            count += pictures(&entry.path());
        } else if entry.file_name().to_string_lossy().starts_with("remote-") {
            count += 1;
        }
    }
    count
}

/// What a visitor's browser gets at an address.
async fn page(wires: &Wires, url: &str) -> (u16, String) {
    let request = Request::get(url, 1 << 20).header("accept", "text/html");
    let answer = wires.carry("https://visitor.example".into(), request);
    let answer = answer.await.unwrap();
    (
        answer.status,
        String::from_utf8_lossy(&answer.body).into_owned(),
    )
}

/// How a remote video goes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Deleted,
    Quit,
    Blocked,
    Expelled,
    /// The pod dies in the middle of it.
    Killed,
}

#[tokio::test]
async fn pictures_go_with_their_videos() {
    for end in [
        End::Deleted,
        End::Quit,
        End::Blocked,
        End::Expelled,
        End::Killed,
    ] {
        network_on_both(2, async |pods, wires: &Wires| {
            let [near, far] = pods else {
                unreachable!("two pods")
            };
            let files = &near.pod.settings.files;
            far.user("alice").await;
            let uuid = upload(far, "The sea").await;
            let stays = upload(far, "The lake").await;
            make_friends(near, &["pod2.example"]).await;
            settle(pods, 2000, 1).await;
            for uuid in [&uuid, &stays] {
                for kind in ["thumbnails", "previews"] {
                    let url = format!("https://pod1.example/lazy-static/{kind}/remote-{uuid}.jpg");
                    assert_eq!(page(wires, &url).await.0, 200, "{url}");
                }
            }
            assert_eq!(pictures(files), 4);
            let root = near.root().await;
            let hosts = json!({ "hosts": ["pod2.example"] });
            match end {
                End::Deleted => {
                    let alice = far.sign_in("alice", "alice-password").await;
                    let path = format!("/api/v1/videos/{uuid}");
                    alice.delete(&path).await.expect(204);
                }
                End::Blocked => {
                    let (path, host) = ("/api/v1/server/blocklist/servers", "pod2.example");
                    root.post(path, json!({ "host": host })).await.expect(204);
                }
                End::Expelled => {
                    // Away for longer than anybody waits.
                    wires.cut("pod2.example");
                    let carol = near.user("carol").await;
                    carol.upload(&clip(Clip::Mp4), json!({})).await;
                    near.run_jobs().await;
                    for _ in 0..8 {
                        settle(&pods[..1], 24 * 3600 * 1000, 1).await;
                    }
                }
                End::Quit | End::Killed => {
                    root.post("/api/v1/pods/quitfriends", hosts)
                        .await
                        .expect(200);
                }
            }
            if end == End::Killed {
                // Of what is to be done, only the rows are known to whoever comes next; the job is lost as if it had never been.
                assert_eq!(pictures(files), 4);
                let (db, now) = (&near.pod.db, near.pod.now());
                let lost = db::jobs::lease(db, "somebody", now, now + 1000)
                    .await
                    .unwrap()
                    .unwrap();
                assert_eq!(lost.kind, "remove-remote-pictures");
                db::jobs::complete(db, lost.id, "somebody", now)
                    .await
                    .unwrap();
                assert_eq!(near.pod.run_jobs().await, 0);
                app::removal::sweep(&near.pod).await.unwrap();
            }
            settle(pods, 2000, 1).await;
            let left = if end == End::Deleted { 2 } else { 0 };
            assert_eq!(pictures(files), left, "{end:?}");
            assert!(
                !names(near, "publishedAt")
                    .await
                    .contains(&"The sea".to_owned())
            );
        })
        .await;
    }
}

#[tokio::test]
async fn search_engines_and_downloads_are_led_home() {
    network_on_both(2, async |pods, wires: &Wires| {
        let [near, far] = pods else {
            unreachable!("two pods")
        };
        for pod in pods {
            pod.user("alice").await;
        }
        let uuid = upload(far, "The sea").await;
        let own = upload(near, "The lake").await;
        make_friends(near, &["pod2.example"]).await;
        settle(pods, 2000, 1).await;
        for (query, expected) in [
            ("scope=local", &["The lake"][..]),
            ("isLocal=true", &["The lake"]),
            ("scope=remote", &["The sea"]),
            ("isLocal=false", &["The sea"]),
            ("scope=federated", &["The sea", "The lake"]),
            ("isLocal=true&scope=remote", &["The lake"]),
        ] {
            let path = format!("/api/v1/videos?{query}");
            let list = near.anonymous().get(&path).await.expect(200).json();
            let found: Vec<_> = list["data"].as_array().unwrap().iter().collect();
            assert_eq!(found.len(), expected.len(), "{query} {list}");
            assert!(
                found
                    .iter()
                    .all(|it| expected.contains(&it["name"].as_str().unwrap()))
            );
        }
        let path = "/api/v1/videos?scope=elsewhere";
        near.anonymous().get(path).await.expect(400);

        let video = near.anonymous().video(&uuid).await;
        let file = &video["streamingPlaylists"][0]["files"][0];
        let url = file["fileDownloadUrl"].as_str().unwrap();
        assert!(url.starts_with("https://pod2.example/download/"), "{url}");
        assert_eq!(page(wires, url).await.0, 200, "{url}");

        let short = video["shortUUID"].as_str().unwrap();
        let watch = format!("https://pod1.example/w/{short}");
        let (status, html) = page(wires, &watch).await;
        assert_eq!(status, 200);
        let home = format!(
            "<link rel=\"canonical\" href=\"{}\">",
            video["url"].as_str().unwrap()
        );
        assert!(
            home.contains("https://pod2.example/") && html.contains(&home),
            "{home}"
        );
        let (status, told) = page(
            wires,
            &format!("https://pod1.example/services/oembed?url={watch}"),
        )
        .await;
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!((status, &told["title"]), (200, &json!("The sea")));
        assert_eq!(
            told["author_url"],
            "https://pod1.example/c/alice_channel@pod2.example"
        );
        let (_, map) = page(wires, "https://pod1.example/sitemap.xml").await;
        let own = near.anonymous().video(&own).await["shortUUID"].clone();
        assert!(
            map.contains(own.as_str().unwrap()) && !map.contains(short),
            "{map}"
        );
    })
    .await;
}

/// A host that shows what it has to those who sign, on its page and behind two redirects.
fn secure(pod: &TestPod, key: String, video: Value) -> Router {
    let now = pod.pod.clock.clone();
    let answer = move |call: Call, here: &'static str, found: Response| -> Response {
        let headers: Vec<_> = call
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        let signed = Signed {
            method: if call.method() == Method::GET {
                "GET"
            } else {
                "POST"
            },
            target: call.uri().path(),
            host: &Host::parse(here).unwrap(),
            scheme: Scheme::Https,
            headers: &headers,
            body: Body::None,
        };
        let key = fedi::keys::PublicKey::from_pem(&key).unwrap();
        let proved = Claim::read(&signed)
            .is_ok_and(|claim| claim.verify(&key, now.now(), Window::ACTIVITYPUB).is_ok());
        if proved {
            found
        } else {
            StatusCode::UNAUTHORIZED.into_response()
        }
    };
    let host = "secure.example";
    let (moved, there, at) = (
        answer.clone(),
        answer.clone(),
        video["id"].as_str().unwrap().to_owned(),
    );
    let kind = [("content-type", "application/activity+json")];
    let shown = video.to_string();
    let actors = answer;
    Router::new()
        .route(
            "/watch/short",
            get(move |call: Call| async move { moved(call, host, Redirect::to("/videos/1").into_response()) }),
        )
        .route(
            "/videos/1",
            get(move |call: Call| async move { there(call, host, (kind, shown).into_response()) }),
        )
        .route(
            "/{kind}/eve",
            get(move |call: Call| async move {
                let kind_of = if call.uri().path().starts_with("/accounts") { "Person" } else { "Group" };
                let id = format!("https://{host}{}", call.uri().path());
                let mut actor = json!({
                    "type": kind_of, "id": id, "preferredUsername": "eve", "inbox": format!("{id}/inbox"),
                });
                if kind_of == "Group" {
                    actor["attributedTo"] = json!([{ "type": "Person", "id": format!("https://{host}/accounts/eve") }]);
                }
                actors(call, host, (kind, actor.to_string()).into_response())
            }),
        )
        .fallback(move || async move { (StatusCode::NOT_FOUND, at) })
}

#[tokio::test]
async fn hosts_that_answer_nobody_who_does_not_sign() {
    network_on_both_with(1, plain, async |pods, wires: &Wires| {
        let pod = &pods[0];
        let uri = "https://pod1.example/accounts/peertube";
        let ask = Request::get(uri, 1 << 20).header("accept", "application/activity+json");
        let answer = wires
            .carry("https://other.example".into(), ask)
            .await
            .unwrap();
        let actor = Actor::fetched(&answer.body, &ActorUri::parse(uri).unwrap()).unwrap();
        let forged = testpod::Forged::new(wires, "eve.example");
        let mut video = forged.video("secure.example", "9c9de5e8-0a1e-484a-b099-e80766180a6d");
        video["id"] = "https://secure.example/videos/1".into();
        wires.put(
            "secure.example",
            secure(pod, actor.key.unwrap().key.to_pem(), video),
        );
        let elsewhere = get(|| async { Redirect::to("https://secure.example/watch/short") });
        wires.put("short.example", Router::new().route("/1", elsewhere));
        let (status, _) = page(wires, "https://secure.example/videos/1").await;
        assert_eq!(status, 401);
        let bob = pod.user("bob").await;
        for address in [
            "https://short.example/1",
            "https://secure.example/watch/short",
        ] {
            let path = format!("/api/v1/search/videos?search={address}");
            let found = bob.get(&path).await.expect(200).json();
            assert_eq!(
                found["data"][0]["name"], "A video of eve",
                "{address} {found}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_waits_for_a_farewell() {
    network_on_both(2, async |pods, wires: &Wires| {
        let [one, two] = pods else {
            unreachable!("two pods")
        };
        make_friends(one, &["pod2.example"]).await;
        talk(pods).await;
        wires.cut("pod2.example");
        wires.sent();
        let (root, all) = (one.root().await, json!({}));
        let parted = root.post("/api/v1/pods/quitfriends", all).await.expect(200);
        assert_eq!(parted.json()["results"][0]["outcome"], "quit");
        assert_eq!(wires.sent().len(), 0, "it is left in the outbox");
        talk(pods).await;
        let friends = async || two.anonymous().get("/api/v1/pods").await.json()["total"].clone();
        assert_eq!(friends().await, 1);
        wires.mend("pod2.example");
        one.pass(20_000);
        talk(pods).await;
        assert_eq!(friends().await, 0, "told when it is there again");
        wires.sent();
        one.pass(48 * 3600 * 1000);
        talk(pods).await;
        assert_eq!(wires.sent().len(), 0, "and once");
    })
    .await;
}
