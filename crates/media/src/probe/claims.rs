//! What the first bytes of a file claim, where ffprobe does not say: whether a file without an index at least began as
//! an MP4, and how long an AVI or WAV wanted to be. Everything else is left to ffprobe.

use std::path::Path;

use tokio::io::AsyncReadExt;

/// The beginning of a file.
pub struct Head([u8; 12]);

impl Head {
    /// Reads it; a shorter file is filled up with zeros.
    pub async fn read(path: &Path) -> std::io::Result<Head> {
        let mut bytes = Vec::new();
        tokio::fs::File::open(path)
            .await?
            .take(12)
            .read_to_end(&mut bytes)
            .await?;
        let mut head = [0; 12];
        head[..bytes.len()].copy_from_slice(&bytes);
        Ok(Head(head))
    }

    /// The first box is one that MP4 and QuickTime files begin with.
    pub fn is_mp4(&self) -> bool {
        matches!(
            &self.0[4..8],
            b"ftyp" | b"moov" | b"mdat" | b"free" | b"skip" | b"wide"
        )
    }

    /// Size of the whole file as a RIFF header states it; programs that write into a pipe state nonsense.
    pub fn riff_size(&self) -> Option<u64> {
        let [b'R', b'I', b'F', b'F', a, b, c, d, ..] = self.0 else {
            return None;
        };
        let size = u32::from_le_bytes([a, b, c, d]);
        (size != 0 && size != u32::MAX).then(|| u64::from(size) + 8)
    }
}
