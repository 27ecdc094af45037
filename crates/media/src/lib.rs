//! Everything Shoal does with ffmpeg and ffprobe. [`probe`] tells the truth about an upload, [`plan`] decides what is
//! made of it, the functions of [`render`] and [`images`] build command lines (pure: paths and numbers in, arguments
//! out), and [`run`] runs one of them confined: no network, only its own folders, limits on memory, processor and time,
//! killed as a whole when it is cancelled. It knows neither the database nor where files are kept; paths come from the
//! caller. No codec is linked in: a crash of a decoder is the crash of a child process.

mod command;
pub mod confine;
pub mod images;
mod ladder;
mod plan;
mod probe;
mod process;
pub mod render;
mod runner;
mod tools;

pub use command::Command;
pub use ladder::Ladder;
pub use plan::{AudioWork, Encode, Plan, Rendition, Step, VideoWork, plan};
pub use probe::{AudioStream, Probe, ProbeError, Rate, VideoStream, probe};
pub use runner::{RunError, run};
pub use tools::{Abilities, Limits, Tools};
