//! Which envelopes came before. A nonce is remembered for as long as its envelope would not be refused for its age, at most ten minutes,
//! and never forgotten earlier: who sends so many that the memory is full is refused. The pod keeps nonces as rows, so that a restart
//! forgets none; this is the same rule for whoever keeps them in memory.

use std::collections::{BTreeMap, HashMap};

use names::Host;

use super::{Nonce, Opened, Refusal};

/// Nonces of one host that are remembered at a time: five envelopes in each second of the ten minutes.
pub const MAX_NONCES: usize = 3_000;

/// The nonces of all hosts.
#[derive(Debug, Clone, Default)]
pub struct Replays {
    hosts: HashMap<Host, BTreeMap<Nonce, i64>>,
}

impl Replays {
    /// Notes an envelope that was opened, or says that it came before.
    pub fn admit(&mut self, opened: &Opened, now: i64) -> Result<(), Refusal> {
        let header = &opened.header;
        let seen = self.hosts.entry(header.sender.clone()).or_default();
        if seen.contains_key(&header.nonce) {
            return Err(Refusal::Replayed);
        }
        if seen.len() >= MAX_NONCES {
            seen.retain(|_, forget_at| *forget_at > now);
            if seen.len() >= MAX_NONCES {
                return Err(Refusal::TooMany);
            }
        }
        seen.insert(header.nonce, opened.forget_at);
        Ok(())
    }

    /// Forgets what is too old to come again. Called now and then.
    pub fn tidy(&mut self, now: i64) {
        self.hosts.retain(|_, seen| {
            seen.retain(|_, forget_at| *forget_at > now);
            !seen.is_empty()
        });
    }
}
