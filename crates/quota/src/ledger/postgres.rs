//! The ledger as a database that several nodes share. Rows are locked in the order of their keys; the
//! database's clock is the one that all nodes follow.

use super::{Accounts, LedgerError, Recalled, carry_out, keys_of, missing, sql};
use crate::{
    account::{Ask, Outcome},
    codec,
    key::KEY_BYTES,
};
use sqlx::{
    PgConnection, PgPool, Postgres as Engine, Row as _, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};
use std::{str::FromStr as _, time::Duration};

const ACQUIRE_MAX: Duration = Duration::from_secs(1);
/// One that writes, and some that read.
const CONNECTIONS: u32 = 4;

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Postgres {
    pub(super) pool: PgPool,
}

impl Postgres {
    pub(super) async fn open(url: &str) -> Result<Self, LedgerError> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("devportal-quota")
            // A statement whose caller has gone must not hold the locks of a pool.
            .options([
                ("statement_timeout", "1000"),
                ("lock_timeout", "1000"),
                ("idle_in_transaction_session_timeout", "2000"),
                ("synchronous_commit", "on"),
            ]);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE_MAX)
            .connect_with(options)
            .await?;
        let opened = Self { pool };
        opened.migrate().await?;
        Ok(opened)
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    pub(super) async fn exchange(
        &self,
        asks: &[Ask<'_>],
        now: &(dyn Fn() -> i64 + Send + Sync),
    ) -> Result<Vec<Outcome>, LedgerError> {
        let keys = keys_of(asks);
        let mut tx = self.pool.begin().await?;
        let mut accounts = lock(&mut tx, &keys).await?;
        if accounts.len() < keys.len() {
            // Apart from the transaction, which locks in the order of keys and must not wait for one out of it.
            tx.rollback().await?;
            sqlx::query(sql::postgres::MAKE).bind(owned(&keys)).execute(&self.pool).await?;
            tx = self.pool.begin().await?;
            accounts = lock(&mut tx, &keys).await?;
        }
        let outcomes = carry_out(&mut accounts, asks, now());
        put(&mut tx, &accounts).await?;
        tx.commit().await?;
        Ok(outcomes)
    }

    pub(super) async fn peek(&self, keys: &[[u8; KEY_BYTES]]) -> Result<Accounts, LedgerError> {
        let rows = sqlx::query(sql::postgres::PEEK).bind(owned(keys)).fetch_all(&self.pool).await?;
        collect(&rows)
    }

    pub(super) async fn recalled(&self, now: i64) -> Result<Recalled, LedgerError> {
        let mut connection = self.pool.acquire().await?;
        let rows = sqlx::query(sql::both::RECALLED).bind(now).fetch_all(&mut *connection).await?;
        let pools = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        let clock = clock(&mut connection).await?;
        Ok(Recalled { pools, clock: Some(clock) })
    }

    pub(super) async fn touch(&self) -> Result<(), LedgerError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query(sql::both::TOUCH).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Sets the clock that all nodes share right, and reads it.
    pub(super) async fn start_clock(&self) -> Result<i64, LedgerError> {
        let mut connection = self.pool.acquire().await?;
        sqlx::query(sql::postgres::SET_CLOCK).execute(&mut *connection).await?;
        clock(&mut connection).await
    }

    async fn migrate(&self) -> Result<(), LedgerError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query(sql::postgres::LOCK_SCHEMA).execute(&mut *tx).await?;
        sqlx::query(sql::both::MIGRATIONS).execute(&mut *tx).await?;
        let found: i64 = sqlx::query(sql::both::SCHEMA_VERSION).fetch_one(&mut *tx).await?.try_get(0)?;
        for (version, text) in missing(found)? {
            sqlx::raw_sql(*text).execute(&mut *tx).await?;
            sqlx::query(sql::both::RECORD_MIGRATION).bind(*version).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }
}

async fn clock(connection: &mut PgConnection) -> Result<i64, LedgerError> {
    Ok(sqlx::query(sql::postgres::NOW).fetch_one(connection).await?.try_get(0)?)
}

async fn lock(tx: &mut Transaction<'_, Engine>, keys: &[[u8; KEY_BYTES]]) -> Result<Accounts, LedgerError> {
    let rows = sqlx::query(sql::postgres::LOCK).bind(owned(keys)).fetch_all(&mut **tx).await?;
    collect(&rows)
}

async fn put(tx: &mut Transaction<'_, Engine>, accounts: &Accounts) -> Result<(), LedgerError> {
    let keys: Vec<Vec<u8>> = accounts.sound.keys().map(|key| key.to_vec()).collect();
    let latest: Vec<i64> = accounts.sound.values().map(|account| account.latest).collect();
    let recalls: Vec<i64> = accounts.sound.values().map(|account| account.recall_until).collect();
    let states: Vec<Vec<u8>> = accounts.sound.values().map(codec::encode).collect();
    let put = sqlx::query(sql::postgres::PUT).bind(keys).bind(latest).bind(recalls).bind(states);
    put.execute(&mut **tx).await?;
    Ok(())
}

fn collect(rows: &[PgRow]) -> Result<Accounts, LedgerError> {
    let mut accounts = Accounts::default();
    for row in rows {
        let key: Vec<u8> = row.try_get(0)?;
        let key = key.try_into().map_err(|_| codec::Damaged)?;
        let state: Vec<u8> = row.try_get(3)?;
        accounts.read(key, row.try_get(1)?, row.try_get(2)?, &state);
    }
    Ok(accounts)
}

fn owned(keys: &[[u8; KEY_BYTES]]) -> Vec<Vec<u8>> {
    keys.iter().map(|key| key.to_vec()).collect()
}
