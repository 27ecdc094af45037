//! The tracker's UDP dialect (BEP 15): fixed fields in network byte order, one datagram each way. A client first fetches a connection
//! id, which proves that it can receive at its address; how ids are made and checked is the business of whoever owns the socket. The
//! field with which a client may claim another address is not read, for the reasons given in [`http`](super::http), and the options
//! that may follow an announce (BEP 41) are passed over.

use std::net::{IpAddr, SocketAddr};

use super::{Announce, Announced, Counts, Event, MAX_SCRAPE};
use crate::{InfoHash, PeerId, compact};

/// What a request for a connection id begins with.
const PROTOCOL: u64 = 0x0417_2710_1980;

/// The numbers of what is asked for and answered.
const CONNECT: u32 = 0;
const ANNOUNCE: u32 = 1;
const SCRAPE: u32 = 2;
const ERROR: u32 = 3;

/// How many bytes a request for a connection id has, and its reply.
pub const CONNECT_SIZE: usize = 16;

/// The longest datagram that is worth receiving: a scrape of [`MAX_SCRAPE`] swarms, or an announce with options.
pub const MAX_REQUEST: usize = 2048;

/// The most peers of one list: a datagram with so many fits the smallest packet that every network carries.
const MAX_V4: usize = 200;
const MAX_V6: usize = 65;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// It asks for a connection id.
    Connect {
        /// Comes back in the reply.
        transaction: u32,
    },
    /// It is in a swarm.
    Announce {
        /// What it was given when it connected.
        connection: u64,
        /// Comes back in the reply.
        transaction: u32,
        /// What it says.
        announce: Announce,
    },
    /// It asks how large swarms are.
    Scrape {
        /// What it was given when it connected.
        connection: u64,
        /// Comes back in the reply.
        transaction: u32,
        /// Which, at most [`MAX_SCRAPE`].
        infohashes: Vec<InfoHash>,
    },
}

/// What the tracker says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The reply to a connect.
    Connected {
        /// That of the request.
        transaction: u32,
        /// To be shown with every request for the next minute.
        connection: u64,
    },
    /// The reply to an announce.
    Announced {
        /// That of the request.
        transaction: u32,
        /// What is said; only peers of one family can be written.
        announced: Announced,
        /// Which family: that of the address which the request came from.
        family: Family,
    },
    /// The reply to a scrape, in the order of the request.
    Scraped {
        /// That of the request.
        transaction: u32,
        /// How large the swarms are.
        swarms: Vec<Counts>,
    },
    /// A refusal.
    Failure {
        /// That of the request.
        transaction: u32,
        /// Why, for people.
        reason: String,
    },
}

/// The kinds of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// That of an address. An IPv4 address in IPv6's clothes counts as what it is.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

/// Why a datagram is not a request or a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPacket {
    /// Shorter than what it says it is.
    #[error("the packet is too short")]
    Short,
    /// Neither a connect, nor an announce, nor a scrape.
    #[error("unknown action")]
    Action,
    /// More than [`MAX_SCRAPE`] swarms.
    #[error("too many swarms")]
    TooMany,
    /// A text that is not UTF-8.
    #[error("malformed text")]
    Text,
}

impl Request {
    /// Reads a datagram of a client.
    pub fn parse(packet: &[u8]) -> Result<Self, BadPacket> {
        let mut fields = Fields(packet);
        let connection = u64::from_be_bytes(fields.take()?);
        let action = fields.number()?;
        let transaction = fields.number()?;
        match action {
            CONNECT if connection == PROTOCOL => Ok(Self::Connect { transaction }),
            ANNOUNCE => Ok(Self::Announce {
                connection,
                transaction,
                announce: fields.announce()?,
            }),
            SCRAPE => Ok(Self::Scrape {
                connection,
                transaction,
                infohashes: fields.infohashes()?,
            }),
            _ => Err(BadPacket::Action),
        }
    }

    /// Appends the datagram to send.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut head = |connection: u64, action: u32, transaction: u32| {
            out.extend_from_slice(&connection.to_be_bytes());
            out.extend_from_slice(&action.to_be_bytes());
            out.extend_from_slice(&transaction.to_be_bytes());
        };
        match self {
            Self::Connect { transaction } => head(PROTOCOL, CONNECT, *transaction),
            Self::Announce {
                connection,
                transaction,
                announce,
            } => {
                head(*connection, ANNOUNCE, *transaction);
                out.extend_from_slice(&announce.infohash.0);
                out.extend_from_slice(&announce.peer_id.0);
                let left = announce.left.map_or(-1, |left| left.cast_signed());
                // What was up- and downloaded stands around what is left.
                [0, left, 0]
                    .iter()
                    .for_each(|n| out.extend_from_slice(&n.to_be_bytes()));
                let event = match announce.event {
                    Event::Update => 0,
                    Event::Completed => 1,
                    Event::Started => 2,
                    Event::Stopped => 3,
                };
                let numwant = announce.numwant.unwrap_or(u32::MAX);
                // The address is that of the packet; the key is for clients that change theirs.
                [event, 0, 0, numwant]
                    .iter()
                    .for_each(|n: &u32| out.extend_from_slice(&n.to_be_bytes()));
                out.extend_from_slice(&announce.port.to_be_bytes());
            }
            Self::Scrape {
                connection,
                transaction,
                infohashes,
            } => {
                head(*connection, SCRAPE, *transaction);
                infohashes
                    .iter()
                    .for_each(|infohash| out.extend_from_slice(&infohash.0));
            }
        }
    }
}

impl Reply {
    /// Appends the datagram to send.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut put = |numbers: &[u32]| {
            numbers
                .iter()
                .for_each(|number| out.extend_from_slice(&number.to_be_bytes()));
        };
        match self {
            Self::Connected {
                transaction,
                connection,
            } => {
                put(&[CONNECT, *transaction]);
                out.extend_from_slice(&connection.to_be_bytes());
            }
            Self::Announced {
                transaction,
                announced,
                family,
            } => {
                let counts = announced.counts;
                put(&[ANNOUNCE, *transaction, announced.interval]);
                put(&[counts.incomplete, counts.complete]);
                let most = match family {
                    Family::V4 => MAX_V4,
                    Family::V6 => MAX_V6,
                };
                let peers = announced.peers.iter();
                let peers = peers.filter(|peer| Family::of(peer.ip()) == *family);
                for peer in peers.take(most) {
                    compact::append(*peer, out);
                }
            }
            Self::Scraped {
                transaction,
                swarms,
            } => {
                put(&[SCRAPE, *transaction]);
                for counts in swarms {
                    put(&[counts.complete, counts.downloaded, counts.incomplete]);
                }
            }
            Self::Failure {
                transaction,
                reason,
            } => {
                put(&[ERROR, *transaction]);
                out.extend_from_slice(reason.as_bytes());
            }
        }
    }

    /// Reads a datagram of a tracker, as tests and measurements need it. The family is that of the tracker's address.
    pub fn parse(packet: &[u8], family: Family) -> Result<Self, BadPacket> {
        let mut fields = Fields(packet);
        let action = fields.number()?;
        let transaction = fields.number()?;
        match action {
            CONNECT => Ok(Self::Connected {
                transaction,
                connection: u64::from_be_bytes(fields.take()?),
            }),
            ANNOUNCE => {
                let interval = fields.number()?;
                let (incomplete, complete) = (fields.number()?, fields.number()?);
                let peers: Vec<SocketAddr> = match family {
                    Family::V4 => compact::read_v4(fields.0).take(MAX_V4).collect(),
                    Family::V6 => compact::read_v6(fields.0).take(MAX_V6).collect(),
                };
                let counts = Counts {
                    complete,
                    incomplete,
                    downloaded: 0,
                };
                let min_interval = interval;
                Ok(Self::Announced {
                    transaction,
                    announced: Announced {
                        interval,
                        min_interval,
                        counts,
                        peers,
                    },
                    family,
                })
            }
            SCRAPE => {
                let swarms = fields.0.as_chunks::<12>().0.iter().take(MAX_SCRAPE);
                let counts = |fields: &[u8; 12]| {
                    let mut fields = Fields(fields);
                    Ok(Counts {
                        complete: fields.number()?,
                        downloaded: fields.number()?,
                        incomplete: fields.number()?,
                    })
                };
                Ok(Self::Scraped {
                    transaction,
                    swarms: swarms.map(counts).collect::<Result<_, _>>()?,
                })
            }
            ERROR => Ok(Self::Failure {
                transaction,
                reason: std::str::from_utf8(fields.0)
                    .map_err(|_| BadPacket::Text)?
                    .to_owned(),
            }),
            _ => Err(BadPacket::Action),
        }
    }
}

/// The rest of a datagram.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], BadPacket> {
        let (field, rest) = self.0.split_first_chunk().ok_or(BadPacket::Short)?;
        self.0 = rest;
        Ok(*field)
    }

    fn number(&mut self) -> Result<u32, BadPacket> {
        self.take().map(u32::from_be_bytes)
    }

    fn announce(&mut self) -> Result<Announce, BadPacket> {
        let (infohash, peer_id) = (InfoHash(self.take()?), PeerId(self.take()?));
        let _downloaded = self.take::<8>()?;
        let left = i64::from_be_bytes(self.take()?);
        let _uploaded = self.take::<8>()?;
        let event = match self.number()? {
            1 => Event::Completed,
            2 => Event::Started,
            3 => Event::Stopped,
            _ => Event::Update,
        };
        let (_address, _key) = (self.number()?, self.number()?);
        let numwant = self.number()?.cast_signed();
        Ok(Announce {
            infohash,
            peer_id,
            port: u16::from_be_bytes(self.take()?),
            // Who does not know yet says -1 or the largest number.
            left: u64::try_from(left)
                .ok()
                .filter(|left| *left != i64::MAX.cast_unsigned()),
            event,
            // -1 is "as you like".
            numwant: u32::try_from(numwant).ok(),
        })
    }

    fn infohashes(&self) -> Result<Vec<InfoHash>, BadPacket> {
        let (infohashes, _) = self.0.as_chunks();
        match infohashes.len() {
            0 => Err(BadPacket::Short),
            more if more > MAX_SCRAPE => Err(BadPacket::TooMany),
            _ => Ok(infohashes.iter().copied().map(InfoHash).collect()),
        }
    }
}

#[cfg(test)]
mod tests;
