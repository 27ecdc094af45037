//! The encrypted connection under an association: crate dimpl, told our times and checked against the fingerprint that the offer
//! promised. DTLS 1.2 only: every browser speaks it, and its records cost one encryption less than those of 1.3. There is no
//! exchange of cookies, because nobody gets this far whose address has not been proved by a connectivity check.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dimpl::{Dtls, DtlsCertificate, Output};

use crate::certificate::{Certificate, Fingerprint};

/// The largest datagram of a handshake, in bytes: with the heads of UDP and IPv6 it fits everywhere.
const HANDSHAKE_MTU: usize = 1200;
/// What is farther away than this is no time-out but the library's way of saying "never".
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// What all connections have in common.
#[derive(Clone)]
pub(crate) struct Terms {
    config: Arc<dimpl::Config>,
    certificate: DtlsCertificate,
    epoch: Instant,
}

impl Terms {
    /// `epoch` is the moment that is zero in the times of this crate; a handshake may take `patience`.
    pub(crate) fn new(certificate: &Certificate, epoch: Instant, patience: Duration) -> Self {
        let config = dimpl::Config::builder()
            .mtu(HANDSHAKE_MTU)
            .use_server_cookie(false)
            .dtls13_cipher_suites(&[])
            .flight_start_rto(Duration::from_millis(300))
            .flight_retries(8)
            .handshake_timeout(patience)
            .build()
            .expect("the settings are constants within the library's bounds");
        Self {
            config: Arc::new(config),
            certificate: DtlsCertificate {
                certificate: certificate.der.clone(),
                private_key: certificate.key.clone(),
            },
            epoch,
        }
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms").finish_non_exhaustive()
    }
}

/// Why a connection is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The handshake failed, or the peer broke the protocol.
    Protocol,
    /// The certificate is not the one that the offer promised.
    Fingerprint,
}

/// What a connection has to give.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// So many bytes to be sent.
    Datagram(usize),
    /// So many bytes that were received.
    Plain(usize),
    /// The handshake is done, with the right certificate.
    Connected,
    /// The peer has said good-bye.
    Closed,
    /// Nothing more for now.
    Nothing,
}

/// One connection.
pub(crate) struct Secure {
    dtls: Dtls,
    expected: Fingerprint,
    epoch: Instant,
    verified: bool,
    connected: bool,
    deadline: Option<Duration>,
}

impl fmt::Debug for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secure")
            .field("connected", &self.connected)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl Secure {
    /// A connection that waits for the peer to begin.
    pub(crate) fn server(terms: &Terms, expected: Fingerprint, now: Duration) -> Self {
        let dtls = Dtls::new_12(
            Arc::clone(&terms.config),
            terms.certificate.clone(),
            terms.epoch + now,
        );
        Self {
            dtls,
            expected,
            epoch: terms.epoch,
            verified: false,
            connected: false,
            deadline: None,
        }
    }

    /// A connection that begins by itself.
    #[cfg(test)]
    pub(crate) fn client(terms: &Terms, expected: Fingerprint, now: Duration) -> Self {
        let mut secure = Self::server(terms, expected, now);
        secure.dtls.set_active(true);
        secure
    }

    /// Takes a datagram; ask [`poll`](Self::poll) afterwards.
    pub(crate) fn receive(&mut self, now: Duration, datagram: &[u8]) -> Result<(), Broken> {
        // Once connected, nothing depends on the library's clock.
        if !self.connected {
            self.tick(now)?;
        }
        self.dtls
            .handle_packet(datagram)
            .map_err(|_| Broken::Protocol)
    }

    /// Does what is due; ask [`poll`](Self::poll) afterwards.
    pub(crate) fn tick(&mut self, now: Duration) -> Result<(), Broken> {
        self.dtls
            .handle_timeout(self.epoch + now)
            .map_err(|_| Broken::Protocol)
    }

    /// When [`tick`](Self::tick) wants to be called.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// The next thing, with its bytes at the beginning of `out`, which should hold a datagram of the largest size.
    pub(crate) fn poll(&mut self, now: Duration, out: &mut [u8]) -> Result<Given, Broken> {
        loop {
            match self.dtls.poll_output(out) {
                Output::Packet(bytes) => return Ok(Given::Datagram(bytes.len())),
                Output::ApplicationData(bytes) => return Ok(Given::Plain(bytes.len())),
                Output::PeerCert(der) => {
                    if Fingerprint::of(der) != self.expected {
                        return Err(Broken::Fingerprint);
                    }
                    self.verified = true;
                }
                Output::Connected if self.verified => {
                    self.connected = true;
                    return Ok(Given::Connected);
                }
                Output::Connected => return Err(Broken::Fingerprint),
                Output::CloseNotify => return Ok(Given::Closed),
                Output::Timeout(at) => {
                    let at = at.saturating_duration_since(self.epoch);
                    self.deadline = (at < now + NEVER).then_some(at);
                    return Ok(Given::Nothing);
                }
                Output::BufferTooSmall { .. } => return Err(Broken::Protocol),
                _ => {}
            }
        }
    }

    /// Encrypts into `out` and says how many bytes that are. Only for connections that have said [`Given::Connected`] and of which
    /// everything was taken before.
    pub(crate) fn seal(
        &mut self,
        now: Duration,
        plain: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Broken> {
        self.dtls
            .send_application_data(plain)
            .map_err(|_| Broken::Protocol)?;
        match self.poll(now, out)? {
            Given::Datagram(length) => Ok(length),
            _ => Err(Broken::Protocol),
        }
    }

    /// Says good-bye; the datagram, if there is one, comes from [`poll`](Self::poll).
    pub(crate) fn close(&mut self) {
        // What cannot be said any more need not be.
        let _ = self.dtls.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Two connections that are to trust each other by these fingerprints.
    fn pair(expected: impl Fn(&Certificate) -> Fingerprint) -> (Secure, Secure) {
        let [ours, theirs] = [0, 1].map(|_| Certificate::generate().unwrap());
        let [server, client] =
            [&ours, &theirs].map(|own| Terms::new(own, Instant::now(), 15 * SECOND));
        (
            Secure::server(&server, expected(&theirs), SECOND),
            Secure::client(&client, ours.fingerprint(), SECOND),
        )
    }

    /// Carries everything that one has to say to the other; `lose` says which datagrams get lost.
    fn carry(
        now: Duration,
        from: &mut Secure,
        to: &mut Secure,
        lose: &mut impl FnMut() -> bool,
        given: &mut Vec<Given>,
    ) -> Result<(), Broken> {
        let mut out = [0; 2048];
        loop {
            match from.poll(now, &mut out)? {
                Given::Datagram(_) if lose() => {}
                Given::Datagram(length) => to.receive(now, &out[..length])?,
                Given::Nothing => return Ok(()),
                other => given.push(other),
            }
        }
    }

    #[test]
    fn handshake_through_loss_then_data_then_good_bye() {
        for seed in 0..20_u32 {
            let (mut server, mut client) = pair(Certificate::fingerprint);
            let mut dice = seed;
            let mut lose = || {
                dice = dice.wrapping_mul(1_103_515_245).wrapping_add(12345);
                seed > 0 && dice >> 16 & 7 == 0
            };
            let (mut here, mut there) = (Vec::new(), Vec::new());
            let mut now = SECOND;
            client.tick(now).unwrap();
            while here.is_empty() || there.is_empty() {
                carry(now, &mut client, &mut server, &mut lose, &mut there).unwrap();
                carry(now, &mut server, &mut client, &mut lose, &mut here).unwrap();
                now += SECOND / 20;
                for side in [&mut server, &mut client] {
                    if side.deadline().is_some_and(|at| at <= now) {
                        side.tick(now).unwrap();
                    }
                }
            }
            assert_eq!(
                (here, there),
                (vec![Given::Connected], vec![Given::Connected])
            );
            let mut sealed = [0; 2048];
            let mut open = [0; 2048];
            for size in [1, 100, 1192] {
                let length = server.seal(now, &vec![7; size], &mut sealed).unwrap();
                assert_eq!(length, size + 37);
                client.receive(now, &sealed[..length]).unwrap();
                // A copy and a forgery are passed over.
                client.receive(now, &sealed[..length]).unwrap();
                sealed[length - 1] ^= 1;
                client.receive(now, &sealed[..length]).unwrap();
                assert_eq!(client.poll(now, &mut open), Ok(Given::Plain(size)));
                assert_eq!(open[..size], vec![7; size]);
                assert_eq!(client.poll(now, &mut open), Ok(Given::Nothing));
            }
            client.close();
            let mut given = Vec::new();
            carry(now, &mut client, &mut server, &mut || false, &mut given).unwrap();
            carry(now, &mut server, &mut client, &mut || false, &mut given).unwrap();
            assert_eq!(given, [Given::Closed]);
        }
    }

    #[test]
    fn another_certificate_is_refused() {
        let (mut server, mut client) = pair(|_| Fingerprint([7; 32]));
        client.tick(SECOND).unwrap();
        let mut given = Vec::new();
        let mut result = Ok(());
        while result.is_ok() {
            result = carry(SECOND, &mut client, &mut server, &mut || false, &mut given)
                .and_then(|()| carry(SECOND, &mut server, &mut client, &mut || false, &mut given));
        }
        assert_eq!(result, Err(Broken::Fingerprint));
        assert!(given.is_empty());
    }
}
