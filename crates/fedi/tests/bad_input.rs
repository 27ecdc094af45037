//! What hostile servers send: things that belong to others, documents without end, addresses that lead elsewhere. Each is refused with a sentence,
//! or cut, or handed out as something that has to be fetched first; nothing is slow.

use std::time::{Duration, Instant};

use fedi::{Activity, Actor, Deed, Object, Told, Unreadable};
use names::{ActorUri, ObjectUri};
use serde_json::{Value, json};

fn activity(kind: &str, object: Value) -> Result<Activity, Unreadable> {
    Activity::from_json(json!({
        "id": "https://evil.example/1",
        "type": kind,
        "actor": "https://evil.example/users/eve",
        "object": object,
    }))
}

fn video(id: &str, by: &str) -> Value {
    json!({"type": "Video", "id": id, "name": "A video", "attributedTo": [{"type": "Person", "id": by}]})
}

const EVE: &str = "https://evil.example/users/eve";
const MARA: &str = "https://tube.example/accounts/mara";

#[test]
fn what_belongs_to_others_is_fetched() {
    for (object, believed) in [
        (video("https://evil.example/v", EVE), true),
        // A forged Update from a well-signed third host.
        (video("https://tube.example/v", MARA), false),
        (video("https://tube.example/v", EVE), false),
        // An own id, but somebody else's name on it.
        (video("https://evil.example/v", MARA), false),
        // A port is another host.
        (video("https://evil.example:8443/v", EVE), false),
        (json!("https://tube.example/v"), false),
    ] {
        for kind in ["Create", "Update", "Announce"] {
            let activity = activity(kind, object.clone()).unwrap();
            let told = activity.object().unwrap();
            assert_eq!(matches!(told, Told::Here(_)), believed, "{kind} {object}");
        }
    }
    let forged = activity("Delete", json!("https://tube.example/v")).unwrap();
    let Deed::Delete(id) = &forged.deed else {
        panic!("it is a Delete");
    };
    assert!(!forged.speaks_for(id));
    // On the same host, but not the owner.
    let max = ActorUri::parse("https://evil.example/users/max").unwrap();
    assert!(!forged.is_by(&[max]));
    assert!(forged.is_by(&[ActorUri::parse(EVE).unwrap()]));
}

#[test]
fn what_others_did_is_not_undone() {
    for (object, good) in [
        (
            json!({"type": "Like", "id": "https://evil.example/l", "actor": EVE, "object": "https://tube.example/v"}),
            true,
        ),
        (
            json!({"type": "Like", "id": "https://evil.example/l", "actor": MARA, "object": "https://tube.example/v"}),
            false,
        ),
        (
            json!({"type": "Like", "id": "https://tube.example/l", "object": "https://tube.example/v"}),
            false,
        ),
        (json!("https://tube.example/l"), false),
        (json!("https://evil.example/l"), true),
    ] {
        let undone = activity("Undo", object.clone());
        assert_eq!(undone.is_ok(), good, "{object}");
    }
    let wrapped = json!({"type": "Dislike", "id": "https://evil.example/d", "actor": "https://evil.example/users/max", "object": "https://tube.example/v"});
    assert!(activity("Create", wrapped).is_err());
    let foreign = json!({"id": "https://tube.example/1", "type": "Like", "actor": EVE, "object": "https://tube.example/v"});
    assert_eq!(
        Activity::from_json(foreign).unwrap_err().to_string(),
        "the activity's id is on another host than its actor"
    );
}

#[test]
fn what_is_fetched_lives_there() {
    let from = ObjectUri::parse("https://evil.example/v").unwrap();
    for (document, good) in [
        (video("https://evil.example/v", EVE), true),
        (video("https://tube.example/v", MARA), false),
        (video("https://evil.example/v", MARA), false),
        (json!({"type": "Other"}), false),
    ] {
        let read = Object::fetched(document.to_string().as_bytes(), &from);
        assert_eq!(read.is_ok(), good, "{document}: {read:?}");
    }
}

fn actor(changes: &[(&str, Value)]) -> Result<Actor, Unreadable> {
    let mut actor = json!({"type": "Person", "id": EVE, "preferredUsername": "eve", "inbox": format!("{EVE}/inbox")});
    for (key, value) in changes {
        actor[*key] = value.clone();
    }
    Actor::from_json(actor)
}

#[test]
fn actors_speak_for_themselves() {
    assert!(actor(&[]).is_ok());
    // Our deliveries would hit somebody else.
    assert!(actor(&[("inbox", json!("https://victim.example/login"))]).is_err());
    let shared = json!({"sharedInbox": "https://victim.example/login"});
    assert_eq!(actor(&[("endpoints", shared)]).unwrap().shared_inbox, None);
    let outbox = actor(&[("outbox", json!("https://victim.example/"))]).unwrap();
    assert_eq!(outbox.outbox, None);
    let pem = fedi::keys::PrivateKey::generate()
        .unwrap()
        .public()
        .to_pem();
    let key = |id: &str, owner: &str| {
        let key = json!({"id": id, "owner": owner, "publicKeyPem": pem});
        actor(&[("publicKey", key)]).unwrap().key.is_some()
    };
    assert!(key("https://evil.example/users/eve#main-key", EVE));
    assert!(!key("https://tube.example/accounts/mara#main-key", EVE));
    assert!(!key("https://evil.example/users/eve#main-key", MARA));
    for (key, value) in [
        ("id", json!("javascript:alert(1)")),
        ("id", Value::Null),
        ("type", json!("Robot")),
        ("preferredUsername", json!("")),
        ("inbox", json!(7)),
    ] {
        assert!(actor(&[(key, value.clone())]).is_err(), "{key} {value}");
    }
    let fetched = serde_json::to_vec(&actor(&[]).unwrap()).unwrap();
    let elsewhere = ActorUri::parse("https://tube.example/users/eve").unwrap();
    assert!(Actor::fetched(&fetched, &elsewhere).is_err());
}

#[test]
fn without_end() {
    let start = Instant::now();
    let tags = json!({"type": "Hashtag", "name": "tag"}).to_string();
    let with = |list: &str, element: &str, number: usize| {
        let elements = vec![element; number].join(",");
        format!(
            "{{\"type\":\"Video\",\"id\":\"https://evil.example/v\",\"name\":\"x\",\"{list}\":[{elements}]}}"
        )
    };
    // A million tags are more than a megabyte; as many as fit are cut.
    let million = with("tag", &tags, 1_000_000);
    assert!(matches!(
        Object::parse(million.as_bytes()),
        Err(Unreadable::TooLong(_))
    ));
    let Object::Video(cut) = Object::parse(with("tag", &tags, 25_000).as_bytes()).unwrap() else {
        panic!("it is a video");
    };
    assert_eq!(cut.tags.len(), 30);
    let file = json!({"type": "Link", "mediaType": "video/mp4", "href": "https://evil.example/f"});
    let Object::Video(cut) =
        Object::parse(with("url", &file.to_string(), 9000).as_bytes()).unwrap()
    else {
        panic!("it is a video");
    };
    assert_eq!(cut.links.files.len(), 50);
    // Activities in activities, as deep as is read, and deeper.
    let nested = |depth: usize| {
        let open = "{\"id\":\"https://evil.example/1\",\"type\":\"Announce\",\"actor\":\"https://evil.example/a\",\"object\":";
        format!(
            "{}\"https://evil.example/1\"{}",
            open.repeat(depth),
            "}".repeat(depth)
        )
    };
    assert!(Object::parse(nested(32).as_bytes()).is_ok());
    assert_eq!(
        Object::parse(nested(33).as_bytes()),
        Err(Unreadable::TooDeep(32))
    );
    let deep = format!("{}{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    assert_eq!(Object::parse(deep.as_bytes()), Err(Unreadable::TooDeep(32)));
    let huge = vec![b' '; 64 << 20];
    assert!(matches!(Object::parse(&huge), Err(Unreadable::TooLong(_))));
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn texts_are_bounded() {
    let name = format!("a\u{0}{}", "b".repeat(5000));
    let value = json!({"type": "Video", "id": "https://evil.example/v", "name": name, "content": "c".repeat(90_000)});
    let Object::Video(video) = Object::from_json(value).unwrap() else {
        panic!("it is a video");
    };
    assert_eq!(video.name.len(), 500);
    assert!(!video.name.contains('\0'));
    assert_eq!(video.description.content.unwrap().len(), 50_000);
}
