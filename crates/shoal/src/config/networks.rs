//! Lists of addresses and networks, such as `10.0.0.0/8` or `::1`.
//!
//! An IPv4 address that arrives in IPv6 clothes (`::ffff:1.2.3.4`, as on a socket that serves both) is treated as what it is.

use std::net::IpAddr;

use names::Host;
use toml::Value;

use super::setting::{Setting, items, list};

/// Addresses and networks; an address is in the list when it is in one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Networks {
    /// True when one of the networks contains the address.
    pub fn contain(&self, address: IpAddr) -> bool {
        self.0
            .iter()
            .any(|network| network.contains(address.to_canonical()))
    }
}

impl Network {
    fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix
                .trim()
                .parse()
                .ok()
                .filter(|prefix| *prefix <= most)?,
            None => most,
        };
        Some(Network { address, prefix })
    }

    fn contains(&self, address: IpAddr) -> bool {
        let differs_after = match (self.address, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            _ => return false,
        };
        differs_after >= u32::from(self.prefix)
    }
}

impl Setting for Networks {
    fn allowed() -> String {
        "a list of addresses and networks, such as [\"127.0.0.1\", \"10.0.0.0/8\", \"::1\"]".into()
    }

    fn read(value: &Value) -> Option<Networks> {
        let networks = items(value)?;
        let networks: Option<_> = networks.iter().map(|item| Network::parse(item)).collect();
        networks.map(Networks)
    }

    fn write(&self) -> Value {
        list(self.0.iter().map(|network| {
            let whole = if network.address.is_ipv4() { 32 } else { 128 };
            if network.prefix == whole {
                network.address.to_string()
            } else {
                format!("{}/{}", network.address, network.prefix)
            }
        }))
    }
}

/// A list of addresses; it may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses(pub Vec<IpAddr>);

impl Setting for Addresses {
    fn allowed() -> String {
        "a list of addresses such as 203.0.113.5 or 2001:db8::5, or nothing".into()
    }

    fn read(value: &Value) -> Option<Addresses> {
        let addresses: Option<Vec<IpAddr>> = items(value)?
            .iter()
            .filter(|item| !item.is_empty())
            .map(|item| item.parse().ok())
            .collect();
        addresses.map(Addresses)
    }

    fn write(&self) -> Value {
        list(self.0.iter().map(IpAddr::to_string))
    }
}

/// A list of hosts of pods; it may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts(pub Vec<Host>);

impl Setting for Hosts {
    fn allowed() -> String {
        "a list of hosts such as pod.example or pod.example:9000, or nothing".into()
    }

    fn read(value: &Value) -> Option<Hosts> {
        let hosts: Option<Vec<Host>> = items(value)?
            .iter()
            .filter(|item| !item.is_empty())
            .map(|item| Host::parse(item).ok())
            .collect();
        hosts.map(Hosts)
    }

    fn write(&self) -> Value {
        list(self.0.iter().map(Host::to_string))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(networks: &str, address: &str, expected: bool) {
        let list = Networks::read(&Value::from(networks)).unwrap();
        let found = list.contain(address.parse().unwrap());
        assert_eq!(found, expected, "{address} in {networks}");
    }

    #[test]
    fn membership() {
        for (networks, address, expected) in [
            ("", "127.0.0.1", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("127.0.0.1", "::1", false),
            ("10.0.0.0/8, ::1", "10.200.1.1", true),
            ("10.0.0.0/8, ::1", "11.0.0.0", false),
            ("10.0.0.0/8, ::1", "::1", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
        ] {
            check(networks, address, expected);
        }
    }
}
