//! Friends that are otherwise not as they should be: clocks, ages, answers, memory.

use super::*;

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
