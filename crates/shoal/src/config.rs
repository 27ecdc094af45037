//! The configuration of a pod: one table of keys, from which everything else follows.
//!
//! The table below is the only place where a key is named. Its doc comments are the text of the sample file, its types decide what is
//! allowed and how that is said, and the names of the environment variables follow from the names of the keys. Where values come from,
//! and what happens to wrong ones, is in `config/load.rs`. There is no serde here: it would stop at the first problem and could
//! not tell where a value was written.

pub mod load;
mod networks;
mod places;
mod quantities;
pub mod sample;
mod setting;
mod table;
mod words;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use names::Quota;
pub use networks::{Addresses, Hosts, Networks};
pub use places::Place;
pub use quantities::{Heights, Span, Whole};
pub use setting::Setting;
pub use words::{
    Bus, Database, Files, LogFormat, LogLevel, Preset, PublicUrl, Role, Roles, Signup,
};

table::settings! {
    Config {
        /// Address and port to listen on. Leave the pod on 127.0.0.1 behind a reverse proxy on the same machine; 0.0.0.0:9000 or
        /// [::]:9000 is reachable from everywhere.
        listen: SocketAddr = "127.0.0.1:9000";
        /// The folder that holds everything the pod stores (unless database and files below say otherwise).
        data: PathBuf = "data";
        /// How visitors reach the pod, without a path. Empty: http://localhost with the port above (https with certificate files).
        public_url: PublicUrl = "";
        /// Where rows are kept. "{data}" stands for the data folder. SQLite serves one process; several processes share PostgreSQL.
        database: Database = "sqlite:{data}/shoal.db";
        /// Where videos and pictures are kept.
        files: Files = "file:{data}/files";
        /// How the processes of a pod tell each other what happened. "local" is for a pod of one process.
        bus: Bus = "local";
        /// What this process does. web: pages and API; worker: jobs such as transcoding; tracker: the tracker for viewers and clients.
        roles: Roles = "web, worker, tracker";
        /// Proxies whose X-Forwarded-For header is believed, as addresses or networks.
        trusted_proxies: Networks = "127.0.0.0/8, ::1";
    }

    /// What the pod says of itself.
    pod: Pod {
        /// Its name.
        name: String = "Shoal";
        /// One sentence about it.
        description: String = "A place for videos";
    }

    /// TLS by the pod itself, when there is no proxy that does it. The files are read again on SIGHUP.
    tls: Tls {
        /// PEM file with the certificate and those above it.
        certificate: PathBuf = "";
        /// PEM file with the private key.
        key: PathBuf = "";
    }

    /// The people who use the pod.
    users: Users {
        /// Who may register.
        signup: Signup = "closed";
        /// How much a user may store. An administrator can change it for each user.
        quota: Quota = "unlimited";
        /// How much a user may upload within 24 hours.
        daily_quota: Quota = "unlimited";
    }

    /// What happens to an uploaded video.
    transcoding: Transcoding {
        /// The heights that are offered, in pixels; a video is never enlarged.
        heights: Heights = "1080, 720, 480, 360, 240";
        /// Frames per second are reduced to this.
        fps_cap: Whole<1, 240> = 60;
        /// The largest file that may be uploaded.
        max_upload: Quota = "20GB";
        /// The longest video that is published.
        max_duration: Span = "12h";
        /// How many jobs run at a time.
        jobs: Whole<1, 64> = 1;
        /// Threads for each ffmpeg; 0 leaves it to ffmpeg.
        threads: Whole<0, 256> = 0;
        /// x264's preset: faster ones give larger files.
        preset: Preset = "veryfast";
        /// Keep the uploaded file after everything was made from it.
        keep_original: bool = false;
        /// The ffmpeg program.
        ffmpeg: PathBuf = "ffmpeg";
        /// The ffprobe program.
        ffprobe: PathBuf = "ffprobe";
    }

    /// What one visitor may ask of the pod.
    limits: Limits {
        /// Failed log-ins from one address within five minutes, before it has to wait.
        login_attempts_per_address: Whole<1, 100_000> = 20;
        /// Failed log-ins to one account within five minutes, before everybody has to wait for it.
        login_attempts_per_account: Whole<1, 100_000> = 10;
        /// Open connections. One address can have a quarter of them; proxies and this machine can have all.
        connections: Whole<16, 1_000_000> = 20_000;
    }

    /// Sharing of the load between viewers.
    p2p: P2p {
        /// Whether viewers exchange pieces of videos. Each of them can switch it off.
        enabled: bool = true;
        /// Whether they exchange pieces of unlisted videos too. Somebody who has got hold of the link then sees the addresses of others.
        unlisted: bool = false;
        /// Whether they exchange pieces of sensitive videos too.
        sensitive: bool = false;
        /// How many have to watch a video at a time before they exchange pieces of it; 1 is always. Viewers with one address count as one.
        least_viewers: Whole<1, 1_000_000> = 1;
        /// Where desktop BitTorrent clients reach the pod over TCP. "auto": the port of `listen` plus 10000, or any free one; "off": nowhere.
        /// Open it in the firewall, or only viewers' browsers share the load.
        tcp: Place = "auto";
        /// Where browsers reach the pod over WebRTC (UDP). "auto": the port of `listen` plus 15000, or any free one; "off": nowhere.
        webrtc: Place = "auto";
        /// Where the tracker answers over UDP. "auto": the port of `listen` plus 20000, or any free one; "off": nowhere.
        udp_tracker: Place = "auto";
        /// Addresses that peers are told. Nothing: those of the public URL's host.
        addresses: Addresses = "";
        /// Bytes per second that all peers together may take from the pod.
        upload: Quota = "unlimited";
        /// Bytes per second that one peer may take.
        upload_per_peer: Quota = "unlimited";
        /// Peers that are served at a time; the others wait for their turn.
        upload_slots: Whole<1, 100_000> = 200;
    }

    /// Other pods, whose videos are found and watched here, and ours there.
    network: Network {
        /// Pods through which the network is joined: an administrator makes friends with them, and with those whom most of them know, by
        /// one click. Hosts, with the port where it is not the usual one.
        entry_pods: Hosts = "";
        /// Whether messages between pods travel in sealed envelopes. Without them everything is plain ActivityPub.
        envelopes: bool = true;
    }

    /// Who may follow the whole pod from other servers, to hear of its videos. Friends always do; single channels may be followed by everybody.
    followers: Followers {
        /// Whether anybody may.
        enabled: bool = true;
        /// Whether an administrator looks at each of them first.
        manual_approval: bool = false;
    }

    /// Whom the pod follows.
    followings: Followings {
        /// Whether servers that follow this pod are followed in turn.
        auto_follow_back: bool = false;
    }

    /// Whose searches lead to other servers: the address of a video or a channel there, or a handle such as sea@tube.example, is then
    /// fetched from where it lives.
    search: Search {
        /// Those of users who are signed in.
        users_fetch: bool = true;
        /// Those of everybody else.
        anonymous_fetch: bool = false;
    }

    /// Numbers for Prometheus at /metrics.
    metrics: Metrics {
        /// Who may read them, as addresses or networks.
        allow: Networks = "127.0.0.0/8, ::1";
    }

    /// The log, on standard error.
    log: Log {
        /// How much is said. At "debug" each request leaves a line.
        level: LogLevel = "info";
        /// Lines for people or for programs.
        format: LogFormat = "text";
    }
}

impl Config {
    /// How visitors reach the pod, without a slash at the end.
    pub fn public_url(&self) -> String {
        let scheme = if self.has_tls() { "https" } else { "http" };
        let port = self.listen.port();
        let derived = || format!("{scheme}://localhost:{port}");
        self.public_url.0.clone().unwrap_or_else(derived)
    }

    /// True when the pod terminates TLS itself.
    pub fn has_tls(&self) -> bool {
        !self.tls.certificate.as_os_str().is_empty()
    }

    /// The database's URL with the data folder filled in.
    pub fn database_url(&self) -> String {
        fill(self.database.text(), &self.data)
    }

    /// The URL of the place for files with the data folder filled in.
    pub fn files_url(&self) -> String {
        fill(self.files.text(), &self.data)
    }
}

fn fill(text: &str, data: &Path) -> String {
    text.replace("{data}", &data.to_string_lossy())
}
