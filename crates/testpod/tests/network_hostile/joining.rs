//! Who wants to be a friend, or to be taken for one.

use super::*;

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
