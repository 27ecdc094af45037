//! What others have to be told of a change, as rows of the outbox in the transaction of the change. Of a video only that it changed is
//! noted: what it is like is read when it is sent, so ten changes within a second are one message, and a video that comes and goes
//! before anybody was told is none.

use super::Network;
use db::{
    Result, Tx,
    outbox::{Audience, Message, enqueue},
    videos::Video,
};
use names::VideoUuid;

/// Changes of this long are told together (ms).
const TOGETHER: i64 = 500;

/// The subject of a video in the outbox.
pub(crate) fn subject(video: VideoUuid) -> String {
    format!("video:{video}")
}

/// The video of a subject.
pub(crate) fn video_of(subject: &str) -> Option<VideoUuid> {
    VideoUuid::parse(subject.strip_prefix("video:")?).ok()
}

/// A video of this pod was one thing and is another now: nothing, when it was not there or is gone.
pub(crate) async fn of_video(
    tx: &mut Tx,
    before: Option<&Video>,
    after: Option<&Video>,
    now: i64,
) -> Result<()> {
    let told = |video: &&Video| video.listed() && !video.remote;
    let verb = match (before.filter(told), after.filter(told)) {
        (None, None) => return Ok(()),
        (None, Some(_)) => "create",
        (Some(_), Some(_)) => "update",
        (Some(_), None) => "delete",
    };
    let Some(video) = after.or(before) else {
        return Ok(());
    };
    // Other servers take a video back from its account alone, and who that was cannot be read any more when it is sent.
    let account = match verb {
        "delete" => db::accounts::name_of(&mut *tx, video.account_id).await?,
        _ => None,
    };
    let message = Message {
        subject: &subject(video.uuid),
        verb,
        body: account.as_deref(),
        now,
        due: now + TOGETHER,
    };
    let heralds = db::follows::heralds(
        &mut *tx,
        super::POD_NAME,
        video.account_id,
        video.channel_id,
    )
    .await?;
    enqueue(tx, Audience::Network(&heralds), message).await?;
    Ok(())
}

impl Network {
    /// To be called after a commit that may have left something to be told.
    pub(crate) fn told(&self) {
        self.wake.notify_one();
    }
}
