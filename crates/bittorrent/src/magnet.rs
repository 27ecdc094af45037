//! Magnet links: a swarm's names in a URL. Both versions' infohashes can stand side by side, so that one link serves old and new
//! clients. Parameters that are unknown are passed over, since everybody adds their own.

use std::fmt;
use std::str::FromStr;

use crate::id::read_hex;
use crate::{InfoHash, InfoHashV2, percent};

/// The longest link that is read, and the most trackers taken from it.
const MAX_LINK: usize = 8 << 10;
const MAX_TRACKERS: usize = 64;

/// SHA-256 with 32 bytes, as multihash spells it.
const MULTIHASH: &str = "1220";

/// What a magnet link says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Magnet {
    /// `xt=urn:btih:`, the version 1 name.
    pub infohash_v1: Option<InfoHash>,
    /// `xt=urn:btmh:`, the version 2 name.
    pub infohash_v2: Option<InfoHashV2>,
    /// `dn`, the name to show.
    pub name: Option<String>,
    /// `xl`, the size in bytes.
    pub length: Option<u64>,
    /// `xs`, where the torrent itself can be fetched.
    pub source: Option<String>,
    /// `tr`, the trackers.
    pub trackers: Vec<String>,
}

/// Why a text is not a magnet link to a swarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMagnet {
    /// It does not start with `magnet:?`.
    #[error("not a magnet link")]
    Scheme,
    /// It is longer than anybody needs.
    #[error("the link is too long")]
    TooLong,
    /// An infohash has the wrong length or characters.
    #[error("malformed infohash")]
    InfoHash,
    /// There is no infohash.
    #[error("no infohash")]
    NoInfoHash,
    /// The value of the named parameter is malformed.
    #[error("malformed parameter \"{0}\"")]
    Parameter(&'static str),
}

impl fmt::Display for Magnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("magnet:?")?;
        let mut separator = "";
        if let Some(infohash) = self.infohash_v1 {
            write!(f, "xt=urn:btih:{infohash}")?;
            separator = "&";
        }
        if let Some(infohash) = self.infohash_v2 {
            write!(f, "{separator}xt=urn:btmh:{MULTIHASH}{infohash}")?;
            separator = "&";
        }
        if let Some(length) = self.length {
            write!(f, "{separator}xl={length}")?;
            separator = "&";
        }
        let texts = [("dn", &self.name), ("xs", &self.source)];
        let texts = texts
            .into_iter()
            .filter_map(|(key, text)| Some((key, text.as_ref()?)));
        for (key, text) in texts.chain(self.trackers.iter().map(|tracker| ("tr", tracker))) {
            write!(f, "{separator}{key}=")?;
            percent::encode(text.as_bytes(), f)?;
            separator = "&";
        }
        Ok(())
    }
}

impl FromStr for Magnet {
    type Err = BadMagnet;

    fn from_str(link: &str) -> Result<Self, BadMagnet> {
        if link.len() > MAX_LINK {
            return Err(BadMagnet::TooLong);
        }
        let (scheme, query) = link.split_once('?').ok_or(BadMagnet::Scheme)?;
        if !scheme.eq_ignore_ascii_case("magnet:") {
            return Err(BadMagnet::Scheme);
        }
        let mut magnet = Self::default();
        for (key, value) in percent::pairs(query) {
            // Several topics may be numbered: "xt.1", "tr.2".
            match key.split_once('.').map_or(key, |(key, _)| key) {
                "xt" => magnet.read_topic(value)?,
                "dn" => magnet.name = Some(text(value).ok_or(BadMagnet::Parameter("dn"))?),
                "xl" => {
                    magnet.length = Some(value.parse().map_err(|_| BadMagnet::Parameter("xl"))?)
                }
                "xs" => magnet.source = Some(text(value).ok_or(BadMagnet::Parameter("xs"))?),
                "tr" if magnet.trackers.len() < MAX_TRACKERS => {
                    magnet
                        .trackers
                        .push(text(value).ok_or(BadMagnet::Parameter("tr"))?);
                }
                _ => {}
            }
        }
        match (magnet.infohash_v1, magnet.infohash_v2) {
            (None, None) => Err(BadMagnet::NoInfoHash),
            _ => Ok(magnet),
        }
    }
}

impl Magnet {
    fn read_topic(&mut self, topic: &str) -> Result<(), BadMagnet> {
        let topic = text(topic).ok_or(BadMagnet::InfoHash)?;
        if let Some(hash) = topic.strip_prefix("urn:btih:") {
            let mut bytes = [0; 20];
            read_hex(hash, &mut bytes)
                .or_else(|| read_base32(hash, &mut bytes))
                .ok_or(BadMagnet::InfoHash)?;
            self.infohash_v1 = Some(InfoHash(bytes));
        } else if let Some(hash) = topic.strip_prefix("urn:btmh:") {
            let hash = hash.strip_prefix(MULTIHASH).ok_or(BadMagnet::InfoHash)?;
            self.infohash_v2 = Some(hash.parse().map_err(|_| BadMagnet::InfoHash)?);
        }
        Ok(())
    }
}

fn text(value: &str) -> Option<String> {
    String::from_utf8(percent::decode(value)?.into_owned()).ok()
}

/// The older spelling of an infohash: 32 characters of five bits.
fn read_base32(text: &str, bytes: &mut [u8; 20]) -> Option<()> {
    if text.len() != 32 {
        return None;
    }
    for (five, eight) in bytes
        .chunks_exact_mut(5)
        .zip(text.as_bytes().chunks_exact(8))
    {
        let bits = eight.iter().try_fold(0_u64, |bits, letter| {
            let value = match letter.to_ascii_uppercase() {
                letter @ b'A'..=b'Z' => letter - b'A',
                digit @ b'2'..=b'7' => digit - b'2' + 26,
                _ => return None,
            };
            Some(bits << 5 | u64::from(value))
        })?;
        five.copy_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const V1: &str = "00112233445566778899aabbccddeeff00112233";

    #[test]
    fn builds_the_link_that_clients_know() {
        let magnet = Magnet {
            infohash_v1: Some(V1.parse().unwrap()),
            infohash_v2: Some(InfoHashV2([0xab; 32])),
            name: Some("a clip & more.mp4".into()),
            length: Some(1234),
            source: None,
            trackers: vec!["wss://pod.example/tracker/socket".into()],
        };
        let v2 = "ab".repeat(32);
        assert_eq!(
            magnet.to_string(),
            format!(
                "magnet:?xt=urn:btih:{V1}&xt=urn:btmh:1220{v2}&xl=1234&dn=a%20clip%20%26%20more.mp4\
                 &tr=wss%3A%2F%2Fpod.example%2Ftracker%2Fsocket"
            )
        );
    }

    #[test]
    fn reads_links_of_others() {
        let base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let read: Magnet =
            format!("MAGNET:?dn=a+b&xt.1=urn%3Abtih%3A{base32}&tr.1=x&so=0-2&&x.pe=h:1")
                .parse()
                .unwrap();
        assert_eq!(
            read.infohash_v1.unwrap().to_string(),
            "00443214c74254b635cf84653a56d7c675be77df"
        );
        assert_eq!(
            (read.name.as_deref(), read.trackers.as_slice()),
            (Some("a b"), &["x".to_owned()][..])
        );
    }

    #[test]
    fn refuses_what_names_no_swarm() {
        let long = format!("magnet:?xt=urn:btih:{V1}&dn={}", "x".repeat(MAX_LINK));
        let cases: &[(&str, BadMagnet)] = &[
            ("", BadMagnet::Scheme),
            ("http://x/?xt=urn:btih:00", BadMagnet::Scheme),
            ("magnet:", BadMagnet::Scheme),
            ("magnet:?", BadMagnet::NoInfoHash),
            ("magnet:?xt=urn:sha1:ABC", BadMagnet::NoInfoHash),
            ("magnet:?xt=urn:btih:", BadMagnet::InfoHash),
            ("magnet:?xt=urn:btih:0011", BadMagnet::InfoHash),
            ("magnet:?xt=urn:btih:%", BadMagnet::InfoHash),
            (
                "magnet:?xt=urn:btih:00112233445566778899aabbccddeeff0011223g",
                BadMagnet::InfoHash,
            ),
            (
                "magnet:?xt=urn:btih:11111111111111111111111111111111",
                BadMagnet::InfoHash,
            ),
            ("magnet:?xt=urn:btmh:122000", BadMagnet::InfoHash),
            ("magnet:?xt=urn:btmh:1114aa", BadMagnet::InfoHash),
            ("magnet:?xl=-1", BadMagnet::Parameter("xl")),
            ("magnet:?dn=%ff", BadMagnet::Parameter("dn")),
            (&long, BadMagnet::TooLong),
        ];
        for (link, expected) in cases {
            assert_eq!(link.parse::<Magnet>(), Err(*expected), "{link}");
        }
    }

    proptest! {
        #[test]
        fn what_is_built_is_read(
            v1: Option<[u8; 20]>, v2: [u8; 32], name: Option<String>, length: Option<u64>, source: Option<String>,
            trackers in prop::collection::vec(".{0,20}", 0..4),
        ) {
            let (infohash_v1, infohash_v2) = (v1.map(InfoHash), Some(InfoHashV2(v2)));
            let magnet = Magnet { infohash_v1, infohash_v2, name, length, source, trackers };
            let link = magnet.to_string();
            prop_assume!(link.len() <= MAX_LINK);
            assert_eq!(link.parse(), Ok(magnet));
        }

        #[test]
        fn any_text_is_refused_or_read(text in "(magnet:\\?)?[a-z=&%:+.0-9]{0,60}") {
            let _ = text.parse::<Magnet>();
        }
    }
}
