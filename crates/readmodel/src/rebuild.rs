//! Building the file anew: beside the live one, without regard for a crash, and in its place only when it has
//! caught up.

use crate::{files::Files, open, projector::ProjectionError, sql, writer::Writer};
use eventlog::EventLog;
use sqlx::{
    Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous},
};

/// Folds the whole log into a fresh file and puts it in place; answers with the writer that goes on.
pub(crate) async fn rebuild(files: &Files, log: &EventLog) -> Result<Writer, ProjectionError> {
    files.delete_fresh()?;
    let (tables, indexes) =
        sql::SCHEMA.split_at(sql::SCHEMA.find(sql::INDEXES_FROM).unwrap_or(sql::SCHEMA.len()));
    let mut connection = SqliteConnection::connect_with(&fresh_options(files)).await?;
    sqlx::raw_sql(tables).execute(&mut connection).await?;
    let mut writer = Writer::begin(connection, log.head().log_id).await?;
    while writer.step(log).await? {}
    sqlx::raw_sql(indexes).execute(&mut writer.connection).await?;
    while writer.step(log).await? {}
    let checkpoint = writer.checkpoint();
    writer.connection.close().await?;
    let swapping = files.clone();
    tokio::task::spawn_blocking(move || swapping.swap_blocking()).await.map_err(std::io::Error::other)??;
    tracing::info!(position = checkpoint.position.0, "the read model was built");
    Ok(Writer::resume(open::connect_live(files).await?, checkpoint))
}

// A crash throws the fresh file away, so nothing is spent on surviving one.
fn fresh_options(files: &Files) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(files.fresh())
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Memory)
        .synchronous(SqliteSynchronous::Off)
        .locking_mode(SqliteLockingMode::Exclusive)
        .pragma("cache_size", "-65536")
}
