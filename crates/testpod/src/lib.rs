//! Whole pods for tests: real database, real files, the real router, a clock moved by hand, and
//! people who do things (`alice.upload(..)`). Each story is told on SQLite and, where
//! `SHOAL_TEST_POSTGRES` names a server, on PostgreSQL. A story that leaves jobs behind fails.

mod bare;
mod client;
mod clips;
mod forged;
mod network;
mod stranger;
mod wires;

pub use bare::bare_video;
pub use client::{Answer, Client};
pub use clips::{Clip, clip};
pub use forged::Forged;
pub use network::{make_friends, names, plain, settle, talk};
pub use stranger::Stranger;
pub use wires::{Fate, Wires, network_on_both, network_on_both_with};

use app::{Clock, Pod, Settings, SignUp, Transcoding};
use db::Administration;
use names::{Quota, Role};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

/// When every story begins: 2026-01-01T00:00:00Z.
const BEGINNING: i64 = 1_767_225_600_000;

/// A pod with its folder, which goes with it.
pub struct TestPod {
    pub pod: Pod,
    pub router: axum::Router,
    clock: Arc<AtomicI64>,
    folder: Folder,
}

/// A folder that is removed when dropped.
pub struct Folder(PathBuf);

impl Folder {
    /// A new folder among the system's temporary ones.
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("shoal-test-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&path).expect("the temporary folder can be written");
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Settings a story may start from: small encodings, generous limits.
pub fn settings(folder: &Path, database: String) -> Settings {
    let ladder = media::Ladder {
        heights: vec![144, 240],
        preset: "ultrafast".into(),
        threads: 1,
        ..media::Ladder::default()
    };
    Settings {
        public_url: "http://pod.example:9000".into(),
        name: "Test pod".into(),
        description: "A pod of the tests".into(),
        database,
        files: folder.join("files"),
        sign_up: SignUp::Open,
        quota: Quota::Unlimited,
        quota_daily: Quota::Unlimited,
        login_attempts_per_address: 20,
        login_attempts_per_account: 10,
        transcoding: Transcoding {
            tools: media::Tools::new("ffmpeg", "ffprobe"),
            ladder,
            max_upload: 1 << 30,
            jobs: 1,
            keep_original: false,
        },
        p2p: app::terms::Terms::default(),
        network: app::network::Terms::default(),
        sharing: app::swarms::Sharing {
            slots: 100,
            ..Default::default()
        },
        version: "0.0.0-test",
    }
}

/// Tells a story on each database engine, with settings changed by `change`.
pub async fn on_both_with<C, S>(change: C, story: S)
where
    C: Fn(&mut Settings),
    S: AsyncFn(&TestPod),
{
    let folder = Folder::new();
    let address = format!("sqlite:{}", folder.path().join("shoal.db").display());
    tell(folder, address, &change, &story).await;

    let Ok(server) = std::env::var("SHOAL_TEST_POSTGRES") else {
        eprintln!("SHOAL_TEST_POSTGRES is not set: the story was told on SQLite alone");
        return;
    };
    let name = format!("story_{}", uuid::Uuid::new_v4().simple());
    Db::create(&server, &name).await;
    tell(Folder::new(), Db::address(&server, &name), &change, &story).await;
    Db::remove(&server, &name).await;
}

/// Tells a story on each database engine.
pub async fn on_both<S: AsyncFn(&TestPod)>(story: S) {
    on_both_with(|_| {}, story).await;
}

/// Databases of a PostgreSQL server.
struct Db;

impl Db {
    async fn create(server: &str, name: &str) {
        db::Db::administer(server, Administration::Create, name)
            .await
            .expect("the PostgreSQL server of the tests makes a database");
    }

    async fn remove(server: &str, name: &str) {
        let _ = db::Db::administer(server, Administration::Drop, name).await;
    }

    /// The server's address with another database at its end.
    fn address(server: &str, name: &str) -> String {
        let (address, query) = server.split_once('?').unwrap_or((server, ""));
        let slash = address.rfind('/').unwrap_or(address.len());
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}/{name}{mark}{query}", &address[..slash])
    }
}

async fn tell<C: Fn(&mut Settings), S: AsyncFn(&TestPod)>(
    folder: Folder,
    database: String,
    change: &C,
    story: &S,
) {
    let mut settings = settings(folder.path(), database);
    change(&mut settings);
    let pod = TestPod::open(settings, folder).await;
    // A story is long, and so would be everything that holds it.
    Box::pin(story(&pod)).await;
    let left: Vec<_> = db::jobs::counts(&pod.pod.db)
        .await
        .expect("jobs are counted")
        .into_iter()
        .filter(|(state, _)| state == "waiting" || state == "active")
        .collect();
    assert!(left.is_empty(), "the story left jobs behind: {left:?}");
    pod.pod.db.close().await;
}

impl TestPod {
    /// A pod with these settings, `root` made with the password `root-password`.
    pub async fn open(settings: Settings, folder: Folder) -> Self {
        let clock = Arc::new(AtomicI64::new(BEGINNING));
        let pod = Pod::open(settings, Clock::Manual(clock.clone()))
            .await
            .expect("the pod opens");
        Self::made(pod, clock, folder).await
    }

    /// A pod that reaches others through these wires and has their clock.
    pub async fn open_on(settings: Settings, folder: Folder, wires: &Wires) -> Self {
        let clock = wires.clock();
        let fetch = wires.way_out(&settings.public_url);
        let pod = Pod::open_with(settings, Clock::Manual(clock.clone()), fetch)
            .await
            .expect("the pod opens");
        let made = Self::made(pod, clock, folder).await;
        wires.plug(&made);
        made
    }

    /// What follows when the process was killed and is started again: all that was in memory is lost, and another pod works on
    /// with the same database and files.
    pub async fn killed(self, wires: &Wires) -> Self {
        let Self { pod, folder, .. } = self;
        let settings = Settings::clone(&pod.settings);
        pod.db.close().await;
        Self::open_on(settings, folder, wires).await
    }

    async fn made(pod: Pod, clock: Arc<AtomicI64>, folder: Folder) -> Self {
        pod.first_admin(Some("root-password".into()))
            .await
            .expect("root is made");
        Self {
            router: api::router(pod.clone()),
            clock,
            pod,
            folder,
        }
    }

    /// Lets time pass.
    pub fn pass(&self, milliseconds: i64) {
        self.clock.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Runs every job that is due; fails when none is, and when one of them does not succeed.
    pub async fn run_jobs(&self) {
        assert!(self.pod.run_jobs().await > 0, "there was no job to run");
        let (_, jobs) = db::jobs::list(&self.pod.db, None, None, 0, 1000)
            .await
            .expect("jobs are listed");
        let troubled: Vec<_> = jobs
            .iter()
            .filter(|j| j.error.is_some())
            .map(|j| (&j.kind, &j.state, &j.error))
            .collect();
        assert!(troubled.is_empty(), "jobs did not succeed: {troubled:?}");
    }

    /// Somebody who is not signed in.
    pub fn anonymous(&self) -> Client {
        Client::new(self.router.clone())
    }

    /// Signs in.
    pub async fn sign_in(&self, name: &str, password: &str) -> Client {
        self.anonymous().sign_in(name, password).await
    }

    /// The admin.
    pub async fn root(&self) -> Client {
        self.sign_in("root", "root-password").await
    }

    /// A new, signed-in user of this name.
    pub async fn user(&self, name: &str) -> Client {
        self.user_with_role(name, Role::User).await
    }

    /// A new, signed-in user of this name and role.
    pub async fn user_with_role(&self, name: &str, role: Role) -> Client {
        let draft = app::users::Draft {
            username: name.into(),
            email: format!("{name}@people.example"),
            password: Some(format!("{name}-password")),
            display_name: None,
            channel_name: None,
            channel_display_name: None,
            role,
            quota: None,
            quota_daily: None,
        };
        app::users::insert(&self.pod, draft)
            .await
            .expect("the user is made");
        self.sign_in(name, &format!("{name}-password")).await
    }
}
