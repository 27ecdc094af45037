//! Who is what to whom: friends, scores, blocks and follows.

use super::*;

#[tokio::test]
async fn friends_scores_and_blocks() {
    on_both(async |db| {
        let pod = host_id(db, "pod.example").await;
        assert_eq!(host_id(db, "POD.example").await, pod);
        hosts::set_friendship(db, pod, Friendship::Friend, 5)
            .await
            .unwrap();
        hosts::set_friendship(db, pod, Friendship::Friend, 9)
            .await
            .unwrap();
        host_id(db, "other.example").await;
        let friends = hosts::friends(db, 10).await.unwrap();
        assert_eq!((friends.len(), friends[0].friend_since), (1, Some(5)));
        let facts = hosts::HostFacts {
            software: Some("shoal".into()),
            protocol: Some(1),
            shared_inbox: Some(InboxUri::parse("https://pod.example/inbox").unwrap()),
            ..hosts::HostFacts::default()
        };
        hosts::set_facts(db, pod, &facts).await.unwrap();
        hosts::heard(db, pod, 77).await.unwrap();
        hosts::set_heard_token(db, pod, Some("t")).await.unwrap();
        for n in 0..205 {
            let mut tx = db.begin().await.unwrap();
            let score = hosts::lock(&mut tx, pod).await.unwrap().score;
            let change = ScoreChange {
                at: n,
                change: -1,
                score: (score - 1).max(0),
                reason: format!("reason {n}"),
            };
            hosts::set_score(&mut tx, pod, change.score, "{}", n)
                .await
                .unwrap();
            hosts::add_score_reason(&mut tx, pod, &change)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
        let row = hosts::by_host(db, &host("pod.example"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((row.score, row.score_at, row.blocked), (0, 204, false));
        assert_eq!(
            (row.software.as_str(), row.last_heard_at),
            ("shoal", Some(77))
        );
        assert_eq!(hosts::scores(db, pod, 1000).await.unwrap().len(), 200);
        assert_eq!(
            hosts::scores(db, pod, 2).await.unwrap()[0].reason,
            "reason 204"
        );

        let actor = ActorUri::parse("https://pod.example/accounts/mallory").unwrap();
        let other = ActorUri::parse("https://other.example/accounts/mallory").unwrap();
        assert!(blocks::add_actor(db, &other, 1).await.unwrap());
        assert!(blocks::add_host(db, &host("pod.example"), 2).await.unwrap());
        assert!(!blocks::add_host(db, &host("pod.example"), 3).await.unwrap());
        assert!(blocks::is_blocked(db, &actor).await.unwrap());
        assert!(blocks::is_blocked(db, &other).await.unwrap());
        assert!(
            !blocks::host_is_blocked(db, &host("other.example"))
                .await
                .unwrap()
        );
        let query = hosts::HostQuery {
            friendships: vec![Friendship::Friend],
            search: Some("POD".into()),
            count: 10,
            ..hosts::HostQuery::default()
        };
        let (total, found) = hosts::list(db, &query).await.unwrap();
        assert_eq!((total, found[0].blocked), (1, true));
        for (what, search, expected) in [
            (blocks::Blocked::Hosts, None, 1),
            (blocks::Blocked::Hosts, Some("%"), 0),
            (blocks::Blocked::Actors, Some("MALLORY"), 1),
        ] {
            let (total, found) = blocks::list(db, what, search, 0, 10).await.unwrap();
            assert_eq!((total, found.len()), (expected, expected as usize));
        }
        assert!(blocks::remove_host(db, &host("pod.example")).await.unwrap());
        assert!(blocks::remove_actor(db, &other).await.unwrap());
        assert!(!blocks::is_blocked(db, &actor).await.unwrap());

        for (nonce, at, fresh) in [("n", 1, true), ("n", 2, false), ("m", 9, true)] {
            assert_eq!(nonces::remember(db, pod, nonce, at).await.unwrap(), fresh);
        }
        assert_eq!(nonces::sweep(db, 5).await.unwrap(), 1);
        assert!(nonces::remember(db, pod, "n", 10).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn follows_are_listed_and_decide_who_is_told() {
    on_both(async |db| {
        let (_, _, films) = local_people(db).await;
        let mut tx = db.begin().await.unwrap();
        let own = remote_actors::of_this_pod(&mut tx, "peertube", "This pod", 1)
            .await
            .unwrap();
        let again = remote_actors::of_this_pod(&mut tx, "peertube", "This pod", 2)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!((own.id, own.kind), (again.id, ActorKind::Application));
        assert!(db::accounts::name_taken(db, "PeerTube").await.unwrap());
        assert!(
            db::accounts::by_name(db, "peertube")
                .await
                .unwrap()
                .is_none()
        );

        let mut theirs = Vec::new();
        for name in ["a.example", "b.example", "c.example", "d.example"] {
            host_id(db, name).await;
            let uri = ActorUri::parse(&format!("https://{name}/accounts/peertube")).unwrap();
            let actor = remote_actor(&uri, "peertube", 1);
            theirs.push(remote_actors::upsert(db, &actor).await.unwrap().unwrap());
        }
        let uri = ObjectUri::parse("https://a.example/follow/1").unwrap();
        let pending = FollowState::Pending;
        let follow = follows::put(db, theirs[0], own.id, pending, Some(&uri), 1)
            .await
            .unwrap();
        assert_eq!((follow.state, follow.uri.as_ref()), (pending, Some(&uri)));
        assert!(
            follows::set_state(db, theirs[0], own.id, FollowState::Accepted, 2)
                .await
                .unwrap()
        );
        // Asking once more does not take back what was accepted.
        let follow = follows::put(db, theirs[0], own.id, pending, None, 3)
            .await
            .unwrap();
        assert_eq!(
            (follow.state, follow.uri),
            (FollowState::Accepted, Some(uri))
        );
        follows::put(db, theirs[1], films, FollowState::Accepted, None, 4)
            .await
            .unwrap();
        follows::put(db, theirs[2], own.id, pending, None, 5)
            .await
            .unwrap();
        follows::put(db, own.id, theirs[3], pending, None, 6)
            .await
            .unwrap();

        let query = FollowQuery {
            direction: Direction::Followers,
            actor: own.id,
            state: None,
            kind: None,
            search: None,
            sort: FollowSort::Newest,
            start: 0,
            count: 10,
        };
        for (query, expected) in [
            (query.clone(), vec!["c.example", "a.example"]),
            (
                FollowQuery {
                    sort: FollowSort::State,
                    ..query.clone()
                },
                vec!["a.example", "c.example"],
            ),
            (
                FollowQuery {
                    state: Some(pending),
                    ..query.clone()
                },
                vec!["c.example"],
            ),
            (
                FollowQuery {
                    search: Some("A.EX".into()),
                    ..query.clone()
                },
                vec!["a.example"],
            ),
            (
                FollowQuery {
                    kind: Some(ActorKind::Account),
                    ..query.clone()
                },
                vec![],
            ),
            (
                FollowQuery {
                    start: 1,
                    count: 1,
                    ..query.clone()
                },
                vec!["a.example"],
            ),
        ] {
            let (total, page) = follows::list(db, &query).await.unwrap();
            let names: Vec<_> = page.iter().map(|f| f.follower.host.as_str()).collect();
            assert_eq!(names, expected, "{query:?}");
            assert!(total >= names.len() as i64);
            assert!(
                page.iter()
                    .all(|f| f.target.id == own.id && f.target.uri.is_none())
            );
        }
        let following = FollowQuery {
            direction: Direction::Following,
            ..query
        };
        let (_, page) = follows::list(db, &following).await.unwrap();
        assert_eq!(page[0].target.host, "d.example");
        let both = follows::by_id(db, page[0].follow.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(both.follower.id, own.id);
        assert_eq!(follows::counts(db, own.id).await.unwrap(), (1, 0));
        assert_eq!(
            follows::follower_hosts(db, own.id, "", 10).await.unwrap(),
            ["a.example"]
        );

        // Friends and followers of the pod or of the channel are told; who is asked, expelled or blocked is not.
        let friend = host_id(db, "d.example").await;
        hosts::set_friendship(db, friend, Friendship::Friend, 1)
            .await
            .unwrap();
        let network = [own.id, films];
        assert_eq!(
            tell(db, Audience::Network(&network), "video:1", "create").await,
            3
        );
        assert_eq!(
            tell(db, Audience::Network(&[films]), "video:2", "create").await,
            2
        );
        hosts::set_friendship(db, friend, Friendship::Expelled, 1)
            .await
            .unwrap();
        blocks::add_host(db, &host("a.example"), 1).await.unwrap();
        assert_eq!(
            tell(db, Audience::Network(&network), "video:3", "create").await,
            1
        );
        assert!(follows::remove(db, theirs[1], films).await.unwrap());
        assert_eq!(
            tell(db, Audience::Network(&network), "video:4", "create").await,
            0
        );
        assert!(
            follows::between(db, theirs[1], films)
                .await
                .unwrap()
                .is_none()
        );
    })
    .await;
}
