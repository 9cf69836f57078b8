//! A read model of a few streams alone, in memory: the same rows by the same statements as in the file, for an
//! answer that can't wait until the file has got there.

use crate::{ProjectionError, ReadModel, Status, sql, writer};
use eventlog::Record;
use sqlx::{
    Connection,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;

/// Folds whole streams, given in any order. Rows that need a stream left out are not found, or lack what it
/// would tell.
pub async fn excerpt(mut records: Vec<Record>) -> Result<ReadModel, ProjectionError> {
    records.sort_by_key(|record| record.position);
    // The file lives as long as its one connection.
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(SqliteConnectOptions::new().in_memory(true))
        .await?;
    let mut connection = pool.acquire().await?;
    sqlx::raw_sql(sql::SCHEMA).execute(&mut *connection).await?;
    let mut tx = connection.begin().await?;
    for record in &records {
        writer::fold(&mut tx, record).await?;
    }
    tx.commit().await?;
    drop(connection);
    let position = records.last().map(|record| record.position).unwrap_or_default();
    let (_, status) = watch::channel(Status { position, serving: true, ..Status::default() });
    Ok(ReadModel { pool: Arc::new(OnceLock::from(pool)), status })
}
