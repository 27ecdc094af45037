//! What a friend says.

use super::*;

#[tokio::test]
async fn an_envelope_is_opened_once_and_from_whom_it_is() {
    network_on_both(2, async |pods, wires: &Wires| {
        let [one, _] = pods else {
            unreachable!("two pods")
        };
        let eve = befriended(one, wires, "eve.example").await;
        let video = [eve.activity("Update", eve.video("eve.example", UUID))];

        let mallory = Forged::new(wires, "mallory.example");
        let answer = mallory.tell(ONE, &video).await;
        assert_eq!(answer.1["code"], "not-friends");
        problem(answer, 403, "not friends");
        // In eve's name, with another key.
        let group = eve.group(&video);
        let sealed = mallory.envelope(ONE, ONE, &group).await;
        let nonce = |of: &fetch::Request| {
            let mut headers = of.headers.iter();
            headers
                .find(|(name, _)| name == "shoal-nonce")
                .unwrap()
                .1
                .clone()
        };
        let path = "/api/v1/pods/envelopes";
        let extra = nonce(&sealed);
        let extra = [("shoal-nonce", extra.as_str())];
        let forged = mallory.signed(&eve.host, ONE, path, sealed.body.to_vec(), &extra);
        problem(
            mallory.send(forged).await,
            403,
            "not made with the key over this request",
        );
        assert_eq!(state(one, "eve.example").await, is("friend", 100));

        // A good signature, and another body.
        let mut good = eve.envelope(ONE, ONE, &group).await;
        let body = std::mem::replace(&mut good.body, sealed.body.clone());
        problem(eve.send(good.clone()).await, 403, "digest");
        good.body = body;
        assert_eq!(eve.send(good.clone()).await.1["outcome"], "applied");
        assert_eq!(names(one, "-publishedAt").await, ["A video of eve"]);
        // Again, as it was: anybody could have done that.
        problem(eve.send(good.clone()).await, 403, "came before");
        assert_eq!(state(one, "eve.example").await, is("friend", 100));
        // Under a new signature and a new nonce: that was she.
        let fresh = [("shoal-nonce", "AAAAAAAAAAAAAAAAAAAAAA")];
        let again = eve.signed(&eve.host, ONE, path, good.body.to_vec(), &fresh);
        problem(eve.send(again).await, 403, "its nonce is another");
        assert_eq!(state(one, "eve.example").await, is("friend", 90));
        // Under a new signature and the old nonce.
        let old = nonce(&good);
        let again = eve.signed(
            &eve.host,
            ONE,
            path,
            good.body.to_vec(),
            &[("shoal-nonce", &old)],
        );
        problem(eve.send(again).await, 403, "came before");
        // Without a nonce.
        let again = eve.signed(&eve.host, ONE, path, good.body.to_vec(), &[]);
        problem(eve.send(again).await, 403, "covers no header shoal-nonce");
        assert_eq!(state(one, "eve.example").await, is("friend", 90));
        // One that was meant for pod2.
        let other = eve.envelope(ONE, "pod2.example", &group).await;
        problem(eve.send(other).await, 403, "is for pod2.example");
        assert_eq!(state(one, "eve.example").await, is("friend", 85));
        // One whose inside names another sender.
        let sealed = mallory.envelope(ONE, ONE, &group).await;
        let extra = nonce(&sealed);
        let other = eve.signed(
            &eve.host,
            ONE,
            path,
            sealed.body.to_vec(),
            &[("shoal-nonce", &extra)],
        );
        problem(eve.send(other).await, 403, "names mallory.example");
        assert_eq!(state(one, "eve.example").await, is("friend", 60));
        assert_eq!(names(one, "-publishedAt").await, ["A video of eve"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_group_is_refused_whole() {
    network_on_both(1, async |pods, wires: &Wires| {
        let [one] = pods else { unreachable!("one pod") };
        let eve = befriended(one, wires, "eve.example").await;
        let video = eve.activity("Update", eve.video("eve.example", UUID));
        let many = json!({ "id": 1, "items": vec![video.clone(); 101] }).to_string();
        let beyond = json!({ "id": (1_u64 << 53) + 1, "items": [] }).to_string();
        let deep = format!("{{\"id\":1,\"items\":[{}]}}", "[".repeat(100_000));
        let mut score = 100;
        for (group, why) in [
            ("junk".to_owned(), "not the JSON"),
            ("{}".to_owned(), "not the JSON"),
            (many, "more than 100 activities"),
            (beyond, "beyond 2 to the 53"),
            (deep, "nested more than 32 deep"),
        ] {
            let sealed = eve.envelope(ONE, ONE, group.as_bytes()).await;
            problem(eve.send(sealed).await, 400, why);
            score -= 5;
            assert_eq!(state(one, "eve.example").await, is("friend", score));
        }
        // Too large to be sealed; sent in the clear it is no envelope, and the largest ones are not even read.
        let nonce = [("shoal-nonce", "AAAAAAAAAAAAAAAAAAAAAA")];
        let path = "/api/v1/pods/envelopes";
        for (size, status) in [((1 << 20) + 1, 403), (4 << 20, 413)] {
            let large = eve.signed(&eve.host, ONE, path, vec![b' '; size], &nonce);
            assert_eq!(eve.send(large).await.0, status, "{size} bytes");
        }
        assert_eq!(names(one, "-publishedAt").await, Vec::<String>::new());

        // What is wrong for itself is refused for itself.
        let mut tags = eve.video("eve.example", UUID);
        tags["tag"] = json!(vec![json!({}); 300_000]);
        let group = eve.group(&[json!(7), eve.activity("Update", tags)]);
        let (status, receipt) = eve.send(eve.envelope(ONE, ONE, &group).await).await;
        assert_eq!(
            (status, &receipt["outcome"]),
            (200, &json!("applied")),
            "{receipt}"
        );
        let before = receipt["refused"].as_array().unwrap().len();
        assert!(before >= 1, "{receipt}");
        let mut tags = eve.video("eve.example", UUID);
        let tag = |n: usize| json!({ "type": "Hashtag", "name": format!("#t{n}") });
        tags["tag"] = (0..10_000).map(tag).collect();
        let (_, receipt) = eve.tell(ONE, &[eve.activity("Update", tags)]).await;
        assert_eq!(receipt["outcome"], "applied", "{receipt}");
        for video in names(one, "-publishedAt").await {
            assert_eq!(video, "A video of eve");
        }
    })
    .await;
}

#[tokio::test]
async fn four_lies_and_a_friend_is_none() {
    network_on_both(2, async |pods, wires: &Wires| {
        let [one, _] = pods else {
            unreachable!("two pods")
        };
        make_friends(one, &["pod2.example"]).await;
        let eve = Forged::new(wires, "eve.example");
        let honest = Forged::new(wires, "honest.example");
        for pod in [&eve, &honest] {
            pod.present(ONE, &pod.presentation()).await;
        }
        eve.tell(
            ONE,
            &[eve.activity("Update", eve.video("eve.example", UUID))],
        )
        .await;
        let theirs = honest.activity("Update", honest.video("honest.example", OTHER));
        honest.tell(ONE, &[theirs]).await;
        assert_eq!(names(one, "-publishedAt").await.len(), 2);
        wires.sent();

        let mut changed = eve.video("honest.example", OTHER);
        changed["name"] = json!("Eve's now");
        let id = format!("https://honest.example/videos/watch/{OTHER}");
        // Her own id, and somebody else's account.
        let mut mixed = eve.video("eve.example", OTHER);
        mixed["attributedTo"][1]["id"] = json!("https://honest.example/video-channels/eve");
        let mut as_another = eve.activity("Delete", json!(id));
        as_another["actor"] = json!("https://honest.example/accounts/eve");
        as_another["id"] = json!("https://honest.example/activities/1");
        let lies = [
            eve.activity("Update", changed),
            eve.activity("Delete", json!(id)),
            eve.activity("Update", mixed),
            as_another,
        ];
        for (at, lie) in lies.iter().enumerate() {
            let left = 75 - 25 * at as i64;
            let (_, receipt) = eve.tell(ONE, std::slice::from_ref(lie)).await;
            assert_eq!(receipt["accepted"], 0, "{receipt}");
            assert_ne!(receipt["refused"][0]["reason"], "", "{receipt}");
            let expected = if left > 0 { "friend" } else { "expelled" };
            assert_eq!(
                state(one, "eve.example").await,
                is(expected, left),
                "{receipt}"
            );
        }
        // Her videos are gone, nobody else's, and she knows why.
        let list = one.anonymous().get("/api/v1/videos").await.json();
        assert_eq!(
            (&list["total"], &list["data"][0]["uuid"]),
            (&json!(1), &json!(OTHER))
        );
        assert_eq!(state(one, "honest.example").await, is("friend", 100));
        talk(&pods[..1]).await;
        let sent = wires.sent();
        let farewell = sent
            .iter()
            .find(|(_, request)| request.url.ends_with("/farewell"))
            .unwrap();
        let farewell: Value = serde_json::from_slice(&farewell.1.body).unwrap();
        assert_eq!(farewell["reason"], "expelled");
        assert!(
            farewell["message"]
                .as_str()
                .unwrap()
                .contains("what belongs to others")
        );
        let root = one.root().await;
        let why = root.get("/api/v1/pods/eve.example/score-history").await;
        assert_eq!(why.json()["total"], 4);

        let answer = eve.tell(ONE, &[]).await;
        assert_eq!(answer.1["code"], "expelled");
        refused(
            &eve.present(ONE, &eve.presentation()).await,
            "expelled",
            "administrator has to make friends",
        );
        let made = make_friends(one, &["eve.example"]).await;
        assert_eq!(made[0]["outcome"], "friend", "{made}");
        assert_eq!(state(one, "eve.example").await, is("friend", 50));
        talk(&pods[..1]).await;
    })
    .await;
}
