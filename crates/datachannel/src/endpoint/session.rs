//! What a peer has once its address is proved: the encrypted connection, then the association in it, then the channel in that. Each
//! layer is made when the one below it stands. Datagrams go up through all of them and events come out; packets come down and are
//! sealed straight into the buffer in which they leave.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::batch::{Batch, LARGEST};
use super::{Event, PeerKey, Promise, Reason, Shared};
use crate::dcep::{self, Control};
use crate::dtls::{Broken, Given, Secure};
use crate::sctp::{self, Association, CloseReason};

/// A flight of a handshake is less than this; what is more is lost, as datagrams may be.
const MOST_WAITING: usize = 16;

#[derive(Debug)]
pub(super) struct Session {
    secure: Secure,
    association: Option<Association>,
    /// The stream of the channel that the peer opened first.
    channel: Option<u16>,
    /// Datagrams of the handshake, and one that did not fit into a batch.
    waiting: VecDeque<Vec<u8>>,
    /// The owner may be waiting for room.
    crowded: bool,
    promise: Promise,
}

impl From<Broken> for Reason {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Protocol => Self::Protocol,
            Broken::Fingerprint => Self::Certificate,
        }
    }
}

impl From<CloseReason> for Reason {
    fn from(reason: CloseReason) -> Self {
        match reason {
            CloseReason::TimedOut => Self::Silent,
            CloseReason::Violation => Self::Protocol,
            _ => Self::Left,
        }
    }
}

impl Session {
    pub(super) fn new(secure: Secure, promise: Promise) -> Self {
        Self {
            secure,
            association: None,
            channel: None,
            waiting: VecDeque::new(),
            crowded: false,
            promise,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.channel.is_some()
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        let association = self.association.as_ref().and_then(Association::deadline);
        [self.secure.deadline(), association]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn receive(
        &mut self,
        now: Duration,
        datagram: &[u8],
        key: PeerKey,
        shared: &mut Shared,
    ) -> Result<(), Reason> {
        self.secure.receive(now, datagram)?;
        self.open_all(now, shared)?;
        self.news(key, shared)
    }

    pub(super) fn tick(
        &mut self,
        now: Duration,
        key: PeerKey,
        shared: &mut Shared,
    ) -> Result<(), Reason> {
        if self.secure.deadline().is_some_and(|at| at <= now) {
            self.secure.tick(now)?;
            self.open_all(now, shared)?;
        }
        if let Some(association) = &mut self.association
            && association.deadline().is_some_and(|at| at <= now)
        {
            association.tick(now);
        }
        self.news(key, shared)
    }

    /// Takes everything out of the encrypted connection.
    fn open_all(&mut self, now: Duration, shared: &mut Shared) -> Result<(), Reason> {
        loop {
            match self.secure.poll(now, &mut shared.plain)? {
                Given::Plain(length) => {
                    if let Some(association) = &mut self.association {
                        association.receive(now, &shared.plain[..length]);
                    }
                }
                Given::Datagram(length)
                    if length <= LARGEST && self.waiting.len() < MOST_WAITING =>
                {
                    self.waiting.push_back(shared.plain[..length].to_vec());
                }
                Given::Datagram(_) => {}
                Given::Connected => {
                    let config = sctp::Config {
                        remote_port: self.promise.sctp_port,
                        ..shared.config.sctp.clone()
                    };
                    let mut dice = || shared.chance.number() as u32;
                    self.association = Some(Association::new(config, &mut dice));
                }
                Given::Closed => return Err(Reason::Left),
                Given::Nothing => return Ok(()),
            }
        }
    }

    /// Takes everything out of the association.
    fn news(&mut self, key: PeerKey, shared: &mut Shared) -> Result<(), Reason> {
        let Some(association) = &mut self.association else {
            return Ok(());
        };
        while let Some(event) = association.poll_event() {
            match event {
                sctp::Event::Connected => {}
                sctp::Event::Message(message) if message.ppid == dcep::PPID => {
                    let Ok(Control::Open(_)) = Control::parse(&message.payload) else {
                        continue;
                    };
                    // A peer that asks for more channels than acknowledgements fit does not get them.
                    let ack = Bytes::from(Control::Ack.write());
                    let accepted = association.write(message.stream, dcep::PPID, ack).is_ok();
                    if accepted && self.channel.is_none() {
                        self.channel = Some(message.stream);
                        shared.events.push_back(Event::Open(key));
                    }
                }
                sctp::Event::Message(message) => {
                    let bytes = matches!(message.ppid, dcep::PPID_TEXT | dcep::PPID_BINARY);
                    if bytes && self.channel == Some(message.stream) {
                        let data = Event::Data(key, message.payload);
                        shared.events.push_back(data);
                    }
                }
                sctp::Event::StreamClosed(stream) if self.channel == Some(stream) => {
                    return Err(Reason::Left);
                }
                sctp::Event::StreamClosed(_) => {}
                sctp::Event::Restarted => return Err(Reason::Left),
                sctp::Event::Closed(reason) => return Err(reason.into()),
            }
        }
        if self.crowded && association.room() >= shared.config.sctp.send_buffer / 2 {
            self.crowded = false;
            shared.events.push_back(Event::Writable(key));
        }
        Ok(())
    }

    /// The longest message that can be written now, in bytes.
    pub(super) fn room(&self) -> usize {
        match (&self.association, self.channel) {
            (Some(association), Some(_)) => association.room().min(self.promise.max_message),
            _ => 0,
        }
    }

    /// Whether a message was taken.
    pub(super) fn write(&mut self, message: Bytes, shared: &Shared) -> bool {
        let fits = message.len() <= self.promise.max_message;
        let (Some(association), Some(stream), true) = (&mut self.association, self.channel, fits)
        else {
            return false;
        };
        let written = association
            .write(stream, dcep::PPID_BINARY, message)
            .is_ok();
        self.crowded |= association.room() < shared.config.sctp.send_buffer / 2;
        written
    }

    /// Fills a batch with what there is to send; says whether there is more.
    pub(super) fn fill(
        &mut self,
        now: Duration,
        batch: &mut Batch,
        shared: &mut Shared,
    ) -> Result<bool, Reason> {
        while let Some(space) = batch.space() {
            let length = match self.waiting.pop_front() {
                Some(datagram) => {
                    space[..datagram.len()].copy_from_slice(&datagram);
                    datagram.len()
                }
                None => {
                    let Some(association) = &mut self.association else {
                        return Ok(false);
                    };
                    if !association.poll_packet(now, &mut shared.packet) {
                        return Ok(false);
                    }
                    self.secure.seal(now, &shared.packet, space)?
                }
            };
            if let Err(longer) = batch.push(length) {
                self.waiting.push_front(longer.to_vec());
                return Ok(true);
            }
        }
        Ok(true)
    }

    /// The last datagrams: that the association is aborted and the connection closed.
    pub(super) fn farewell(mut self, now: Duration, shared: &mut Shared) -> Vec<Vec<u8>> {
        let mut last = Vec::new();
        let mut sealed = [0; LARGEST];
        if let Some(mut association) = self.association {
            association.abort();
            if association.poll_packet(now, &mut shared.packet)
                && let Ok(length) = self.secure.seal(now, &shared.packet, &mut sealed)
            {
                last.push(sealed[..length].to_vec());
            }
        }
        self.secure.close();
        if let Ok(Given::Datagram(length)) = self.secure.poll(now, &mut sealed) {
            last.push(sealed[..length].to_vec());
        }
        last
    }
}
