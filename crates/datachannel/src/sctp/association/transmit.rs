//! What is sent: replies first, then acknowledgements, then data, as much of all as fits into a packet. Whether data may go is asked once
//! per packet: the congestion window, the peer's room and the pacer each have a say. A window that opens by a crumb is not used at once:
//! packets that leave together are cheaper, so sending resumes when some may.

use std::time::Duration;

use super::{Association, State};
use crate::sctp::wire::{DATA_HEADER, HEADER, Header, seal};

/// For how many packets the window must have room before sending resumes, unless it is small or less is wanted.
const RESUME: usize = 8;

impl Association {
    /// Writes the next packet to send over what is in `out`, at most [`Config::mtu`](crate::sctp::Config::mtu) bytes; false when there
    /// is none now.
    pub fn poll_packet(&mut self, now: Duration, out: &mut Vec<u8>) -> bool {
        out.clear();
        if let Some(packet) = self.urgent.pop_front() {
            out.extend_from_slice(&packet);
            if self.urgent.is_empty() {
                self.urgent.shrink_to(0);
            }
            return true;
        }
        let Some(peer) = self.peer.filter(|_| self.is_open()) else {
            return false;
        };
        Header::write(
            self.config.local_port,
            self.config.remote_port,
            peer.tag,
            out,
        );
        self.ask_for_resets(now, &peer);
        while let Some(reply) = self.replies.front() {
            if out.len() + reply.len() > self.config.mtu {
                break;
            }
            out.extend_from_slice(reply);
            self.replies.pop_front();
        }
        if self.replies.is_empty() {
            self.replies.shrink_to(0);
        }
        let data = self.may_send(now);
        if self.owed.now || data && self.owed.packets > 0 {
            self.write_acknowledgement(out);
        }
        if data {
            self.write_data(now, out);
        }
        if out.len() == HEADER {
            out.clear();
            return false;
        }
        if !(peer.zero_checksum && self.us.zero_checksum) {
            seal(out);
        }
        true
    }

    fn write_acknowledgement(&mut self, out: &mut Vec<u8>) {
        let space = self.config.mtu - out.len();
        if space < 32 {
            return;
        }
        self.told_window = self.inbox.write_sack(space, out);
        self.owed.packets = 0;
        self.owed.now = false;
        self.timers.acknowledge = None;
    }

    /// Whether data may be sent now.
    fn may_send(&mut self, now: Duration) -> bool {
        self.timers.pace = None;
        if !matches!(
            self.state,
            State::Established | State::Ending | State::EndReceived
        ) {
            return false;
        }
        let wanting = self.outbox.wanting();
        if self.probing || self.rescue && self.outbox.has_lost() {
            return true;
        }
        if wanting == 0 {
            self.limited = false;
            return false;
        }
        self.rest(now);
        let window = self.congestion.window();
        let in_flight = self.outbox.in_flight();
        let room = window.saturating_sub(in_flight);
        if in_flight == 0 {
            self.window_open = true;
        } else if room == 0 {
            self.window_open = false;
        } else if !self.window_open {
            let enough = (RESUME * self.config.mtu).min(window / 4).min(wanting);
            self.window_open = room >= enough;
        }
        if !self.window_open {
            self.limited = true;
            return false;
        }
        let rate = window as u64 * self.congestion.pace_quarters();
        let per = self.rtt.smoothed().map(|smoothed| smoothed * 4);
        self.pacer.set(rate, per);
        if !self.pacer.ready(now, wanting) {
            self.limited = true;
            self.timers.pace = Some(self.pacer.ready_at(wanting));
            return false;
        }
        true
    }

    /// After a silence the window is from another time.
    fn rest(&mut self, now: Duration) {
        let silence = now.saturating_sub(self.last_sent);
        let timeout = self.timeout();
        if !self.outbox.is_waiting() && silence > timeout {
            let timeouts = silence.as_micros() / timeout.as_micros().max(1);
            self.congestion
                .rested(u32::try_from(timeouts).unwrap_or(u32::MAX));
            self.last_sent = now;
        }
    }

    /// Fills the packet up with data.
    fn write_data(&mut self, now: Duration, out: &mut Vec<u8>) {
        let most = self.config.mtu - HEADER - DATA_HEADER;
        let transmission = self.transmission + 1;
        let start = out.len();
        if std::mem::take(&mut self.probing) {
            let space = self.space(out);
            self.outbox.write_probe(now, transmission, space, out);
        }
        loop {
            let space = self.space(out);
            let in_flight = self.outbox.in_flight();
            let within = in_flight < self.congestion.window();
            let sent = if self.outbox.has_lost() {
                if !within && !self.rescue {
                    break;
                }
                self.outbox.write_lost(now, transmission, space, out)
            } else if within {
                // What the peer has no room for is sent nevertheless when nothing else is on its way: to hear when there is.
                let room = match in_flight {
                    0 => space,
                    _ => space.min(self.peer_window.saturating_sub(in_flight)),
                };
                let sent = self.outbox.write_new(now, transmission, room, most, out);
                self.limited &= sent.is_some() || room == space;
                sent
            } else {
                break;
            };
            if sent.is_none() {
                break;
            }
        }
        self.rescue = false;
        if out.len() > start {
            self.transmission = transmission;
            self.last_sent = now;
            self.pacer.spend(out.len());
            self.watch(now);
        }
    }

    /// How much payload one more DATA chunk may have.
    fn space(&self, out: &[u8]) -> usize {
        self.config.mtu.saturating_sub(out.len() + DATA_HEADER)
    }
}
