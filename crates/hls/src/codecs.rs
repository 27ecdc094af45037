//! From a sample entry to the string that a player compares with what it can decode (RFC 6381). The codecs of our own
//! renditions, H.264 and AAC, are described exactly; any other one by its four letters, which is what the RFC asks for
//! at the least and never claims more than is known.

use crate::IndexError;
use crate::boxes::{Fields, Name, child, show};

/// Bytes of a visual sample entry before its child boxes.
const VISUAL_HEADER: usize = 78;
/// Bytes of an audio sample entry before its child boxes.
const AUDIO_HEADER: usize = 28;

/// Codec string of a video sample entry, with the width and height that it states.
pub fn video(name: Name, entry: &[u8]) -> Result<(String, u16, u16), IndexError> {
    let mut fields = Fields::new(name, entry);
    fields.skip(24)?;
    let (width, height) = (fields.u16()?, fields.u16()?);
    fields.skip(VISUAL_HEADER - 28)?;
    let codec = match &name {
        b"avc1" | b"avc3" => {
            let config = child(name, fields.rest(), *b"avcC")?.ok_or_else(|| fields.malformed())?;
            let mut config = Fields::new(*b"avcC", config);
            config.skip(1)?;
            let [profile, constraints, level] = config.array()?;
            format!("{}.{profile:02x}{constraints:02x}{level:02x}", show(name))
        }
        _ => show(name),
    };
    Ok((codec, width, height))
}

/// Codec string of an audio sample entry.
pub fn audio(name: Name, entry: &[u8]) -> Result<String, IndexError> {
    let mut fields = Fields::new(name, entry);
    fields.skip(AUDIO_HEADER)?;
    if &name != b"mp4a" {
        return Ok(show(name));
    }
    let esds = child(name, fields.rest(), *b"esds")?.ok_or_else(|| fields.malformed())?;
    let mut fields = Fields::new(*b"esds", esds);
    fields.version_and_flags()?;
    mp4a(fields)
}

/// Walks ES_Descriptor → DecoderConfigDescriptor → DecoderSpecificInfo (ISO 14496-1).
fn mp4a(mut fields: Fields<'_>) -> Result<String, IndexError> {
    let mut stream = descriptor(&mut fields, 3)?;
    stream.skip(2)?;
    let flags = stream.u8()?;
    if flags & 0x80 != 0 {
        stream.skip(2)?;
    }
    if flags & 0x40 != 0 {
        let length = stream.u8()?;
        stream.skip(usize::from(length))?;
    }
    if flags & 0x20 != 0 {
        stream.skip(2)?;
    }
    let mut config = descriptor(&mut stream, 4)?;
    let object_type = config.u8()?;
    config.skip(12)?;
    // 0x40 is "MPEG-4 audio"; only there a second number says which kind.
    if object_type != 0x40 {
        return Ok(format!("mp4a.{object_type:02x}"));
    }
    let [first, second] = descriptor(&mut config, 5)?.array()?;
    let kind = match first >> 3 {
        31 => 32 + ((u16::from(first) & 7) << 3 | u16::from(second) >> 5),
        kind => u16::from(kind),
    };
    Ok(format!("mp4a.40.{kind}"))
}

/// Takes one descriptor with its tag and its length in groups of seven bits.
fn descriptor<'a>(fields: &mut Fields<'a>, tag: u8) -> Result<Fields<'a>, IndexError> {
    if fields.u8()? != tag {
        return Err(fields.malformed());
    }
    let mut length = 0usize;
    for _ in 0..4 {
        let byte = fields.u8()?;
        length = length << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Ok(Fields::new(*b"esds", fields.take(length)?))
}
