//! The open connections: how many there may be, and how a message reaches one of them. What is to leave waits as bytes, frames and all,
//! in an outbox that is bounded: whoever sends writes right into it, and the connection's task takes all of it at once. Whoever lets
//! it fill up does not read, and is closed rather than waited for, since nobody in a swarm may cost the others memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::task::{Context, Poll, Waker};

use swarm::{ConnId, Prefix};

/// Bytes that may wait for one client.
const MOST_BYTES: usize = 512 << 10;

/// An outbox that has been emptied keeps this much room.
const ROOM: usize = 16 << 10;

/// Locks even after a panic elsewhere: every change here is complete before the lock is given back.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All open connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    last: AtomicU64,
    open: RwLock<HashMap<ConnId, Arc<Outbox>>>,
    places: Arc<Mutex<Places>>,
}

/// The open connections for as long as several messages are sent.
pub(crate) struct Post<'a>(RwLockReadGuard<'a, HashMap<ConnId, Arc<Outbox>>>);

/// What waits for a client.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Why the connection is to end, when it is.
    end: Option<End>,
    reader: Option<Waker>,
}

/// Why a connection has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The client does not read.
    Overflow,
    /// The tracker closes.
    Closing,
}

#[derive(Debug, Default)]
struct Places {
    /// The metric that shows how many are taken.
    gauge: &'static str,
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
    /// None yet; `gauge` is the metric that shows how many there are.
    pub(crate) fn new(gauge: &'static str) -> Self {
        let connections = Self::default();
        lock(&connections.places).gauge = gauge;
        connections
    }

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
        metrics::gauge!(places.gauge).set(places.taken as f64);
        Some(Place {
            places: self.places.clone(),
            prefix,
        })
    }

    /// Opens a connection's outbox under a number of its own.
    pub(crate) fn open(&self) -> (ConnId, Arc<Outbox>) {
        let conn = ConnId(self.last.fetch_add(1, Ordering::Relaxed));
        let outbox = Arc::<Outbox>::default();
        self.open
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(conn, outbox.clone());
        (conn, outbox)
    }

    /// Closes it.
    pub(crate) fn close(&self, conn: ConnId) {
        self.open
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&conn);
    }

    /// Begins to send messages. Connections open and close when it is dropped.
    pub(crate) fn post(&self) -> Post<'_> {
        Post(self.open.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells all connections to end.
    pub(crate) fn end_all(&self) {
        self.post()
            .0
            .values()
            .for_each(|outbox| outbox.end(End::Closing));
    }

    /// How many places are taken.
    pub(crate) fn taken(&self) -> usize {
        lock(&self.places).taken
    }
}

impl Post<'_> {
    /// Leaves something for a connection. One that is gone meanwhile does not mind.
    pub(crate) fn send(&self, conn: ConnId, write: impl FnOnce(&mut Vec<u8>)) {
        if let Some(outbox) = self.0.get(&conn) {
            outbox.put(write);
        }
    }
}

impl Outbox {
    /// Leaves what `write` appends.
    pub(crate) fn put(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut waiting = lock(&self.waiting);
        if waiting.end.is_some() {
            return;
        }
        let before = waiting.bytes.len();
        write(&mut waiting.bytes);
        if waiting.bytes.len() > MOST_BYTES {
            waiting.bytes.truncate(before);
            waiting.end = Some(End::Overflow);
        }
        let reader = waiting.reader.take();
        drop(waiting);
        reader.iter().for_each(Waker::wake_by_ref);
    }

    /// Ends the connection.
    pub(crate) fn end(&self, end: End) {
        let mut waiting = lock(&self.waiting);
        waiting.end.get_or_insert(end);
        let reader = waiting.reader.take();
        drop(waiting);
        reader.iter().for_each(Waker::wake_by_ref);
    }

    /// Takes all that waits into an empty buffer; whoever puts something next wakes the task.
    pub(crate) fn poll_take(
        &self,
        cx: &mut Context<'_>,
        taken: &mut Vec<u8>,
    ) -> Poll<Result<(), End>> {
        let mut waiting = lock(&self.waiting);
        if let Some(end) = waiting.end {
            return Poll::Ready(Err(end));
        }
        if waiting.bytes.is_empty() {
            waiting.wait(cx);
            return Poll::Pending;
        }
        std::mem::swap(&mut waiting.bytes, taken);
        Poll::Ready(Ok(()))
    }

    /// Takes what is left when the connection ends.
    pub(crate) fn take_rest(&self, taken: &mut Vec<u8>) {
        *taken = std::mem::take(&mut lock(&self.waiting).bytes);
    }

    /// Waits until the connection has to end.
    pub(crate) fn poll_end(&self, cx: &mut Context<'_>) -> Poll<End> {
        let mut waiting = lock(&self.waiting);
        if let Some(end) = waiting.end {
            return Poll::Ready(end);
        }
        waiting.wait(cx);
        Poll::Pending
    }

    /// Whether anything waits.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.waiting).bytes.is_empty()
    }

    /// Gives back memory that a busy moment took.
    pub(crate) fn shrink(&self) {
        let bytes = &mut lock(&self.waiting).bytes;
        bytes.shrink_to(bytes.len());
    }
}

impl Waiting {
    fn wait(&mut self, cx: &Context<'_>) {
        if self
            .reader
            .as_ref()
            .is_none_or(|reader| !reader.will_wake(cx.waker()))
        {
            self.reader = Some(cx.waker().clone());
        }
    }
}

/// Empties a buffer that has left, keeping room for what is usual.
pub(crate) fn empty(buffer: &mut Vec<u8>) {
    buffer.clear();
    if buffer.capacity() > ROOM {
        *buffer = Vec::new();
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
        metrics::gauge!(places.gauge).set(places.taken as f64);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

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
    async fn an_outbox_that_overflows_says_so() {
        let connections = Connections::default();
        let (conn, outbox) = connections.open();
        let send = |bytes: usize| {
            connections
                .post()
                .send(conn, |out| out.resize(out.len() + bytes, b'x'))
        };
        let take = async || {
            let mut taken = Vec::new();
            let end = poll_fn(|cx| outbox.poll_take(cx, &mut taken)).await;
            end.map(|()| taken.len())
        };
        send(3);
        send(MOST_BYTES - 3);
        assert_eq!(take().await, Ok(MOST_BYTES));
        send(1);
        assert_eq!((take().await, outbox.is_empty()), (Ok(1), true));
        send(MOST_BYTES);
        send(1);
        assert_eq!(poll_fn(|cx| outbox.poll_end(cx)).await, End::Overflow);
        send(1);
        connections.end_all();
        assert_eq!(take().await, Err(End::Overflow));
        connections.close(conn);
        send(1);
        assert!(lock(&outbox.waiting).bytes.len() <= MOST_BYTES);
    }

    #[tokio::test]
    async fn whoever_waits_is_woken() {
        let connections = Connections::default();
        let (conn, outbox) = connections.open();
        let mut taken = Vec::new();
        let wait = poll_fn(|cx| outbox.poll_take(cx, &mut taken));
        let (end, ()) = tokio::join!(wait, async {
            connections.post().send(conn, |out| out.push(1));
        });
        assert_eq!((end, &taken[..]), (Ok(()), &[1][..]));
        let (end, ()) = tokio::join!(poll_fn(|cx| outbox.poll_end(cx)), async {
            connections.end_all()
        });
        assert_eq!(end, End::Closing);
    }
}
