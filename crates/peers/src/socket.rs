//! The tracker over a WebSocket, for browsers. One task per connection reads, writes and watches the clock. While a client does not
//! take what is sent to it nothing is read from it either, and its patience is limited; a client that is silent, too loud, or keeps
//! sending nonsense is closed. When the connection ends, however that comes about, it leaves all its swarms. What arrives is read into
//! a buffer of the thread, so a connection on which nothing happens holds none.

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bittorrent::tracker::frames::{BadFrame, Frames, Heard, close_frame, ping_frame, pong_frame};
use bittorrent::tracker::socket::MAX_MESSAGE;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::Tracker;
use crate::address::Known;
use crate::connections::{End, Outbox, Place, empty};
use crate::tracker::count_refusal;
use crate::websocket;
use talk::Talk;

mod conducted;
mod talk;

/// Bytes that are read at once: several announces with their offers.
const READ: usize = 64 << 10;

/// How often a connection reads before others get a turn.
const TURN: u32 = 4;

/// Reasons to end a connection, as numbers of the protocol.
const DONE: u16 = 1000;
const AWAY: u16 = 1001;
const POLICY: u16 = 1008;

thread_local! {
    static ARRIVED: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
}

/// `GET /tracker/socket`: opens a WebSocket.
pub(crate) async fn open(
    State(tracker): State<Tracker>,
    address: Known,
    mut request: Request,
) -> Response {
    let accepted = websocket::accept(request.method(), request.version(), request.headers());
    let accepted = match accepted {
        Ok(accepted) => accepted,
        Err(refused) => return refused.into_response(),
    };
    let Some(address) = address.0 else {
        count_refusal("no_address");
        return (StatusCode::BAD_REQUEST, "your address is not known").into_response();
    };
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return (
            StatusCode::UPGRADE_REQUIRED,
            "no WebSocket is possible here",
        )
            .into_response();
    };
    let inner = tracker.inner();
    if *inner.closing().borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "closing").into_response();
    }
    let Some(place) = inner.connections.place(
        address,
        inner.config.sockets,
        inner.config.sockets_per_prefix,
    ) else {
        count_refusal("too_many_sockets");
        return (StatusCode::SERVICE_UNAVAILABLE, "too many connections").into_response();
    };
    tokio::spawn(async move {
        if let Ok(stream) = upgrade.await {
            serve(tracker, address, place, TokioIo::new(stream)).await;
        }
    });
    accepted
}

type Stream = TokioIo<Upgraded>;

/// What happens next on a connection.
enum Next {
    /// Something waits to be sent.
    Send,
    /// The client has said something that takes a while to answer.
    Wait,
    /// It has been silent for a while.
    Silence,
    /// It has said good-bye.
    Parted,
    /// It is gone.
    Gone,
    /// It has sent too much nonsense.
    Hopeless,
    /// It has to go.
    End(End),
}

/// Serves a connection until it ends.
async fn serve(tracker: Tracker, address: IpAddr, place: Place, mut stream: Stream) {
    let closing = tracker.inner().closing();
    let (talk, outbox) = Talk::new(tracker, address, place);
    if *closing.borrow() {
        outbox.end(End::Closing);
    }
    let mut connection = Connection {
        frames: Frames::new(MAX_MESSAGE),
        heard: Instant::now(),
        pinged: false,
        gathering: false,
        talk,
        outbox,
    };
    let patience = connection.talk.config().patience;
    let (mut sleep, mut leaving) = (pin!(sleep_until(connection.wake())), Vec::new());
    let parting = loop {
        match poll_fn(|cx| connection.poll(cx, &mut stream, sleep.as_mut(), &mut leaving)).await {
            // A client that does not read fills its outbox long before its patience is over when others keep talking to it.
            Next::Send => {
                let sent = timeout(patience, send(&mut stream, &leaving, &connection.outbox)).await;
                empty(&mut leaving);
                match sent {
                    Ok(Ok(())) => {}
                    Ok(Err(Some(End::Closing))) => break Some((AWAY, "the pod is going down")),
                    Ok(Err(Some(End::Overflow))) | Err(_) => break None,
                    Ok(Err(None)) => return,
                }
            }
            Next::Wait => connection.talk.catch_up().await,
            Next::Silence if connection.pinged => {
                count_refusal("idle");
                break Some((AWAY, "no sign of life"));
            }
            Next::Silence => {
                connection.pinged = true;
                leaving = Vec::new();
                connection.outbox.shrink();
                connection.outbox.put(ping_frame);
            }
            Next::Parted => break Some((DONE, "")),
            Next::Gone => return,
            Next::Hopeless => break Some((POLICY, "too many malformed or hasty messages")),
            Next::End(End::Closing) => break Some((AWAY, "the pod is going down")),
            Next::End(End::Overflow) => break None,
        }
    };
    match parting {
        Some((code, reason)) => {
            connection.outbox.take_rest(&mut leaving);
            close_frame(&mut leaving, code, reason);
            let farewell = async {
                stream.write_all(&leaving).await?;
                stream.shutdown().await
            };
            let _ = timeout(patience, farewell).await;
        }
        // There is no use in saying good-bye to somebody who does not read.
        None => count_refusal("does_not_read"),
    }
    drop(closing);
}

/// Sends all of it, unless the client or the connection ends meanwhile.
async fn send(stream: &mut Stream, bytes: &[u8], outbox: &Outbox) -> Result<(), Option<End>> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let sent = poll_fn(|cx| match Pin::new(&mut *stream).poll_write(cx, rest) {
            Poll::Ready(Ok(sent)) if sent > 0 => Poll::Ready(Ok(sent)),
            Poll::Ready(_) => Poll::Ready(Err(None)),
            Poll::Pending => outbox.poll_end(cx).map(|end| Err(Some(end))),
        });
        rest = rest.get(sent.await?..).unwrap_or_default();
    }
    poll_fn(|cx| Pin::new(&mut *stream).poll_flush(cx))
        .await
        .map_err(|_| None)
}

/// One open WebSocket.
struct Connection {
    talk: Talk,
    outbox: Arc<Outbox>,
    frames: Frames,
    /// When the client was last heard, and whether it has been asked for a sign of life since.
    heard: Instant,
    pinged: bool,
    /// Whether others were let go first so that they may add to what waits.
    gathering: bool,
}

impl Connection {
    /// When the client's silence will have lasted too long.
    fn wake(&self) -> Instant {
        let config = self.talk.config();
        self.heard
            + if self.pinged {
                config.idle
            } else {
                config.ping
            }
    }

    /// Reads what there is and then tells what else is to be done. What is to be sent is in `leaving`.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut Stream,
        mut sleep: Pin<&mut Sleep>,
        leaving: &mut Vec<u8>,
    ) -> Poll<Next> {
        let mut more = true;
        for _ in 0..TURN {
            match self.poll_read(cx, stream) {
                Poll::Ready(None) => {}
                Poll::Ready(Some(end)) => return Poll::Ready(end),
                Poll::Pending => {
                    more = false;
                    break;
                }
            }
            if self.talk.is_hopeless() {
                return Poll::Ready(Next::Hopeless);
            }
            if self.talk.has_waiting() {
                return Poll::Ready(Next::Wait);
            }
            if !self.outbox.is_empty() {
                break;
            }
        }
        if !self.gathering && !self.outbox.is_empty() {
            // All who can run now may have something for this client too: one system call is cheaper than many.
            self.gathering = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.outbox.poll_take(cx, leaving) {
            Poll::Ready(Ok(())) => {
                self.gathering = false;
                return Poll::Ready(Next::Send);
            }
            Poll::Ready(Err(end)) => return Poll::Ready(Next::End(end)),
            Poll::Pending => {}
        }
        if more {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            // The alarm is not set anew with every message, so it may ring too early.
            let wake = self.wake();
            if wake <= Instant::now() {
                // For the time after.
                sleep.as_mut().reset(self.heard + self.talk.config().idle);
                return Poll::Ready(Next::Silence);
            }
            sleep.as_mut().reset(wake);
        }
    }

    /// Reads once and listens to it; tells if that was the end.
    fn poll_read(&mut self, cx: &mut Context<'_>, stream: &mut Stream) -> Poll<Option<Next>> {
        ARRIVED.with_borrow_mut(|arrived| {
            let mut buffer = ReadBuf::new(arrived);
            let read = ready!(Pin::new(stream).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(Some(Next::Gone));
            }
            self.heard = Instant::now();
            self.pinged = false;
            let (talk, outbox) = (&mut self.talk, &self.outbox);
            let mut parted = false;
            let taken = self.frames.take(buffer.filled_mut(), |heard| match heard {
                _ if parted => {}
                Heard::Message(bytes) => talk.hear(bytes),
                Heard::Ping(payload) => outbox.put(|out| pong_frame(out, payload)),
                Heard::Pong => {}
                Heard::Close => parted = true,
            });
            Poll::Ready(match taken {
                Ok(()) if parted => Some(Next::Parted),
                Ok(()) => None,
                Err(BadFrame) => {
                    count_refusal("malformed");
                    Some(Next::Gone)
                }
            })
        })
    }
}
