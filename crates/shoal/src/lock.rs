//! One process for each data folder.
//!
//! SQLite with one writer, uploads that grow on disk and the sweeper all take for granted that nobody else works in the folder. The kernel
//! drops the lock with the process, however it ends, so there is nothing to clean up.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::fs::FlockOperation;

/// Held as long as the process uses the folder.
pub struct Lock(#[expect(dead_code, reason = "the open file is the lock")] File);

/// Makes the folder if need be and takes the lock, or says who is in the way.
pub fn take(data: &Path) -> Result<Lock> {
    std::fs::create_dir_all(data)
        .with_context(|| format!("the data folder {} cannot be made", data.display()))?;
    let path = data.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .with_context(|| format!("{} cannot be opened", path.display()))?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => bail!(
            "another process uses the data folder {}. Stop it, or give this one another folder (--data DIR) and port (--listen ADDR:PORT).",
            data.display()
        ),
        Err(error) => Err(error).with_context(|| format!("{} cannot be locked", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        let folder = std::env::temp_dir().join(format!("shoal-lock-{}", std::process::id()));
        let first = take(&folder).unwrap();
        let refused = take(&folder).err().unwrap().to_string();
        assert!(refused.starts_with("another process uses the data folder"));
        drop(first);
        assert!(take(&folder).is_ok());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
