//! What a page and the conductor say to each other in binary frames of the tracker's socket, one message each. docs/conductor.md has
//! the layout. Numbers are LEB128; pieces come as ranges; bytes after the last known field belong to later versions and are passed
//! over. It reads and writes, and knows nothing of swarms.

use std::ops::Range;
use std::time::Duration;

use bittorrent::InfoHash;

use super::{Report, Settings};

/// The version of the messages.
pub const VERSION: u32 = 1;

/// Ranges that one message may have.
pub const RANGES: usize = 1024;

/// What a page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromPage {
    /// It would like to be conducted in a swarm.
    Hello {
        /// Of the messages.
        version: u32,
        /// Under which number it will speak of this swarm.
        swarm: u8,
        /// Which swarm.
        infohash: InfoHash,
        /// As in a report.
        flags: u32,
        /// Pieces that it has.
        held: Vec<Range<u32>>,
    },
    /// Where it is and how it does.
    Report {
        /// The number of the swarm.
        swarm: u8,
        /// All but the pieces.
        report: Report,
        /// Pieces that it has got since the last report.
        gained: Vec<Range<u32>>,
        /// Pieces that it has no more.
        lost: Vec<Range<u32>>,
    },
    /// It leaves a swarm.
    Bye {
        /// The number of the swarm.
        swarm: u8,
    },
}

/// What the conductor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToPage {
    /// The page is conducted from now on.
    Welcome {
        /// Of the messages.
        version: u32,
        /// The page's number of the swarm.
        swarm: u8,
        /// What to do by itself.
        settings: Settings,
    },
    /// Fetch these pieces over HTTP now and share them.
    Grant {
        /// The page's number of the swarm.
        swarm: u8,
        /// The pieces, at most [`RANGES`] ranges.
        pieces: Vec<Range<u32>>,
    },
    /// From now on these settings.
    Settings {
        /// The page's number of the swarm.
        swarm: u8,
        /// What to do by itself.
        settings: Settings,
    },
}

/// Why a message cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadMessage {
    /// It ends before its last field.
    #[error("the message ends too early")]
    Truncated,
    /// A number beyond 2^32-1, or in more than five bytes.
    #[error("a number is too large")]
    Number,
    /// More than [`RANGES`].
    #[error("too many ranges")]
    Ranges,
    /// A range without pieces, or beyond all numbers.
    #[error("a range is empty or too far")]
    Range,
    /// A swarm's number above 255.
    #[error("a swarm's number is too large")]
    Swarm,
}

const HELLO: u8 = 1;
const REPORT: u8 = 2;
const BYE: u8 = 3;
const WELCOME: u8 = 1;
const GRANT: u8 = 2;
const SETTINGS: u8 = 3;

const UPLOADS: u32 = 1;
const PAUSED: u32 = 2;
const UNDEPENDABLE: u32 = 4;

impl FromPage {
    /// Reads one; nothing if it is of a kind that a later version may know.
    pub fn read(frame: &[u8]) -> Result<Option<Self>, BadMessage> {
        let (kind, mut input) = start(frame)?;
        let input = &mut input;
        let message = match kind {
            HELLO => Self::Hello {
                version: number(input)?,
                swarm: swarm(input)?,
                infohash: InfoHash(*take(input)?),
                flags: number(input)?,
                held: ranges(input)?,
            },
            REPORT => {
                let swarm = swarm(input)?;
                let flags = number(input)?;
                let report = Report {
                    uploads: flags & UPLOADS != 0,
                    paused: flags & PAUSED != 0,
                    dependable: flags & UNDEPENDABLE == 0,
                    playhead: number(input)?,
                    lead: Duration::from_millis(number(input)?.into()),
                    uplink: number(input)?,
                    neighbours: u16::try_from(number(input)?).unwrap_or(u16::MAX),
                    rescued: number(input)?.into(),
                };
                Self::Report {
                    swarm,
                    report,
                    gained: ranges(input)?,
                    lost: ranges(input)?,
                }
            }
            BYE => Self::Bye {
                swarm: swarm(input)?,
            },
            _ => return Ok(None),
        };
        Ok(Some(message))
    }

    /// Writes it. Numbers that do not fit are written as the largest that does; ranges must ascend.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        match self {
            Self::Hello {
                version,
                swarm,
                infohash,
                flags,
                held,
            } => {
                out.push(HELLO);
                put(&mut out, *version);
                put(&mut out, u32::from(*swarm));
                out.extend_from_slice(&infohash.0);
                put(&mut out, *flags);
                put_ranges(&mut out, held);
            }
            Self::Report {
                swarm,
                report,
                gained,
                lost,
            } => {
                let flag = |set: bool, flag: u32| if set { flag } else { 0 };
                let flags = flag(report.uploads, UPLOADS)
                    | flag(report.paused, PAUSED)
                    | flag(!report.dependable, UNDEPENDABLE);
                out.push(REPORT);
                put(&mut out, u32::from(*swarm));
                put(&mut out, flags);
                put(&mut out, report.playhead);
                put(&mut out, millis(report.lead));
                put(&mut out, report.uplink);
                put(&mut out, u32::from(report.neighbours));
                put(&mut out, u32::try_from(report.rescued).unwrap_or(u32::MAX));
                put_ranges(&mut out, gained);
                put_ranges(&mut out, lost);
            }
            Self::Bye { swarm } => {
                out.push(BYE);
                put(&mut out, u32::from(*swarm));
            }
        }
        out
    }
}

impl ToPage {
    /// Reads one; nothing if it is of a kind that a later version may know.
    pub fn read(frame: &[u8]) -> Result<Option<Self>, BadMessage> {
        let (kind, mut input) = start(frame)?;
        let input = &mut input;
        let message = match kind {
            WELCOME => Self::Welcome {
                version: number(input)?,
                swarm: swarm(input)?,
                settings: settings(input)?,
            },
            GRANT => Self::Grant {
                swarm: swarm(input)?,
                pieces: ranges(input)?,
            },
            SETTINGS => Self::Settings {
                swarm: swarm(input)?,
                settings: settings(input)?,
            },
            _ => return Ok(None),
        };
        Ok(Some(message))
    }

    /// Writes it. Ranges must ascend.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16);
        match self {
            Self::Welcome {
                version,
                swarm,
                settings,
            } => {
                out.push(WELCOME);
                put(&mut out, *version);
                put(&mut out, u32::from(*swarm));
                put_settings(&mut out, settings);
            }
            Self::Grant { swarm, pieces } => {
                out.push(GRANT);
                put(&mut out, u32::from(*swarm));
                put_ranges(&mut out, pieces);
            }
            Self::Settings { swarm, settings } => {
                out.push(SETTINGS);
                put(&mut out, u32::from(*swarm));
                put_settings(&mut out, settings);
            }
        }
        out
    }
}

fn start(frame: &[u8]) -> Result<(u8, &[u8]), BadMessage> {
    let (kind, rest) = frame.split_first().ok_or(BadMessage::Truncated)?;
    Ok((*kind, rest))
}

fn take<'a, const N: usize>(input: &mut &'a [u8]) -> Result<&'a [u8; N], BadMessage> {
    let (taken, rest) = input.split_first_chunk().ok_or(BadMessage::Truncated)?;
    *input = rest;
    Ok(taken)
}

fn number(input: &mut &[u8]) -> Result<u32, BadMessage> {
    let mut number = 0_u64;
    for shift in [0, 7, 14, 21, 28] {
        let [byte] = *take(input)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return u32::try_from(number).map_err(|_| BadMessage::Number);
        }
    }
    Err(BadMessage::Number)
}

fn swarm(input: &mut &[u8]) -> Result<u8, BadMessage> {
    u8::try_from(number(input)?).map_err(|_| BadMessage::Swarm)
}

fn settings(input: &mut &[u8]) -> Result<Settings, BadMessage> {
    Ok(Settings {
        instant: number(input)?,
        patience: Duration::from_millis(number(input)?.into()),
        interval: Duration::from_millis(number(input)?.into()),
    })
}

fn ranges(input: &mut &[u8]) -> Result<Vec<Range<u32>>, BadMessage> {
    let count = number(input)? as usize;
    if count > RANGES {
        return Err(BadMessage::Ranges);
    }
    // Two bytes at least for each, so nobody makes us reserve for what is not there.
    let mut ranges = Vec::with_capacity(count.min(input.len() / 2));
    let mut end = 0_u32;
    for _ in 0..count {
        let start = end.checked_add(number(input)?).ok_or(BadMessage::Range)?;
        let length = number(input)?;
        end = start
            .checked_add(length)
            .filter(|_| length > 0)
            .ok_or(BadMessage::Range)?;
        ranges.push(start..end);
    }
    Ok(ranges)
}

fn put(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_settings(out: &mut Vec<u8>, settings: &Settings) {
    put(out, settings.instant);
    put(out, millis(settings.patience));
    put(out, millis(settings.interval));
}

/// Writes as many as a message may have.
fn put_ranges(out: &mut Vec<u8>, ranges: &[Range<u32>]) {
    let ranges = &ranges[..ranges.len().min(RANGES)];
    put(out, ranges.len() as u32);
    let mut end = 0;
    for range in ranges {
        put(out, range.start.saturating_sub(end));
        put(out, range.end.saturating_sub(range.start));
        end = range.end;
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
