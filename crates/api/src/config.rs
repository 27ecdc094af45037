//! What clients need to know of the pod before anything else.

use crate::views::{Ready, written};
use app::{
    Pod, Settings, SignUp,
    network::followers::{Approval, FollowBack},
    uploads::EXTENSIONS,
};
use axum::{Json, extract::State};
use serde_json::{Value, json};

/// The pod's public configuration: the part of PeerTube's that there is something to say about.
#[utoipa::path(get, path = "/api/v1/config", tag = "pod", responses((status = 200, body = Object)))]
pub async fn show(State(pod): State<Pod>) -> Ready {
    Ready(pod.lists.config(|| written(&public(&pod.settings))))
}

fn public(settings: &Settings) -> Value {
    let open = settings.sign_up == SignUp::Open;
    let heights = &settings.transcoding.ladder.heights;
    let entry_pods: Vec<_> = settings
        .network
        .entry_pods
        .iter()
        .map(names::Host::as_str)
        .collect();
    let pictures = [".png", ".jpg", ".jpeg", ".webp", ".gif"];
    json!({
        "client": { "videos": { "miniature": { "displayAuthorAvatar": true, "preferAuthorDisplayName": false } } },
        "defaults": {
            "publish": { "downloadEnabled": true, "commentsPolicy": 1, "privacy": 1, "licence": null },
            "p2p": { "webapp": { "enabled": settings.p2p.enabled }, "embed": { "enabled": settings.p2p.enabled } },
            "player": { "autoPlay": true },
        },
        "instance": {
            "name": settings.name,
            "shortDescription": settings.description,
            "isNSFW": false,
            "defaultNSFWPolicy": "warn",
            "defaultClientRoute": "/videos/browse",
            "customizations": { "javascript": "", "css": "" },
        },
        "serverVersion": settings.version,
        "signup": {
            "allowed": open,
            "allowedForCurrentIP": open,
            "minimumAge": 16,
            "requiresApproval": false,
            "requiresEmailVerification": false,
        },
        "transcoding": {
            "hls": { "enabled": true },
            "web_videos": { "enabled": false },
            "enabledResolutions": heights,
            "remoteRunners": { "enabled": false },
        },
        "import": { "videos": { "http": { "enabled": false }, "torrent": { "enabled": false } } },
        "live": { "enabled": false },
        "avatar": { "file": { "size": { "max": app::images::MAX_PICTURE }, "extensions": pictures } },
        "banner": { "file": { "size": { "max": app::images::MAX_PICTURE }, "extensions": pictures } },
        "video": {
            "image": { "size": { "max": app::images::MAX_PICTURE }, "extensions": pictures },
            "file": { "extensions": EXTENSIONS, "size": { "max": settings.transcoding.max_upload } },
        },
        "user": { "videoQuota": settings.quota.number(), "videoQuotaDaily": settings.quota_daily.number() },
        "videoCaption": { "file": { "size": { "max": 0 }, "extensions": [] } },
        "tracker": { "enabled": settings.p2p.enabled },
        "trending": { "videos": { "intervalDays": 7, "algorithms": { "enabled": ["most-viewed"], "default": "most-viewed" } } },
        "followers": { "instance": {
            "enabled": settings.network.followers != Approval::Never,
            "manualApproval": settings.network.followers == Approval::Manual,
        } },
        "followings": { "instance": {
            "autoFollowBack": { "enabled": settings.network.follow_back == FollowBack::Automatic },
            "autoFollowIndex": { "enabled": false, "indexUrl": "" },
        } },
        "search": { "remoteUri": { "users": settings.network.users_fetch, "anonymous": settings.network.anonymous_fetch }, "searchIndex": { "enabled": false, "url": "" } },
        "network": { "entryPods": entry_pods, "host": settings.host() },
        "webrtc": { "stunServers": [] },
    })
}

/// What the pod says about itself.
#[utoipa::path(get, path = "/api/v1/config/about", tag = "pod", responses((status = 200, body = Object)))]
pub async fn about(State(pod): State<Pod>) -> Json<Value> {
    let settings = &pod.settings;
    Json(json!({
        "instance": {
            "name": settings.name,
            "shortDescription": settings.description,
            "description": settings.description,
            "terms": "", "codeOfConduct": "", "hardwareInformation": "", "creationReason": "",
            "moderationInformation": "", "administrator": "", "maintenanceLifetime": "", "businessModel": "",
            "languages": [], "categories": [],
        }
    }))
}
