//! A browser of the tests: the other half of each layer, made of the same parts.

use super::*;
use crate::dcep::{Control, Effort, Open, Order};
use crate::dtls::Given;
use crate::sctp::Association;

/// A peer that calls an endpoint.
pub(super) struct Client {
    pub(super) address: SocketAddr,
    pub(super) certificate: Certificate,
    /// What it learned from the answer, once there is one.
    pub(super) answer: Option<Description>,
    pub(super) nominate: bool,
    /// It is alive to the extent that it makes checks.
    pub(super) checks: bool,
    pub(super) received: Vec<Bytes>,
    pub(super) closed: bool,
    secure: Option<Secure>,
    pub(super) association: Option<Association>,
    next_check: Duration,
    count: u64,
    out: VecDeque<Vec<u8>>,
}

/// The stream of its channel.
pub(super) const STREAM: u16 = 2;

impl Client {
    pub(super) fn new(address: &str) -> Self {
        Self {
            address: address.parse().unwrap(),
            certificate: Certificate::generate().unwrap(),
            answer: None,
            nominate: true,
            checks: true,
            received: Vec::new(),
            closed: false,
            secure: None,
            association: None,
            next_check: Duration::ZERO,
            count: 0,
            out: VecDeque::new(),
        }
    }

    pub(super) fn offer(&self) -> String {
        Description {
            ufrag: "theirs".to_owned(),
            password: "0123456789abcdefghijkl".to_owned(),
            fingerprint: self.certificate.fingerprint(),
            setup: Setup::ActPass,
            lite: false,
            mid: Some("0".to_owned()),
            bundle: true,
            sctp_port: 5000,
            max_message_size: 262_144,
            candidates: vec![self.address],
        }
        .to_string()
    }

    /// A connectivity check, signed with this password.
    pub(super) fn check(&mut self, password: &str) -> Vec<u8> {
        self.count += 1;
        let mut transaction = [0; 12];
        transaction[..8].copy_from_slice(&self.count.to_be_bytes());
        let name = format!("{}:theirs", self.answer.as_ref().unwrap().ufrag);
        let mut request = stun::Request::new(transaction, Some(&name));
        request.priority = Some(1);
        request.controlling = Some(1);
        request.use_candidate = self.nominate;
        request.write(Some(&stun::Key::new(password)))
    }

    pub(super) fn write(&mut self, ppid: u32, message: &[u8]) {
        let message = Bytes::copy_from_slice(message);
        let association = self.association.as_mut().unwrap();
        association.write(STREAM, ppid, message).unwrap();
    }

    pub(super) fn say_good_bye(&mut self) {
        self.association = None;
        let secure = self.secure.as_mut().unwrap();
        secure.close();
        let mut out = [0; 2048];
        if let Ok(Given::Datagram(length)) = secure.poll(Duration::ZERO, &mut out) {
            self.out.push_back(out[..length].to_vec());
        }
    }

    /// The next datagram to send at this time.
    pub(super) fn poll(&mut self, now: Duration) -> Option<Vec<u8>> {
        let answer = self.answer.as_ref()?;
        if self.checks && now >= self.next_check {
            let password = answer.password.clone();
            self.next_check =
                now + Duration::from_millis(if self.secure.is_some() { 2500 } else { 100 });
            return Some(self.check(&password));
        }
        if let Some(datagram) = self.out.pop_front() {
            return Some(datagram);
        }
        if let Some(secure) = &mut self.secure
            && secure.deadline().is_some_and(|at| at <= now)
        {
            // A handshake that has taken too long, or that somebody has spoilt.
            if secure.tick(now).is_err() {
                self.give_up();
                return None;
            }
            self.drain(now);
        }
        let association = self.association.as_mut()?;
        if association.deadline().is_some_and(|at| at <= now) {
            association.tick(now);
        }
        let (mut packet, mut sealed) = (Vec::new(), [0; 2048]);
        association.poll_packet(now, &mut packet).then(|| {
            let length = self
                .secure
                .as_mut()
                .unwrap()
                .seal(now, &packet, &mut sealed)
                .unwrap();
            sealed[..length].to_vec()
        })
    }

    pub(super) fn receive(&mut self, now: Duration, datagram: &[u8]) {
        let answer = self.answer.as_ref().unwrap();
        if datagram[0] < 4 {
            let key = stun::Key::new(&answer.password);
            // A damaged check may have been refused, which nobody can sign.
            let Ok(response) = stun::Response::parse(datagram, Some(&key)) else {
                return;
            };
            assert_eq!(response.outcome, stun::Outcome::Address(self.address));
            if self.secure.is_none() {
                let terms = Terms::new(&self.certificate, Instant::now(), 15 * SECOND);
                let mut secure = Secure::client(&terms, answer.fingerprint, now);
                secure.tick(now).unwrap();
                self.secure = Some(secure);
                self.drain(now);
            }
        } else if let Some(secure) = &mut self.secure {
            match secure.receive(now, datagram) {
                Ok(()) => self.drain(now),
                Err(_) => self.give_up(),
            }
        }
    }

    fn give_up(&mut self) {
        (self.closed, self.checks) = (true, false);
        (self.secure, self.association) = (None, None);
    }

    fn drain(&mut self, now: Duration) {
        let mut out = [0; 2048];
        let secure = self.secure.as_mut().unwrap();
        loop {
            match secure.poll(now, &mut out).unwrap() {
                Given::Datagram(length) => self.out.push_back(out[..length].to_vec()),
                Given::Plain(length) => {
                    if let Some(association) = &mut self.association {
                        association.receive(now, &out[..length]);
                    }
                }
                Given::Connected => {
                    let config = Config::default().sctp;
                    let mut seed = 7_u32;
                    let mut dice = || {
                        seed = seed.wrapping_mul(747_796_405).wrapping_add(1);
                        seed
                    };
                    self.association = Some(Association::connect(now, config, &mut dice));
                }
                Given::Closed => self.closed = true,
                Given::Nothing => break,
            }
        }
        while let Some(event) = self.association.as_mut().and_then(Association::poll_event) {
            match event {
                sctp::Event::Connected => {
                    let open = Control::Open(Open {
                        order: Order::Ordered,
                        effort: Effort::Reliable,
                        priority: 256,
                        label: "channel".to_owned(),
                        protocol: String::new(),
                    });
                    self.write(crate::dcep::PPID, &open.write());
                }
                sctp::Event::Message(message) if message.ppid == crate::dcep::PPID => {
                    assert_eq!(Control::parse(&message.payload), Ok(Control::Ack));
                }
                sctp::Event::Message(message) => {
                    assert_eq!(
                        (message.stream, message.ppid),
                        (STREAM, crate::dcep::PPID_BINARY)
                    );
                    self.received.push(message.payload);
                }
                sctp::Event::Closed(_) => self.closed = true,
                other => panic!("{other:?}"),
            }
        }
    }
}
