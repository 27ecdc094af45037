//! What we send: whatever PeerTube insists on is there, and everything is read again as it was, whatever is in it.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail wherever something is not as it must be"
)]

use fedi::{
    Activity, Actor, ActorKind, Attribution, Audience, Collection, Deed, File, Followed,
    HlsPlaylist, Image, Link, Links, Note, Object, PUBLIC, Page, PodProtocol, Streams, Subject,
    Undone, Video, View,
};
use names::{ActorUri, InboxUri, ObjectUri, VideoUuid};
use proptest::prelude::*;
use serde_json::{Value, json};

const ID: &str = "https://pod.example/videos/watch/9c9de5e8-0a1e-484a-b099-e80766180a6d";
const ALICE: &str = "https://pod.example/accounts/alice";
const CHANNEL: &str = "https://pod.example/video-channels/fish";

fn id(text: &str) -> ObjectUri {
    ObjectUri::parse(text).unwrap()
}

fn who(text: &str) -> ActorUri {
    ActorUri::parse(text).unwrap()
}

fn link(text: &str) -> Link {
    Link::parse(text).unwrap()
}

fn video() -> Video {
    let mut file = File::new(
        link("https://pod.example/f/720.mp4"),
        "video/mp4",
        720,
        1000,
    );
    file.fps = Some(25);
    file.streams = Some(Streams::Both);
    file.fragmented = true;
    file.torrent = Some(link("https://pod.example/f/720.torrent"));
    file.magnet = Some("magnet:?xt=urn:btih:00".into());
    let mut playlist = HlsPlaylist::new(link("https://pod.example/f/master.m3u8"));
    playlist.files = vec![file];
    let mut video = Video::new(id(ID), "Fish".into());
    video.uuid = VideoUuid::parse(&ID[ID.len() - 36..]).ok();
    video.duration = 61;
    video.category = Some(5);
    video.licence = Some(1);
    video.language = Some("en".into());
    video.tags = vec!["fish".into()];
    video.published = Some(1_795_416_352_123);
    video.updated = Some(1_795_416_352_123);
    video.attributed_to = vec![
        Attribution {
            actor: who(ALICE),
            kind: Some(ActorKind::Person),
        },
        Attribution {
            actor: who(CHANNEL),
            kind: Some(ActorKind::Group),
        },
    ];
    video.audience = Audience::public("https://pod.example/accounts/alice/followers");
    video.icons = vec![Image {
        url: link("https://pod.example/t.jpg"),
        media_type: Some("image/jpeg".into()),
        width: Some(280),
        height: Some(157),
    }];
    video.links = Links {
        page: Some(link("https://pod.example/w/abc")),
        files: Vec::new(),
        playlists: vec![playlist],
        trackers: vec!["wss://pod.example/tracker/socket".into()],
    };
    video
}

#[test]
fn a_video_has_what_peertube_insists_on() {
    let json = video().document();
    let digits = |value: &Value| value.as_str().unwrap().parse::<u64>().is_ok();
    assert_eq!(json["type"], "Video");
    assert_eq!(json["duration"], "PT61S");
    assert_eq!(json["uuid"].as_str().unwrap().len(), 36);
    assert!(digits(&json["category"]["identifier"]) && digits(&json["licence"]["identifier"]));
    assert_eq!(json["category"]["name"], "Sports");
    assert_eq!(
        json["language"],
        json!({"identifier": "en", "name": "English"})
    );
    assert_eq!(json["published"], "2026-11-23T06:45:52.123Z");
    assert!(json["updated"].is_string() && json["views"].is_u64());
    assert!(!json["icon"].as_array().unwrap().is_empty());
    assert_eq!(
        json["attributedTo"][1],
        json!({"type": "Group", "id": CHANNEL})
    );
    assert_eq!(json["to"], json!([PUBLIC]));
    assert_eq!(
        (&json["commentsPolicy"], &json["canReply"]),
        (&json!(1), &Value::Null)
    );
    let links = json["url"].as_array().unwrap();
    assert_eq!(links[0]["mediaType"], "text/html");
    assert_eq!(links[1]["mediaType"], "application/x-mpegURL");
    let tags = links[1]["tag"].as_array().unwrap();
    for (tag, kind) in tags.iter().zip([
        "video/mp4",
        "application/x-bittorrent",
        "application/x-bittorrent;x-scheme-handler/magnet",
    ]) {
        assert_eq!(
            (&tag["mediaType"], &tag["height"]),
            (&json!(kind), &json!(720))
        );
    }
    assert!(tags[0]["size"].is_u64());
    assert_eq!(links[2]["rel"], json!(["tracker", "websocket"]));
    assert_eq!(json["@context"][2]["pt"], "https://joinpeertube.org/ns#");
    let read = Object::from_json(json).unwrap();
    assert_eq!(read, Object::Video(Box::new(video())));
}

#[test]
fn actors_and_what_they_do() {
    let key = fedi::keys::PrivateKey::generate().unwrap();
    let pod = "https://pod.example/accounts/peertube";
    let inbox = InboxUri::parse(&format!("{pod}/inbox")).unwrap();
    let mut actor = Actor::new(ActorKind::Application, who(pod), "peertube".into(), inbox);
    actor.shared_inbox = InboxUri::parse("https://pod.example/inbox").ok();
    actor.key = Some(fedi::ActorKey {
        id: names::KeyUri::parse(&format!("{pod}#main-key")).unwrap(),
        owner: who(pod),
        key: key.public().clone(),
    });
    actor.pod = Some(PodProtocol {
        protocol: 1,
        oldest_protocol: 1,
        capabilities: vec!["envelope".into()],
    });
    let json = actor.document();
    assert_eq!(
        json["shoal"],
        json!({"protocol": 1, "oldestProtocol": 1, "capabilities": ["envelope"]})
    );
    let pem = json["publicKey"]["publicKeyPem"].as_str().unwrap();
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----"));
    assert_eq!(
        json["endpoints"]["sharedInbox"],
        "https://pod.example/inbox"
    );
    assert_eq!(Actor::from_json(json).unwrap(), actor);

    let whole = || Subject::whole(Object::Video(Box::new(video()))).unwrap();
    let far = id("https://tube.example/videos/watch/1");
    let mut note = Note::new(id(&format!("{ID}/comments/1")), who(ALICE), "Hello".into());
    note.in_reply_to = Some(id(ID));
    note.audience = Audience::public("https://pod.example/accounts/alice/followers");
    let note = Subject::whole(Object::Note(Box::new(note))).unwrap();
    let follow = Followed {
        id: Some(id("https://tube.example/follows/1")),
        follower: Some(who("https://tube.example/accounts/peertube")),
        followed: Some(who(pod)),
    };
    let undone = Undone {
        id: Some(id("https://pod.example/likes/1")),
        deed: Some(Box::new(Deed::Like(far.clone()))),
    };
    for deed in [
        Deed::Create(whole()),
        Deed::Update(whole()),
        Deed::Create(note),
        Deed::Announce(Subject::of(id(ID))),
        Deed::Delete(id(ID)),
        Deed::Follow(who("https://tube.example/accounts/peertube")),
        Deed::Accept(follow.clone()),
        Deed::Reject(follow),
        Deed::Undo(undone),
        Deed::Like(far.clone()),
        Deed::Dislike(far.clone()),
        Deed::View(View {
            video: far,
            viewers: Some(3),
            expires: Some(1_795_416_352_000),
        }),
    ] {
        let activity = Activity::new(id("https://pod.example/activities/1"), who(ALICE), deed);
        let activity = activity.to(Audience::unlisted("https://pod.example/followers"));
        let json = activity.document();
        assert!(json["@context"].is_array() && json["actor"].is_string());
        assert!(json["object"].get("@context").is_none());
        assert_eq!(Activity::from_json(json).unwrap(), activity);
    }
}

#[test]
fn lists_in_pages() {
    let list = Collection::new(
        id("https://pod.example/o"),
        2,
        Some(id("https://pod.example/o?page=1")),
    );
    let json = list.document();
    assert_eq!(
        (&json["type"], &json["totalItems"]),
        (&json!("OrderedCollection"), &json!(2))
    );
    assert_eq!(Collection::from_json(json).unwrap(), list);
    let items = vec![Subject::of(id(ALICE)), Subject::of(id(CHANNEL))];
    let mut page = Page::new(
        id("https://pod.example/o?page=1"),
        id("https://pod.example/o"),
        2,
        items,
    );
    page.next = Some(id("https://pod.example/o?page=2"));
    let json = page.document();
    assert_eq!(json["orderedItems"], json!([ALICE, CHANNEL]));
    assert_eq!(Page::from_json(json).unwrap(), page);
    let empty = Collection::new(id("https://pod.example/o"), 0, None).document();
    assert_eq!(empty["orderedItems"], json!([]));
}

/// Values in which keys and texts of the vocabulary are common, so that the readers get far.
fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("https://a.example/1".to_owned()),
        Just("https://b.example/2".to_owned()),
        Just("Video".to_owned()),
        Just("PT5S".to_owned()),
        Just("2026-11-23T06:45:52Z".to_owned()),
        Just("video/mp4".to_owned()),
        Just("application/x-mpegURL".to_owned()),
        Just("application/x-bittorrent".to_owned()),
        Just("Hashtag".to_owned()),
        "# ?[a-c#\u{0} ]{0,4}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        let keys = [
            "type",
            "id",
            "url",
            "href",
            "name",
            "tag",
            "icon",
            "first",
            "items",
            "mediaType",
            "height",
            "fps",
            "rel",
            "to",
            "identifier",
            "attributedTo",
            "actor",
            "object",
            "width",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::btree_map(prop::sample::select(keys.to_vec()), inner, 0..8)
                .prop_map(|map| map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_read_is_written_and_read(
        kind in prop::sample::select(vec![
            "Video", "Person", "Note", "Playlist", "CacheFile", "Collection", "OrderedCollectionPage",
            "Create", "Announce", "Undo", "Accept", "Flag", "View", "Tombstone",
        ]),
        fields in prop::collection::btree_map(prop::sample::select(vec![
            "name", "url", "tag", "icon", "preview", "subtitleLanguage", "category", "licence", "language",
            "attributedTo", "to", "cc", "object", "first", "items", "orderedItems", "content", "views",
            "aspectRatio", "published", "duration", "commentsPolicy", "publicKey", "endpoints", "shoal",
            "inReplyTo", "hasParts", "totalItems", "result", "isLiveBroadcast", "state",
        ]), any_value(), 0..20),
    ) {
        let mut value = json!({
            "type": kind, "id": "https://a.example/1", "actor": "https://a.example/actor",
            "inbox": "https://a.example/inbox", "preferredUsername": "a", "name": "n", "content": "c",
            "attributedTo": "https://a.example/actor", "object": "https://a.example/2",
        });
        for (key, field) in fields {
            value[key] = field;
        }
        if let Ok(object) = Object::from_json(value) {
            let again = Object::from_json(object.document());
            prop_assert_eq!(again, Ok(object));
        }
    }
}
