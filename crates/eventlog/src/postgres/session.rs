//! Sessions: how each begins, and that one taken from the pool is in no transaction.

use super::sql;
use crate::OpenError;
use sqlx::{
    ConnectOptions as _, PgPool, Row as _,
    postgres::{PgConnectOptions, PgConnection, PgPoolOptions},
};
use std::{str::FromStr as _, time::Duration};

/// Who waits longer for a session is told that the log can't be read.
const ACQUIRE_MAX: Duration = Duration::from_secs(1);
/// Sessions that read at the same time.
const READERS: u32 = 4;
/// A connection that is not there by then is none.
const CONNECT_MAX: Duration = Duration::from_secs(3);

pub(super) fn options(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(PgConnectOptions::from_str(url)?.application_name("devportal-log"))
}

/// A session outside of any pool.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let connecting = async {
        let mut connection = options.connect().await?;
        begin(&mut connection).await?;
        Ok(connection)
    };
    tokio::time::timeout(CONNECT_MAX, connecting).await.map_err(|_| sqlx::Error::PoolTimedOut)?
}

/// The pool that is read with.
pub(super) fn readers(options: &PgConnectOptions) -> PgPool {
    pool(options, READERS)
}

/// The pool of the one session that listens.
pub(super) fn listener(options: &PgConnectOptions) -> PgPool {
    pool(options, 1)
}

fn pool(options: &PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_MAX)
        .after_connect(|connection, _| Box::pin(begin(connection)))
        // The look for a transaction finds a dead connection as well.
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(is_idle(connection)))
        .connect_lazy_with(options.clone())
}

async fn begin(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql::SESSION).execute(&mut *connection).await?;
    if sqlx::query(sql::IS_STANDBY).fetch_one(connection).await?.try_get(0)? {
        return Err(sqlx::Error::Configuration("the database is a standby".into()));
    }
    Ok(())
}

/// Whether a session from the pool is in no transaction: a `begin` that was cancelled leaves one open behind the
/// library's back, and what the next borrower writes would vanish with it. One that is gets closed.
async fn is_idle(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::raw_sql(sql::IS_IDLE).fetch_one(connection).await?.try_get(0)
}

/// Codes that speak of the session and not of what was asked in it: connection, too many connections, waited too
/// long for a lock, idle in a transaction, cancelled, shut down, starting
/// (<https://www.postgresql.org/docs/15/errcodes-appendix.html>).
const PASSING: [&str; 6] = ["08", "53300", "55P03", "25P03", "57014", "57P"];

/// Why a log can't be opened.
pub(super) fn unusable(error: sqlx::Error) -> OpenError {
    OpenError::Database(Box::new(error))
}

/// Whether another session may fare better: the connection broke, the server is stopping, starting or still a
/// standby, or the session waited too long.
pub(super) fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| PASSING.iter().any(|class| code.starts_with(class)))
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::Configuration(_)
        | sqlx::Error::PoolTimedOut => true,
        _ => false,
    }
}

/// Whether the database has no space left.
pub(super) fn is_disk_full(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.code().as_deref() == Some("53100"))
}
