//! Side state: what is small, mutable and must survive, but has no place in the log. Subject keys, password
//! hashes, pending sign-ups, sessions, tries of codes, hashes of API secrets and of gateways' credentials, mails
//! on their way, looks at mail hosts to come.
//!
//! One SQLite file with `synchronous=FULL` (an acknowledged write survives a power cut) and
//! `secure_delete` (what is deleted is overwritten). Writes go one after the other through one connection.

mod binding;
mod checks;
mod codes;
mod credentials;
mod gateways;
mod keys;
mod outbox;
mod sessions;
mod sign_ups;
mod sql;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{
    Connection as _, Row as _, Sqlite, SqliteConnection, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};
use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt as _, path::Path, time::Duration};
use uuid::Uuid;

pub use binding::check_keyring;
pub use checks::{CHECK_KEPT, CheckBudget, CheckRoom, Occasion, PlannedCheck, Wished};
pub use codes::CodeTry;
pub use credentials::{SignInAdmission, StoredCredential};
pub use gateways::StoredGatewayCredential;
pub use keys::StoredSubjectKey;
pub use outbox::{Budget, BudgetRoom, QueuedMail};
pub use sessions::{SESSION_IDLE, SessionOwner, StoredSession};
pub use sign_ups::PendingSignUp;

/// Older versions can corrupt a database in WAL mode when a checkpoint races with a write.
const SQLITE_OLDEST: [u64; 3] = [3, 51, 3];
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const READERS: u32 = 4;
/// Failed sign-ins of one address within [`SIGN_IN_WINDOW`]; one more is refused unheard.
pub const SIGN_IN_FAILURES_MAX: u32 = 10;
/// How long a failed sign-in counts.
pub const SIGN_IN_WINDOW: TimeDelta = TimeDelta::minutes(15);
/// How long a mail counts against a budget.
pub const BUDGET_WINDOW: TimeDelta = TimeDelta::hours(24);

const MIGRATIONS: [(i64, &str); 4] = [
    (1, include_str!("../../../../migrations/state/0001_side_state.sql")),
    (2, include_str!("../../../../migrations/state/0002_api_secrets_by_hash.sql")),
    (3, include_str!("../../../../migrations/state/0003_gateways.sql")),
    (4, include_str!("../../../../migrations/state/0004_contact_checks.sql")),
];

/// The side state of one portal. Cheap to clone.
#[derive(Clone)]
pub struct SideState {
    writer: SqlitePool,
    readers: SqlitePool,
}

/// Why side state failed. Never quotes a stored value.
#[derive(Debug, thiserror::Error)]
pub enum SideStateError {
    /// The file can't be made.
    #[error("the side state file cannot be made")]
    File(#[source] std::io::Error),
    /// The linked SQLite is not safe for this use.
    #[error("SQLite {found} is too old, 3.51.3 is the oldest that is safe here")]
    OldSqlite {
        /// Its version.
        found: String,
    },
    /// A newer program wrote the file.
    #[error("side state has schema {found}, this program knows up to {known}")]
    NewerSchema {
        /// In the file.
        found: i64,
        /// In the program.
        known: i64,
    },
    /// The file was made for another log: restore log and side state together.
    #[error("side state belongs to another log")]
    OtherLog,
    /// The data was made with another keyring; under this one every claim would be free.
    #[error("the keyring is not the one that this portal's data was made with")]
    OtherKeyring,
    /// The log holds personal fields, and side state has never held a key.
    #[error(
        "the log holds sealed personal fields and side state none of their keys; restore state/state.sqlite \
         from the back-up that goes with this log"
    )]
    NoKeys,
    /// The log can't be read.
    #[error("the log cannot be read")]
    Log(#[source] eventlog::ReadError),
    /// Too many wait for the writer, or another process holds the file.
    #[error("side state is busy")]
    Busy,
    /// Nothing was written.
    #[error("the device is full")]
    DiskFull,
    /// A bound of the table is reached.
    #[error("{table} holds as much as it may")]
    Full {
        /// Which table.
        table: &'static str,
    },
    /// A stored value has a form this program never writes.
    #[error("a row of {table} is malformed")]
    Malformed {
        /// Which table.
        table: &'static str,
    },
    /// Anything else the store says.
    #[error("side state failed")]
    Store(#[source] sqlx::Error),
}

impl From<sqlx::Error> for SideStateError {
    fn from(error: sqlx::Error) -> Self {
        // SQLite's primary result code is the low byte of the extended one.
        let code = match &error {
            sqlx::Error::Database(database) => {
                database.code().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff)
            }
            _ => None,
        };
        match (code, &error) {
            (Some(13), _) => Self::DiskFull,
            (Some(5 | 6), _) | (None, sqlx::Error::PoolTimedOut) => Self::Busy,
            _ => Self::Store(error),
        }
    }
}

impl SideState {
    /// Opens the file, makes it when absent (mode 0600), brings its schema up to date, and checks that it
    /// belongs to the log.
    pub async fn open(path: &Path, log_id: Uuid) -> Result<Self, SideStateError> {
        make_private(path).map_err(SideStateError::File)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("secure_delete", "ON")
            .pragma("trusted_schema", "OFF");
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(BUSY_TIMEOUT)
                .idle_timeout(None)
                .max_lifetime(None)
        };
        let writer = pool(1).after_release(|connection, _| Box::pin(is_usable(connection)));
        let writer = writer.connect_with(options.clone()).await?;
        check_version(&writer).await?;
        let readers = pool(READERS).connect_with(options.read_only(true)).await?;
        let side = Self { writer, readers };
        side.migrate().await?;
        side.bind_to(log_id).await?;
        Ok(side)
    }

    /// Ends all connections; what is written stays.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Deletes what has run out. Returns how many rows went.
    pub async fn purge(&self, now: DateTime<Utc>) -> Result<u64, SideStateError> {
        let mut tx = self.begin().await?;
        let mut deleted = 0;
        for (statement, until) in [
            (sql::PURGE_SIGN_UPS, now),
            (sql::PURGE_SESSIONS, now),
            (sql::PURGE_CODE_USES, now),
            (sql::PURGE_MAILS, now),
            (sql::PURGE_MAIL_BUDGET, now - BUDGET_WINDOW),
            (sql::PURGE_CHECKS, now - CHECK_KEPT),
            (sql::PURGE_CHECK_BUDGET, now - BUDGET_WINDOW),
            (sql::PURGE_SIGN_IN_FAILURES, now - SIGN_IN_WINDOW),
        ] {
            deleted += sqlx::query(statement).bind(millis(until)).execute(&mut *tx).await?.rows_affected();
        }
        tx.commit().await?;
        Ok(deleted)
    }

    /// A write transaction. It takes the write lock at once: a lock taken later fails without waiting.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, SideStateError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    async fn migrate(&self) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        sqlx::query(sql::CREATE_MIGRATIONS).execute(&mut *tx).await?;
        let found: i64 = sqlx::query(sql::SCHEMA_VERSION).fetch_one(&mut *tx).await?.try_get(0)?;
        let known = MIGRATIONS.last().map_or(0, |(version, _)| *version);
        if found > known {
            return Err(SideStateError::NewerSchema { found, known });
        }
        for (version, text) in MIGRATIONS.iter().filter(|(version, _)| *version > found) {
            sqlx::raw_sql(*text).execute(&mut *tx).await?;
            sqlx::query(sql::RECORD_MIGRATION).bind(*version).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }
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

fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// Reads one column of a row; a value out of form names its table, not itself.
fn column<T, S>(row: &SqliteRow, at: usize, table: &'static str) -> Result<T, SideStateError>
where
    S: for<'r> sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>,
    T: TryFrom<S>,
{
    T::try_from(row.try_get::<S, _>(at)?).map_err(|_| SideStateError::Malformed { table })
}

fn instant(row: &SqliteRow, at: usize, table: &'static str) -> Result<DateTime<Utc>, SideStateError> {
    DateTime::from_timestamp_millis(row.try_get(at)?).ok_or(SideStateError::Malformed { table })
}

fn id(row: &SqliteRow, at: usize, table: &'static str) -> Result<Uuid, SideStateError> {
    column::<[u8; 16], Vec<u8>>(row, at, table).map(Uuid::from_bytes)
}

#[cfg(test)]
mod tests;
