//! The loop: some slots, each leases the most urgent job, runs it with a heartbeat that renews
//! the lease, and settles its row. A worker that dies loses its leases to the others.

use crate::{Outcome, pause};
use db::{
    Db,
    jobs::{self, Job},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// What the jobs do. Tells apart jobs by `kind`.
pub trait Handler: Send + Sync + 'static {
    /// Runs one job. Must be safe to repeat; completes or fails the row itself where it writes effects.
    fn run(&self, job: Job, context: Context) -> impl Future<Output = Outcome> + Send;

    /// Called once when a job failed its last try, to fail its row together with what depends on it.
    fn give_up(&self, job: Job, reason: String) -> impl Future<Output = db::Result<()>> + Send;
}

/// What a running job knows of its surroundings.
#[derive(Clone)]
pub struct Context {
    /// Who holds the lease; needed to complete or fail the row.
    pub owner: Arc<str>,
    /// Set when the pod stops or the lease is lost: end soon.
    pub cancel: CancellationToken,
    progress: Arc<AtomicI64>,
}

impl Context {
    /// Notes progress in per cent; written with the next heartbeat.
    pub fn progress(&self, percent: i64) {
        self.progress
            .store(percent.clamp(0, 100), Ordering::Relaxed);
    }
}

/// The queue's clockwork.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Jobs at a time.
    pub slots: usize,
    /// Tries before a job is given up.
    pub max_attempts: i64,
    /// Milliseconds a lease lasts without a heartbeat.
    pub lease: i64,
    /// How often to look for jobs that other processes enqueued or whose pause is over.
    pub poll: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            slots: 2,
            max_attempts: 5,
            lease: 30_000,
            poll: Duration::from_secs(2),
        }
    }
}

/// A handle to the queue of this process; cheap to clone.
#[derive(Clone)]
pub struct Queue {
    db: Db,
    settings: Arc<Settings>,
    clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    woken: Arc<Notify>,
    owner: Arc<str>,
}

impl Queue {
    /// A queue on this database; `clock` gives milliseconds since 1970.
    pub fn new(db: Db, settings: Settings, clock: Arc<dyn Fn() -> i64 + Send + Sync>) -> Self {
        Self {
            db,
            settings: Arc::new(settings),
            clock,
            woken: Arc::new(Notify::new()),
            owner: uuid::Uuid::new_v4().to_string().into(),
        }
    }

    /// Tells the workers of this process that a job was enqueued.
    pub fn wake(&self) {
        self.woken.notify_one();
    }

    /// Leases and runs jobs until `stop`; then running jobs are cancelled and given back.
    pub async fn work<H: Handler>(&self, handler: Arc<H>, stop: CancellationToken) {
        let mut running = JoinSet::new();
        let mut next_reclaim = 0;
        while !stop.is_cancelled() {
            let now = (self.clock)();
            if now >= next_reclaim {
                next_reclaim = now + self.settings.lease / 2;
                self.reclaim(now).await;
            }
            while running.len() < self.settings.slots && !stop.is_cancelled() {
                let Some(job) = self.lease().await else { break };
                let queue = self.clone();
                let handler = handler.clone();
                let cancel = stop.child_token();
                running.spawn(async move { queue.run_one(&*handler, job, cancel).await });
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.woken.notified() => {}
                () = tokio::time::sleep(self.settings.poll) => {}
                Some(ended) = running.join_next(), if !running.is_empty() => log_panic(ended),
            }
        }
        while let Some(ended) = running.join_next().await {
            log_panic(ended);
        }
    }

    /// Runs due jobs one after the other until none is left, for tests and tools; how many were run.
    pub async fn drain<H: Handler>(&self, handler: &H) -> usize {
        self.reclaim((self.clock)()).await;
        let mut count = 0;
        while let Some(job) = self.lease().await {
            self.run_one(handler, job, CancellationToken::new()).await;
            count += 1;
        }
        count
    }

    async fn reclaim(&self, now: i64) {
        match jobs::reclaim(&self.db, now).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "jobs of a worker that died are taken up again"),
            Err(error) => tracing::error!(%error, "the job queue cannot be read"),
        }
    }

    async fn lease(&self) -> Option<Job> {
        let now = (self.clock)();
        jobs::lease(&self.db, &self.owner, now, now + self.settings.lease)
            .await
            .unwrap_or_else(|error| {
                tracing::error!(%error, "no job could be leased");
                None
            })
    }

    async fn run_one<H: Handler>(&self, handler: &H, job: Job, cancel: CancellationToken) {
        let context = Context {
            owner: self.owner.clone(),
            cancel: cancel.clone(),
            progress: Arc::new(AtomicI64::new(0)),
        };
        tracing::info!(
            job = job.id.0,
            kind = job.kind,
            attempt = job.attempts,
            "job started"
        );
        // A job that was in the hands of a worker that died each time never settles by itself.
        let outcome = if job.attempts > self.settings.max_attempts * 2 {
            Outcome::Retry("it ended the worker each time it was tried".to_owned())
        } else {
            let heart = self.heartbeat(job.clone(), context.clone());
            tokio::select! {
                outcome = handler.run(job.clone(), context.clone()) => outcome,
                () = heart => Outcome::GiveBack,
            }
        };
        tracing::info!(job = job.id.0, kind = job.kind, ?outcome, "job ended");
        if let Err(error) = self.settle(handler, &job, outcome).await {
            tracing::error!(job = job.id.0, %error, "a job could not be settled; its lease will run out");
        }
    }

    /// Renews the lease until it is lost; a lost lease cancels the job and ends this future a little later.
    async fn heartbeat(&self, job: Job, context: Context) {
        let mut written = 0;
        let mut since = (self.clock)();
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let progress = context.progress.load(Ordering::Relaxed);
            let now = (self.clock)();
            if progress == written && now - since < self.settings.lease / 3 {
                continue;
            }
            match jobs::renew(
                &self.db,
                job.id,
                &self.owner,
                now + self.settings.lease,
                progress,
            )
            .await
            {
                Ok(true) => (written, since) = (progress, now),
                Ok(false) => {
                    // Completed by the handler this very moment, or lost: either way nothing is ours any more.
                    context.cancel.cancel();
                    tokio::time::sleep(Duration::from_secs(10)).await;
                    return;
                }
                Err(error) => {
                    tracing::warn!(job = job.id.0, %error, "a lease could not be renewed")
                }
            }
        }
    }

    async fn settle<H: Handler>(&self, handler: &H, job: &Job, outcome: Outcome) -> db::Result<()> {
        let now = (self.clock)();
        match outcome {
            Outcome::Done | Outcome::Failed => {
                // What was enqueued with its effects may be due at once.
                self.wake();
                Ok(())
            }
            Outcome::Retry(reason) if job.attempts >= self.settings.max_attempts => {
                handler.give_up(job.clone(), reason).await
            }
            Outcome::Retry(reason) => {
                let due = now + pause(job.attempts);
                jobs::give_back(&self.db, job.id, &self.owner, due, Some(&reason), true).await
            }
            Outcome::Wait {
                milliseconds,
                reason,
            } => {
                let due = now + milliseconds;
                jobs::give_back(&self.db, job.id, &self.owner, due, Some(&reason), false).await
            }
            Outcome::GiveBack => {
                jobs::give_back(&self.db, job.id, &self.owner, now, None, false).await
            }
        }
    }
}

fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a job ended its task; its lease will run out and it is tried again");
    }
}
