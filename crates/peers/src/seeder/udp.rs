//! The door of the tracker over UDP: a socket while the transport is switched on. What is said on it is in `crate::udp`.

use std::sync::Arc;

use tokio::net::UdpSocket;

use super::transport::Keeper;
use super::{Bind, Seeding, Transport};

/// Serves whenever the transport is switched on.
pub(super) async fn serve(seeding: &Arc<Seeding>, bind: Bind) {
    let mut keeper = Keeper::new(&seeding.doors, Transport::Udp);
    loop {
        keeper.wanted().await;
        let opened = bind.open(UdpSocket::bind).await;
        match opened.and_then(|socket| Ok((socket.local_addr()?, socket))) {
            Ok((address, socket)) => {
                keeper.opened(address);
                let ended = tokio::select! {
                    () = crate::udp::serve_udp(seeding.tracker.clone(), socket) => true,
                    () = keeper.unwanted() => false,
                };
                keeper.closed();
                if ended {
                    return;
                }
            }
            Err(error) => keeper.failed(error).await,
        }
    }
}
