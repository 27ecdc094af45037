//! A command line that is ready to run: arguments for ffmpeg, the files it reads, the files it writes, and how long the
//! result lasts, from which progress and time limits follow. Building one does nothing; see [`crate::run`].

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// One run of ffmpeg.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Arguments, without the program.
    pub args: Vec<OsString>,
    /// The files that it may read.
    pub inputs: Vec<PathBuf>,
    /// The files that it makes, inside the work folder of the run.
    pub outputs: Vec<PathBuf>,
    /// Seconds of media that it goes through.
    pub duration_s: f64,
}

/// Containers that uploads may have, by the names of ffmpeg's demuxers. Text formats that name other files (HLS, DASH,
/// concat, SDP ...), image sequences and devices are not among them.
pub(crate) const FORMATS: &str =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mp3,flac,ogg,wav,aac,mpegts,mpeg,asf,flv";

/// Decoders refuse pictures with more pixels than this, whatever a container claims.
pub(crate) const DECODER_PIXELS: &str = "67108864";

/// Collects arguments in the order ffmpeg wants them.
pub(crate) struct Builder {
    command: Command,
}

impl Builder {
    pub fn new(duration_s: f64) -> Self {
        let command = Command {
            args: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            duration_s,
        };
        let mut builder = Builder { command };
        builder.args("-nostdin -hide_banner -loglevel error -nostats -progress pipe:1 -y");
        builder
    }

    /// Adds words that contain no spaces themselves.
    pub fn args(&mut self, words: &str) -> &mut Self {
        self.command
            .args
            .extend(words.split_whitespace().map(OsString::from));
        self
    }

    /// Adds one argument as it is.
    pub fn arg(&mut self, arg: impl Into<OsString>) -> &mut Self {
        self.command.args.push(arg.into());
        self
    }

    /// Adds a file to read; options for it must have been added before.
    pub fn input(&mut self, path: &Path) -> &mut Self {
        self.args("-protocol_whitelist file -format_whitelist")
            .arg(FORMATS);
        self.arg("-i").arg(file_url(path));
        self.command.inputs.push(path.to_owned());
        self
    }

    /// Adds a file to write; options for it must have been added before.
    pub fn output(&mut self, path: &Path) -> &mut Self {
        self.arg(file_url(path));
        self.command.outputs.push(path.to_owned());
        self
    }

    pub fn build(self) -> Command {
        self.command
    }
}

/// A path as ffmpeg takes it for a path whatever characters it has.
pub(crate) fn file_url(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(path);
    url
}
