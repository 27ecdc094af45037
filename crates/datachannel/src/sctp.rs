//! SCTP as data channels use it (RFC 8831): one association over one DTLS connection, as a state machine. Packets, times and chance
//! come in as arguments, packets and events come out. It is written for a server that sends much and receives little: what is in
//! flight is a queue indexed by transmission number, a message is kept once and copied once, into its packet, and an association
//! without traffic owns no buffers. Messages are handed up in the order of their transmission numbers, so nothing is kept per
//! incoming stream; that is a permitted order for all streams, ordered or not, and only costs a stream the chance to overtake another's
//! loss. Deliberately absent: several addresses, ECN, authenticated chunks, interleaved messages, partial reliability when sending.

use std::time::Duration;

use bytes::Bytes;

mod association;
mod congestion;
mod inbox;
mod outbox;
mod pacer;
mod random;
mod rtt;
mod serial;
mod streams;
mod wire;

pub use association::Association;

/// What an association is told at its start.
#[derive(Debug, Clone)]
pub struct Config {
    /// Our SCTP port, as our session description says it.
    pub local_port: u16,
    /// The peer's SCTP port, as its session description says it.
    pub remote_port: u16,
    /// The longest packet that is sent, in bytes, with SCTP's headers and without those of DTLS and below. At least 256.
    pub mtu: usize,
    /// How many bytes may wait to be sent or acknowledged. More than the rate times the round trip is not needed.
    pub send_buffer: usize,
    /// How many bytes of received messages may wait for a gap to be filled or for [`Association::poll_event`].
    pub receive_buffer: usize,
    /// The longest message that is received, in bytes; a peer that sends a longer one is cut off.
    pub max_message: usize,
    /// The shortest time after which something unacknowledged is sent again. Peers may hold back acknowledgements for 200 ms.
    pub min_rto: Duration,
    /// The longest such time.
    pub max_rto: Duration,
    /// After how long a silence the peer is asked for a sign of life.
    pub heartbeat: Duration,
    /// Whether DTLS below vouches for every byte: then we need no checksums, and leave ours out for a peer that says the same (RFC 9653).
    pub trusts_dtls: bool,
    /// How many times in a row the peer may owe an answer before it is taken for dead.
    pub max_retransmits: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            local_port: 5000,
            remote_port: 5000,
            mtu: 1200,
            send_buffer: 1 << 20,
            receive_buffer: 256 << 10,
            max_message: 256 << 10,
            min_rto: Duration::from_millis(400),
            max_rto: Duration::from_secs(10),
            heartbeat: Duration::from_secs(30),
            trusts_dtls: true,
            max_retransmits: 10,
        }
    }
}

/// What an association has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The peer is there; messages may be written.
    Connected,
    /// A whole message.
    Message(Message),
    /// The peer has closed a stream; we close ours of the same number by ourselves, as RFC 8831 asks.
    StreamClosed(u16),
    /// The peer has lost its state and begun anew: nothing that was written before arrives any more, all streams are fresh.
    Restarted,
    /// Nothing comes after this.
    Closed(CloseReason),
}

/// A message as it was written on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The stream it came on.
    pub stream: u16,
    /// What kind of payload it is (RFC 8831, section 8).
    pub ppid: u32,
    /// The payload.
    pub payload: Bytes,
}

/// Why an association has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// Both sides have shut it down in order.
    Shutdown,
    /// We have aborted it.
    Aborted,
    /// The peer has aborted it.
    AbortedByPeer,
    /// The peer did not answer for too long.
    TimedOut,
    /// The peer broke the protocol's rules, or sent a message that is too long.
    Violation,
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// It does not fit: [`Association::room`] is smaller.
    #[error("the send buffer is full")]
    Full,
    /// Messages have at least one byte.
    #[error("a message cannot be empty")]
    Empty,
    /// The stream is being closed, or its number is beyond what the peer accepts.
    #[error("there is no such stream")]
    NoStream,
    /// The association is not connected, or no longer.
    #[error("not connected")]
    NotConnected,
}
