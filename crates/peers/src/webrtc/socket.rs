//! The UDP socket: datagrams come and go in batches, as many with one system call as the kernel takes (recvmmsg and GRO, GSO). Where
//! it knows no GSO, they go one by one.

use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};

use datachannel::{Path, Transmit};
use quinn_udp::{BATCH_SIZE, RecvMeta, UdpSockRef, UdpSocketState};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::watch;

/// Asked for of the kernel, which gives what its settings allow. Loss in our own buffers looks like loss of the network.
const KERNEL_BUFFER: usize = 4 << 20;
/// Where datagrams are received to, for each of a batch: GRO joins up to 64 KiB.
const ROOM: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Socket {
    /// Watched for what arrives only: that the kernel is done with what was sent would wake the task after each batch.
    socket: AsyncFd<UdpSocket>,
    state: UdpSocketState,
    wildcard: bool,
}

/// Room for one batch of received datagrams.
#[derive(Debug)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    metas: [RecvMeta; BATCH_SIZE],
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            bytes: vec![0; ROOM * BATCH_SIZE],
            metas: [RecvMeta::default(); BATCH_SIZE],
        }
    }
}

impl Socket {
    pub(super) fn open(address: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        for set in [
            UdpSocketState::set_send_buffer_size,
            UdpSocketState::set_recv_buffer_size,
        ] {
            // Smaller buffers work too.
            let _ = set(&state, UdpSockRef::from(&socket), KERNEL_BUFFER);
        }
        Ok(Self {
            wildcard: address.ip().is_unspecified(),
            socket: watch(socket)?,
            state,
        })
    }

    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.get_ref().local_addr()
    }

    /// Waits until there may be something to receive.
    pub(super) async fn ready(&self) -> io::Result<()> {
        self.socket.readable().await.map(drop)
    }

    /// Hands over what has arrived, one batch at most.
    pub(super) fn receive(
        &self,
        inbox: &mut Inbox,
        mut take: impl FnMut(Path, &[u8]),
    ) -> io::Result<()> {
        let metas = &mut inbox.metas;
        let mut parts = inbox.bytes.chunks_exact_mut(ROOM);
        let mut parts: [IoSliceMut<'_>; BATCH_SIZE] =
            std::array::from_fn(|_| IoSliceMut::new(parts.next().unwrap_or_default()));
        let mut count = 0;
        let received = self.socket.try_io(Interest::READABLE, |socket| {
            count = self
                .state
                .recv(UdpSockRef::from(socket), &mut parts, metas)?;
            // A batch that is not full was the last: to say so now spares asking in vain.
            match count {
                BATCH_SIZE => Ok(()),
                _ => Err(io::ErrorKind::WouldBlock.into()),
            }
        });
        if let Err(error) = received
            && !passing(&error)
        {
            return Err(error);
        }
        for (part, meta) in parts.iter().zip(metas.iter()).take(count) {
            let path = Path {
                remote: meta.addr,
                local: meta.dst_ip.filter(|_| self.wildcard),
            };
            for datagram in part[..meta.len].chunks(meta.stride.max(1)) {
                take(path, datagram);
            }
        }
        Ok(())
    }

    /// Sends datagrams. When the kernel has no room now, says how many bytes are sent.
    pub(super) fn send(&self, transmit: &Transmit<'_>) -> io::Result<Option<usize>> {
        let mut sent = 0;
        while sent < transmit.bytes.len() {
            let most = transmit.segment * self.state.max_gso_segments();
            let rest = &transmit.bytes[sent..];
            let part = &rest[..rest.len().min(most)];
            let out = quinn_udp::Transmit {
                destination: transmit.path.remote,
                ecn: None,
                contents: part,
                segment_size: Some(transmit.segment),
                src_ip: transmit.path.local,
            };
            match self
                .state
                .try_send(UdpSockRef::from(self.socket.get_ref()), &out)
            {
                Ok(()) => sent += part.len(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Some(sent)),
                // The first try with GSO on a device that cannot do it; the library has noticed.
                Err(_) if transmit.segment * self.state.max_gso_segments() < most => {}
                // The rest is lost, as datagrams may be: a peer's network is unreachable, or a firewall of ours forbids it.
                Err(_) => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// Whether an error of the socket is about one datagram or one moment, not about the socket.
fn passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock
            | io::ErrorKind::Interrupted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
    )
}
