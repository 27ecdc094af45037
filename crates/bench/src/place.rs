//! Where a database is measured: a file in a folder, or a database of the bench's own server.

use std::path::{Path, PathBuf};

use anyhow::Result;
use db::{Db, Executor as _, Sql};

use crate::Bench;

/// A database and where it is.
#[derive(Clone)]
pub struct Place {
    /// What people call the engine.
    pub engine: &'static str,
    /// The pod's folder.
    pub data: PathBuf,
    pub address: String,
    /// The first process of the database's server, if it has one.
    pub processes: Vec<u32>,
}

impl Place {
    /// A file below a folder.
    pub fn sqlite(folder: &Path, name: &str) -> Result<Self> {
        let data = folder.join(format!("{name}-sqlite"));
        std::fs::create_dir_all(&data)?;
        Ok(Self {
            engine: "SQLite",
            address: format!("sqlite:{}", data.join("shoal.db").display()),
            data,
            processes: Vec::new(),
        })
    }

    /// A database of the bench's server, if there is one.
    pub fn postgres(bench: &Bench, folder: &Path, name: &str) -> Result<Option<Self>> {
        let Some((server, process)) = &bench.postgres else {
            return Ok(None);
        };
        let data = folder.join(format!("{name}-postgres"));
        std::fs::create_dir_all(&data)?;
        let base = server.rsplit_once('/').map_or(server.as_str(), |it| it.0);
        Ok(Some(Self {
            engine: "PostgreSQL",
            address: format!("{base}/{name}"),
            data,
            processes: vec![*process],
        }))
    }

    /// The server's own database and the name of this one in it; nothing when it is a file.
    fn server(&self) -> Option<(String, &str)> {
        let (base, name) = self.address.rsplit_once('/')?;
        (!self.processes.is_empty()).then(|| (format!("{base}/postgres"), name))
    }

    /// Opens the database, made when it is missing.
    pub async fn open(&self) -> Result<Db> {
        if let Some((server, name)) = self.server() {
            // It may be there already, from a run before.
            let _ = Db::administer(&server, db::Administration::Create, name).await;
        }
        Ok(Db::open(&self.address).await?)
    }

    /// Opens the database, which must have nothing in it.
    pub async fn open_anew(&self) -> Result<Db> {
        if let Some((server, name)) = self.server() {
            Db::administer(&server, db::Administration::Drop, name).await?;
        }
        self.open().await
    }

    /// Removes the database and the folder.
    pub async fn remove(&self) -> Result<()> {
        if let Some((server, name)) = self.server() {
            Db::administer(&server, db::Administration::Drop, name).await?;
        }
        Ok(std::fs::remove_dir_all(&self.data)?)
    }

    /// How large the database is, in bytes.
    pub async fn size(&self, db: &Db) -> Result<u64> {
        if self.processes.is_empty() {
            let file = std::fs::metadata(self.data.join("shoal.db"))?;
            return Ok(file.len());
        }
        let (bytes,): (i64,) = { db }
            .one(Sql::new("SELECT pg_database_size(current_database())"))
            .await?;
        Ok(u64::try_from(bytes)?)
    }
}
