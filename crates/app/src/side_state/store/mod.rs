//! What side state is kept in: a SQLite file of one node, or a PostgreSQL database of several. Statements have
//! the same text on both, and writes go one after the other on both.

mod postgres;
mod sqlite;

#[cfg(test)]
pub(super) use self::{postgres::Shared, sqlite::File};

use super::{SideStateError, sql};
use sqlx::{
    Database, Decode, Encode, Postgres, Row as _, Sqlite, Type, error::DatabaseError, sqlite::SqliteError,
};
use std::path::Path;

/// Where side state is kept.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// A file, made when absent (mode 0600).
    File(&'a Path),
    /// A database: `postgres://user:password@host/database`. It is the portal's own: names are not prefixed.
    Database(&'a str),
}

/// An open store. Cheap to clone.
#[derive(Clone)]
pub(super) enum Store {
    Sqlite(sqlite::File),
    Postgres(postgres::Shared),
}

/// A write that is under way; rolled back when dropped.
pub(super) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Store {
    /// Opens it and brings its schema up to date.
    pub(super) async fn open(place: Place<'_>) -> Result<Self, SideStateError> {
        match place {
            Place::File(path) => sqlite::File::open(path).await.map(Self::Sqlite),
            Place::Database(url) => postgres::Shared::open(url).await.map(Self::Postgres),
        }
    }

    /// Opens it as it is, beside others and only to be read. None: nothing was ever kept there.
    pub(super) async fn look_into(place: Place<'_>) -> Result<Option<Self>, SideStateError> {
        match place {
            Place::File(path) => Ok(sqlite::File::look_into(path).await?.map(Self::Sqlite)),
            Place::Database(url) => Ok(postgres::Shared::look_into(url).await?.map(Self::Postgres)),
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(file) => file.close().await,
            Self::Postgres(shared) => shared.pool.close().await,
        }
    }

    pub(super) async fn begin(&self) -> Result<Transaction, SideStateError> {
        match self {
            Self::Sqlite(file) => file.begin().await.map(Transaction::Sqlite),
            Self::Postgres(shared) => shared.begin().await.map(Transaction::Postgres),
        }
    }

    /// Is rid of older copies of what was overwritten, as far as the store has a say in it.
    pub(super) async fn scrub(&self) -> Result<(), SideStateError> {
        match self {
            Self::Sqlite(file) => file.truncate_wal().await,
            Self::Postgres(shared) => shared.vacuum_keys().await,
        }
    }
}

impl Transaction {
    pub(super) async fn commit(self) -> Result<(), SideStateError> {
        Ok(match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        })
    }

    async fn run(&mut self, script: &'static str) -> Result<(), SideStateError> {
        match self {
            Self::Sqlite(tx) => sqlx::raw_sql(script).execute(&mut **tx).await?.rows_affected(),
            Self::Postgres(tx) => sqlx::raw_sql(script).execute(&mut **tx).await?.rows_affected(),
        };
        Ok(())
    }

    /// Runs what is missing, and ends the transaction.
    async fn migrate(mut self, migrations: &[(i64, &'static str)]) -> Result<(), SideStateError> {
        query(sql::CREATE_MIGRATIONS).execute(&mut self).await?;
        let found: i64 = query(sql::SCHEMA_VERSION).fetch_one(&mut self).await?.get(0)?;
        let known = migrations.last().map_or(0, |(version, _)| *version);
        if found > known {
            return Err(SideStateError::NewerSchema { found, known });
        }
        for (version, text) in migrations.iter().filter(|(version, _)| *version > found) {
            self.run(text).await?;
            query(sql::RECORD_MIGRATION).bind(*version).execute(&mut self).await?;
        }
        self.commit().await
    }
}

/// What passes by itself, or with somebody's help.
pub(super) enum Trouble {
    Busy,
    DiskFull,
}

/// What an engine means by the code of an error, when it is one of these.
pub(super) fn trouble(said: &(dyn DatabaseError + 'static)) -> Option<Trouble> {
    let code = said.code()?;
    if said.try_downcast_ref::<SqliteError>().is_some() {
        sqlite::trouble(&code)
    } else {
        postgres::trouble(&code)
    }
}

/// Where rows are read.
pub(super) enum Source<'a> {
    Store(&'a Store),
    Transaction(&'a mut Transaction),
}

impl<'a> From<&'a Store> for Source<'a> {
    fn from(store: &'a Store) -> Self {
        Self::Store(store)
    }
}

impl<'a> From<&'a mut Transaction> for Source<'a> {
    fn from(tx: &'a mut Transaction) -> Self {
        Self::Transaction(tx)
    }
}

/// What a statement takes: all that side state holds.
pub(super) enum Value {
    Bytes(Option<Vec<u8>>),
    Integer(Option<i64>),
    Text(String),
}

macro_rules! values {
    ($($from:ty => |$value:ident| $into:expr;)+) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $into
            }
        })+
    };
}

values! {
    Vec<u8> => |value| Self::Bytes(Some(value));
    Option<Vec<u8>> => |value| Self::Bytes(value);
    i64 => |value| Self::Integer(Some(value));
    Option<i64> => |value| Self::Integer(value);
    String => |value| Self::Text(value);
    &str => |value| Self::Text(value.to_owned());
}

/// A statement and what it takes.
pub(super) struct Query {
    text: &'static str,
    values: Vec<Value>,
}

pub(super) fn query(text: &'static str) -> Query {
    Query { text, values: Vec::new() }
}

impl Query {
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Returns how many rows it wrote.
    pub(super) async fn execute(self, tx: &mut Transaction) -> Result<u64, SideStateError> {
        Ok(match tx {
            Transaction::Sqlite(tx) => self.on::<Sqlite>().execute(&mut **tx).await?.rows_affected(),
            Transaction::Postgres(tx) => self.on::<Postgres>().execute(&mut **tx).await?.rows_affected(),
        })
    }

    pub(super) async fn fetch_all(self, from: impl Into<Source<'_>>) -> Result<Vec<Row>, SideStateError> {
        Ok(match from.into() {
            Source::Store(Store::Sqlite(file)) => sqlite_rows(self.on().fetch_all(&file.readers).await?),
            Source::Store(Store::Postgres(shared)) => postgres_rows(self.on().fetch_all(&shared.pool).await?),
            Source::Transaction(Transaction::Sqlite(tx)) => {
                sqlite_rows(self.on().fetch_all(&mut **tx).await?)
            }
            Source::Transaction(Transaction::Postgres(tx)) => {
                postgres_rows(self.on().fetch_all(&mut **tx).await?)
            }
        })
    }

    /// The first row.
    pub(super) async fn fetch_optional(
        self,
        from: impl Into<Source<'_>>,
    ) -> Result<Option<Row>, SideStateError> {
        Ok(self.fetch_all(from).await?.into_iter().next())
    }

    /// The first row, of a statement that always has one.
    pub(super) async fn fetch_one(self, from: impl Into<Source<'_>>) -> Result<Row, SideStateError> {
        Ok(self.fetch_optional(from).await?.ok_or(sqlx::Error::RowNotFound)?)
    }

    fn on<D>(self) -> sqlx::query::Query<'static, D, D::Arguments>
    where
        D: Database,
        Option<Vec<u8>>: Encode<'static, D> + Type<D>,
        Option<i64>: Encode<'static, D> + Type<D>,
        String: Encode<'static, D> + Type<D>,
    {
        self.values.into_iter().fold(sqlx::query(self.text), |query, value| match value {
            Value::Bytes(bytes) => query.bind(bytes),
            Value::Integer(integer) => query.bind(integer),
            Value::Text(text) => query.bind(text),
        })
    }
}

/// A row of either engine.
pub(super) enum Row {
    Sqlite(sqlx::sqlite::SqliteRow),
    Postgres(sqlx::postgres::PgRow),
}

fn sqlite_rows(rows: Vec<sqlx::sqlite::SqliteRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Sqlite).collect()
}

fn postgres_rows(rows: Vec<sqlx::postgres::PgRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Postgres).collect()
}

impl Row {
    /// One column.
    pub(super) fn get<T>(&self, at: usize) -> Result<T, SideStateError>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(at)?,
            Self::Postgres(row) => row.try_get(at)?,
        })
    }
}
