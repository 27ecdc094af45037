//! What a pod that there is not would tell of its people and videos: the activities of ActivityPub, as its letters would hold them.

use anyhow::{Context as _, Result};
use fedi::{
    Activity, ActorKind, Audience, Deed, File, HlsPlaylist, Image, Link, Object, Subject, Video,
};
use names::{ActorUri, ObjectUri};
use serde_json::value::RawValue;

use super::afar::{Afar, Made, attributed};

impl Afar {
    /// That an account or a channel describes itself.
    pub fn described(&self, id: &ActorUri, owner: Option<&ActorUri>) -> Result<Box<RawValue>> {
        let actor = self.description(id, owner)?;
        told(id, Object::Actor(Box::new(actor)), public(id))
    }

    /// That there is a video.
    pub fn told(&self, made: &Made) -> Result<Box<RawValue>> {
        let account = self.account(made.host, made.channel)?;
        let channel = self.channel(made.host, made.channel)?;
        let number = |n: i64| u64::try_from(n).unwrap_or(0);
        let mut video = Video::new(made.uri.clone(), made.name.clone());
        video.uuid = Some(made.uuid);
        video.description.content = Some(made.description.clone());
        video.description.media_type = Some("text/markdown".into());
        video.duration = number(made.duration);
        video.category = made.category.map(number);
        video.licence = made.licence.map(number);
        video.language = made.language.map(str::to_owned);
        video.tags = made.tags.clone();
        video.sensitive = made.nsfw;
        video.views = number(made.views);
        video.state = Some(1);
        video.download_enabled = true;
        video.aspect_ratio = Some(1778);
        video.published = Some(made.published);
        video.updated = Some(made.updated);
        video.attributed_to = vec![
            attributed(&account, ActorKind::Person),
            attributed(&channel, ActorKind::Group),
        ];
        video.audience = public(&channel);
        let document = self.document(made);
        video.links.page = Some(link(&document.page)?);
        video.links.trackers = document.trackers.clone();
        let playlist = document.playlist.context("it has a playlist")?;
        let mut playlist = HlsPlaylist::new(link(&playlist)?);
        for file in document.files {
            let magnet = |infohash: String| magnet(&infohash, &document.trackers);
            playlist.files.push(File {
                width: Some(number(file.width)),
                fps: Some(number(file.fps)),
                streams: Some(fedi::Streams::Both),
                fragmented: true,
                torrent: file.torrent.as_deref().map(link).transpose()?,
                magnet: file.infohash.map(magnet),
                ..File::new(
                    link(&file.url)?,
                    "video/mp4",
                    number(file.resolution),
                    number(file.size),
                )
            });
        }
        video.links.playlists.push(playlist);
        for (url, (width, height)) in self.pictures(made).iter().zip([(280, 157), (850, 480)]) {
            video.icons.push(Image {
                url: link(url)?,
                media_type: Some("image/jpeg".into()),
                width: Some(width),
                height: Some(height),
            });
        }
        let audience = video.audience.clone();
        told(&account, Object::Video(Box::new(video)), audience)
    }
}

fn link(text: &str) -> Result<Link> {
    Ok(Link::parse(text)?)
}

fn magnet(infohash: &str, trackers: &[String]) -> String {
    let trackers: String = trackers.iter().map(|url| format!("&tr={url}")).collect();
    format!("magnet:?xt=urn:btih:{infohash}{trackers}")
}

fn public(actor: &ActorUri) -> Audience {
    Audience::public(&format!("{actor}/followers"))
}

fn told(by: &ActorUri, object: Object, audience: Audience) -> Result<Box<RawValue>> {
    let id = format!("{by}/activities/{}", uuid::Uuid::new_v4());
    let subject = Subject::whole(object).context("an object without an id")?;
    let activity = Activity::new(ObjectUri::parse(&id)?, by.clone(), Deed::Update(subject));
    let text = serde_json::to_string(&activity.to(audience))?;
    Ok(RawValue::from_string(text)?)
}
