//! The `@context` of documents that we send: which vocabulary each word belongs to. Few servers read it, but those that verify linked-data
//! signatures or store triples do, and PeerTube's words are not in the common one.

use serde_json::{Value, json};

/// Which words a document uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// ActivityStreams alone.
    Plain,
    /// Actors, and activities about them.
    Actor,
    /// Videos, and activities about them.
    Video,
    /// Comments.
    Comment,
    /// Playlists.
    Playlist,
    /// Copies of videos on other servers.
    CacheFile,
    /// Chapters of a video.
    Chapters,
    /// Reports.
    Flag,
}

/// Adds the context to an object.
pub fn document(mut object: Value, context: Context) -> Value {
    if let Value::Object(map) = &mut object {
        map.insert("@context".to_owned(), context.value());
    }
    object
}

impl Context {
    fn value(self) -> Value {
        let typed = |kind: &str, id: &str| json!({"@type": kind, "@id": id});
        let number = |word: &str| typed("sc:Number", &format!("pt:{word}"));
        let flag = |word: &str| typed("sc:Boolean", &format!("pt:{word}"));
        let words = match self {
            Self::Plain => json!({}),
            Self::Actor => json!({
                "playlists": typed("@id", "pt:playlists"),
                "support": typed("sc:Text", "pt:support"),
                "discoverable": "http://joinmastodon.org/ns#discoverable",
                "shoal": {"@type": "@json", "@id": "urn:x-shoal:pod"},
            }),
            Self::Video => json!({
                "Hashtag": "as:Hashtag",
                "PropertyValue": "sc:PropertyValue",
                "value": "sc:value",
                "category": "sc:category",
                "licence": "sc:license",
                "subtitleLanguage": "sc:subtitleLanguage",
                "automaticallyGenerated": "pt:automaticallyGenerated",
                "sensitive": "as:sensitive",
                "language": "sc:inLanguage",
                "identifier": "sc:identifier",
                "isLiveBroadcast": "sc:isLiveBroadcast",
                "liveSaveReplay": flag("liveSaveReplay"),
                "permanentLive": flag("permanentLive"),
                "latencyMode": number("latencyMode"),
                "Infohash": "pt:Infohash",
                "tileWidth": number("tileWidth"),
                "tileHeight": number("tileHeight"),
                "tileDuration": number("tileDuration"),
                "aspectRatio": typed("sc:Float", "pt:aspectRatio"),
                "uuid": typed("sc:identifier", "pt:uuid"),
                "originallyPublishedAt": "sc:datePublished",
                "uploadDate": "sc:uploadDate",
                "hasParts": "sc:hasParts",
                "views": number("views"),
                "state": number("state"),
                "size": number("size"),
                "fps": number("fps"),
                "commentsEnabled": flag("commentsEnabled"),
                "canReply": "pt:canReply",
                "commentsPolicy": number("commentsPolicy"),
                "downloadEnabled": flag("downloadEnabled"),
                "waitTranscoding": flag("waitTranscoding"),
                "support": typed("sc:Text", "pt:support"),
                "likes": typed("@id", "as:likes"),
                "dislikes": typed("@id", "as:dislikes"),
                "shares": typed("@id", "as:shares"),
                "comments": typed("@id", "as:comments"),
                "shoal": {"@type": "@json", "@id": "urn:x-shoal:pod"},
            }),
            Self::Comment => json!({
                "Hashtag": "as:Hashtag",
                "sensitive": "as:sensitive",
                "replyApproval": "pt:replyApproval",
            }),
            Self::Playlist => json!({
                "Playlist": "pt:Playlist",
                "PlaylistElement": "pt:PlaylistElement",
                "position": number("position"),
                "startTimestamp": number("startTimestamp"),
                "stopTimestamp": number("stopTimestamp"),
                "videoChannelPosition": number("position"),
                "uuid": typed("sc:identifier", "pt:uuid"),
            }),
            Self::CacheFile => json!({
                "expires": "sc:expires",
                "CacheFile": "pt:CacheFile",
                "size": number("size"),
                "fps": number("fps"),
            }),
            Self::Chapters => json!({
                "name": "sc:name",
                "hasPart": "sc:hasPart",
                "startOffset": "sc:startOffset",
                "endOffset": "sc:endOffset",
            }),
            Self::Flag => json!({"Hashtag": "as:Hashtag"}),
        };
        let mut context = vec![
            json!("https://www.w3.org/ns/activitystreams"),
            json!("https://w3id.org/security/v1"),
        ];
        if let Value::Object(mut words) = words
            && !words.is_empty()
        {
            words.insert("pt".to_owned(), json!("https://joinpeertube.org/ns#"));
            words.insert("sc".to_owned(), json!("http://schema.org/"));
            context.push(Value::Object(words));
        }
        Value::Array(context)
    }
}
