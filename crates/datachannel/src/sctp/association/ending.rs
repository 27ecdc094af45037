//! How an association ends (RFC 9260, section 9): in order, once everything has arrived on both sides, or at once.

use std::time::Duration;

use super::{Association, State};
use crate::sctp::CloseReason;
use crate::sctp::wire::{Sack, cause, kind, number, write_chunk, write_parameter};

impl Association {
    /// Ends the association once everything written has arrived.
    pub fn shutdown(&mut self, now: Duration) {
        match self.state {
            State::Waiting | State::Greeted | State::CookieReturned => self.abort(),
            State::Established => {
                self.state = State::Ending;
                self.advance_ending(now);
            }
            _ => {}
        }
    }

    /// Ends the association now.
    pub fn abort(&mut self) {
        self.abort_for(cause::USER_ABORT, &[], CloseReason::Aborted);
    }

    /// Tells the peer that it is over, and why.
    pub(super) fn abort_for(&mut self, cause: u16, detail: &[u8], reason: CloseReason) {
        if let Some(peer) = self.peer.filter(|_| self.state != State::Closed) {
            let mut chunk = Vec::new();
            write_chunk(&mut chunk, kind::ABORT, 0, |out| {
                write_parameter(out, cause, detail);
            });
            self.urgent.clear();
            self.send_alone(peer.tag, &chunk);
        }
        self.close(reason);
    }

    /// The peer does not answer; in case it only does not come through, it is told.
    pub(super) fn give_up(&mut self, reason: CloseReason) {
        self.abort_for(cause::USER_ABORT, &[], reason);
    }

    /// Goes on with ending in order, when everything has arrived.
    pub(super) fn advance_ending(&mut self, now: Duration) {
        if !self.outbox.is_empty() {
            return;
        }
        match self.state {
            State::Ending => self.state = State::EndSent,
            State::EndReceived => self.state = State::EndAckSent,
            _ => return,
        }
        self.repeat_ending(now);
    }

    /// Says again that we want to end.
    pub(super) fn repeat_ending(&mut self, now: Duration) {
        self.timers.retransmit = Some(now + self.timeout());
        if self.state == State::EndAckSent {
            return self.send_shutdown_ack();
        }
        let mut chunk = Vec::new();
        write_chunk(&mut chunk, kind::SHUTDOWN, 0, |out| {
            out.extend(self.inbox.cumulative().to_be_bytes());
        });
        self.reply(chunk);
    }

    pub(super) fn send_shutdown_ack(&mut self) {
        let mut chunk = Vec::new();
        write_chunk(&mut chunk, kind::SHUTDOWN_ACK, 0, |_| {});
        self.reply(chunk);
    }

    /// The peer has nothing more to say. Its word acknowledges data as well.
    pub(super) fn on_shutdown(&mut self, now: Duration, value: &[u8]) {
        let Some(cumulative) = number(value) else {
            return;
        };
        self.on_sack(now, &Sack::plain(cumulative, self.peer_window));
        match self.state {
            State::Established | State::Ending => self.state = State::EndReceived,
            State::EndSent => {
                self.state = State::EndAckSent;
                self.repeat_ending(now);
            }
            State::EndAckSent => self.send_shutdown_ack(),
            _ => {}
        }
    }

    pub(super) fn on_shutdown_ack(&mut self) {
        if !matches!(self.state, State::EndSent | State::EndAckSent) {
            return;
        }
        if let Some(peer) = self.peer {
            let mut chunk = Vec::new();
            write_chunk(&mut chunk, kind::SHUTDOWN_COMPLETE, 0, |_| {});
            self.send_alone(peer.tag, &chunk);
        }
        self.close(CloseReason::Shutdown);
    }

    pub(super) fn on_shutdown_complete(&mut self) {
        if self.state == State::EndAckSent {
            self.close(CloseReason::Shutdown);
        }
    }
}
