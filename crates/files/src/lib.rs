//! Named files: typed keys over a folder of the local disk. A key can only ever name a place
//! below the folder, because its parts are checked when it is made. What is half-written lies
//! in `work/` and takes its place by a rename, so that a file under its key is always whole.
//! The crate hides the engine: an object store takes the folder's place behind the same keys.

mod key;
mod local;

pub use key::{FileName, Key};
pub use local::{Files, Opened, Scratch, is_disk_full};
