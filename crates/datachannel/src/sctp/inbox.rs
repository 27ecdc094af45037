//! What has arrived: fragments become messages, in the order of their transmission numbers (TSN). Fragments of a message carry numbers in
//! a row, so at most one message is in the making. What came before its time is held, sorted, within bounds of number and bytes; what
//! the application has not taken yet counts too, and the peer is told honestly what room is left. Numbers within streams are not looked
//! at: the order of transmission implies theirs.

use std::collections::VecDeque;

use bytes::Bytes;

use super::serial::after;
use super::wire::{Data, flag, kind, write_chunk};
use super::{Config, Message};

/// How far before its time a fragment may come, so that acknowledgements can name it.
const MAX_AHEAD: u32 = 1 << 15;

/// What a fragment or message is charged for beside its bytes.
const OVERHEAD: usize = 128;

/// How many repeated numbers and how many stretches an acknowledgement names.
const MAX_DUPLICATES: usize = 16;
const MAX_BLOCKS: usize = 512;

/// Fragments and messages that have arrived.
#[derive(Debug)]
pub struct Inbox {
    /// Everything up to here has arrived.
    cumulative: u32,
    held: VecDeque<Held>,
    partial: Option<Partial>,
    /// Bytes in `held`, and in messages that wait to be taken.
    held_bytes: usize,
    ready_bytes: usize,
    duplicates: Vec<u32>,
    limit: usize,
    max_message: usize,
}

#[derive(Debug)]
struct Held {
    tsn: u32,
    flags: u8,
    stream: u16,
    ppid: u32,
    payload: Bytes,
}

/// A message in the making.
#[derive(Debug)]
struct Partial {
    stream: u16,
    ppid: u32,
    payload: Vec<u8>,
}

/// A message is longer than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

/// How a fragment should be acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promptness {
    /// With the next ones.
    Relaxed,
    /// At once: it fills a gap, makes one, came twice, found no room, or its sender asks for it.
    Prompt,
}

impl Inbox {
    /// An inbox whose first fragment will have the number `tsn`.
    pub fn new(tsn: u32, config: &Config) -> Self {
        Self {
            cumulative: tsn.wrapping_sub(1),
            held: VecDeque::new(),
            partial: None,
            held_bytes: 0,
            ready_bytes: 0,
            duplicates: Vec::new(),
            limit: config.receive_buffer,
            max_message: config.max_message,
        }
    }

    /// Everything up to this number has arrived.
    pub fn cumulative(&self) -> u32 {
        self.cumulative
    }

    /// How many bytes more there is room for.
    pub fn window(&self) -> u32 {
        let used = self.held_bytes + self.ready_bytes;
        u32::try_from(self.limit.saturating_sub(used)).unwrap_or(u32::MAX)
    }

    /// Takes a fragment; `deliver` is called with each message that is complete now.
    pub fn receive(
        &mut self,
        data: &Data<'_>,
        deliver: &mut dyn FnMut(Message),
    ) -> Result<Promptness, TooLong> {
        let ahead = data.tsn.wrapping_sub(self.cumulative);
        if !after(data.tsn, self.cumulative) {
            self.duplicate(data.tsn);
            return Ok(Promptness::Prompt);
        }
        if self.ready_bytes >= self.limit {
            return Ok(Promptness::Prompt);
        }
        if ahead == 1 {
            self.cumulative = data.tsn;
            self.append(
                data.flags,
                data.stream,
                data.ppid,
                Payload::Borrowed(data.payload),
                deliver,
            )?;
            if self.held.is_empty() {
                return Ok(match data.flags & flag::IMMEDIATE {
                    0 => Promptness::Relaxed,
                    _ => Promptness::Prompt,
                });
            }
            self.follow(deliver)?;
            return Ok(Promptness::Prompt);
        }
        self.hold(data, ahead);
        Ok(Promptness::Prompt)
    }

    fn duplicate(&mut self, tsn: u32) {
        if self.duplicates.len() < MAX_DUPLICATES {
            self.duplicates.push(tsn);
        }
    }

    /// Keeps what came before its time, if there is room.
    fn hold(&mut self, data: &Data<'_>, ahead: u32) {
        let cumulative = self.cumulative;
        let place = self
            .held
            .partition_point(|held| held.tsn.wrapping_sub(cumulative) < ahead);
        if self
            .held
            .get(place)
            .is_some_and(|held| held.tsn == data.tsn)
        {
            self.duplicate(data.tsn);
            return;
        }
        let cost = data.payload.len() + OVERHEAD;
        // The peer does not know what fragments cost beside their bytes: it may use the room that it was told of nevertheless.
        let limit = self.limit + self.limit / 4;
        if self.held_bytes + self.ready_bytes + cost > limit || ahead > MAX_AHEAD {
            return;
        }
        self.held_bytes += cost;
        let held = Held {
            tsn: data.tsn,
            flags: data.flags,
            stream: data.stream,
            ppid: data.ppid,
            payload: Bytes::copy_from_slice(data.payload),
        };
        self.held.insert(place, held);
    }

    /// Works off what is held as far as there is no gap.
    fn follow(&mut self, deliver: &mut dyn FnMut(Message)) -> Result<(), TooLong> {
        while let Some(next) = self.held.front() {
            if next.tsn != self.cumulative.wrapping_add(1) {
                break;
            }
            self.cumulative = next.tsn;
            self.append_held(deliver)?;
        }
        if self.held.is_empty() {
            self.held.shrink_to(0);
        }
        Ok(())
    }

    fn append_held(&mut self, deliver: &mut dyn FnMut(Message)) -> Result<(), TooLong> {
        let Some(held) = self.held.pop_front() else {
            return Ok(());
        };
        self.held_bytes -= held.payload.len() + OVERHEAD;
        self.append(
            held.flags,
            held.stream,
            held.ppid,
            Payload::Owned(held.payload),
            deliver,
        )
    }

    /// Adds the fragment whose turn it is to its message. One whose beginning was given up by the sender, or never existed, is dropped.
    fn append(
        &mut self,
        flags: u8,
        stream: u16,
        ppid: u32,
        payload: Payload<'_>,
        deliver: &mut dyn FnMut(Message),
    ) -> Result<(), TooLong> {
        let bytes = payload.bytes();
        let begins = flags & flag::BEGIN != 0;
        if begins {
            self.partial = None;
        }
        let length = self.partial.as_ref().map_or(0, |it| it.payload.len()) + bytes.len();
        if length > self.max_message {
            return Err(TooLong);
        }
        let message = match (&mut self.partial, flags & flag::END != 0) {
            (None, true) if begins => Message {
                stream,
                ppid,
                payload: payload.into_bytes(),
            },
            (None, false) if begins => {
                self.partial = Some(Partial {
                    stream,
                    ppid,
                    payload: bytes.to_vec(),
                });
                return Ok(());
            }
            (None, _) => return Ok(()),
            (Some(partial), ends) => {
                partial.payload.extend_from_slice(bytes);
                match self.partial.take_if(|_| ends) {
                    Some(whole) => Message {
                        stream: whole.stream,
                        ppid: whole.ppid,
                        payload: whole.payload.into(),
                    },
                    None => return Ok(()),
                }
            }
        };
        self.ready_bytes += message.payload.len() + OVERHEAD;
        deliver(message);
        Ok(())
    }

    /// The sender has given up everything up to `tsn` that has not arrived (RFC 3758).
    pub fn skip(&mut self, tsn: u32, deliver: &mut dyn FnMut(Message)) -> Result<(), TooLong> {
        if !after(tsn, self.cumulative) {
            return Ok(());
        }
        while let Some(next) = self.held.front() {
            if after(next.tsn, tsn) {
                break;
            }
            if next.tsn != self.cumulative.wrapping_add(1) {
                self.partial = None;
            }
            self.cumulative = next.tsn;
            self.append_held(deliver)?;
        }
        if self.cumulative != tsn {
            self.partial = None;
        }
        self.cumulative = tsn;
        self.follow(deliver)
    }

    /// The application has taken a message of this length.
    pub fn taken(&mut self, length: usize) {
        self.ready_bytes -= length + OVERHEAD;
    }

    /// The bytes of its own buffers.
    #[cfg(test)]
    pub fn kept(&self) -> usize {
        let partial = self.partial.as_ref().map_or(0, |it| it.payload.capacity());
        self.held.capacity() * size_of::<Held>() + self.duplicates.capacity() * 4 + partial
    }

    /// Whether there is a gap.
    pub fn has_gap(&self) -> bool {
        !self.held.is_empty()
    }

    /// Writes an acknowledgement of at most `space` bytes and returns the room it tells of.
    pub fn write_sack(&mut self, space: usize, out: &mut Vec<u8>) -> u32 {
        let window = self.window();
        let fits = (space.saturating_sub(16 + 4 * self.duplicates.len())) / 4;
        let blocks = self.blocks(fits.min(MAX_BLOCKS));
        write_chunk(out, kind::SACK, 0, |out| {
            out.extend(self.cumulative.to_be_bytes());
            out.extend(window.to_be_bytes());
            out.extend((blocks.len() as u16).to_be_bytes());
            out.extend((self.duplicates.len() as u16).to_be_bytes());
            for (first, last) in blocks {
                out.extend(first.to_be_bytes());
                out.extend(last.to_be_bytes());
            }
            for tsn in &self.duplicates {
                out.extend(tsn.to_be_bytes());
            }
        });
        self.duplicates = Vec::new();
        window
    }

    /// The stretches that are held, as distances from the cumulative number.
    fn blocks(&self, most: usize) -> Vec<(u16, u16)> {
        let mut blocks: Vec<(u16, u16)> = Vec::new();
        for held in &self.held {
            let ahead = held.tsn.wrapping_sub(self.cumulative) as u16;
            let full = blocks.len() == most;
            match blocks.last_mut() {
                Some((_, last)) if *last + 1 == ahead => *last = ahead,
                _ if full => break,
                _ => blocks.push((ahead, ahead)),
            }
        }
        blocks
    }
}

/// A fragment's payload, in the packet or kept.
enum Payload<'a> {
    Borrowed(&'a [u8]),
    Owned(Bytes),
}

impl Payload<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Borrowed(bytes) => Bytes::copy_from_slice(bytes),
            Self::Owned(bytes) => bytes,
        }
    }
}
