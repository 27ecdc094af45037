//! Where a further socket of the pod is: a place the admin names, one that follows from where the pod listens, or nowhere.
//!
//! The automatic place exists so that a second pod on a machine needs only another port: what follows from it must never be what
//! stops a start.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use toml::Value;

use super::setting::Setting;

/// The place of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Follows from where the pod listens.
    Auto,
    /// Nowhere.
    Off,
    /// Here.
    At(SocketAddr),
}

impl Place {
    /// Where the automatic place is: so many ports above `listen`, on this machine alone when visitors come from this machine alone.
    pub fn beside(listen: SocketAddr, above: u16, local: bool) -> SocketAddr {
        let port = listen.port();
        let port = port.checked_add(above).unwrap_or(port / 2 + 1024);
        let ip: IpAddr = match local {
            true => Ipv4Addr::LOCALHOST.into(),
            false => Ipv6Addr::UNSPECIFIED.into(),
        };
        SocketAddr::new(ip, port)
    }
}

impl Setting for Place {
    fn allowed() -> String {
        "auto, off, or ADDRESS:PORT such as 0.0.0.0:6881 or [::]:6881".into()
    }

    fn read(value: &Value) -> Option<Place> {
        match value.as_str()?.trim() {
            "auto" => Some(Place::Auto),
            "off" => Some(Place::Off),
            address => address.parse().ok().map(Place::At),
        }
    }

    fn write(&self) -> Value {
        match self {
            Place::Auto => "auto".into(),
            Place::Off => "off".into(),
            Place::At(address) => address.to_string().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_from_where_the_pod_listens() {
        for (listen, above, local, expected) in [
            ("127.0.0.1:9000", 10_000, true, "127.0.0.1:19000"),
            ("0.0.0.0:443", 20_000, false, "[::]:20443"),
            ("[::]:60000", 10_000, false, "[::]:31024"),
            ("[::]:60000", 20_000, false, "[::]:31024"),
        ] {
            let place = Place::beside(listen.parse().unwrap(), above, local);
            assert_eq!(place.to_string(), expected);
        }
    }
}
