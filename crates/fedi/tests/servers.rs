//! What other servers send: one document of each kind, written after the published documentation of PeerTube, Mastodon, Pleroma, Lemmy, Misskey
//! and GoToSocial. Each is read, and written and read again without a difference; what matters in it is compared.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail wherever something is not as it must be"
)]

use std::path::Path;

use fedi::nodeinfo::{NodeInfo, WellKnown};
use fedi::webfinger::Jrd;
use fedi::{
    Activity, Actor, ActorKey, ActorKind, Chapters, CommentsPolicy, Deed, Object, Told, Video,
};
use names::KeyUri;

const VIDEO: &str = "https://tube.example/videos/watch/9c9de5e8-0a1e-484a-b099-e80766180a6d";

fn asset(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/assets");
    std::fs::read(folder.join(format!("{name}.json"))).unwrap()
}

fn object(name: &str) -> Object {
    Object::parse(&asset(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn activity(name: &str) -> Activity {
    Activity::parse(&asset(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// An object in a line.
fn line(object: &Object) -> String {
    match object {
        Object::Actor(actor) => format!("{} {}", actor.kind.name(), actor.name),
        Object::Video(video) => format!("Video {}", video.name),
        Object::Note(note) => {
            let to = note.in_reply_to.as_ref();
            let to = to.map_or("nothing", |id| {
                if id.as_str() == VIDEO {
                    "the video"
                } else {
                    "another"
                }
            });
            format!("Note on {to}: {}", note.content)
        }
        Object::Playlist(playlist) => format!("Playlist {}", playlist.name),
        Object::PlaylistElement(element) => format!("PlaylistElement {}", element.position),
        Object::CacheFile(file) => format!("CacheFile of {}", file.video),
        Object::Tombstone(stone) => format!("Tombstone {}", stone.id),
        Object::Collection(list) => format!("Collection of {:?}", list.total),
        Object::Page(page) => format!("Page of {}", page.items.len()),
        Object::Activity(activity) => format!("{} by {}", told(activity), activity.actor),
        Object::Other { kind, .. } => format!("Other {kind}"),
    }
}

/// An activity in a line, without its actor.
fn told(activity: &Activity) -> String {
    let kind = activity.deed.kind();
    let said = match (&activity.deed, activity.object()) {
        (_, Some(Told::Here(object))) => line(object),
        (_, Some(Told::Elsewhere(id))) => format!("fetch {id}"),
        (Deed::Accept(followed) | Deed::Reject(followed), _) => {
            format!("follow {}", followed.id.as_ref().unwrap())
        }
        (Deed::Undo(undone), _) => {
            let what = undone.deed.as_ref().unwrap();
            format!("{} {}", what.kind(), what.target().unwrap())
        }
        (deed, _) => deed.target().unwrap().to_string(),
    };
    format!("{kind} {said}").replace(VIDEO, "VIDEO")
}

#[test]
fn every_document_is_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/assets");
    let mut seen = 0;
    for server in std::fs::read_dir(folder).unwrap() {
        for file in std::fs::read_dir(server.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap();
            match name {
                "webfinger" => drop(Jrd::parse(&bytes).unwrap()),
                "nodeinfo" => drop(NodeInfo::parse(&bytes).unwrap()),
                "nodeinfo_links" => drop(WellKnown::parse(&bytes).unwrap()),
                "chapters" => drop(Chapters::from_json(fedi::read(&bytes).unwrap()).unwrap()),
                "key_stub" => drop(Object::parse(&bytes).unwrap_err()),
                _ => {
                    let object = Object::parse(&bytes).unwrap_or_else(|e| panic!("{path:?}: {e}"));
                    let line = line(&object);
                    assert!(!line.starts_with("Other"), "{path:?}: {line}");
                    let again = Object::from_json(object.document()).unwrap();
                    assert_eq!(again, object, "{path:?}");
                }
            }
            seen += 1;
        }
    }
    assert!(seen > 75, "{seen}");
}

#[test]
fn what_is_done() {
    for (name, expected) in [
        ("peertube/create_video", "Create Video Rowing at dawn"),
        ("peertube/update_video_8", "Update Video Rowing at dawn"),
        ("peertube/announce", "Announce fetch VIDEO"),
        (
            "peertube/follow",
            "Follow https://pod.example/accounts/peertube",
        ),
        (
            "peertube/accept",
            "Accept follow https://pod.example/accounts/peertube/follows/3",
        ),
        (
            "peertube/reject",
            "Reject follow https://pod.example/accounts/peertube/follows/4",
        ),
        (
            "peertube/undo_follow",
            "Undo Follow https://pod.example/accounts/peertube",
        ),
        (
            "peertube/dislike",
            "Dislike https://pod.example/videos/watch/1",
        ),
        (
            "peertube/create_dislike",
            "Dislike https://pod.example/videos/watch/1",
        ),
        ("peertube/view", "View https://pod.example/videos/watch/1"),
        ("peertube/viewer", "View VIDEO"),
        ("peertube/delete", "Delete VIDEO"),
        ("peertube/flag", "Flag https://pod.example/videos/watch/1"),
        (
            "peertube/create_cache_file",
            "Create CacheFile of https://pod.example/videos/watch/1",
        ),
        (
            "mastodon/update_note",
            "Update Note on the video: <p>very lovely</p>",
        ),
        ("mastodon/update_actor", "Update Person finn"),
        (
            "mastodon/follow",
            "Follow https://tube.example/video-channels/boats",
        ),
        (
            "mastodon/undo_follow",
            "Undo Follow https://tube.example/video-channels/boats",
        ),
        (
            "mastodon/accept",
            "Accept follow https://tube.example/video-channels/boats/follows/4",
        ),
        ("mastodon/like", "Like VIDEO"),
        ("mastodon/undo_like", "Undo Like VIDEO"),
        ("mastodon/announce", "Announce fetch VIDEO"),
        (
            "mastodon/delete_note",
            "Delete https://social.example/users/finn/statuses/113",
        ),
        (
            "mastodon/delete_actor",
            "Delete https://social.example/users/finn",
        ),
        ("mastodon/flag", "Flag https://tube.example/accounts/mara"),
        ("pleroma/create_note", "Create Note on the video: good one"),
        (
            "pleroma/follow",
            "Follow https://tube.example/video-channels/boats",
        ),
        ("pleroma/like", "Like VIDEO"),
        ("pleroma/announce", "Announce fetch VIDEO"),
        ("pleroma/undo_like", "Undo Like VIDEO"),
        (
            "pleroma/delete_note",
            "Delete https://ple.example/objects/0c1d",
        ),
        (
            "lemmy/create_note",
            "Create Note on the video: <p>nice</p>\n",
        ),
        (
            "lemmy/announce_create",
            "Announce Create Note on the video: <p>nice</p>\n by https://lem.example/u/lou",
        ),
        ("lemmy/announce_page", "Announce Other Page"),
        (
            "lemmy/follow",
            "Follow https://tube.example/video-channels/boats",
        ),
        ("lemmy/like", "Like VIDEO"),
        ("lemmy/dislike", "Dislike VIDEO"),
        ("lemmy/undo_dislike", "Undo Dislike VIDEO"),
        ("lemmy/delete_note", "Delete https://lem.example/comment/9"),
        (
            "misskey/create_note",
            "Create Note on the video: <p>いいね</p>",
        ),
        (
            "misskey/follow",
            "Follow https://tube.example/video-channels/boats",
        ),
        ("misskey/like", "Like VIDEO"),
        ("misskey/announce", "Announce fetch VIDEO"),
        (
            "misskey/undo_follow",
            "Undo Follow https://tube.example/video-channels/boats",
        ),
        ("misskey/delete_note", "Delete https://mis.example/notes/n1"),
        (
            "gotosocial/create_note",
            "Create Note on the video: <p>calm</p>",
        ),
        (
            "gotosocial/follow",
            "Follow https://tube.example/video-channels/boats",
        ),
        (
            "gotosocial/accept",
            "Accept follow https://tube.example/video-channels/boats/follows/5",
        ),
        ("gotosocial/like", "Like VIDEO"),
        ("gotosocial/announce", "Announce fetch VIDEO"),
        (
            "gotosocial/delete_note",
            "Delete https://gts.example/users/zoe/statuses/01H",
        ),
    ] {
        let activity = activity(name);
        assert_eq!(told(&activity), expected, "{name}");
        let home = ["", "tube", "social", "ple", "lem", "mis", "gts"]
            .iter()
            .any(|host| activity.host().as_str() == format!("{host}.example"));
        assert!(home, "{name}");
    }
}

#[test]
fn actors() {
    for (name, kind, username, key, shared, icons) in [
        (
            "peertube/application",
            ActorKind::Application,
            "peertube",
            "#main-key",
            Some("/inbox"),
            2,
        ),
        (
            "peertube/account",
            ActorKind::Person,
            "mara",
            "#main-key",
            Some("/inbox"),
            2,
        ),
        (
            "peertube/channel",
            ActorKind::Group,
            "boats",
            "#main-key",
            Some("/inbox"),
            2,
        ),
        (
            "mastodon/actor",
            ActorKind::Person,
            "finn",
            "#main-key",
            Some("/inbox"),
            1,
        ),
        (
            "pleroma/actor",
            ActorKind::Person,
            "kai",
            "#main-key",
            Some("/inbox"),
            1,
        ),
        (
            "lemmy/person",
            ActorKind::Person,
            "lou",
            "#main-key",
            Some("/inbox"),
            0,
        ),
        (
            "lemmy/community",
            ActorKind::Group,
            "boats",
            "#main-key",
            Some("/inbox"),
            0,
        ),
        (
            "misskey/actor",
            ActorKind::Person,
            "rin",
            "#main-key",
            Some("/inbox"),
            0,
        ),
        (
            "gotosocial/actor",
            ActorKind::Person,
            "zoe",
            "/main-key",
            Some("/sharedInbox"),
            1,
        ),
    ] {
        let Object::Actor(actor) = object(name) else {
            panic!("{name} is an actor");
        };
        assert_eq!((actor.kind, &*actor.name), (kind, username), "{name}");
        let id = actor.id.as_str();
        assert_eq!(
            actor.key.as_ref().unwrap().id.as_str(),
            format!("{id}{key}")
        );
        assert_eq!(actor.inbox.as_str(), format!("{id}/inbox"));
        let expected = shared.map(|path| format!("https://{}{path}", actor.id.host()));
        assert_eq!(
            actor.shared_inbox.as_ref().map(ToString::to_string),
            expected
        );
        assert_eq!(actor.delivery(), actor.shared_inbox.as_ref().unwrap());
        assert_eq!(actor.icons.len(), icons, "{name}");
        assert!(actor.outbox.is_some(), "{name}");
    }
    let Object::Actor(channel) = object("peertube/channel") else {
        panic!("it is an actor");
    };
    assert_eq!(
        channel.account().unwrap().as_str(),
        "https://tube.example/accounts/mara"
    );
    assert_eq!(channel.support.as_deref(), Some("Buy me a rope"));
    assert_eq!(channel.banners.len(), 1);
    assert_eq!(
        channel.url.unwrap().as_str(),
        "https://tube.example/c/boats/videos"
    );
    let Object::Actor(finn) = object("mastodon/actor") else {
        panic!("it is an actor");
    };
    assert!(finn.manually_approves);
    assert_eq!(finn.display_name.as_deref(), Some("Finn 🐟"));
    assert_eq!(finn.published, Some(1_667_606_400_000));
}

#[test]
fn a_key_without_its_actor() {
    let document = fedi::read(&asset("gotosocial/key_stub")).unwrap();
    let id = KeyUri::parse("https://gts.example/users/zoe/main-key").unwrap();
    let key = ActorKey::find(&document, &id).unwrap();
    assert_eq!(key.owner.as_str(), "https://gts.example/users/zoe");
    let other = KeyUri::parse("https://gts.example/users/max/main-key").unwrap();
    assert_eq!(ActorKey::find(&document, &other), None);
    assert!(Actor::from_json(document).is_err());
}

fn video(object: &Object) -> &Video {
    match object {
        Object::Video(video) => video,
        other => panic!("{other:?} is no video"),
    }
}

#[test]
fn a_video_of_peertube() {
    let object = object("peertube/video");
    let video = video(&object);
    assert_eq!(video.id.as_str(), VIDEO);
    assert_eq!(video.uuid.unwrap().to_string(), &VIDEO[VIDEO.len() - 36..]);
    assert_eq!(
        (&*video.name, video.duration, video.views),
        ("Rowing at dawn", 185, 42)
    );
    assert_eq!((video.category, video.licence), (Some(5), Some(2)));
    assert_eq!(video.language.as_deref(), Some("en"));
    assert_eq!(video.tags, ["rowing", "morning"]);
    assert_eq!(video.published, Some(1_790_851_966_396));
    assert_eq!(video.originally_published, Some(1_593_561_600_000));
    assert_eq!(video.comments_policy, CommentsPolicy::Enabled);
    assert_eq!(video.aspect_ratio, Some(1778));
    assert_eq!(
        video.account().unwrap().as_str(),
        "https://tube.example/accounts/mara"
    );
    assert_eq!(
        video.channel().unwrap().as_str(),
        "https://tube.example/video-channels/boats"
    );
    assert!(video.audience.is_listed() && video.download_enabled && video.wait_transcoding);
    assert_eq!(
        video.page().unwrap().as_str(),
        "https://tube.example/w/kS9p3hT2v4Zx"
    );
    assert_eq!(video.icons.len(), 2);
    assert_eq!(video.storyboard.as_ref().unwrap().tile_seconds, 2);
    let captions: Vec<_> = video.captions.iter().collect();
    assert_eq!((captions.len(), captions[1].automatic), (2, true));
    assert!(
        captions
            .iter()
            .all(|caption| caption.url.as_str().ends_with(".vtt"))
    );
    assert_eq!(
        video.chapters.as_ref().unwrap().as_str(),
        format!("{VIDEO}/chapters")
    );
    assert_eq!(
        video.comments.as_ref().unwrap().as_str(),
        format!("{VIDEO}/comments")
    );
    assert_eq!(video.links.trackers.len(), 2);
    assert_eq!(video.links.files.len(), 1);
    let playlist = &video.links.playlists[0];
    assert_eq!((playlist.infohashes.len(), playlist.files.len()), (2, 2));
    assert!(playlist.hashes.is_some());
    for (file, height) in playlist.files.iter().zip([720, 360]) {
        assert_eq!((file.height, file.fps), (height, Some(30)));
        assert!(file.fragmented && file.metadata.is_some());
        let torrent = format!("{height}-hls.torrent");
        assert!(file.torrent.as_ref().unwrap().as_str().ends_with(&torrent));
        assert!(
            file.magnet
                .as_ref()
                .unwrap()
                .contains(&format!("{height:040x}"))
        );
    }
}

#[test]
fn other_videos_of_peertube() {
    let newer = activity("peertube/update_video_8");
    let Some(Told::Here(object)) = newer.object() else {
        panic!("it is told by its own host");
    };
    let newer = video(object);
    assert_eq!(
        newer.account().unwrap().as_str(),
        "https://tube.example/accounts/mara"
    );
    assert_eq!(
        newer.channel().unwrap().as_str(),
        "https://tube.example/video-channels/boats"
    );
    assert_eq!(newer.licence, Some(2));
    assert_eq!(newer.comments_policy, CommentsPolicy::RequiresApproval);
    let live = self::object("peertube/live");
    let live = video(&live);
    let how = live.live.unwrap();
    assert!(how.save_replay && !how.permanent);
    assert_eq!(
        (how.latency, live.state, live.category),
        (Some(3), Some(4), None)
    );
    assert_eq!(live.links.playlists[0].files.len(), 0);
}

#[test]
fn lists_and_the_rest() {
    let Object::Page(page) = object("peertube/outbox_page") else {
        panic!("it is a page");
    };
    let host = names::Host::parse("tube.example").unwrap();
    let Told::Here(Object::Activity(first)) = page.items[0].told_by(&host) else {
        panic!("the page tells it");
    };
    assert_eq!(told(first), "Announce fetch VIDEO");
    let Object::Collection(replies) = object("mastodon/replies") else {
        panic!("it is a list");
    };
    let page = replies.page.unwrap();
    assert_eq!((page.items.len(), page.next.is_some()), (2, true));
    // What a page says of things elsewhere is not believed.
    assert!(matches!(page.items[1].told_by(&host), Told::Elsewhere(_)));
    let view = activity("peertube/viewer").deed;
    assert!(matches!(view, Deed::View(view) if view.viewers == Some(12)));
    let flag = activity("peertube/flag").deed;
    assert!(matches!(flag, Deed::Flag(flag) if flag.reasons == ["spamOrMisleading"]));
    let note = activity("gotosocial/create_note");
    let Some(Told::Here(Object::Note(note))) = note.object() else {
        panic!("it is a note");
    };
    assert_eq!(note.published, Some(1_795_168_800_000));
    assert_eq!(
        note.mentions[0].actor.as_str(),
        "https://tube.example/accounts/mara"
    );
    assert!(note.audience.is_listed());
    let jrd = Jrd::parse(&asset("mastodon/webfinger")).unwrap();
    assert_eq!(
        jrd.actor().unwrap().as_str(),
        "https://social.example/users/finn"
    );
    assert_eq!(jrd.handle().unwrap().to_string(), "finn@social.example");
    let node = NodeInfo::parse(&asset("peertube/nodeinfo")).unwrap();
    assert_eq!((&*node.software, node.usage.users), ("peertube", Some(40)));
    let known = WellKnown::parse(&asset("peertube/nodeinfo_links")).unwrap();
    assert_eq!(
        known.newest().unwrap().as_str(),
        "https://tube.example/nodeinfo/2.0.json"
    );
    assert!(known.actor.is_some());
}
