//! What this pod is and has, in the words of ActivityPub: its own actor with its key, its people and channels, its videos. Addresses have
//! PeerTube's shapes, because others have learnt them.

use super::{Keys, POD_NAME};
use crate::{Error, Pod, Result, videos::Details};
use db::{Tx, accounts::Account, channels::Channel, remote_actors, renditions::Rendition};
use fedi::{
    Actor, ActorKey, ActorKind, Attribution, Audience, CommentsPolicy, Counts, File, HlsPlaylist,
    Image, Link, PodProtocol, Streams, Video, keys::PrivateKey,
};
use names::{ActorId, ActorUri, InboxUri, KeyUri, ObjectUri, VideoUuid};
use podnet::envelope::OpeningKey;
use std::sync::Arc;

/// Makes an address below the pod's own. It was checked when the configuration was read.
pub(super) fn below<T: std::str::FromStr<Err = names::Invalid>>(
    pod: &Pod,
    path: &str,
) -> Result<T> {
    format!("{}{path}", pod.settings.public_url)
        .parse()
        .map_err(|why| Error::Internal(anyhow::anyhow!("an address of this pod: {why}")))
}

/// The pod's own actor.
pub fn pod_uri(pod: &Pod) -> Result<ActorUri> {
    account_uri(pod, POD_NAME)
}

pub fn account_uri(pod: &Pod, name: &str) -> Result<ActorUri> {
    below(pod, &format!("/accounts/{name}"))
}

pub fn channel_uri(pod: &Pod, name: &str) -> Result<ActorUri> {
    below(pod, &format!("/video-channels/{name}"))
}

pub fn video_uri(pod: &Pod, video: VideoUuid) -> Result<ObjectUri> {
    below(pod, &format!("/videos/watch/{video}"))
}

/// A new address for an activity: `what` tells people who read logs what it was.
pub(crate) fn activity_uri(pod: &Pod, what: &str) -> Result<ObjectUri> {
    below(pod, &format!("/activities/{what}/{}", uuid::Uuid::new_v4()))
}

fn link(pod: &Pod, path: &str) -> Result<Link> {
    below::<ObjectUri>(pod, path)?
        .as_str()
        .parse::<LinkText>()
        .map(|link| link.0)
        .map_err(|why| Error::Internal(anyhow::anyhow!("{why}")))
}

/// `Link` has a parser of its own name.
struct LinkText(Link);

impl std::str::FromStr for LinkText {
    type Err = names::Invalid;

    fn from_str(text: &str) -> std::result::Result<Self, names::Invalid> {
        Link::parse(text).map(Self)
    }
}

/// The pod's keys, made when they are first needed.
pub(crate) async fn keys(pod: &Pod) -> Result<&Keys> {
    let make = async || {
        let actor = own_actor(pod).await?;
        let private = keys_of(pod, actor.id).await?;
        let opening = OpeningKey::from_pkcs8(private.der())
            .map_err(|why| Error::Internal(anyhow::anyhow!("the pod's key: {why}")))?;
        let uri = pod_uri(pod)?;
        Ok::<_, Error>(Keys {
            private: Arc::new(private),
            opening: Arc::new(opening),
            id: key_uri(&uri)?,
        })
    };
    pod.network.keys.get_or_try_init(make).await
}

/// The row of the pod's own actor.
pub(crate) async fn own_actor(pod: &Pod) -> Result<remote_actors::Actor> {
    let mut tx = pod.db.begin().await?;
    let actor = own_actor_in(pod, &mut tx).await?;
    tx.commit().await?;
    Ok(actor)
}

/// The same in the caller's transaction.
pub(crate) async fn own_actor_in(pod: &Pod, tx: &mut Tx) -> Result<remote_actors::Actor> {
    Ok(remote_actors::of_this_pod(tx, POD_NAME, &pod.settings.name, pod.now()).await?)
}

/// What an id of this pod's says of its actor.
fn named<'a>(pod: &Pod, uri: &'a ActorUri) -> Option<(names::ActorKind, &'a str)> {
    use names::ActorKind::{Account, Application, Channel};
    let path = uri.as_str().strip_prefix(&pod.settings.public_url)?;
    let mut parts = path.split('/');
    let named = match (parts.next()?, parts.next()?, parts.next()?) {
        ("", "accounts", POD_NAME) => (Application, POD_NAME),
        ("", "accounts", name) => (Account, name),
        ("", "video-channels", name) => (Channel, name),
        _ => return None,
    };
    parts.next().is_none().then_some(named)
}

/// The row of an actor of this pod that is known by this id.
pub(crate) async fn actor_of(pod: &Pod, uri: &ActorUri) -> Result<Option<remote_actors::Actor>> {
    match named(pod, uri) {
        Some((names::ActorKind::Application, _)) => own_actor(pod).await.map(Some),
        Some(named) => of_this_name(&pod.db, named).await,
        None => Ok(None),
    }
}

/// The same in the caller's transaction.
pub(crate) async fn actor_in(
    pod: &Pod,
    tx: &mut Tx,
    uri: &ActorUri,
) -> Result<Option<remote_actors::Actor>> {
    match named(pod, uri) {
        Some((names::ActorKind::Application, _)) => own_actor_in(pod, tx).await.map(Some),
        Some(named) => of_this_name(tx, named).await,
        None => Ok(None),
    }
}

async fn of_this_name(
    db: impl db::Executor,
    (kind, name): (names::ActorKind, &str),
) -> Result<Option<remote_actors::Actor>> {
    let found = remote_actors::local_by_name(db, name).await?;
    Ok(found.filter(|actor| actor.kind == kind && actor.name == name))
}

/// The key with which an actor of this pod signs.
pub(crate) async fn signer(pod: &Pod, uri: &ActorUri) -> Result<Option<(PrivateKey, KeyUri)>> {
    let Some(actor) = actor_of(pod, uri).await? else {
        return Ok(None);
    };
    Ok(Some((keys_of(pod, actor.id).await?, key_uri(uri)?)))
}

/// The key of an actor of this pod, made when it is first needed.
pub(crate) async fn keys_of(pod: &Pod, actor: ActorId) -> Result<PrivateKey> {
    let bad =
        |why: fedi::keys::BadKey| Error::Internal(anyhow::anyhow!("the key of an actor: {why}"));
    if let Some(keys) = remote_actors::keys(&pod.db, actor).await? {
        return PrivateKey::from_pem(&keys.private).map_err(bad);
    }
    // Making one takes a tenth of a second of work.
    let made = tokio::task::spawn_blocking(PrivateKey::generate)
        .await?
        .map_err(bad)?;
    let keys = remote_actors::Keys {
        public: made.public().to_pem(),
        private: made.to_pem(),
    };
    let held = remote_actors::get_or_put_keys(&pod.db, actor, &keys).await?;
    PrivateKey::from_pem(&held.private).map_err(bad)
}

pub(crate) fn key_uri(actor: &ActorUri) -> Result<KeyUri> {
    KeyUri::parse(&format!("{actor}#main-key"))
        .map_err(|why| Error::Internal(anyhow::anyhow!("{why}")))
}

/// What all actors of this pod have in common.
fn actor(pod: &Pod, kind: ActorKind, id: ActorUri, name: &str, key: &PrivateKey) -> Result<Actor> {
    let place = |what: &str| ObjectUri::parse(&format!("{id}/{what}"));
    let wrong = |why: names::Invalid| Error::Internal(anyhow::anyhow!("{why}"));
    let inbox = InboxUri::parse(&format!("{id}/inbox")).map_err(wrong)?;
    Ok(Actor {
        shared_inbox: Some(below(pod, "/inbox")?),
        outbox: Some(place("outbox").map_err(wrong)?),
        followers: Some(place("followers").map_err(wrong)?),
        following: Some(place("following").map_err(wrong)?),
        key: Some(ActorKey {
            id: key_uri(&id)?,
            owner: id.clone(),
            key: key.public().clone(),
        }),
        ..Actor::new(kind, id, name.to_owned(), inbox)
    })
}

/// The actor of the pod itself.
pub async fn pod_actor(pod: &Pod) -> Result<Actor> {
    let keys = keys(pod).await?;
    let speaks = pod.speaks();
    let capabilities = speaks.capabilities.iter().map(|it| it.name().to_owned());
    Ok(Actor {
        display_name: Some(pod.settings.name.clone()),
        summary: Some(pod.settings.description.clone()),
        url: Some(link(pod, "/about")?),
        pod: Some(PodProtocol {
            protocol: speaks.protocol.0.into(),
            oldest_protocol: speaks.oldest_protocol.0.into(),
            capabilities: capabilities.collect(),
        }),
        ..actor(
            pod,
            ActorKind::Application,
            pod_uri(pod)?,
            POD_NAME,
            &keys.private,
        )?
    })
}

/// The actor of an account of this pod.
pub async fn account_actor(pod: &Pod, account: &Account) -> Result<Actor> {
    let key = keys_of(pod, account.actor_id).await?;
    let id = account_uri(pod, &account.name)?;
    Ok(Actor {
        display_name: Some(account.display_name.clone()),
        summary: (!account.description.is_empty()).then(|| account.description.clone()),
        url: Some(link(pod, &format!("/a/{}", account.name))?),
        icons: picture(pod, account.avatar.as_deref())?,
        published: Some(account.created_at),
        ..actor(pod, ActorKind::Person, id, &account.name, &key)?
    })
}

/// The actor of a channel of this pod.
pub async fn channel_actor(pod: &Pod, channel: &Channel, account: &str) -> Result<Actor> {
    let key = keys_of(pod, channel.actor_id).await?;
    let id = channel_uri(pod, &channel.name)?;
    Ok(Actor {
        display_name: Some(channel.display_name.clone()),
        summary: (!channel.description.is_empty()).then(|| channel.description.clone()),
        support: channel.support.clone(),
        url: Some(link(pod, &format!("/c/{}", channel.name))?),
        icons: picture(pod, channel.avatar.as_deref())?,
        attributed_to: vec![Attribution {
            actor: account_uri(pod, account)?,
            kind: Some(ActorKind::Person),
        }],
        published: Some(channel.created_at),
        ..actor(pod, ActorKind::Group, id, &channel.name, &key)?
    })
}

fn picture(pod: &Pod, avatar: Option<&str>) -> Result<Vec<Image>> {
    let Some(name) = avatar else {
        return Ok(Vec::new());
    };
    Ok(vec![Image {
        url: link(pod, &format!("/lazy-static/avatars/{name}"))?,
        media_type: Some("image/jpeg".into()),
        width: None,
        height: None,
    }])
}

/// A video of this pod that everybody may see.
pub fn video(pod: &Pod, details: &Details) -> Result<Video> {
    let Details {
        video: row,
        owner,
        renditions,
        ..
    } = details;
    let id = video_uri(pod, row.uuid)?;
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    let channel = channel_uri(pod, &owner.channel_name)?;
    let shared = pod.settings.p2p.off(row.into()).is_none();
    let mut video = Video::new(id.clone(), row.name.clone());
    video.uuid = Some(row.uuid);
    video.description.content = (!row.description.is_empty()).then(|| row.description.clone());
    video.description.media_type = Some("text/markdown".into());
    video.support = row.support.clone();
    video.duration = number(row.duration);
    video.category = row.category.map(number);
    video.licence = row.licence.map(number);
    video.language = row.language.clone();
    video.tags = row.tags();
    video.sensitive = row.nsfw;
    video.views = number(row.views);
    video.state = Some(1);
    video.wait_transcoding = row.wait_transcoding;
    video.comments_policy = match row.comments_policy {
        2 => CommentsPolicy::Disabled,
        3 => CommentsPolicy::RequiresApproval,
        _ => CommentsPolicy::Enabled,
    };
    video.download_enabled = row.download_enabled;
    video.aspect_ratio = (row.height > 0).then(|| number(row.width * 1000 / row.height));
    video.published = Some(row.published_at);
    video.updated = Some(row.updated_at);
    video.originally_published = row.originally_published_at;
    video.attributed_to = vec![
        Attribution {
            actor: account_uri(pod, &owner.account_name)?,
            kind: Some(ActorKind::Person),
        },
        Attribution {
            actor: channel.clone(),
            kind: Some(ActorKind::Group),
        },
    ];
    video.audience = Audience::public(&format!("{channel}/followers"));
    video.links.page = Some(link(pod, &format!("/videos/watch/{}", row.uuid))?);
    if shared {
        video.links.trackers = pod.tracker_urls();
    }
    if let Some(name) = row.playlist.as_ref().filter(|_| !renditions.is_empty()) {
        let folder = format!("/static/streaming-playlists/hls/{}", row.uuid);
        let mut playlist = HlsPlaylist::new(link(pod, &format!("{folder}/{name}"))?);
        for rendition in renditions {
            playlist.files.push(file(pod, &folder, details, rendition)?);
        }
        video.links.playlists.push(playlist);
    }
    for (name, place, width, height) in [
        (&row.thumbnail, "thumbnails", 280, 157),
        (&row.preview, "previews", 850, 480),
    ] {
        if let Some(name) = name {
            video.icons.push(Image {
                url: link(pod, &format!("/lazy-static/{place}/{name}"))?,
                media_type: Some("image/jpeg".into()),
                width: Some(width),
                height: Some(height),
            });
        }
    }
    let place = |what: &str| ObjectUri::parse(&format!("{id}/{what}")).ok();
    video.likes = place("likes");
    video.dislikes = place("dislikes");
    video.shares = place("announces");
    video.comments = place("comments");
    video.counts = Some(Counts {
        likes: number(row.likes),
        dislikes: number(row.dislikes),
        comments: number(row.comments),
    });
    Ok(video)
}

fn file(pod: &Pod, folder: &str, details: &Details, rendition: &Rendition) -> Result<File> {
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    let url = link(pod, &format!("{folder}/{}", rendition.file))?;
    let mut file = File::new(
        url,
        "video/mp4",
        number(rendition.resolution),
        number(rendition.size),
    );
    file.width = Some(number(rendition.width));
    file.fps = Some(number(rendition.fps));
    file.streams = Some(match (rendition.has_video, rendition.has_audio) {
        (true, false) => Streams::Video,
        (false, _) => Streams::Audio,
        (true, true) => Streams::Both,
    });
    file.fragmented = true;
    file.torrent = Some(link(
        pod,
        &format!("/lazy-static/torrents/{}", rendition.torrent),
    )?);
    file.magnet = crate::playlists::magnet(pod, &details.video, rendition);
    Ok(file)
}
