//! Where leases are durable: an SQLite file of one node, or a PostgreSQL database of several.
//!
//! Both keep one row per pool. An exchange reads the rows of all pools concerned under a lock, lets the pure
//! [`account::exchange`] work on them, and writes them back in the same transaction; a lease is durable when
//! the call returns, and not before.

mod postgres;
mod sql;
mod sqlite;
mod usage;

use crate::{
    account::{self, Account, Ask, Outcome},
    codec::{self, Damaged},
    key::{KEY_BYTES, PoolKey},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

/// Longest time that an exchange may take: gateways wait a second and a half for an answer.
pub const EXCHANGE_MAX: Duration = Duration::from_millis(900);

const MIGRATIONS: [(i64, &str); 3] = [
    (1, include_str!("../../../../migrations/quota/0001_ledger.sql")),
    (2, include_str!("../../../../migrations/quota/0002_usage.sql")),
    (3, include_str!("../../../../migrations/quota/0003_clock.sql")),
];

/// A ledger. Cheap to clone.
#[derive(Clone)]
pub enum Ledger {
    /// A file.
    Sqlite(sqlite::Sqlite),
    /// A database.
    Postgres(postgres::Postgres),
}

/// Why the ledger failed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file can't be made.
    #[error("the ledger file cannot be made")]
    File(#[source] std::io::Error),
    /// The linked SQLite is not safe for this use.
    #[error("SQLite {found} is too old, 3.51.3 is the oldest that is safe here")]
    OldSqlite {
        /// Its version.
        found: String,
    },
    /// A newer program wrote it.
    #[error("the ledger has schema {found}, this program knows up to {known}")]
    NewerSchema {
        /// In the ledger.
        found: i64,
        /// In the program.
        known: i64,
    },
    /// A row is not one that this program wrote.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// It did not answer in time; whether it carried the exchange out is unknown.
    #[error("the ledger did not answer in time")]
    TimedOut,
    /// Anything else the store says.
    #[error("the ledger failed")]
    Store(#[from] sqlx::Error),
}

/// Accounts by pool, in the order in which they are locked.
#[derive(Default)]
struct Accounts {
    sound: BTreeMap<[u8; KEY_BYTES], Account>,
    /// Rows that can't be read. One of them must not hold up the pools beside it.
    damaged: BTreeSet<[u8; KEY_BYTES]>,
}

impl Accounts {
    /// Takes a row in.
    fn read(&mut self, key: [u8; KEY_BYTES], latest: i64, recall_until: i64, state: &[u8]) {
        match codec::decode(latest, recall_until, state) {
            Ok(account) => drop(self.sound.insert(key, account)),
            Err(error) => {
                tracing::error!(%error, "a pool of the quota ledger cannot be read; calls of it are refused");
                self.damaged.insert(key);
            }
        }
    }

    fn len(&self) -> usize {
        self.sound.len() + self.damaged.len()
    }
}

impl Ledger {
    /// Opens the file, makes it when absent (mode 0600), and brings its schema up to date.
    pub async fn open_sqlite(path: &Path) -> Result<Self, LedgerError> {
        sqlite::Sqlite::open(path).await.map(Self::Sqlite)
    }

    /// Connects to a database and brings its schema up to date.
    pub async fn open_postgres(url: &str) -> Result<Self, LedgerError> {
        postgres::Postgres::open(url).await.map(Self::Postgres)
    }

    /// Ends all connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            Self::Postgres(postgres) => postgres.close().await,
        }
    }

    /// Carries out several asks in one transaction: all or none. `now` is read when the pools are locked.
    pub(crate) async fn exchange(
        &self,
        asks: &[Ask<'_>],
        now: &(dyn Fn() -> i64 + Send + Sync),
    ) -> Result<Vec<Outcome>, LedgerError> {
        let carried_out = async {
            match self {
                Self::Sqlite(sqlite) => sqlite.exchange(asks, now).await,
                Self::Postgres(postgres) => postgres.exchange(asks, now).await,
            }
        };
        tokio::time::timeout(EXCHANGE_MAX, carried_out).await.map_err(|_| LedgerError::TimedOut)?
    }

    /// The accounts of some pools as they are now, without a lock and without a trace.
    pub(crate) async fn peek(&self, pools: &[PoolKey]) -> Result<Vec<Account>, LedgerError> {
        let keys: Vec<_> = pools.iter().map(|pool| pool.to_bytes()).collect();
        let read = async {
            match self {
                Self::Sqlite(sqlite) => sqlite.peek(&keys).await,
                Self::Postgres(postgres) => postgres.peek(&keys).await,
            }
        };
        let mut found =
            tokio::time::timeout(EXCHANGE_MAX, read).await.map_err(|_| LedgerError::TimedOut)??;
        if found.damaged.is_empty() {
            Ok(keys.iter().map(|key| found.sound.remove(key).unwrap_or_default()).collect())
        } else {
            Err(Damaged.into())
        }
    }

    /// Pools whose idle leases are wanted back, and the clock of the shared engine.
    pub(crate) async fn recalled(&self, now: i64) -> Result<Recalled, LedgerError> {
        let read = async {
            match self {
                Self::Sqlite(sqlite) => sqlite.recalled(now).await,
                Self::Postgres(postgres) => postgres.recalled(now).await,
            }
        };
        tokio::time::timeout(EXCHANGE_MAX, read).await.map_err(|_| LedgerError::TimedOut)?
    }

    /// Commits something that changes nothing: a ledger that can be read may still hang with each commit.
    pub(crate) async fn touch(&self) -> Result<(), LedgerError> {
        let touched = async {
            match self {
                Self::Sqlite(sqlite) => sqlite.touch().await,
                Self::Postgres(postgres) => postgres.touch().await,
            }
        };
        tokio::time::timeout(EXCHANGE_MAX, touched).await.map_err(|_| LedgerError::TimedOut)?
    }

    /// The latest instant that any pool was looked at, and the clock of the shared engine, which is not behind it.
    pub(crate) async fn start(&self) -> Result<(i64, Option<i64>), LedgerError> {
        match self {
            Self::Sqlite(sqlite) => Ok((sqlite.latest().await?, None)),
            Self::Postgres(postgres) => postgres.start_clock().await.map(|clock| (clock, Some(clock))),
        }
    }

    /// Whether several nodes use it, which then follow its clock.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

/// What a node looks for several times a second.
pub(crate) struct Recalled {
    pub(crate) pools: Vec<Vec<u8>>,
    /// The shared engine's clock; none: the node's own counts.
    pub(crate) clock: Option<i64>,
}

/// The keys that some asks touch, without repetition, in lock order.
fn keys_of(asks: &[Ask<'_>]) -> Vec<[u8; KEY_BYTES]> {
    let mut keys: Vec<_> =
        asks.iter().flat_map(|ask| ask.chain.links()).map(|link| link.key.to_bytes()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Carries asks out on loaded accounts.
fn carry_out(accounts: &mut Accounts, asks: &[Ask<'_>], now: i64) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(asks.len());
    for ask in asks {
        let keys: Vec<_> = ask.chain.links().iter().map(|link| link.key.to_bytes()).collect();
        if keys.iter().any(|key| accounts.damaged.contains(key)) {
            outcomes.push(Outcome::damaged());
            continue;
        }
        let mut chain: Vec<Account> =
            keys.iter().map(|key| accounts.sound.remove(key).unwrap_or_default()).collect();
        outcomes.push(account::exchange(&mut chain, ask, now));
        accounts.sound.extend(keys.into_iter().zip(chain));
    }
    outcomes
}

/// The schema as it is, and what is to be run to bring it up to date.
fn missing(found: i64) -> Result<&'static [(i64, &'static str)], LedgerError> {
    let known = MIGRATIONS.last().map_or(0, |(version, _)| *version);
    if found > known {
        return Err(LedgerError::NewerSchema { found, known });
    }
    let behind = MIGRATIONS.partition_point(|(version, _)| *version <= found);
    Ok(&MIGRATIONS[behind..])
}
