//! The doors: ways by which peers come in, where each of them is, and whether it is open. The admin's switch takes effect at once: a
//! closed door lets everybody go who came through it, and gives its port back.

use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;

use crate::connections::lock;

/// A way by which peers reach the pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Desktop clients, by the plain protocol.
    Tcp = 0,
    /// Browsers, by data channels.
    WebRtc = 1,
    /// The tracker over UDP, by which nobody takes anything but the names of others.
    Udp = 2,
}

impl Transport {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Tcp, Self::WebRtc, Self::Udp];

    /// Its name in numbers and settings.
    pub fn label(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::WebRtc => "webrtc",
            Self::Udp => "udp",
        }
    }
}

/// Where a door is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bind {
    /// Here, or nowhere.
    Exactly(SocketAddr),
    /// Here, or at any free port when this one is taken.
    Preferably(SocketAddr),
}

impl Bind {
    /// Opens a socket with `open`.
    pub(crate) async fn open<T, Fut: Future<Output = io::Result<T>>>(
        self,
        open: impl Fn(SocketAddr) -> Fut,
    ) -> io::Result<T> {
        let (Self::Exactly(address) | Self::Preferably(address)) = self;
        let mut opened = open(address).await;
        let mut any = address;
        if let Err(error) = &opened
            && address.ip() == Ipv6Addr::UNSPECIFIED
            && error.kind() != io::ErrorKind::AddrInUse
        {
            // A machine without IPv6.
            any.set_ip(std::net::Ipv4Addr::UNSPECIFIED.into());
            opened = open(any).await;
        }
        match opened {
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse
                    && matches!(self, Self::Preferably(_)) =>
            {
                any.set_port(0);
                open(any).await
            }
            opened => opened,
        }
    }
}

/// How a transport is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportState {
    /// Which one.
    pub transport: Transport,
    /// Whether it is switched on.
    pub on: bool,
    /// Where it listens, while it does.
    pub address: Option<SocketAddr>,
    /// Why it does not although it should, for people.
    pub problem: Option<String>,
    /// Peers that came by it and are here.
    pub peers: usize,
    /// Bytes sent by it since the start.
    pub sent: u64,
}

/// All doors.
pub(crate) struct Doors([Door; Transport::ALL.len()]);

struct Door {
    on: watch::Sender<bool>,
    state: Mutex<TransportState>,
}

impl Default for Doors {
    fn default() -> Self {
        Self(Transport::ALL.map(|transport| Door {
            on: watch::Sender::new(true),
            state: Mutex::new(TransportState {
                transport,
                on: true,
                address: None,
                problem: None,
                peers: 0,
                sent: 0,
            }),
        }))
    }
}

impl Door {
    /// A door that is to be closed leads nowhere from that moment on, even if whoever stands at it has yet to hear of it.
    fn state(&self) -> TransportState {
        let on = *self.on.borrow();
        let state = lock(&self.state).clone();
        TransportState {
            on,
            address: state.address.filter(|_| on),
            problem: state.problem.filter(|_| on),
            ..state
        }
    }
}

impl Doors {
    pub(crate) fn states(&self) -> Vec<TransportState> {
        self.0.iter().map(Door::state).collect()
    }

    pub(crate) fn switch(&self, transport: Transport, open: bool) {
        self.0[transport as usize].on.send_replace(open);
    }

    /// Takes note of where a door is, or why it is nowhere.
    pub(crate) fn placed(
        &self,
        transport: Transport,
        place: Option<Result<SocketAddr, &io::Error>>,
    ) {
        let mut state = lock(&self.0[transport as usize].state);
        (state.address, state.problem) = match place {
            None => (None, None),
            Some(Ok(address)) => (Some(address), None),
            Some(Err(error)) => (None, Some(error.to_string())),
        };
    }

    /// Where a door is while it is open.
    pub(crate) fn address(&self, transport: Transport) -> Option<SocketAddr> {
        self.0[transport as usize].state().address
    }

    pub(crate) fn came(&self, transport: Transport) {
        let mut state = lock(&self.0[transport as usize].state);
        state.peers += 1;
        metrics::gauge!("shoal_seeder_peers", "transport" => transport.label())
            .set(state.peers as f64);
    }

    pub(crate) fn went(&self, transport: Transport) {
        let mut state = lock(&self.0[transport as usize].state);
        state.peers -= 1;
        metrics::gauge!("shoal_seeder_peers", "transport" => transport.label())
            .set(state.peers as f64);
    }

    pub(crate) fn sent(&self, transport: Transport, bytes: usize) {
        lock(&self.0[transport as usize].state).sent += bytes as u64;
        metrics::counter!("shoal_seeder_sent_bytes_total", "transport" => transport.label())
            .increment(bytes as u64);
    }
}

/// How long to wait after a door could not be opened.
const PAUSE: Duration = Duration::from_secs(5);

/// How long a closing door may take to say good-bye.
pub(crate) const FAREWELL: Duration = Duration::from_millis(500);

/// Who stands at a door: opens it whenever its transport is switched on, and says how it is.
pub(crate) struct Keeper<'a> {
    doors: &'a Doors,
    transport: Transport,
    on: watch::Receiver<bool>,
}

impl<'a> Keeper<'a> {
    pub(crate) fn new(doors: &'a Doors, transport: Transport) -> Self {
        let on = doors.0[transport as usize].on.subscribe();
        Self {
            doors,
            transport,
            on,
        }
    }

    /// Waits until the door is to be opened.
    pub(crate) async fn wanted(&mut self) {
        // The sender lives as long as the doors.
        drop(self.on.wait_for(|on| *on).await);
    }

    /// The door is open here.
    pub(crate) fn opened(&self, address: SocketAddr) {
        tracing::info!(%address, transport = self.transport.label(), "the pod is reached by its swarms");
        self.doors.placed(self.transport, Some(Ok(address)));
    }

    /// Waits until the door is to be closed.
    pub(crate) async fn unwanted(&mut self) {
        drop(self.on.wait_for(|on| !*on).await);
    }

    /// The door is closed.
    pub(crate) fn closed(&self) {
        self.doors.placed(self.transport, None);
    }

    /// The door could not be opened; waits a little.
    pub(crate) async fn failed(&self, error: io::Error) {
        tracing::warn!(%error, transport = self.transport.label(), "a socket for the pod's swarms cannot be opened; it is tried again");
        self.doors.placed(self.transport, Some(Err(&error)));
        tokio::time::sleep(PAUSE).await;
    }
}
