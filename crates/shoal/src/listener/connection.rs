//! A connection that gives its place back, and that is not kept for a client that has stopped reading.
//!
//! Whoever takes nothing of what is to be written for a minute is cut off; players that pause ask again with a range. Waiting for
//! something to read is not limited here: what may take how long depends on what is read (heads in hyper, bodies in `pace`, sockets
//! of the tracker by themselves).

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::slots::Slot;

const STALL: Duration = Duration::from_secs(60);

/// A stream with its place and its limit.
pub struct Guarded<S> {
    stream: S,
    _slot: Slot,
    alarm: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl<S> Guarded<S> {
    /// Puts a stream under guard.
    pub fn new(stream: S, slot: Slot) -> Guarded<S> {
        Guarded {
            stream,
            _slot: slot,
            alarm: None,
            waiting: false,
        }
    }

    /// Passes on what a write came to, or ends it when nothing has moved for too long.
    fn watch<T>(&mut self, cx: &mut Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.waiting = false;
            return done;
        }
        let until = Instant::now() + STALL;
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if !self.waiting {
            self.waiting = true;
            alarm.as_mut().reset(until);
        }
        ready!(alarm.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch(cx, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch(cx, done)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch(cx, done)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::super::slots::Slots;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_is_cut_off() {
        let (ours, mut theirs) = tokio::io::duplex(10);
        let mut guarded = Guarded::new(ours, Slots::new(1).place().await.slot());
        let start = Instant::now();
        let reader = tokio::spawn(async move {
            for _ in 0..5 {
                tokio::time::sleep(STALL - Duration::from_secs(1)).await;
                theirs.read_exact(&mut [0; 10]).await.unwrap();
            }
            theirs
        });
        let error = guarded.write_all(&[1; 1000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed().as_secs(), 5 * 59 + 60);
        drop(reader);
    }
}
