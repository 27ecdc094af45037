//! One association: who holds the state and the calls from outside.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::{Config, Event, WriteError};

/// One end of an SCTP association.
///
/// After each call of anything else, ask [`poll_packet`](Self::poll_packet) until it says no, and [`poll_event`](Self::poll_event)
/// until it is empty; call [`tick`](Self::tick) when [`deadline`](Self::deadline) has come. Times are those of any clock that
/// never goes back.
#[derive(Debug)]
pub struct Association {
    config: Config,
    events: VecDeque<Event>,
    _seed: u64,
}

impl Association {
    /// An association that waits for the peer to begin.
    pub fn new(config: Config, chance: &mut dyn FnMut() -> u32) -> Self {
        let seed = u64::from(chance()) << 32 | u64::from(chance());
        Self {
            config,
            events: VecDeque::new(),
            _seed: seed,
        }
    }

    /// An association that begins by itself.
    pub fn connect(config: Config, chance: &mut dyn FnMut() -> u32) -> Self {
        Self::new(config, chance)
    }

    /// Takes one packet: the plaintext of one DTLS record.
    pub fn receive(&mut self, _now: Duration, _packet: &[u8]) {}

    /// Writes the next packet to send over what is in `out`, at most [`Config::mtu`] bytes; false when there is none now.
    pub fn poll_packet(&mut self, _now: Duration, out: &mut Vec<u8>) -> bool {
        out.clear();
        false
    }

    /// When [`tick`](Self::tick) wants to be called.
    pub fn deadline(&self) -> Option<Duration> {
        None
    }

    /// Does what is due.
    pub fn tick(&mut self, _now: Duration) {}

    /// The next thing to tell.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The longest message that [`write`](Self::write) takes now, in bytes.
    pub fn room(&self) -> usize {
        self.config.send_buffer
    }

    /// Queues a message, which arrives after those written on the same stream before.
    pub fn write(&mut self, _stream: u16, _ppid: u32, _message: Bytes) -> Result<(), WriteError> {
        Err(WriteError::NotConnected)
    }

    /// Queues a message which may arrive at any time.
    pub fn write_unordered(
        &mut self,
        _stream: u16,
        _ppid: u32,
        _message: Bytes,
    ) -> Result<(), WriteError> {
        Err(WriteError::NotConnected)
    }

    /// Closes our direction of a stream once everything written on it has arrived.
    pub fn close_stream(&mut self, _stream: u16) {}

    /// Ends the association once everything written has arrived.
    pub fn shutdown(&mut self) {}

    /// Ends the association now.
    pub fn abort(&mut self) {}
}
