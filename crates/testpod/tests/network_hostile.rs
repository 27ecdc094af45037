//! What other pods may try. Each is refused with a reason, costs what it should, and nothing else changes.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use fetch::{Answer, Error};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use testpod::{Forged, TestPod, Wires, network_on_both};

const ONE: &str = "pod1.example";
const UUID: &str = "9c9de5e8-0a1e-484a-b099-e80766180a6d";
const OTHER: &str = "3a35bd1e-5d3a-4a4b-8d0f-0d5b8d1a7d11";

async fn talk(pods: &[TestPod]) {
    pods[0].pass(2000);
    loop {
        let mut sent = 0;
        for pod in pods {
            sent += app::network::sending::drain(&pod.pod, "test")
                .await
                .unwrap();
        }
        if sent == 0 {
            return;
        }
        pods[0].pass(1);
    }
}

async fn make_friends(pod: &TestPod, hosts: &[&str]) -> Value {
    let root = pod.root().await;
    let answer = root
        .post("/api/v1/pods/makefriends", json!({ "hosts": hosts }))
        .await;
    answer.expect(200).json()["results"].clone()
}

async fn names(pod: &TestPod) -> Vec<String> {
    let list = pod
        .anonymous()
        .get("/api/v1/videos")
        .await
        .expect(200)
        .json();
    let names = list["data"].as_array().unwrap().iter();
    names
        .map(|video| video["name"].as_str().unwrap().to_owned())
        .collect()
}

/// What the admin sees of a host; null when it is none of those it has or had to do with.
async fn seen(pod: &TestPod, host: &str) -> Value {
    let list = pod.root().await.get("/api/v1/pods").await.expect(200);
    let list = list.json();
    let mut rows = list["data"].as_array().unwrap().iter();
    rows.find(|row| row["host"] == host)
        .cloned()
        .unwrap_or_default()
}

async fn state(pod: &TestPod, host: &str) -> (Value, Value) {
    let row = seen(pod, host).await;
    (row["state"].clone(), row["score"].clone())
}

fn is(state: &str, score: i64) -> (Value, Value) {
    (json!(state), json!(score))
}

/// A pod and a friend of it that was made by hand.
async fn befriended(pod: &TestPod, wires: &Wires, host: &str) -> Forged {
    let forged = Forged::new(wires, host);
    let answer = forged.present(ONE, &forged.presentation()).await;
    assert_eq!(answer["outcome"], "friend", "{answer}");
    assert_eq!(state(pod, host).await, is("friend", 100));
    forged
}

#[track_caller]
fn refused(answer: &Value, code: &str, words: &str) {
    let message = answer["message"].as_str().unwrap_or_default();
    assert_eq!(
        (&answer["outcome"], &answer["code"]),
        (&json!("refused"), &json!(code)),
        "{answer}"
    );
    assert!(message.contains(words), "{message:?} has no {words:?}");
}

#[track_caller]
fn problem((status, body): (u16, Value), expected: u16, words: &str) {
    let detail = body["detail"].as_str().unwrap_or_default();
    assert!(
        status == expected && detail.contains(words),
        "{status} {body} and not {words:?}"
    );
}

#[tokio::test]
async fn nobody_joins_under_anothers_name() {
    network_on_both(2, async |pods, wires: &Wires| {
        let [one, _] = pods else { unreachable!("two pods") };
        let eve = Forged::new(wires, "eve.example");
        let words = |host: &str, url: &str| {
            json!({ "host": host, "publicUrl": url, "protocol": 1, "oldestProtocol": 1 })
        };
        let cases = [
            // She says that she is pod2, which is another's actor with another key.
            (words("pod2.example", "https://pod2.example"), "bad-signature", "signed by another host"),
            (words("pod2.example", "https://eve.example"), "malformed", "names the public address of"),
            (words("eve.example", "http://eve.example"), "malformed", "not https"),
            (words(ONE, "https://pod1.example"), "ourselves", "the pod itself"),
            (json!({ "host": "eve.example" }), "malformed", "not the JSON"),
        ];
        for (said, code, why) in cases {
            refused(&eve.present(ONE, &said).await, code, why);
        }
        // Signed in pod2's name with her key.
        let pod2 = "pod2.example".parse().unwrap();
        let said = words("pod2.example", "https://pod2.example").to_string();
        let request = eve.signed(&pod2, ONE, "/api/v1/pods/present", said.into_bytes(), &[]);
        refused(&eve.send(request).await.1, "bad-signature", "not made with the key");
        // Not signed at all, and over another body.
        let mut request = eve.signed(&eve.host, ONE, "/api/v1/pods/present", eve.presentation().to_string().into(), &[]);
        request.body = eve.presentation().to_string().replace("envelope", "nothing").into();
        refused(&eve.send(request.clone()).await.1, "bad-signature", "digest");
        request.headers.clear();
        refused(&eve.send(request).await.1, "bad-signature", "not signed");
        // An actor that is not there, that is another's, and that has another key.
        let absent = Forged::answering(wires, "absent.example", Box::new(|_| Some(Ok(Answer::new(404, vec![], "")))));
        refused(&absent.present(ONE, &absent.presentation()).await, "address-not-proven", "404");
        let dead = Forged::answering(wires, "dead.example", Box::new(|_| {
            Some(Err(Error::TimedOut { host: "dead.example".into(), what: "answer" }))
        }));
        refused(&dead.present(ONE, &dead.presentation()).await, "address-not-proven", "in time");
        for (host, shown) in [("mirror.example", &eve.host), ("changed.example", &"changed.example".parse().unwrap())] {
            let document = eve.actor(shown).document().to_string();
            let mirror = Forged::answering(wires, host, Box::new(move |_| {
                Some(Ok(Answer::new(200, vec![], document.clone())))
            }));
            let answer = mirror.present(ONE, &mirror.presentation()).await;
            assert_eq!(answer["outcome"], "refused", "{answer}");
        }
        // A document without an end.
        let endless = Forged::answering(wires, "endless.example", Box::new(|_| {
            Some(Ok(Answer::new(200, vec![], "[".repeat(2 << 20))))
        }));
        refused(&endless.present(ONE, &endless.presentation()).await, "address-not-proven", "larger than");
        let deep = Forged::answering(wires, "deep.example", Box::new(|_| {
            Some(Ok(Answer::new(200, vec![], "[".repeat(100_000))))
        }));
        refused(&deep.present(ONE, &deep.presentation()).await, "address-not-proven", "deep");
        let list = one.root().await.get("/api/v1/pods").await.json();
        assert_eq!(list["total"], 0, "{list}");
    })
    .await;
}

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
        assert_eq!(names(one).await, ["A video of eve"]);
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
        assert_eq!(names(one).await, ["A video of eve"]);
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
        assert_eq!(names(one).await, Vec::<String>::new());

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
        for video in names(one).await {
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
        assert_eq!(names(one).await.len(), 2);
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

#[tokio::test]
async fn nobody_says_farewell_for_another() {
    network_on_both(2, async |pods, wires: &Wires| {
        let [one, _] = pods else {
            unreachable!("two pods")
        };
        make_friends(one, &["pod2.example"]).await;
        let eve = befriended(one, wires, "eve.example").await;
        let words = |host: &str| {
            let words = json!({ "host": host, "reason": "quit", "message": "Bye" });
            words.to_string().into_bytes()
        };
        let path = "/api/v1/pods/farewell";
        let request = eve.signed(&eve.host, ONE, path, words("pod2.example"), &[]);
        problem(
            eve.send(request).await,
            400,
            "signed the farewell of pod2.example",
        );
        let pod2 = "pod2.example".parse().unwrap();
        let request = eve.signed(&pod2, ONE, path, words("pod2.example"), &[]);
        problem(eve.send(request).await, 403, "not made with the key");
        assert_eq!(state(one, "pod2.example").await, is("friend", 100));
        let request = eve.signed(&eve.host, ONE, path, words("eve.example"), &[]);
        assert_eq!(eve.send(request).await.0, 204);
        assert_eq!(state(one, "eve.example").await.0, "quit");
    })
    .await;
}

#[tokio::test]
async fn lists_of_friends_are_read_with_care() {
    network_on_both(2, async |pods, wires: &Wires| {
        let [one, _] = pods else {
            unreachable!("two pods")
        };
        let list = |host: &'static str, entries: Vec<Value>| {
            let body = json!({ "total": entries.len(), "data": entries }).to_string();
            Forged::answering(
                wires,
                host,
                Box::new(move |request| {
                    let asked = request.url.contains("/api/v1/pods?");
                    asked.then(|| Ok(Answer::new(200, vec![], body.clone())))
                }),
            )
        };
        let host = |name: &str| json!({ "host": name });
        let _ourselves = list("loop.example", vec![host(ONE), host("loop.example")]);
        let _twice = list(
            "twice.example",
            vec![host("pod2.example"), host("pod2.example")],
        );
        let _junk = list(
            "junk.example",
            vec![
                json!(7),
                host("not a host"),
                host("127.0.0.1"),
                host("localhost"),
            ],
        );
        let _many = list("many.example", vec![json!(0); 1_000_000]);
        let entries = [
            "loop.example",
            "twice.example",
            "junk.example",
            "many.example",
            ONE,
        ];
        for _ in 0..2 {
            let made = make_friends(one, &entries).await;
            let outcomes = made.as_array().unwrap().iter();
            let outcomes: Vec<_> = outcomes
                .map(|made| {
                    (
                        made["host"].as_str().unwrap(),
                        made["outcome"].as_str().unwrap(),
                    )
                })
                .collect();
            assert_eq!(outcomes.len(), 5, "nobody else was presented to: {made}");
            assert!(outcomes.contains(&(ONE, "ourselves")), "{made}");
        }
        // Junk costs a friend, and being on one's own list does not.
        assert_eq!(state(one, "loop.example").await, is("friend", 100));
        assert_eq!(state(one, "twice.example").await, is("friend", 95));
        assert_eq!(state(one, "junk.example").await.0, "friend");
        assert!(state(one, "junk.example").await.1.as_i64().unwrap() <= 95);
        assert!(state(one, "many.example").await.1.as_i64().unwrap() <= 95);
    })
    .await;
}

#[tokio::test]
async fn clocks_an_hour_apart() {
    network_on_both(1, async |pods, wires: &Wires| {
        let [one] = pods else { unreachable!("one pod") };
        let eve = befriended(one, wires, "eve.example").await;
        for (ahead, words) in [(3_600_000, "ahead of our clock"), (-3_600_000, "ago")] {
            eve.ahead.store(ahead, Ordering::SeqCst);
            let late = Forged::new(wires, "late.example");
            late.ahead.store(ahead, Ordering::SeqCst);
            refused(
                &late.present(ONE, &late.presentation()).await,
                "clock",
                words,
            );
            problem(eve.tell(ONE, &[]).await, 403, words);
            problem(eve.tell(ONE, &[]).await, 403, "clock");
            assert_eq!(state(one, "eve.example").await, is("friend", 100));
        }
        eve.ahead.store(0, Ordering::SeqCst);
        assert_eq!(eve.tell(ONE, &[]).await.1["outcome"], "applied");
    })
    .await;
}

#[tokio::test]
async fn a_pod_is_known_by_one_name() {
    network_on_both(2, async |pods, wires: &Wires| {
        let [one, _] = pods else {
            unreachable!("two pods")
        };
        make_friends(one, &["pod2.example"]).await;
        wires.alias("pod2.example", "second.example");
        let made = make_friends(one, &["second.example"]).await;
        assert_eq!(made[0]["outcome"], "unreachable", "{made}");
        assert!(
            made[0]["message"]
                .as_str()
                .unwrap()
                .contains("belongs to another host"),
            "{made}"
        );
        // Even when it says so itself under each of its names.
        let eve = befriended(one, wires, "eve.example").await;
        let second = eve.actor(&"eve2.example".parse().unwrap()).document();
        let mut double = Forged::answering(
            wires,
            "eve2.example",
            Box::new(move |request| {
                let asked = request.url.ends_with("/accounts/peertube");
                asked.then(|| Ok(Answer::new(200, vec![], second.to_string())))
            }),
        );
        double.key = eve.key;
        refused(
            &double.present(ONE, &double.presentation()).await,
            "address-not-proven",
            "same pod as eve.example",
        );
        let made = make_friends(one, &["eve2.example"]).await;
        assert_eq!(made[0]["outcome"], "refused", "{made}");
        let root = one.root().await;
        assert_eq!(root.get("/api/v1/pods").await.json()["total"], 2);
    })
    .await;
}

#[tokio::test]
async fn pods_of_another_age() {
    network_on_both(1, async |pods, wires: &Wires| {
        let [one] = pods else {
            unreachable!("one pod")
        };
        let new = Forged::answering(
            wires,
            "new.example",
            Box::new(|request| {
                let refusal = json!({
                    "outcome": "refused", "code": "upgrade-yours", "protocol": 9, "oldestProtocol": 9,
                    "message": "upgrade pod1.example",
                });
                let asked = request.url.ends_with("/present");
                asked.then(|| Ok(Answer::new(200, vec![], refusal.to_string())))
            }),
        );
        let mut words = new.presentation();
        (words["protocol"], words["oldestProtocol"]) = (json!(9), json!(9));
        refused(
            &new.present(ONE, &words).await,
            "upgrade-ours",
            "upgrade pod1.example to a version of Shoal that speaks protocol 9",
        );
        let made = make_friends(one, &["new.example"]).await;
        assert_eq!(
            (&made[0]["outcome"], &made[0]["message"]),
            (&json!("incompatible"), &json!("upgrade pod1.example")),
            "{made}"
        );
        // A welcome cannot talk us into a version.
        let _sly = Forged::answering(
            wires,
            "sly.example",
            Box::new(|request| {
                let welcome = json!({ "outcome": "friend", "host": "sly.example", "protocol": 9, "oldestProtocol": 9 });
                let asked = request.url.ends_with("/present");
                asked.then(|| Ok(Answer::new(200, vec![], welcome.to_string())))
            }),
        );
        let made = make_friends(one, &["sly.example"]).await;
        assert_eq!(made[0]["outcome"], "incompatible", "{made}");
        assert!(made[0]["message"].as_str().unwrap().contains("upgrade pod1.example"));
        assert_eq!(one.root().await.get("/api/v1/pods").await.json()["total"], 0);
    })
    .await;
}

#[tokio::test]
async fn friends_that_answer_nonsense() {
    network_on_both(1, async |pods, wires: &Wires| {
        let [one] = pods else { unreachable!("one pod") };
        type Said = fn() -> Result<Answer, Error>;
        let never: Said = || {
            Err(Error::TimedOut {
                host: "h".into(),
                what: "answer",
            })
        };
        let cases: [(&'static str, Said, i64, &str); 6] = [
            (
                "junk.example",
                || Ok(Answer::new(200, vec![], "garbage")),
                95,
                "did not answer with a receipt",
            ),
            (
                "stale.example",
                || {
                    Ok(Answer::new(
                        200,
                        vec![],
                        r#"{"outcome":"stale","last":1,"accepted":0}"#,
                    ))
                },
                95,
                "does not fit",
            ),
            (
                "anew.example",
                || {
                    Ok(Answer::new(
                        200,
                        vec![],
                        r#"{"outcome":"restart","last":1,"accepted":0}"#,
                    ))
                },
                95,
                "does not fit",
            ),
            (
                "large.example",
                || Ok(Answer::new(200, vec![], "[".repeat(1 << 20))),
                95,
                "larger than",
            ),
            (
                "ill.example",
                || Ok(Answer::new(500, vec![], "")),
                99,
                "status 500",
            ),
            ("never.example", never, 99, "in time"),
        ];
        // Somebody answers as a pod does, or all this would be our own fault.
        for (host, said, ..) in cases {
            let made = Forged::answering(
                wires,
                host,
                Box::new(move |request| request.url.ends_with("/envelopes").then(said)),
            );
            let answer = made.present(ONE, &made.presentation()).await;
            assert_eq!(answer["outcome"], "friend");
        }
        one.pass(2000);
        // It is told nothing yet, so that not all friends are silent, which would be our own fault.
        befriended(one, wires, "fine.example").await;
        app::network::sending::drain(&one.pod, "test")
            .await
            .unwrap();
        for (host, _, score, why) in cases {
            let row = seen(one, host).await;
            assert_eq!(
                (&row["state"], &row["score"]),
                (&json!("friend"), &json!(score)),
                "{row}"
            );
            assert_eq!(row["failures"], 1, "{row}");
            assert!(row["lastError"].as_str().unwrap().contains(why), "{row}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_friend_that_has_forgotten_us_is_asked_again() {
    network_on_both(2, async |pods, _: &Wires| {
        let [one, two] = pods else {
            unreachable!("two pods")
        };
        make_friends(one, &["pod2.example"]).await;
        talk(pods).await;
        // Two has lost its memory of the last days.
        let host = db::hosts::by_host(&two.pod.db, &ONE.parse().unwrap())
            .await
            .unwrap();
        let host = host.unwrap().id;
        let nobody = ::names::Friendship::None;
        db::hosts::set_friendship(&two.pod.db, host, nobody, two.pod.now())
            .await
            .unwrap();
        // A day later one says that it is still there.
        one.pass(25 * 3_600_000);
        app::removal::sweep(&one.pod).await.unwrap();
        talk(&pods[..1]).await;
        assert_eq!(state(one, "pod2.example").await.0, "friend");
        one.pass(60_000);
        talk(pods).await;
        assert_eq!(state(two, ONE).await.0, "friend");
        // Two's admin has ended it, and one has not heard of that: it does not come back by itself.
        let quit = ::names::Friendship::Quit;
        db::hosts::set_friendship(&two.pod.db, host, quit, two.pod.now())
            .await
            .unwrap();
        one.pass(25 * 3_600_000);
        app::removal::sweep(&one.pod).await.unwrap();
        talk(&pods[..1]).await;
        assert_eq!(
            (state(one, "pod2.example").await.0, state(two, ONE).await.0),
            (json!("quit"), json!("quit"))
        );
        // Both present themselves at once.
        let (a, b) = tokio::join!(
            make_friends(one, &["pod2.example"]),
            make_friends(two, &[ONE])
        );
        assert!(
            a[0]["outcome"] != "refused" && b[0]["outcome"] != "refused",
            "{a} {b}"
        );
        talk(pods).await;
        assert_eq!(
            (state(one, "pod2.example").await.0, state(two, ONE).await.0),
            (json!("friend"), json!("friend"))
        );
        assert_eq!(seen(one, "pod2.example").await["wholeListUnderWay"], false);
    })
    .await;
}
