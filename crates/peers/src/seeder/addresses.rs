//! Where the pod can be reached: what peers are told. The admin may have said it; else the host of the pod's public address tells, and
//! where that is this machine itself, the address by which the machine reaches others. A client on this machine is told the
//! loopback address, one in the same private network the private one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use crate::connections::lock;

/// The pod's addresses. Clones are handles to the same list.
#[derive(Debug, Clone, Default)]
pub struct Addresses {
    public: Arc<RwLock<Vec<IpAddr>>>,
    routes: Arc<Mutex<Option<Routes>>>,
}

#[derive(Debug, Clone)]
struct Routes {
    since: Instant,
    ips: Vec<IpAddr>,
}

/// How long it is remembered by which addresses the machine reaches others.
const ROUTES_LAST: Duration = Duration::from_secs(10);

impl Addresses {
    /// Replaces what the world is told: what the admin said, or what the public name stands for.
    pub fn set_public(&self, addresses: Vec<IpAddr>) {
        let mut usable: Vec<IpAddr> = addresses
            .into_iter()
            .map(|ip| ip.to_canonical())
            .filter(|ip| !ip.is_unspecified() && !ip.is_multicast())
            .collect();
        usable.dedup();
        usable.truncate(8);
        *self
            .public
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = usable;
    }

    fn routes(&self) -> Vec<IpAddr> {
        let mut routes = lock(&self.routes);
        match &*routes {
            Some(known) if known.since.elapsed() < ROUTES_LAST => known.ips.clone(),
            _ => {
                let (since, ips) = (Instant::now(), ask_routes());
                *routes = Some(Routes {
                    since,
                    ips: ips.clone(),
                });
                ips
            }
        }
    }

    /// Where a client finds a socket of ours that is bound to `bound`, best first.
    pub(crate) fn for_client(&self, client: IpAddr, bound: SocketAddr) -> Vec<SocketAddr> {
        let client = client.to_canonical();
        let mut ips = Vec::new();
        if !bound.ip().is_unspecified() {
            ips.push(bound.ip().to_canonical());
        } else {
            let public = self
                .public
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .clone();
            let routes = self.routes();
            if is_private(client) {
                ips.extend(routes.iter().filter(|ip| is_private(**ip)));
            }
            ips.extend(public.iter().filter(|ip| !ip.is_loopback()));
            if ips.is_empty() {
                ips.extend(&routes);
            }
            if client.is_loopback() {
                ips.insert(
                    0,
                    if client.is_ipv4() {
                        Ipv4Addr::LOCALHOST.into()
                    } else {
                        Ipv6Addr::LOCALHOST.into()
                    },
                );
                ips.extend(routes);
            }
            if bound.is_ipv4() {
                ips.retain(IpAddr::is_ipv4);
            }
        }
        let mut seen = Vec::new();
        ips.retain(|ip| {
            let new = !seen.contains(ip);
            seen.push(*ip);
            new
        });
        ips.truncate(8);
        ips.into_iter()
            .map(|ip| SocketAddr::new(ip, bound.port()))
            .collect()
    }
}

/// The addresses by which this machine reaches others, if it does. No packet is sent: connecting a datagram socket only asks the
/// kernel for the way.
fn ask_routes() -> Vec<IpAddr> {
    let far: [SocketAddr; 2] = [
        (Ipv4Addr::new(192, 0, 2, 1), 9).into(),
        (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9).into(),
    ];
    let route = |far: &SocketAddr| {
        let any: IpAddr = if far.is_ipv4() {
            Ipv4Addr::UNSPECIFIED.into()
        } else {
            Ipv6Addr::UNSPECIFIED.into()
        };
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect(far).ok()?;
        let ip = socket.local_addr().ok()?.ip();
        (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
    };
    far.iter().filter_map(route).collect()
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_told_what_they_can_reach() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let addresses = Addresses::default();
        addresses.set_public(vec![
            ip("203.0.113.5"),
            ip("0.0.0.0"),
            ip("2001:db8::5"),
            ip("127.0.0.1"),
        ]);
        let told =
            |client: &str, bound: &str| addresses.for_client(ip(client), bound.parse().unwrap());
        let strings =
            |list: Vec<SocketAddr>| list.iter().map(SocketAddr::to_string).collect::<Vec<_>>();
        assert_eq!(
            strings(told("198.51.100.7", "[::]:7000")),
            ["203.0.113.5:7000", "[2001:db8::5]:7000"]
        );
        assert_eq!(
            strings(told("198.51.100.7", "0.0.0.0:7000")),
            ["203.0.113.5:7000"]
        );
        assert_eq!(
            strings(told("::ffff:127.0.0.1", "0.0.0.0:7000"))[..2],
            ["127.0.0.1:7000", "203.0.113.5:7000"]
        );
        assert_eq!(strings(told("::1", "[::]:7000"))[0], "[::1]:7000");
        assert_eq!(
            strings(told("198.51.100.7", "10.0.0.3:7000")),
            ["10.0.0.3:7000"]
        );
    }
}
