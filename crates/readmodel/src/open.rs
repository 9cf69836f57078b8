//! Opening: whether the file at hand is a fold of this log by this version, or has to be built anew.

use crate::{
    ReadModel, Status,
    files::Files,
    projector::Projector,
    sql, version,
    writer::{Checkpoint, Writer},
};
use eventlog::{EventLog, Position, ReadError};
use sqlx::{
    Connection, Row, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::watch;

/// Oldest SQLite without the race that corrupts files in WAL mode.
const SQLITE_VERSION_MIN: [u32; 3] = [3, 51, 3];
/// Connections that answer queries.
const READERS: u32 = 4;
/// How long a connection waits for another's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the read model can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or its files can't be used.
    #[error("the folder of the read model cannot be used")]
    Files(#[from] std::io::Error),
    /// SQLite failed.
    #[error("the read model cannot be opened")]
    Store(#[from] sqlx::Error),
    /// The linked SQLite is too old to be trusted.
    #[error("SQLite {found} is too old, 3.51.3 is needed")]
    SqliteTooOld {
        /// Its version.
        found: String,
    },
    /// The log can't be read.
    #[error("the log cannot be read")]
    Log(#[from] ReadError),
}

/// Why a file is thrown away.
#[derive(Debug, PartialEq, Eq)]
enum Unfit {
    Absent,
    Unreadable,
    OtherLog,
    OtherVersion,
    BeyondHead,
    OtherHistory,
}

/// Opens the read model of a log in a folder, which is made when absent. A file that doesn't belong to this
/// log, this version or this history is deleted at once; [`Projector::run`] then builds another.
pub async fn open(dir: &Path, log: EventLog) -> Result<(ReadModel, Projector), OpenError> {
    assert_sqlite_version().await?;
    let files = Files::in_dir(dir)?;
    files.delete_fresh()?;
    let writer = match inspect(&files, &log).await? {
        Ok(writer) => Some(writer),
        Err(unfit) => {
            tracing::info!(reason = ?unfit, "the read model will be built anew");
            files.delete_live()?;
            None
        }
    };
    let pool = Arc::new(OnceLock::new());
    let (status_sender, status) =
        watch::channel(Status { head_seen: log.head().position, ..Status::default() });
    let projector = Projector::new(files, log, writer, Arc::clone(&pool), status_sender);
    Ok((ReadModel { pool, status }, projector))
}

async fn assert_sqlite_version() -> Result<(), OpenError> {
    let mut memory = SqliteConnection::connect_with(&SqliteConnectOptions::new().in_memory(true)).await?;
    let found: String = sqlx::query(sql::SQLITE_VERSION).fetch_one(&mut memory).await?.try_get(0)?;
    let numbers: Vec<u32> = found.split('.').filter_map(|number| number.parse().ok()).collect();
    if numbers.as_slice() < SQLITE_VERSION_MIN.as_slice() {
        return Err(OpenError::SqliteTooOld { found });
    }
    Ok(())
}

async fn inspect(files: &Files, log: &EventLog) -> Result<Result<Writer, Unfit>, OpenError> {
    if !files.live().try_exists()? {
        return Ok(Err(Unfit::Absent));
    }
    // Whatever SQLite has against the file, building it anew is the answer.
    let Ok((connection, stored)) = read_checkpoint(files).await else {
        return Ok(Err(Unfit::Unreadable));
    };
    let head = log.head();
    if stored.log_id != head.log_id.to_string() {
        return Ok(Err(Unfit::OtherLog));
    }
    if stored.readmodel_version != version::READMODEL_VERSION || stored.schema_hash != version::schema_hash()
    {
        return Ok(Err(Unfit::OtherVersion));
    }
    let Checkpoint { position, hash } = stored.checkpoint;
    if position > head.position {
        return Ok(Err(Unfit::BeyondHead));
    }
    if position > Position(0) {
        let record = log.read_all(Position(position.0 - 1), 1).await?;
        if record.first().is_none_or(|record| record.hash != hash) {
            return Ok(Err(Unfit::OtherHistory));
        }
    }
    Ok(Ok(Writer::resume(connection, stored.checkpoint)))
}

struct Stored {
    log_id: String,
    readmodel_version: u32,
    schema_hash: String,
    checkpoint: Checkpoint,
}

async fn read_checkpoint(files: &Files) -> Result<(SqliteConnection, Stored), sqlx::Error> {
    let mut connection = connect_live(files).await?;
    let verdict: String = sqlx::query(sql::QUICK_CHECK).fetch_one(&mut connection).await?.try_get(0)?;
    if verdict != "ok" {
        return Err(sqlx::Error::Protocol(verdict));
    }
    let stored = read_stored(&mut connection).await?;
    Ok((connection, stored))
}

async fn read_stored(connection: &mut SqliteConnection) -> Result<Stored, sqlx::Error> {
    let row = sqlx::query(sql::CHECKPOINT_READ).fetch_one(connection).await?;
    let unfit = |what: &str| sqlx::Error::Protocol(what.to_owned());
    let position = u64::try_from(row.try_get::<i64, _>("position")?).map_err(|_| unfit("position"))?;
    let hash = row.try_get::<Vec<u8>, _>("hash")?.try_into().map_err(|_| unfit("hash"))?;
    Ok(Stored {
        log_id: row.try_get("log_id")?,
        readmodel_version: row.try_get("readmodel_version")?,
        schema_hash: row.try_get("schema_hash")?,
        checkpoint: Checkpoint { position: Position(position), hash },
    })
}

/// A new writing connection to the file that was inspected or built before.
pub(crate) async fn resume(files: &Files) -> Result<Writer, sqlx::Error> {
    let mut connection = connect_live(files).await?;
    let checkpoint = read_stored(&mut connection).await?.checkpoint;
    Ok(Writer::resume(connection, checkpoint))
}

/// The writing connection to the live file.
pub(crate) async fn connect_live(files: &Files) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnection::connect_with(&live_options(files)).await
}

/// The reading connections to the live file.
pub(crate) async fn connect_readers(files: &Files) -> Result<SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(BUSY_TIMEOUT)
        .connect_with(live_options(files).pragma("query_only", "ON"))
        .await
}

// The log is the durable copy: a commit lost with the power is folded again, so NORMAL suffices.
fn live_options(files: &Files) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(files.live())
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("secure_delete", "ON")
}
