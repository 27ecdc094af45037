//! The body of an answer, read piece by piece: refused as soon as it is larger than it may be (unpacked, so that a small file that
//! unpacks to gigabytes costs no more than another), and given up when it trickles.

use crate::{Error, Limits, limits::REASON};
use bytes::Bytes;
use flate2::write::GzDecoder;
use http::{header, response::Parts};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use std::io::{self, Write};
use tokio::time::{Instant, timeout_at};

/// What was read.
pub(crate) struct Read {
    pub(crate) body: Bytes,
    /// Whether that is all, so that the connection is free for the next request.
    pub(crate) complete: bool,
}

/// Reads a body of at most `limit` bytes; of an answer that is no success, its beginning.
pub(crate) async fn read(
    mut incoming: Incoming,
    head: &Parts,
    limit: u64,
    limits: &Limits,
    host: &str,
) -> Result<Read, Error> {
    let whole = head.status.is_success();
    let limit = if whole { limit } else { limit.min(REASON) };
    let mut unpacked = Unpacked::new(head, limit, host)?;
    let too_large = || Error::TooLarge {
        host: host.to_owned(),
        limit,
    };
    if whole && unpacked.plain() && incoming.size_hint().lower() > limit {
        return Err(too_large());
    }
    let mut pace = Pace::new(limits);
    loop {
        let next = timeout_at(pace.until, incoming.frame()).await;
        match next {
            Ok(None) => break,
            Ok(Some(Err(why))) => return Err(broken(host, &why)),
            Ok(Some(Ok(frame))) => {
                if let Some(bytes) = frame.data_ref() {
                    pace.bytes += bytes.len() as u64;
                    let outcome = unpacked.add(bytes);
                    if unpacked.full() {
                        if whole {
                            return Err(too_large());
                        }
                        return Ok(Read {
                            body: unpacked.take(),
                            complete: false,
                        });
                    }
                    outcome.map_err(|why| broken(host, &why))?;
                }
            }
            Err(_) => {}
        }
        pace.check(limits, host)?;
    }
    if whole {
        unpacked.end().map_err(|why| broken(host, &why))?;
    }
    Ok(Read {
        body: unpacked.take(),
        complete: true,
    })
}

/// Whether enough comes.
struct Pace {
    until: Instant,
    bytes: u64,
}

impl Pace {
    fn new(limits: &Limits) -> Self {
        Self {
            until: Instant::now() + limits.pace_over,
            bytes: 0,
        }
    }

    /// At the end of each stretch: was it enough? Then the next begins.
    fn check(&mut self, limits: &Limits, host: &str) -> Result<(), Error> {
        if Instant::now() < self.until {
            return Ok(());
        }
        let least = u128::from(limits.least_pace) * limits.pace_over.as_millis() / 1000;
        if u128::from(self.bytes) < least {
            return Err(Error::TooSlow {
                host: host.to_owned(),
                least: limits.least_pace,
            });
        }
        *self = Self::new(limits);
        Ok(())
    }
}

/// Collects a body, unpacking it where it is packed.
enum Unpacked {
    Plain(Bounded),
    Gzip(Box<GzDecoder<Bounded>>),
}

impl Unpacked {
    fn new(head: &Parts, limit: u64, host: &str) -> Result<Self, Error> {
        let bounded = Bounded {
            bytes: Vec::new(),
            limit,
            full: false,
        };
        let coding = head.headers.get(header::CONTENT_ENCODING);
        match coding.map(|value| value.as_bytes().to_ascii_lowercase()) {
            None => Ok(Self::Plain(bounded)),
            Some(coding) => match coding.as_slice() {
                b"" | b"identity" => Ok(Self::Plain(bounded)),
                b"gzip" | b"x-gzip" => Ok(Self::Gzip(Box::new(GzDecoder::new(bounded)))),
                _ => Err(Error::Broken {
                    host: host.to_owned(),
                    reason: "it packs its answer in a way it was not asked for".to_owned(),
                }),
            },
        }
    }

    fn plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    fn bounded(&mut self) -> &mut Bounded {
        match self {
            Self::Plain(bounded) => bounded,
            Self::Gzip(decoder) => decoder.get_mut(),
        }
    }

    fn full(&mut self) -> bool {
        self.bounded().full
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(bounded) => bounded.write_all(bytes),
            Self::Gzip(decoder) => decoder.write_all(bytes).and_then(|()| decoder.flush()),
        }
    }

    /// Checks that nothing is missing.
    fn end(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Gzip(decoder) => decoder.try_finish(),
        }
    }

    fn take(&mut self) -> Bytes {
        std::mem::take(&mut self.bounded().bytes).into()
    }
}

/// Takes bytes up to a limit, and says so when there are more.
struct Bounded {
    bytes: Vec<u8>,
    limit: u64,
    full: bool,
}

impl Write for Bounded {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let left = self.limit.saturating_sub(self.bytes.len() as u64);
        let taken = more.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.bytes.extend_from_slice(&more[..taken]);
        if taken < more.len() {
            self.full = true;
            return Err(io::Error::other("larger than it may be"));
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn broken(host: &str, why: &dyn std::error::Error) -> Error {
    Error::Broken {
        host: host.to_owned(),
        reason: why.to_string(),
    }
}
