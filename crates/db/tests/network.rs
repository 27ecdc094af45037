//! The tables of the network, on both engines: what waits for other pods, whom it is told, and that a remote row never touches one
//! of ours or of a third host.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use db::{
    Db, Executor as _, Sql, blocks, follows,
    follows::{Direction, FollowQuery, FollowSort},
    hosts,
    hosts::ScoreChange,
    nonces, outbox,
    outbox::{Audience, Message, SentBefore},
    remote_actors,
    remote_actors::{Keys, RemoteActor},
    remote_videos,
    remote_videos::{Counts, RemoteVideo, Upsert},
    video_list,
    video_list::{Origin, VideoQuery},
    videos,
};
use names::{
    AccountId, ActorId, ActorKind, ActorUri, ChannelId, FollowState, Friendship, Host, HostId,
    InboxUri, ObjectUri, Privacy, VideoId, VideoRef, VideoUuid,
};

/// Tells a story on each engine.
async fn on_both(story: impl AsyncFn(&Db)) {
    let folder = std::env::temp_dir().join(format!("shoal-network-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    let db = Db::open(&format!("sqlite:{}", folder.join("db").display()))
        .await
        .unwrap();
    story(&db).await;
    db.close().await;
    std::fs::remove_dir_all(folder).unwrap();

    let Ok(server) = std::env::var("SHOAL_TEST_POSTGRES") else {
        eprintln!("SHOAL_TEST_POSTGRES is not set: the story was told on SQLite alone");
        return;
    };
    let name = format!("network_{}", uuid::Uuid::new_v4().simple());
    let create = Db::administer(&server, db::Administration::Create, &name);
    create.await.unwrap();
    let base = server.rsplit_once('/').unwrap().0;
    let db = Db::open(&format!("{base}/{name}")).await.unwrap();
    story(&db).await;
    db.close().await;
    let remove = Db::administer(&server, db::Administration::Drop, &name);
    remove.await.unwrap();
}

fn host(name: &str) -> Host {
    Host::parse(name).unwrap()
}

async fn host_id(db: &Db, name: &str) -> HostId {
    let row = hosts::get_or_insert(db, &host(name), 1).await;
    row.unwrap().id
}

async fn number(db: &Db, text: &'static str) -> i64 {
    let (count,): (i64,) = { db }.one(Sql::new(text)).await.unwrap();
    count
}

/// Puts one message in and commits.
async fn tell(db: &Db, audience: Audience<'_>, subject: &str, verb: &str) -> u64 {
    tell_by(db, audience, subject, verb, 20).await
}

async fn tell_by(db: &Db, audience: Audience<'_>, subject: &str, verb: &str, due: i64) -> u64 {
    let mut tx = db.begin().await.unwrap();
    let message = Message {
        subject,
        verb,
        body: None,
        now: 10,
        due,
    };
    let hosts = outbox::enqueue(&mut tx, audience, message).await.unwrap();
    tx.commit().await.unwrap();
    hosts
}

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

async fn local_people(db: &Db) -> (AccountId, ChannelId, ActorId) {
    let actor = db::accounts::insert_actor(db, "account", "alice", "Alice", "", 1).await;
    let user = db::users::NewUser {
        username: "alice",
        email: "alice@people.example",
        password_hash: "",
        role: names::Role::User,
        quota: -1,
        quota_daily: -1,
        now: 1,
    };
    let user = db::users::insert(db, user).await.unwrap();
    let account = db::accounts::insert(db, actor.unwrap(), user)
        .await
        .unwrap();
    let actor = db::accounts::insert_actor(db, "channel", "films", "Films", "", 1).await;
    let actor = actor.unwrap();
    let channel = db::channels::insert(db, actor, account, None)
        .await
        .unwrap();
    (account, channel, actor)
}

fn remote_actor<'a>(uri: &'a ActorUri, name: &'a str, now: i64) -> RemoteActor<'a> {
    RemoteActor {
        uri,
        kind: ActorKind::Application,
        name,
        display_name: "From afar",
        description: "",
        inbox: None,
        shared_inbox: None,
        outbox: None,
        public_key: Some("KEY"),
        picture_url: None,
        created_at: 1,
        now,
    }
}

async fn remote_people(db: &Db, host: &str) -> (AccountId, ChannelId) {
    let uri = |path: &str| ActorUri::parse(&format!("https://{host}/{path}")).unwrap();
    let (account, channel) = (uri("accounts/alice"), uri("video-channels/films"));
    let mut tx = db.begin().await.unwrap();
    let owner = remote_actors::upsert_account(&mut tx, &remote_actor(&account, "alice", 5)).await;
    let owner = owner.unwrap().unwrap();
    let channel = remote_actor(&channel, "films", 5);
    let channel = remote_actors::upsert_channel(&mut tx, &channel, owner, None).await;
    tx.commit().await.unwrap();
    (owner, channel.unwrap().unwrap())
}

fn remote_video<'a>(
    uri: &'a ObjectUri,
    host_id: HostId,
    (account_id, channel_id): (AccountId, ChannelId),
    uuid: u128,
) -> RemoteVideo<'a> {
    RemoteVideo {
        uri,
        host_id,
        uuid: VideoUuid(uuid::Uuid::from_u128(uuid)),
        account_id,
        channel_id,
        name: "A film from afar",
        description: "Mountains",
        support: None,
        category: None,
        licence: None,
        language: None,
        tags: &[],
        nsfw: false,
        privacy: Privacy::Public,
        download_enabled: true,
        comments_policy: 1,
        duration: 60,
        width: 640,
        height: 360,
        counts: Counts {
            views: Some(3),
            likes: Some(2),
            dislikes: Some(1),
            comments: None,
        },
        published_at: 1000,
        originally_published_at: None,
        document: "{}",
        thumbnail_url: None,
        preview_url: None,
        token: None,
        origin_updated_at: 2000,
        now: 3000,
    }
}

async fn upsert(db: &Db, video: &RemoteVideo<'_>) -> Upsert {
    let mut tx = db.begin().await.unwrap();
    let outcome = remote_videos::upsert(&mut tx, video).await.unwrap();
    tx.commit().await.unwrap();
    outcome
}

async fn found(db: &Db, word: &str, origin: Origin) -> i64 {
    let query = VideoQuery {
        search: Some(word.into()),
        origin,
        count: 10,
        ..VideoQuery::default()
    };
    video_list::search_ids(db, &query).await.unwrap().0
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

#[tokio::test]
async fn remote_actors_stay_apart_from_ours() {
    on_both(async |db| {
        let (account, _, films) = local_people(db).await;
        let (remote, _) = remote_people(db, "pod.example").await;
        let (elsewhere, _) = remote_people(db, "other.example").await;
        assert_ne!(remote, elsewhere);
        // The same names, and each is found by its own.
        let ours = db::accounts::by_name(db, "ALICE").await.unwrap().unwrap();
        assert_eq!((ours.id, ours.host.as_str()), (account, ""));
        let theirs = remote_actors::by_handle(db, "Alice", &host("pod.example"))
            .await
            .unwrap();
        assert_eq!((theirs.len(), theirs[0].account_id), (1, Some(remote)));
        assert_eq!(db::accounts::list(db, 0, 10).await.unwrap().0, 1);
        for (origin, total) in [(Origin::Any, 3), (Origin::Local, 1), (Origin::Remote, 2)] {
            let (count, page) = db::channels::list(db, origin, None, 0, 10).await.unwrap();
            assert_eq!((count, page.len() as i64), (total, total));
        }
        // Of one host a person and a group may share a name.
        let uri = ActorUri::parse("https://pod.example/c/alice").unwrap();
        let group = remote_actor(&uri, "alice", 6);
        let id = remote_actors::upsert(db, &group).await.unwrap().unwrap();
        let theirs = remote_actors::by_handle(db, "alice", &host("pod.example"))
            .await
            .unwrap();
        assert_eq!(theirs.len(), 2);
        // A uri stays of its kind, and a second fetch brings the row up to date.
        let person = RemoteActor {
            kind: ActorKind::Account,
            ..group.clone()
        };
        assert_eq!(remote_actors::upsert(db, &person).await.unwrap(), None);
        let later = RemoteActor {
            public_key: Some("ANOTHER"),
            now: 9,
            ..group
        };
        assert_eq!(remote_actors::upsert(db, &later).await.unwrap(), Some(id));
        let row = remote_actors::by_uri(db, &uri).await.unwrap().unwrap();
        assert_eq!(
            (row.public_key.as_deref(), row.refreshed_at),
            (Some("ANOTHER"), Some(9))
        );
        // A channel belongs to an account of its own host.
        let uri = ActorUri::parse("https://evil.example/video-channels/x").unwrap();
        let channel = remote_actor(&uri, "x", 1);
        for owner in [account, remote] {
            let mut tx = db.begin().await.unwrap();
            let outcome = remote_actors::upsert_channel(&mut tx, &channel, owner, None).await;
            assert_eq!(outcome.unwrap(), None);
        }
        // What changes and removes our own actors does not reach others, and the other way round.
        let pod = theirs[0].id;
        db::accounts::update_actor(db, pod, Some("Changed"), None, 1)
            .await
            .unwrap();
        db::accounts::delete_actor(db, pod).await.unwrap();
        let row = remote_actors::by_id(db, pod).await.unwrap().unwrap();
        assert_eq!(row.display_name, "From afar");
        let keys = |text: &str| Keys {
            public: text.to_owned(),
            private: text.to_owned(),
        };
        assert!(remote_actors::keys(db, films).await.unwrap().is_none());
        for text in ["first", "second"] {
            let kept = remote_actors::get_or_put_keys(db, films, &keys(text))
                .await
                .unwrap();
            assert_eq!(
                (kept.public.as_str(), kept.private.as_str()),
                ("first", "first")
            );
        }
        assert!(
            remote_actors::get_or_put_keys(db, pod, &keys("x"))
                .await
                .is_err()
        );
        assert_eq!(
            remote_actors::remove_of_host(db, &host("pod.example"), 2)
                .await
                .unwrap(),
            2
        );
        assert_eq!(
            remote_actors::remove_of_host(db, &host("pod.example"), 2)
                .await
                .unwrap(),
            0
        );
        assert_eq!(db::accounts::list(db, 0, 10).await.unwrap().0, 1);
    })
    .await;
}

#[tokio::test]
async fn remote_videos_are_their_hosts_alone() {
    on_both(async |db| {
        let (account, channel, films) = local_people(db).await;
        let new = videos::NewVideo {
            uuid: VideoUuid(uuid::Uuid::from_u128(1)),
            account_id: account,
            channel_id: channel,
            name: "A film of ours",
            description: "",
            support: None,
            category: None,
            licence: None,
            language: None,
            tags: &[],
            nsfw: false,
            privacy: Privacy::Public,
            wait_transcoding: false,
            download_enabled: true,
            comments_policy: 1,
            p2p_enabled: true,
            source_name: "",
            source_size: 5,
            originally_published_at: None,
            now: 1,
        };
        let ours = videos::insert(db, new).await.unwrap();
        let published = videos::VideoChanges {
            state: Some(names::VideoState::Published),
            ..videos::VideoChanges::default()
        };
        videos::update(db, ours, &published, 2).await.unwrap();
        let row = videos::by_id(db, ours).await.unwrap().unwrap();
        db::search::refresh(db, &row).await.unwrap();

        let (pod, evil) = (
            host_id(db, "pod.example").await,
            host_id(db, "evil.example").await,
        );
        let people = remote_people(db, "pod.example").await;
        let evil_people = remote_people(db, "evil.example").await;
        let uri = ObjectUri::parse("https://pod.example/videos/watch/2").unwrap();
        let tags = ["Alps".to_owned()];
        let video = RemoteVideo {
            tags: &tags,
            ..remote_video(&uri, pod, people, 2)
        };
        let Upsert::Inserted(id) = upsert(db, &video).await else {
            panic!("it was not added");
        };
        assert_eq!(upsert(db, &video).await, Upsert::Unchanged(id));
        let older = RemoteVideo {
            name: "Older",
            origin_updated_at: 1999,
            ..video.clone()
        };
        assert_eq!(upsert(db, &older).await, Upsert::Unchanged(id));
        let newer = RemoteVideo {
            name: "Newer glaciers",
            origin_updated_at: 2001,
            ..video.clone()
        };
        assert_eq!(upsert(db, &newer).await, Upsert::Updated(id));
        let row = videos::find(db, VideoRef::Id(id)).await.unwrap().unwrap();
        assert_eq!(
            (row.video.name.as_str(), row.video.remote),
            ("Newer glaciers", true)
        );
        assert_eq!(
            (row.owner.channel_host.as_str(), row.video.tags()),
            ("pod.example", tags.to_vec())
        );
        assert_eq!(found(db, "glaciers", Origin::Any).await, 1);
        assert_eq!(found(db, "film", Origin::Any).await, 1);

        // A third host can neither change nor remove it, nor take what is ours, nor put words into another host's mouth.
        let forged = RemoteVideo {
            origin_updated_at: 9000,
            ..remote_video(&uri, evil, evil_people, 3)
        };
        assert_eq!(upsert(db, &forged).await, Upsert::NotItsOwn);
        let lent = RemoteVideo {
            origin_updated_at: 9000,
            ..remote_video(&uri, pod, evil_people, 3)
        };
        assert_eq!(upsert(db, &lent).await, Upsert::NotItsOwn);
        let own_uri = ObjectUri::parse("https://evil.example/videos/watch/1").unwrap();
        for people in [people, (account, channel), (evil_people.0, channel)] {
            let forged = remote_video(&own_uri, evil, people, 3);
            assert_eq!(upsert(db, &forged).await, Upsert::NotItsOwn);
        }
        for uuid in [1, 2] {
            let twin = remote_video(&own_uri, evil, evil_people, uuid);
            assert_eq!(upsert(db, &twin).await, Upsert::UuidTaken);
        }
        let mut tx = db.begin().await.unwrap();
        assert_eq!(
            remote_videos::remove(&mut tx, &uri, evil).await.unwrap(),
            None
        );
        tx.commit().await.unwrap();
        let counts = Counts {
            views: Some(50),
            likes: None,
            dislikes: Some(7),
            comments: Some(4),
        };
        assert!(remote_videos::count(db, id, counts).await.unwrap());
        assert!(!remote_videos::count(db, id, counts).await.unwrap());
        let row = videos::by_id(db, id).await.unwrap().unwrap();
        assert_eq!((row.likes, row.dislikes, row.comments), (2, 7, 4));
        assert!(!remote_videos::count(db, ours, counts).await.unwrap());

        // What our people do to videos does not reach it.
        let changes = videos::VideoChanges {
            name: Some("Mine now".into()),
            tags: Some(Vec::new()),
            ..videos::VideoChanges::default()
        };
        videos::update(db, id, &changes, 9).await.unwrap();
        videos::add_views(db, id, 100).await.unwrap();
        videos::delete(db, id).await.unwrap();
        let row = videos::by_id(db, id).await.unwrap().unwrap();
        assert_eq!((row.name.as_str(), row.views), ("Newer glaciers", 50));
        assert_eq!(number(db, "SELECT count(*) FROM video_tags").await, 1);

        for (origin, expected) in [
            (Origin::Any, vec![id, ours]),
            (Origin::Local, vec![ours]),
            (Origin::Remote, vec![id]),
        ] {
            let query = VideoQuery {
                origin,
                count: 10,
                ..VideoQuery::default()
            };
            let mut ids = video_list::page_ids(db, &query).await.unwrap();
            ids.sort_by_key(|id| std::cmp::Reverse(*id));
            assert_eq!(ids, expected);
            let total = video_list::total(db, &query).await.unwrap();
            assert_eq!(total, expected.len() as i64);
        }
        assert_eq!(found(db, "film", Origin::Local).await, 1);
        assert_eq!(found(db, "glaciers", Origin::Local).await, 0);
        assert_eq!(
            videos::listed_here(db, VideoId(0), 10).await.unwrap(),
            [ours]
        );
        assert_eq!(videos::listed_here(db, ours, 10).await.unwrap(), []);
        let mine = VideoQuery {
            scope: video_list::Scope::Mine(account),
            count: 10,
            ..VideoQuery::default()
        };
        assert_eq!(video_list::page_ids(db, &mine).await.unwrap(), [ours]);
        let (used, _) = db::users::used(db, names::UserId(1), 0).await.unwrap();
        assert_eq!(used, 5);
        let beside = remote_videos::of_videos(db, &[ours, id]).await.unwrap();
        assert_eq!((beside.len(), beside[0].host.as_str()), (1, "pod.example"));
        assert!(remote_videos::by_id(db, ours).await.unwrap().is_none());

        // One that is no longer public is not found any more.
        let hidden = RemoteVideo {
            privacy: Privacy::Unlisted,
            origin_updated_at: 3000,
            ..newer
        };
        assert_eq!(upsert(db, &hidden).await, Upsert::Updated(id));
        assert_eq!(found(db, "glaciers", Origin::Any).await, 0);
        let mut tx = db.begin().await.unwrap();
        assert_eq!(
            remote_videos::remove(&mut tx, &uri, pod).await.unwrap(),
            Some(id)
        );
        tx.commit().await.unwrap();
        assert!(remote_videos::by_uri(db, &uri).await.unwrap().is_none());
        assert_eq!(number(db, "SELECT count(*) FROM videos").await, 1);
        assert!(remote_actors::by_id(db, films).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn a_whole_list_replaces_what_was_known_of_a_host() {
    on_both(async |db| {
        let pod = host_id(db, "pod.example").await;
        let people = remote_people(db, "pod.example").await;
        let uris: Vec<ObjectUri> = (0..5)
            .map(|n| ObjectUri::parse(&format!("https://pod.example/videos/watch/{n}")).unwrap())
            .collect();
        for (n, uri) in uris.iter().enumerate() {
            let video = remote_video(uri, pod, people, 10 + n as u128);
            assert!(matches!(upsert(db, &video).await, Upsert::Inserted(_)));
        }
        // Two are mentioned, one of them changed.
        for (n, updated_at) in [(1, 2000), (3, 2500)] {
            let video = RemoteVideo {
                token: Some("today"),
                origin_updated_at: updated_at,
                ..remote_video(&uris[n], pod, people, 10 + n as u128)
            };
            upsert(db, &video).await;
        }
        let clean = async || {
            let mut tx = db.begin().await.unwrap();
            let gone = remote_videos::remove_unmentioned(&mut tx, pod, "today", 2)
                .await
                .unwrap();
            tx.commit().await.unwrap();
            gone.len()
        };
        assert_eq!((clean().await, clean().await, clean().await), (2, 1, 0));
        let left = remote_videos::uris_of_host(db, pod, VideoId(0), 10)
            .await
            .unwrap();
        let left: Vec<_> = left.iter().map(|(_, uri, _)| uri.clone()).collect();
        assert_eq!(left, [uris[1].clone(), uris[3].clone()]);
        assert_eq!(found(db, "mountains", Origin::Any).await, 2);

        // An actor goes with its videos, a host with all of them.
        let channel = ActorUri::parse("https://pod.example/video-channels/films").unwrap();
        assert!(!remote_actors::remove(db, &channel).await.unwrap());
        let mut tx = db.begin().await.unwrap();
        let gone = remote_videos::remove_of_actor(&mut tx, &channel, 1)
            .await
            .unwrap();
        assert_eq!(gone.len(), 1);
        let gone = remote_videos::remove_of_host(&mut tx, pod, 10)
            .await
            .unwrap();
        assert_eq!(gone.len(), 1);
        tx.commit().await.unwrap();
        assert_eq!(remote_videos::count_of_host(db, pod).await.unwrap(), 0);
        assert_eq!(found(db, "mountains", Origin::Any).await, 0);
        assert!(remote_actors::remove(db, &channel).await.unwrap());
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
