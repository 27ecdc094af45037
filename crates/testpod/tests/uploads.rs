//! Uploads: whole, in parts, broken off, too large, and not videos at all.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use axum::{body::Body, http::Request};
use serde_json::json;
use testpod::{Client, Clip, clip, on_both, on_both_with};

fn multipart(fields: &[(&str, &str)], filename: &str, file: &[u8]) -> (String, Vec<u8>) {
    let mut body = Vec::new();
    // The file comes first: a form may have any order.
    body.extend_from_slice(
        format!("--edge\r\nContent-Disposition: form-data; name=\"videofile\"; filename=\"{filename}\"\r\n\r\n").as_bytes(),
    );
    body.extend_from_slice(file);
    for (name, value) in fields {
        body.extend_from_slice(
            format!("\r\n--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}")
                .as_bytes(),
        );
    }
    body.extend_from_slice(b"\r\n--edge--\r\n");
    ("multipart/form-data; boundary=edge".into(), body)
}

async fn send_form(
    client: &Client,
    fields: &[(&str, &str)],
    filename: &str,
    file: &[u8],
) -> testpod::Answer {
    let (kind, body) = multipart(fields, filename, file);
    let request = Request::post("/api/v1/videos/upload")
        .header("content-type", kind)
        .body(Body::from(body))
        .unwrap();
    client.send(request).await
}

fn left_in_uploads(pod: &testpod::TestPod) -> usize {
    std::fs::read_dir(pod.pod.settings.files.join("uploads"))
        .unwrap()
        .count()
}

#[tokio::test]
async fn a_form_with_a_file_becomes_a_video() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let bytes = std::fs::read(clip(Clip::Mp4)).unwrap();
        let channel = alice.channel().await.to_string();
        let fields = [
            ("channelId", channel.as_str()),
            ("name", "From a form"),
            ("tags[]", "one"),
            ("tags[]", "two"),
            ("nsfw", "false"),
            ("category", "1"),
            ("licence", "null"),
        ];
        let made = send_form(&alice, &fields, "../../a b.mp4", &bytes)
            .await
            .expect(200)
            .json();
        pod.run_jobs().await;
        let video = alice
            .video(made["video"]["shortUUID"].as_str().unwrap())
            .await;
        assert_eq!(video["name"], "From a form");
        assert_eq!(video["tags"], json!(["one", "two"]));
        assert_eq!(video["state"]["id"], 1);

        // What is refused leaves nothing behind.
        send_form(&alice, &[("name", "No channel")], "a.mp4", &bytes)
            .await
            .expect(400);
        send_form(&alice, &[("channelId", "x")], "a.mp4", &bytes)
            .await
            .expect(400);
        send_form(&alice, &fields, "a.exe", &bytes)
            .await
            .expect(400);
        send_form(&alice, &fields, "a.mp4", b"").await.expect(400);
        send_form(&alice, &fields, "a.mp4", b"not a video")
            .await
            .expect(422);
        send_form(&pod.anonymous(), &fields, "a.mp4", &bytes)
            .await
            .expect(401);
        assert_eq!(left_in_uploads(pod), 0);
    })
    .await;
}

#[tokio::test]
async fn parts_may_come_in_any_number_and_go_on_after_a_break() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let bytes = std::fs::read(clip(Clip::Mp4)).unwrap();
        let (size, half) = (bytes.len(), bytes.len() / 2);
        let draft =
            json!({"channelId": alice.channel().await, "filename": "clip.mp4", "name": "In parts"});
        let (begun, path) = alice.begin_upload(size as u64, draft).await;
        begun.expect(201);

        let status = format!("bytes */{size}");
        let nothing = alice
            .send_part(&path, &status, Vec::new())
            .await
            .expect(308);
        assert_eq!(nothing.header("range"), "");
        let first = format!("bytes 0-{}/{size}", half - 1);
        let answer = alice
            .send_part(&path, &first, bytes[..half].to_vec())
            .await
            .expect(308);
        assert_eq!(answer.header("range"), format!("bytes=0-{}", half - 1));
        // A part with a gap is not taken, nor one of another size, nor somebody else's.
        let gap = format!("bytes {}-{}/{size}", half + 10, size - 1);
        let refused = alice
            .send_part(&path, &gap, bytes[half + 10..].to_vec())
            .await
            .expect(409);
        assert_eq!(refused.header("range"), format!("bytes=0-{}", half - 1));
        let other = format!("bytes {half}-{}/{}", size, size + 1);
        alice
            .send_part(&path, &other, bytes[half..].to_vec())
            .await
            .expect(400);
        let bob = pod.user("bob").await;
        bob.send_part(&path, &status, Vec::new()).await.expect(404);
        // A part that broke off early leaves what had come.
        let rest = format!("bytes {half}-{}/{size}", size - 1);
        let answer = alice
            .send_part(&path, &rest, bytes[half..half + 1000].to_vec())
            .await
            .expect(308);
        assert_eq!(answer.header("range"), format!("bytes=0-{}", half + 999));
        let rest = format!("bytes {}-{}/{size}", half + 1000, size - 1);
        let done = alice
            .send_part(&path, &rest, bytes[half + 1000..].to_vec())
            .await
            .expect(200)
            .json();
        // The answer may be lost: asking again gives the same video, not a second one.
        let again = alice
            .send_part(&path, &status, Vec::new())
            .await
            .expect(200)
            .json();
        assert_eq!(done, again);
        alice
            .request("DELETE", &path, json!(null))
            .await
            .expect(409);
        pod.run_jobs().await;
        assert_eq!(
            alice.get("/api/v1/users/me/videos").await.json()["total"],
            1
        );
    })
    .await;
}

#[tokio::test]
async fn an_upload_can_be_cancelled_and_is_swept_when_forgotten() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let draft = json!({"channelId": alice.channel().await, "filename": "clip.mp4"});
        let (_, path) = alice.begin_upload(1000, draft.clone()).await;
        alice
            .send_part(&path, "bytes 0-99/1000", vec![0; 100])
            .await
            .expect(308);
        assert_eq!(left_in_uploads(pod), 1);
        alice.delete(&path).await.expect(204);
        assert_eq!(left_in_uploads(pod), 0);
        alice
            .send_part(&path, "bytes */1000", Vec::new())
            .await
            .expect(404);

        let (_, path) = alice.begin_upload(1000, draft).await;
        alice
            .send_part(&path, "bytes 0-99/1000", vec![0; 100])
            .await
            .expect(308);
        pod.pass(25 * 3600 * 1000);
        app::removal::sweep(&pod.pod).await.unwrap();
        assert_eq!(left_in_uploads(pod), 0);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_video_is_refused_with_its_reason() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        for kind in [Clip::Random, Clip::Truncated, Clip::Huge, Clip::TenHours] {
            let refused = alice.try_upload(&clip(kind), json!({})).await;
            assert_eq!(refused.status, 422, "{kind:?} was taken");
            let refused = refused.json();
            assert_eq!(refused["code"], "video_unreadable");
            let why = refused["detail"].as_str().unwrap();
            assert!(why.len() > 20 && !why.contains('/'), "{kind:?}: {why}");
        }
        assert_eq!(left_in_uploads(pod), 0);
        assert_eq!(
            alice.get("/api/v1/users/me/videos").await.json()["total"],
            0
        );
        assert_eq!(
            alice.get("/api/v1/users/me/video-quota-used").await.json()["videoQuotaUsed"],
            0
        );
    })
    .await;
}

#[tokio::test]
async fn quotas_hold_before_and_while_receiving() {
    on_both_with(
        |settings| {
            settings.quota = names::Quota::Bytes(100_000);
            settings.transcoding.max_upload = 1_000_000;
        },
        async |pod| {
            let alice = pod.user("alice").await;
            let draft = json!({"channelId": alice.channel().await, "filename": "clip.mp4"});
            let (refused, _) = alice.begin_upload(100_001, draft.clone()).await;
            assert_eq!(refused.expect(413).json()["code"], "quota_reached");
            let (begun, _) = alice.begin_upload(90_000, draft.clone()).await;
            begun.expect(201);
            // What is promised to one upload is not there for the next.
            alice
                .begin_upload(20_000, draft.clone())
                .await
                .0
                .expect(413);
            let channel = alice.channel().await.to_string();
            send_form(
                &alice,
                &[("channelId", &channel)],
                "a.mp4",
                &vec![0; 50_000],
            )
            .await
            .expect(413);
            let root = pod.root().await;
            let draft = json!({"channelId": root.channel().await, "filename": "clip.mp4"});
            root.begin_upload(2_000_000, draft).await.0.expect(413);
        },
    )
    .await;
}

#[tokio::test]
async fn drafts_are_checked_before_the_first_byte() {
    on_both(async |pod| {
        let (alice, bob) = (pod.user("alice").await, pod.user("bob").await);
        let good = json!({"channelId": alice.channel().await, "filename": "clip.mp4", "name": "A good name"});
        for (field, value, status) in [
            ("filename", json!("clip.exe"), 400),
            ("filename", json!(null), 400),
            ("name", json!("x".repeat(121)), 400),
            ("privacy", json!(99), 400),
            ("category", json!(99), 400),
            ("tags", json!(["1", "2", "3", "4", "5", "6"]), 400),
            ("channelId", json!(4711), 400),
            ("channelId", json!(bob.channel().await), 403),
        ] {
            let mut draft = good.clone();
            draft[field] = value;
            alice.begin_upload(1000, draft).await.0.expect(status);
        }
        alice.begin_upload(0, good.clone()).await.0.expect(400);
        pod.anonymous().begin_upload(1000, good).await.0.expect(401);
    })
    .await;
}

#[tokio::test]
async fn file_names_are_only_shown() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let long = format!("/etc/{}\n.mp4", "n".repeat(4096));
        let uuid = alice
            .upload(&clip(Clip::Mp4), json!({"filename": long, "name": null}))
            .await;
        pod.run_jobs().await;
        let name = alice.video(&uuid).await["name"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            name.chars().count() <= 120 && name.starts_with("nnn"),
            "{name}"
        );
    })
    .await;
}
