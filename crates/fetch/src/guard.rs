//! Which addresses a pod asks. Other pods choose the names we resolve, so an address is judged after resolution, and whatever is
//! not plainly part of the public internet is refused (the special-purpose registries of RFC 6890 and its updates): else anybody
//! could let the pod read what only its own machine or its own network may (server-side request forgery).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whom a pod talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Public addresses, over https.
    Public,
    /// Besides these the machine itself, and http: for a pod whose own public address is a loopback address.
    Loopback,
}

impl Policy {
    /// Whether requests may go unencrypted.
    pub fn allows_http(self) -> bool {
        self == Self::Loopback
    }

    /// Why an address is not asked; nothing when it is.
    pub fn refuses(self, address: IpAddr) -> Option<&'static str> {
        let reason = match address {
            IpAddr::V4(address) => special_v4(address),
            IpAddr::V6(address) => special_v6(address),
        };
        reason.filter(|reason| self == Self::Public || *reason != LOOPBACK)
    }
}

const LOOPBACK: &str = "this machine itself";
const PRIVATE: &str = "in a private network";
const LINK_LOCAL: &str = "in the local network (where clouds keep their metadata)";
const RESERVED: &str = "not a public address";

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    match address.octets() {
        [127, ..] => Some(LOOPBACK),
        // RFC 1918, and what providers put their customers behind (RFC 6598).
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Some(PRIVATE),
        [169, 254, ..] => Some(LINK_LOCAL),
        // "This network", protocol assignments, documentation, relays, benchmarks, multicast and what is reserved above it.
        [0, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [224..=255, ..] => Some(RESERVED),
        _ => None,
    }
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    if address.is_loopback() {
        return Some(LOOPBACK);
    }
    let last_v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        special_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // An IPv4 address in other clothes: mapped, compatible, translated (RFC 4291, RFC 2765), NAT64 (RFC 6052), 6to4 (RFC 3056).
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => last_v4(high, low),
        [0, 0, 0, 0, 0, 0, high, low] => last_v4(high, low),
        [0xfc00..=0xfdff, ..] => Some(PRIVATE),
        [0xfe80..=0xfebf, ..] => Some(LINK_LOCAL),
        // Teredo and other protocol assignments (RFC 2928), documentation (RFC 3849, RFC 9637).
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Some(RESERVED),
        // Global unicast (RFC 4291) is all that is left of the public internet.
        [0x2000..=0x3fff, ..] => None,
        _ => Some(RESERVED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (address, public, loopback) in [
            ("1.1.1.1", true, true),
            ("172.15.0.1", true, true),
            ("172.32.0.1", true, true),
            ("100.63.255.255", true, true),
            ("100.128.0.0", true, true),
            ("223.255.255.254", true, true),
            ("2606:4700::1111", true, true),
            ("2a00:1450::1", true, true),
            ("::ffff:1.1.1.1", true, true),
            ("64:ff9b::1.1.1.1", true, true),
            ("2002:0101:0101::1", true, true),
            ("127.0.0.1", false, true),
            ("127.255.255.255", false, true),
            ("::1", false, true),
            ("::ffff:127.0.0.1", false, true),
            ("10.1.2.3", false, false),
            ("172.16.0.1", false, false),
            ("172.31.255.255", false, false),
            ("192.168.1.1", false, false),
            ("100.64.0.1", false, false),
            ("100.127.255.255", false, false),
            ("169.254.169.254", false, false),
            ("0.0.0.0", false, false),
            ("0.1.2.3", false, false),
            ("192.0.0.8", false, false),
            ("192.0.2.1", false, false),
            ("198.18.0.1", false, false),
            ("198.51.100.7", false, false),
            ("203.0.113.9", false, false),
            ("224.0.0.251", false, false),
            ("240.0.0.1", false, false),
            ("255.255.255.255", false, false),
            ("::", false, false),
            ("::10.0.0.1", false, false),
            ("::ffff:10.0.0.1", false, false),
            ("::ffff:169.254.169.254", false, false),
            ("::ffff:0:192.168.0.1", false, false),
            ("64:ff9b::10.0.0.1", false, false),
            ("64:ff9b:1::1", false, false),
            ("2002:0a00:0001::1", false, false),
            ("2002:a9fe:a9fe::1", false, false),
            ("2001:0:4136:e378::1", false, false),
            ("2001:db8::1", false, false),
            ("3fff::1", false, false),
            ("fc00::1", false, false),
            ("fd12:3456::1", false, false),
            ("fe80::1", false, false),
            ("fec0::1", false, false),
            ("ff02::1", false, false),
            ("100::1", false, false),
            ("4000::1", false, false),
        ] {
            let address: IpAddr = address.parse().unwrap();
            let asked = |policy: Policy| policy.refuses(address).is_none();
            assert_eq!(asked(Policy::Public), public, "{address}");
            assert_eq!(asked(Policy::Loopback), loopback, "{address}");
        }
    }
}
