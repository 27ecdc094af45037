//! Who is asking: the address of the socket, or what a trusted proxy says.
//!
//! Each proxy appends the address it saw to `X-Forwarded-For`. Read from the right, addresses are believed as long as those who
//! wrote them are trusted, so the first one that is not a proxy of ours is the client; what stands left of it is the client's own tale.

use std::net::IpAddr;

use http::HeaderMap;
use peers::ClientAddress;

use crate::config::Networks;

/// The address of the client behind the connection from `peer`.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, proxies: &Networks) -> ClientAddress {
    let mut client = peer.to_canonical();
    if !proxies.contain(client) {
        return ClientAddress(client);
    }
    let lines: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .map(|line| line.to_str().unwrap_or("?"))
        .collect();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Some(address) = parse(hop.trim()) else {
            break;
        };
        client = address;
        if !proxies.contain(client) {
            break;
        }
    }
    ClientAddress(client)
}

/// An address, with or without a port, as proxies write them.
fn parse(hop: &str) -> Option<IpAddr> {
    let with_port = || {
        hop.parse()
            .map(|address: std::net::SocketAddr| address.ip())
    };
    let bracketed = || hop.trim_start_matches('[').trim_end_matches(']').parse();
    let address: IpAddr = bracketed().or_else(|_| with_port()).ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use toml::Value;

    use super::*;
    use crate::config::Setting;

    fn check(peer: &str, forwarded: &[&str], expected: &str) {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let proxies = Networks::read(&Value::from("127.0.0.1, 10.0.0.0/8")).unwrap();
        let found = client_address(peer.parse().unwrap(), &headers, &proxies).0;
        assert_eq!(
            found,
            expected.parse::<IpAddr>().unwrap(),
            "{peer} {forwarded:?}"
        );
    }

    #[test]
    fn the_client_behind_proxies() {
        check("203.0.113.7", &[], "203.0.113.7");
        check("203.0.113.7", &["1.2.3.4"], "203.0.113.7");
        check("127.0.0.1", &[], "127.0.0.1");
        check("127.0.0.1", &["1.2.3.4"], "1.2.3.4");
        check("::ffff:127.0.0.1", &["1.2.3.4"], "1.2.3.4");
        check("127.0.0.1", &["6.6.6.6, 1.2.3.4"], "1.2.3.4");
        check("127.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.9"], "1.2.3.4");
        check("127.0.0.1", &["6.6.6.6", "1.2.3.4,10.0.0.9"], "1.2.3.4");
        check("127.0.0.1", &["10.0.0.8, 10.0.0.9"], "10.0.0.8");
        check("127.0.0.1", &["1.2.3.4, nonsense, 10.0.0.9"], "10.0.0.9");
        check("127.0.0.1", &["1.2.3.4:555"], "1.2.3.4");
        check("127.0.0.1", &["[2001:db8::1]:555"], "2001:db8::1");
        check("127.0.0.1", &["[2001:db8::1]"], "2001:db8::1");
        check("127.0.0.1", &["2001:db8::1"], "2001:db8::1");
        check("127.0.0.1", &[""], "127.0.0.1");
    }
}
