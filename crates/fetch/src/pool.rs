//! Connections that wait for their next request: few, for a short while, the oldest closed first.

use crate::Limits;
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

pub(crate) type Sender = SendRequest<Full<Bytes>>;

#[derive(Default)]
pub(crate) struct Pool(Mutex<VecDeque<Idle>>);

struct Idle {
    key: String,
    sender: Sender,
    since: Instant,
}

impl Pool {
    /// The connection to an origin that was used last, if one is open and has not waited longer than `waited`.
    pub(crate) fn take(&self, key: &str, waited: Duration, limits: &Limits) -> Option<Sender> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tidy(&mut idle, limits);
        let fresh = |kept: &Idle| kept.key == key && kept.since.elapsed() < waited;
        let place = idle.iter().rposition(fresh)?;
        idle.remove(place).map(|kept| kept.sender)
    }

    /// Keeps a connection whose answer was read to its end.
    pub(crate) fn put(&self, key: String, sender: Sender, limits: &Limits) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push_back(Idle {
            key,
            sender,
            since: Instant::now(),
        });
        tidy(&mut idle, limits);
        let key = idle.back().map(|kept| kept.key.clone());
        let same = |kept: &&Idle| Some(&kept.key) == key.as_ref();
        if idle.iter().filter(same).count() > limits.idle_per_host
            && let Some(place) = idle.iter().position(|kept| same(&kept))
        {
            idle.remove(place);
        }
        while idle.len() > limits.idle {
            idle.pop_front();
        }
    }
}

fn tidy(idle: &mut VecDeque<Idle>, limits: &Limits) {
    idle.retain(|kept| !kept.sender.is_closed() && kept.since.elapsed() < limits.idle_for);
}
