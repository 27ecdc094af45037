//! The messages with which a data channel is opened (RFC 8832): OPEN, which names the channel and says how reliable it is, and ACK.
//! They travel on the channel's own stream under a payload number of their own. Parsing and writing only: who may open what is decided
//! elsewhere. Labels and protocols are for people and programs of the other side; they are kept as text and bounded.

use thiserror::Error;

/// The payload protocol number of these messages (RFC 8832, section 8.1).
pub const PPID: u32 = 50;

/// The payload protocol number of a text (RFC 8831, section 8).
pub const PPID_TEXT: u32 = 51;

/// The payload protocol number of bytes.
pub const PPID_BINARY: u32 = 53;

/// The payload protocol number that stands for a text without characters; one byte is carried and ignored.
pub const PPID_TEXT_EMPTY: u32 = 56;

/// The payload protocol number that stands for no bytes; one byte is carried and ignored.
pub const PPID_BINARY_EMPTY: u32 = 57;

/// The longest label and the longest protocol that are read, in bytes. Browsers' libraries use a dozen.
pub const MAX_NAME: usize = 1024;

const ACK: u8 = 0x02;
const OPEN: u8 = 0x03;
const UNORDERED: u8 = 0x80;

/// A message of the establishment protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// The sender opens a channel on the stream it sends this on.
    Open(Open),
    /// The channel is accepted.
    Ack,
}

/// What is said of a new channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Whether messages arrive in the order they were sent.
    pub order: Order,
    /// How long the sender tries to deliver a message.
    pub effort: Effort,
    /// Importance beside other channels; 256 is normal.
    pub priority: u16,
    /// A name.
    pub label: String,
    /// What is spoken in the channel.
    pub protocol: String,
}

/// Whether messages arrive in the order they were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// They do.
    Ordered,
    /// They need not.
    Unordered,
}

/// How long the sender tries to deliver a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Until it has arrived.
    Reliable,
    /// This many retransmissions at most.
    Retransmits(u32),
    /// This many milliseconds at most.
    Milliseconds(u32),
}

/// Why bytes are not a message of the establishment protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DcepError {
    /// They end too early, or go on after the end.
    #[error("the message has another length than it says")]
    Length,
    /// The first byte is no type of RFC 8832.
    #[error("unknown message type {0}")]
    Type(u8),
    /// The channel's type is none of RFC 8832.
    #[error("unknown channel type {0}")]
    Channel(u8),
    /// Label or protocol is longer than [`MAX_NAME`] or not UTF-8.
    #[error("label or protocol is no acceptable text")]
    Name,
}

impl Control {
    /// Reads one message, the whole payload of an SCTP message with [`PPID`].
    pub fn parse(bytes: &[u8]) -> Result<Self, DcepError> {
        match bytes {
            [] => Err(DcepError::Length),
            [ACK] => Ok(Self::Ack),
            [ACK, ..] => Err(DcepError::Length),
            [OPEN, rest @ ..] => Open::parse(rest).map(Self::Open),
            [other, ..] => Err(DcepError::Type(*other)),
        }
    }

    /// The message's bytes. Names longer than the format can say are cut.
    pub fn write(&self) -> Vec<u8> {
        match self {
            Self::Ack => vec![ACK],
            Self::Open(open) => open.write(),
        }
    }
}

impl Open {
    fn parse(bytes: &[u8]) -> Result<Self, DcepError> {
        let (head, names) = bytes.split_first_chunk::<11>().ok_or(DcepError::Length)?;
        let [kind, p0, p1, r0, r1, r2, r3, l0, l1, n0, n1] = *head;
        let amount = u32::from_be_bytes([r0, r1, r2, r3]);
        let effort = match kind & !UNORDERED {
            0 => Effort::Reliable,
            1 => Effort::Retransmits(amount),
            2 => Effort::Milliseconds(amount),
            _ => return Err(DcepError::Channel(kind)),
        };
        let order = match kind & UNORDERED {
            0 => Order::Ordered,
            _ => Order::Unordered,
        };
        let label = usize::from(u16::from_be_bytes([l0, l1]));
        let protocol = usize::from(u16::from_be_bytes([n0, n1]));
        if names.len() != label + protocol {
            return Err(DcepError::Length);
        }
        let (label, protocol) = names.split_at(label);
        Ok(Self {
            order,
            effort,
            priority: u16::from_be_bytes([p0, p1]),
            label: name(label)?,
            protocol: name(protocol)?,
        })
    }

    fn write(&self) -> Vec<u8> {
        let (kind, amount) = match self.effort {
            Effort::Reliable => (0, 0),
            Effort::Retransmits(times) => (1, times),
            Effort::Milliseconds(time) => (2, time),
        };
        let order = match self.order {
            Order::Ordered => 0,
            Order::Unordered => UNORDERED,
        };
        let label = cut(&self.label);
        let protocol = cut(&self.protocol);
        let mut bytes = Vec::with_capacity(12 + label.len() + protocol.len());
        bytes.extend([OPEN, kind | order]);
        bytes.extend(self.priority.to_be_bytes());
        bytes.extend(amount.to_be_bytes());
        for name in [label, protocol] {
            let length = u16::try_from(name.len()).expect("names are cut to less");
            bytes.extend(length.to_be_bytes());
        }
        bytes.extend(label.as_bytes());
        bytes.extend(protocol.as_bytes());
        bytes
    }
}

fn name(bytes: &[u8]) -> Result<String, DcepError> {
    if bytes.len() > MAX_NAME {
        return Err(DcepError::Name);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| DcepError::Name)?;
    Ok(text.to_owned())
}

/// As much of a name as a parser of ours would read, on a character's border.
fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(MAX_NAME)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(label: &str) -> Open {
        Open {
            order: Order::Ordered,
            effort: Effort::Reliable,
            priority: 256,
            label: label.to_owned(),
            protocol: String::new(),
        }
    }

    #[test]
    fn what_a_browser_sends() {
        let bytes = b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x04\x00\x00name";
        let open = Control::Open(plain("name"));
        assert_eq!(Control::parse(bytes), Ok(open.clone()));
        assert_eq!(open.write(), bytes);
        assert_eq!(Control::parse(b"\x02"), Ok(Control::Ack));
        assert_eq!(Control::Ack.write(), b"\x02");
    }

    #[test]
    fn what_is_refused() {
        let long = [
            b"\x03\x00\x01\x00\x00\x00\x00\x00\x04\x01\x00\x00".as_slice(),
            &[b'a'; 1025],
        ]
        .concat();
        for (bytes, expected) in [
            (b"".as_slice(), DcepError::Length),
            (b"\x02\x00", DcepError::Length),
            (b"\x00", DcepError::Type(0)),
            (b"\x03\x00\x01", DcepError::Length),
            (
                b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x04\x00\x00nam",
                DcepError::Length,
            ),
            (
                b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x04\x00\x00name!",
                DcepError::Length,
            ),
            (
                b"\x03\x00\x01\x00\x00\x00\x00\x00\xff\xff\xff\xff",
                DcepError::Length,
            ),
            (
                b"\x03\x03\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00",
                DcepError::Channel(3),
            ),
            (
                b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x01\x00\x00\xff",
                DcepError::Name,
            ),
            (&long, DcepError::Name),
        ] {
            assert_eq!(Control::parse(bytes), Err(expected), "{bytes:02x?}");
        }
    }

    #[test]
    fn long_names_are_cut_on_a_border() {
        let open = plain(&"ä".repeat(40_000));
        let Ok(Control::Open(read)) = Control::parse(&Control::Open(open).write()) else {
            panic!("our own message must be readable");
        };
        assert_eq!(read.label, "ä".repeat(512));
    }

    proptest! {
        #[test]
        fn round_trip(
            unordered: bool, kind in 0..3, amount: u32, priority: u16, label in ".{0,40}", protocol in ".{0,40}",
        ) {
            let open = Control::Open(Open {
                order: if unordered { Order::Unordered } else { Order::Ordered },
                effort: match kind {
                    0 => Effort::Reliable,
                    1 => Effort::Retransmits(amount),
                    _ => Effort::Milliseconds(amount),
                },
                priority,
                label,
                protocol,
            });
            prop_assert_eq!(Control::parse(&open.write()), Ok(open));
        }

        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(control) = Control::parse(&bytes) {
                prop_assert_eq!(Control::parse(&control.write()), Ok(control));
            }
        }
    }
}
