//! From the configuration, which is about files and words, to what the pod's crates want to know.

use std::path::PathBuf;

use app::network::Envelopes;
use app::network::followers::{Approval, FollowBack};
use app::swarms::Sharing;
use app::{Settings, SignUp, Transcoding};
use names::Quota;

use crate::config::{Config, Signup};

/// Problems that only show once values meet what the crates can do.
pub fn problems(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    if config.transcoding.max_upload == Quota::Bytes(0) {
        problems.push("transcoding.max_upload: nothing could be uploaded.".into());
    }
    if config.pod.name.trim().is_empty() {
        problems.push("pod.name: a pod has a name.".into());
    }
    problems
}

/// What the pod is opened with. `confine` is the program that jails ffmpeg: ourselves.
pub fn settings(config: &Config, confine: Option<PathBuf>) -> Settings {
    let wanted = &config.transcoding;
    let mut tools = media::Tools::new(&wanted.ffmpeg, &wanted.ffprobe);
    tools.limits.max_duration_s = wanted.max_duration.0.as_secs_f64();
    tools.confine = confine;
    let ladder = media::Ladder {
        heights: wanted.heights.0.iter().rev().copied().collect(),
        max_fps: wanted.fps_cap.0,
        preset: wanted.preset.word().into(),
        threads: wanted.threads.0,
        ..media::Ladder::default()
    };
    let files = config.files_url();
    Settings {
        public_url: config.public_url(),
        name: config.pod.name.clone(),
        description: config.pod.description.clone(),
        database: config.database_url(),
        files: PathBuf::from(files.strip_prefix("file:").unwrap_or(&files)),
        sign_up: match config.users.signup {
            Signup::Open => SignUp::Open,
            Signup::Closed => SignUp::Closed,
        },
        quota: config.users.quota,
        quota_daily: config.users.daily_quota,
        login_attempts_per_address: config.limits.login_attempts_per_address.0,
        login_attempts_per_account: config.limits.login_attempts_per_account.0,
        transcoding: Transcoding {
            tools,
            ladder,
            max_upload: match wanted.max_upload {
                Quota::Bytes(bytes) => bytes,
                Quota::Unlimited => u64::MAX,
            },
            jobs: wanted.jobs.0 as usize,
            keep_original: wanted.keep_original,
        },
        p2p: app::terms::Terms {
            enabled: config.p2p.enabled,
            unlisted: config.p2p.unlisted,
            sensitive: config.p2p.sensitive,
            least_viewers: config.p2p.least_viewers.0,
        },
        network: app::network::Terms {
            entry_pods: config.network.entry_pods.0.clone(),
            envelopes: if config.network.envelopes {
                Envelopes::Used
            } else {
                Envelopes::Unused
            },
            followers: match (config.followers.enabled, config.followers.manual_approval) {
                (false, _) => Approval::Never,
                (true, true) => Approval::Manual,
                (true, false) => Approval::Automatic,
            },
            follow_back: if config.followings.auto_follow_back {
                FollowBack::Automatic
            } else {
                FollowBack::Never
            },
            users_fetch: config.search.users_fetch,
            anonymous_fetch: config.search.anonymous_fetch,
        },
        sharing: Sharing {
            addresses: config.p2p.addresses.0.clone(),
            upload: rate(config.p2p.upload),
            upload_per_peer: rate(config.p2p.upload_per_peer),
            slots: config.p2p.upload_slots.0 as usize,
        },
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// Bytes per second, of which 0 is without a limit.
fn rate(quota: Quota) -> u64 {
    match quota {
        Quota::Bytes(bytes) => bytes.max(1),
        Quota::Unlimited => 0,
    }
}
