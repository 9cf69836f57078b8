//! The ledger as a file of one node. `synchronous=FULL`: a lease that was granted survives a power cut.

use super::{Accounts, LedgerError, Recalled, carry_out, keys_of, missing, sql};
use crate::{
    account::{Ask, Outcome},
    codec,
    key::KEY_BYTES,
};
use sqlx::{
    Connection as _, Row as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{fs::OpenOptions, io::ErrorKind, os::unix::fs::OpenOptionsExt as _, path::Path, time::Duration};

const SQLITE_OLDEST: [u64; 3] = [3, 51, 3];
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
const READERS: u32 = 2;

/// The file. Cheap to clone.
#[derive(Clone)]
pub struct Sqlite {
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
}

impl Sqlite {
    pub(super) async fn open(path: &Path) -> Result<Self, LedgerError> {
        // SQLite gives its WAL the mode of the database file, so the file is made here first.
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(LedgerError::File(error)),
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("trusted_schema", "OFF");
        let pool = |connections| {
            let pool = SqlitePoolOptions::new().max_connections(connections);
            pool.acquire_timeout(BUSY_TIMEOUT).idle_timeout(None).max_lifetime(None)
        };
        let writer = pool(1).after_release(|connection, _| Box::pin(is_usable(connection)));
        let writer = writer.connect_with(options.clone()).await?;
        check_version(&writer).await?;
        migrate(&writer).await?;
        let readers = pool(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers })
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    pub(super) async fn exchange(
        &self,
        asks: &[Ask<'_>],
        now: &(dyn Fn() -> i64 + Send + Sync),
    ) -> Result<Vec<Outcome>, LedgerError> {
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let mut accounts = read(&mut tx, &keys_of(asks)).await?;
        let outcomes = carry_out(&mut accounts, asks, now());
        for (key, account) in &accounts.sound {
            sqlx::query(sql::sqlite::PUT)
                .bind(&key[..])
                .bind(account.latest)
                .bind(account.recall_until)
                .bind(codec::encode(account))
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(outcomes)
    }

    pub(super) async fn peek(&self, keys: &[[u8; KEY_BYTES]]) -> Result<Accounts, LedgerError> {
        // One transaction, so that the accounts of a chain are of one instant.
        let mut tx = self.readers.begin().await?;
        read(&mut tx, keys).await
    }

    pub(super) async fn recalled(&self, now: i64) -> Result<Recalled, LedgerError> {
        let rows = sqlx::query(sql::both::RECALLED).bind(now).fetch_all(&self.readers).await?;
        let pools = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        Ok(Recalled { pools, clock: None })
    }

    pub(super) async fn touch(&self) -> Result<(), LedgerError> {
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(sql::both::TOUCH).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn latest(&self) -> Result<i64, LedgerError> {
        Ok(sqlx::query(sql::both::LATEST).fetch_one(&self.readers).await?.try_get(0)?)
    }
}

async fn read(connection: &mut SqliteConnection, keys: &[[u8; KEY_BYTES]]) -> Result<Accounts, LedgerError> {
    let mut accounts = Accounts::default();
    for key in keys {
        let row = sqlx::query(sql::sqlite::ACCOUNT).bind(&key[..]).fetch_optional(&mut *connection).await?;
        if let Some(row) = row {
            let stored: Vec<u8> = row.try_get(2)?;
            accounts.read(*key, row.try_get(0)?, row.try_get(1)?, &stored);
        }
    }
    Ok(accounts)
}

async fn migrate(writer: &SqlitePool) -> Result<(), LedgerError> {
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(sql::both::MIGRATIONS).execute(&mut *tx).await?;
    let found: i64 = sqlx::query(sql::both::SCHEMA_VERSION).fetch_one(&mut *tx).await?.try_get(0)?;
    for (version, text) in missing(found)? {
        sqlx::raw_sql(*text).execute(&mut *tx).await?;
        sqlx::query(sql::both::RECORD_MIGRATION).bind(*version).execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

/// SQLite ends a transaction by itself on a full device; the driver goes on counting one that is none. Such a
/// connection is closed, and the next write opens another.
async fn is_usable(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

async fn check_version(pool: &SqlitePool) -> Result<(), LedgerError> {
    let found: String = sqlx::query(sql::sqlite::VERSION).fetch_one(pool).await?.try_get(0)?;
    let parts: Vec<u64> = found.split('.').filter_map(|part| part.parse().ok()).collect();
    if parts.as_slice() < SQLITE_OLDEST.as_slice() {
        return Err(LedgerError::OldSqlite { found });
    }
    Ok(())
}
