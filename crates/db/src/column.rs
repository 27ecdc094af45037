//! Values going in and columns coming out, for both engines at once: six plain types, and the
//! domain's types on top of them.

use crate::{Error, Result};
use names::{
    AccountId, ActorId, ActorKind, ActorUri, ChannelId, CommentId, FollowId, FollowState,
    Friendship, Host, HostId, InboxUri, JobId, ObjectUri, Opinion, OutboxId, Privacy, RenditionId,
    Role, UserId, VideoId, VideoState, VideoUuid,
};
use sqlx::Row as _;

/// A value to be bound.
#[derive(Debug, Clone)]
pub enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bool(bool),
}

/// A row of either engine.
pub enum Row {
    Sqlite(sqlx::sqlite::SqliteRow),
    Postgres(sqlx::postgres::PgRow),
}

/// A type that a column is read as.
pub trait Column: Sized {
    /// Reads the column at `index` (from 0).
    fn read(row: &Row, index: usize) -> Result<Self>;
}

/// A struct that a row is read as.
pub trait FromRow: Sized {
    /// How many columns it takes.
    const WIDTH: usize;

    /// The columns to select, in the order of the fields.
    fn columns() -> String;

    /// Reads the fields from the columns, in order, from column `start` on.
    fn read_at(row: &Row, start: usize) -> Result<Self>;

    /// Reads a row that holds nothing else.
    fn from_row(row: &Row) -> Result<Self> {
        Self::read_at(row, 0)
    }
}

macro_rules! plain_column {
    ($($ty:ty),*) => {$(
        impl Column for $ty {
            fn read(row: &Row, index: usize) -> Result<Self> {
                Ok(match row {
                    Row::Sqlite(row) => row.try_get(index)?,
                    Row::Postgres(row) => row.try_get(index)?,
                })
            }
        }
    )*};
}
plain_column!(i64, Option<i64>, String, Option<String>, bool, f64);

macro_rules! id_column {
    ($($ty:ident),*) => {$(
        impl Column for $ty {
            fn read(row: &Row, index: usize) -> Result<Self> {
                i64::read(row, index).map($ty)
            }
        }

        impl Column for Option<$ty> {
            fn read(row: &Row, index: usize) -> Result<Self> {
                Ok(Option::<i64>::read(row, index)?.map($ty))
            }
        }

        impl From<$ty> for Value {
            fn from(id: $ty) -> Self {
                Self::Int(Some(id.0))
            }
        }

        impl From<Option<$ty>> for Value {
            fn from(id: Option<$ty>) -> Self {
                Self::Int(id.map(|id| id.0))
            }
        }
    )*};
}
id_column!(
    AccountId,
    ActorId,
    ChannelId,
    CommentId,
    FollowId,
    HostId,
    JobId,
    OutboxId,
    RenditionId,
    UserId,
    VideoId
);

macro_rules! numbered_column {
    ($($ty:ident),*) => {$(
        impl Column for $ty {
            fn read(row: &Row, index: usize) -> Result<Self> {
                $ty::from_id(i64::read(row, index)?).map_err(|e| wrong(index, e))
            }
        }

        impl From<$ty> for Value {
            fn from(value: $ty) -> Self {
                Self::Int(Some(value.id()))
            }
        }
    )*};
}
numbered_column!(Privacy, Role, VideoState);

macro_rules! worded_column {
    ($($ty:ident),*) => {$(
        impl Column for $ty {
            fn read(row: &Row, index: usize) -> Result<Self> {
                $ty::parse(&String::read(row, index)?).map_err(|e| wrong(index, e))
            }
        }

        impl From<$ty> for Value {
            fn from(value: $ty) -> Self {
                Self::Text(Some(value.as_str().to_owned()))
            }
        }
    )*};
}
worded_column!(ActorKind, FollowState, Friendship, Opinion);

macro_rules! address_column {
    ($($ty:ident),*) => {$(
        impl Column for $ty {
            fn read(row: &Row, index: usize) -> Result<Self> {
                $ty::parse(&String::read(row, index)?).map_err(|e| wrong(index, e))
            }
        }

        impl Column for Option<$ty> {
            fn read(row: &Row, index: usize) -> Result<Self> {
                let text = Option::<String>::read(row, index)?;
                text.map(|text| $ty::parse(&text)).transpose().map_err(|e| wrong(index, e))
            }
        }

        impl From<&$ty> for Value {
            fn from(value: &$ty) -> Self {
                Self::Text(Some(value.as_str().to_owned()))
            }
        }

        impl From<Option<&$ty>> for Value {
            fn from(value: Option<&$ty>) -> Self {
                Self::Text(value.map(|value| value.as_str().to_owned()))
            }
        }
    )*};
}
address_column!(ActorUri, Host, InboxUri, ObjectUri);

impl Column for VideoUuid {
    fn read(row: &Row, index: usize) -> Result<Self> {
        Self::parse(&String::read(row, index)?).map_err(|e| wrong(index, e))
    }
}

fn wrong(column: usize, reason: impl ToString) -> Error {
    Error::Column {
        column,
        reason: reason.to_string(),
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Value {
    /// Sizes and counts; anything past `i64::MAX` cannot be real and is stored as that.
    fn from(value: u64) -> Self {
        Self::Int(Some(i64::try_from(value).unwrap_or(i64::MAX)))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(Some(value.clone()))
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(str::to_owned))
    }
}

impl From<VideoUuid> for Value {
    fn from(value: VideoUuid) -> Self {
        Self::Text(Some(value.to_string()))
    }
}

macro_rules! tuple_row {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Column),*> FromRow for ($($name,)*) {
            const WIDTH: usize = [$($index),*].len();

            fn columns() -> String {
                String::new()
            }

            fn read_at(row: &Row, start: usize) -> Result<Self> {
                Ok(($($name::read(row, start + $index)?,)*))
            }
        }
    };
}
tuple_row!(A 0);
tuple_row!(A 0, B 1);
tuple_row!(A 0, B 1, C 2);
tuple_row!(A 0, B 1, C 2, D 3);

/// Declares a row: each field with the column it is read from.
macro_rules! row {
    (
        $(#[$doc:meta])*
        $vis:vis struct $name:ident {
            $(#[$fdoc0:meta])* $field0:ident: $ty0:ty = $column0:literal
            $(, $(#[$fdoc:meta])* $field:ident: $ty:ty = $column:literal)* $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        $vis struct $name {
            $(#[$fdoc0])* pub $field0: $ty0,
            $($(#[$fdoc])* pub $field: $ty,)*
        }

        impl $crate::FromRow for $name {
            const WIDTH: usize = [$column0 $(, $column)*].len();

            fn columns() -> String {
                [$column0 $(, $column)*].join(", ")
            }

            fn read_at(row: &$crate::Row, start: usize) -> $crate::Result<Self> {
                let mut index = start..;
                let mut next = || index.next().unwrap_or_default();
                Ok(Self {
                    $field0: <$ty0 as $crate::Column>::read(row, next())?,
                    $($field: <$ty as $crate::Column>::read(row, next())?,)*
                })
            }
        }
    };
}
pub(crate) use row;
