//! The two engines behind one handle. SQLite has one writer connection and several readers on a
//! write-ahead log; every transaction takes the write lock at its start, so that none has to be
//! repeated half-way. PostgreSQL has one pool.

use crate::{Error, FromRow, Result, Row, Sql, Value, dialect::Dialect};
use sqlx::{
    Arguments as _, AssertSqlSafe,
    postgres::{PgArguments, PgPool, PgPoolOptions},
    sqlite::{
        SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
        SqliteSynchronous,
    },
};
use std::{str::FromStr as _, time::Duration};

const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;
const STATEMENT_CACHE: usize = 256;

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Db(Engine);

#[derive(Clone)]
enum Engine {
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

/// What to do with a whole database.
#[derive(Debug, Clone, Copy)]
pub enum Administration {
    Create,
    Drop,
}

/// A transaction. Dropped without `commit`, it is rolled back.
pub struct Tx(TxEngine);

enum TxEngine {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// What statements are run on: the database itself or a transaction.
pub trait Executor: Send {
    /// Which engine's texts to use.
    fn dialect(&self) -> Dialect;

    /// Every row.
    fn rows(&mut self, sql: Sql) -> impl Future<Output = Result<Vec<Row>>> + Send;

    /// Runs a statement; how many rows it touched.
    fn run(&mut self, sql: Sql) -> impl Future<Output = Result<u64>> + Send;

    /// Every row, as structs.
    fn all<T: FromRow + Send>(&mut self, sql: Sql) -> impl Future<Output = Result<Vec<T>>> + Send {
        async { self.rows(sql).await?.iter().map(T::from_row).collect() }
    }

    /// The row if there is one.
    fn opt<T: FromRow + Send>(
        &mut self,
        sql: Sql,
    ) -> impl Future<Output = Result<Option<T>>> + Send {
        async { self.rows(sql).await?.first().map(T::from_row).transpose() }
    }

    /// The row, which must be there.
    fn one<T: FromRow + Send>(&mut self, sql: Sql) -> impl Future<Output = Result<T>> + Send {
        async { self.opt(sql).await?.ok_or(Error::NotFound) }
    }
}

impl Db {
    /// Opens `sqlite:PATH` (made when missing) or `postgres://...` and brings its tables up to date.
    pub async fn open(address: &str) -> Result<Self> {
        let db = Self::connect(address).await?;
        crate::migrate::run(&db).await?;
        Ok(db)
    }

    /// Opens a database without touching its tables (to make one as an older version left it).
    #[doc(hidden)]
    pub async fn open_as_it_is(address: &str) -> Result<Self> {
        Self::connect(address).await
    }

    async fn connect(address: &str) -> Result<Self> {
        if let Some(path) = address.strip_prefix("sqlite:") {
            let options = SqliteConnectOptions::new()
                .filename(path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(10))
                .statement_cache_capacity(STATEMENT_CACHE)
                .pragma("temp_store", "memory");
            let pool = || {
                SqlitePoolOptions::new()
                    .idle_timeout(None)
                    .max_lifetime(None)
                    .test_before_acquire(false)
            };
            let writer = pool()
                .max_connections(1)
                .connect_with(options.clone())
                .await?;
            let readers = pool()
                .max_connections(SQLITE_READERS)
                .connect_with(options.read_only(true))
                .await?;
            Ok(Self(Engine::Sqlite { writer, readers }))
        } else if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            let options = sqlx::postgres::PgConnectOptions::from_str(address)
                .map_err(|e| Error::Address(format!("the database address is not usable: {e}")))?
                .statement_cache_capacity(STATEMENT_CACHE);
            let pool = PgPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS)
                .acquire_timeout(Duration::from_secs(10))
                .test_before_acquire(false)
                .connect_with(options)
                .await?;
            Ok(Self(Engine::Postgres(pool)))
        } else {
            Err(Error::Address(
                "a database is sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME".to_owned(),
            ))
        }
    }

    /// Begins a transaction that may write.
    pub async fn begin(&self) -> Result<Tx> {
        Ok(Tx(match &self.0 {
            Engine::Sqlite { writer, .. } => {
                TxEngine::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            Engine::Postgres(pool) => TxEngine::Postgres(pool.begin().await?),
        }))
    }

    /// Makes (or drops) a whole PostgreSQL database, for tests and benchmarks. `name` is letters and digits.
    pub async fn administer(address: &str, action: Administration, name: &str) -> Result<()> {
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(Error::Address(
                "a database is named by letters and digits".into(),
            ));
        }
        let db = Self::connect(address).await?;
        let text = match action {
            Administration::Create => format!("CREATE DATABASE {name}"),
            Administration::Drop => format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        };
        if let Engine::Postgres(pool) = &db.0 {
            sqlx::raw_sql(AssertSqlSafe(text)).execute(pool).await?;
        }
        db.close().await;
        Ok(())
    }

    /// Whether this process is the only one (SQLite), so that whatever another left is left for good.
    pub fn alone(&self) -> bool {
        matches!(self.0, Engine::Sqlite { .. })
    }

    /// Waits for running statements and closes every connection.
    pub async fn close(&self) {
        match &self.0 {
            Engine::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Engine::Postgres(pool) => pool.close().await,
        }
    }

    /// Runs a text of several statements without parameters, in one transaction (migrations).
    pub(crate) async fn script(&self, tx: &mut Tx, text: String) -> Result<()> {
        match &mut tx.0 {
            TxEngine::Sqlite(tx) => {
                sqlx::raw_sql(AssertSqlSafe(text))
                    .execute(&mut **tx)
                    .await?;
            }
            TxEngine::Postgres(tx) => {
                sqlx::raw_sql(AssertSqlSafe(text))
                    .execute(&mut **tx)
                    .await?;
            }
        }
        Ok(())
    }

    /// Asks the engine to prepare a statement without running it (for the test of all statements).
    #[doc(hidden)]
    pub async fn prepare(&self, text: String) -> Result<()> {
        use sqlx::{Executor as _, SqlSafeStr as _};
        let text = AssertSqlSafe(text).into_sql_str();
        match &self.0 {
            Engine::Sqlite { writer, .. } => drop(writer.prepare(text).await?),
            Engine::Postgres(pool) => drop(pool.prepare(text).await?),
        }
        Ok(())
    }
}

impl Tx {
    pub(crate) fn dialect(&self) -> Dialect {
        match self.0 {
            TxEngine::Sqlite(_) => Dialect::Sqlite,
            TxEngine::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Makes the transaction's changes lasting.
    pub async fn commit(self) -> Result<()> {
        match self.0 {
            TxEngine::Sqlite(tx) => tx.commit().await?,
            TxEngine::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

fn sqlite_query(sql: Sql) -> Result<sqlx::query::Query<'static, sqlx::Sqlite, SqliteArguments>> {
    let (text, values) = sql.into_parts();
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Int(v) => arguments.add(v),
            Value::Text(v) => arguments.add(v),
            Value::Bool(v) => arguments.add(v),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(sqlx::query_with(AssertSqlSafe(text), arguments))
}

fn postgres_query(sql: Sql) -> Result<sqlx::query::Query<'static, sqlx::Postgres, PgArguments>> {
    let (text, values) = sql.into_parts();
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Int(v) => arguments.add(v),
            Value::Text(v) => arguments.add(v.map(without_nul)),
            Value::Bool(v) => arguments.add(v),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(sqlx::query_with(AssertSqlSafe(text), arguments))
}

/// PostgreSQL's texts cannot hold the character zero. It is never in a text we keep (names are
/// checked), so in one that is looked for it may as well be a character that is never found.
fn without_nul(text: String) -> String {
    if text.contains('\0') {
        return text.replace('\0', "\u{fffd}");
    }
    text
}

impl Executor for &Db {
    fn dialect(&self) -> Dialect {
        match self.0 {
            Engine::Sqlite { .. } => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    async fn rows(&mut self, sql: Sql) -> Result<Vec<Row>> {
        Ok(match &self.0 {
            Engine::Sqlite { writer, readers } => {
                let pool = if sql.reads() { readers } else { writer };
                let rows = sqlite_query(sql)?.fetch_all(pool).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Engine::Postgres(pool) => {
                let rows = postgres_query(sql)?.fetch_all(pool).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    async fn run(&mut self, sql: Sql) -> Result<u64> {
        Ok(match &self.0 {
            Engine::Sqlite { writer, .. } => {
                sqlite_query(sql)?.execute(writer).await?.rows_affected()
            }
            Engine::Postgres(pool) => postgres_query(sql)?.execute(pool).await?.rows_affected(),
        })
    }
}

impl Executor for &mut Tx {
    fn dialect(&self) -> Dialect {
        Tx::dialect(self)
    }

    async fn rows(&mut self, sql: Sql) -> Result<Vec<Row>> {
        Ok(match &mut self.0 {
            TxEngine::Sqlite(tx) => {
                let rows = sqlite_query(sql)?.fetch_all(&mut **tx).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            TxEngine::Postgres(tx) => {
                let rows = postgres_query(sql)?.fetch_all(&mut **tx).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    async fn run(&mut self, sql: Sql) -> Result<u64> {
        Ok(match &mut self.0 {
            TxEngine::Sqlite(tx) => sqlite_query(sql)?.execute(&mut **tx).await?.rows_affected(),
            TxEngine::Postgres(tx) => postgres_query(sql)?
                .execute(&mut **tx)
                .await?
                .rows_affected(),
        })
    }
}
