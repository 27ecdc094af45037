//! Reading descriptions line by line. What stands before the first medium holds for it too unless it says otherwise, which is how
//! Firefox gives its fingerprint. Lines that nobody here needs are passed over, whatever they say.

use std::net::{IpAddr, SocketAddr};

use super::{BadOffer, Description, LONGEST_LINE, MOST_CANDIDATES, Setup};
use crate::certificate::Fingerprint;

/// What was read so far. Later lines stand closer to the medium and win.
#[derive(Default)]
struct Draft<'a> {
    medium: bool,
    ufrag: Option<&'a str>,
    password: Option<&'a str>,
    fingerprint: Option<Fingerprint>,
    setup: Option<Setup>,
    lite: bool,
    mid: Option<&'a str>,
    bundle: Option<&'a str>,
    sctp_port: Option<u16>,
    max_message_size: Option<u64>,
    candidates: Vec<SocketAddr>,
}

pub(super) fn read(text: &str) -> Result<Description, BadOffer> {
    let mut lines = text
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line));
    if lines.next() != Some("v=0") {
        return Err(BadOffer::Malformed);
    }
    let mut draft = Draft::default();
    for line in lines.filter(|line| !line.is_empty()) {
        if line.len() > LONGEST_LINE {
            return Err(BadOffer::TooLong);
        }
        match line.split_at_checked(2) {
            Some(("m=", medium)) => draft.medium(medium)?,
            Some(("a=", attribute)) => draft.attribute(attribute)?,
            Some((other, _)) if other.ends_with('=') => {}
            _ => return Err(BadOffer::Malformed),
        }
    }
    draft.finish()
}

impl<'a> Draft<'a> {
    fn medium(&mut self, medium: &str) -> Result<(), BadOffer> {
        let mut words = medium.split(' ');
        let kind = words.next();
        let port = words.next().and_then(|port| port.parse::<u16>().ok());
        let rest: (Option<&str>, Option<&str>) = (words.next(), words.next());
        let known = matches!(
            rest,
            (
                Some("UDP/DTLS/SCTP" | "TCP/DTLS/SCTP"),
                Some("webrtc-datachannel")
            )
        );
        // A port of 0 is a medium that is not wanted.
        if self.medium || kind != Some("application") || port.unwrap_or(0) == 0 || !known {
            return Err(BadOffer::Media);
        }
        self.medium = true;
        Ok(())
    }

    fn attribute(&mut self, attribute: &'a str) -> Result<(), BadOffer> {
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        match name {
            "ice-ufrag" => self.ufrag = Some(credential(value, 4)?),
            "ice-pwd" => self.password = Some(credential(value, 22)?),
            "ice-lite" => self.lite = true,
            "fingerprint" => {
                if let Some((algorithm, digits)) = value.split_once(' ')
                    && algorithm.eq_ignore_ascii_case("sha-256")
                {
                    let read = Fingerprint::parse(digits.trim_end());
                    self.fingerprint = Some(read.ok_or(BadOffer::Fingerprint)?);
                }
            }
            "setup" => {
                self.setup = Some(match value {
                    "actpass" => Setup::ActPass,
                    "active" => Setup::Active,
                    "passive" => Setup::Passive,
                    _ => return Err(BadOffer::Malformed),
                });
            }
            "mid" => {
                let token = (1..=64).contains(&value.len())
                    && value.bytes().all(|byte| byte.is_ascii_graphic());
                self.mid = Some(token.then_some(value).ok_or(BadOffer::Malformed)?);
            }
            "group" => {
                if let Some(mids) = value.strip_prefix("BUNDLE ") {
                    self.bundle = Some(mids);
                }
            }
            "sctp-port" => {
                self.sctp_port = Some(value.parse().map_err(|_| BadOffer::Malformed)?);
            }
            "max-message-size" => {
                self.max_message_size = Some(value.parse().map_err(|_| BadOffer::Malformed)?);
            }
            "candidate" if self.candidates.len() < MOST_CANDIDATES => {
                self.candidates.extend(candidate(value));
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<Description, BadOffer> {
        if !self.medium {
            return Err(BadOffer::Media);
        }
        let bundle = self.mid.is_some_and(|mid| {
            self.bundle
                .is_some_and(|mids| mids.split(' ').any(|other| other == mid))
        });
        Ok(Description {
            ufrag: self.ufrag.ok_or(BadOffer::Credentials)?.to_owned(),
            password: self.password.ok_or(BadOffer::Credentials)?.to_owned(),
            fingerprint: self.fingerprint.ok_or(BadOffer::Fingerprint)?,
            // RFC 4145, section 4: an offer that does not say is active.
            setup: self.setup.unwrap_or(Setup::Active),
            lite: self.lite,
            mid: self.mid.map(str::to_owned),
            bundle,
            sctp_port: self.sctp_port.unwrap_or(5000),
            // RFC 8841, section 6.1.
            max_message_size: self.max_message_size.unwrap_or(65536),
            candidates: self.candidates,
        })
    }
}

/// A name or password of ICE: at least so many of 64 letters, at most 256.
fn credential(value: &str, shortest: usize) -> Result<&str, BadOffer> {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    // libdatachannel and some others take the URL-safe letters too.
    let good = |byte| letters(byte) || byte == b'-' || byte == b'_';
    if (shortest..=256).contains(&value.len()) && value.bytes().all(good) {
        Ok(value)
    } else {
        Err(BadOffer::Credentials)
    }
}

/// The address of a candidate `foundation component transport priority address port typ ..` over UDP.
fn candidate(value: &str) -> Option<SocketAddr> {
    let mut words = value.split(' ').skip(1);
    let component = words.next()?;
    let transport = words.next()?;
    let ip: IpAddr = words.nth(1)?.parse().ok()?;
    let port: u16 = words.next()?.parse().ok()?;
    let known = component == "1" && transport.eq_ignore_ascii_case("udp") && port != 0;
    known.then(|| SocketAddr::new(ip, port))
}
