//! The file of one node. `synchronous=FULL`: an acknowledged write survives a power cut. `secure_delete`: what is
//! deleted is overwritten.

use super::{SideStateError, Transaction, Trouble, sql};
use sqlx::{
    Connection as _, Row as _, Sqlite, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt as _, path::Path, time::Duration};

/// Older versions can corrupt a database in WAL mode when a checkpoint races with a write.
const SQLITE_OLDEST: [u64; 3] = [3, 51, 3];
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const READERS: u32 = 4;

const MIGRATIONS: [(i64, &str); 4] = [
    (1, include_str!("../../../../../migrations/state/sqlite/0001_side_state.sql")),
    (2, include_str!("../../../../../migrations/state/sqlite/0002_api_secrets_by_hash.sql")),
    (3, include_str!("../../../../../migrations/state/sqlite/0003_gateways.sql")),
    (4, include_str!("../../../../../migrations/state/sqlite/0004_contact_checks.sql")),
];

#[derive(Clone)]
pub(in crate::side_state) struct File {
    /// One connection, so that writes wait their turn here and not in SQLite.
    pub(in crate::side_state) writer: SqlitePool,
    pub(super) readers: SqlitePool,
}

impl File {
    pub(super) async fn open(path: &Path) -> Result<Self, SideStateError> {
        make_private(path).map_err(SideStateError::File)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("secure_delete", "ON")
            .pragma("trusted_schema", "OFF");
        let writer = pool(1).after_release(|connection, _| Box::pin(is_usable(connection)));
        let writer = writer.connect_with(options.clone()).await?;
        check_version(&writer).await?;
        let readers = pool(READERS).connect_with(options.read_only(true)).await?;
        let file = Self { writer, readers };
        Transaction::Sqlite(file.begin().await?).migrate(&MIGRATIONS).await?;
        Ok(file)
    }

    pub(super) async fn look_into(path: &Path) -> Result<Option<Self>, SideStateError> {
        if !path.try_exists().map_err(SideStateError::File)? {
            return Ok(None);
        }
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let readers = pool(1).connect_with(options).await?;
        Ok(Some(Self { writer: readers.clone(), readers }))
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// It takes the write lock at once: a lock taken later fails without waiting.
    pub(in crate::side_state) async fn begin(
        &self,
    ) -> Result<sqlx::Transaction<'static, Sqlite>, SideStateError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// The WAL still holds older pages. [`SideStateError::Busy`] means that a reader held it.
    pub(super) async fn truncate_wal(&self) -> Result<(), SideStateError> {
        let row = sqlx::query(sql::TRUNCATE_WAL).fetch_one(&self.writer).await?;
        match row.try_get::<i64, _>(0)? {
            0 => Ok(()),
            _ => Err(SideStateError::Busy),
        }
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(BUSY_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// SQLite ends a transaction by itself on a full device or a failed write; the rollback that follows then
/// fails, and the driver goes on counting a transaction that is none. Such a connection is closed, and the
/// next write opens another. The ping waits for a rollback under way.
async fn is_usable(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

async fn check_version(pool: &SqlitePool) -> Result<(), SideStateError> {
    let found: String = sqlx::query(sql::SQLITE_VERSION).fetch_one(pool).await?.try_get(0)?;
    let parts: Vec<u64> = found.split('.').filter_map(|part| part.parse().ok()).collect();
    if parts.as_slice() < SQLITE_OLDEST.as_slice() {
        return Err(SideStateError::OldSqlite { found });
    }
    Ok(())
}

/// SQLite gives its WAL the mode of the database file, so the file is made here first.
fn make_private(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => {
            file.sync_all()?;
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            std::fs::File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// The primary result code is the low byte of the extended one (<https://www.sqlite.org/rescode.html>).
pub(super) fn trouble(code: &str) -> Option<Trouble> {
    match code.parse::<u32>().ok()? & 0xff {
        13 => Some(Trouble::DiskFull),
        5 | 6 => Some(Trouble::Busy),
        _ => None,
    }
}
