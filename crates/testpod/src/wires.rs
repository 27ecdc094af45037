//! Several pods in one process that talk to each other through functions instead of sockets, with one clock for all. Wires can be cut.

use crate::{BEGINNING, Db, Folder, TestPod, settings};
use app::Settings;
use axum::{Router, body::Body};
use fetch::{Answer, BoxFuture, Client, Error, Limits, Method, Policy, Request, Transport};
use names::Host;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicI64},
};
use tower::ServiceExt as _;

/// What connects the pods of a test.
#[derive(Clone, Default)]
pub struct Wires(Arc<Inner>);

struct Inner {
    clock: Arc<AtomicI64>,
    state: Mutex<State>,
    fallen: tokio::sync::Notify,
}

#[derive(Default)]
struct State {
    pods: HashMap<Host, End>,
    /// Hosts that nobody reaches.
    down: HashSet<Host>,
    /// Pairs of hosts between which nothing passes.
    cuts: HashSet<(Host, Host)>,
    /// What becomes of a request, by who sends it to whom.
    fate: Option<Arc<Decide>>,
    /// Every request that was sent: from where, and what.
    sent: Vec<(String, Request)>,
}

/// What is at the other end of a wire.
#[derive(Clone)]
enum End {
    Pod(Router),
    /// Somebody who answers as a test likes.
    Forged(Transport),
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Arrives,
    /// It gets lost.
    Lost,
    /// It arrives, and the answer comes too late.
    Unanswered,
    /// Who sends it dies before it is sent.
    DiesBefore,
    /// Who sends it dies before the answer comes.
    DiesAfter,
}

type Decide = dyn Fn(&Host, &Host, &Request) -> Fate + Send + Sync;

impl Default for Inner {
    fn default() -> Self {
        Self {
            clock: Arc::new(AtomicI64::new(BEGINNING)),
            state: Mutex::default(),
            fallen: tokio::sync::Notify::new(),
        }
    }
}

impl Wires {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn clock(&self) -> Arc<AtomicI64> {
        self.0.clock.clone()
    }

    /// The way out of a pod of this address.
    pub fn way_out(&self, public_url: &str) -> Client {
        let wires = self.clone();
        let from = public_url.to_owned();
        let at_home = from
            .split_once("://")
            .is_some_and(|(_, it)| Host::parse(it).is_ok_and(|host| host.is_loopback()));
        let policy = match at_home {
            true => Policy::Loopback,
            false => Policy::Public,
        };
        let carry: Transport = Arc::new(move |request| {
            let wires = wires.clone();
            let from = from.clone();
            let answer: BoxFuture<'static, _> =
                Box::pin(async move { wires.carry(from, request).await });
            answer
        });
        Client::wired_with(policy, Limits::default(), carry)
    }

    pub(crate) fn plug(&self, pod: &TestPod) {
        let host = pod.pod.own_host().expect("a pod has a host");
        let router = site::router(pod.pod.clone(), pod.router.clone()).merge(pod.router.clone());
        self.state().pods.insert(host, End::Pod(router));
    }

    /// From now on requests to this host are answered by a function.
    pub fn plug_forged(&self, host: &Host, answers: Transport) {
        self.state().pods.insert(host.clone(), End::Forged(answers));
    }

    /// The same pod is reached under another name as well.
    pub fn alias(&self, host: &str, alias: &str) {
        let (host, alias) = (Host::parse(host), Host::parse(alias));
        let mut state = self.state();
        let end = state.pods[&host.expect("a host")].clone();
        state.pods.insert(alias.expect("a host"), end);
    }

    /// Puts something else than a pod at a host.
    pub fn put(&self, host: &str, router: Router) {
        let host = Host::parse(host).expect("a host");
        self.state().pods.insert(host, End::Pod(router));
    }

    /// Nobody reaches this pod until `mend`.
    pub fn cut(&self, host: &str) {
        let host = Host::parse(host).expect("a host");
        self.state().down.insert(host);
    }

    /// The pod is reached again.
    pub fn mend(&self, host: &str) {
        let host = Host::parse(host).expect("a host");
        self.state().down.remove(&host);
    }

    /// Nothing passes between these pairs of hosts, and between all others everything does.
    pub fn cut_pairs<'a>(&self, pairs: impl IntoIterator<Item = (&'a Host, &'a Host)>) {
        let pairs = pairs.into_iter().map(|(a, b)| pair(a, b));
        self.state().cuts = pairs.collect();
    }

    /// From now on this says what becomes of each request. Who dies over one waits for ever; `fallen` says that there is somebody.
    pub fn decide(&self, fate: impl Fn(&Host, &Host, &Request) -> Fate + Send + Sync + 'static) {
        self.state().fate = Some(Arc::new(fate));
    }

    /// Everything arrives again.
    pub fn calm(&self) {
        self.state().fate = None;
    }

    /// Waits until somebody dies over a request.
    pub async fn fallen(&self) {
        self.0.fallen.notified().await;
    }

    /// What was sent since this was last asked: from where, and what.
    pub fn sent(&self) -> Vec<(String, Request)> {
        std::mem::take(&mut self.state().sent)
    }

    /// Delivers a request by hand, as somebody on the way could.
    pub async fn carry(&self, from: String, request: Request) -> Result<Answer, Error> {
        let hosts = [from.as_str(), request.url.as_str()].map(|url| {
            let (_, rest) = url.split_once("://")?;
            Host::parse(rest.split('/').next()?).ok()
        });
        let decide = self.state().fate.clone();
        let fate = match (&hosts, decide) {
            ([Some(from), Some(to)], Some(decide)) => decide(from, to, &request),
            _ => Fate::Arrives,
        };
        let late = Error::TimedOut {
            host: from.clone(),
            what: "answer",
        };
        match fate {
            Fate::Arrives => self.arrive(from, request).await,
            Fate::Lost => Err(late),
            Fate::Unanswered => self.arrive(from, request).await.and(Err(late)),
            Fate::DiesBefore => self.die().await,
            Fate::DiesAfter => {
                let _ = self.arrive(from, request).await;
                self.die().await
            }
        }
    }

    async fn die(&self) -> ! {
        self.0.fallen.notify_one();
        std::future::pending().await
    }

    async fn arrive(&self, from: String, request: Request) -> Result<Answer, Error> {
        let broken = |reason: String| Error::Broken {
            host: from.clone(),
            reason,
        };
        let uri: axum::http::Uri = request
            .url
            .parse()
            .map_err(|_| broken("no address".into()))?;
        let host = uri.authority().and_then(|it| Host::parse(it.as_str()).ok());
        let host = host.ok_or_else(|| broken("no host".into()))?;
        let router = {
            let mut state = self.state();
            state.sent.push((from.clone(), request.clone()));
            let sender = from
                .split_once("://")
                .and_then(|(_, it)| Host::parse(it).ok());
            let cut = sender.is_some_and(|it| state.cuts.contains(&pair(&it, &host)));
            let up = !state.down.contains(&host) && !cut;
            state.pods.get(&host).filter(|_| up).cloned()
        };
        let router = router.ok_or(Error::Connect {
            host: host.to_string(),
            reason: "nobody is there".into(),
        })?;
        let router = match router {
            End::Pod(router) => router,
            End::Forged(answers) => return answers(request).await,
        };
        let mut call = axum::http::Request::builder()
            .method(match request.method {
                Method::Get => "GET",
                Method::Post => "POST",
            })
            .uri(uri.path_and_query().map_or("/", |it| it.as_str()))
            .header("host", host.as_str());
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        let call = call
            .body(Body::from(request.body))
            .map_err(|why| broken(why.to_string()))?;
        let response = router
            .oneshot(call)
            .await
            .unwrap_or_else(|never| match never {});
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX)
            .await
            .map_err(|why| broken(why.to_string()))?;
        let headers = parts.headers.iter().filter_map(|(name, value)| {
            let value = value.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        Ok(Answer::new(parts.status.as_u16(), headers.collect(), body))
    }
}

/// Two hosts, whichever is named first.
fn pair(a: &Host, b: &Host) -> (Host, Host) {
    (a.min(b).clone(), a.max(b).clone())
}

/// Tells a story of several pods (`https://pod1.example` and so on) on each database engine.
pub async fn network_on_both<S>(count: usize, story: S)
where
    S: AsyncFn(&[TestPod], &Wires),
{
    network_on_both_with(count, |_| {}, story).await;
}

/// The same, with settings changed by `change`.
pub async fn network_on_both_with<C, S>(count: usize, change: C, story: S)
where
    C: Fn(&mut Settings),
    S: AsyncFn(&[TestPod], &Wires),
{
    let file = |folder: &Folder| format!("sqlite:{}", folder.path().join("shoal.db").display());
    tell(count, async |folder, _| file(folder), &change, &story).await;
    let Ok(server) = std::env::var("SHOAL_TEST_POSTGRES") else {
        eprintln!("SHOAL_TEST_POSTGRES is not set: the story was told on SQLite alone");
        return;
    };
    let name = format!("story_{}", uuid::Uuid::new_v4().simple());
    let database = async |_: &Folder, at: usize| {
        let name = format!("{name}_{at}");
        Db::create(&server, &name).await;
        Db::address(&server, &name)
    };
    tell(count, database, &change, &story).await;
    for at in 1..=count {
        Db::remove(&server, &format!("{name}_{at}")).await;
    }
}

async fn tell<D, C, S>(count: usize, database: D, change: &C, story: &S)
where
    D: AsyncFn(&Folder, usize) -> String,
    C: Fn(&mut Settings),
    S: AsyncFn(&[TestPod], &Wires),
{
    let wires = Wires::default();
    let mut pods = Vec::new();
    for at in 1..=count {
        let folder = Folder::new();
        let database = database(&folder, at).await;
        let mut settings = settings(folder.path(), database);
        settings.public_url = format!("https://pod{at}.example");
        change(&mut settings);
        pods.push(TestPod::open_on(settings, folder, &wires).await);
    }
    // A story is long, and so would be everything that holds it.
    Box::pin(story(&pods, &wires)).await;
    for pod in &pods {
        pod.pod.db.close().await;
    }
}
