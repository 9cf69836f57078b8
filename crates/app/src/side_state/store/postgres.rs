//! The database that several nodes share. A lock in it lets one write after the other, whichever node it comes
//! from: what is counted before it is written stays true.

use super::{SideStateError, Transaction, Trouble, sql};
use sqlx::{
    PgConnection, PgPool, Postgres, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr as _, time::Duration};

/// Who waits longer is told that side state is busy.
const ACQUIRE_MAX: Duration = Duration::from_secs(5);
const CONNECTIONS: u32 = 6;

/// Numbered as the file's: the same number, the same tables.
const MIGRATIONS: [(i64, &str); 1] =
    [(4, include_str!("../../../../../migrations/state/postgres/0004_side_state.sql"))];

#[derive(Clone)]
pub(in crate::side_state) struct Shared {
    pub(in crate::side_state) pool: PgPool,
}

impl Shared {
    pub(super) async fn open(url: &str) -> Result<Self, SideStateError> {
        let shared = Self { pool: pool(url, CONNECTIONS).await? };
        let mut tx = shared.pool.begin().await?;
        sqlx::raw_sql(sql::MIGRATION_TURN).execute(&mut *tx).await?;
        Transaction::Postgres(tx).migrate(&MIGRATIONS).await?;
        Ok(shared)
    }

    pub(super) async fn look_into(url: &str) -> Result<Option<Self>, SideStateError> {
        let shared = Self { pool: pool(url, 1).await? };
        let is_there = sqlx::query(sql::IS_MADE).fetch_one(&shared.pool).await?.try_get(0)?;
        Ok(Some(shared).filter(|_| is_there))
    }

    pub(in crate::side_state) async fn begin(
        &self,
    ) -> Result<sqlx::Transaction<'static, Postgres>, SideStateError> {
        let mut tx = self.pool.begin().await?;
        sqlx::raw_sql(sql::TURN).execute(&mut *tx).await?;
        Ok(tx)
    }

    /// Gives the space of overwritten rows back to be written over. Copies in the database's own log and in its
    /// back-ups are out of reach: they end with the wrapping key.
    pub(super) async fn vacuum_keys(&self) -> Result<(), SideStateError> {
        sqlx::raw_sql(sql::VACUUM_KEYS).execute(&self.pool).await?;
        Ok(())
    }
}

async fn pool(url: &str, connections: u32) -> Result<PgPool, SideStateError> {
    let options = PgConnectOptions::from_str(url)?.application_name("devportal-state");
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_MAX)
        // The look for a transaction finds a dead connection as well.
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(is_idle(connection)));
    Ok(pool.connect_with(options).await?)
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

pub(super) fn trouble(code: &str) -> Option<Trouble> {
    if code == "53100" {
        return Some(Trouble::DiskFull);
    }
    PASSING.iter().any(|class| code.starts_with(class)).then_some(Trouble::Busy)
}
