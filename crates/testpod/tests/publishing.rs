//! From a file to a video people watch.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use bittorrent::Metainfo;
use serde_json::{Value, json};
use testpod::{Client, Clip, TestPod, clip, on_both, on_both_with};

/// The renditions of a video, largest first.
fn files(video: &Value) -> Vec<Value> {
    video["streamingPlaylists"][0]["files"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

fn resolutions(video: &Value) -> Vec<i64> {
    files(video)
        .iter()
        .map(|f| f["resolution"]["id"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn what_fits_is_watchable_after_one_job_and_the_rest_follows() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let fields = json!({"name": "The sea", "tags": ["sea", "fish"], "category": 16, "language": "en",
            "description": "Waves", "licence": 1});
        let uuid = alice.upload(&clip(Clip::Mp4), fields).await;

        let fresh = alice.video(&uuid).await;
        assert_eq!(fresh["state"]["label"], "To transcode");
        assert_eq!(fresh["progress"]["step"], "remux");
        assert_eq!(fresh["duration"], 2);
        assert_eq!(pod.anonymous().get("/api/v1/videos").await.json()["total"], 0);

        pod.run_jobs().await;
        let video = pod.anonymous().video(&uuid).await;
        assert_eq!(video["state"]["label"], "Published");
        assert_eq!(video["progress"], Value::Null);
        assert_eq!(resolutions(&video), [240, 144, 0]);
        assert_eq!(video["tags"], json!(["sea", "fish"]));
        assert_eq!(video["category"]["label"], "Animals");
        assert!(video["thumbnailPath"].is_string() && video["previewPath"].is_string());
        let boards = pod.anonymous().get(&format!("/api/v1/videos/{uuid}/storyboards")).await.json();
        assert!(boards["storyboards"][0]["spriteDuration"].as_f64().unwrap() > 0.0);

        let list = pod.anonymous().get("/api/v1/videos").await.json();
        assert_eq!((&list["total"], &list["data"][0]["name"]), (&json!(1), &json!("The sea")));
        let found = pod.anonymous().get("/api/v1/search/videos?search=waves%20FIS").await.json();
        assert_eq!(found["total"], 1);
    })
    .await;
}

#[tokio::test]
async fn everything_people_send_is_published() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        for (kind, expected) in [
            (Clip::Webm, vec![240, 144, 0]),
            (Clip::Mkv, vec![240, 144, 0]),
        ] {
            let uuid = alice.upload(&clip(kind), json!({})).await;
            pod.run_jobs().await;
            let video = alice.video(&uuid).await;
            assert_eq!(video["state"]["id"], 1, "{kind:?}: {}", video["failure"]);
            assert_eq!(resolutions(&video), expected, "{kind:?}");
        }
        let uuid = alice.upload(&clip(Clip::Mp3), json!({})).await;
        pod.run_jobs().await;
        let sound = alice.video(&uuid).await;
        assert_eq!(sound["state"]["id"], 1, "{}", sound["failure"]);
        assert!(
            files(&sound)
                .iter()
                .any(|f| f["hasVideo"] == true && f["hasAudio"] == true)
        );
    })
    .await;
}

#[tokio::test]
async fn playlist_torrent_and_file_are_the_same_bytes() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let uuid = alice.upload(&clip(Clip::Mp4), json!({})).await;
        pod.run_jobs().await;
        for file in files(&alice.video(&uuid).await) {
            check_rendition(pod, &file).await;
        }
    })
    .await;
}

async fn read(pod: &TestPod, uuid: &str, name: &str) -> Vec<u8> {
    let content = app::reading::hls(&pod.pod, uuid, name, app::reading::Access::Anonymous, None)
        .await
        .unwrap_or_else(|e| panic!("{name}: {e}"));
    match content {
        app::reading::Content::File { mut opened, .. } => {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut opened.file, &mut bytes).unwrap();
            bytes
        }
        app::reading::Content::Text { text, .. } => text.into_bytes(),
    }
}

async fn check_rendition(pod: &TestPod, file: &Value) {
    let url = file["fileUrl"].as_str().unwrap();
    let mut parts = url.rsplit('/');
    let (name, uuid) = (parts.next().unwrap(), parts.next().unwrap());
    let bytes = read(pod, uuid, name).await;
    assert_eq!(bytes.len() as i64, file["size"].as_i64().unwrap());

    let playlist = file["playlistUrl"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap();
    let playlist = String::from_utf8(read(pod, uuid, playlist).await).unwrap();
    let read_back = hls::read_media_playlist(&playlist).unwrap();
    let covered: u64 = read_back.init.length
        + read_back
            .segments
            .iter()
            .map(|s| s.range.length)
            .sum::<u64>();
    // Behind the last segment stands at most the index that ffmpeg writes for other players.
    let rest = &bytes[covered as usize..];
    assert!(
        rest.is_empty() || &rest[4..8] == b"mfra",
        "the playlist covers the file"
    );

    let torrent = file["torrentUrl"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap();
    let (content, _) = app::reading::torrent(&pod.pod, torrent, app::reading::Access::Anonymous)
        .await
        .unwrap();
    let app::reading::Content::File { mut opened, .. } = content else {
        panic!("a torrent is a file")
    };
    let mut torrent = Vec::new();
    std::io::Read::read_to_end(&mut opened.file, &mut torrent).unwrap();
    let metainfo = Metainfo::parse(&torrent).unwrap();
    assert_eq!((metainfo.name, metainfo.length), (name, bytes.len() as u64));
    assert_eq!(metainfo.infohash.to_string(), file["infoHash"]);
    let row = db::renditions::by_file(&pod.pod.db, name)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(metainfo.root.unwrap().to_string(), row.pieces_root);
    for (number, piece) in bytes.chunks(metainfo.piece_length as usize).enumerate() {
        assert!(metainfo.holds(number as u64, piece), "piece {number}");
    }
    let magnet = file["magnetUri"].as_str().unwrap();
    assert!(
        magnet.contains(file["infoHash"].as_str().unwrap()) && magnet.contains("tracker%2Fsocket"),
        "{magnet}"
    );
}

async fn master(pod: &TestPod, client: &Client, uuid: &str) -> String {
    let video = client.video(uuid).await;
    let url = video["streamingPlaylists"][0]["playlistUrl"]
        .as_str()
        .unwrap()
        .to_owned();
    String::from_utf8(read(pod, uuid, url.rsplit('/').next().unwrap()).await).unwrap()
}

#[tokio::test]
async fn the_master_playlist_lists_every_rendition_and_sound_alone_last() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let uuid = alice.upload(&clip(Clip::Mp4), json!({})).await;
        pod.run_jobs().await;
        let entries = hls::read_master_playlist(&master(pod, &alice, &uuid).await).unwrap();
        let heights: Vec<_> = entries.iter().map(|e| e.height).collect();
        assert_eq!(heights, [240, 144, 0]);
    })
    .await;
}

#[tokio::test]
async fn waiting_for_all_renditions_is_the_owners_choice() {
    on_both_with(
        // Both the copy and the encoding must fail to find the world changed in between.
        |settings| settings.transcoding.keep_original = true,
        async |pod| {
            let alice = pod.user("alice").await;
            let uuid = alice
                .upload(&clip(Clip::Mp4), json!({"waitTranscoding": true}))
                .await;
            pod.run_jobs().await;
            let video = alice.video(&uuid).await;
            assert_eq!(video["state"]["id"], 1);
            assert_eq!(resolutions(&video), [240, 144, 0]);
        },
    )
    .await;
}

#[tokio::test]
async fn private_videos_stay_with_their_owner() {
    on_both(async |pod| {
        let (alice, bob) = (pod.user("alice").await, pod.user("bob").await);
        let uuid = alice.upload(&clip(Clip::Mp4), json!({"privacy": 3})).await;
        pod.run_jobs().await;
        let path = format!("/api/v1/videos/{uuid}");
        pod.anonymous().get(&path).await.expect(401);
        bob.get(&path).await.expect(403);
        bob.put(&path, json!({"privacy": 1})).await.expect(403);
        bob.delete(&path).await.expect(403);
        pod.anonymous().delete(&path).await.expect(401);
        assert_eq!(
            pod.anonymous().get("/api/v1/videos").await.json()["total"],
            0
        );
        assert_eq!(
            pod.anonymous()
                .get("/api/v1/search/videos?search=video")
                .await
                .json()["total"],
            0
        );
        let video = alice.video(&uuid).await;
        let file = &files(&video)[0];
        assert!(file["fileUrl"].as_str().unwrap().contains("/hls/private/"));
        assert_eq!(file["magnetUri"], Value::Null);

        let name = file["fileUrl"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned();
        let hls = async |access, reinject| {
            app::reading::hls(&pod.pod, &uuid, &name, access, reinject)
                .await
                .map(drop)
        };
        use app::reading::Access;
        assert!(matches!(
            hls(Access::Anonymous, None).await,
            Err(app::Error::Forbidden(_))
        ));
        let token = alice
            .post(&format!("{path}/token"), json!({}))
            .await
            .expect(200)
            .json();
        let token = token["files"]["token"].as_str().unwrap().to_owned();
        assert!(hls(Access::Token(&token), None).await.is_ok());
        assert!(
            hls(Access::Token("9999999999999.abcd"), None)
                .await
                .is_err()
        );
        bob.post(&format!("{path}/token"), json!({}))
            .await
            .expect(403);
        pod.pass(5 * 3600 * 1000);
        assert!(hls(Access::Token(&token), None).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn editing_changes_lists_and_search_at_once() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let uuid = alice.upload(&clip(Clip::Mp4), json!({"name": "Before the change"})).await;
        pod.run_jobs().await;
        let path = format!("/api/v1/videos/{uuid}");
        alice
            .put(&path, json!({"name": "After it", "description": null, "category": null, "tags": ["new one"]}))
            .await
            .expect(204);
        let found = async |text: &str| {
            let path = format!("/api/v1/search/videos?search={text}");
            pod.anonymous().get(&path).await.json()["total"].clone()
        };
        assert_eq!((found("before").await, found("after").await), (json!(0), json!(1)));
        assert_eq!(pod.anonymous().get("/api/v1/videos?tagsOneOf=NEW+one").await.json()["total"], 1);

        alice.put(&path, json!({"privacy": 3})).await.expect(204);
        assert_eq!(found("after").await, json!(0));
        assert_eq!(pod.anonymous().get("/api/v1/videos").await.json()["total"], 0);

        for (field, value) in [("name", json!("x")), ("privacy", json!(9)), ("category", json!(99)),
            ("language", json!("xx")), ("licence", json!(0)), ("channelId", json!(4711)), ("commentsPolicy", json!(7)),
            ("tags", json!(["a"])), ("originallyPublishedAt", json!("never"))] {
            let refused = alice.put(&path, json!({field: value})).await.expect(400).json();
            assert!(refused["invalid-params"][field]["msg"].is_string(), "{refused}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_deleted_video_leaves_nothing() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let uuid = alice.upload(&clip(Clip::Mp4), json!({})).await;
        pod.run_jobs().await;
        alice
            .delete(&format!("/api/v1/videos/{uuid}"))
            .await
            .expect(204);
        pod.run_jobs().await;
        pod.anonymous()
            .get(&format!("/api/v1/videos/{uuid}"))
            .await
            .expect(404);
        let mut left = Vec::new();
        let mut folders = vec![pod.pod.settings.files.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path)
                } else {
                    left.push(path)
                }
            }
        }
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(
            alice.get("/api/v1/users/me/video-quota-used").await.json()["videoQuotaUsed"],
            0
        );
    })
    .await;
}

#[tokio::test]
async fn views_count_once_and_viewers_go_on_where_they_stopped() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let uuid = alice.upload(&clip(Clip::Mp4), json!({})).await;
        pod.run_jobs().await;
        let path = format!("/api/v1/videos/{uuid}/views");
        let somebody = pod.anonymous().at([192, 0, 2, 7]);
        for second in [0, 1, 2, 2] {
            somebody.post(&path, json!({"currentTime": second})).await.expect(204);
        }
        alice.post(&path, json!({"currentTime": 1.5})).await.expect(204);
        assert_eq!(alice.video(&uuid).await["userHistory"]["currentTime"], 1);
        assert_eq!(somebody.video(&uuid).await["views"], 2);
        assert_eq!(somebody.video(&uuid).await["viewers"], 2);
        somebody.post(&path, json!({"currentTime": -5})).await.expect(400);
        somebody.post(&path, json!({"currentTime": 5000})).await.expect(400);

        let report = json!({"playerMode": "p2p-media-loader", "resolution": 240, "fps": 25, "p2pEnabled": true, "p2pPeers": 1,
            "resolutionChanges": 0, "bufferStalls": 0, "errors": 0, "downloadedBytesP2P": 700, "downloadedBytesHTTP": 300,
            "uploadedBytesP2P": 50, "videoId": uuid});
        somebody.post("/api/v1/metrics/playback", report.clone()).await.expect(204);
        somebody.post("/api/v1/metrics/playback", report.clone()).await.expect(204);
        let days = alice.get(&format!("/api/v1/videos/{uuid}/stats/traffic")).await.expect(200).json();
        assert_eq!((&days[0]["fromPeers"], &days[0]["fromPod"], &days[0]["toPeers"]), (&json!(1400), &json!(600), &json!(100)));
        let mut lie = report;
        lie["downloadedBytesP2P"] = json!(1e300);
        somebody.post("/api/v1/metrics/playback", lie).await.expect(400);
        somebody.get(&format!("/api/v1/videos/{uuid}/stats/traffic")).await.expect(401);
    })
    .await;
}
