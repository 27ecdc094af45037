//! The pace a client has to keep while it sends the body of a request.
//!
//! Only the time spent waiting for the client counts, not the time our side takes. A client has some seconds of grace, earns more with
//! every byte, and may never be silent for long. So a slow line uploads a large file without trouble, while thousands of
//! connections that send one byte each are gone after the grace.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

const GRACE: Duration = Duration::from_secs(20);
const BYTES_PER_SECOND: u64 = 1000;
const LONGEST_SILENCE: Duration = Duration::from_secs(45);

/// A body that ends with an error when the client does not keep the pace.
pub struct Paced<B> {
    body: B,
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
    pub fn new(body: B) -> Paced<B> {
        Paced {
            body,
            received: 0,
            waited: Duration::ZERO,
            waiting_since: None,
            alarm: None,
        }
    }
}

/// How long to wait for the next bytes of a client that has sent `received` bytes and let us wait for `waited`.
fn patience(received: u64, waited: Duration) -> Duration {
    let earned = GRACE + Duration::from_secs(received / BYTES_PER_SECOND);
    earned.saturating_sub(waited).min(LONGEST_SILENCE)
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
        if self.waiting_since.is_none() {
            let now = Instant::now();
            self.waiting_since = Some(now);
            let until = now + patience(self.received, self.waited);
            match &mut self.alarm {
                Some(alarm) => alarm.as_mut().reset(until),
                None => self.alarm = Some(Box::pin(tokio::time::sleep_until(until))),
            }
        }
        if let Some(alarm) = &mut self.alarm {
            ready!(alarm.as_mut().poll(cx));
        }
        Poll::Ready(Some(Err(Broken::TooSlow)))
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

    use super::*;

    /// Sends a piece of `size` bytes each `pause` seconds and tells after how many seconds the body was given up, if it was.
    async fn given_up(size: usize, pause: u64, pieces: usize) -> Option<u64> {
        let stream = futures_util::stream::unfold(0, move |sent| async move {
            if sent == pieces {
                return None;
            }
            tokio::time::sleep(Duration::from_secs(pause)).await;
            let frame = Frame::data(Bytes::from(vec![0; size]));
            Some((Ok::<_, Infallible>(frame), sent + 1))
        });
        let start = Instant::now();
        let body = Paced::new(StreamBody::new(Box::pin(stream)));
        let broken = body.collect().await.is_err();
        broken.then(|| start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn pace() {
        for (size, pause, pieces, expected) in [
            (1, 1, 1000, Some(20)),
            (1, 1000, 1, Some(20)),
            (500, 1, 1000, Some(39)),
            (2000, 1, 1000, None),
            (40_000, 19, 100, None),
            (1_000_000, 21, 10, Some(20)),
            (1_000_000, 10, 100, None),
        ] {
            assert_eq!(
                given_up(size, pause, pieces).await,
                expected,
                "{size} every {pause}"
            );
        }
        assert_eq!(patience(10_000_000_000, Duration::ZERO), LONGEST_SILENCE);
    }
}
