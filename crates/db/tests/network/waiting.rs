//! What waits for other pods: opposites cancel, groups keep their order, hosts take turns.

use super::*;

async fn verbs(db: &Db, host: HostId) -> Vec<String> {
    let rows = outbox::of_host(db, host, 0, 100).await.unwrap();
    rows.iter()
        .map(|row| format!("{} {}", row.verb, row.subject))
        .collect()
}

#[tokio::test]
async fn opposites_cancel_while_they_wait() {
    on_both(async |db| {
        let pod = host_id(db, "pod.example").await;
        for (words, expected) in [
            ("create", Some("create")),
            ("create delete", None),
            ("create update", Some("create")),
            ("create update update", Some("create")),
            ("create update delete", None),
            ("update delete", Some("delete")),
            ("delete create", Some("update")),
            ("delete create delete", Some("delete")),
            ("update update", Some("update")),
            ("create delete create", Some("create")),
            ("like undo", None),
            ("undo like", Some("like")),
            ("follow accept", Some("accept")),
        ] {
            for verb in words.split(' ') {
                tell(db, Audience::Host(pod), "video:1", verb).await;
            }
            let expected: Vec<_> = expected
                .iter()
                .map(|verb| format!("{verb} video:1"))
                .collect();
            assert_eq!(verbs(db, pod).await, expected, "{words}");
            let mut tx = db.begin().await.unwrap();
            outbox::clear(&mut tx, pod).await.unwrap();
            tx.commit().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_cancels_in_silence_that_a_whole_list_may_have_told() {
    on_both(async |db| {
        let pod = host_id(db, "pod.example").await;
        for (before, after, expected) in [
            ("create", "delete", "delete"),
            ("delete", "create", "create"),
            ("create", "update", "create"),
            ("", "create delete", "delete"),
            ("", "delete update", "create"),
            ("like", "undo", "undo"),
        ] {
            for verb in before.split_whitespace() {
                tell(db, Audience::Host(pod), "video:1", verb).await;
            }
            let mut tx = db.begin().await.unwrap();
            hosts::begin_whole(&mut tx, pod, "token", 1).await.unwrap();
            tx.commit().await.unwrap();
            for verb in after.split_whitespace() {
                tell(db, Audience::Host(pod), "video:1", verb).await;
                hosts::end_whole(db, pod, "token").await.unwrap();
            }
            assert_eq!(verbs(db, pod).await, [format!("{expected} video:1")]);
            let mut tx = db.begin().await.unwrap();
            outbox::clear(&mut tx, pod).await.unwrap();
            tx.commit().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn groups_go_out_in_order_and_come_again_until_they_are_acknowledged() {
    on_both(async |db| {
        let pod = host_id(db, "pod.example").await;
        for subject in ["a", "b", "c"] {
            tell(db, Audience::Host(pod), subject, "create").await;
        }
        let take = async |id: &str, most| {
            let mut tx = db.begin().await.unwrap();
            let group = outbox::take_group(&mut tx, pod, id, most).await.unwrap();
            tx.commit().await.unwrap();
            group
        };
        let group = take("g1", 2).await.unwrap();
        let subjects: Vec<_> = group.rows.iter().map(|row| row.subject.as_str()).collect();
        assert_eq!(
            (subjects, group.sent_before),
            (vec!["a", "b"], SentBefore::No)
        );
        // What is on its way is not summed up with what comes now.
        tell(db, Audience::Host(pod), "a", "delete").await;
        assert_eq!(
            verbs(db, pod).await,
            ["create a", "create b", "create c", "delete a"]
        );
        // Nobody knows whether it arrived (the pod was killed): the same group again, under its first name.
        let again = take("g2", 2).await.unwrap();
        assert_eq!(
            (again.id.as_str(), again.rows.len(), again.sent_before),
            ("g1", 2, SentBefore::Perhaps)
        );
        assert_eq!(outbox::acknowledge(db, pod, "g1").await.unwrap(), 2);
        // Back to its place, summed up with what came in meanwhile; but it may have arrived, so a mere update would not be enough.
        let group = take("g3", 2).await.unwrap();
        tell(db, Audience::Host(pod), "c", "update").await;
        tell(db, Audience::Host(pod), "a", "create").await;
        let mut tx = db.begin().await.unwrap();
        let from = group.rows[0].id;
        outbox::give_back(&mut tx, pod, "g3", from).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(verbs(db, pod).await, ["create c", "create a"]);
        // A group that is too large at once is cut.
        let group = take("g4", 9).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let from = group.rows[1].id;
        outbox::give_back(&mut tx, pod, "g4", from).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(take("g5", 9).await.unwrap().rows.len(), 1);
        let waiting = outbox::waiting(db, &[pod]).await.unwrap();
        assert_eq!((waiting[0].messages, waiting[0].since), (2, 10));
        outbox::acknowledge(db, pod, "g4").await.unwrap();
        let last = take("g6", 9).await.unwrap();
        outbox::acknowledge_one(db, last.rows[0].id).await.unwrap();
        assert!(take("g7", 9).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn hosts_take_turns_and_a_dead_one_costs_one_entry() {
    on_both(async |db| {
        let (one, two) = (
            host_id(db, "one.example").await,
            host_id(db, "two.example").await,
        );
        assert_eq!(hosts::next_due(db).await.unwrap(), None);
        // What can wait holds up nothing that cannot.
        tell_by(db, Audience::Host(one), "a", "update", 600_000).await;
        assert_eq!(hosts::next_due(db).await.unwrap(), Some(600_000));
        tell(db, Audience::Host(one), "a", "delete").await;
        tell_by(db, Audience::Host(one), "c", "update", 600_000).await;
        tell(db, Audience::Host(two), "a", "create").await;
        assert_eq!(hosts::next_due(db).await.unwrap(), Some(20));
        assert!(hosts::lease(db, "me", 19, 100).await.unwrap().is_none());
        let lease = async |now| {
            let leased = hosts::lease(db, "me", now, now + 100).await.unwrap();
            leased.map(|host| host.id)
        };
        assert_eq!(
            (lease(20).await, lease(20).await, lease(20).await),
            (Some(one), Some(two), None)
        );
        assert_eq!(hosts::next_due(db).await.unwrap(), None);
        assert!(!hosts::renew(db, one, "somebody else", 300).await.unwrap());
        assert!(hosts::renew(db, one, "me", 300).await.unwrap());
        // One host is gone: it waits, and what else comes up for it does not hurry it.
        let failed = hosts::failed(db, two, "me", "not reached", (50, 500)).await;
        assert!(failed.unwrap());
        tell(db, Audience::Host(two), "b", "create").await;
        let row = hosts::by_id(db, two).await.unwrap().unwrap();
        assert_eq!(
            (row.due_at, row.failures, row.failing_since),
            (Some(500), 1, Some(50))
        );
        // The other was told everything but for what came up meanwhile.
        let mut tx = db.begin().await.unwrap();
        outbox::take_group(&mut tx, one, "g", 100).await.unwrap();
        tx.commit().await.unwrap();
        tell(db, Audience::Host(one), "b", "create").await;
        outbox::acknowledge(db, one, "g").await.unwrap();
        let mut tx = db.begin().await.unwrap();
        assert!(hosts::sent(&mut tx, one, "me", 30, 40).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!((lease(39).await, lease(40).await), (None, Some(one)));
        let mut tx = db.begin().await.unwrap();
        outbox::clear(&mut tx, one).await.unwrap();
        assert!(hosts::sent(&mut tx, one, "me", 41, 50).await.unwrap());
        assert!(!hosts::sent(&mut tx, one, "me", 41, 50).await.unwrap());
        tx.commit().await.unwrap();
        let row = hosts::by_id(db, one).await.unwrap().unwrap();
        assert_eq!((row.due_at, row.last_sent_at), (None, Some(41)));
        // The admin does not want to wait; then the sender dies.
        assert_eq!(hosts::retry_now(db, None, 60).await.unwrap(), 1);
        assert_eq!(lease(60).await, Some(two));
        assert_eq!(lease(159).await, None);
        assert_eq!(lease(161).await, Some(two));
        assert_eq!(hosts::release(db, "me").await.unwrap(), 1);
        // Who is blocked has no turn.
        blocks::add_host(db, &host("two.example"), 1).await.unwrap();
        assert_eq!(lease(200).await, None);
        // A whole list on its way is work too.
        let mut tx = db.begin().await.unwrap();
        hosts::begin_whole(&mut tx, one, "token", 300)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(lease(300).await, Some(one));
        assert!(
            hosts::advance_whole(db, one, "token", VideoId(7))
                .await
                .unwrap()
        );
        assert!(
            !hosts::advance_whole(db, one, "older", VideoId(9))
                .await
                .unwrap()
        );
        let mut tx = db.begin().await.unwrap();
        hosts::sent(&mut tx, one, "me", 301, 302).await.unwrap();
        tx.commit().await.unwrap();
        let row = hosts::by_id(db, one).await.unwrap().unwrap();
        assert_eq!((row.due_at, row.whole_after), (Some(302), VideoId(7)));
        hosts::end_whole(db, one, "token").await.unwrap();
        assert_eq!(hosts::release_at_start(db, 1000).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn two_who_put_something_in_at_once_wait_for_each_other() {
    on_both(async |db| {
        let mut tx = db.begin().await.unwrap();
        for n in 0..200 {
            let row = hosts::get_or_insert(&mut tx, &host(&format!("h{n}.example")), 1).await;
            let id = row.unwrap().id;
            hosts::set_friendship(&mut tx, id, Friendship::Friend, 1)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let db = db.clone();
                tokio::spawn(async move {
                    for verb in ["create", "update", "delete", "create"] {
                        let subject = format!("video:{}", n % 4);
                        let network = Audience::Network(&[]);
                        assert_eq!(tell(&db, network, &subject, verb).await, 200);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(
            number(db, "SELECT count(*) FROM outbox WHERE verb = 'nothing'").await,
            0
        );
        let many = number(db, "SELECT count(*) FROM outbox").await;
        assert!(many <= 800 && many % 200 == 0, "{many}");
    })
    .await;
}
