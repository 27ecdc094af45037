//! The end of single streams (RFC 6525): requests and answers travel in RE-CONFIG chunks. A request of ours leaves only after everything
//! written on its streams has arrived, so the peer never has to put it off.

use std::time::Duration;

use super::Association;
use crate::sctp::Event;
use crate::sctp::serial::after;
use crate::sctp::streams::{MAX_CLOSING, answer};
use crate::sctp::wire::{Parameter, Parameters, Peer, kind, number, write_chunk, write_parameter};

const OUTGOING_RESET: u16 = 13;
const INCOMING_RESET: u16 = 14;
const ALL_RESET: u16 = 15;
const ANSWER: u16 = 16;
const ADD_OUTGOING: u16 = 17;
const ADD_INCOMING: u16 = 18;

/// How many events may wait while more streams are closed.
const MAX_EVENTS: usize = 1024;

impl Association {
    /// Asks the peer to take note of streams that have ended, if there are any and nothing is asked already.
    pub(super) fn ask_for_resets(&mut self, now: Duration, peer: &Peer) {
        let Some(asked) = self.resets.ask(self.outbox.arrived()) else {
            return;
        };
        self.counters.reset(&asked.streams);
        if !peer.reconfig {
            let sequence = asked.sequence;
            self.resets.answered(sequence, answer::DENIED);
            self.resets.give_up();
            return;
        }
        self.ask_again(now);
    }

    /// Sends the request that has no answer yet.
    pub(super) fn ask_again(&mut self, now: Duration) {
        let Some(asked) = self.resets.asked() else {
            return;
        };
        let mut request = Vec::new();
        request.extend(asked.sequence.to_be_bytes());
        request.extend(self.resets.expected.wrapping_sub(1).to_be_bytes());
        request.extend(self.outbox.next_tsn().wrapping_sub(1).to_be_bytes());
        for stream in &asked.streams {
            request.extend(stream.to_be_bytes());
        }
        let mut chunk = Vec::new();
        write_chunk(&mut chunk, kind::RECONFIG, 0, |out| {
            write_parameter(out, OUTGOING_RESET, &request);
        });
        self.reply(chunk);
        self.timers.reconfig = Some(now + self.timeout());
    }

    pub(super) fn on_reconfig(&mut self, value: &[u8]) {
        for parameter in Parameters(value).take(2) {
            match parameter.kind {
                ANSWER => self.on_answer(&parameter),
                OUTGOING_RESET | INCOMING_RESET | ALL_RESET | ADD_OUTGOING | ADD_INCOMING => {
                    self.on_request(&parameter);
                }
                _ => {}
            }
        }
    }

    fn on_answer(&mut self, parameter: &Parameter<'_>) {
        let sequence = number(parameter.value);
        let result = parameter.value.get(4..).and_then(number);
        if let (Some(sequence), Some(result)) = (sequence, result)
            && self
                .resets
                .asked()
                .is_some_and(|it| it.sequence == sequence)
        {
            self.errors = 0;
            if self.resets.answered(sequence, result) {
                self.timers.reconfig = None;
            }
        }
    }

    fn on_request(&mut self, parameter: &Parameter<'_>) {
        let Some(sequence) = number(parameter.value) else {
            return;
        };
        let repeated = sequence == self.resets.expected.wrapping_sub(1);
        let result = match self.resets.answered {
            Some(result) if repeated && result != answer::IN_PROGRESS => result,
            Some(_) if repeated => self.perform(parameter),
            _ if sequence == self.resets.expected => {
                self.resets.expected = sequence.wrapping_add(1);
                self.perform(parameter)
            }
            _ => return self.answer(sequence, answer::BAD_SEQUENCE),
        };
        self.resets.answered = Some(result);
        self.answer(sequence, result);
    }

    fn answer(&mut self, sequence: u32, result: u32) {
        let mut chunk = Vec::new();
        write_chunk(&mut chunk, kind::RECONFIG, 0, |out| {
            let answer = [sequence.to_be_bytes(), result.to_be_bytes()].concat();
            write_parameter(out, ANSWER, &answer);
        });
        self.reply(chunk);
    }

    /// Does what the peer asks: only to close named streams of its own.
    fn perform(&mut self, parameter: &Parameter<'_>) -> u32 {
        let (OUTGOING_RESET, Some((head, streams))) =
            (parameter.kind, parameter.value.split_first_chunk::<12>())
        else {
            return answer::DENIED;
        };
        let last = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        let (streams, _) = streams.as_chunks::<2>();
        if streams.is_empty() || streams.len() > MAX_CLOSING {
            return answer::DENIED;
        }
        let busy =
            self.events.len() + streams.len() > MAX_EVENTS || !self.resets.has_room(streams.len());
        if busy || after(last, self.inbox.cumulative()) {
            return answer::IN_PROGRESS;
        }
        for stream in streams {
            let stream = u16::from_be_bytes(*stream);
            self.resets.closed_by_peer(stream, self.outbox.written());
            self.events.push_back(Event::StreamClosed(stream));
        }
        answer::PERFORMED
    }
}
