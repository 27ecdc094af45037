//! The pace a client has to keep while it sends the body of a request.
//!
//! Only the time spent waiting for the client counts, not the time our side takes. A client has some seconds of grace, earns more with
//! every byte, and may never be silent for long. So a slow line uploads a large file without trouble, while thousands of
//! connections that send one byte each are gone after the grace, and sooner when places for connections run out.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::slots::Crowd;

const GRACE: Duration = Duration::from_secs(20);
const GRACE_IN_A_CROWD: Duration = Duration::from_secs(3);
/// Whether it is crowded is looked at this often.
const LOOK: Duration = Duration::from_secs(3);
const BYTES_PER_SECOND: u64 = 1000;
const LONGEST_SILENCE: Duration = Duration::from_secs(45);

/// A body that ends with an error when the client does not keep the pace.
pub struct Paced<B> {
    body: B,
    crowd: Crowd,
    received: u64,
    waited: Duration,
    waiting_since: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
}

/// What went wrong with a body.
#[derive(Debug)]
pub enum Broken {
    /// The client did not keep the pace.
    TooSlow,
    /// The connection did not bring it.
    Connection(axum::Error),
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Broken::TooSlow => f.write_str("the body of the request came too slowly"),
            Broken::Connection(error) => {
                write!(f, "the body of the request did not arrive: {error}")
            }
        }
    }
}

impl std::error::Error for Broken {}

impl<B> Paced<B> {
    /// Puts a body under the rule.
    pub fn new(body: B, crowd: Crowd) -> Paced<B> {
        Paced {
            body,
            crowd,
            received: 0,
            waited: Duration::ZERO,
            waiting_since: None,
            alarm: None,
        }
    }
}

/// How much longer to wait for a client that has sent `received` bytes and let us wait for `waited` in all, `silent` of it just now.
fn patience(received: u64, waited: Duration, silent: Duration, crowded: bool) -> Duration {
    let grace = if crowded { GRACE_IN_A_CROWD } else { GRACE };
    let earned = grace + Duration::from_secs(received / BYTES_PER_SECOND);
    let left = earned.saturating_sub(waited);
    left.min(LONGEST_SILENCE.saturating_sub(silent))
}

impl<B> Body for Paced<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            if let Some(since) = self.waiting_since.take() {
                self.waited += since.elapsed();
            }
            let bytes = frame
                .as_ref()
                .and_then(|frame| frame.as_ref().ok()?.data_ref());
            self.received += bytes.map_or(0, Bytes::len) as u64;
            return Poll::Ready(
                frame.map(|frame| frame.map_err(|e| Broken::Connection(axum::Error::new(e)))),
            );
        }
        let begins = self.waiting_since.is_none();
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        loop {
            let silent = since.elapsed();
            let crowded = self.crowd.is_there();
            let left = patience(self.received, self.waited + silent, silent, crowded);
            if left.is_zero() {
                return Poll::Ready(Some(Err(Broken::TooSlow)));
            }
            let until = Instant::now() + left.min(LOOK);
            match &mut self.alarm {
                Some(alarm) if begins || alarm.is_elapsed() => alarm.as_mut().reset(until),
                Some(_) => {}
                None => self.alarm = Some(Box::pin(tokio::time::sleep_until(until))),
            }
            if let Some(alarm) = &mut self.alarm {
                ready!(alarm.as_mut().poll(cx));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::{BodyExt, StreamBody};

    use super::super::slots::Slots;
    use super::*;

    /// Sends a piece of `size` bytes each `pause` seconds and tells after how many seconds the body was given up, if it was.
    async fn given_up(size: usize, pause: u64, pieces: usize, crowd: Crowd) -> Option<u64> {
        let stream = futures_util::stream::unfold(0, move |sent| async move {
            if sent == pieces {
                return None;
            }
            tokio::time::sleep(Duration::from_secs(pause)).await;
            let frame = Frame::data(Bytes::from(vec![0; size]));
            Some((Ok::<_, Infallible>(frame), sent + 1))
        });
        let start = Instant::now();
        let body = Paced::new(StreamBody::new(Box::pin(stream)), crowd);
        let broken = body.collect().await.is_err();
        broken.then(|| start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn pace() {
        let slots = Slots::new(4);
        for (size, pause, pieces, expected) in [
            (1, 1, 1000, Some(20)),
            (1, 1000, 1, Some(20)),
            (500, 1, 1000, Some(39)),
            (2000, 1, 1000, None),
            (40_000, 19, 100, None),
            (1_000_000, 21, 10, Some(20)),
            (1_000_000, 10, 100, None),
        ] {
            let given_up = given_up(size, pause, pieces, slots.crowd()).await;
            assert_eq!(given_up, expected, "{size} every {pause}");
        }
        // A long silence is too long, whatever was earned.
        let earned = given_up(10_000_000, 15, 2, slots.crowd());
        assert_eq!(earned.await, None);
        assert_eq!(
            patience(10_000_000_000, Duration::ZERO, Duration::ZERO, false),
            LONGEST_SILENCE
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_shortens_the_grace_even_of_those_who_wait_already() {
        let slots = Slots::new(4);
        let early = tokio::spawn(given_up(1, 1000, 1, slots.crowd()));
        let busy = tokio::spawn(given_up(2000, 1, 100, slots.crowd()));
        tokio::time::sleep(Duration::from_secs(7)).await;
        let mut taken = Vec::new();
        for _ in 0..4 {
            taken.push(slots.place().await.slot());
        }
        assert_eq!(given_up(1, 1000, 1, slots.crowd()).await, Some(3));
        assert_eq!(early.await.unwrap(), Some(9));
        assert_eq!(busy.await.unwrap(), None);
    }
}
