//! The lane: file bytes that go from the page cache to the socket without passing through this process.
//!
//! hyper only knows bodies made of bytes, and `sendfile` needs a file. So the body of a file yields *placeholders*, slices of one
//! region of zeros that nobody ever reads or writes (it is reserved address space, not memory), and notes in the connection's lane
//! which part of which file each of them stands for. hyper queues them untouched, because the connection says that it writes
//! vectored; [`LaneStream`] below it recognises a slice of that region by its address and calls `sendfile` instead of writing.
//! Every other byte passes through as it is.
//!
//! A placeholder must never reach a client as zeros. Each one starts at a different place of the region, and the address that
//! arrives has to be exactly the one the lane expects next: any other order, a file that has become shorter, or a lane without a
//! note is an error that closes the connection. The kernel keeps pages of the file until the client has them, so files that are
//! served are never changed in place. It is not for TLS, where the bytes must pass through the process to be encrypted.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// The longest part of a file one placeholder can stand for.
pub const LONGEST: usize = 8 << 20;

/// How many different starting places placeholders have.
const PLACES: usize = 4096;

/// Fresh zeroed memory of this size is address space only, until somebody touches it, and nobody does.
static REGION: LazyLock<&'static [u8]> =
    LazyLock::new(|| Box::leak(vec![0; LONGEST + PLACES].into_boxed_slice()));

/// The notes of one connection; in the extensions of its requests when the connection can send files by itself.
#[derive(Clone, Default)]
pub struct Lane(Arc<Mutex<Notes>>);

#[derive(Default)]
struct Notes {
    parts: VecDeque<Part>,
    made: usize,
}

/// The part of a file that a placeholder stands for; what is sent moves from `left` to `offset` and `start`.
struct Part {
    file: Arc<File>,
    offset: u64,
    start: usize,
    left: usize,
}

impl Lane {
    /// A placeholder for `len` bytes (at most [`LONGEST`]) of `file` from `offset` on. It has to be the next thing its connection sends.
    pub fn place(&self, file: &Arc<File>, offset: u64, len: usize) -> Bytes {
        let len = len.min(LONGEST);
        let mut notes = self.notes();
        let start = notes.made % PLACES;
        notes.made = notes.made.wrapping_add(1);
        notes.parts.push_back(Part {
            file: Arc::clone(file),
            offset,
            start,
            left: len,
        });
        Bytes::from_static(&REGION[start..start + len])
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends as much as the socket takes of the part that `slice` stands for.
    fn send(&self, socket: &TcpStream, slice: &[u8]) -> io::Result<usize> {
        let mut notes = self.notes();
        let part = notes.parts.front_mut().ok_or_else(out_of_step)?;
        if slice.as_ptr() != REGION[part.start..].as_ptr() || slice.len() > part.left {
            return Err(out_of_step());
        }
        let sent = rustix::fs::sendfile(socket, &*part.file, Some(&mut part.offset), slice.len())?;
        if sent == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "a file became shorter while it was sent",
            ));
        }
        part.start += sent;
        part.left -= sent;
        if part.left == 0 {
            notes.parts.pop_front();
        }
        Ok(sent)
    }
}

fn out_of_step() -> io::Error {
    io::Error::other("a placeholder arrived that the lane did not expect")
}

fn is_placeholder(slice: &[u8]) -> bool {
    REGION.as_ptr_range().contains(&slice.as_ptr())
}

/// A TCP connection whose lane is open: what hyper writes to goes through here.
pub struct LaneStream {
    socket: TcpStream,
    lane: Lane,
}

impl LaneStream {
    /// Wraps a connection and opens its lane.
    pub fn new(socket: TcpStream) -> LaneStream {
        LaneStream {
            socket,
            lane: Lane::default(),
        }
    }

    /// The lane to put in the extensions of this connection's requests.
    pub fn lane(&self) -> Lane {
        self.lane.clone()
    }

    /// Calls a non-blocking system call whenever the socket is ready for it, until it does not say "would block".
    fn poll_send(
        &self,
        cx: &mut Context<'_>,
        mut call: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.socket.poll_write_ready(cx))?;
            match self
                .socket
                .try_io(Interest::WRITABLE, || call(&self.socket))
            {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

impl AsyncWrite for LaneStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match slices.iter().position(|slice| is_placeholder(slice)) {
            None => Pin::new(&mut self.socket).poll_write_vectored(cx, slices),
            Some(0) => self.poll_send(cx, |socket| self.lane.send(socket, &slices[0])),
            // The head of a response leaves in one packet with the first bytes of the file.
            Some(plain) => self.poll_send(cx, |socket| {
                let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
                let mut none = SendAncillaryBuffer::default();
                Ok(sendmsg(socket, &slices[..plain], &mut none, flags)?)
            }),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

impl AsyncRead for LaneStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, into)
    }
}
