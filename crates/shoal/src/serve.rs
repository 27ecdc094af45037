//! `shoal serve`: opens the pod, wires what its roles need, and ends in order when it is told to.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use app::{Clock, Pod};
use axum::Router;
use axum::middleware::from_fn;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Role};
use crate::listener::Listener;
use crate::listener::tls::Tls;
use crate::observe::observe;
use crate::{check, descriptors, lock, log, meters, settings, sharing};

/// Work that was begun gets this long to be given back; requests have their own, shorter limit.
const LEAVE: Duration = Duration::from_secs(9);

/// The runtime of every command that has to wait for something.
pub fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")
}

/// Runs the pod until SIGTERM or SIGINT.
pub fn serve(config: Config) -> Result<()> {
    log::start(&config.log);
    let problems = check::problems(&config);
    if !problems.is_empty() {
        bail!("the pod cannot start:\n  {}", problems.join("\n  "));
    }
    // Processes that share PostgreSQL may share the folder as well.
    let _lock = config
        .database
        .is_sqlite()
        .then(|| lock::take(&config.data))
        .transpose()?;
    let runtime = runtime()?;
    let served = runtime.block_on(run(config));
    // Whatever still waits (a socket of a tracker, a slow disk) does not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(500));
    served
}

async fn run(mut config: Config) -> Result<()> {
    let socket = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("listen: {} cannot be used", config.listen))?;
    // Port 0 asks the system for a free one, and the pod's address follows from it.
    config.listen = socket.local_addr()?;
    let numbers = meters::start()?;
    let stop = CancellationToken::new();
    let confine = std::env::current_exe().context("the program cannot find itself")?;
    let settings = settings::settings(&config, Some(confine));
    let pod = Pod::open(settings, Clock::System).await?;
    greet(&pod).await?;

    let listener = listener(&config, socket, &pod, numbers.clone(), stop.clone())?;
    tokio::spawn(meters::keep_up(numbers));
    tokio::spawn(stop_on_signal(stop.clone())?);
    // Tools wait for this line, so it goes to standard output and not to the log.
    println!("Shoal is at {}", config.public_url());

    let works = config.roles.has(Role::Worker);
    let work = async {
        if works && let Err(error) = work(&pod, &stop).await {
            stop.cancel();
            return Err(error);
        }
        Ok(())
    };
    if config.roles.has(Role::Tracker) {
        let (pod, stop) = (pod.clone(), stop.clone());
        tokio::spawn(async move {
            stop.run_until_cancelled(sharing::serve(&config, &pod))
                .await
        });
    }
    let kept = tokio::spawn(app::offload::keep(pod.clone(), stop.clone()));
    let leave = async {
        stop.cancelled().await;
        tokio::time::sleep(LEAVE).await;
    };
    let ended = tokio::select! {
        ((), worked) = async { tokio::join!(listener.serve(), work) } => worked,
        () = leave => {
            tracing::warn!("some work was not given back in time; its lease will run out");
            Ok(())
        }
    };
    // It has been told to stop with everybody else, and writes what has come since it wrote last.
    if tokio::time::timeout(Duration::from_millis(300), kept)
        .await
        .is_err()
    {
        tracing::debug!("what viewers carried in the last minute was not written");
    }
    if tokio::time::timeout(Duration::from_millis(300), pod.db.close())
        .await
        .is_err()
    {
        tracing::debug!("the database was left with open connections");
    }
    tracing::info!("stopped");
    ended
}

/// Works on jobs, once the tools were asked what they can do: that takes longer than everything else at the start, and pages need not
/// wait for it.
async fn work(pod: &Pod, stop: &CancellationToken) -> Result<()> {
    let mut settings = (*pod.settings).clone();
    let abilities = settings.transcoding.tools.check().await?;
    settings.transcoding.ladder.tonemap = abilities.tonemap;
    tracing::info!(ffmpeg = abilities.version, confined = ?media::confine::support(), "media tools");
    let mut pod = pod.clone();
    pod.settings = Arc::new(settings);
    pod.work(stop.clone()).await;
    Ok(())
}

/// Makes the first administrator of a new pod and says, once, how to sign in.
async fn greet(pod: &Pod) -> Result<()> {
    let chosen = std::env::var("SHOAL_ADMIN_PASSWORD")
        .ok()
        .filter(|password| !password.is_empty());
    if let Some(password) = pod
        .first_admin(chosen)
        .await
        .context("SHOAL_ADMIN_PASSWORD")?
    {
        println!(
            "The administrator of this pod is root, with the password {password}\nIt is not shown again."
        );
    }
    Ok(())
}

fn listener(
    config: &Config,
    socket: TcpListener,
    pod: &Pod,
    numbers: metrics_exporter_prometheus::PrometheusHandle,
    stop: CancellationToken,
) -> Result<Listener> {
    let mut router = Router::new();
    if config.roles.has(Role::Web) {
        let api = api::router(pod.clone());
        router = router
            .merge(site::router(pod.clone(), api.clone()))
            .merge(api);
    }
    if config.roles.has(Role::Tracker) {
        router = router.merge(peers::router(pod.tracker.clone()));
    }
    let router = router
        .merge(meters::routes(
            numbers,
            config.metrics.allow.clone(),
            pod.clone(),
        ))
        .layer(from_fn(observe));
    let tls = if config.has_tls() {
        let tls = Tls::load(&config.tls.certificate, &config.tls.key)?;
        tokio::spawn(reload_on_hangup(tls.clone())?);
        Some(tls)
    } else {
        None
    };
    let connections = descriptors::raise(config.limits.connections.0 as usize);
    let proxies = config.trusted_proxies.clone();
    Ok(Listener::new(
        socket,
        connections,
        proxies,
        tls,
        router,
        stop,
    ))
}

fn stop_on_signal(stop: CancellationToken) -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: running requests finish, work is given back");
        stop.cancel();
    })
}

fn reload_on_hangup(tls: Tls) -> Result<impl Future<Output = ()>> {
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        while hangup.recv().await.is_some() {
            match tls.reload() {
                Ok(()) => tracing::info!("the certificate was read again"),
                Err(error) => tracing::error!("the old certificate stays in force: {error:#}"),
            }
        }
    })
}
