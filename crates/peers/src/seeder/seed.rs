//! A torrent while somebody takes it: the open file, and how to read blocks of it. It is opened for the first peer and closed behind
//! the last, so a torrent without peers has no file open and no memory. A file that the kernel has in memory is read at once; one
//! that has to come from the disk is read on a thread that may wait.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bittorrent::wire::{Block, PIECE_HEADER, piece_header};
use bytes::{Buf, Bytes};
use rustix::io::{Errno, ReadWriteFlags, preadv, preadv2};
use swarm::seeder::Torrent;
use tokio_util::sync::CancellationToken;

use super::Transport;
use super::seeds::Taken;

/// Blocks read in one call of the system.
const AT_ONCE: usize = 64;

/// A torrent and its file.
#[derive(Debug)]
pub(crate) struct Seed {
    pub(crate) torrent: Arc<Torrent>,
    file: File,
    /// Ends when the pod no longer shares the torrent.
    pub(crate) over: CancellationToken,
    numbers: Arc<Numbers>,
}

/// Who takes a torrent, and how much was taken since the pod started; kept longer than the file is open.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    peers: [AtomicUsize; Transport::ALL.len()],
    sent: [AtomicU64; Transport::ALL.len()],
}

impl Numbers {
    pub(crate) fn taken(&self) -> Taken {
        Taken {
            peers: Transport::ALL
                .map(|transport| self.peers[transport as usize].load(Ordering::Relaxed)),
            sent: Transport::ALL
                .map(|transport| self.sent[transport as usize].load(Ordering::Relaxed)),
        }
    }
}

/// Bytes that are on their way to a peer. The memory is kept from one filling to the next, and not cleared in between.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// What lies beyond `end` has been sent and means nothing.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Batch {
    /// What is still to be sent.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Takes note that so many bytes were sent.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.start += bytes;
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Adds messages.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.grow(bytes.len()).copy_from_slice(bytes);
    }

    /// Room at the end, whose content does not matter, to be filled.
    fn grow(&mut self, bytes: usize) -> &mut [u8] {
        let start = self.end;
        self.end += bytes;
        if self.bytes.len() < self.end {
            self.bytes.resize(self.end, 0);
        }
        &mut self.bytes[start..self.end]
    }

    /// Whether memory is held for nothing.
    pub(crate) fn is_idle(&self) -> bool {
        self.is_empty() && !self.bytes.is_empty()
    }

    /// Gives memory back that is held for nothing.
    pub(crate) fn shrink(&mut self) {
        if self.is_empty() {
            self.bytes = Vec::new();
        }
    }
}

impl From<Batch> for Bytes {
    fn from(batch: Batch) -> Self {
        let mut bytes = Self::from(batch.bytes);
        bytes.truncate(batch.end);
        bytes.advance(batch.start);
        bytes
    }
}

impl Seed {
    pub(crate) fn new(torrent: Torrent, file: File, numbers: Arc<Numbers>) -> Self {
        Self {
            torrent: Arc::new(torrent),
            file,
            over: CancellationToken::new(),
            numbers,
        }
    }

    /// Appends blocks with what stands before each of them on the wire, if the kernel has them in memory; false when it has not.
    pub(crate) fn read_now(&self, blocks: &[Block], batch: &mut Batch) -> io::Result<bool> {
        let before = batch.end;
        match self.fill(blocks, batch, ReadWriteFlags::NOWAIT) {
            Ok(()) => Ok(true),
            Err(error) if must_wait(&error) => {
                batch.end = before;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The same, from the disk if need be.
    pub(crate) async fn read(
        self: &Arc<Self>,
        blocks: &[Block],
        batch: &mut Batch,
    ) -> io::Result<()> {
        if self.read_now(blocks, batch)? {
            return Ok(());
        }
        let (seed, blocks, mut filled) = (self.clone(), blocks.to_vec(), std::mem::take(batch));
        let read = tokio::task::spawn_blocking(move || {
            let read = seed.fill(&blocks, &mut filled, ReadWriteFlags::empty());
            read.map(|()| filled)
        });
        *batch = read.await.map_err(io::Error::other)??;
        Ok(())
    }

    fn fill(&self, blocks: &[Block], batch: &mut Batch, flags: ReadWriteFlags) -> io::Result<()> {
        for blocks in blocks.chunks(AT_ONCE) {
            let mut rest = blocks;
            while !rest.is_empty() {
                let run = self.run(rest);
                let (now, later) = rest.split_at(run);
                self.fill_run(now, batch, flags)?;
                rest = later;
            }
        }
        Ok(())
    }

    /// How many of the blocks follow each other in the file.
    fn run(&self, blocks: &[Block]) -> usize {
        let follows = |pair: &&[Block]| {
            self.torrent.offset(&pair[0]) + u64::from(pair[0].length)
                == self.torrent.offset(&pair[1])
        };
        1 + blocks.windows(2).take_while(follows).count()
    }

    fn fill_run(
        &self,
        blocks: &[Block],
        batch: &mut Batch,
        flags: ReadWriteFlags,
    ) -> io::Result<()> {
        let bytes: usize = blocks.iter().map(|block| block.length as usize).sum();
        let mut slices = Vec::with_capacity(blocks.len());
        let mut rest = batch.grow(bytes + blocks.len() * PIECE_HEADER);
        for block in blocks {
            let (header, after) = rest.split_at_mut(PIECE_HEADER);
            header.copy_from_slice(&piece_header(block.piece, block.begin, block.length));
            let (body, after) = after.split_at_mut(block.length as usize);
            slices.push(IoSliceMut::new(body));
            rest = after;
        }
        let mut offset = self.torrent.offset(&blocks[0]);
        let mut slices = &mut slices[..];
        while !slices.is_empty() {
            let read = if flags.is_empty() {
                preadv(&self.file, slices, offset)
            } else {
                preadv2(&self.file, slices, offset, flags)
            };
            match read {
                // The file is shorter than its torrent says; whoever is damaged has to hear it by the connection's end.
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    offset += read as u64;
                    IoSliceMut::advance_slices(&mut slices, read);
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Counts bytes that were sent.
    pub(crate) fn count_sent(&self, transport: Transport, bytes: usize) {
        self.numbers.sent[transport as usize].fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn join(&self, transport: Transport) {
        self.numbers.peers[transport as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn leave(&self, transport: Transport) {
        self.numbers.peers[transport as usize].fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether a read without waiting was not possible: the bytes are not in memory, or the file system cannot tell.
fn must_wait(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Unsupported
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn seed(length: usize) -> (Arc<Seed>, Vec<u8>) {
        let bytes: Vec<u8> = (0..length).map(|i| (i * 7 + i / 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let torrent = Torrent {
            infohash: bittorrent::InfoHash([1; 20]),
            length: length as u64,
            piece_length: 64 << 10,
            info: Box::default(),
        };
        (Arc::new(Seed::new(torrent, file, Arc::default())), bytes)
    }

    #[tokio::test]
    async fn blocks_come_with_their_headers_in_the_order_asked() {
        let (seed, bytes) = seed(200_000);
        let block = |piece: u32, begin: u32, length: u32| Block {
            piece,
            begin,
            length,
        };
        let asked = [
            block(0, 0, 16384),
            block(0, 16384, 16384),
            block(2, 5, 1),
            block(3, 0, 3392),
            block(1, 49152, 16384),
            block(2, 0, 16384),
        ];
        let mut batch = Batch::default();
        batch.push(b"first");
        seed.read(&asked, &mut batch).await.unwrap();
        let mut expected = b"first".to_vec();
        for block in asked {
            expected.extend(piece_header(block.piece, block.begin, block.length));
            let start = seed.torrent.offset(&block) as usize;
            expected.extend(&bytes[start..start + block.length as usize]);
        }
        assert!(batch.rest() == expected);
        batch.advance(5);
        assert!(batch.rest() == &expected[5..]);
        batch.advance(expected.len() - 5);
        assert!(batch.is_empty());
    }

    #[tokio::test]
    async fn a_file_that_became_shorter_is_an_error() {
        let (seed, _) = seed(70_000);
        seed.file.set_len(60_000).unwrap();
        let block = Block {
            piece: 0,
            begin: 49152,
            length: 16384,
        };
        let error = seed
            .read(&[block], &mut Batch::default())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
