//! What arrives: a packet is checked, its chunks are taken one by one. Whatever does not belong to this association is dropped without a
//! word; DTLS lets only the peer's packets through, so such a packet is an old one.

use std::time::Duration;

use super::{Association, State};
use crate::sctp::congestion::Verdict;
use crate::sctp::inbox::{Promptness, TooLong};
use crate::sctp::wire::{
    self, Chunk, Chunks, Data, Header, Sack, Unknown, cause, flag, kind, write_chunk,
    write_parameter,
};
use crate::sctp::{CloseReason, Event};

/// Packets overtake each other by less than this even on the shortest paths.
const OVERTAKING: Duration = Duration::from_millis(1);

impl Association {
    /// Takes one packet: the plaintext of one DTLS record.
    pub fn receive(&mut self, now: Duration, packet: &[u8]) {
        let Some((header, chunks)) = Header::parse(packet) else {
            return;
        };
        let ports = (header.destination, header.source);
        let first = Chunks(chunks).next();
        let (true, Some(first)) = (
            ports == (self.config.local_port, self.config.remote_port),
            first,
        ) else {
            return;
        };
        if !self.is_for_us(&header, &first) {
            return;
        }
        // Where DTLS has checked already, we have said that zero will do.
        let vouched = header.checksum == 0 && self.us.zero_checksum;
        if !vouched && header.checksum != wire::checksum(packet) {
            return;
        }
        if self.timers.heartbeat.is_some() {
            self.timers.heartbeat = Some(now + self.config.heartbeat);
        }
        let mut arrived = None;
        for chunk in Chunks(chunks) {
            if !self.on_chunk(now, &chunk, &mut arrived) {
                break;
            }
        }
        if let Some(promptness) = arrived {
            self.owe(now, promptness);
        }
        self.advance_ending(now);
    }

    /// Whether the tag is the one that we gave to the peer, with the exceptions of RFC 9260, section 8.5.1.
    fn is_for_us(&self, header: &Header, first: &Chunk<'_>) -> bool {
        match first.kind {
            kind::INIT => header.tag == 0,
            kind::COOKIE_ECHO => {
                let offered = self.offer.as_ref().map(super::Offer::tag);
                header.tag == self.us.tag || offered == Some(header.tag)
            }
            kind::ABORT | kind::SHUTDOWN_COMPLETE if first.flags & flag::REFLECTED != 0 => {
                self.peer.is_some_and(|peer| peer.tag == header.tag)
            }
            _ => header.tag == self.us.tag,
        }
    }

    /// Takes one chunk. False when the rest of the packet must not be looked at.
    fn on_chunk(
        &mut self,
        now: Duration,
        chunk: &Chunk<'_>,
        arrived: &mut Option<Promptness>,
    ) -> bool {
        match chunk.kind {
            kind::INIT => {
                self.on_init(now, chunk.value);
                return false;
            }
            kind::INIT_ACK => {
                self.on_init_ack(now, chunk.value);
                return false;
            }
            kind::COOKIE_ECHO => self.on_cookie_echo(now, chunk.value),
            kind::COOKIE_ACK => self.on_cookie_ack(now),
            kind::ABORT => self.close(CloseReason::AbortedByPeer),
            kind::SHUTDOWN_ACK => self.on_shutdown_ack(),
            kind::SHUTDOWN_COMPLETE => self.on_shutdown_complete(),
            _ if !self.is_open() => {}
            kind::DATA => self.on_data(chunk, arrived),
            kind::SACK => {
                if let Some(sack) = Sack::parse(chunk.value) {
                    self.on_sack(now, &sack);
                }
            }
            kind::HEARTBEAT => {
                let mut echo = Vec::new();
                write_chunk(&mut echo, kind::HEARTBEAT_ACK, 0, |out| {
                    out.extend_from_slice(chunk.value);
                });
                self.reply(echo);
            }
            kind::HEARTBEAT_ACK => self.on_heartbeat_ack(now, chunk.value),
            kind::SHUTDOWN => self.on_shutdown(now, chunk.value),
            kind::RECONFIG => self.on_reconfig(chunk.value),
            kind::FORWARD_TSN => self.on_forward(chunk.value, arrived),
            kind::ERROR | kind::ECN_ECHO | kind::WINDOW_REDUCED => {}
            unknown => {
                let unknown = Unknown::chunk(unknown);
                if unknown.report {
                    let mut report = Vec::new();
                    write_chunk(&mut report, kind::ERROR, 0, |out| {
                        write_parameter(out, cause::UNRECOGNIZED_CHUNK, chunk.raw);
                    });
                    self.reply(report);
                }
                return unknown.go_on;
            }
        }
        self.state != State::Closed
    }

    fn on_data(&mut self, chunk: &Chunk<'_>, arrived: &mut Option<Promptness>) {
        let Some(data) = Data::parse(*chunk) else {
            return;
        };
        if data.payload.is_empty() {
            return self.abort_for(
                cause::NO_USER_DATA,
                &data.tsn.to_be_bytes(),
                CloseReason::Violation,
            );
        }
        if !matches!(
            self.state,
            State::Established | State::Ending | State::EndSent
        ) {
            return;
        }
        let events = &mut self.events;
        let taken = self.inbox.receive(&data, &mut |message| {
            events.push_back(Event::Message(message));
        });
        match taken {
            Ok(promptness) => {
                if *arrived != Some(Promptness::Prompt) {
                    *arrived = Some(promptness);
                }
            }
            Err(TooLong) => self.abort_for(cause::PROTOCOL_VIOLATION, &[], CloseReason::Violation),
        }
    }

    fn on_forward(&mut self, value: &[u8], arrived: &mut Option<Promptness>) {
        let Some(tsn) = wire::number(value) else {
            return;
        };
        let events = &mut self.events;
        let taken = self.inbox.skip(tsn, &mut |message| {
            events.push_back(Event::Message(message));
        });
        match taken {
            Ok(()) => *arrived = Some(Promptness::Prompt),
            Err(TooLong) => self.abort_for(cause::PROTOCOL_VIOLATION, &[], CloseReason::Violation),
        }
    }

    /// An acknowledgement is due for a packet: at once for every second, else within 200 ms (RFC 9260, section 6.2).
    fn owe(&mut self, now: Duration, promptness: Promptness) {
        self.owed.packets += 1;
        if promptness == Promptness::Prompt || self.owed.packets >= 2 || self.inbox.has_gap() {
            self.owed.now = true;
        } else if self.timers.acknowledge.is_none() {
            self.timers.acknowledge = Some(now + super::clock::DELAY);
        }
    }

    pub(super) fn on_sack(&mut self, now: Duration, sack: &Sack<'_>) {
        let Some(acked) = self.outbox.acknowledge(now, sack, self.rtt.lowest()) else {
            return;
        };
        if let Some(rtt) = acked.rtt {
            self.rtt.sample(now, rtt);
        }
        let opened = self.peer_window == 0 && sack.window > 0;
        self.peer_window = sack.window as usize;
        if sack.window == 0 || acked.bytes > 0 || opened {
            // A peer that has no room, and says so, is there.
            self.errors = 0;
        }
        if acked.bytes > 0 {
            self.congestion
                .acknowledged(now, acked.bytes, self.limited, &self.rtt);
        }
        let smoothed = self.rtt.smoothed().unwrap_or_default();
        let lost = self.outbox.detect((smoothed / 4).max(OVERTAKING));
        if lost.bytes > 0 {
            let latest = self.transmission;
            let verdict = self
                .congestion
                .lost(lost.bytes, lost.transmission, latest, &self.rtt);
            self.rescue |= verdict == Verdict::Cut;
        }
        if acked.bytes > 0 || opened {
            self.watch_anew(now);
        }
    }
}
