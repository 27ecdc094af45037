//! The bytes of SCTP packets (RFC 9260, section 3): a common header, then chunks; inside some chunks, parameters of the same make. What
//! is cut short or says a wrong length ends the walk, so a parser never sees more than what arrived. Nothing here knows a state.

mod init;
mod sack;

pub use init::{Init, Peer, write_init};
pub use sack::Sack;

/// The length of the common header: two ports, verification tag, checksum.
pub const HEADER: usize = 12;

/// The length of a DATA chunk's header.
pub const DATA_HEADER: usize = 16;

/// Chunk types.
pub mod kind {
    pub const DATA: u8 = 0;
    pub const INIT: u8 = 1;
    pub const INIT_ACK: u8 = 2;
    pub const SACK: u8 = 3;
    pub const HEARTBEAT: u8 = 4;
    pub const HEARTBEAT_ACK: u8 = 5;
    pub const ABORT: u8 = 6;
    pub const SHUTDOWN: u8 = 7;
    pub const SHUTDOWN_ACK: u8 = 8;
    pub const ERROR: u8 = 9;
    pub const COOKIE_ECHO: u8 = 10;
    pub const COOKIE_ACK: u8 = 11;
    pub const ECN_ECHO: u8 = 12;
    pub const WINDOW_REDUCED: u8 = 13;
    pub const SHUTDOWN_COMPLETE: u8 = 14;
    /// RFC 6525.
    pub const RECONFIG: u8 = 130;
    /// RFC 3758.
    pub const FORWARD_TSN: u8 = 192;
}

/// Flags of a DATA chunk.
pub mod flag {
    /// The last fragment of its message.
    pub const END: u8 = 1;
    /// The first fragment of its message.
    pub const BEGIN: u8 = 2;
    /// The message may overtake others.
    pub const UNORDERED: u8 = 4;
    /// The sender would like an acknowledgement at once (RFC 7053).
    pub const IMMEDIATE: u8 = 8;
    /// On ABORT and SHUTDOWN COMPLETE: the sender knew no tag of its peer and reflects that of the packet it answers.
    pub const REFLECTED: u8 = 1;
}

/// Causes of an error or an abort.
pub mod cause {
    pub const UNRECOGNIZED_CHUNK: u16 = 6;
    pub const UNRECOGNIZED_PARAMETERS: u16 = 8;
    pub const NO_USER_DATA: u16 = 9;
    pub const USER_ABORT: u16 = 12;
    pub const PROTOCOL_VIOLATION: u16 = 13;
}

/// A packet's common header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub source: u16,
    pub destination: u16,
    pub tag: u32,
    /// Zero where the sender relies on DTLS (RFC 9653).
    pub checksum: u32,
}

impl Header {
    /// Splits a packet into its header and its chunks.
    pub fn parse(packet: &[u8]) -> Option<(Self, &[u8])> {
        let (head, chunks) = packet.split_first_chunk::<HEADER>()?;
        let [s0, s1, d0, d1, t0, t1, t2, t3, c0, c1, c2, c3] = *head;
        let header = Self {
            source: u16::from_be_bytes([s0, s1]),
            destination: u16::from_be_bytes([d0, d1]),
            tag: u32::from_be_bytes([t0, t1, t2, t3]),
            checksum: u32::from_le_bytes([c0, c1, c2, c3]),
        };
        Some((header, chunks))
    }

    /// Begins a packet, still without a checksum.
    pub fn write(source: u16, destination: u16, tag: u32, out: &mut Vec<u8>) {
        out.extend(source.to_be_bytes());
        out.extend(destination.to_be_bytes());
        out.extend(tag.to_be_bytes());
        out.extend([0; 4]);
    }
}

/// The checksum that a packet should carry: CRC32c with zero in the checksum's own place.
pub fn checksum(packet: &[u8]) -> u32 {
    let (ports_and_tag, rest) = packet.split_at(packet.len().min(8));
    let crc = crc32c::crc32c_append(crc32c::crc32c(ports_and_tag), &[0; 4]);
    crc32c::crc32c_append(crc, rest.get(4..).unwrap_or_default())
}

/// Puts the checksum into a packet that is ready but for it.
pub fn seal(packet: &mut [u8]) {
    let checksum = crc32c::crc32c(packet);
    packet[8..HEADER].copy_from_slice(&checksum.to_le_bytes());
}

/// One chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk<'a> {
    pub kind: u8,
    pub flags: u8,
    /// What follows the chunk's header.
    pub value: &'a [u8],
    /// The whole of it, without padding.
    pub raw: &'a [u8],
}

/// The chunks of a packet.
#[derive(Debug, Clone)]
pub struct Chunks<'a>(pub &'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let raw = item(&mut self.0)?;
        Some(Chunk {
            kind: raw[0],
            flags: raw[1],
            value: &raw[4..],
            raw,
        })
    }
}

/// One parameter, or one cause of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter<'a> {
    pub kind: u16,
    pub value: &'a [u8],
    /// The whole of it, without padding.
    pub raw: &'a [u8],
}

/// The parameters of a chunk.
#[derive(Debug, Clone)]
pub struct Parameters<'a>(pub &'a [u8]);

impl<'a> Iterator for Parameters<'a> {
    type Item = Parameter<'a>;

    fn next(&mut self) -> Option<Parameter<'a>> {
        let raw = item(&mut self.0)?;
        Some(Parameter {
            kind: u16::from_be_bytes([raw[0], raw[1]]),
            value: &raw[4..],
            raw,
        })
    }
}

/// Takes one item with its length in bytes three and four off `rest`, with its padding. Whatever is broken is the end.
fn item<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let [_, _, l0, l1, ..] = **rest else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    if length < 4 || length > rest.len() {
        *rest = &[];
        return None;
    }
    let item = &rest[..length];
    *rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some(item)
}

/// Writes a chunk around what `value` writes.
pub fn write_chunk(out: &mut Vec<u8>, kind: u8, flags: u8, value: impl FnOnce(&mut Vec<u8>)) {
    write_item(out, [kind, flags], value);
}

/// Writes a parameter or a cause.
pub fn write_parameter(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    write_item(out, kind.to_be_bytes(), |out| out.extend(value));
}

fn write_item(out: &mut Vec<u8>, head: [u8; 2], value: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend(head);
    out.extend([0; 2]);
    value(out);
    let length = u16::try_from(out.len() - start).unwrap_or(u16::MAX);
    out[start + 2..start + 4].copy_from_slice(&length.to_be_bytes());
    pad(out, start);
}

/// Fills up with zeros to a multiple of four, counted from `start`.
pub fn pad(out: &mut Vec<u8>, start: usize) {
    let padded = start + (out.len() - start).next_multiple_of(4);
    out.resize(padded, 0);
}

/// What a type that is not known asks for by its two highest bits (RFC 9260, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unknown {
    /// Go on with what follows it.
    pub go_on: bool,
    /// Tell the sender.
    pub report: bool,
}

impl Unknown {
    /// For a chunk.
    pub fn chunk(kind: u8) -> Self {
        Self {
            go_on: kind & 0x80 != 0,
            report: kind & 0x40 != 0,
        }
    }

    /// For a parameter.
    pub fn parameter(kind: u16) -> Self {
        Self::chunk(kind.to_be_bytes()[0])
    }
}

/// A DATA chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Data<'a> {
    pub flags: u8,
    pub tsn: u32,
    pub stream: u16,
    pub ppid: u32,
    /// Empty only from a peer that breaks the rules.
    pub payload: &'a [u8],
}

impl<'a> Data<'a> {
    pub fn parse(chunk: Chunk<'a>) -> Option<Self> {
        let (head, payload) = chunk.value.split_first_chunk::<12>()?;
        let [t0, t1, t2, t3, s0, s1, _, _, p0, p1, p2, p3] = *head;
        Some(Self {
            flags: chunk.flags,
            tsn: u32::from_be_bytes([t0, t1, t2, t3]),
            stream: u16::from_be_bytes([s0, s1]),
            ppid: u32::from_be_bytes([p0, p1, p2, p3]),
            payload,
        })
    }

    /// Writes the chunk with its padding. `ssn` is the message's number on its stream.
    pub fn write(&self, ssn: u16, out: &mut Vec<u8>) {
        let length = u16::try_from(DATA_HEADER + self.payload.len()).unwrap_or(u16::MAX);
        let [l0, l1] = length.to_be_bytes();
        let [t0, t1, t2, t3] = self.tsn.to_be_bytes();
        let [s0, s1] = self.stream.to_be_bytes();
        let [n0, n1] = ssn.to_be_bytes();
        let [p0, p1, p2, p3] = self.ppid.to_be_bytes();
        out.extend_from_slice(&[
            kind::DATA,
            self.flags,
            l0,
            l1,
            t0,
            t1,
            t2,
            t3,
            s0,
            s1,
            n0,
            n1,
            p0,
            p1,
            p2,
            p3,
        ]);
        out.extend_from_slice(self.payload);
        pad(out, 0);
    }
}

/// The first four bytes as a number.
pub fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|first| u32::from_be_bytes(*first))
}
