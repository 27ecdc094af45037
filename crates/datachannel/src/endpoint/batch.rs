//! The buffer through which datagrams leave: as many of one size for one peer as a kernel takes at once (UDP GSO). It belongs to
//! whoever owns the socket and is used again and again.

use super::Path;

/// Linux takes so many segments at once.
pub const MOST_SEGMENTS: usize = 64;
/// The largest datagram that is ever written.
pub(crate) const LARGEST: usize = 1472;
/// The largest payload of UDP over IPv4, which bounds a batch as a whole.
const ROOM: usize = 65_507;

/// A buffer for one [`Transmit`].
#[derive(Debug)]
pub struct Batch {
    pub(super) bytes: Vec<u8>,
    length: usize,
    segment: usize,
    count: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            bytes: vec![0; ROOM],
            length: 0,
            segment: 0,
            count: 0,
        }
    }
}

/// What is to be sent where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transmit<'a> {
    /// Which way.
    pub path: Path,
    /// One datagram after the other, all of `segment` bytes but the last, which may be shorter.
    pub bytes: &'a [u8],
    /// In bytes.
    pub segment: usize,
}

impl Batch {
    pub(super) fn clear(&mut self) {
        (self.length, self.segment, self.count) = (0, 0, 0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Where the next datagram may be written, if there may be one.
    pub(super) fn space(&mut self) -> Option<&mut [u8]> {
        let open = self.length == self.count * self.segment;
        let size = if self.count == 0 {
            LARGEST
        } else {
            self.segment
        };
        (open && self.count < MOST_SEGMENTS && self.length + size.max(LARGEST) <= ROOM)
            .then(|| &mut self.bytes[self.length..self.length + LARGEST])
    }

    /// Takes in the datagram of this length that was written to [`space`](Self::space); gives it back when it is longer than those
    /// before it.
    pub(super) fn push(&mut self, length: usize) -> Result<(), &[u8]> {
        if self.count == 0 {
            self.segment = length;
        } else if length > self.segment {
            return Err(&self.bytes[self.length..self.length + length]);
        }
        self.length += length;
        self.count += 1;
        Ok(())
    }

    pub(super) fn transmit(&self, path: Path) -> Transmit<'_> {
        Transmit {
            path,
            bytes: &self.bytes[..self.length],
            segment: self.segment,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ones_and_a_shorter_one() {
        let mut batch = Batch::default();
        for _ in 0..3 {
            assert!(batch.space().is_some());
            assert_eq!(batch.push(1000), Ok(()));
        }
        assert!(batch.space().is_some());
        assert!(batch.push(1001).is_err());
        assert_eq!(batch.push(10), Ok(()));
        assert!(batch.space().is_none());
        let transmit = batch.transmit(Path {
            remote: "192.0.2.1:1".parse().unwrap(),
            local: None,
        });
        assert_eq!((transmit.bytes.len(), transmit.segment), (3010, 1000));
        batch.clear();
        assert!(batch.is_empty());
        for size in [1, 100, LARGEST] {
            batch.clear();
            while batch.space().is_some() {
                batch.push(size).unwrap();
            }
            assert!(batch.count <= MOST_SEGMENTS && batch.length <= ROOM);
            assert!(batch.count >= 40);
        }
    }
}
