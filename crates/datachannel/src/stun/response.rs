//! What is answered to a binding request: the address it came from, or a refusal by number.

use std::net::{IpAddr, SocketAddr};

use aws_lc_rs::constant_time;

use super::reader::{Attribute, Attributes};
use super::{
    BINDING, ERROR_CODE, FINGERPRINT, INTEGRITY, Key, MAPPED_ADDRESS, MESSAGE_INTEGRITY, Malformed,
    Request, Transaction, UNKNOWN_ATTRIBUTES, Writer, XOR_MAPPED_ADDRESS, mask,
};

const SUCCESS: u16 = BINDING | 0x0100;
const REFUSAL: u16 = BINDING | 0x0110;

/// What a STUN server answers to this datagram, if it is a question for one: the address that it came from. A port at which browsers
/// reach a peer must not be the one where they ask: Chromium takes everything from there for answers.
pub fn answer(datagram: &[u8], from: SocketAddr) -> Option<Vec<u8>> {
    let request = Request::parse(datagram).ok()?;
    let stranger = request.username.is_none() && !request.is_signed();
    stranger.then(|| match request.unknown {
        None => respond(&request, from, None),
        Some(_) => refuse(&request, 420, None),
    })
}

/// Answers with the address from which the request came; signed when the request was.
pub fn respond(request: &Request<'_>, from: SocketAddr, key: Option<&Key>) -> Vec<u8> {
    let mut message = Writer::new(SUCCESS, &request.transaction);
    message.address(from);
    message.finish(key, request.fingerprint || key.is_some())
}

/// Refuses a request: 401 for a wrong password (then there is no key to sign with), 420 for an attribute that is not understood.
pub fn refuse(request: &Request<'_>, code: u16, key: Option<&Key>) -> Vec<u8> {
    let mut message = Writer::new(REFUSAL, &request.transaction);
    message.attribute(ERROR_CODE, &[0, 0, (code / 100) as u8, (code % 100) as u8]);
    if let (420, Some(kind)) = (code, request.unknown) {
        message.attribute(UNKNOWN_ATTRIBUTES, &kind.to_be_bytes());
    }
    message.finish(key, request.fingerprint || key.is_some())
}

/// A response as a client reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Of the request that is answered.
    pub transaction: Transaction,
    /// What came of it.
    pub outcome: Outcome,
}

/// What a response says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The request came from this address.
    Address(SocketAddr),
    /// It was refused with this number.
    Refused(u16),
}

impl Response {
    /// Reads a response; with a key it must be signed by it.
    pub fn parse(datagram: &[u8], key: Option<&Key>) -> Result<Self, Malformed> {
        let kind = if datagram.starts_with(&REFUSAL.to_be_bytes()) {
            REFUSAL
        } else {
            SUCCESS
        };
        let mut attributes = Attributes::open(datagram, kind)?;
        let transaction = attributes.transaction();
        let mut outcome = None;
        let mut signed = false;
        while let Some(attribute) = attributes.next()? {
            match attribute.kind {
                FINGERPRINT => attribute.check_fingerprint(datagram)?,
                _ if signed => {}
                MESSAGE_INTEGRITY => {
                    if attribute.value.len() != INTEGRITY - 4 {
                        return Err(Malformed::Attribute);
                    }
                    signed = key.is_some_and(|key| {
                        let digest = key.digest(&datagram[..attribute.at]);
                        constant_time::verify_slices_are_equal(digest.as_ref(), attribute.value)
                            .is_ok()
                    });
                }
                XOR_MAPPED_ADDRESS if kind == SUCCESS => {
                    outcome = Some(Outcome::Address(address(&attribute, mask(datagram))?));
                }
                MAPPED_ADDRESS if kind == SUCCESS && outcome.is_none() => {
                    outcome = Some(Outcome::Address(address(&attribute, 0)?));
                }
                ERROR_CODE if kind == REFUSAL => {
                    let [_, _, hundreds @ 3..=6, rest @ 0..=99, ..] = *attribute.value else {
                        return Err(Malformed::Attribute);
                    };
                    outcome = Some(Outcome::Refused(
                        u16::from(hundreds) * 100 + u16::from(rest),
                    ));
                }
                _ => {}
            }
        }
        match outcome {
            Some(outcome) if signed || key.is_none() => Ok(Self {
                transaction,
                outcome,
            }),
            _ => Err(Malformed::Attribute),
        }
    }
}

/// An address, disguised by a mask or (with zero) plain.
fn address(attribute: &Attribute<'_>, mask: u128) -> Result<SocketAddr, Malformed> {
    let (head, ip) = attribute
        .value
        .split_at_checked(4)
        .ok_or(Malformed::Attribute)?;
    let port = u16::from_be_bytes([head[2], head[3]]) ^ (mask >> 112) as u16;
    let ip = match (head[1], ip.len()) {
        (1, 4) => {
            let ip: [u8; 4] = ip.try_into().map_err(|_| Malformed::Attribute)?;
            IpAddr::from((u32::from_be_bytes(ip) ^ (mask >> 96) as u32).to_be_bytes())
        }
        (2, 16) => {
            let ip: [u8; 16] = ip.try_into().map_err(|_| Malformed::Attribute)?;
            IpAddr::from((u128::from_be_bytes(ip) ^ mask).to_be_bytes())
        }
        _ => return Err(Malformed::Attribute),
    };
    Ok(SocketAddr::new(ip, port))
}
