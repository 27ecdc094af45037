//! Whom other pods are known by, and the addresses of what they hold. A host is not an address and an actor is not a video,
//! so each is a type of its own: a text from another pod becomes one of them once, where it comes in.

use crate::{Invalid, text_type};
use url::Url;

/// No address in the fediverse is longer, in bytes.
const MAX_URI: usize = 2000;
/// A domain name (RFC 1035) and a port.
const MAX_HOST: usize = 253 + 6;

/// A pod's host as others know it: a domain name or an IP address in lower case, with `:port` where it is not the usual one.
/// IPv6 is in brackets, international names are in their ASCII form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(String);
text_type!(Host);

impl Host {
    /// Reads a host as an admin types it or another pod lists it. Whoever pastes a whole address (`https://pod.example/about`)
    /// means its host.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let wrong = || {
            let shown: String = text.chars().take(80).collect();
            Invalid::new(format!(
                "“{shown}” is not the host of a pod: write it like pod.example or pod.example:9000"
            ))
        };
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme @ ("http" | "https"), rest)) => (scheme, rest),
            Some(_) => return Err(wrong()),
            None => ("https", text),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // What `Url` would silently drop.
        if authority.is_empty() || authority.contains(|c: char| c.is_whitespace() || c.is_control())
        {
            return Err(wrong());
        }
        let url = Url::parse(&format!("{scheme}://{authority}/")).map_err(|_| wrong())?;
        of_url(&url).ok_or_else(wrong)
    }

    /// The name or address without the port; IPv6 without its brackets.
    pub fn name(&self) -> &str {
        let name = match self.0.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => name,
            _ => &self.0,
        };
        name.trim_start_matches('[').trim_end_matches(']')
    }

    /// Whether it is this machine: `localhost`, a name below it, or a loopback address.
    pub fn is_loopback(&self) -> bool {
        let name = self.name();
        name == "localhost"
            || name.ends_with(".localhost")
            || name
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

fn of_url(url: &Url) -> Option<Host> {
    let plain = url.username().is_empty() && url.password().is_none();
    let name = url.host_str().filter(|name| plain && !name.is_empty())?;
    let host = match url.port() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    };
    (host.len() <= MAX_HOST).then_some(Host(host))
}

fn address(text: &str, what: &str) -> Result<(String, Host), Invalid> {
    let wrong = |why: &str| Invalid::new(format!("{what} {why}"));
    if text.len() > MAX_URI {
        return Err(wrong("is longer than 2000 bytes"));
    }
    let url = Url::parse(text).map_err(|_| wrong("is not an absolute address"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(wrong("begins with neither https:// nor http://"));
    }
    let host = of_url(&url).ok_or_else(|| wrong("names no plain host"))?;
    let text = String::from(url);
    if text.len() > MAX_URI {
        return Err(wrong("is longer than 2000 bytes"));
    }
    Ok((text, host))
}

macro_rules! uri {
    ($($(#[$doc:meta])* $name:ident = $what:literal),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);
        text_type!($name);

        impl $name {
            /// Reads an absolute http(s) address of at most 2000 bytes that names a host and no user.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                address(text, $what).map(|(text, _)| Self(text))
            }

            /// The host it lives on: the only one that may speak for it.
            pub fn host(&self) -> Host {
                let (_, host) = address(&self.0, $what).expect("it was an address when it was made");
                host
            }
        }
    )*};
}

uri! {
    /// The id of an object in ActivityPub: a video, a comment, an activity.
    ObjectUri = "the id of an object",
    /// The id of an actor in ActivityPub: a pod, an account, a channel.
    ActorUri = "the id of an actor",
    /// The id of an actor's public key.
    KeyUri = "the id of a key",
    /// Where messages for an actor or for a whole pod are posted.
    InboxUri = "an inbox",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (text, expected) in [
            ("pod.example", Some("pod.example")),
            (" Pod.Example:443 ", Some("pod.example")),
            ("pod.example:9001", Some("pod.example:9001")),
            ("https://pod.example/about", Some("pod.example")),
            ("http://localhost:9001", Some("localhost:9001")),
            ("http://pod.example:80", Some("pod.example")),
            ("[::1]:9001", Some("[::1]:9001")),
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("127.1", Some("127.0.0.1")),
            ("", None),
            ("user@pod.example", None),
            ("a b.example", None),
            ("pod.exa\nmple", None),
            ("ftp://pod.example", None),
            ("pod.example:99999", None),
        ] {
            let host = Host::parse(text).ok();
            assert_eq!(host.as_ref().map(Host::as_str), expected, "{text:?}");
        }
        assert!(Host::parse(&"a".repeat(300)).is_err());
    }

    #[test]
    fn this_machine() {
        for (text, expected) in [
            ("localhost:9001", true),
            ("127.0.0.1", true),
            ("[::1]:9001", true),
            ("pod.localhost", true),
            ("localhost.example", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(Host::parse(text).unwrap().is_loopback(), expected, "{text}");
        }
        assert_eq!(Host::parse("[::1]:9001").unwrap().name(), "::1");
    }

    #[test]
    fn addresses() {
        let video = ObjectUri::parse("https://Pod.Example:443/videos/watch/1").unwrap();
        assert_eq!(video.as_str(), "https://pod.example/videos/watch/1");
        assert_eq!(video.host().as_str(), "pod.example");
        for wrong in [
            "",
            "/videos/1",
            "javascript:alert(1)",
            "https://user:word@pod.example/",
            "https://",
        ] {
            assert!(ActorUri::parse(wrong).is_err(), "{wrong:?}");
        }
        let long = format!("https://pod.example/{}", "a".repeat(2000));
        assert!(KeyUri::parse(&long).is_err());
    }

    proptest::proptest! {
        #[test]
        fn what_was_read_is_read_again(text: String) {
            if let Ok(host) = Host::parse(&text) {
                proptest::prop_assert_eq!(Host::parse(host.as_str()).unwrap(), host);
            }
            if let Ok(uri) = ObjectUri::parse(&format!("https://pod.example/{text}")) {
                proptest::prop_assert_eq!(ObjectUri::parse(uri.as_str()).unwrap(), uri.clone());
                proptest::prop_assert_eq!(uri.host().into_string(), "pod.example".to_owned());
            }
        }
    }
}
