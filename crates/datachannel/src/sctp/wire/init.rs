//! INIT and INIT ACK: what the two ends tell each other at the start, and with which parameters. Of the many parameters those are read
//! that matter under DTLS; addresses do not.

use super::{Parameters, Unknown, number, write_chunk, write_parameter};

const COOKIE: u16 = 7;
const UNRECOGNIZED: u16 = 8;
const ZERO_CHECKSUM: u16 = 0x8001;
const EXTENSIONS: u16 = 0x8008;
const FORWARD_TSN: u16 = 0xc000;

/// Addresses, a wish for a longer-lived cookie, address types: known, and without meaning here.
const MEANINGLESS: [u16; 5] = [5, 6, 9, 11, 12];

/// The alternate error detection method "DTLS" (RFC 9653).
const BY_DTLS: u32 = 1;

/// How many bytes of unknown parameters are reported back.
const REPORT_LIMIT: usize = 256;

/// What one end says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The tag that packets to it carry; never zero.
    pub tag: u32,
    /// How many bytes it is ready to receive.
    pub window: u32,
    /// How many streams it sends on; never zero.
    pub outbound: u16,
    /// How many streams it receives on; never zero.
    pub inbound: u16,
    /// The number of the first DATA chunk it will send.
    pub tsn: u32,
    /// It needs no checksums.
    pub zero_checksum: bool,
    /// It can reset streams.
    pub reconfig: bool,
}

/// An INIT or INIT ACK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Init<'a> {
    /// Who sent it.
    pub peer: Peer,
    /// The cookie of an INIT ACK.
    pub cookie: Option<&'a [u8]>,
    /// The parameters that their sender wants to hear about, as they came, padded.
    pub unrecognized: Vec<u8>,
}

impl<'a> Init<'a> {
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let (head, parameters) = value.split_first_chunk::<16>()?;
        let [
            t0,
            t1,
            t2,
            t3,
            w0,
            w1,
            w2,
            w3,
            o0,
            o1,
            i0,
            i1,
            n0,
            n1,
            n2,
            n3,
        ] = *head;
        let mut init = Self {
            peer: Peer {
                tag: u32::from_be_bytes([t0, t1, t2, t3]),
                window: u32::from_be_bytes([w0, w1, w2, w3]),
                outbound: u16::from_be_bytes([o0, o1]),
                inbound: u16::from_be_bytes([i0, i1]),
                tsn: u32::from_be_bytes([n0, n1, n2, n3]),
                zero_checksum: false,
                reconfig: false,
            },
            cookie: None,
            unrecognized: Vec::new(),
        };
        if init.peer.tag == 0 || init.peer.outbound == 0 || init.peer.inbound == 0 {
            return None;
        }
        for parameter in Parameters(parameters) {
            match parameter.kind {
                COOKIE => init.cookie = Some(parameter.value),
                ZERO_CHECKSUM => init.peer.zero_checksum = number(parameter.value) == Some(BY_DTLS),
                EXTENSIONS => {
                    init.peer.reconfig = parameter.value.contains(&super::kind::RECONFIG);
                }
                FORWARD_TSN | UNRECOGNIZED => {}
                kind if MEANINGLESS.contains(&kind) => {}
                kind => {
                    let unknown = Unknown::parameter(kind);
                    let length = init.unrecognized.len() + parameter.raw.len();
                    if unknown.report && length <= REPORT_LIMIT {
                        init.unrecognized.extend(parameter.raw);
                        super::pad(&mut init.unrecognized, 0);
                    }
                    if !unknown.go_on {
                        break;
                    }
                }
            }
        }
        Some(init)
    }
}

/// Writes an INIT, or an INIT ACK, which has a cookie and may name parameters that we did not know.
pub fn write_init(out: &mut Vec<u8>, kind: u8, us: &Peer, cookie: Option<&[u8]>, unknown: &[u8]) {
    write_chunk(out, kind, 0, |out| {
        out.extend(us.tag.to_be_bytes());
        out.extend(us.window.to_be_bytes());
        out.extend(us.outbound.to_be_bytes());
        out.extend(us.inbound.to_be_bytes());
        out.extend(us.tsn.to_be_bytes());
        if let Some(cookie) = cookie {
            write_parameter(out, COOKIE, cookie);
        }
        if us.reconfig {
            let extensions = [super::kind::RECONFIG, super::kind::FORWARD_TSN];
            write_parameter(out, EXTENSIONS, &extensions);
        }
        if us.zero_checksum {
            write_parameter(out, ZERO_CHECKSUM, &BY_DTLS.to_be_bytes());
        }
        write_parameter(out, FORWARD_TSN, &[]);
        for parameter in Parameters(unknown) {
            write_parameter(out, UNRECOGNIZED, parameter.raw);
        }
    });
}
