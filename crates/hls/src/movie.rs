//! The meaning of the two headers of a fragmented MP4: `moov` (which tracks there are) and `moof` (when a fragment
//! starts, how long it lasts, whether it can be decoded by itself). One video and one audio track are looked at, the
//! first of each kind; a rendition has no others. Sample tables of ordinary MP4s are not read.

use crate::IndexError;
use crate::boxes::{Fields, child, children};
use crate::codecs;

/// Tracks whose defaults are remembered; more than any rendition has.
const MAX_TRACKS: usize = 64;

/// Bit of the sample flags that says "depends on other samples".
const NOT_SYNC: u32 = 0x0001_0000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    pub id: u32,
    pub timescale: u32,
    pub codec: String,
    pub width: u32,
    pub height: u32,
    default_duration: u32,
    default_flags: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Movie {
    pub video: Option<Track>,
    pub audio: Option<Track>,
}

/// The part of a fragment that belongs to one track, in units of that track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    pub start: Option<u64>,
    pub duration: u64,
    pub samples: u64,
    pub keyframe: bool,
}

impl Movie {
    /// Reads the inside of `moov`.
    pub fn read(body: &[u8]) -> Result<Movie, IndexError> {
        let mut movie = Movie::default();
        for found in children(*b"moov", body) {
            let (name, inside) = found?;
            if &name == b"trak" {
                read_track(inside, &mut movie)?;
            }
        }
        if movie.video.is_none() && movie.audio.is_none() {
            return Err(IndexError::NoTrack);
        }
        let extends = child(*b"moov", body, *b"mvex")?.ok_or(IndexError::NotFragmented)?;
        for found in children(*b"mvex", extends).take(MAX_TRACKS) {
            let (name, inside) = found?;
            if &name != b"trex" {
                continue;
            }
            let mut fields = Fields::new(name, inside);
            fields.version_and_flags()?;
            let id = fields.u32()?;
            fields.skip(4)?;
            let (duration, _size, flags) = (fields.u32()?, fields.u32()?, fields.u32()?);
            for track in movie
                .video
                .iter_mut()
                .chain(&mut movie.audio)
                .filter(|t| t.id == id)
            {
                track.default_duration = duration;
                track.default_flags = flags;
            }
        }
        Ok(movie)
    }

    /// Reads the inside of `moof`: what it holds of the video and of the audio track.
    pub fn read_fragment(&self, body: &[u8]) -> Result<(Option<Run>, Option<Run>), IndexError> {
        let (mut video, mut audio) = (None, None);
        for found in children(*b"moof", body) {
            let (name, inside) = found?;
            if &name != b"traf" {
                continue;
            }
            let header =
                child(name, inside, *b"tfhd")?.ok_or(IndexError::Malformed("traf".into()))?;
            let id = Fields::new(*b"tfhd", header.get(4..).unwrap_or(&[])).u32()?;
            if let Some(track) = self.video.as_ref().filter(|t| t.id == id) {
                read_run(track, header, inside, &mut video)?;
            } else if let Some(track) = self.audio.as_ref().filter(|t| t.id == id) {
                read_run(track, header, inside, &mut audio)?;
            }
        }
        Ok((video, audio))
    }
}

fn read_track(body: &[u8], movie: &mut Movie) -> Result<(), IndexError> {
    let need = |name: &str| IndexError::Malformed(name.into());
    let header = child(*b"trak", body, *b"tkhd")?.ok_or_else(|| need("trak"))?;
    let mut fields = Fields::new(*b"tkhd", header);
    let (version, _) = fields.version_and_flags()?;
    fields.skip(if version == 1 { 16 } else { 8 })?;
    let id = fields.u32()?;
    // Duration, reserved words, layer, group, volume and the matrix lie before the displayed size (16.16).
    fields.skip(if version == 1 { 64 } else { 60 })?;
    let (shown_width, shown_height) = (fields.u32()? >> 16, fields.u32()? >> 16);

    let media = child(*b"trak", body, *b"mdia")?.ok_or_else(|| need("trak"))?;
    let mut handler = Fields::new(
        *b"hdlr",
        child(*b"mdia", media, *b"hdlr")?.ok_or_else(|| need("mdia"))?,
    );
    handler.skip(8)?;
    let kind: [u8; 4] = handler.array()?;
    let wanted = match &kind {
        b"vide" => movie.video.is_none(),
        b"soun" => movie.audio.is_none(),
        _ => false,
    };
    if !wanted {
        return Ok(());
    }

    let mut fields = Fields::new(
        *b"mdhd",
        child(*b"mdia", media, *b"mdhd")?.ok_or_else(|| need("mdia"))?,
    );
    let (version, _) = fields.version_and_flags()?;
    fields.skip(if version == 1 { 16 } else { 8 })?;
    let timescale = fields.u32()?;
    if timescale == 0 {
        return Err(need("mdhd"));
    }

    let info = child(*b"mdia", media, *b"minf")?.ok_or_else(|| need("mdia"))?;
    let table = child(*b"minf", info, *b"stbl")?.ok_or_else(|| need("minf"))?;
    let description = child(*b"stbl", table, *b"stsd")?.ok_or_else(|| need("stbl"))?;
    let mut fields = Fields::new(*b"stsd", description);
    fields.skip(8)?;
    let (name, entry) = children(*b"stsd", fields.rest())
        .next()
        .ok_or_else(|| need("stsd"))??;

    let mut track = Track {
        id,
        timescale,
        codec: String::new(),
        width: 0,
        height: 0,
        default_duration: 0,
        default_flags: 0,
    };
    if &kind == b"vide" {
        let (codec, width, height) = codecs::video(name, entry)?;
        track.codec = codec;
        track.width = if shown_width > 0 {
            shown_width
        } else {
            width.into()
        };
        track.height = if shown_height > 0 {
            shown_height
        } else {
            height.into()
        };
        movie.video = Some(track);
    } else {
        track.codec = codecs::audio(name, entry)?;
        movie.audio = Some(track);
    }
    Ok(())
}

fn read_run(
    track: &Track,
    header: &[u8],
    body: &[u8],
    run: &mut Option<Run>,
) -> Result<(), IndexError> {
    let mut fields = Fields::new(*b"tfhd", header);
    let (_, flags) = fields.version_and_flags()?;
    fields.skip(4)?;
    for (bit, size) in [(0x01, 8), (0x02, 4)] {
        if flags & bit != 0 {
            fields.skip(size)?;
        }
    }
    let default_duration = if flags & 0x08 != 0 {
        fields.u32()?
    } else {
        track.default_duration
    };
    if flags & 0x10 != 0 {
        fields.skip(4)?;
    }
    let default_flags = if flags & 0x20 != 0 {
        fields.u32()?
    } else {
        track.default_flags
    };

    let run = run.get_or_insert_default();
    for found in children(*b"traf", body) {
        let (name, inside) = found?;
        let mut fields = Fields::new(name, inside);
        match &name {
            b"tfdt" if run.start.is_none() => {
                let (version, _) = fields.version_and_flags()?;
                run.start = Some(if version == 1 {
                    fields.u64()?
                } else {
                    fields.u32()?.into()
                });
            }
            b"trun" => read_samples(fields, default_duration, default_flags, run)?,
            _ => {}
        }
    }
    Ok(())
}

fn read_samples(
    mut fields: Fields<'_>,
    default_duration: u32,
    default_flags: u32,
    run: &mut Run,
) -> Result<(), IndexError> {
    let (_, flags) = fields.version_and_flags()?;
    let count = fields.u32()?;
    if flags & 0x01 != 0 {
        fields.skip(4)?;
    }
    let first_flags = if flags & 0x04 != 0 {
        Some(fields.u32()?)
    } else {
        None
    };
    let has_duration = flags & 0x100 != 0;
    let has_flags = flags & 0x400 != 0;
    let tail = 4
        * (usize::from(flags & 0x200 != 0)
            + usize::from(has_flags)
            + usize::from(flags & 0x800 != 0));
    let flags_at = 4 * usize::from(flags & 0x200 != 0);
    let is_first = run.samples == 0;
    let mut first_sample_flags = first_flags.unwrap_or(default_flags);

    let mut duration = 0u64;
    if has_duration || has_flags {
        for sample in 0..count {
            let own = if has_duration {
                fields.u32()?
            } else {
                default_duration
            };
            duration += u64::from(own);
            let rest = fields.take(tail)?;
            if sample == 0 && has_flags && first_flags.is_none() {
                let mut inner = Fields::new(*b"trun", rest);
                inner.skip(flags_at)?;
                first_sample_flags = inner.u32()?;
            }
        }
    } else {
        // Nothing to read per sample: no loop, so a huge count costs nothing.
        duration = u64::from(count) * u64::from(default_duration);
    }
    run.duration = run
        .duration
        .checked_add(duration)
        .ok_or_else(|| fields.malformed())?;
    run.samples = run.samples.saturating_add(count.into());
    if is_first && count > 0 {
        run.keyframe = first_sample_flags & NOT_SYNC == 0;
    }
    Ok(())
}
