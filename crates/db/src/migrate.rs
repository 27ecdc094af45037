//! Migrations: numbered texts, each run once, in order, in a transaction. The text that was run
//! is remembered by its hash, so that a migration changed after the fact is noticed, and a
//! database of a newer version is refused instead of being harmed.

use crate::{Db, Error, Executor as _, Result, Tx, dialect::Dialect, sql::sql};

/// A migration: the same text for both engines or one each.
struct Migration {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal $(($kind:ident))?),* $(,)?) => {
        &[$(migrations!(@one $number $name $($kind)?)),*]
    };
    (@one $number:literal $name:literal) => {
        Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../../../migrations/", $name, ".sql")),
            postgres: include_str!(concat!("../../../migrations/", $name, ".sql")),
        }
    };
    (@one $number:literal $name:literal twin) => {
        Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../../../migrations/", $name, ".sqlite.sql")),
            postgres: include_str!(concat!("../../../migrations/", $name, ".postgres.sql")),
        }
    };
}

const MIGRATIONS: &[Migration] = migrations![
    1 "0001_start",
    2 "0002_search" (twin),
    3 "0003_search" (twin),
    4 "0004_offload",
    5 "0005_network",
    6 "0006_comments",
    7 "0007_large_index" (twin),
    8 "0008_follows",
];

/// Brings the tables up to date.
pub(crate) async fn run(db: &Db) -> Result<()> {
    let mut tx = db.begin().await?;
    db.script(
        &mut tx,
        "CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, text_length BIGINT NOT NULL)"
            .to_owned(),
    )
    .await?;
    if tx.dialect() == Dialect::Postgres {
        // Two processes starting at once take turns.
        db.script(&mut tx, "LOCK TABLE migrations".to_owned())
            .await?;
    }
    let done: Vec<(i64, i64)> = (&mut tx)
        .all(sql!(
            "SELECT number, text_length FROM migrations ORDER BY number"
        ))
        .await?;
    check_known(&done, tx.dialect())?;
    for migration in MIGRATIONS.iter().skip(done.len()) {
        apply(db, &mut tx, migration).await?;
    }
    tx.commit().await
}

fn text_of(migration: &Migration, dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => migration.sqlite,
        Dialect::Postgres => migration.postgres,
    }
}

fn check_known(done: &[(i64, i64)], dialect: Dialect) -> Result<()> {
    for (place, (number, length)) in done.iter().enumerate() {
        let Some(migration) = MIGRATIONS.get(place).filter(|m| m.number == *number) else {
            return Err(Error::Migration(format!(
                "the database is from a newer version of shoal (it has step {number}, this program knows {}); \
                 start the newer version",
                MIGRATIONS.len()
            )));
        };
        if text_of(migration, dialect).len() as i64 != *length {
            return Err(Error::Migration(format!(
                "step {} was run with another text than this program has; the database is from a version that was never released",
                migration.name
            )));
        }
    }
    Ok(())
}

async fn apply(db: &Db, tx: &mut Tx, migration: &Migration) -> Result<()> {
    let dialect = tx.dialect();
    let text = text_of(migration, dialect);
    db.script(tx, dialect.migration(text)).await?;
    { &mut *tx }
        .run(
            sql!("INSERT INTO migrations (number, name, text_length) VALUES ($1, $2, $3)")
                .bind(migration.number)
                .bind(migration.name)
                .bind(text.len() as i64),
        )
        .await?;
    tracing::info!(step = migration.name, "database brought up to date");
    Ok(())
}
