//! The open WebSockets: how many there may be, and how a message reaches one of them. Messages wait in a queue that is bounded in
//! number and bytes. Whoever lets it fill up does not read, and is closed rather than waited for, since nobody in a swarm may cost
//! the others memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use swarm::{ConnId, Prefix};
use tokio::sync::{Notify, mpsc};

/// Messages, and bytes of them, that may wait for one client.
const MOST_MESSAGES: usize = 256;
const MOST_BYTES: usize = 512 << 10;

/// Locks even after a panic elsewhere: every change here is complete before the lock is given back.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All open connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    last: AtomicU64,
    open: RwLock<HashMap<ConnId, Outbox>>,
    places: Arc<Mutex<Places>>,
}

/// The sending end of a connection's queue.
#[derive(Debug)]
struct Outbox {
    queue: mpsc::Sender<String>,
    bytes: Arc<AtomicUsize>,
    overflow: Arc<Notify>,
}

/// The receiving end.
#[derive(Debug)]
pub(crate) struct Inbox {
    queue: mpsc::Receiver<String>,
    bytes: Arc<AtomicUsize>,
    /// Told when the queue has overflowed, after which the connection is beyond saving.
    pub(crate) overflow: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Places {
    taken: usize,
    by_prefix: HashMap<Prefix, usize>,
}

/// The right to one connection; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Mutex<Places>>,
    prefix: Prefix,
}

impl Connections {
    /// Takes a place for a connection from an address, if there is one left.
    pub(crate) fn place(
        &self,
        address: IpAddr,
        most: usize,
        most_per_prefix: usize,
    ) -> Option<Place> {
        let prefix = Prefix::from(address);
        let mut places = lock(&self.places);
        let neighbours = places.by_prefix.get(&prefix).copied().unwrap_or(0);
        if places.taken >= most || neighbours >= most_per_prefix {
            return None;
        }
        places.taken += 1;
        places.by_prefix.insert(prefix, neighbours + 1);
        metrics::gauge!("shoal_tracker_sockets").set(places.taken as f64);
        Some(Place {
            places: self.places.clone(),
            prefix,
        })
    }

    /// Opens a connection's queue under a number of its own.
    pub(crate) fn open(&self) -> (ConnId, Inbox) {
        let conn = ConnId(self.last.fetch_add(1, Ordering::Relaxed));
        let (sender, receiver) = mpsc::channel(MOST_MESSAGES);
        let (bytes, overflow) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let outbox = Outbox {
            queue: sender,
            bytes: bytes.clone(),
            overflow: overflow.clone(),
        };
        self.open
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(conn, outbox);
        (
            conn,
            Inbox {
                queue: receiver,
                bytes,
                overflow,
            },
        )
    }

    /// Closes it.
    pub(crate) fn close(&self, conn: ConnId) {
        self.open
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&conn);
    }

    /// Queues a message. A connection that is gone meanwhile does not mind.
    pub(crate) fn send(&self, conn: ConnId, message: String) {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let Some(outbox) = open.get(&conn) else {
            return;
        };
        let size = message.len();
        let waiting = outbox.bytes.fetch_add(size, Ordering::Relaxed);
        if waiting + size > MOST_BYTES || outbox.queue.try_send(message).is_err() {
            outbox.bytes.fetch_sub(size, Ordering::Relaxed);
            outbox.overflow.notify_one();
        }
    }

    /// How many places are taken.
    pub(crate) fn taken(&self) -> usize {
        lock(&self.places).taken
    }
}

impl Inbox {
    /// The next message to send.
    pub(crate) async fn next(&mut self) -> Option<String> {
        let message = self.queue.recv().await?;
        self.bytes.fetch_sub(message.len(), Ordering::Relaxed);
        Some(message)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = lock(&self.places);
        places.taken -= 1;
        if let Some(neighbours) = places.by_prefix.get_mut(&self.prefix) {
            *neighbours -= 1;
            if *neighbours == 0 {
                places.by_prefix.remove(&self.prefix);
            }
        }
        metrics::gauge!("shoal_tracker_sockets").set(places.taken as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_and_given_back() {
        let connections = Connections::default();
        let place = |address: &str| connections.place(address.parse().unwrap(), 3, 2);
        let first = place("192.0.2.1");
        let second = place("192.0.2.2");
        assert!(first.is_some() && second.is_some() && place("192.0.2.3").is_none());
        let third = place("198.51.100.1");
        assert!(third.is_some() && place("203.0.113.1").is_none());
        drop(first);
        assert_eq!(connections.taken(), 2);
        assert!(place("192.0.2.3").is_some());
        drop((second, third));
        assert_eq!(
            (
                connections.taken(),
                lock(&connections.places).by_prefix.len()
            ),
            (0, 0)
        );
    }

    #[tokio::test]
    async fn a_queue_that_overflows_says_so() {
        let connections = Connections::default();
        let (conn, mut inbox) = connections.open();
        connections.send(conn, "x".repeat(MOST_BYTES));
        connections.send(conn, "y".into());
        inbox.overflow.notified().await;
        assert_eq!(
            inbox.next().await.map(|message| message.len()),
            Some(MOST_BYTES)
        );
        connections.send(conn, "z".into());
        assert_eq!(inbox.next().await.as_deref(), Some("z"));
        (0..=MOST_MESSAGES).for_each(|_| connections.send(conn, "m".into()));
        inbox.overflow.notified().await;
        connections.close(conn);
        connections.send(conn, "nobody".into());
    }
}
