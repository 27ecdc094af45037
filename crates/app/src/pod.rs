//! The pod: handles to everything a use case needs, and what the admin has decided.

use crate::{
    Clock, Result, kept::Memory, login::Attempts, secrets, uploads::Receiving, viewing::Viewers,
};
use db::Db;
use files::Files;
use names::{Quota, VideoUuid};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// After this time another process's work folder was left by one that died.
const WORK_LASTS: Duration = Duration::from_secs(24 * 3600);

/// What the admin has decided; made from the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `http(s)://host[:port]` without a slash at the end.
    pub public_url: String,
    pub name: String,
    pub description: String,
    /// `sqlite:PATH` or `postgres://...`.
    pub database: String,
    /// The folder of all files.
    pub files: PathBuf,
    pub sign_up: SignUp,
    pub quota: Quota,
    pub quota_daily: Quota,
    /// Failed log-ins within five minutes before an address or an account has to wait.
    pub login_attempts_per_address: u32,
    pub login_attempts_per_account: u32,
    pub transcoding: Transcoding,
    /// Whether viewers share the load, and of which videos.
    pub p2p: crate::terms::Terms,
    /// With whom the pod is in a network, and how they talk.
    pub network: crate::network::Terms,
    /// How much of the pod its swarms may have.
    pub sharing: crate::swarms::Sharing,
    pub version: &'static str,
}

impl Settings {
    /// The host (and port) other people know the pod by.
    pub fn host(&self) -> &str {
        let url = &self.public_url;
        url.split_once("://").map_or(url.as_str(), |(_, host)| host)
    }
}

/// Whether anybody may become a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUp {
    Open,
    Closed,
}

/// How videos are worked on.
#[derive(Debug, Clone)]
pub struct Transcoding {
    /// ffmpeg, ffprobe and their limits.
    pub tools: media::Tools,
    /// Which renditions are made.
    pub ladder: media::Ladder,
    /// Bytes; larger uploads are refused.
    pub max_upload: u64,
    /// Jobs at a time.
    pub jobs: usize,
    /// Whether the uploaded file stays when all renditions are there.
    pub keep_original: bool,
}

/// A running pod; cheap to clone.
#[derive(Clone)]
pub struct Pod {
    pub db: Db,
    pub files: Files,
    pub tracker: peers::Tracker,
    pub seeder: peers::seeder::Seeder,
    pub queue: queue::Queue,
    pub clock: Clock,
    pub settings: Arc<Settings>,
    pub attempts: Arc<Attempts>,
    pub lists: Arc<Memory>,
    pub viewers: Arc<Viewers>,
    pub offload: Arc<crate::offload::Ledger>,
    pub network: Arc<crate::network::Network>,
    pub(crate) writing: Arc<crate::comments::Writing>,
    pub(crate) receiving: Arc<Receiving>,
    pub(crate) reach: moka::sync::Cache<VideoUuid, crate::reading::Reach>,
    /// Signs short-lived tokens; made once per pod.
    pub(crate) secret: Arc<str>,
    /// What every client of the REST API presents (PeerTube's clients ask for it first).
    pub client_id: Arc<str>,
    pub client_secret: Arc<str>,
}

impl Pod {
    /// Opens the database and the files, bringing tables up to date. Starts nothing.
    pub async fn open(settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        let fetch = crate::network::way_out(&settings);
        Self::open_with(settings, clock, fetch).await
    }

    /// The same, with another way to other pods: tests wire pods of one process together.
    pub async fn open_with(
        settings: Settings,
        clock: Clock,
        fetch: fetch::Client,
    ) -> anyhow::Result<Self> {
        let db = Db::open(&settings.database).await?;
        let files = Files::open(&settings.files).await?;
        if db.alone() {
            files.clear_work(Duration::ZERO).await?;
        }
        let orphans = db::jobs::reclaim_at_start(&db, clock.now()).await?;
        if orphans > 0 {
            tracing::info!(
                orphans,
                "jobs that were under way when the pod ended are taken up again"
            );
        }
        let kept = |key: &'static str| {
            let db = db.clone();
            async move {
                let fresh = secrets::random_token();
                let value = db::settings::get_or_put(&db, key, &fresh).await;
                value.map(Arc::<str>::from)
            }
        };
        let queue_clock = clock.clone();
        let queue = queue::Queue::new(
            db.clone(),
            queue::Settings {
                slots: settings.transcoding.jobs.max(1),
                ..queue::Settings::default()
            },
            Arc::new(move || queue_clock.now()),
        );
        let viewers: Arc<Viewers> = Arc::default();
        let gate = crate::terms::Gate {
            db: db.clone(),
            terms: settings.p2p,
            viewers: viewers.clone(),
            clock: clock.clone(),
        };
        let tracker = crate::swarms::tracker(&gate);
        let seeder = crate::swarms::seeder(&gate, &files, &tracker, &settings.sharing);
        crate::swarms::restore_switches(&db, &seeder).await?;
        Ok(Self {
            secret: kept("secret").await?,
            client_id: kept("client_id").await?,
            client_secret: kept("client_secret").await?,
            attempts: Arc::new(Attempts::new(
                settings.login_attempts_per_address,
                settings.login_attempts_per_account,
            )),
            lists: Arc::new(Memory::new()),
            viewers,
            offload: Arc::default(),
            network: Arc::new(crate::network::Network::new(fetch)),
            writing: Arc::default(),
            receiving: Arc::default(),
            reach: moka::sync::Cache::builder()
                .max_capacity(10_000)
                .time_to_live(Duration::from_secs(5))
                .build(),
            db,
            files,
            tracker,
            seeder,
            queue,
            clock,
            settings: Arc::new(settings),
        })
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// The host (and port) other people know the pod by.
    pub fn host(&self) -> &str {
        self.settings.host()
    }

    /// Addresses of the tracker: WebTorrent's socket first, then HTTP, then UDP where it is open.
    pub fn tracker_urls(&self) -> Vec<String> {
        let host = self.host();
        let s = if self.settings.public_url.starts_with("https:") {
            "s"
        } else {
            ""
        };
        let mut urls = vec![
            format!("ws{s}://{host}/tracker/socket"),
            format!("http{s}://{host}/tracker/announce"),
        ];
        if let Some(port) = self.seeder.udp_tracker_port() {
            let name = host.rsplit_once(':').map_or(host, |(name, port)| {
                // The colons of an IPv6 address are inside of brackets.
                if port.ends_with(']') { host } else { name }
            });
            urls.push(format!("udp://{name}:{port}/announce"));
        }
        urls
    }

    /// Works on jobs and sweeps now and then, until `stop`; running jobs are then given back.
    pub async fn work(&self, stop: CancellationToken) {
        if let Err(error) = self.files.clear_work(WORK_LASTS).await {
            tracing::warn!(%error, "old work folders could not be removed");
        }
        let sweeper = crate::removal::sweep_regularly(self.clone(), stop.clone());
        let sender = crate::network::sending::work(self.clone(), stop.clone());
        let handler = Arc::new(crate::publish::Jobs(self.clone()));
        tokio::join!(self.queue.work(handler, stop), sweeper, sender);
    }

    /// Runs every job that is due, for tests; how many were run.
    pub async fn run_jobs(&self) -> usize {
        self.queue.drain(&crate::publish::Jobs(self.clone())).await
    }

    /// Makes the first admin (`root`) if there is no user yet; the password, if it was made up.
    pub async fn first_admin(&self, password: Option<String>) -> Result<Option<String>> {
        crate::users::first_admin(self, password).await
    }
}
