//! Session descriptions of data channels (RFC 8866, RFC 8841, RFC 8839): an offer is read, an answer written, both as one
//! [`Description`]. Offers come from strangers through the tracker, so they are bounded in length, lines and what is kept. Of the
//! candidates only plain addresses are kept, and a server needs none: browsers come to it. Descriptions with pictures or sound, and
//! those of before 2017 (`DTLS/SCTP`), are refused.

mod lines;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;

use crate::certificate::Fingerprint;

/// Longer descriptions are not looked at. A browser's are about 1 KiB, with some hundred bytes for each network of its machine.
pub const LONGEST: usize = 64 * 1024;
/// A line may take this much; Chromium's longest are candidates of less than 300 bytes.
const LONGEST_LINE: usize = 4096;
/// So many candidates are kept.
const MOST_CANDIDATES: usize = 32;

/// Why an offer is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadOffer {
    /// More than [`LONGEST`] bytes, or a line out of all proportion.
    #[error("the description is too long")]
    TooLong,
    /// Not a session description.
    #[error("this is no session description")]
    Malformed,
    /// There is not exactly one medium, and that a data channel's.
    #[error("the description is not of data channels alone")]
    Media,
    /// Name or password for ICE are missing or not well-formed.
    #[error("the ICE credentials are missing or malformed")]
    Credentials,
    /// There is no SHA-256 of a certificate.
    #[error("there is no sha-256 fingerprint")]
    Fingerprint,
    /// The other side wants to be called, and this one does not call.
    #[error("the other side must be active")]
    Passive,
    /// The other side does not look for ways either.
    #[error("both sides are ICE-lite")]
    Lite,
    /// There is no room for another peer now.
    #[error("there is no room for another peer")]
    Full,
}

/// Who begins the DTLS handshake (RFC 8842).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// Whoever the answer says.
    ActPass,
    /// The describing side.
    Active,
    /// The other side.
    Passive,
}

/// One side of a data channel, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Name of the side in connectivity checks.
    pub ufrag: String,
    /// Password of the side in connectivity checks.
    pub password: String,
    /// Of the certificate that the side will show.
    pub fingerprint: Fingerprint,
    /// Who begins the DTLS handshake.
    pub setup: Setup,
    /// The side answers connectivity checks and makes none.
    pub lite: bool,
    /// Name of the medium.
    pub mid: Option<String>,
    /// The medium stands in a BUNDLE group.
    pub bundle: bool,
    /// Port inside SCTP.
    pub sctp_port: u16,
    /// In bytes; 0 is without limit.
    pub max_message_size: u64,
    /// Addresses to reach the side at. Those that are names (`.local`) and those of TCP are left out.
    pub candidates: Vec<SocketAddr>,
}

impl Description {
    /// Reads a description.
    pub fn parse(text: &str) -> Result<Self, BadOffer> {
        if text.len() > LONGEST {
            return Err(BadOffer::TooLong);
        }
        lines::read(text)
    }

    /// Reads a description that a passive ICE-lite server can answer.
    pub fn offer(text: &str) -> Result<Self, BadOffer> {
        let offer = Self::parse(text)?;
        if offer.setup == Setup::Passive {
            return Err(BadOffer::Passive);
        }
        if offer.lite {
            return Err(BadOffer::Lite);
        }
        Ok(offer)
    }
}

/// The text of the description. The number of the session is a part of the fingerprint's digits: it must be there, and nobody
/// looks at it.
impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let session = self.fingerprint.0[..7]
            .iter()
            .fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        write!(
            f,
            "v=0\r\no=- {session} 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
        )?;
        if let (true, Some(mid)) = (self.bundle, &self.mid) {
            write!(f, "a=group:BUNDLE {mid}\r\n")?;
        }
        if self.lite {
            f.write_str("a=ice-lite\r\n")?;
        }
        // 9 stands for "see the candidates".
        let (port, ip) = match self.candidates.first() {
            Some(first) => (first.port(), first.ip().to_canonical().to_string()),
            None => (9, "0.0.0.0".to_owned()),
        };
        let family = if ip.contains(':') { "IP6" } else { "IP4" };
        write!(
            f,
            "m=application {port} UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN {family} {ip}\r\n"
        )?;
        for (index, candidate) in self.candidates.iter().enumerate() {
            // RFC 8445, section 5.1.2: a host candidate, the earlier the better, component 1.
            let priority = (126 << 24) | ((65535 - index as u32) << 8) | 255;
            let (ip, port) = (candidate.ip().to_canonical(), candidate.port());
            write!(
                f,
                "a=candidate:{} 1 udp {priority} {ip} {port} typ host\r\n",
                index + 1
            )?;
        }
        if !self.candidates.is_empty() {
            f.write_str("a=end-of-candidates\r\n")?;
        }
        let setup = match self.setup {
            Setup::ActPass => "actpass",
            Setup::Active => "active",
            Setup::Passive => "passive",
        };
        write!(
            f,
            "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n",
            self.ufrag, self.password
        )?;
        write!(
            f,
            "a=fingerprint:sha-256 {}\r\na=setup:{setup}\r\n",
            self.fingerprint
        )?;
        if let Some(mid) = &self.mid {
            write!(f, "a=mid:{mid}\r\n")?;
        }
        write!(
            f,
            "a=sctp-port:{}\r\na=max-message-size:{}\r\n",
            self.sctp_port, self.max_message_size
        )
    }
}
