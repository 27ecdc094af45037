//! The door of the tracker over UDP: a socket while the transport is switched on. What is said on it is in `crate::udp`.

use std::io;
use std::sync::Arc;

use tokio::net::UdpSocket;

use super::{Bind, Seeding, Transport, transport};

/// Serves whenever the transport is switched on.
pub(super) async fn serve(seeding: &Arc<Seeding>, bind: Bind) {
    let open = async || -> io::Result<_> {
        let socket = bind.open(UdpSocket::bind).await?;
        Ok((socket.local_addr()?, socket))
    };
    transport::keep_open(seeding, Transport::Udp, open, async |socket, over| {
        let served = crate::udp::serve_udp(seeding.tracker.clone(), socket);
        over.run_until_cancelled(served).await;
    })
    .await;
}
