//! Whether viewers of a video exchange pieces of it: what the admin has decided for the pod, what the owner has decided for the video,
//! and what follows from who may see it. Every place that tracks, offers or names a swarm asks here. What a viewer decides for
//! themselves is the page's business and needs no rule.

use crate::{Clock, Pod, secrets, viewing::Viewers};
use bittorrent::InfoHash;
use db::{Db, renditions::Shared, videos::Video};
use names::Privacy;
use std::sync::Arc;

/// What the admin has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Whether viewers share the load at all.
    pub enabled: bool,
    /// Also of unlisted videos.
    pub unlisted: bool,
    /// Also of sensitive videos.
    pub sensitive: bool,
    /// Only while so many watch a video; 1 is always.
    pub least_viewers: u32,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            enabled: true,
            unlisted: false,
            sensitive: false,
            least_viewers: 1,
        }
    }
}

/// Why viewers of a video do not exchange pieces of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Off {
    /// The pod does not do that.
    Pod,
    /// The owner does not want it.
    Owner,
    /// Not everybody may see the video.
    Private,
    /// It is unlisted.
    Unlisted,
    /// It is sensitive.
    Sensitive,
    /// Too few watch at the moment.
    Few,
}

impl Off {
    /// The word for it in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pod => "pod",
            Self::Owner => "owner",
            Self::Private => "private",
            Self::Unlisted => "unlisted",
            Self::Sensitive => "sensitive",
            Self::Few => "few",
        }
    }
}

/// What of a video matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    pub privacy: Privacy,
    pub sensitive: bool,
    /// The owner's switch.
    pub wanted: bool,
}

impl From<&Video> for Traits {
    fn from(video: &Video) -> Self {
        Self {
            privacy: video.privacy,
            sensitive: video.nsfw,
            wanted: video.p2p_enabled,
        }
    }
}

impl From<&Shared> for Traits {
    fn from(shared: &Shared) -> Self {
        Self {
            privacy: shared.privacy,
            sensitive: shared.nsfw,
            wanted: shared.p2p_enabled,
        }
    }
}

impl Terms {
    /// Why a video has no swarm, however many watch it; `None` when it has one. What cannot be changed comes first.
    pub fn off(self, video: Traits) -> Option<Off> {
        let reasons = [
            (!self.enabled, Off::Pod),
            (!video.privacy.open_by_link(), Off::Private),
            (!video.wanted, Off::Owner),
            (
                video.privacy == Privacy::Unlisted && !self.unlisted,
                Off::Unlisted,
            ),
            (video.sensitive && !self.sensitive, Off::Sensitive),
        ];
        let (_, reason) = reasons.into_iter().find(|(holds, _)| *holds)?;
        Some(reason)
    }
}

/// Knows of an infohash whether it has a swarm, for the tracker and the seeder.
#[derive(Clone)]
pub(crate) struct Gate {
    pub db: Db,
    pub terms: Terms,
    pub viewers: Arc<Viewers>,
    pub clock: Clock,
}

impl Gate {
    /// The files of an infohash that the pod shares.
    pub async fn shared(&self, infohash: InfoHash) -> Option<Shared> {
        let found = db::renditions::shared(&self.db, &secrets::hex(&infohash.0)).await;
        let found = found.unwrap_or_else(|error| {
            tracing::error!(%error, "the files of an infohash cannot be asked for");
            None
        });
        found.filter(|shared| self.terms.off(shared.into()).is_none())
    }

    /// The same, if enough people watch the video at the moment.
    pub async fn shared_now(&self, infohash: InfoHash) -> Option<Shared> {
        let shared = self.shared(infohash).await?;
        let (least, now) = (self.terms.least_viewers, self.clock.now());
        let enough = self.viewers.enough(shared.video_id, least, now);
        enough.then_some(shared)
    }
}

/// Why viewers of a video do not exchange pieces of it now.
pub fn off_now(pod: &Pod, video: &Video) -> Option<Off> {
    let terms = pod.settings.p2p;
    let few = || {
        let enough = (pod.viewers).enough(video.id, terms.least_viewers, pod.now());
        (!enough).then_some(Off::Few)
    };
    terms.off(video.into()).or_else(few)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_shares() {
        let pod = Terms::default();
        let open = Terms {
            unlisted: true,
            sensitive: true,
            ..pod
        };
        let closed = Terms {
            enabled: false,
            ..open
        };
        let video = |privacy, sensitive, wanted| Traits {
            privacy,
            sensitive,
            wanted,
        };
        use Privacy::{Private, Public, Unlisted};
        for (video, by_default, when_open) in [
            (video(Public, false, true), None, None),
            (
                video(Public, false, false),
                Some(Off::Owner),
                Some(Off::Owner),
            ),
            (video(Public, true, true), Some(Off::Sensitive), None),
            (video(Unlisted, false, true), Some(Off::Unlisted), None),
            (video(Unlisted, true, true), Some(Off::Unlisted), None),
            (
                video(Unlisted, true, false),
                Some(Off::Owner),
                Some(Off::Owner),
            ),
            (
                video(Private, false, true),
                Some(Off::Private),
                Some(Off::Private),
            ),
        ] {
            assert_eq!(pod.off(video), by_default, "{video:?}");
            assert_eq!(open.off(video), when_open, "{video:?}");
            assert_eq!(closed.off(video), Some(Off::Pod), "{video:?}");
        }
    }
}
