//! The pod's sockets for its swarms, beside the one for visitors: where they are, and which addresses peers are told.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use app::Pod;
use peers::seeder::{Addresses, Bind};

use crate::config::{Config, Place};

/// Ports above the pod's own, where the automatic places are. Those for TCP and for WebRTC differ: some clients try a UDP protocol of
/// theirs at the number of the TCP port, and wait long where a socket is that does not know it.
const TCP: u16 = 10_000;
const WEBRTC: u16 = 15_000;
const TRACKER: u16 = 20_000;

/// How often the name in the public URL is asked for its addresses.
const ASK_AGAIN: Duration = Duration::from_secs(300);

/// Serves the swarms for as long as it is polled.
pub async fn serve(config: &Config, pod: &Pod) {
    if !config.p2p.enabled {
        return;
    }
    let tcp = async {
        if let Some(bind) = bind(config, config.p2p.tcp, TCP) {
            pod.seeder.serve_tcp(bind).await;
        }
    };
    let webrtc = async {
        if let Some(bind) = bind(config, config.p2p.webrtc, WEBRTC) {
            pod.seeder.serve_webrtc(bind).await;
        }
    };
    let udp = async {
        if let Some(bind) = bind(config, config.p2p.udp_tracker, TRACKER) {
            pod.seeder.serve_udp_tracker(bind).await;
        }
    };
    tokio::join!(
        tcp,
        webrtc,
        udp,
        keep_addresses(config, pod.seeder.addresses())
    );
}

/// Where a socket is to be opened; nowhere when it is switched off in the configuration.
fn bind(config: &Config, place: Place, above: u16) -> Option<Bind> {
    match place {
        Place::Off => None,
        Place::At(address) => Some(Bind::Exactly(address)),
        Place::Auto => {
            let local = is_local(&host(config));
            Some(Bind::Preferably(Place::beside(config.listen, above, local)))
        }
    }
}

/// Tells peers the addresses of the public URL's host, unless the admin has named others.
async fn keep_addresses(config: &Config, addresses: &Addresses) {
    if !config.p2p.addresses.0.is_empty() {
        return;
    }
    let host = host(config);
    if is_local(&host) {
        return;
    }
    loop {
        match tokio::net::lookup_host((host.as_str(), 0)).await {
            Ok(found) => addresses.set_public(found.map(|address| address.ip()).collect()),
            Err(error) => tracing::debug!(%error, host, "the pod's own name has no address"),
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// The host of the public URL, without port and brackets.
fn host(config: &Config) -> String {
    let url = config.public_url();
    let authority = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let authority: Option<http::uri::Authority> = authority.parse().ok();
    let host = authority
        .as_ref()
        .map_or("localhost", |authority| authority.host());
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned()
}

/// Whether a host is this machine for visitors.
fn is_local(host: &str) -> bool {
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|ip: IpAddr| ip.is_loopback() || ip == Ipv4Addr::UNSPECIFIED)
}
