//! Bringing a database up to date: migrations are part of the program and run under a lock, so that any number
//! of nodes may start at once.

use super::{session, sql};
use crate::{OpenError, record};
use sqlx::{
    Connection as _, Row as _,
    postgres::{PgConnectOptions, PgConnection},
};
use uuid::Uuid;

const MIGRATIONS: [(i64, &str); 1] = [(1, include_str!("../../../../migrations/log/0001_log.sql"))];

/// Migrates, and makes the log when there is none.
pub(super) async fn prepare(options: &PgConnectOptions) -> Result<(), OpenError> {
    let mut connection = session::connect(options).await.map_err(session::unusable)?;
    let missing = migrate(&mut connection).await.map_err(session::unusable)?;
    missing.map_err(|(found, known)| OpenError::NewerSchema { found, known })?;
    connection.close().await.map_err(session::unusable)
}

/// The numbers of found and known schema when the found one is newer; then nothing was touched.
async fn migrate(connection: &mut PgConnection) -> Result<Result<(), (i64, i64)>, sqlx::Error> {
    let mut tx = connection.begin().await?;
    sqlx::raw_sql(sql::PATIENCE).execute(&mut *tx).await?;
    sqlx::query(sql::LOCK_SCHEMA).execute(&mut *tx).await?;
    sqlx::query(sql::MIGRATIONS).execute(&mut *tx).await?;
    let found: i64 = sqlx::query(sql::SCHEMA_VERSION).fetch_one(&mut *tx).await?.try_get(0)?;
    let known = MIGRATIONS.last().map_or(0, |(version, _)| *version);
    if found > known {
        tx.rollback().await?;
        return Ok(Err((found, known)));
    }
    for (version, text) in MIGRATIONS.iter().filter(|(version, _)| *version > found) {
        sqlx::raw_sql(*text).execute(&mut *tx).await?;
        sqlx::query(sql::RECORD_MIGRATION).bind(*version).execute(&mut *tx).await?;
    }
    #[expect(clippy::disallowed_methods, reason = "a log makes its own id, once, at creation")]
    let log_id = Uuid::new_v4();
    let made = sqlx::query(sql::MAKE_HEAD).bind(log_id.as_bytes().to_vec());
    made.bind(record::genesis_hash(log_id).to_vec()).bind(i64::MIN).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(Ok(()))
}
