//! The bytes of a part of a file as a response body.
//!
//! With a lane it yields placeholders, so that the kernel copies from the page cache to the socket; without one (TLS, tests in
//! process) it reads pieces on the blocking pool. Memory is constant either way. A file that ends too early ends the connection: a
//! client must never take a short or padded answer for the file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::lane::{LONGEST, Lane};

/// How much is read at once when there is no lane: large enough to make the hop to the blocking pool cheap, small per connection.
const READ_AT_ONCE: usize = 128 << 10;

/// A response body of `left` bytes of a file.
pub struct FileBody {
    file: Arc<File>,
    offset: u64,
    left: u64,
    way: Way,
}

enum Way {
    Lane(Lane),
    Read(Option<JoinHandle<io::Result<Bytes>>>),
}

impl FileBody {
    /// The `len` bytes of `file` from `offset` on, over the connection's lane if it has one.
    pub fn new(file: File, offset: u64, len: u64, lane: Option<Lane>) -> FileBody {
        FileBody {
            file: Arc::new(file),
            offset,
            left: len,
            way: lane.map_or(Way::Read(None), Way::Lane),
        }
    }

    fn next_len(&self, at_most: usize) -> usize {
        usize::try_from(self.left).map_or(at_most, |left| left.min(at_most))
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let offset = self.offset;
        let to_read = self.next_len(READ_AT_ONCE);
        let to_place = self.next_len(LONGEST);
        let file = Arc::clone(&self.file);
        let bytes = match &mut self.way {
            Way::Lane(lane) => lane.place(&file, offset, to_place),
            Way::Read(running) => {
                let reading = running.get_or_insert_with(|| {
                    tokio::task::spawn_blocking(move || read(&file, offset, to_read))
                });
                let done = ready!(Pin::new(reading).poll(cx));
                *running = None;
                match done.map_err(io::Error::other).flatten() {
                    Ok(bytes) => bytes,
                    Err(error) => return Poll::Ready(Some(Err(error))),
                }
            }
        };
        self.offset += bytes.len() as u64;
        self.left -= bytes.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

fn read(file: &File, offset: u64, len: usize) -> io::Result<Bytes> {
    let mut bytes = vec![0; len];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes.into())
}
