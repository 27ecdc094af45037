//! Row ids. One type per table, so that a channel's id can never be handed over as an
//! account's. They are small integers because the REST API shows them (PeerTube's clients
//! expect numbers).

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

id! {
    /// A person who can sign in.
    UserId,
    /// The public face of a user.
    AccountId,
    /// What an account and a channel have in common: name, picture, text.
    ActorId,
    /// A channel of an account; videos belong to channels.
    ChannelId,
    /// A video.
    VideoId,
    /// One encoding of a video.
    RenditionId,
    /// A durable job.
    JobId,
    /// Something that somebody said about a video.
    CommentId,
    /// Another pod or instance.
    HostId,
    /// One actor following another.
    FollowId,
    /// Something that another pod is still to be told.
    OutboxId,
}
