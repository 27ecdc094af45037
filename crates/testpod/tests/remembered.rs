//! What everybody asks for is remembered for seconds, and yet a change by its owner is seen at once
//! by everybody: in the lists, on the video's own page, in searches and in the player's playlist.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use axum::{body::Body, http::Request};
use db::Executor as _;
use serde_json::{Value, json};
use testpod::{Client, Clip, TestPod, bare_video, clip, on_both};

/// Where a video may be found by everybody.
const LISTS: [&str; 5] = [
    "/api/v1/videos",
    "/api/v1/videos?sort=-views&start=0&count=100",
    "/api/v1/search/videos?search=kept",
    "/api/v1/video-channels/alice_channel/videos",
    "/api/v1/accounts/alice/videos",
];

/// The video as it is in each list, where it is there. Each list is asked twice, so that the second answer is a remembered one.
async fn shown(client: &Client, uuid: &str) -> Vec<Option<Value>> {
    let mut found = Vec::new();
    for path in LISTS {
        let ask = async || {
            let list = client.get(path).await.expect(200).json();
            let all = list["data"].as_array().unwrap().clone();
            assert_eq!(list["total"], all.len(), "{path}");
            all.into_iter().find(|v| v["uuid"] == uuid)
        };
        let (first, again) = (ask().await, ask().await);
        assert_eq!(first, again, "{path}");
        found.push(again);
    }
    found
}

/// Fails unless everybody sees this in a field of the video, wherever they look.
async fn everybody_sees(pod: &TestPod, uuid: &str, field: &str, value: Value) {
    for client in [pod.anonymous(), pod.root().await] {
        for (n, video) in shown(&client, uuid).await.into_iter().enumerate() {
            let video = video.unwrap_or_else(|| panic!("it is not in {}", LISTS[n]));
            assert_eq!(*video.pointer(field).unwrap(), value, "{}", LISTS[n]);
        }
        for name in [
            uuid.to_owned(),
            client.video(uuid).await["shortUUID"]
                .as_str()
                .unwrap()
                .to_owned(),
        ] {
            for _ in 0..2 {
                assert_eq!(*client.video(&name).await.pointer(field).unwrap(), value);
            }
        }
    }
}

async fn published(pod: &TestPod, alice: &Client) -> String {
    let fields = json!({"name": "Kept for a moment"});
    let uuid = alice.upload(&clip(Clip::Mp4), fields).await;
    pod.run_jobs().await;
    uuid
}

#[tokio::test]
async fn what_the_owner_changes_everybody_sees_at_once() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let uuid = published(pod, &alice).await;
        everybody_sees(pod, &uuid, "/name", json!("Kept for a moment")).await;
        let path = format!("/api/v1/videos/{uuid}");
        for (field, value) in [
            ("name", json!("Kept and changed")),
            ("category", json!(7)),
            ("nsfw", json!(true)),
        ] {
            alice.put(&path, json!({field: value})).await.expect(204);
            let pointer = if field == "category" {
                "/category/id".to_owned()
            } else {
                format!("/{field}")
            };
            everybody_sees(pod, &uuid, &pointer, value).await;
        }
        let channel = "/api/v1/video-channels/alice_channel";
        alice
            .put(channel, json!({"displayName": "Another title"}))
            .await
            .expect(204);
        everybody_sees(pod, &uuid, "/channel/displayName", json!("Another title")).await;
        alice
            .put("/api/v1/users/me", json!({"displayName": "Another Alice"}))
            .await
            .expect(204);
        everybody_sees(pod, &uuid, "/account/displayName", json!("Another Alice")).await;

        let watching = json!({"currentTime": 2});
        for place in 1..=3 {
            let viewer = pod.anonymous().at([192, 0, 2, place]);
            viewer
                .post(&format!("{path}/views"), watching.clone())
                .await
                .expect(204);
            everybody_sees(pod, &uuid, "/views", json!(place)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_private_or_deleted_is_gone_at_once() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let uuid = published(pod, &alice).await;
        let path = format!("/api/v1/videos/{uuid}");
        let somebody = pod.anonymous();
        let bob = pod.user("bob").await;
        let privacy = async |id: i64| alice.put(&path, json!({"privacy": id})).await.expect(204);
        let playlist = somebody.video(&uuid).await["streamingPlaylists"][0]["playlistUrl"].clone();
        let reads = async |access| {
            let name = playlist.as_str().unwrap().rsplit('/').next().unwrap();
            app::reading::hls(&pod.pod, &uuid, name, access, None)
                .await
                .is_ok()
        };
        for _ in 0..2 {
            everybody_sees(pod, &uuid, "/privacy/id", json!(1)).await;
            assert!(reads(app::reading::Access::Anonymous).await);

            privacy(3).await;
            assert!(shown(&somebody, &uuid).await.iter().all(Option::is_none));
            somebody.get(&path).await.expect(401);
            bob.get(&path).await.expect(403);
            somebody
                .get(&format!("{path}/description"))
                .await
                .expect(401);
            somebody
                .post(&format!("{path}/views"), json!({"currentTime": 1}))
                .await
                .expect(401);
            assert!(!reads(app::reading::Access::Anonymous).await);
            assert_eq!(alice.video(&uuid).await["privacy"]["id"], 3);

            privacy(2).await;
            assert!(shown(&somebody, &uuid).await.iter().all(Option::is_none));
            assert_eq!(somebody.video(&uuid).await["privacy"]["id"], 2);
            privacy(1).await;
        }
        everybody_sees(pod, &uuid, "/privacy/id", json!(1)).await;
        alice.delete(&path).await.expect(204);
        assert!(shown(&somebody, &uuid).await.iter().all(Option::is_none));
        for client in [&somebody, &bob, &alice] {
            client.get(&path).await.expect(404);
        }
        assert!(!reads(app::reading::Access::Anonymous).await);
        pod.run_jobs().await;
    })
    .await;
}

#[tokio::test]
async fn an_account_that_goes_takes_its_videos_out_of_every_answer() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let uuid = published(pod, &alice).await;
        everybody_sees(pod, &uuid, "/account/name", json!("alice")).await;
        alice.delete("/api/v1/users/me").await.expect(204);
        let somebody = pod.anonymous();
        for path in &LISTS[..3] {
            assert_eq!(
                somebody.get(path).await.expect(200).json()["total"],
                0,
                "{path}"
            );
        }
        somebody
            .get(&format!("/api/v1/videos/{uuid}"))
            .await
            .expect(404);
        pod.run_jobs().await;
    })
    .await;
}

/// Whose account and channel they are.
async fn owner(client: &Client) -> (names::AccountId, names::ChannelId) {
    let me = client.get("/api/v1/users/me").await.json();
    let account = me["account"]["id"].as_i64().unwrap();
    (
        names::AccountId(account),
        names::ChannelId(client.channel().await),
    )
}

/// Puts a video into the lists that nobody uploaded, as one of this number in the database if one is given; `n` is its time and its name in the world.
async fn listed(
    tx: &mut db::Tx,
    owner: (names::AccountId, names::ChannelId),
    name: &str,
    n: u32,
    number: Option<i64>,
) {
    let uuid = names::VideoUuid(uuid::Uuid::from_u128(u128::from(n) + 1));
    let video = bare_video(uuid, owner, name, names::Privacy::Public, i64::from(n));
    let mut id = db::videos::insert(&mut *tx, video).await.unwrap();
    if let Some(number) = number {
        let sql = db::Sql::new("UPDATE videos SET id = $1 WHERE id = $2");
        (&mut *tx).run(sql.bind(number).bind(id)).await.unwrap();
        id = names::VideoId(number);
    }
    let changes = db::videos::VideoChanges {
        state: Some(names::VideoState::Published),
        ..db::videos::VideoChanges::default()
    };
    db::videos::update(&mut *tx, id, &changes, 0).await.unwrap();
    let video = db::videos::by_id(&mut *tx, id).await.unwrap().unwrap();
    db::search::refresh(&mut *tx, &video).await.unwrap();
}

#[tokio::test]
async fn pages_of_a_list_fit_together_wherever_they_begin() {
    on_both(async |pod| {
        let owner = owner(&pod.user("alice").await).await;
        let mut tx = pod.pod.db.begin().await.unwrap();
        for n in 0..300 {
            listed(&mut tx, owner, &format!("Guitar {n}"), n, None).await;
        }
        tx.commit().await.unwrap();
        db::search::tidy(&pod.pod.db).await.unwrap();
        let somebody = pod.anonymous();
        let numbers = |list: &Value| -> Vec<i64> {
            let data = list["data"].as_array().unwrap();
            let number = |v: &Value| v["name"].as_str()?.strip_prefix("Guitar ")?.parse().ok();
            data.iter().filter_map(number).collect()
        };
        for (start, count) in [
            (0, 15),
            (120, 15),
            (127, 1),
            (128, 1),
            (100, 100),
            (250, 100),
            (299, 5),
            (300, 5),
            (10_000, 15),
            (5, 0),
        ] {
            let expected: Vec<i64> = (0..300).rev().skip(start).take(count).collect();
            let list = somebody
                .get(&format!("/api/v1/videos?start={start}&count={count}"))
                .await
                .expect(200)
                .json();
            assert_eq!(
                (numbers(&list), &list["total"]),
                (expected.clone(), &json!(300)),
                "{start} {count}"
            );
            // A search looks at no more than it needs to show that there is more.
            for word in ["guitar", "guita", "gui"] {
                let path =
                    format!("/api/v1/search/videos?search={word}&start={start}&count={count}");
                let list = somebody.get(&path).await.expect(200).json();
                assert_eq!(numbers(&list), expected, "{word} {start} {count}");
                let total = list["total"].as_u64().unwrap() as usize;
                assert!(
                    total == 300 || total > start + count,
                    "{word} {start} {count}: {total}"
                );
            }
        }
        let list = somebody
            .get("/api/v1/search/videos?search=guitar%2017&count=100")
            .await
            .expect(200)
            .json();
        assert_eq!(
            numbers(&list),
            [17],
            "two signs are a word, not a beginning"
        );
        let sorted = somebody
            .get("/api/v1/search/videos?search=guitar&sort=publishedAt&count=2")
            .await
            .expect(200)
            .json();
        assert_eq!(
            (numbers(&sorted), &sorted["total"]),
            (vec![0, 1], &json!(300))
        );
    })
    .await;
}

#[tokio::test]
async fn who_has_what_is_said_about_a_video_already_is_told_so() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let uuid = published(pod, &alice).await;
        let path = format!("/api/v1/videos/{uuid}");
        let ask = async |client: &Client, known: &str| {
            let request = Request::get(&path).header("if-none-match", known);
            client.send(request.body(Body::empty()).unwrap()).await
        };
        for client in [&pod.anonymous(), &alice] {
            let first = client.get(&path).await.expect(200);
            let tag = first.headers["etag"].to_str().unwrap().to_owned();
            let strong = tag.trim_start_matches("W/");
            for known in [tag.as_str(), strong, &format!("\"other\", {tag}"), "*"] {
                let answer = ask(client, known).await.expect(304);
                assert!(answer.body.is_empty());
                assert_eq!(answer.headers["etag"], tag);
            }
            for known in ["", "\"other\"", ",,,", "W/\"\"", "W/"] {
                assert_eq!(ask(client, known).await.expect(200).body, first.body);
            }
            let name = format!("Not as {tag}");
            alice.put(&path, json!({"name": name})).await.expect(204);
            assert_eq!(ask(client, &tag).await.expect(200).json()["name"], name);
        }
    })
    .await;
}

/// PostgreSQL looks at what has the newest numbers first, in parts of a few sizes; here the numbers lie far from each other.
#[tokio::test]
async fn a_search_finds_what_is_old_among_many_numbers() {
    on_both(async |pod| {
        let owner = owner(&pod.user("alice").await).await;
        let mut tx = pod.pod.db.begin().await.unwrap();
        let places = [
            (1_000_000, 40),
            (8_700_000, 20),
            (8_995_000, 12),
            (9_000_000, 8),
        ];
        let mut n = 0;
        for (first, count) in places {
            for number in first..first + count {
                let name = format!("Guitar {n} of {first}");
                listed(&mut tx, owner, &name, n, Some(number)).await;
                n += 1;
            }
        }
        tx.commit().await.unwrap();
        let somebody = pod.anonymous();
        let search = async |words: &str, start: usize| {
            let path = format!("/api/v1/search/videos?search={words}&count=15&start={start}");
            let list = somebody.get(&path).await.expect(200).json();
            let names = list["data"].as_array().unwrap().iter();
            let number = |v: &Value| v["name"].as_str()?.split(' ').nth(1)?.parse().ok();
            (
                names.filter_map(number).collect::<Vec<u32>>(),
                list["total"].as_u64().unwrap(),
            )
        };
        for word in ["guitar", "guita"] {
            for start in [0, 15, 30, 45, 60, 75] {
                let expected: Vec<u32> = (0..80).rev().skip(start).take(15).collect();
                let (found, total) = search(word, start).await;
                assert_eq!(found, expected, "{word} {start}");
                assert!(
                    total == 80 || total as usize > start + 15,
                    "{word} {start}: {total}"
                );
            }
        }
        assert_eq!(search("guitar%2019", 0).await, (vec![19], 1));
        assert_eq!(
            search("guitar%201000000", 30).await.0,
            (0..10).rev().collect::<Vec<_>>()
        );
        assert_eq!(search("8700000%20guit", 0).await.1, 20);
    })
    .await;
}
