//! The tables of the network, on both engines: what waits for other pods, whom it is told, and that a remote row never touches one
//! of ours or of a third host.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

mod index;
mod relations;
mod waiting;

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
