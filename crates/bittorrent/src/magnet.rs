//! Magnet links: a swarm's name in a URL. Only the version 1 infohash is read and written, since that is how our swarms are named; the
//! version 2 name that links of others may carry beside it (`urn:btmh:`) is passed over, as are unknown parameters, for everybody adds
//! their own.

use std::fmt;
use std::str::FromStr;

use crate::id::read_hex;
use crate::{InfoHash, percent};

/// The longest link that is read, and the most trackers taken from it.
const MAX_LINK: usize = 8 << 10;
const MAX_TRACKERS: usize = 64;

/// What a magnet link says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Magnet {
    /// `xt=urn:btih:`, the swarm's name.
    pub infohash: InfoHash,
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
        write!(f, "magnet:?xt=urn:btih:{}", self.infohash)?;
        if let Some(length) = self.length {
            write!(f, "&xl={length}")?;
        }
        let texts = [("dn", &self.name), ("xs", &self.source)];
        let texts = texts
            .into_iter()
            .filter_map(|(key, text)| Some((key, text.as_ref()?)));
        for (key, text) in texts.chain(self.trackers.iter().map(|tracker| ("tr", tracker))) {
            write!(f, "&{key}=")?;
            percent::encode(text.as_bytes(), f)?;
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
        let mut infohash = None;
        let (mut name, mut length, mut source) = (None, None, None);
        let mut trackers = Vec::new();
        for (key, value) in percent::pairs(query) {
            // Several topics may be numbered: "xt.1", "tr.2".
            match key.split_once('.').map_or(key, |(key, _)| key) {
                "xt" => infohash = read_topic(value)?.or(infohash),
                "dn" => name = Some(text(value).ok_or(BadMagnet::Parameter("dn"))?),
                "xl" => length = Some(value.parse().map_err(|_| BadMagnet::Parameter("xl"))?),
                "xs" => source = Some(text(value).ok_or(BadMagnet::Parameter("xs"))?),
                "tr" if trackers.len() < MAX_TRACKERS => {
                    trackers.push(text(value).ok_or(BadMagnet::Parameter("tr"))?);
                }
                _ => {}
            }
        }
        Ok(Self {
            infohash: infohash.ok_or(BadMagnet::NoInfoHash)?,
            name,
            length,
            source,
            trackers,
        })
    }
}

/// The infohash, if the topic is one; links may name other topics beside it.
fn read_topic(topic: &str) -> Result<Option<InfoHash>, BadMagnet> {
    let topic = text(topic).ok_or(BadMagnet::InfoHash)?;
    let Some(hash) = topic.strip_prefix("urn:btih:") else {
        return Ok(None);
    };
    let mut bytes = [0; 20];
    read_hex(hash, &mut bytes)
        .or_else(|| read_base32(hash, &mut bytes))
        .ok_or(BadMagnet::InfoHash)?;
    Ok(Some(InfoHash(bytes)))
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

    const INFOHASH: &str = "00112233445566778899aabbccddeeff00112233";

    #[test]
    fn builds_the_link_that_clients_know() {
        let magnet = Magnet {
            infohash: INFOHASH.parse().unwrap(),
            name: Some("a clip & more.mp4".into()),
            length: Some(1234),
            source: None,
            trackers: vec!["wss://pod.example/tracker/socket".into()],
        };
        assert_eq!(
            magnet.to_string(),
            format!(
                "magnet:?xt=urn:btih:{INFOHASH}&xl=1234&dn=a%20clip%20%26%20more.mp4\
                 &tr=wss%3A%2F%2Fpod.example%2Ftracker%2Fsocket"
            )
        );
    }

    #[test]
    fn reads_links_of_others() {
        let base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let read: Magnet = format!(
            "MAGNET:?dn=a+b&xt.1=urn%3Abtih%3A{base32}&xt.2=urn:btmh:1220ab&tr.1=x&so=0-2&&x.pe=h:1"
        )
        .parse()
        .unwrap();
        assert_eq!(
            read.infohash.to_string(),
            "00443214c74254b635cf84653a56d7c675be77df"
        );
        assert_eq!(
            (read.name.as_deref(), read.trackers.as_slice()),
            (Some("a b"), &["x".to_owned()][..])
        );
    }

    #[test]
    fn refuses_what_names_no_swarm() {
        let long = format!("magnet:?xt=urn:btih:{INFOHASH}&dn={}", "x".repeat(MAX_LINK));
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
            ("magnet:?xt=urn:btmh:1220ab", BadMagnet::NoInfoHash),
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
            infohash: [u8; 20], name: Option<String>, length: Option<u64>, source: Option<String>,
            trackers in prop::collection::vec(".{0,20}", 0..4),
        ) {
            let magnet = Magnet { infohash: InfoHash(infohash), name, length, source, trackers };
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
