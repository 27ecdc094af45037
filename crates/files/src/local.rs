//! The local disk as the place of all files. Finished files are synced before they are renamed
//! into place, so that what a row in the database points to survives a power cut.

use crate::{FileName, Key};
use bytes::Bytes;
use names::VideoUuid;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};
use tokio::fs;

const FOLDERS: &[&str] = &[
    "sources",
    "hls",
    "torrents",
    "thumbnails",
    "previews",
    "storyboards",
    "avatars",
    "uploads",
    "work",
];

/// The pod's files; cheap to clone.
#[derive(Clone)]
pub struct Files {
    root: Arc<PathBuf>,
}

/// A file that was opened for reading.
pub struct Opened {
    pub file: std::fs::File,
    /// Bytes.
    pub size: u64,
    /// Changes whenever the file does; without quotes.
    pub etag: String,
}

/// A folder of its own for one job; removed with everything in it when dropped.
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.path.display(), %error, "a work folder could not be removed");
        }
    }
}

/// Whether an error means that the disk (or the quota on it) is full.
pub fn is_disk_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

impl Files {
    /// Opens the folder, making it and what it holds.
    pub async fn open(root: &Path) -> io::Result<Self> {
        for folder in FOLDERS {
            fs::create_dir_all(root.join(folder)).await?;
        }
        Ok(Self {
            root: Arc::new(root.canonicalize()?),
        })
    }

    /// Where a key's file lies (for ffmpeg and for sendfile); it need not be there.
    pub fn path(&self, key: &Key) -> PathBuf {
        self.root.join(key.path())
    }

    /// Opens a file; `None` when there is none.
    pub async fn read(&self, key: &Key) -> io::Result<Option<Opened>> {
        let path = self.path(key);
        let opened = tokio::task::spawn_blocking(move || open_blocking(&path))
            .await
            .map_err(io::Error::other)?;
        match opened {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    /// The whole of a small file; `None` when there is none.
    pub async fn read_small(&self, key: &Key) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path(key)).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a small file under its key.
    pub async fn write(&self, key: &Key, bytes: Bytes) -> io::Result<()> {
        let path = self
            .root
            .join("work")
            .join(uuid::Uuid::new_v4().to_string());
        let written = fs::write(&path, bytes).await;
        if written.is_err() {
            let _ = fs::remove_file(&path).await;
            return written;
        }
        self.adopt(&path, key).await
    }

    /// Moves a finished file of a work folder to its key, safely on disk. Replaces an older one.
    pub async fn adopt(&self, from: &Path, key: &Key) -> io::Result<()> {
        let from = from.to_owned();
        let to = self.path(key);
        tokio::task::spawn_blocking(move || {
            if let Some(folder) = to.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::File::open(&from)?.sync_all()?;
            std::fs::rename(&from, &to)?;
            match to.parent() {
                Some(folder) => std::fs::File::open(folder)?.sync_all(),
                None => Ok(()),
            }
        })
        .await
        .map_err(io::Error::other)?
    }

    /// Moves a file to its key unless the key has one. Of several who do so with the same file at once, all succeed.
    pub async fn adopt_once(&self, from: &Path, key: &Key) -> io::Result<()> {
        let to = self.path(key);
        if fs::try_exists(&to).await? {
            return Ok(());
        }
        match self.adopt(from, key).await {
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && fs::try_exists(&to).await? =>
            {
                Ok(())
            }
            moved => moved,
        }
    }

    /// Removes a file; one that is not there is removed already.
    pub async fn remove(&self, key: &Key) -> io::Result<()> {
        match fs::remove_file(self.path(key)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes the renditions, playlists and source of a video.
    pub async fn remove_video(&self, video: VideoUuid) -> io::Result<()> {
        self.remove(&Key::Source(video)).await?;
        match fs::remove_dir_all(self.root.join("hls").join(video.to_string())).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// A new work folder on the same file system as the files.
    pub async fn scratch(&self) -> io::Result<Scratch> {
        let path = self
            .root
            .join("work")
            .join(uuid::Uuid::new_v4().to_string());
        fs::create_dir_all(&path).await?;
        Ok(Scratch { path })
    }

    /// Removes what processes that died left in their work folders: what nothing was written to for
    /// `age` (a process that shares the folder may be alive and at work).
    pub async fn clear_work(&self, age: Duration) -> io::Result<()> {
        let mut entries = fs::read_dir(self.root.join("work")).await?;
        while let Some(entry) = entries.next_entry().await? {
            let meta = entry.metadata().await?;
            if meta.modified()?.elapsed().unwrap_or_default() < age {
                continue;
            }
            if meta.is_dir() {
                fs::remove_dir_all(entry.path()).await?;
            } else {
                fs::remove_file(entry.path()).await?;
            }
        }
        Ok(())
    }

    /// How many bytes of an upload have arrived.
    pub async fn received(&self, upload: &FileName) -> io::Result<u64> {
        match fs::metadata(self.path(&Key::Upload(upload.clone()))).await {
            Ok(meta) => Ok(meta.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Bytes that can still be written to the disk.
    pub fn free_space(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(self.root.as_path())?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

fn open_blocking(path: &Path) -> io::Result<Opened> {
    let file = std::fs::File::open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let nanos = meta
        .modified()?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();
    Ok(Opened {
        size: meta.len(),
        etag: format!("{:x}-{nanos:x}", meta.len()),
        file,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::VideoUuid;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_who_take_one_upload_at_once_both_succeed() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::open(folder.path()).await.unwrap();
        for round in 0..100 {
            let key = Key::Source(VideoUuid(uuid::Uuid::from_u128(round)));
            let from = folder.path().join("upload");
            fs::write(&from, "film").await.unwrap();
            let (one, other) =
                tokio::join!(files.adopt_once(&from, &key), files.adopt_once(&from, &key));
            one.unwrap();
            other.unwrap();
            assert_eq!(fs::read(files.path(&key)).await.unwrap(), b"film");
            let never = Key::Source(VideoUuid(uuid::Uuid::max()));
            let error = files.adopt_once(&from, &never).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        }
    }
}
