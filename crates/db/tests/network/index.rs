//! What lives elsewhere: remote people and videos are their hosts' alone.

use super::*;

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

/// The next video gets a number as if there had been so many.
async fn as_if_there_had_been(db: &Db, videos: i64) {
    let postgres = Sql::new("SELECT setval(pg_get_serial_sequence('videos', 'id'), $1)");
    if { db }.run(postgres.bind(videos)).await.is_err() {
        let sqlite = Sql::new("UPDATE sqlite_sequence SET seq = $1 WHERE name = 'videos'");
        { db }.run(sqlite.bind(videos)).await.unwrap();
    }
}

async fn search(db: &Db, word: &str, start: i64) -> Vec<VideoId> {
    let query = VideoQuery {
        search: Some(word.into()),
        start,
        count: 4,
        ..VideoQuery::default()
    };
    video_list::search_ids(db, &query).await.unwrap().1
}

#[tokio::test]
async fn however_large_the_index_the_newest_are_found_first_and_the_oldest_at_all() {
    on_both(async |db| {
        let people = remote_people(db, "pod.example").await;
        let theirs = host_id(db, "pod.example").await;
        let mut newest_first = Vec::new();
        for (round, before) in [0, 9_000, 9_500, 150_000, 3_000_000]
            .into_iter()
            .enumerate()
        {
            if before > 0 {
                as_if_there_had_been(db, before).await;
            }
            for turn in 0..2 {
                let number = round * 2 + turn;
                let uri = format!("https://pod.example/videos/{number}");
                let uri = ObjectUri::parse(&uri).unwrap();
                let mut video = remote_video(&uri, theirs, people, number as u128 + 1);
                if number == 1 {
                    video.description = "Edelweiss";
                }
                let Upsert::Inserted(id) = upsert(db, &video).await else {
                    panic!("{number} was not new");
                };
                assert!(id.0 > before, "{id:?} after {before}");
                newest_first.insert(0, id);
            }
        }
        for start in [0, 3, 8] {
            let expected: Vec<_> = newest_first.iter().skip(start).take(4).copied().collect();
            assert_eq!(search(db, "film", start as i64).await, expected);
        }
        assert_eq!(search(db, "edelw", 0).await, newest_first[8..9]);
        assert_eq!(search(db, "nothing", 0).await, []);
        // A word that is written like the name of a place in the index.
        assert_eq!(search(db, "@a0", 0).await, []);
        assert_eq!(search(db, "a0", 0).await, []);

        // What changes stays where it is.
        let uri = ObjectUri::parse("https://pod.example/videos/1").unwrap();
        let mut changed = remote_video(&uri, theirs, people, 2);
        (changed.description, changed.origin_updated_at) = ("Gentian", 9000);
        assert_eq!(upsert(db, &changed).await, Upsert::Updated(newest_first[8]));
        assert_eq!(search(db, "edelweiss", 0).await, []);
        assert_eq!(search(db, "gentian", 0).await, newest_first[8..9]);
    })
    .await;
}

#[tokio::test]
async fn lists_of_a_tag_are_in_the_order_of_publication() {
    on_both(async |db| {
        let people = remote_people(db, "pod.example").await;
        let theirs = host_id(db, "pod.example").await;
        let tags = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let list = async |tag: &str| {
            let query = VideoQuery {
                tags_any: vec![tag.to_owned()],
                count: 10,
                ..VideoQuery::default()
            };
            let ids = video_list::page_ids(db, &query).await.unwrap();
            assert_eq!(
                video_list::total(db, &query).await.unwrap(),
                ids.len() as i64
            );
            ids
        };
        let mut ids = Vec::new();
        for (number, published_at, its) in [
            (1, 500, "Alps snow"),
            (2, 900, "alps"),
            (3, 100, "snow alps"),
            (4, 700, "sea"),
        ] {
            let uri = ObjectUri::parse(&format!("https://pod.example/videos/{number}")).unwrap();
            let its = tags(its);
            let video = RemoteVideo {
                tags: &its,
                published_at,
                ..remote_video(&uri, theirs, people, number)
            };
            let Upsert::Inserted(id) = upsert(db, &video).await else {
                panic!("{number} was not new");
            };
            ids.push(id);
        }
        assert_eq!(list("alps").await, [ids[1], ids[0], ids[2]]);
        assert_eq!(list("snow").await, [ids[0], ids[2]]);

        // It was published later than was thought, and has another tag.
        let uri = ObjectUri::parse("https://pod.example/videos/3").unwrap();
        let its = tags("alps");
        let changed = RemoteVideo {
            tags: &its,
            published_at: 800,
            origin_updated_at: 9000,
            ..remote_video(&uri, theirs, people, 3)
        };
        assert_eq!(upsert(db, &changed).await, Upsert::Updated(ids[2]));
        assert_eq!(list("alps").await, [ids[1], ids[2], ids[0]]);
        assert_eq!(list("snow").await, [ids[0]]);
        // With another filter the table of the videos is asked as well.
        let query = VideoQuery {
            tags_any: vec!["alps".to_owned()],
            nsfw: Some(false),
            duration_min: Some(10),
            count: 2,
            start: 1,
            ..VideoQuery::default()
        };
        let page = video_list::page_ids(db, &query).await.unwrap();
        assert_eq!(page, [ids[2], ids[0]]);
        assert_eq!(video_list::total(db, &query).await.unwrap(), 3);

        // What is not for everybody is in no list.
        let hidden = ObjectUri::parse("https://pod.example/videos/2").unwrap();
        let its = tags("alps");
        let hidden = RemoteVideo {
            tags: &its,
            privacy: Privacy::Unlisted,
            origin_updated_at: 9000,
            ..remote_video(&hidden, theirs, people, 2)
        };
        assert_eq!(upsert(db, &hidden).await, Upsert::Updated(ids[1]));
        assert_eq!(list("alps").await, [ids[2], ids[0]]);

        let mut tx = db.begin().await.unwrap();
        let removed = remote_videos::remove(&mut tx, &uri, theirs).await.unwrap();
        assert_eq!(removed, Some(ids[2]));
        tx.commit().await.unwrap();
        assert_eq!(list("alps").await, [ids[0]]);
    })
    .await;
}
