//! Turns: so many requests at a time in all, and so many to one host, so that neither a slow host nor a busy hour takes
//! what the others need.

use crate::{Error, Limits};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Beyond this many hosts those nobody waits for are forgotten.
const HOSTS: usize = 256;

pub(crate) struct Gate {
    all: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// A turn; it ends when dropped.
pub(crate) struct Turn {
    _host: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Gate {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            all: Arc::new(Semaphore::new(limits.parallel)),
            hosts: Mutex::default(),
        }
    }

    /// Waits for a turn. The host's comes first: who waits for a slow host must not hold a turn that others could have.
    pub(crate) async fn enter(&self, host: &str, limits: &Limits) -> Result<Turn, Error> {
        let of_host = self.of_host(host, limits.parallel_per_host);
        let turn = async {
            let host = of_host.acquire_owned().await.ok()?;
            let all = self.all.clone().acquire_owned().await.ok()?;
            Some(Turn {
                _host: host,
                _all: all,
            })
        };
        let turn = timeout(limits.turn, turn).await.ok().flatten();
        turn.ok_or_else(|| Error::Busy {
            host: host.to_owned(),
        })
    }

    fn of_host(&self, host: &str, turns: usize) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= HOSTS {
            // A turn that is taken or waited for holds a second reference.
            hosts.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        }
        let made = || Arc::new(Semaphore::new(turns));
        hosts.entry(host.to_owned()).or_insert_with(made).clone()
    }
}
