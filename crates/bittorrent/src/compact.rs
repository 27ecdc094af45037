//! Addresses of peers as trackers and peers write them to each other: the bytes of the address and of the port one after the other,
//! IPv4 and IPv6 in lists of their own (BEP 23, 7, 11, 15). What is left over at the end of a list is passed over.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Appends an address to the list of its family.
pub(crate) fn write(address: SocketAddr, v4: &mut Vec<u8>, v6: &mut Vec<u8>) {
    match address {
        SocketAddr::V4(_) => append(address, v4),
        SocketAddr::V6(_) => append(address, v6),
    }
}

/// Appends an address to a list.
pub(crate) fn append(address: SocketAddr, list: &mut Vec<u8>) {
    match address.ip() {
        IpAddr::V4(ip) => list.extend_from_slice(&ip.octets()),
        IpAddr::V6(ip) => list.extend_from_slice(&ip.octets()),
    }
    list.extend_from_slice(&address.port().to_be_bytes());
}

/// Reads a list of IPv4 addresses.
pub(crate) fn read_v4(list: &[u8]) -> impl Iterator<Item = SocketAddr> {
    list.as_chunks().0.iter().map(|&[a, b, c, d, high, low]| {
        let port = u16::from_be_bytes([high, low]);
        SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), port)
    })
}

/// Reads a list of IPv6 addresses.
pub(crate) fn read_v6(list: &[u8]) -> impl Iterator<Item = SocketAddr> {
    list.as_chunks::<18>()
        .0
        .iter()
        .map(|&[ref ip @ .., high, low]| {
            let port = u16::from_be_bytes([high, low]);
            SocketAddr::new(Ipv6Addr::from(*ip).into(), port)
        })
}
