//! The pod's WebRTC port: one UDP socket, all peers that came by an answered offer, and the clock. [`Port`] carries datagrams between
//! the socket and a `datachannel::Endpoint` and says what happened; whoever owns it, one task, decides what is written to whom. There
//! is no task, timer or buffer per peer.

mod alarm;
mod socket;

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use bytes::Bytes;
use datachannel::{
    BadOffer, Batch, Certificate, Counts, Endpoint, Event, NoKey, PeerKey, Transmit,
};

use alarm::Alarm;
use socket::{Inbox, Socket};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

pub use datachannel::{Config, Reason};

/// So many batches are sent before what has arrived in the meantime is looked at.
const BATCHES: usize = 16;
/// When the kernel's buffer is full it is tried again after this time.
const STUCK: Duration = Duration::from_millis(1);
/// Longer than this nobody waits for anything.
const IDLE: Duration = Duration::from_secs(3600);

/// Why there is no port.
#[derive(Debug, thiserror::Error)]
pub enum NoPort {
    /// The address cannot be used.
    #[error(transparent)]
    Socket(#[from] io::Error),
    /// There is no certificate to show to peers.
    #[error(transparent)]
    Key(#[from] NoKey),
}

/// One UDP port with its peers.
#[derive(Debug)]
pub struct Port {
    socket: Socket,
    inbox: Inbox,
    endpoint: Endpoint,
    batch: Batch,
    /// Datagrams that the socket did not take yet are at the end of `batch`.
    stuck: Option<Stuck>,
    epoch: Instant,
    alarm: Alarm,
    candidates: Vec<SocketAddr>,
}

impl Port {
    /// Opens the port. Browsers are told to come to `candidates`, or where that is empty to the address itself. `chance` is a secret
    /// number from which passwords are made.
    pub fn open(
        config: Config,
        address: SocketAddr,
        candidates: &[SocketAddr],
        chance: [u8; 32],
    ) -> Result<Self, NoPort> {
        let socket = Socket::open(address)?;
        let epoch = Instant::now();
        let candidates = match candidates {
            [] => vec![socket.address()?],
            some => some.to_vec(),
        };
        Ok(Self {
            socket,
            inbox: Inbox::default(),
            endpoint: Endpoint::new(config, &Certificate::generate()?, epoch, chance),
            batch: Batch::default(),
            stuck: None,
            epoch,
            alarm: Alarm::new()?,
            candidates,
        })
    }

    /// The time on the port's clock, which runs from its opening.
    pub fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// The address that the socket is bound to.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.address()
    }

    /// Takes the offer of a peer and gives the answer.
    pub fn accept(&mut self, offer: &str) -> Result<(PeerKey, String), BadOffer> {
        self.endpoint
            .accept(self.epoch.elapsed(), offer, &self.candidates)
    }

    /// The same for a peer that is told to come to other places than the rest.
    pub fn accept_at(
        &mut self,
        offer: &str,
        candidates: &[SocketAddr],
    ) -> Result<(PeerKey, String), BadOffer> {
        self.endpoint
            .accept(self.epoch.elapsed(), offer, candidates)
    }

    /// The longest message that [`write`](Self::write) takes now for this peer, in bytes.
    pub fn room(&self, key: PeerKey) -> usize {
        self.endpoint.room(key)
    }

    /// Queues a message, which leaves with the next call of [`next`](Self::next); false when it does not fit or the channel is not
    /// open. [`Event::Writable`] tells when it may fit again.
    pub fn write(&mut self, key: PeerKey, message: Bytes) -> bool {
        self.endpoint.write(key, message)
    }

    /// Lets a peer go.
    pub fn close(&mut self, key: PeerKey) {
        self.endpoint.close(self.epoch.elapsed(), key);
    }

    /// The address of a peer, once it has proved one.
    pub fn address_of(&self, key: PeerKey) -> Option<SocketAddr> {
        self.endpoint.address(key)
    }

    /// How many peers there are.
    pub fn counts(&self) -> Counts {
        self.endpoint.counts()
    }

    /// Carries datagrams until something has happened that its owner should know. Nothing is lost when it is not waited for to the
    /// end. An error means that the socket is of no more use.
    pub async fn next(&mut self) -> io::Result<Event> {
        loop {
            let now = self.epoch.elapsed();
            if self.endpoint.deadline().is_some_and(|at| at <= now) {
                self.endpoint.tick(now);
            }
            if let Some(event) = self.endpoint.poll_event() {
                return Ok(event);
            }
            let flushed = self.flush(now)?;
            // What is sent changes when the endpoint wants to be looked at.
            let deadline = match flushed {
                Flushed::More => now,
                Flushed::Stuck => now + STUCK,
                Flushed::All => self
                    .endpoint
                    .deadline()
                    .unwrap_or(now + IDLE)
                    .min(now + IDLE),
            };
            self.wait(now, deadline, flushed).await?;
            let now = self.epoch.elapsed();
            let endpoint = &mut self.endpoint;
            self.socket.receive(&mut self.inbox, |path, datagram| {
                endpoint.receive(now, path, datagram)
            })?;
        }
    }

    /// Waits until the socket has something, or it is time.
    async fn wait(
        &mut self,
        now: Duration,
        deadline: Duration,
        flushed: Flushed,
    ) -> io::Result<()> {
        if matches!(flushed, Flushed::More) {
            // Others on this thread get their turn.
            tokio::task::yield_now().await;
            return Ok(());
        }
        self.alarm.set(now, deadline)?;
        tokio::select! {
            ready = self.socket.ready() => ready,
            rings = self.alarm.rings() => rings,
        }
    }

    /// Sends what there is to send.
    fn flush(&mut self, now: Duration) -> io::Result<Flushed> {
        if let Some(stuck) = self.stuck.take()
            && let Some(rest) = self.socket.send(&stuck.transmit())?
        {
            self.stuck = Some(Stuck {
                sent: stuck.sent + rest,
                ..stuck
            });
            return Ok(Flushed::Stuck);
        }
        for _ in 0..BATCHES {
            let Some(transmit) = self.endpoint.poll_transmit(now, &mut self.batch) else {
                return Ok(Flushed::All);
            };
            if let Some(sent) = self.socket.send(&transmit)? {
                self.stuck = Some(Stuck::new(&transmit, sent));
                return Ok(Flushed::Stuck);
            }
        }
        Ok(Flushed::More)
    }
}

/// How far sending has come.
#[derive(Debug, Clone, Copy)]
enum Flushed {
    All,
    More,
    Stuck,
}

/// Datagrams that the socket did not take. They are copied, because it happens rarely.
#[derive(Debug)]
struct Stuck {
    bytes: Vec<u8>,
    path: datachannel::Path,
    segment: usize,
    sent: usize,
}

impl Stuck {
    fn new(transmit: &Transmit<'_>, sent: usize) -> Self {
        Self {
            bytes: transmit.bytes.to_vec(),
            path: transmit.path,
            segment: transmit.segment,
            sent,
        }
    }

    fn transmit(&self) -> Transmit<'_> {
        Transmit {
            path: self.path,
            bytes: &self.bytes[self.sent..],
            segment: self.segment,
        }
    }
}

/// Has a descriptor watched for what can be read from it.
#[expect(
    deprecated,
    reason = "the replacement is unsafe for descriptors that might lie; sockets and timers do not"
)]
fn watch<T: AsRawFd>(descriptor: T) -> io::Result<AsyncFd<T>> {
    AsyncFd::with_interest(descriptor, Interest::READABLE)
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use datachannel::stun::{Outcome, Request, Response};

    use super::*;

    /// On the wildcard address too, where answers must leave from the address that was asked.
    #[tokio::test]
    async fn datagrams_go_through_the_socket_and_back() {
        for (bound, asked) in [("127.0.0.1:0", "127.0.0.1"), ("0.0.0.0:0", "127.0.0.3")] {
            let config = Config::default();
            let mut port = Port::open(config, bound.parse().unwrap(), &[], [7; 32]).unwrap();
            let client = UdpSocket::bind("127.0.0.1:0").unwrap();
            let address = port.address().unwrap();
            client.connect((asked, address.port())).unwrap();
            client.set_nonblocking(true).unwrap();
            let request = Request::new([7; 12], None).write(None);
            let client = watch(client).unwrap();
            for _ in 0..100 {
                client.get_ref().send(&request).unwrap();
            }
            let mut answers = 0;
            while answers < 100 {
                let mut bytes = [0; 100];
                tokio::select! {
                    event = port.next() => panic!("{event:?}"),
                    ready = client.readable() => {
                        let Ok(length) = ready.unwrap().try_io(|client| client.get_ref().recv(&mut bytes)) else {
                            continue;
                        };
                        let response = Response::parse(&bytes[..length.unwrap()], None).unwrap();
                        let local = client.get_ref().local_addr().unwrap();
                        assert_eq!(response.outcome, Outcome::Address(local));
                        answers += 1;
                    }
                }
            }
            assert_eq!(port.counts(), Counts::default());
        }
    }
}
