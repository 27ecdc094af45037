//! What can go wrong with a query, seen from a use case: the row is already there, the disk is
//! full, or the engine failed.

/// A query's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a query failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique index refused the row.
    #[error("the row is already there")]
    Conflict(#[source] sqlx::Error),
    /// The database cannot grow.
    #[error("no room left for the database")]
    NoSpace(#[source] sqlx::Error),
    /// A query that must find a row found none.
    #[error("no such row")]
    NotFound,
    /// Everything else: a lost connection, a wrong statement.
    #[error("database: {0}")]
    Engine(#[source] sqlx::Error),
    /// What was read is not what the column's type promises.
    #[error("column {column}: {reason}")]
    Column { column: usize, reason: String },
    /// The address of the database makes no sense.
    #[error("{0}")]
    Address(String),
    /// The database was made by a newer version, or a migration was changed afterwards.
    #[error("{0}")]
    Migration(String),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if let Some(inner) = error.as_database_error() {
            if inner.is_unique_violation() {
                return Self::Conflict(error);
            }
            // 13 is SQLITE_FULL, 53100 is PostgreSQL's disk_full.
            if matches!(inner.code().as_deref(), Some("13" | "53100")) {
                return Self::NoSpace(error);
            }
        }
        match error {
            sqlx::Error::RowNotFound => Self::NotFound,
            other => Self::Engine(other),
        }
    }
}
