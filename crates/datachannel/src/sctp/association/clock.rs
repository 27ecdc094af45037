//! What happens when nothing happens: retransmission, probes, held-back acknowledgements, heartbeats. Each time-out in a row doubles the
//! next one, and too many in a row mean that the peer is gone.

use std::time::Duration;

use super::{Association, State};
use crate::sctp::CloseReason;
use crate::sctp::wire::{Parameters, kind, write_chunk, write_parameter};

/// For how long an acknowledgement may be held back.
pub const DELAY: Duration = Duration::from_millis(200);

/// How often at most a silent peer is asked whether it is there.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The parameter of a heartbeat.
const HEARTBEAT_VALUE: u16 = 1;

/// When what is due.
#[derive(Debug, Default)]
pub struct Timers {
    /// Something unanswered is sent again: of the handshake, data, or the shutdown, whatever the state has.
    pub retransmit: Option<Duration>,
    /// A missing acknowledgement is provoked, once before data is sent again.
    pub probe: Option<Duration>,
    pub acknowledge: Option<Duration>,
    pub heartbeat: Option<Duration>,
    pub reconfig: Option<Duration>,
    /// The pacer lets data through.
    pub pace: Option<Duration>,
}

impl Association {
    /// When [`tick`](Self::tick) wants to be called.
    pub fn deadline(&self) -> Option<Duration> {
        let timers = &self.timers;
        let all = [
            timers.retransmit,
            timers.probe,
            timers.acknowledge,
            timers.heartbeat,
            timers.reconfig,
            timers.pace,
        ];
        all.into_iter().flatten().min()
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Duration) {
        if due(&mut self.timers.acknowledge, now) {
            self.owed.now = true;
        }
        due(&mut self.timers.pace, now);
        if due(&mut self.timers.probe, now) {
            self.probing = self.outbox.in_flight() > 0 && !self.outbox.has_lost();
        }
        if due(&mut self.timers.retransmit, now) {
            self.retransmit(now);
        }
        if due(&mut self.timers.reconfig, now) && self.bear() {
            self.ask_again(now);
        }
        if due(&mut self.timers.heartbeat, now) {
            self.ask_for_life(now);
        }
    }

    /// How long to wait for an answer: longer after each time-out in a row.
    pub(super) fn timeout(&self) -> Duration {
        let (min, max) = (self.config.min_rto, self.config.max_rto);
        let timeout = self.rtt.timeout(min, max);
        timeout
            .saturating_mul(1 << self.errors.min(16))
            .min(max.max(min))
    }

    /// Waits for acknowledgements unless it does already.
    pub(super) fn watch(&mut self, now: Duration) {
        if self.timers.retransmit.is_none() {
            self.timers.retransmit = Some(now + self.timeout());
            self.timers.probe = Some(now + self.rtt.patience());
        }
    }

    /// Something has been acknowledged: the wait for the rest of what is in flight begins now.
    pub(super) fn watch_anew(&mut self, now: Duration) {
        if matches!(
            self.state,
            State::Established | State::Ending | State::EndReceived
        ) {
            self.timers.retransmit = None;
            self.timers.probe = None;
            if self.outbox.is_waiting() {
                self.watch(now);
            }
        }
    }

    /// Counts a time-out; false when it was one too many, and the association is closed.
    fn bear(&mut self) -> bool {
        self.errors += 1;
        if self.errors > self.config.max_retransmits {
            self.give_up(CloseReason::TimedOut);
        }
        self.state != State::Closed
    }

    fn retransmit(&mut self, now: Duration) {
        if !self.bear() {
            return;
        }
        match self.state {
            State::Greeted | State::CookieReturned => {
                self.urgent.push_back(self.greeting.clone());
                self.timers.retransmit = Some(now + self.timeout());
            }
            State::Established | State::Ending | State::EndReceived => {
                self.outbox.expire();
                self.congestion.timed_out();
                self.timers.probe = None;
                self.timers.retransmit = Some(now + self.timeout());
            }
            State::EndSent | State::EndAckSent => self.repeat_ending(now),
            State::Waiting | State::Closed => {}
        }
    }

    /// Asks a silent peer for a sign of life.
    fn ask_for_life(&mut self, now: Duration) {
        // Unanswered data asks by itself.
        if self.outbox.is_waiting() {
            self.timers.heartbeat = Some(now + self.config.heartbeat);
            return;
        }
        if self.heartbeat.is_some() && !self.bear() {
            return;
        }
        let nonce = self.random.long();
        self.heartbeat = Some((nonce, now));
        let mut chunk = Vec::new();
        write_chunk(&mut chunk, kind::HEARTBEAT, 0, |out| {
            write_parameter(out, HEARTBEAT_VALUE, &nonce.to_be_bytes());
        });
        self.reply(chunk);
        self.timers.heartbeat = Some(now + self.timeout().max(ASK_AGAIN));
    }

    pub(super) fn on_heartbeat_ack(&mut self, now: Duration, value: &[u8]) {
        let answer = Parameters(value).next();
        let Some((nonce, asked)) = self.heartbeat else {
            return;
        };
        if answer.is_some_and(|it| it.kind == HEARTBEAT_VALUE && it.value == nonce.to_be_bytes()) {
            self.heartbeat = None;
            self.errors = 0;
            self.rtt.sample(now, now.saturating_sub(asked));
        }
    }
}

/// Whether a timer has run out; it is stopped then.
fn due(timer: &mut Option<Duration>, now: Duration) -> bool {
    timer.take_if(|at| *at <= now).is_some()
}
